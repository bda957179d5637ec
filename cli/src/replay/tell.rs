//! What on-call would have been told: the findings go down the same line as live, with the events' time as the clock.

use std::cell::RefCell;

use iamwatch::alert::{self, Alert};
use iamwatch::detect::Context;
use iamwatch::exceptions::Exceptions;
use iamwatch::facts::{self, Unread};
use iamwatch::finding::Finding;
use iamwatch::flow::{self, Heard, Line, Machines, Outcome, People, Undelivered};
use iamwatch::ledger::{Due, Ledger, Memory, Standing};
use jiff::{SignedDuration, Timestamp};

use super::read::{Found, What, decode};

/// How often the digest looks.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What came of the findings, in the order of time.
#[derive(Debug)]
pub(super) enum Said {
    Finding(Finding, Standing, Told),
    /// A finding that an exception keeps from people.
    Suppressed(Finding),
    /// An incident that is over; told if it grew since it was last told.
    Incident(Due, Told),
    /// The message about what was held back.
    Held(Told),
}

/// Whether people were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Told {
    #[default]
    No,
    /// Without words.
    Silently,
    Words(Box<Alert>),
    /// Not by an alert of its own: the topic had no room.
    HeldBack,
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
    exceptions: &Exceptions,
    wording: Wording,
    say: impl FnMut(Said) -> Result<(), E>,
) -> Result<(), E> {
    let ledger = Memory::default();
    let mailbox = Mailbox { wording, told: RefCell::default() };
    let mut digest = Digest { ledger: &ledger, mailbox: &mailbox, context, next: None, say };
    for Found { now, watcher, what, lessons, .. } in found {
        digest.run_until(now)?;
        let line = Line {
            watcher,
            context: *context,
            ledger: &ledger,
            people: &mailbox,
            machines: &mailbox,
            policies: &Unread,
            exceptions,
        };
        let outcome = pollster::block_on(async {
            match what {
                What::Waiting { text, .. } => return line.watch(&decode(&text).0, now).await,
                What::Quiet => {}
                What::Unread { questions, .. } => {
                    for question in questions.iter().filter(|question| question.counts()) {
                        let _ = question.put(Some(now), context.config, &ledger, now).await;
                    }
                }
            }
            facts::learn_all(lessons, &ledger, now).await;
            Ok(Outcome::Quiet)
        });
        // Memory is always in reach and the mailbox always open, so nothing is ever to be tried again.
        match outcome {
            Ok(Outcome::Found(finding, standing, heard)) => {
                let told = digest.heard(heard, now);
                (digest.say)(Said::Finding(*finding, standing, told))?;
            }
            Ok(Outcome::Suppressed(finding)) => (digest.say)(Said::Suppressed(*finding))?,
            Ok(Outcome::Quiet | Outcome::Known) | Err(_) => {}
        }
    }
    digest.run_until(Timestamp::MAX)
}

/// What `digest` does live, at the minutes at which there is something to do.
struct Digest<'a, S> {
    ledger: &'a Memory,
    mailbox: &'a Mailbox,
    context: &'a Context<'a>,
    /// When it looks at what was held back, if anything was.
    next: Option<Timestamp>,
    say: S,
}

impl<S: FnMut(Said) -> Result<(), E>, E> Digest<'_, S> {
    /// Closes the incidents that are over and tells what was held back, up to a time.
    fn run_until(&mut self, now: Timestamp) -> Result<(), E> {
        loop {
            let mut due = pollster::block_on(self.ledger.due(now)).unwrap_or_default();
            due.sort_by_key(Due::end);
            if due.is_empty() {
                break;
            }
            for due in due {
                self.settle(due, now)?;
            }
        }
        while let Some(at) = self.next.filter(|at| *at <= now) {
            let (held, named) =
                pollster::block_on(flow::tell_held(self.ledger, self.mailbox, self.context, at)).unwrap_or_default();
            let told = self.mailbox.told.take();
            if named {
                (self.say)(Said::Held(told))?;
            }
            self.next = (held > 0).then_some(at + MINUTE);
        }
        Ok(())
    }

    fn settle(&mut self, due: Due, now: Timestamp) -> Result<(), E> {
        let end = due.end();
        let heard = pollster::block_on(flow::settle(self.ledger, self.mailbox, self.context, &due, end.min(now)));
        if end > now {
            return Ok(());
        }
        let told = self.heard(heard.unwrap_or(Heard::No), end);
        (self.say)(Said::Incident(due, told))
    }

    /// Whether people heard, with the alert that they got.
    fn heard(&mut self, heard: Heard, now: Timestamp) -> Told {
        match heard {
            Heard::No => Told::No,
            Heard::Told => self.mailbox.told.take(),
            Heard::HeldBack => {
                self.next = self.next.or(Some(now + MINUTE));
                Told::HeldBack
            }
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
