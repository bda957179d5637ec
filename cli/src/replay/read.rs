//! From files to findings, on several threads.

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use flate2::Crc;
use iamwatch::denials;
use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::facts::past::{self, Lesson, Question};
use iamwatch::facts::{self, Facts, Ties};
use iamwatch::ledger::MemoryKey;
use iamwatch::watcher::{Admissions, Glance, Watcher};
use jiff::Timestamp;
use serde_json::Value;

use super::records::{Flaw, Raw, Reader};
use super::scan::{Cursor, Holds, Sight};
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
    pub(super) watcher: Watcher,
    pub(super) what: What,
    /// What the event teaches.
    pub(super) lessons: Box<[Lesson]>,
    /// Tells records of one time from each other.
    mark: u32,
}

/// What there is to follow up. What came before an event is known once all events are in order.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// Nothing is found in it: it only teaches.
    Quiet,
    /// The text of an event that is judged by what came before. As text it takes a tenth of the room.
    Waiting { text: Box<[u8]>, questions: Box<[Question]> },
    /// The text of a denied call, which is judged with all that its principal was denied.
    Denied(Box<[u8]>),
    /// Nothing is found in it, unless an answer is telling. Most events that are counted are such.
    Unread { text: Text, questions: Box<[Question]> },
}

/// The text of a record that perhaps nobody needs.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Held(Box<[u8]>),
    /// To be read again.
    At(Place),
}

/// How files are read.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) admissions: &'a Admissions,
    pub(super) context: Context<'a>,
    pub(super) threads: NonZeroUsize,
    /// Bytes of text that may not be needed and are held all the same, of all files together: else a whole file is read
    /// again for one record.
    pub(super) hold: usize,
}

/// What fits beside all else into the memory that a replay is to take.
pub(super) const HOLD: usize = 1024 * 1024;

/// Where the text of a record stands. Places are in the order of the files, and of their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The index of the file.
    pub(super) file: u32,
    /// In the file's text, in bytes.
    begin: u64,
    length: u32,
}

/// How an event hangs together with those before it and after it.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    pub(super) ties: Ties,
    pub(super) lessons: Box<[Lesson]>,
    /// Where it can be read again, if its text is not to be held.
    pub(super) place: Option<Place>,
}

/// Reads all files. `ticks` is told of every file that is done, from any thread.
pub(super) fn read(files: &[Input], how: &How<'_>, ticks: &(dyn Fn() + Sync)) -> Haul {
    let (next, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut judge = Judge {
            how: *how,
            nest: Vec::new(),
            shown: HashMap::new(),
            source: None,
            held: &held,
            haul: Haul::default(),
        };
        let mut reader = Reader::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(number) else { break };
            judge.source = u32::try_from(number).ok().map(|number| Source { number, file, can_be_read_again: None });
            judge.file(&mut reader, file);
            ticks();
        }
        judge.haul
    };
    let mut haul = if how.threads.get() == 1 || files.len() < 2 {
        work()
    } else {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..how.threads.get().min(files.len())).map(|_| scope.spawn(work)).collect();
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
    how: How<'a>,
    nest: Vec<u8>,
    /// The first time that each habit was shown on each day, among the events of this thread.
    shown: HashMap<(MemoryKey, i64), Timestamp>,
    source: Option<Source<'a>>,
    /// How much text all threads hold.
    held: &'a AtomicUsize,
    haul: Haul,
}

/// The file that is read.
struct Source<'a> {
    /// Its index.
    number: u32,
    file: &'a Input,
    /// Known once that is asked: for most files nobody does.
    can_be_read_again: Option<bool>,
}

impl Source<'_> {
    fn place(&mut self, raw: &Raw<'_>) -> Option<Place> {
        let again = *self.can_be_read_again.get_or_insert_with(|| self.file.can_be_read_again());
        again.then(|| Place::of(raw, self.number))?
    }
}

