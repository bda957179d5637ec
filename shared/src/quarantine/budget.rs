//! How many users may be contained before a person must look: a detection gone wrong, or an attacker who provokes it,
//! must not take the account's workloads down. Once it was spent, nothing is done by itself until a person has looked and
//! says so.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{LONGEST_WAIT, Refusal};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Users in an hour.
const PER_HOUR: usize = 3;
/// Users in a day.
const PER_DAY: usize = 10;
/// Records of one user in a day.
const PER_USER: usize = 3;
/// From one record of a user to the next: whoever makes key after key would have quarantine switch off one after another.
const BETWEEN: SignedDuration = SignedDuration::from_mins(15);

/// What was contained in the last 24 hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    spent: Vec<Spent>,
    /// Since when too many were contained, if no person reset it since.
    #[serde(default)]
    storm: Option<Timestamp>,
    /// Who waits since it is spent.
    #[serde(default)]
    heaps: Vec<Heap>,
    /// The same for the mail that says that our deny policy was rewritten.
    #[serde(default)]
    told_disarmed: Option<(String, Timestamp)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    record: String,
    user: String,
    at: Timestamp,
    /// Whether the user was cut off as a whole.
    #[serde(default)]
    whole: bool,
}

/// Records that wait for a person, told by one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Heap {
    /// The user who had enough; none in a storm.
    user: Option<String>,
    /// Whether they are users to be cut off as a whole: whatever is told of new keys, a person must know of them.
    #[serde(default)]
    whole: bool,
    /// Until when that is enough.
    until: Timestamp,
    /// Whether a person looked since.
    over: bool,
    /// In the order in which they came: the mail of the first says so.
    records: Vec<String>,
    /// About how many came when it was full: who tries twice is counted twice.
    #[serde(default)]
    more: usize,
    /// The record that tells that nobody approved them, and when it took that upon itself.
    #[serde(default)]
    ended_by: Option<(String, Timestamp)>,
}

/// Records of one heap: one of them reads them all when it tells that nobody approved them.
const HEAPED: usize = 300;
/// Records of all heaps: an item of the table holds 400 KB, and an item that cannot be written would stop every containment.
const HEAPED_IN_ALL: usize = 10 * HEAPED;

/// The budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// What stands against acting.
    pub refusal: Refusal,
    /// Whether people are to be told: of those who wait in a storm, or of one user, once an hour, of the rest always.
    pub tell: bool,
}

impl Budget {
    /// Spends on a record, or says that nothing is left. A record that was spent on already costs nothing.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when this user, or users in all, were contained too often, or this user just now. That a user of whom one key
    /// was contained is now to be cut off as a whole never waits.
    pub fn spend(&mut self, record: &str, user: &str, whole: bool, now: Timestamp) -> Result<(), Exhausted> {
        self.spent.retain(|spent| now.duration_since(spent.at) < DAY);
        if self.spent.iter().any(|spent| spent.record == record) {
            return Ok(());
        }
        let users = |within: SignedDuration| {
            let recent = self.spent.iter().filter(|spent| now.duration_since(spent.at) < within);
            recent.map(|spent| spent.user.as_str()).chain([user]).collect::<BTreeSet<_>>().len()
        };
        let of_user = self.spent.iter().filter(|spent| spent.user == user).count();
        if self.storm.is_none() && (users(HOUR) > PER_HOUR || users(DAY) > PER_DAY) {
            self.storm = Some(now);
        }
        if self.storm.is_some() || of_user >= PER_USER {
            let tell = self.heap(record, self.storm.is_none().then_some(user), whole, now);
            return Err(Exhausted { refusal: Refusal::BudgetSpent, tell });
        }
        let just = |spent: &&Spent| spent.user == user && (spent.whole || !whole);
        if self.spent.iter().filter(just).any(|spent| now.duration_since(spent.at) < BETWEEN) {
            return Err(Exhausted { refusal: Refusal::TooSoon, tell: true });
        }
        self.spent.push(Spent { record: record.to_owned(), user: user.to_owned(), at: now, whole });
        Ok(())
    }

    /// Puts a record to those that wait. Answers whether it tells of them.
    fn heap(&mut self, record: &str, user: Option<&str>, whole: bool, now: Timestamp) -> bool {
        self.heaps.retain(|heap| now < heap.until + LONGEST_WAIT + HOUR);
        let of_these =
            |heap: &&mut Heap| (heap.user.as_deref(), heap.whole) == (user, whole) && now < heap.until && !heap.over;
        let known = |known: &String| known == record;
        if let Some(heap) = self.heaps.iter().find(|heap| heap.records.iter().any(known)) {
            return heap.records.first().is_some_and(known);
        }
        let all: usize = self.heaps.iter().map(|heap| heap.records.len()).sum();
        match self.heaps.iter_mut().rev().find(of_these) {
            Some(heap) if heap.records.len() < HEAPED && all < HEAPED_IN_ALL => heap.records.push(record.to_owned()),
            Some(heap) => heap.more += 1,
            None => {
                self.heaps.push(Heap {
                    user: user.map(str::to_owned),
                    whole,
                    until: now + HOUR,
                    over: false,
                    records: vec![record.to_owned()],
                    more: 0,
                    ended_by: None,
                });
                return true;
            }
        }
        false
    }

