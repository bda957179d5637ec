//! What on-call would have been told: the findings go down the same line as live, with the events' time as the clock.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread;

use iamwatch::alert::{self, Alert};
use iamwatch::cap::Held;
use iamwatch::detect::Context;
use iamwatch::event::Event;
use iamwatch::exceptions::Exceptions;
use iamwatch::facts::past::{Lesson, Question};
use iamwatch::facts::{self, Unread};
use iamwatch::finding::Finding;
use iamwatch::flow::{self, Heard, Line, MOST_TOGETHER, Machines, Outcome, People, Together, Undelivered, WAITING};
use iamwatch::ledger::{Due, Ledger, Memory, Standing};
use iamwatch::watcher::Watcher;
use jiff::{SignedDuration, Timestamp};

use super::read::{Found, What, decode};

/// How often the digest looks.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What came of the findings, in the order of time.
#[derive(Debug)]
pub(super) enum Said {
    Finding(Finding, Standing, Told),
    /// The exception that keeps findings from people, and how many of them.
    Suppressed(String, u64),
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
    threads: NonZeroUsize,
    say: impl FnMut(Said) -> Result<(), E>,
) -> Result<(), E> {
    let ledger = Memory::default();
    let mailbox = Mailbox { wording, told: RefCell::default() };
    let digest = Digest { ledger: &ledger, mailbox: &mailbox, context, next: None, say };
    let teller = Teller { digest, exceptions, batch: Batch::default() };
    ahead(found, threads, |read, done| pollster::block_on(teller.tell(read, done)))
}

/// How many records are read ahead in one go, and how many goes may wait: few, since each record takes ten times its text.
const STRETCH: usize = 32;
const STRETCHES: usize = 2;

/// What there is to follow up, with its record read.
struct Ready {
    now: Timestamp,
    watcher: Watcher,
    step: Step,
    lessons: Box<[Lesson]>,
}

enum Step {
    Learn,
    Count(Box<[Question]>),
    Watch(Box<Event>),
    Denied(Box<Event>),
}

impl Ready {
    fn of(Found { now, watcher, what, lessons, .. }: Found) -> Self {
        let read = |text: &[u8]| Box::new(decode(text).0);
        let step = match what {
            What::Quiet => Step::Learn,
            What::Unread { questions, .. } => Step::Count(questions),
            What::Waiting { text, .. } => Step::Watch(read(&text)),
            What::Denied(text) => Step::Denied(read(&text)),
        };
        Self { now, watcher, step, lessons }
    }
}

/// Gives all that was found to `judge` with its records read: by another thread, if there is one, while those before are
/// judged. That thread gets them back, since memory is best given back where it was taken.
fn ahead<T>(
    found: Vec<Found>,
    threads: NonZeroUsize,
    judge: impl FnOnce(&mut dyn Iterator<Item = Ready>, &mut dyn FnMut(Event)) -> T,
) -> T {
    let mut found = found.into_iter();
    if threads.get() == 1 {
        return judge(&mut found.map(Ready::of), &mut drop);
    }
    let (send, read) = mpsc::sync_channel(STRETCHES);
    let (back, returned) = mpsc::channel::<Vec<Event>>();
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let stretch: Vec<Ready> = found.by_ref().take(STRETCH).map(Ready::of).collect();
                if stretch.is_empty() || send.send(stretch).is_err() {
                    break;
                }
                returned.try_iter().for_each(drop);
            }
        });
        let mut used = Vec::new();
        judge(&mut read.into_iter().flatten(), &mut |event| {
            used.push(event);
            if used.len() == STRETCH {
                // Whoever is done reading needs nothing back.
                let _ = back.send(std::mem::take(&mut used));
            }
        })
    })
}

/// The denied calls that wait for each other, as in the queue before the function that looks at them.
#[derive(Default)]
struct Batch {
    /// When they are looked at.
    at: Timestamp,
    events: Vec<Event>,
}

impl Batch {
    fn add(&mut self, event: Event, now: Timestamp) {
        if self.events.is_empty() {
            self.at = now + WAITING;
        }
        self.events.push(event);
    }

    fn is_over(&self, now: Timestamp) -> bool {
        !self.events.is_empty() && (self.at <= now || self.events.len() >= MOST_TOGETHER)
    }
}

/// The line, with those before it and behind it.
struct Teller<'a, S> {
    digest: Digest<'a, S>,
    exceptions: &'a Exceptions,
    batch: Batch,
}

