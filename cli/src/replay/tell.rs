//! What on-call would have been told: the findings go down the same line as live, with the events' time as the clock.

use std::cell::RefCell;

use iamwatch::alert::{self, Alert};
use iamwatch::detect::Context;
use iamwatch::facts::Unread;
use iamwatch::finding::Finding;
use iamwatch::flow::{Line, Machines, Outcome, People, Undelivered};
use iamwatch::ledger::{Due, Ledger, Memory, Standing};
use jiff::Timestamp;

use super::read::{Found, What};

/// What came of the findings, in the order of time.
pub(super) enum Said {
    Finding(Finding, Standing, Told),
    /// An incident that is over; told if it grew since it was last told.
    Incident(Due, Told),
}

/// Whether people were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Told {
    #[default]
    No,
    /// Without words.
    Silently,
    Words(Box<Alert>),
}

/// Whether alerts are put into words: it takes longer than all else that is done to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    Full,
    None,
}

/// Takes findings, which are in the order of time, down the line.
///
/// # Errors
///
/// The first of `say`.
pub(super) fn tell<E>(
    found: Vec<Found>,
    context: &Context<'_>,
    wording: Wording,
    mut say: impl FnMut(Said) -> Result<(), E>,
) -> Result<(), E> {
    let ledger = Memory::default();
    let mailbox = Mailbox { wording, told: RefCell::default() };
    for Found { now, watcher, what } in found {
        close(&ledger, context, now, wording, &mut say)?;
        let line = Line {
            watcher,
            context: *context,
            ledger: &ledger,
            people: &mailbox,
            machines: &mailbox,
            policies: &Unread,
        };
        let outcome = pollster::block_on(async {
            match what {
                What::Finding(finding) => line.follow(*finding, now).await,
                What::Event(event) => line.watch(&event, now).await,
            }
        });
        // Memory is always in reach and the mailbox always open, so nothing is ever to be tried again.
        let Ok(Outcome::Found(finding, standing)) = outcome else { continue };
        say(Said::Finding(*finding, standing, mailbox.told.take()))?;
    }
    close(&ledger, context, Timestamp::MAX, wording, &mut say)
}

/// Closes the incidents that are over, as `digest` does every minute.
fn close<E>(
    ledger: &Memory,
    context: &Context<'_>,
    now: Timestamp,
    wording: Wording,
    say: &mut impl FnMut(Said) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let due = pollster::block_on(ledger.due(now)).unwrap_or_default();
        if due.is_empty() {
            return Ok(());
        }
        for due in due {
            let end = due.end();
            // Nothing in memory fails.
            if end > now {
                let _ = pollster::block_on(ledger.put_off(&due));
                continue;
            }
            let speaks = due.speaks(context.config.min_severity);
            let told = if speaks { wording.of(|| alert::of_due(&due, context, end)) } else { Told::No };
            let _ = pollster::block_on(ledger.close(&due, end));
            say(Said::Incident(due, told))?;
        }
    }
}

impl Wording {
    fn of(self, alert: impl FnOnce() -> Alert) -> Told {
        match self {
            Self::Full => Told::Words(Box::new(alert())),
            Self::None => Told::Silently,
        }
    }
}

/// Whoever listens: keeps the last alert.
struct Mailbox {
    wording: Wording,
    told: RefCell<Told>,
}

impl People for Mailbox {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        self.told.replace(self.wording.of(|| alert.clone()));
        Ok(())
    }

    async fn tell_of(
        &self,
        finding: &Finding,
        standing: &Standing,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        self.told.replace(self.wording.of(|| alert::of_finding(finding, standing, context, now)));
        Ok(())
    }
}

impl Machines for Mailbox {
    async fn hand_over(&self, _: &Finding, _: &Standing) -> Result<(), Undelivered> {
        Ok(())
    }
}
