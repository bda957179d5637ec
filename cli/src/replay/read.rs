//! From files to findings, on several threads.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::facts;
use iamwatch::facts::past::{self, Lesson, USUAL_AFTER};
use iamwatch::finding::Finding;
use iamwatch::ledger::MemoryKey;
use iamwatch::watcher::{Admissions, Glance, Watcher};
use jiff::Timestamp;
use serde_json::Value;

use super::records::{Flaw, Raw, Reader};
use super::scan::{Cursor, Holds};
use super::walk::Input;

/// What was found in all files, in an order that depends on the events alone.
#[derive(Debug, Default)]
pub(super) struct Haul {
    pub(super) found: Vec<Found>,
    pub(super) records: u64,
    /// Records that are no CloudTrail records. Each has a finding that says why.
    pub(super) unreadable: u64,
    pub(super) files: u64,
    /// Of text, unpacked.
    pub(super) bytes: u64,
    /// Files that are damaged, each with its flaws, sorted.
    pub(super) broken: Vec<(PathBuf, Vec<Flaw>)>,
}

/// Something for one watcher to follow up.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The event's time, as the clock of the ledger.
    pub(super) now: Timestamp,
    /// The event's.
    id: Box<str>,
    pub(super) watcher: Watcher,
    pub(super) what: What,
    /// Tells records with one id from each other.
    mark: u64,
}

/// What there is to follow up.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// What the event teaches, after what was found in it if anything was.
    Judged(Option<Box<Finding>>, Vec<Lesson>),
    /// The text of an event whose judgement needs what came before it, and so waits until all events are in order. As text
    /// it takes a tenth of the room.
    Waiting(Box<[u8]>),
}

/// Whether an event has to wait for those before it, and what it leaves for those after it.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    /// It is judged by what came before it.
    pub(super) waits: bool,
    /// What came before it is told beside what is found in it.
    pub(super) waits_if_found: bool,
    pub(super) lessons: Vec<Lesson>,
}

/// Reads all files. `ticks` is told of every file that is done, from any thread.
pub(super) fn read(files: &[Input], context: &Context<'_>, threads: NonZeroUsize, ticks: &(dyn Fn() + Sync)) -> Haul {
    let admissions = Admissions::new();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut judge = Judge {
            admissions: &admissions,
            context: *context,
            nest: Vec::new(),
            shown: HashMap::new(),
            haul: Haul::default(),
        };
        let mut reader = Reader::new();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            judge.file(&mut reader, file);
            ticks();
        }
        judge.haul
    };
    let mut haul = if threads.get() == 1 || files.len() < 2 {
        work()
    } else {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.get().min(files.len())).map(|_| scope.spawn(work)).collect();
            // A worker that panics is a bug: it is shown, not swallowed.
            let hauls =
                workers.into_iter().map(|worker| worker.join().unwrap_or_else(|why| std::panic::resume_unwind(why)));
            hauls.fold(Haul::default(), Haul::and)
        })
    };
    haul.found.sort_unstable_by(Found::in_order);
    haul.broken.sort_unstable();
    haul
}

/// One thread's work.
struct Judge<'a> {
    admissions: &'a Admissions,
    context: Context<'a>,
    nest: Vec<u8>,
    /// The first time that each habit was shown on each day, among the events of this thread.
    shown: HashMap<(MemoryKey, i64), Timestamp>,
    haul: Haul,
}

