//! The line: from an event to a told, handed-over and confirmed finding.

mod denied;

use std::cell::RefCell;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

pub use denied::{MOST_TOGETHER, Together, WAITING, by_principal, no_time};

use crate::alert::{self, Alert};
use crate::cap::{Admission, Alone, Held, Message};
use crate::circumstance;
use crate::denials;
use crate::detect::{self, Context};
use crate::event::Event;
use crate::exceptions::{Judge, Judged};
use crate::facts::{self, Elsewhere, Facts, Policies};
use crate::finding::{Finding, Severity};
use crate::ledger::{Claim, Delivery, Due, Ledger, LedgerError, Standing};
use crate::watcher::Watcher;

/// Tells people.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait People {
    /// Publishes an alert to everyone who listens.
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered>;

    /// Puts a finding into words and publishes them. Replay leaves the words out where nobody reads them.
    async fn tell_of(
        &self,
        finding: &Finding,
        standing: &Standing,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        self.tell(&alert::of_finding(finding, standing, context, now)).await
    }

    /// The same of an incident that is over.
    async fn tell_due(&self, due: &Due, context: &Context<'_>, now: Timestamp) -> Result<(), Undelivered> {
        self.tell(&alert::of_due(due, context, now)).await
    }

    /// The same of what was held back.
    async fn tell_held(&self, held: &[Held], context: &Context<'_>, now: Timestamp) -> Result<(), Undelivered> {
        self.tell(&alert::of_held(held, context, now)).await
    }

    /// What time it is for whoever publishes. Where time is passed in, it is when the event was received.
    fn now(&self, received: Timestamp) -> Timestamp {
        received
    }

    /// Waits for a turn on the topic, and says whether it is in time for it.
    async fn wait_for(&self, _turn: Timestamp) -> bool {
        true
    }

    /// What goes by while the ledger does not answer, where that can be.
    fn alone(&self) -> Option<&RefCell<Alone>> {
        None
    }
}

/// Hands findings to machines.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Machines {
    /// Puts a finding on the findings bus.
    async fn hand_over(&self, finding: &Finding, standing: &Standing) -> Result<(), Undelivered>;
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing worth telling.
    Quiet,
    /// The same event was dealt with before.
    Known,
    /// A finding, where it stands, and whether people heard of it.
    Found(Box<Finding>, Standing, Heard),
    /// A finding that an exception keeps from people and quarantine.
    Suppressed(Box<Finding>),
}

/// Whether people heard of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was not for them, or another watcher told them of the same event.
    No,
    Told,
    /// The topic had no room: the digest will name it.
    HeldBack,
}

/// What a run of the digest did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digested {
    /// Incidents that were told as they ended.
    pub told: usize,
    /// Alerts that were held back when it ran.
    pub held: usize,
    /// Whether it told of them.
    pub named: bool,
}

/// The event is not dealt with: to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    /// Another try is under way.
    Busy,
    /// People were not told, or machines not handed the finding.
    Undelivered(Undelivered),
}

/// A message that did not get out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered(pub String);

/// One watcher with what it reaches.
pub struct Line<'a, L, P, M, I, X> {
    pub watcher: Watcher,
    pub context: Context<'a>,
    pub ledger: &'a L,
    pub people: &'a P,
    pub machines: &'a M,
    pub policies: &'a I,
    pub exceptions: &'a X,
}

