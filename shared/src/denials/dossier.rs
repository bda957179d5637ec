//! What the ledger keeps of a principal: what it was denied, which events were counted, and its open incident.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Denials;
use crate::finding::{Finding, Severity};
use crate::fingerprint;
use crate::ledger::LEASE;

/// How long a counted event is known again. A queue gives a message back five times, each after five minutes.
pub const REMEMBERED: SignedDuration = SignedDuration::from_mins(30);
/// How many counted events are known again, those counted last: they have 320 KB, and an item of the table 400.
pub const MOST_COUNTED: usize = 40_000;
/// How long the last of them are: a message that failed is kept for fourteen days from when it first came, and tried again for half
/// an hour if somebody gives it back.
const REMEMBERED_OF_FEW: SignedDuration = SignedDuration::from_hours(15 * 24);
/// How many those are: few enough not to be felt in what a write costs.
const MOST_REMEMBERED_LONG: usize = 1_000;

/// So few events are looked up one by one.
const FEW: usize = 8;

/// All that is kept of the denied calls of one principal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dossier {
    /// Grows with each write: whoever read an older one must read again.
    pub version: u64,
    /// Shared with whoever judges by it: it is copied only to be changed.
    pub denials: Arc<Denials>,
    pub counted: Counted,
    /// The incident, while it is open.
    pub open: Option<Open>,
}

/// An open incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// The ledger does not have it yet.
    pub is_new: bool,
    pub opened: Timestamp,
    pub last: Timestamp,
    pub count: u64,
    /// How many of them people have heard of.
    pub told: u64,
    /// The loudest finding that spoke, else the first.
    pub finding: Finding,
    /// How loud that was.
    pub spoke: Option<Severity>,
    /// Somebody is about to tell of it.
    pub owed: Option<Owed>,
    /// It is whoever holds this.
    pub owes: bool,
}

/// An alert that was decided on, and is not out yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    pub severity: Severity,
    /// Until then it is told by who decided on it; after that by whoever comes first.
    pub until: Timestamp,
    /// People heard of it, and machines did not yet.
    pub heard: bool,
}

/// What became of what was owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// People heard of so many, and machines too.
    All(u64),
    /// People heard of so many; machines are to be told by whoever comes next.
    People(u64),
    /// Nobody heard: whoever comes next is to tell.
    Nothing,
}

impl Owed {
    /// An alert of that severity.
    #[must_use]
    pub fn of(severity: Severity) -> Self {
        Self { severity, until: Timestamp::UNIX_EPOCH, heard: false }
    }

    /// What machines alone are to get.
    #[must_use]
    pub fn to_machines(severity: Severity) -> Self {
        Self { heard: true, ..Self::of(severity) }
    }

    /// What is left of it; nothing, once all heard.
    #[must_use]
    pub fn after(self, settled: Settled) -> Option<Self> {
        let left = Self { until: Timestamp::UNIX_EPOCH, ..self };
        match settled {
            Settled::All(_) => None,
            Settled::People(_) => Some(Self { heard: true, ..left }),
            Settled::Nothing => Some(left),
        }
    }
}

impl Settled {
    /// Of how many people heard.
    #[must_use]
    pub fn told(self) -> u64 {
        match self {
            Self::All(count) | Self::People(count) => count,
            Self::Nothing => 0,
        }
    }
}

/// Which events were counted, so that one that comes again is not counted twice: 64 bits of each, by the minute in which
/// they were counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    minutes: Vec<(i64, Arc<Vec<u64>>)>,
}

impl Open {
    /// An incident that begins with this finding, which is not yet counted.
    #[must_use]
    pub fn with(finding: Finding, now: Timestamp) -> Self {
        Self { is_new: true, opened: now, last: now, count: 0, told: 0, finding, spoke: None, owed: None, owes: false }
    }

    /// Takes on to tell of something.
    pub fn owe(&mut self, owed: Owed, now: Timestamp) {
        self.owed = Some(Owed { until: now + LEASE, ..owed });
        self.owes = true;
    }
}

impl Counted {
    /// All of them, to look many events up.
    #[must_use]
    pub fn known(&self) -> HashSet<u64> {
        self.minutes.iter().flat_map(|(_, marks)| marks.iter()).copied().collect()
    }

    /// Those of the given marks that are among them: of a few without looking at all of them as a set.
    #[must_use]
    pub fn known_of(&self, marks: &[u64]) -> HashSet<u64> {
        if marks.len() > FEW {
            return self.known();
        }
        let known = |mark: &u64| self.minutes.iter().any(|(_, marks)| marks.contains(mark));
        marks.iter().copied().filter(known).collect()
    }

