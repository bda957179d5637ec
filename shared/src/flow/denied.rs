//! The line for denied calls: many at once, and all of one principal together.
//!
//! What a principal was denied is read once, judged call by call, and written once, together with the events that were
//! counted: an event that comes again, alone or among others, is known. The same write says what is owed to people. Whoever
//! wrote it tells them; if they die before, the next to come does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Heard, Line, Machines, Outcome, People, Retry, Undelivered, tell_or_hold};
use crate::alert;
use crate::cap::{Held, Message};
use crate::circumstance;
use crate::denials::{self, Dossier, Open, Owed, Settled, mark};
use crate::detect;
use crate::event::Event;
use crate::exceptions::{Judge, Judged};
use crate::facts::{self, Facts, Policies, Whence};
use crate::finding::{Finding, IncidentKey};
use crate::ledger::{Ledger, LedgerError, Standing};

/// How long denied calls wait for others before they are looked at together: the batching window of their queue.
pub const WAITING: SignedDuration = SignedDuration::from_secs(10);
/// How many are looked at together, at most.
pub const MOST_TOGETHER: usize = 1_000;

/// How often a dossier is read and changed against others that write it. Two batches are under way at once.
const TRIES: u32 = 8;

/// The denied calls of one principal in a batch.
#[derive(Debug)]
pub struct Principal<'a> {
    key: IncidentKey,
    places: Vec<usize>,
    events: Vec<&'a Event>,
}

/// The denied calls of a batch, those of each principal together, in the order of time. Whoever waited longest is first: what is put
/// off comes again among newer calls.
#[must_use]
pub fn by_principal<'a>(events: &[&'a Event]) -> Vec<Principal<'a>> {
    let mut all: BTreeMap<IncidentKey, Vec<(usize, &Event)>> = BTreeMap::new();
    for (place, event) in events.iter().enumerate().filter(|(_, event)| denials::is_one(event)) {
        if let Some(key) = denials::key(event) {
            all.entry(key).or_default().push((place, event));
        }
    }
    let sorted = all.into_iter().map(|(key, mut own)| {
        own.sort_by_key(|(_, event)| (event.time, event.id.as_str()));
        let (places, events) = own.into_iter().unzip();
        Principal { key, places, events }
    });
    let mut principals: Vec<Principal<'_>> = sorted.collect();
    principals.sort_by_key(|principal| principal.events.first().map(|event| event.time));
    principals
}

impl Principal<'_> {
    /// That there was no time for them: they come again.
    #[must_use]
    pub fn put_off(self) -> Together {
        let why = Undelivered("there was no time left for it in this batch: it comes again".to_owned());
        Together { places: self.places, outcome: Err(Retry::Undelivered(why)), added: Added::default() }
    }
}

/// What became of the denied calls of one principal.
#[derive(Debug)]
pub struct Together {
    /// Which events these are, by their places in the batch.
    pub places: Vec<usize>,
    pub outcome: Result<Outcome, Retry>,
    pub added: Added,
}

/// What the events of a batch added to what is kept of their principal.
#[derive(Debug, Default)]
pub struct Added {
    /// How many were counted into its incident.
    pub counted: u64,
    /// How many nobody is told of: known to mean nothing, the console looking around, or AWS services at their work.
    pub quiet: u64,
    /// How many each exception suppressed.
    pub suppressed: BTreeMap<String, u64>,
    marks: Vec<u64>,
    /// Which of them weighs most, with what was found in it.
    loudest: Option<(usize, Finding)>,
    unheard: Option<Finding>,
}

/// What is to be done with an incident once it is written.
struct Decided {
    finding: Finding,
    /// People are to be told.
    tells: bool,
    /// Machines are to get it.
    hands_over: bool,
    /// The event that it is about, if it is one of this batch, and what was known beside it.
    about: Option<(usize, Facts)>,
}