impl<L: Ledger, P: People, M: Machines, I: Policies, X: Judge> Line<'_, L, P, M, I, X> {
    /// Takes one event down the line: gather, detect, claim, count, tell people, hand over to machines, confirm, learn.
    /// `now` is the time of receipt.
    ///
    /// # Errors
    ///
    /// [`Retry`] when the event must be tried again. What an earlier try finished is not done twice.
    pub async fn watch(&self, event: &Event, now: Timestamp) -> Result<Outcome, Retry> {
        if self.watcher == Watcher::AccessDenied && denials::is_one(event) {
            let mut together = Box::pin(self.watch_denied(&[event], now)).await;
            return together.pop().map_or(Ok(Outcome::Quiet), |batch| batch.outcome);
        }
        let facts = self.policies.in_time(self.gather(event, now)).await;
        let mut facts = facts.unwrap_or_else(|| Facts::unseen("it took too long to look beside the event"));
        let found = detect::find(self.watcher, event, &self.context.with(&facts));
        if !found.is_empty() {
            let back = facts::look_back(event, self.context.config, self.ledger, now);
            facts.past.extend(self.policies.in_time(back).await.unwrap_or_default());
        }
        let outcome = match detect::speak(found, event, &self.context.with(&facts)) {
            Some(finding) => self.follow(finding, now).await?,
            None => Outcome::Quiet,
        };
        let learned = facts::learn(event, &facts, self.ledger, now).await;
        match (&outcome, learned) {
            // Whoever was told without the ledger would be told again.
            (Outcome::Found(_, Standing { unclaimed: true, .. }, _), _) | (_, Ok(())) => {}
            // Whatever was told is not told again: the next try only learns.
            (_, Err(down)) => return Err(Retry::Undelivered(down.into())),
        }
        Ok(outcome)
    }

    async fn gather(&self, event: &Event, now: Timestamp) -> Facts {
        let config = self.context.config;
        if !config.is_elsewhere(&event.account) {
            return facts::gather(event, config, self.policies, self.ledger, now).await;
        }
        let elsewhere = Elsewhere::than(self.policies);
        let facts = facts::gather(event, config, &elsewhere, self.ledger, now).await;
        Facts { unread: elsewhere.was_asked(), ..facts }
    }

    /// Takes one finding down the rest of the line: weigh the exceptions, claim, count, tell people, hand over to machines,
    /// confirm.
    ///
    /// # Errors
    ///
    /// As [`Line::watch`].
    pub async fn follow(&self, finding: Finding, now: Timestamp) -> Result<Outcome, Retry> {
        match self.exceptions.judge(finding, now).await {
            Judged::Told(finding) => self.count_and_deliver(finding, now).await,
            Judged::Suppressed(finding) => self.suppress(finding, now).await,
        }
    }

    async fn count_and_deliver(&self, finding: Finding, now: Timestamp) -> Result<Outcome, Retry> {
        let delivery = Delivery::of(self.watcher, &finding);
        let standing = match self.ledger.claim(&delivery, now).await {
            Ok(Claim::Done) => return Ok(Outcome::Known),
            Ok(Claim::Busy) => return Err(Retry::Busy),
            Ok(Claim::Ours(progress)) => self.ledger.count(&delivery, progress, &finding, now).await,
            Err(error) => Err(error),
        };
        let standing = match standing {
            Ok(standing) => standing,
            Err(LedgerError::Contended) => {
                let _ = self.ledger.release(&delivery).await;
                return Err(Retry::Busy);
            }
            // What must be counted to mean anything waits for the ledger, at last in the queue of failed events.
            Err(down) if finding.speaks_at > 1 => return Err(Retry::Undelivered(down.into())),
            Err(LedgerError::Down(_)) => Standing::unclaimed(&finding),
        };

        let delivered = self.deliver(&delivery, &finding, &standing, now).await;
        if !standing.unclaimed {
            // A claim that cannot be confirmed or given back ends with its lease; the next try finds what was done.
            let _ = match &delivered {
                Ok(_) => self.ledger.confirm(&delivery, now).await,
                Err(_) => self.ledger.release(&delivery).await,
            };
        }
        delivered.map(|heard| Outcome::Found(Box::new(finding), standing, heard))
    }

    /// Counts a finding that nobody is told of, and leaves it to machines as a record. It waits for the ledger: what is not
    /// counted would be lost.
    async fn suppress(&self, finding: Finding, now: Timestamp) -> Result<Outcome, Retry> {
        let delivery = Delivery::of(self.watcher, &finding);
        let exception = finding.suppressed_by.as_deref().unwrap_or_default();
        let done = async {
            match self.ledger.claim(&delivery, now).await? {
                Claim::Done => return Ok(Outcome::Known),
                Claim::Busy => return Err(Retry::Busy),
                Claim::Ours(_) => self.ledger.suppress(&delivery, exception, now).await?,
            }
            // What means something only when it is counted is too much for a record of each.
            if finding.speaks_at == 1 {
                self.machines.hand_over(&finding, &Standing::suppressed(&finding)).await.map_err(Retry::Undelivered)?;
            }
            let _ = self.ledger.confirm(&delivery, now).await;
            Ok(Outcome::Suppressed(Box::new(finding.clone())))
        }
        .await;
        if matches!(done, Err(Retry::Undelivered(_))) {
            let _ = self.ledger.release(&delivery).await;
        }
        done
    }

    /// People hear first, machines second: a failed hand-over never hides an alert.
    async fn deliver(
        &self,
        delivery: &Delivery,
        finding: &Finding,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Heard, Retry> {
        if standing.count < finding.speaks_at {
            return Ok(Heard::No);
        }
        let mut heard = Heard::No;
        if standing.speaks && finding.severity >= self.context.config.min_severity {
            heard = self.tell(finding, standing, now).await?;
            // If this is not remembered, the worst is a second mail: better than none.
            let _ = self.ledger.told(delivery, standing).await;
        }
        self.machines.hand_over(finding, standing).await.map_err(Retry::Undelivered)?;
        Ok(heard)
    }

    /// Tells people. What touches a principal that is laid out to be found reaches `access-denied` and the watcher of the call, if
    /// it has one: both count it and hand it over, and whoever is first tells it.
    async fn tell(&self, finding: &Finding, standing: &Standing, now: Timestamp) -> Result<Heard, Retry> {
        let tell = || self.people.tell_of(finding, standing, &self.context, now);
        // A ledger that did not answer is not asked again: the function's time is short.
        if standing.unclaimed {
            let told = tell_alone(self.people, now, tell).await;
            return told.map(|()| Heard::Told).map_err(Retry::Undelivered);
        }
        let shared = circumstance::is_of_honey(finding).then(|| Delivery::to_people(finding));
        if let Some(shared) = &shared {
            match self.ledger.claim(shared, now).await {
                Ok(Claim::Done) => return Ok(Heard::No),
                Ok(Claim::Busy) => return Err(Retry::Busy),
                // Better twice than not at all.
                Ok(Claim::Ours(_)) | Err(_) => {}
            }
        }
        let held = || Held::finding(finding, standing, alert::statement(finding, &self.context), now);
        let heard = tell_or_hold(self.ledger, self.people, Message::of(finding.severity), now, held, tell).await;
        if let Some(shared) = &shared {
            let _ = match &heard {
                Ok(_) => self.ledger.confirm(shared, now).await,
                Err(_) => self.ledger.release(shared).await,
            };
        }
        heard.map_err(Retry::Undelivered)
    }
}

