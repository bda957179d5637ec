//! What on-call would have been told: the findings go down the same line as live, with the events' time as the clock.

use std::cell::RefCell;
use std::collections::VecDeque;

use iamwatch::alert::{self, Alert};
use iamwatch::detect::Context;
use iamwatch::finding::Finding;
use iamwatch::flow::{Line, Machines, Outcome, People, Undelivered};
use iamwatch::ledger::{Due, Ledger, Memory, Standing, WINDOW};
use jiff::Timestamp;

use super::read::Found;

/// What came of the findings, in the order of time.
#[expect(clippy::large_enum_variant, reason = "one at a time, never stored")]
pub(super) enum Said {
    /// A finding, and the alert if it was told at once.
    Finding(Finding, Standing, Option<Alert>),
    /// An incident whose window is over, and the alert if it grew since it was told.
    Incident(Due, Option<Alert>),
}

/// Takes findings, which are in the order of time, down the line.
///
/// # Errors
///
/// The first of `say`.
pub(super) fn tell<E>(
    found: Vec<Found>,
    context: &Context<'_>,
    mut say: impl FnMut(Said) -> Result<(), E>,
) -> Result<(), E> {
    let ledger = Memory::default();
    let mailbox = Mailbox::default();
    // When the windows end that were opened: in order, since the findings are.
    let mut ends: VecDeque<Timestamp> = VecDeque::new();
    for Found { now, watcher, finding } in found {
        let over = ends.partition_point(|end| *end <= now);
        if ends.drain(..over).count() > 0 {
            close(&ledger, context, now, &mut say)?;
        }
        let line = Line { watcher, context: *context, ledger: &ledger, people: &mailbox, machines: &mailbox };
        // Memory is always in reach and the mailbox always open, so nothing is ever to be tried again.
        let Ok(Outcome::Found(finding, standing)) = pollster::block_on(line.follow(finding, now)) else { continue };
        if standing.count == 1 {
            ends.push_back(now + WINDOW);
        }
        say(Said::Finding(*finding, standing, mailbox.0.take()))?;
    }
    close(&ledger, context, Timestamp::MAX, &mut say)
}

/// Closes the incidents whose window is over, as `digest` does every minute.
fn close<E>(
    ledger: &Memory,
    context: &Context<'_>,
    now: Timestamp,
    say: &mut impl FnMut(Said) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let due = pollster::block_on(ledger.due(now)).unwrap_or_default();
        if due.is_empty() {
            return Ok(());
        }
        for due in due {
            let end = due.opened + WINDOW;
            let alert = due.speaks(context.config.min_severity).then(|| alert::of_due(&due, context, end));
            // Nothing in memory fails.
            let _ = pollster::block_on(ledger.close(&due, end));
            say(Said::Incident(due, alert))?;
        }
    }
}

/// Whoever listens: keeps the last alert.
#[derive(Default)]
struct Mailbox(RefCell<Option<Alert>>);

impl People for Mailbox {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        self.0.replace(Some(alert.clone()));
        Ok(())
    }
}

impl Machines for Mailbox {
    async fn hand_over(&self, _: &Finding, _: &Standing) -> Result<(), Undelivered> {
        Ok(())
    }
}
