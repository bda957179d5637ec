//! The line for denied calls: many at once, and all of one principal together.
//!
//! What a principal was denied is read once, judged call by call, and written once, together with the events that were
//! counted: an event that comes again, alone or among others, is known. The same write says what is owed to people. Whoever
//! wrote it tells them; if they die before, the next to come does.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Heard, Line, Machines, Outcome, People, Retry, Undelivered, tell_alone};
use crate::circumstance;
use crate::denials::{self, Dossier, Open, Owed, Settled, mark};
use crate::detect;
use crate::event::Event;
use crate::exceptions::{Judge, Judged};
use crate::facts::{self, Facts, Policies, Whence};
use crate::finding::{Finding, IncidentKey};
use crate::honey::touched;
use crate::ledger::{Ledger, LedgerError, Standing, step};

/// How long denied calls wait for others before they are looked at together: the batching window of their queue.
pub const WAITING: SignedDuration = SignedDuration::from_secs(10);
/// How many are looked at together, at most.
pub const MOST_TOGETHER: usize = 1_000;

/// How often a dossier is read and changed against others that write it. Two batches are under way at once.
const TRIES: u32 = 8;
/// The last count that is told while an incident is open: with each louder level it makes six messages at most.
const LAST_STEP: u64 = 1_000;

/// The denied calls of one principal in a batch.
#[derive(Debug, Clone)]
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
        Together { places: self.places, outcome: Err(no_time()), added: Added::default(), alone: None }
    }
}

/// Why what a function's time is too short for is not dealt with.
#[must_use]
pub fn no_time() -> Retry {
    Retry::Undelivered(Undelivered("there was no time left for it in this batch: it comes again".to_owned()))
}

/// What became of the denied calls of one principal.
#[derive(Debug)]
pub struct Together {
    /// Which events these are, by their places in the batch.
    pub places: Vec<usize>,
    pub outcome: Result<Outcome, Retry>,
    /// Nothing, where it was not written: what comes again is added then.
    pub added: Added,
    /// What people were told while the ledger did not answer. Its events come again to be counted.
    pub alone: Option<(Box<Finding>, Standing)>,
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
    /// What they suppressed, with the events that are counted once machines have the record of it.
    unheard: BTreeMap<String, Unheard>,
    marks: Vec<u64>,
    /// The ledger does.
    answers: bool,
    /// Which of them weighs most.
    loudest: Option<Loudest>,
    /// The principals laid out to be found that they touch.
    touched: BTreeSet<String>,
}

/// What one exception suppressed in a batch.
#[derive(Debug)]
struct Unheard {
    marks: Vec<u64>,
    /// The loudest of it.
    finding: Finding,
}