    /// Adds events that are counted now, and forgets what is too old or too much.
    pub fn add(&mut self, marks: &[u64], now: Timestamp) {
        let minute = now.as_second().div_euclid(60);
        match self.minutes.last_mut() {
            Some((last, known)) if *last >= minute => Arc::make_mut(known).extend(marks),
            _ => self.minutes.push((minute, Arc::new(marks.to_vec()))),
        }
        let minute_of = |time: Timestamp| time.as_second().div_euclid(60);
        self.minutes.retain(|(minute, _)| *minute >= minute_of(now - REMEMBERED_OF_FEW));
        let lately = minute_of(now - REMEMBERED);
        let late = self.minutes.iter().filter(|(minute, _)| *minute >= lately).map(|(_, marks)| marks.len()).sum();
        let mut over = self.len().saturating_sub(MOST_REMEMBERED_LONG.max(late).min(MOST_COUNTED));
        for (_, marks) in &mut self.minutes {
            let gone = over.min(marks.len());
            if gone > 0 {
                Arc::make_mut(marks).drain(..gone);
            }
            over -= gone;
        }
        self.minutes.retain(|(_, marks)| !marks.is_empty());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.minutes.iter().map(|(_, marks)| marks.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// Eight bytes each: for each minute the minute, how many, and they.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 * self.len() + 16 * self.minutes.len());
        for (minute, marks) in &self.minutes {
            bytes.extend(minute.to_be_bytes());
            bytes.extend((marks.len() as u64).to_be_bytes());
            bytes.extend(marks.iter().flat_map(|mark| mark.to_be_bytes()));
        }
        bytes
    }

    /// What [`Counted::to_bytes`] wrote; what cannot be read ends it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        let mut words = words.iter().copied();
        let mut minutes = Vec::new();
        while let (Some(minute), Some(many)) = (words.next(), words.next()) {
            let many = usize::try_from(u64::from_be_bytes(many)).unwrap_or(0);
            let marks: Vec<u64> = words.by_ref().take(many).map(u64::from_be_bytes).collect();
            minutes.push((i64::from_be_bytes(minute), Arc::new(marks)));
        }
        Self { minutes }
    }
}

/// What an event is known by: its id, whatever that is.
#[must_use]
pub(crate) fn mark(event_id: &str) -> u64 {
    u64::from_str_radix(&fingerprint::of([event_id], 8), 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn all_that_was_counted_is_known_for_half_an_hour_and_the_last_of_it_as_long_as_a_queue_keeps_it() {
        let few: Vec<u64> = (0..10).collect();
        let many: Vec<u64> = (10..5_000).collect();
        let mut counted = Counted::default();
        counted.add(&few, at(0));
        counted.add(&many, at(60));
        counted.add(&[5_000], at(30 * 60 + 60));
        assert_eq!(counted.known(), (0..=5_000).skip(10).collect(), "what is older goes first");
        counted.add(&[5_001], at(30 * 60 + 120));
        assert_eq!(counted.known(), (0..=5_001).skip(5_002 - MOST_REMEMBERED_LONG).collect());
        let weeks = REMEMBERED_OF_FEW.as_secs();
        counted.add(&[5_002], at(60 + weeks));
        assert_eq!(counted.len(), MOST_REMEMBERED_LONG);
        counted.add(&[5_003], at(120 + weeks));
        assert_eq!(counted.known(), HashSet::from([5_000, 5_001, 5_002, 5_003]));
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let mut counted = Counted::default();
        let many: Vec<u64> = (0..MOST_COUNTED as u64).collect();
        counted.add(&many, at(0));
        counted.add(&[u64::MAX], at(60));
        assert_eq!(counted.len(), MOST_COUNTED);
        assert!(!counted.known().contains(&0) && counted.known().contains(&u64::MAX));
        assert!(counted.to_bytes().len() < 350_000, "an item has 400 KB");
    }

    #[test]
    fn at_a_hundred_calls_a_second_all_are_known_until_a_message_comes_again() {
        let mut counted = Counted::default();
        for second in 0..300_u64 {
            let now = at(i64::try_from(second).unwrap());
            counted.add(&(second * 100..(second + 1) * 100).collect::<Vec<_>>(), now);
        }
        assert_eq!(counted.known().len(), 30_000);
    }

    proptest! {
        #[test]
        fn they_are_read_as_they_were_written(steps in prop::collection::vec((0_i64..4_000, prop::collection::vec(any::<u64>(), 0..20)), 0..20)) {
            let mut counted = Counted::default();
            let mut now = 0;
            for (step, marks) in steps {
                now += step;
                counted.add(&marks, at(now));
            }
            prop_assert_eq!(Counted::from_bytes(&counted.to_bytes()), counted);
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Counted::from_bytes(&bytes).len() <= bytes.len() / 8);
        }
    }
}