impl Judge<'_> {
    fn file(&mut self, reader: &mut Reader, input: &Input) {
        let (path, opened): (_, io::Result<Box<dyn Read>>) = match input {
            Input::Stdin => (PathBuf::from("standard input"), Ok(Box::new(io::stdin().lock()))),
            Input::File(path) => (path.clone(), File::open(path).map(|file| Box::new(file) as Box<dyn Read>)),
        };
        let flaws = match opened {
            Ok(mut file) => {
                let (bytes, flaws) = reader.read(&mut file, &mut |raw| self.record(raw));
                self.haul.bytes += bytes;
                self.haul.files += 1;
                flaws
            }
            Err(error) => vec![Flaw { place: None, what: format!("cannot be read: {error}") }],
        };
        if !flaws.is_empty() {
            self.haul.broken.push((path, flaws));
        }
    }

    /// Looks at one record. Says why it cannot be read, if it is no JSON.
    fn record(&mut self, raw: &Raw<'_>) -> Option<String> {
        self.haul.records += 1;
        if self.glance(raw).is_some_and(|glance| self.admissions.of(&glance).is_empty()) {
            return None;
        }
        let (event, flaw) = decode(raw.text);
        self.look(&event, raw.text);
        flaw
    }

    fn glance<'r>(&mut self, raw: &Raw<'r>) -> Option<Glance<'r>> {
        let Holds::Envelope(detail) = raw.sight.holds() else { return raw.sight.glance() };
        if raw.sight.is_odd() {
            return None;
        }
        // The place is counted in the text that the envelope was found in.
        Cursor::new(raw.within(&detail)?, 0, &mut self.nest).sight().ok()?.glance()
    }

    fn look(&mut self, event: &Event, text: &[u8]) {
        let watchers = if event.fault().is_some() {
            self.haul.unreadable += 1;
            vec![Watcher::RootUsage]
        } else {
            self.admissions.of(&Glance::of(event))
        };
        if watchers.is_empty() {
            return;
        }
        let ties = facts::ties(event);
        let at = time_of(event);
        let new = ties.habits.iter().any(|habit| !self.is_usual(habit, at));
        let mut lessons: Vec<Lesson> = past::lessons(event, at).collect();
        lessons.retain(|lesson| match lesson {
            Lesson::Habit(key, at) => self.is_new_that_day(key, *at),
            Lesson::Trace(..) => true,
        });
        let turn = Turn { waits: ties.firm || new, waits_if_found: ties.loose, lessons };
        self.haul
            .found
            .extend(watchers.into_iter().filter_map(|watcher| Found::of(watcher, event, text, &turn, &self.context)));
    }

    /// Whether an event of a day before showed that habit, and another one before on the same day: both as far as this thread
    /// knows.
    fn is_usual(&self, habit: &MemoryKey, at: Timestamp) -> bool {
        let day = day_of(at);
        let shown = |day: i64| self.shown.get(&(habit.clone(), day));
        let before = shown(day - 1).is_some_and(|first| at.duration_since(*first) >= USUAL_AFTER);
        (before || shown(day - 2).is_some()) && shown(day).is_some_and(|first| *first <= at)
    }

    /// Whether nobody showed that habit before on that day, as far as this thread knows. What comes after finds it noted.
    fn is_new_that_day(&mut self, habit: &MemoryKey, at: Timestamp) -> bool {
        let first = self.shown.entry((habit.clone(), day_of(at))).or_insert(Timestamp::MAX);
        let new = at < *first;
        *first = at.min(*first);
        new
    }
}

/// Days since 1970.
fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(24 * 60 * 60)
}

/// Reads a record in full, and says why it is no JSON if it is none.
pub(super) fn decode(text: &[u8]) -> (Event, Option<String>) {
    match serde_json::from_slice(text) {
        Ok(value) => (Event::decode(value), None),
        Err(error) => {
            let what = format!("the record is no JSON: {error}");
            let payload = Value::from(String::from_utf8_lossy(text));
            (Event::unreadable(&payload, what.clone()), Some(what))
        }
    }
}

/// The event's time as the ledger's clock. The event chooses it, and the ledger adds to it: leave room for that.
pub(super) fn time_of(event: &Event) -> Timestamp {
    let latest = "9998-01-01T00:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    event.time.unwrap_or_default().clamp(Timestamp::UNIX_EPOCH, latest)
}

impl Found {
    /// What one watcher has to follow up of an event, if there is anything.
    pub(super) fn of(watcher: Watcher, event: &Event, text: &[u8], turn: &Turn, context: &Context<'_>) -> Option<Self> {
        let found = if turn.waits { Vec::new() } else { detect::find(watcher, event, context) };
        let what = if turn.waits || (turn.waits_if_found && !found.is_empty()) {
            What::Waiting(text.into())
        } else {
            let finding = detect::speak(found, event, context);
            if finding.is_none() && turn.lessons.is_empty() {
                return None;
            }
            What::Judged(finding.map(Box::new), turn.lessons.clone())
        };
        let mut hash = DefaultHasher::new();
        text.hash(&mut hash);
        Some(Self { now: time_of(event), id: event.id.as_str().into(), watcher, what, mark: hash.finish() })
    }

    /// The same order for the same events, wherever they were read. Two records with one id are one delivery, so which of
    /// them comes first must not be left to chance.
    pub(super) fn in_order(&self, other: &Self) -> std::cmp::Ordering {
        self.now
            .cmp(&other.now)
            .then_with(|| self.id.cmp(&other.id))
            .then_with(|| self.watcher.cmp(&other.watcher))
            .then_with(|| self.mark.cmp(&other.mark))
    }
}

impl Haul {
    fn and(mut self, other: Self) -> Self {
        self.found.extend(other.found);
        self.broken.extend(other.broken);
        self.records += other.records;
        self.unreadable += other.unreadable;
        self.files += other.files;
        self.bytes += other.bytes;
        self
    }
}