impl Judge<'_> {
    fn file(&mut self, reader: &mut Reader, input: &Input) {
        let flaws = match input.open() {
            Ok(mut file) => {
                let (bytes, flaws) = reader.read(&mut file, &mut |raw| self.record(raw));
                self.haul.bytes += bytes;
                self.haul.files += 1;
                flaws
            }
            Err(error) => vec![Flaw { place: None, what: format!("cannot be read: {error}") }],
        };
        if !flaws.is_empty() {
            self.haul.broken.push((input.path(), flaws));
        }
    }

    /// Looks at one record. Says why it cannot be read, if it is no JSON.
    fn record(&mut self, raw: &Raw<'_>) -> Option<String> {
        self.haul.records += 1;
        let sight = self.sight(raw);
        let glance = sight.as_ref().and_then(|sight| sight.glance());
        let seen = glance.as_ref().map(|glance| self.admitted(glance, raw.text));
        if seen.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        // Most denied calls are read once: when they are judged, with others.
        let denied =
            seen.as_deref() == Some(&[Watcher::AccessDenied]) && glance.is_some_and(|glance| glance.is_denied());
        if let Some(sight) = sight.as_ref().filter(|_| denied)
            && let (Some(time), Some(account)) = (sight.time().and_then(|time| time.parse().ok()), sight.account())
        {
            self.haul.found.push(Found::denied(Some(time), account, raw.text));
            return None;
        }
        let (event, flaw) = decode(raw.text);
        let watchers = if event.fault().is_some() {
            self.haul.unreadable += 1;
            vec![Watcher::RootUsage]
        } else {
            seen.unwrap_or_else(|| self.admitted(&Glance::of(&event), raw.text))
        };
        if !watchers.is_empty() {
            self.look(watchers, &event, raw);
        }
        flaw
    }

    /// What the scan saw of the record itself, if that is certain.
    fn sight<'s, 'r>(&mut self, raw: &'s Raw<'r>) -> Option<Cow<'s, Sight<'r>>> {
        let Holds::Envelope(detail) = raw.sight.holds() else { return Some(Cow::Borrowed(&raw.sight)) };
        if raw.sight.is_odd() {
            return None;
        }
        // The place is counted in the text that the envelope was found in.
        Cursor::new(raw.within(&detail)?, 0, &mut self.nest).sight().ok().map(Cow::Owned)
    }

    fn look(&mut self, watchers: Vec<Watcher>, event: &Event, raw: &Raw<'_>) {
        let ties = facts::ties(event);
        let at = clock(event.time);
        let lessons = past::lessons(event, at).filter(|lesson| match lesson {
            Lesson::Habit(key, at, _) => self.is_new_that_day(key, *at),
            Lesson::Trace(..) => true,
        });
        let lessons: Box<[Lesson]> = lessons.collect();
        let place = if ties.questions.is_empty() || self.holds(raw.text.len(), &lessons) {
            None
        } else {
            self.source.as_mut().and_then(|source| source.place(raw))
        };
        let turn = Turn { ties, lessons, place };
        let turns = iter::repeat_n(turn, watchers.len()).zip(watchers);
        let context = &self.how.context;
        self.haul.found.extend(turns.filter_map(|(turn, watcher)| Found::of(watcher, event, raw.text, turn, context)));
    }

    /// The watchers that a record starts. What names a principal that nobody uses a rule of its own delivers.
    fn admitted(&self, glance: &Glance<'_>, text: &[u8]) -> Vec<Watcher> {
        let mut watchers = self.how.admissions.of(glance);
        let mut honey = self.how.context.config.honey_principals.iter();
        let named = honey.any(|arn| text.windows(arn.len()).any(|part| part == arn.as_bytes()));
        if named && !watchers.contains(&Watcher::AccessDenied) {
            watchers.push(Watcher::AccessDenied);
        }
        watchers
    }

    /// Whether text of that length is held, and counts it. What shows something new is more likely to be needed: when less
    /// than half of the room is left, it is for that.
    fn holds(&self, length: usize, lessons: &[Lesson]) -> bool {
        let new = lessons.iter().any(|lesson| matches!(lesson, Lesson::Habit(..)));
        let room = if new { self.how.hold } else { self.how.hold / 2 };
        let fits = self.held.load(Ordering::Relaxed) < room;
        if fits {
            self.held.fetch_add(length, Ordering::Relaxed);
        }
        fits
    }

    /// Whether nobody showed that habit before on that day, as far as this thread knows. What comes after finds it noted.
    fn is_new_that_day(&mut self, habit: &MemoryKey, at: Timestamp) -> bool {
        let day = at.as_second().div_euclid(24 * 60 * 60);
        let first = self.shown.entry((*habit, day)).or_insert(Timestamp::MAX);
        let new = at < *first;
        *first = at.min(*first);
        new
    }
}