/// How often one asks for a turn, again where one was late for one's own.
const TURNS: i32 = 3;
/// How much later a turn is asked for each time: a ledger that is slow answers when the turn it gave is over.
const AHEAD: SignedDuration = SignedDuration::from_secs(1);

/// Tells people when it is its turn, or holds the alert back for the digest where the topic has no room for it soon. When the
/// ledger cannot say, it is told: better too much than nothing. `now` is the time of receipt.
///
/// # Errors
///
/// Those of `tell`; and whoever is late for each of their turns is to try again later.
pub async fn tell_or_hold<L: Ledger, P: People>(
    ledger: &L,
    people: &P,
    message: Message,
    now: Timestamp,
    held: impl Fn() -> Held,
    tell: impl AsyncFnOnce() -> Result<(), Undelivered>,
) -> Result<Heard, Undelivered> {
    for late in 0..TURNS {
        let turn = match ledger.admit(message, now, people.now(now) + AHEAD * late).await {
            Ok(Admission::Turn(turn)) => turn,
            Ok(Admission::HeldBack) if ledger.hold(&held()).await.is_ok() => return Ok(Heard::HeldBack),
            Ok(Admission::HeldBack) | Err(_) => return tell_alone(people, now, tell).await.map(|()| Heard::Told),
        };
        if people.wait_for(turn).await {
            return tell().await.map(|()| Heard::Told);
        }
    }
    Err(late())
}

