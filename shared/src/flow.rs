//! The line: from an event to a told, handed-over and confirmed finding.

use std::fmt;

use jiff::Timestamp;

use crate::alert::{self, Alert};
use crate::detect::{self, Context};
use crate::event::Event;
use crate::facts::{self, Policies};
use crate::finding::Finding;
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
    /// A finding, and where it stands.
    Found(Box<Finding>, Standing),
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
pub struct Line<'a, L, P, M, I> {
    pub watcher: Watcher,
    pub context: Context<'a>,
    pub ledger: &'a L,
    pub people: &'a P,
    pub machines: &'a M,
    pub policies: &'a I,
}

impl<L: Ledger, P: People, M: Machines, I: Policies> Line<'_, L, P, M, I> {
    /// Takes one event down the line: gather, detect, claim, count, tell people, hand over to machines, confirm, learn.
    /// `now` is the time of receipt.
    ///
    /// # Errors
    ///
    /// [`Retry`] when the event must be tried again. What an earlier try finished is not done twice.
    pub async fn watch(&self, event: &Event, now: Timestamp) -> Result<Outcome, Retry> {
        let facts = facts::gather(event, self.policies, self.ledger, now).await;
        let outcome = match detect::look(self.watcher, event, &self.context.with(&facts)) {
            Some(finding) => self.follow(finding, now).await?,
            None => Outcome::Quiet,
        };
        // If it is not learned, the next change there is told as more than it is: better than not at all.
        let _ = facts::learn(event, self.ledger, now).await;
        Ok(outcome)
    }

    /// Takes one finding down the rest of the line: claim, count, tell people, hand over to machines, confirm.
    ///
    /// # Errors
    ///
    /// As [`Line::watch`].
    pub async fn follow(&self, finding: Finding, now: Timestamp) -> Result<Outcome, Retry> {
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
                Ok(()) => self.ledger.confirm(&delivery, now).await,
                Err(_) => self.ledger.release(&delivery).await,
            };
        }
        delivered.map(|()| Outcome::Found(Box::new(finding), standing)).map_err(Retry::Undelivered)
    }

    /// People hear first, machines second: a failed hand-over never hides an alert.
    async fn deliver(
        &self,
        delivery: &Delivery,
        finding: &Finding,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        if standing.count < finding.speaks_at {
            return Ok(());
        }
        if standing.speaks && finding.severity >= self.context.config.min_severity {
            self.people.tell_of(finding, standing, &self.context, now).await?;
            // If this is not remembered, the worst is a second mail: better than none.
            let _ = self.ledger.told(delivery, standing).await;
        }
        self.machines.hand_over(finding, standing).await
    }
}

/// Tells what incidents that are over counted since they were last told, and closes them. Answers how many were told.
///
/// # Errors
///
/// [`Undelivered`] when the ledger or people were out of reach; what was not closed is due again next time.
pub async fn digest<L: Ledger, P: People>(
    ledger: &L,
    people: &P,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<usize, Undelivered> {
    let (mut told, mut failed) = (0, None);
    for due in ledger.due(now).await? {
        // One that cannot be told holds nobody else up.
        match settle(ledger, people, context, &due, now).await {
            Ok(spoke) => told += usize::from(spoke),
            Err(why) => failed = failed.or(Some(why)),
        }
    }
    failed.map_or(Ok(told), Err)
}

/// Tells one due incident, if there is something to tell, and closes it, unless it goes on.
async fn settle<L: Ledger, P: People>(
    ledger: &L,
    people: &P,
    context: &Context<'_>,
    due: &Due,
    now: Timestamp,
) -> Result<bool, Undelivered> {
    if due.end() > now {
        ledger.put_off(due).await?;
        return Ok(false);
    }
    let speaks = due.speaks(context.config.min_severity);
    if speaks {
        people.tell(&alert::of_due(due, context, now)).await?;
    }
    ledger.close(due, now).await?;
    Ok(speaks)
}

impl From<LedgerError> for Undelivered {
    fn from(down: LedgerError) -> Self {
        Self(down.to_string())
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