impl<S: FnMut(Said) -> Result<(), E>, E> Teller<'_, S> {
    async fn tell(mut self, all: &mut dyn Iterator<Item = Ready>, done: &mut dyn FnMut(Event)) -> Result<(), E> {
        for Ready { now, watcher, step, lessons } in all {
            if self.batch.is_over(now) {
                self.judge_batch(now, done).await?;
            }
            self.digest.run_until(now).await?;
            let Digest { ledger, context, .. } = self.digest;
            match step {
                Step::Learn => facts::learn_all(lessons, ledger, now).await,
                Step::Count(questions) => {
                    for question in questions.iter().filter(|question| question.counts()) {
                        let _ = question.put(Some(now), context.config, ledger, now).await;
                    }
                    facts::learn_all(lessons, ledger, now).await;
                }
                Step::Watch(event) => {
                    // Memory is always in reach and the mailbox always open, so nothing is ever to be tried again.
                    match self.line(watcher).watch(&event, now).await {
                        Ok(Outcome::Found(finding, standing, heard)) => self.found(*finding, standing, heard, now)?,
                        Ok(Outcome::Suppressed(finding)) => {
                            (self.digest.say)(Said::Suppressed(finding.suppressed_by.unwrap_or_default(), 1))?;
                        }
                        Ok(Outcome::Quiet | Outcome::Known) | Err(_) => {}
                    }
                    done(*event);
                }
                Step::Denied(event) => self.batch.add(*event, now),
            }
        }
        self.judge_batch(Timestamp::MAX, done).await?;
        self.digest.run_until(Timestamp::MAX).await
    }

    /// Looks at the denied calls that were gathered: when their time is over, or now, if they are many before that.
    async fn judge_batch(&mut self, now: Timestamp, done: &mut dyn FnMut(Event)) -> Result<(), E> {
        let Batch { at, events } = std::mem::take(&mut self.batch);
        let at = at.min(now);
        self.digest.run_until(at).await?;
        // One principal after the other: what each is told is taken out of the mailbox before the next.
        for principal in flow::by_principal(&events.iter().collect::<Vec<&Event>>()) {
            let Together { outcome, added, .. } = self.line(Watcher::AccessDenied).watch_together(principal, at).await;
            for (exception, count) in added.suppressed {
                (self.digest.say)(Said::Suppressed(exception, count))?;
            }
            if let Ok(Outcome::Found(finding, standing, heard)) = outcome {
                self.found(*finding, standing, heard, at)?;
            }
        }
        events.into_iter().for_each(done);
        Ok(())
    }

    fn line(&self, watcher: Watcher) -> Line<'_, Memory, Mailbox, Mailbox, Unread, Exceptions> {
        let Digest { ledger, mailbox, context, .. } = self.digest;
        Line {
            watcher,
            context: *context,
            ledger,
            people: mailbox,
            machines: mailbox,
            policies: &Unread,
            exceptions: self.exceptions,
        }
    }

    fn found(&mut self, finding: Finding, standing: Standing, heard: Heard, now: Timestamp) -> Result<(), E> {
        let told = self.digest.heard(heard, now);
        (self.digest.say)(Said::Finding(finding, standing, told))
    }
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
    async fn run_until(&mut self, now: Timestamp) -> Result<(), E> {
        while self.ledger.is_due(now) {
            let mut due = self.ledger.due(now).await.unwrap_or_default();
            due.sort_by_key(Due::end);
            for due in due {
                self.settle(due, now).await?;
            }
        }
        while let Some(at) = self.next.filter(|at| *at <= now) {
            let (held, named) = flow::tell_held(self.ledger, self.mailbox, self.context, at).await.unwrap_or_default();
            let told = self.mailbox.told.take();
            if named {
                (self.say)(Said::Held(told))?;
            }
            self.next = (held > 0).then_some(at + MINUTE);
        }
        Ok(())
    }

    async fn settle(&mut self, due: Due, now: Timestamp) -> Result<(), E> {
        let end = due.end();
        let heard = flow::settle(self.ledger, self.mailbox, self.context, &due, end.min(now)).await;
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

    async fn tell_due(&self, due: &Due, context: &Context<'_>, now: Timestamp) -> Result<(), Undelivered> {
        self.told.replace(self.wording.of(|| alert::of_due(due, context, now)));
        Ok(())
    }

    async fn tell_held(&self, held: &[Held], context: &Context<'_>, now: Timestamp) -> Result<(), Undelivered> {
        self.told.replace(self.wording.of(|| alert::of_held(held, context, now)));
        Ok(())
    }
}

impl Machines for Mailbox {
    async fn hand_over(&self, _: &Finding, _: &Standing) -> Result<(), Undelivered> {
        Ok(())
    }
}