/// Reads a record in full, and says why it is no JSON if it is none.
pub(super) fn decode(text: &[u8]) -> (Event, Option<String>) {
    // Text that is known to be UTF-8 need not be looked through string by string.
    let read = str::from_utf8(text).map_or_else(|_| serde_json::from_slice(text), serde_json::from_str);
    match read {
        Ok(value) => (Event::decode(value), None),
        Err(error) => {
            let what = format!("the record is no JSON: {error}");
            let payload = Value::from(String::from_utf8_lossy(text));
            (Event::unreadable(&payload, what.clone()), Some(what))
        }
    }
}

/// An event's time as the ledger's clock. The event chooses it, and the ledger adds to it: leave room for that.
pub(super) fn clock(time: Option<Timestamp>) -> Timestamp {
    static LATEST: LazyLock<Timestamp> = LazyLock::new(|| "9998-01-01T00:00:00Z".parse().unwrap_or_default());
    time.unwrap_or_default().clamp(Timestamp::UNIX_EPOCH, *LATEST)
}

impl Place {
    fn of(raw: &Raw<'_>, file: u32) -> Option<Self> {
        Some(Self { file, length: raw.text.len().try_into().ok()?, begin: raw.begin })
    }

    /// In the file's text, in bytes.
    pub(super) fn span(&self) -> Range<u64> {
        self.begin..self.begin + u64::from(self.length)
    }
}

fn mark(text: &[u8]) -> u32 {
    let mut mark = Crc::new();
    mark.update(text);
    mark.sum()
}

impl Found {
    /// What one watcher has to follow up of an event, if there is anything.
    pub(super) fn of(watcher: Watcher, event: &Event, text: &[u8], turn: Turn, context: &Context<'_>) -> Option<Self> {
        if watcher == Watcher::AccessDenied && denials::is_one(event) {
            return Some(Self::denied(event.time, &event.account, text));
        }
        let Turn { ties: Ties { documents, questions }, lessons, place } = turn;
        let finds = || {
            let facts = Facts { past: past::nothing_learned(&questions), ..Facts::NONE.clone() };
            !detect::find(watcher, event, &context.with(&facts)).is_empty()
        };
        let what = if documents || finds() {
            What::Waiting { text: text.into(), questions: questions.into() }
        } else if !questions.is_empty() {
            let text = place.map_or_else(|| Text::Held(text.into()), Text::At);
            What::Unread { text, questions: questions.into() }
        } else if lessons.is_empty() {
            return None;
        } else {
            What::Quiet
        };
        Some(Self { now: clock(event.time), watcher, what, lessons, mark: mark(text) })
    }

    fn denied(time: Option<Timestamp>, account: &str, text: &[u8]) -> Self {
        let now = clock(time);
        Self {
            now,
            watcher: Watcher::AccessDenied,
            what: What::Denied(text.into()),
            // What else it teaches it does only where people are told of it.
            lessons: Box::new([Lesson::of_denied(account, now)]),
            mark: mark(text),
        }
    }

    /// Whether that is the text that it was made of.
    pub(super) fn is_of(&self, text: &[u8]) -> bool {
        self.mark == mark(text)
    }

    /// The same order for the same events, wherever they were read. Two records with one id are one delivery, so which of
    /// them comes first must not be left to chance.
    pub(super) fn in_order(&self, other: &Self) -> std::cmp::Ordering {
        (self.now, self.mark, self.watcher).cmp(&(other.now, other.mark, other.watcher))
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