    /// The heap of a record that came then: of those that came when it was full, it knows only that.
    fn heap_of(&self, record: &str, received: Timestamp) -> Option<usize> {
        let holds = |heap: &Heap| heap.records.iter().any(|known| known == record);
        let counts = |heap: &Heap| heap.more > 0 && (heap.until - HOUR..heap.until).contains(&received);
        self.heaps.iter().position(holds).or_else(|| self.heaps.iter().position(counts))
    }

    /// The records that wait with this one, in the order in which they came, and about how many more; none where it waits by
    /// itself.
    #[must_use]
    pub fn waiting_with(&self, record: &str, received: Timestamp) -> (&[String], usize) {
        let heap = self.heap_of(record, received).and_then(|at| self.heaps.get(at));
        heap.map(|heap| (heap.records.as_slice(), heap.more)).unwrap_or_default()
    }

    /// Which of those that wait with this record tells that nobody approved them, and since when, if one does.
    #[must_use]
    pub fn ended_by(&self, record: &str, received: Timestamp) -> Option<(&str, Timestamp)> {
        let heap = self.heaps.get(self.heap_of(record, received)?)?;
        heap.ended_by.as_ref().map(|(teller, since)| (teller.as_str(), *since))
    }

    /// This record tells of all that wait with it that nobody approved them.
    pub fn ends(&mut self, record: &str, received: Timestamp, now: Timestamp) {
        let heap = self.heap_of(record, received).and_then(|at| self.heaps.get_mut(at));
        if let Some(heap) = heap {
            heap.ended_by = Some((record.to_owned(), now));
        }
    }

    /// Whether people are to be told by a record, of which nothing else is told, that our deny policy was rewritten: once an hour.
    pub fn tells_disarmed(&mut self, record: &str, now: Timestamp) -> bool {
        tells(&mut self.told_disarmed, record, now)
    }

    /// Since when nothing is done by itself, if too many were contained.
    #[must_use]
    pub fn storm(&self) -> Option<Timestamp> {
        self.storm
    }

    /// The users that were contained by themselves in the last day, each once.
    #[must_use]
    pub fn users(&self) -> BTreeSet<&str> {
        self.spent.iter().map(|spent| spent.user.as_str()).collect()
    }

    /// A person looked: the budget is whole again. Who waits goes on waiting.
    pub fn reset(&mut self) {
        let mut heaps = std::mem::take(&mut self.heaps);
        // What comes next is news.
        for heap in &mut heaps {
            heap.over = true;
        }
        *self = Self { heaps, ..Self::default() };
    }
}