/// What is said of the event of a batch that weighs most.
#[derive(Debug, Clone)]
struct Loudest {
    place: usize,
    finding: Finding,
    /// Which principal laid out to be found it touches.
    touched: Option<String>,
    /// Credentials are used outside AWS.
    outside: bool,
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
        let Principal { key, places, events } = principal;
        let mut together = Together { places, outcome: Err(Retry::Busy), added: Added::default(), alone: None };
        together.outcome = self.watch_principal(&key, &events, &mut together, now).await;
        together
    }

    async fn watch_principal(
        &self,
        key: &IncidentKey,
        events: &[&Event],
        together: &mut Together,
        now: Timestamp,
    ) -> Result<Outcome, Retry> {
        // The events of the records that machines have already.
        let mut recorded = HashSet::new();
        for _ in 0..TRIES {
            let (mut dossier, down) = match self.ledger.dossier(key, now).await {
                Ok(dossier) => (dossier, None),
                Err(down) => (Dossier::default(), Some(down)),
            };
            let (mut added, facts) = self.add(&mut dossier, events, down.is_none(), now).await;
            let decided = self.decide(&mut dossier, &added, events, facts, now).await;
            if let Some(down) = down {
                return Err(self.without_ledger(key, decided, down, &mut together.alone, now).await);
            }
            let hidden = self.record(key, &mut added, &mut recorded).await;
            if added.marks.is_empty() && decided.is_none() {
                return hidden.map(|_| Outcome::Known);
            }
            dossier.counted.add(&added.marks, now);
            match self.ledger.keep(key, &dossier, &added.suppressed, now).await {
                Ok(true) => {}
                Ok(false) | Err(LedgerError::Contended) => continue,
                Err(down) => return Err(self.without_ledger(key, decided, down, &mut together.alone, now).await),
            }
            together.added = added;
            let outcome = match (decided, &dossier.open) {
                (Some(decided), Some(open)) => self.deliver_denied(key, open, decided, events, now).await,
                _ => Ok(Outcome::Quiet),
            };
            return match (outcome, hidden) {
                (Ok(Outcome::Quiet), Ok(Some(hidden))) => Ok(Outcome::Suppressed(Box::new(hidden))),
                (Ok(_), Err(unrecorded)) => Err(unrecorded),
                (outcome, _) => outcome,
            };
        }
        Err(Retry::Busy)
    }

    /// Leaves what exceptions suppressed to machines, one record for each exception, and answers one of them. Where that fails,
    /// its events are not counted: they come again.
    async fn record(
        &self,
        key: &IncidentKey,
        added: &mut Added,
        recorded: &mut HashSet<String>,
    ) -> Result<Option<Finding>, Retry> {
        let (mut hidden, mut failed) = (None, None);
        for (exception, Unheard { marks, finding }) in std::mem::take(&mut added.unheard) {
            // What means something only when it is counted is too much for a record.
            if finding.speaks_at == 1 && !recorded.contains(&finding.event.id) {
                let standing = Standing { count: marks.len() as u64, ..Standing::suppressed(&finding).of(key) };
                if let Err(why) = self.machines.hand_over(&finding, &standing).await {
                    failed = Some(Retry::Undelivered(why));
                    continue;
                }
                recorded.insert(finding.event.id.clone());
            }
            added.suppressed.insert(exception, marks.len() as u64);
            added.marks.extend(marks);
            hidden = Some(finding);
        }
        failed.map_or(Ok(hidden), Err)
    }

    /// Adds the events that were not counted before to what is known of their principal, and asks of each what it is. A ledger
    /// that does not answer is asked nothing more: the function's time is short.
    async fn add(&self, dossier: &mut Dossier, events: &[&Event], answers: bool, now: Timestamp) -> (Added, Facts) {
        let marks: Vec<u64> = events.iter().map(|event| mark(&event.id)).collect();
        let mut known: HashSet<u64> = dossier.counted.known_of(&marks);
        let mut added = Added { answers, ..Added::default() };
        if dossier.open.is_none() {
            Arc::make_mut(&mut dossier.denials).begin_incident();
        }
        let mut facts = Facts { denials: Some(std::mem::take(&mut dossier.denials)), ..Facts::NONE.clone() };
        let mut whence = Whence::default();
        let counted_before = dossier.open.as_ref().map_or(0, |open| open.count);
        let mut at_once: Option<Loudest> = None;
        for ((place, event), mark) in events.iter().enumerate().zip(marks) {
            if !known.insert(mark) {
                continue;
            }
            // What AWS services are denied in their own work says nothing of the principal, and what is excepted weighs nothing.
            let in_person = event.actor.is_in_person();
            let before = if self.exceptions.are_none() { None } else { facts.denials.clone() };
            if let Some(denials) = facts.denials.as_mut().filter(|_| in_person) {
                Arc::make_mut(denials).add(event, now);
            }
            if answers {
                facts.past = whence.of(event, self.context.config, self.ledger, now).await;
            }
            let told = |finding: &Finding| in_person || circumstance::is_of_honey(finding);
            let Some(finding) = self.denied(event, &facts).filter(told) else {
                added.marks.push(mark);
                added.quiet += 1;
                continue;
            };
            let finding = match self.exceptions.judge(finding, now).await {
                Judged::Suppressed(finding) => {
                    // Where none was known of when it came, it weighs this once.
                    facts.denials = before.or(facts.denials);
                    added.hide(finding, mark);
                    continue;
                }
                Judged::Told(finding) => finding,
            };
            added.marks.push(mark);
            added.counted += 1;
            let touch = if circumstance::is_of_honey(&finding) { touched(event, self.context.config) } else { None };
            let mut loudest =
                Loudest { place, finding, touched: touch.map(|touch| touch.arn().to_owned()), outside: false };
            let untold = |one: &Loudest| {
                one.touched.as_deref().is_some_and(|arn| facts.denials.as_ref().is_some_and(|all| all.is_untold(arn)))
            };
            let weight = |one: &Loudest| (one.finding.severity, untold(one), Reverse(one.finding.speaks_at));
            added.touched.extend(loudest.touched.clone());
            let is_more = |known: &Option<Loudest>| known.as_ref().is_none_or(|known| weight(known) < weight(&loudest));
            let (loudest_of_all, speaks) =
                (is_more(&added.loudest), loudest.finding.speaks_at == 1 && is_more(&at_once));
            if loudest_of_all || speaks {
                loudest.outside = circumstance::taken_out(event, &self.context.with(&facts)).is_some();
            }
            if speaks {
                at_once = Some(loudest.clone());
            }
            if loudest_of_all {
                added.loudest = Some(loudest);
            }
        }
        // What is louder and means nothing yet does not hide what speaks by itself.
        let counted = counted_before + added.counted;
        if added.loudest.as_ref().is_some_and(|loudest| loudest.finding.speaks_at > counted) {
            added.loudest = at_once.or(added.loudest);
        }
        dossier.denials = facts.denials.clone().unwrap_or_default();
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
        let Some(Loudest { place, finding, touched, outside }) = &added.loudest else {
            let open = dossier.open.as_mut()?;
            let owed = left(open)?;
            open.owe(owed, now);
            return Some(Decided { finding: open.finding.clone(), tells: !owed.heard, hands_over: true, about: None });
        };
        let open = dossier.open.get_or_insert_with(|| Open::with(finding.clone(), now));
        open.count += added.counted;
        open.last = open.last.max(now);
        let denials = &mut dossier.denials;
        let untold: Vec<&str> =
            added.touched.iter().map(String::as_str).filter(|touched| denials.is_untold(touched)).collect();
        // What is owed gives way to what speaks now, which names for it.
        let owed = open.owed.filter(|owed| !owed.heard).map(|_| denials.touched());
        let others: BTreeSet<&str> = untold.iter().copied().chain(owed.into_iter().flatten()).collect();
        let others: Vec<&str> = others.into_iter().filter(|one| touched.as_deref() != Some(*one)).collect();
        let also = (!others.is_empty()).then(|| others.join(", "));
        let mut finding = finding.clone().evidence_if("Also touched", also.as_deref());
        let news = Self::is_louder(open, &finding) || !untold.is_empty();
        let speaks = open.count >= finding.speaks_at && (news || self.has_grown(open));
        if open.spoke.is_some() || speaks {
            Arc::make_mut(denials).note_told(*outside, &added.touched);
        }
        if speaks && let Some(event) = events.get(*place) {
            // What came before is asked for each alert, not for each call, and all of the batch is in it.
            if added.answers {
                let back = facts::look_back(event, self.context.config, self.ledger, now);
                facts.past = self.policies.in_time(back).await.unwrap_or_default();
            }
            let weightier = |again: &Finding| again.severity >= finding.severity && again.speaks_at <= open.count;
            let again = self.denied(event, &facts).filter(weightier);
            finding = again.map_or(finding, |again| again.evidence_if("Also touched", also));
            // A higher count is told where it is as loud as what spoke.
            if news || Some(finding.severity) >= open.spoke {
                open.finding = finding.clone();
                open.spoke = Some(finding.severity);
                if finding.severity >= self.context.config.min_severity {
                    open.owe(Owed::of(finding.severity), now);
                    return Some(Decided { finding, tells: true, hands_over: true, about: Some((*place, facts)) });
                }
            }
        }
        if let Some(owed) = left(open) {
            open.owe(owed, now);
            return Some(Decided { finding: open.finding.clone(), tells: !owed.heard, hands_over: true, about: None });
        }
        let hands_over = open.spoke.is_some() || open.count >= finding.speaks_at;
        Some(Decided { finding, tells: false, hands_over, about: None })
    }

    /// Whether it is louder than what spoke.
    fn is_louder(open: &Open, finding: &Finding) -> bool {
        open.spoke.is_none_or(|spoke| spoke < finding.severity)
    }

    /// Whether there are ten times as many as people heard of. What another is about to tell is theirs.
    fn has_grown(&self, open: &Open) -> bool {
        let step = |count: u64| step(count).min(LAST_STEP);
        let was_told = open.spoke >= Some(self.context.config.min_severity);
        was_told && open.owed.is_none() && step(open.count) > step(open.told)
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
            match self.tell(&finding, &standing, now).await {
                Ok(how) => heard = how,
                Err(why) => {
                    let _ = self.ledger.settle(key, open, Settled::Nothing).await;
                    return Err(why);
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

    /// What means something by itself is told without the ledger, once, and says so. All of it is counted when it comes again.
    async fn without_ledger(
        &self,
        key: &IncidentKey,
        decided: Option<Decided>,
        down: LedgerError,
        told: &mut Option<(Box<Finding>, Standing)>,
        now: Timestamp,
    ) -> Retry {
        let Some(Decided { finding, tells: true, .. }) = decided.filter(|decided| decided.finding.speaks_at == 1)
        else {
            return down.into();
        };
        let alone = self.people.alone();
        if alone.is_some_and(|alone| alone.borrow().knows(key, finding.severity, now)) {
            return down.into();
        }
        let standing = Standing::unclaimed(&finding).of(key);
        let tell = async || self.people.tell_of(&finding, &standing, &self.context, now).await;
        if let Err(why) = tell_alone(self.people, now, tell).await {
            return Retry::Undelivered(why);
        }
        if let Some(alone) = alone {
            alone.borrow_mut().tells(key, finding.severity, now);
        }
        // Once the ledger answers they get it again, with the count.
        let _ = self.machines.hand_over(&finding, &standing).await;
        *told = Some((Box::new(finding), standing));
        down.into()
    }
}

impl Added {
    fn hide(&mut self, finding: Finding, mark: u64) {
        let weight = |finding: &Finding| (Reverse(finding.speaks_at), finding.severity);
        match self.unheard.entry(finding.suppressed_by.clone().unwrap_or_default()) {
            Entry::Vacant(first) => drop(first.insert(Unheard { marks: vec![mark], finding })),
            Entry::Occupied(known) => {
                let unheard = known.into_mut();
                unheard.marks.push(mark);
                if weight(&unheard.finding) < weight(&finding) {
                    unheard.finding = finding;
                }
            }
        }
    }
}