/// Tells people while the ledger does not answer. What others publish is not known; what this instance does is. `now` is the time
/// of receipt.
async fn tell_alone<P: People>(
    people: &P,
    now: Timestamp,
    tell: impl AsyncFnOnce() -> Result<(), Undelivered>,
) -> Result<(), Undelivered> {
    let asked = people.now(now);
    let turn = people.alone().map_or(Some(asked), |alone| alone.borrow_mut().turn(now, asked));
    let Some(turn) = turn else { return Err(late()) };
    if people.wait_for(turn).await { tell().await } else { Err(late()) }
}

fn late() -> Undelivered {
    Undelivered("there was no turn on the topic in time; it is tried again later".to_owned())
}

/// Tells what incidents that are over counted since they were last told, and closes them; then tells in one message what
/// was held back.
///
/// # Errors
///
/// [`Undelivered`] when the ledger or people were out of reach; what was not closed is due again next time.
pub async fn digest<L: Ledger, P: People>(
    ledger: &L,
    people: &P,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<Digested, Undelivered> {
    let (mut digested, mut failed) = (Digested::default(), None);
    for due in ledger.due(now).await? {
        // One that cannot be told holds nobody else up.
        match settle(ledger, people, context, &due, now).await {
            Ok(heard) => digested.told += usize::from(heard == Heard::Told),
            Err(why) => failed = failed.or(Some(why)),
        }
    }
    (digested.held, digested.named) = tell_held(ledger, people, context, now).await?;
    failed.map_or(Ok(digested), Err)
}

/// Tells in one message what was held back, if the topic has room for it. Answers how many alerts that are, and whether
/// they were told.
///
/// # Errors
///
/// As [`digest`].
pub async fn tell_held<L: Ledger, P: People>(
    ledger: &L,
    people: &P,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<(usize, bool), Undelivered> {
    let held = ledger.held().await?;
    if held.is_empty() {
        return Ok((0, false));
    }
    // Those counts that were told before it in the same run had turns of their own.
    let asked = people.now(now);
    // It has one turn in five minutes: nobody is to be late for it because the ledger is slow.
    let Admission::Turn(turn) = ledger.admit(Message::Digest, asked, asked + AHEAD).await? else {
        return Ok((held.len(), false));
    };
    if !people.wait_for(turn).await {
        return Ok((held.len(), false));
    }
    people.tell_held(&held, context, now).await?;
    ledger.let_go(&held).await?;
    Ok((held.len(), true))
}

/// Tells one due incident, if there is something to tell, and closes it, unless it goes on.
///
/// # Errors
///
/// As [`digest`].
pub async fn settle<L: Ledger, P: People>(
    ledger: &L,
    people: &P,
    context: &Context<'_>,
    due: &Due,
    now: Timestamp,
) -> Result<Heard, Undelivered> {
    if due.end() > now {
        ledger.put_off(due).await?;
        return Ok(Heard::No);
    }
    let mut heard = Heard::No;
    if due.speaks(context.config.min_severity) {
        // A count takes nothing of what is kept for news.
        let message = Message::of(due.finding.severity.min(Severity::High));
        let held = || Held::due(due, alert::statement(&due.finding, context), now);
        let tell = async || people.tell_due(due, context, now).await;
        heard = tell_or_hold(ledger, people, message, now, held, tell).await?;
    }
    ledger.close(due, now).await?;
    Ok(heard)
}

impl From<LedgerError> for Undelivered {
    fn from(down: LedgerError) -> Self {
        Self(down.to_string())
    }
}

impl From<LedgerError> for Retry {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Contended => Self::Busy,
            LedgerError::Down(_) => Self::Undelivered(error.into()),
        }
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("another try of this event is under way; it is tried again later"),
            Self::Undelivered(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Retry {}