impl<L: Ledger, P: People, M: Machines, I: Policies, X: Judge> Line<'_, L, P, M, I, X> {
    /// Takes denied calls down the line, all of one principal together. Events that are none are left out. `now` is the time
    /// of receipt.
    pub async fn watch_denied(&self, events: &[&Event], now: Timestamp) -> Vec<Together> {
        let mut all = Vec::new();
        for principal in by_principal(events) {
            all.push(self.watch_together(principal, now).await);
        }
        all
    }

    /// Takes the denied calls of one principal down the line.
    pub async fn watch_together(&self, principal: Principal<'_>, now: Timestamp) -> Together {
        let mut added = Added::default();
        let Principal { key, places, events } = principal;
        let outcome = self.watch_principal(&key, &events, &mut added, now).await;
        Together { places, outcome, added }
    }

    async fn watch_principal(
        &self,
        key: &IncidentKey,
        events: &[&Event],
        added: &mut Added,
        now: Timestamp,
    ) -> Result<Outcome, Retry> {
        for _ in 0..TRIES {
            let read = self.ledger.dossier(key, now).await;
            let down = read.as_ref().err().cloned();
            let mut dossier = read.unwrap_or_default();
            let facts;
            (*added, facts) = self.add(&mut dossier, events, now).await;
            let decided = self.decide(&mut dossier, added, events, facts, now).await;
            if let Some(down) = down {
                return self.without_ledger(decided, down, now).await;
            }
            if added.marks.is_empty() && decided.is_none() {
                return Ok(Outcome::Known);
            }
            match self.ledger.keep(key, &dossier, &added.suppressed, now).await {
                Ok(true) => {}
                Ok(false) | Err(LedgerError::Contended) => continue,
                Err(down) => return self.without_ledger(decided, down, now).await,
            }
            return match (decided, &dossier.open) {
                (Some(decided), Some(open)) => self.deliver_denied(key, open, decided, events, now).await,
                _ => Ok(added.unheard.take().map_or(Outcome::Quiet, |finding| Outcome::Suppressed(Box::new(finding)))),
            };
        }
        Err(Retry::Busy)
    }

    /// Adds the events that were not counted before to what is known of their principal, and asks of each what it is.
    async fn add(&self, dossier: &mut Dossier, events: &[&Event], now: Timestamp) -> (Added, Facts) {
        let marks: Vec<u64> = events.iter().map(|event| mark(&event.id)).collect();
        let mut known: HashSet<u64> = dossier.counted.known_of(&marks);
        let mut added = Added::default();
        let mut facts = Facts { denials: Some(std::mem::take(&mut dossier.denials)), ..Facts::NONE.clone() };
        let mut whence = Whence::default();
        for ((place, event), mark) in events.iter().enumerate().zip(marks) {
            if !known.insert(mark) {
                continue;
            }
            added.marks.push(mark);
            // What AWS services are denied in their own work says nothing of the principal.
            let in_person = event.actor.is_in_person();
            if let Some(denials) = facts.denials.as_mut().filter(|_| in_person) {
                Arc::make_mut(denials).add(event, now);
            }
            facts.past = whence.of(event, self.context.config, self.ledger, now).await;
            let told = |finding: &Finding| in_person || circumstance::is_of_honey(finding);
            let Some(finding) = self.denied(event, &facts).filter(told) else {
                added.quiet += 1;
                continue;
            };
            match self.exceptions.judge(finding, now).await {
                Judged::Suppressed(finding) => {
                    *added.suppressed.entry(finding.suppressed_by.clone().unwrap_or_default()).or_default() += 1;
                    added.unheard = Some(finding);
                }
                Judged::Told(finding) => {
                    added.counted += 1;
                    let weight = |finding: &Finding| (finding.severity, Reverse(finding.speaks_at));
                    if added.loudest.as_ref().is_none_or(|(_, known)| weight(known) < weight(&finding)) {
                        added.loudest = Some((place, finding));
                    }
                }
            }
        }
        dossier.denials = facts.denials.clone().unwrap_or_default();
        dossier.counted.add(&added.marks, now);
        (added, facts)
    }

    fn denied(&self, event: &Event, facts: &Facts) -> Option<Finding> {
        let context = self.context.with(facts);
        detect::speak(detect::find(self.watcher, event, &context), event, &context)
    }

    /// Counts into the incident, and decides who tells what.
    async fn decide(
        &self,
        dossier: &mut Dossier,
        added: &Added,
        events: &[&Event],
        mut facts: Facts,
        now: Timestamp,
    ) -> Option<Decided> {
        // What another was to tell and did not, whoever comes next tells.
        let left = |open: &Open| open.owed.filter(|owed| owed.until <= now);
        let Some((place, finding)) = &added.loudest else {
            let open = dossier.open.as_mut()?;
            let owed = left(open)?;
            open.owe(owed, now);
            return Some(Decided { finding: open.finding.clone(), tells: !owed.heard, hands_over: true, about: None });
        };
        let open = dossier.open.get_or_insert_with(|| Open::with(finding.clone(), now));
        open.count += added.counted;
        open.last = open.last.max(now);
        let speaks = |open: &Open, finding: &Finding| {
            open.count >= finding.speaks_at && open.spoke.is_none_or(|spoke| spoke < finding.severity)
        };
        let mut finding = finding.clone();
        if speaks(open, &finding)
            && let Some(event) = events.get(*place)
        {
            // What came before is asked for each alert, not for each call, and all of the batch is in it.
            let back = facts::look_back(event, self.context.config, self.ledger, now);
            facts.past = self.policies.in_time(back).await.unwrap_or_default();
            let weightier = |again: &Finding| again.severity >= finding.severity && again.speaks_at <= open.count;
            finding = self.denied(event, &facts).filter(weightier).unwrap_or(finding);
            open.finding = finding.clone();
            open.spoke = Some(finding.severity);
            if finding.severity >= self.context.config.min_severity {
                open.owe(Owed::of(finding.severity), now);
                return Some(Decided { finding, tells: true, hands_over: true, about: Some((*place, facts)) });
            }
        }
        if let Some(owed) = left(open) {
            open.owe(owed, now);
            return Some(Decided { finding: open.finding.clone(), tells: !owed.heard, hands_over: true, about: None });
        }
        let hands_over = open.count >= finding.speaks_at;
        Some(Decided { finding, tells: false, hands_over, about: None })
    }

    /// People hear first, machines second, as ever. What did not get out stays owed.
    async fn deliver_denied(
        &self,
        key: &IncidentKey,
        open: &Open,
        decided: Decided,
        events: &[&Event],
        now: Timestamp,
    ) -> Result<Outcome, Retry> {
        let Decided { finding, tells, hands_over, about } = decided;
        let standing = Standing {
            incident: key.clone(),
            count: open.count,
            told: open.told,
            opened: Some(open.opened),
            speaks: tells,
            unclaimed: false,
        };
        let mut heard = Heard::No;
        // What cannot be settled ends with its lease: the worst is a second mail.
        if tells {
            let held = || Held::finding(&finding, &standing, alert::statement(&finding, &self.context), now);
            let tell = async || self.people.tell_of(&finding, &standing, &self.context, now).await;
            match tell_or_hold(self.ledger, self.people, Message::of(finding.severity), now, held, tell).await {
                Ok(how) => heard = how,
                Err(why) => {
                    let _ = self.ledger.settle(key, open, Settled::Nothing).await;
                    return Err(Retry::Undelivered(why));
                }
            }
        }
        let handed = if hands_over { self.machines.hand_over(&finding, &standing).await } else { Ok(()) };
        if open.owes {
            let told = if tells { open.count } else { open.told };
            let settled = if handed.is_ok() { Settled::All(told) } else { Settled::People(told) };
            let _ = self.ledger.settle(key, open, settled).await;
        } else if handed.is_err() {
            self.owe_to_machines(key, now).await;
        }
        handed.map_err(Retry::Undelivered)?;
        if let Some((place, facts)) = about
            && let Some(event) = events.get(place)
        {
            // A habit that is not noted is noted the next time.
            let _ = facts::learn(event, &facts, self.ledger, now).await;
        }
        Ok(Outcome::Found(Box::new(finding), standing, heard))
    }

    /// Leaves a hand-over that failed to the next to come: its events are counted, and would be known.
    async fn owe_to_machines(&self, key: &IncidentKey, now: Timestamp) {
        for _ in 0..TRIES {
            let Ok(mut dossier) = self.ledger.dossier(key, now).await else { return };
            let Some(open) = dossier.open.as_mut().filter(|open| open.owed.is_none()) else { return };
            (open.owed, open.owes) = (Some(Owed::to_machines(open.finding.severity)), true);
            match self.ledger.keep(key, &dossier, &BTreeMap::new(), now).await {
                Ok(false) | Err(LedgerError::Contended) => {}
                Ok(true) | Err(LedgerError::Down(_)) => return,
            }
        }
    }

    /// What means something by itself is told without the ledger, and says so. All else waits for it.
    async fn without_ledger(
        &self,
        decided: Option<Decided>,
        down: LedgerError,
        now: Timestamp,
    ) -> Result<Outcome, Retry> {
        let Some(Decided { finding, tells: true, .. }) = decided.filter(|decided| decided.finding.speaks_at == 1)
        else {
            return Err(down.into());
        };
        let standing = Standing::unclaimed(&finding);
        self.people.wait_for(None).await;
        self.people.tell_of(&finding, &standing, &self.context, now).await.map_err(Retry::Undelivered)?;
        self.machines.hand_over(&finding, &standing).await.map_err(Retry::Undelivered)?;
        Ok(Outcome::Found(Box::new(finding), standing, Heard::Told))
    }
}