/// Whether a record tells what was not told within an hour, or by itself.
fn tells(told: &mut Option<(String, Timestamp)>, record: &str, now: Timestamp) -> bool {
    let tell = told.as_ref().is_none_or(|(by, until)| by == record || *until <= now);
    if tell {
        *told = Some((record.to_owned(), now + HOUR));
    }
    tell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn spent(tell: bool) -> Result<(), Exhausted> {
        Err(Exhausted { refusal: Refusal::BudgetSpent, tell })
    }

    #[test]
    fn the_fourth_user_in_an_hour_is_refused_and_told_once() {
        let mut budget = Budget::default();
        for user in ["a", "b", "c"] {
            assert_eq!(budget.spend(user, user, false, at(0)), Ok(()));
        }
        assert_eq!(budget.spend("d", "d", false, at(1)), spent(true));
        assert_eq!(budget.spend("e", "e", false, at(2)), spent(false));
        assert!(budget.spend("d", "d", false, at(60)).is_err(), "time alone ends no storm");
        assert_eq!((budget.storm(), budget.users().len()), (Some(at(1)), 3));
        budget.reset();
        assert_eq!(budget.spend("d", "d", false, at(60)), Ok(()));
    }

    #[test]
    fn a_storm_is_told_though_it_was_just_told_that_one_user_had_enough() {
        let mut budget = Budget::default();
        for record in ["1", "2", "3"] {
            assert_eq!(budget.spend(record, "a", false, at(15 * record.parse::<i64>().unwrap())), Ok(()));
        }
        assert_eq!(budget.spend("4", "a", false, at(61)), spent(true));
        assert_eq!(budget.spend("5", "b", false, at(62)), Ok(()));
        assert_eq!(budget.spend("6", "c", false, at(62)), Ok(()));
        assert_eq!(budget.spend("7", "d", false, at(63)), spent(true), "the storm begins");
        assert_eq!(budget.spend("8", "e", false, at(64)), spent(false));
    }

    #[test]
    fn that_the_policy_was_rewritten_is_told_each_hour_by_one_record() {
        let mut budget = Budget::default();
        let told = [("a", 0), ("b", 1), ("a", 2), ("b", 59), ("b", 62), ("a", 63)];
        let told = told.map(|(record, minutes)| budget.tells_disarmed(record, at(minutes)));
        assert_eq!(told, [true, false, true, false, true, false]);
    }

    #[test]
    fn a_storm_is_told_again_each_hour() {
        let mut budget = Budget::default();
        for user in ["a", "b", "c"] {
            assert_eq!(budget.spend(user, user, false, at(0)), Ok(()));
        }
        let told: Vec<bool> =
            (1..150).map(|n| budget.spend(&n.to_string(), "x", false, at(n)).unwrap_err().tell).collect();
        assert_eq!(told.iter().filter(|told| **told).count(), 3);
    }

    #[test]
    fn however_many_wait_the_budget_stays_small_and_each_is_told_of_by_one_mail() {
        let mut budget = Budget::default();
        for user in ["a", "b", "c"] {
            assert_eq!(budget.spend(user, user, false, at(0)), Ok(()));
        }
        let came = |n: i64| (format!("q-{n:012x}"), at(n / 40));
        let mut told = 0;
        for (record, at) in (0..12_000).map(came) {
            told += usize::from(budget.spend(&record, "x", false, at).unwrap_err().tell);
        }
        assert_eq!(told, 5, "one an hour");
        let size = serde_json::to_string(&budget).unwrap().len();
        assert!(size < 100_000, "{size}");
        for (record, at) in (0..12_000).map(came) {
            let (records, more) = budget.waiting_with(&record, at);
            assert_eq!((records.len(), more), (300, 2_100), "{record}");
        }
        assert_eq!(budget.waiting_with("another", at(600)), (&[][..], 0));
    }

    #[test]
    fn however_often_a_person_resets_it_the_budget_stays_small() {
        let mut budget = Budget::default();
        for round in 0..30 {
            budget.reset();
            for user in ["a", "b", "c"] {
                assert_eq!(budget.spend(user, user, false, at(0)), Ok(()));
            }
            let told = (0..400)
                .filter(|n| budget.spend(&format!("q-{round:04x}{n:08x}"), "x", false, at(0)).unwrap_err().tell)
                .count();
            assert_eq!(told, 1, "what comes next is news");
        }
        let size = serde_json::to_string(&budget).unwrap().len();
        assert!(size < 100_000, "{size}");
    }

    #[test]
    fn a_user_of_whom_a_key_was_just_contained_waits_a_quarter_of_an_hour_but_for_being_cut_off_as_a_whole() {
        let mut budget = Budget::default();
        let soon = Err(Exhausted { refusal: Refusal::TooSoon, tell: true });
        assert_eq!(budget.spend("1", "a", false, at(0)), Ok(()));
        assert_eq!(budget.spend("1", "a", false, at(1)), Ok(()), "the same again");
        for minute in [0, 14] {
            assert_eq!(budget.spend("2", "a", false, at(minute)), soon);
        }
        assert_eq!(budget.spend("3", "b", false, at(14)), Ok(()));
        assert_eq!(budget.spend("4", "a", true, at(14)), Ok(()), "all of the user is more than the key");
        assert_eq!(budget.spend("5", "a", true, at(20)), soon);
        assert_eq!(budget.spend("6", "a", false, at(28)), soon);
        assert_eq!(budget.spend("6", "a", false, at(29)), Ok(()));
    }

    #[test]
    fn the_same_record_costs_nothing_again() {
        let mut budget = Budget::default();
        for _ in 0..10 {
            assert_eq!(budget.spend("r", "a", false, at(0)), Ok(()));
        }
        assert_eq!(budget.spend("s", "b", false, at(0)), Ok(()));
    }

    #[test]
    fn one_user_is_contained_three_times_a_day_at_most() {
        let mut budget = Budget::default();
        for record in ["0", "15", "30"] {
            assert_eq!(budget.spend(record, "a", false, at(record.parse().unwrap())), Ok(()));
        }
        assert_eq!(budget.spend("4", "a", false, at(60)), spent(true));
        assert_eq!(budget.spend("5", "b", false, at(60)), Ok(()));
        assert_eq!(budget.spend("6", "a", false, at(24 * 60)), Ok(()));
    }

    #[test]
    fn the_eleventh_user_in_a_day_is_refused() {
        let mut budget = Budget::default();
        for user in 0..10 {
            let user = user.to_string();
            assert_eq!(budget.spend(&user, &user, false, at(100 * user.parse::<i64>().unwrap())), Ok(()));
        }
        assert!(budget.spend("x", "x", false, at(1000)).is_err());
    }
}
