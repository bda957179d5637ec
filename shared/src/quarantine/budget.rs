//! How many users may be contained before a person must look: a detection gone wrong, or an attacker who provokes it,
//! must not take the account's workloads down. Once it was spent, nothing is done by itself until a person has looked and
//! says so.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Users in an hour.
const PER_HOUR: usize = 3;
/// Users in a day.
const PER_DAY: usize = 10;
/// Records of one user in a day.
const PER_USER: usize = 3;

/// What was contained in the last 24 hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    spent: Vec<Spent>,
    /// Since when too many were contained, if no person reset it since.
    #[serde(default)]
    storm: Option<Timestamp>,
    /// The record whose mail says that it is spent, and until when that is enough.
    told: Option<(String, Timestamp)>,
    /// The same for the mail that says that our deny policy was rewritten.
    #[serde(default)]
    told_disarmed: Option<(String, Timestamp)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    record: String,
    user: String,
    at: Timestamp,
}

/// The budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// Whether people are to be told of the storm: once an hour.
    pub tell: bool,
}

impl Budget {
    /// Spends on a record, or says that nothing is left. A record that was spent on already costs nothing.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when this user, or users in all, were contained too often.
    pub fn spend(&mut self, record: &str, user: &str, now: Timestamp) -> Result<(), Exhausted> {
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
            // That one user had enough, as was told before, is other news.
            self.told = None;
        }
        if self.storm.is_some() || of_user >= PER_USER {
            return Err(Exhausted { tell: tells(&mut self.told, record, now) });
        }
        self.spent.push(Spent { record: record.to_owned(), user: user.to_owned(), at: now });
        Ok(())
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

    /// A person looked: the budget is whole again.
    pub fn reset(&mut self) {
        *self = Self::default();
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

    #[test]
    fn the_fourth_user_in_an_hour_is_refused_and_told_once() {
        let mut budget = Budget::default();
        for user in ["a", "b", "c"] {
            assert_eq!(budget.spend(user, user, at(0)), Ok(()));
        }
        assert_eq!(budget.spend("d", "d", at(1)), Err(Exhausted { tell: true }));
        assert_eq!(budget.spend("e", "e", at(2)), Err(Exhausted { tell: false }));
        assert!(budget.spend("d", "d", at(60)).is_err(), "time alone ends no storm");
        assert_eq!((budget.storm(), budget.users().len()), (Some(at(1)), 3));
        budget.reset();
        assert_eq!(budget.spend("d", "d", at(60)), Ok(()));
    }

    #[test]
    fn a_storm_is_told_though_it_was_just_told_that_one_user_had_enough() {
        let mut budget = Budget::default();
        for record in ["1", "2", "3"] {
            assert_eq!(budget.spend(record, "a", at(0)), Ok(()));
        }
        assert_eq!(budget.spend("4", "a", at(1)), Err(Exhausted { tell: true }));
        assert_eq!(budget.spend("5", "b", at(2)), Ok(()));
        assert_eq!(budget.spend("6", "c", at(2)), Ok(()));
        assert_eq!(budget.spend("7", "d", at(3)), Err(Exhausted { tell: true }), "the storm begins");
        assert_eq!(budget.spend("8", "e", at(4)), Err(Exhausted { tell: false }));
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
            assert_eq!(budget.spend(user, user, at(0)), Ok(()));
        }
        let told: Vec<bool> = (1..150).map(|n| budget.spend(&n.to_string(), "x", at(n)).unwrap_err().tell).collect();
        assert_eq!(told.iter().filter(|told| **told).count(), 3);
    }

    #[test]
    fn the_same_record_costs_nothing_again() {
        let mut budget = Budget::default();
        for _ in 0..10 {
            assert_eq!(budget.spend("r", "a", at(0)), Ok(()));
        }
        assert_eq!(budget.spend("s", "b", at(0)), Ok(()));
    }

    #[test]
    fn one_user_is_contained_three_times_a_day_at_most() {
        let mut budget = Budget::default();
        for record in ["1", "2", "3"] {
            assert_eq!(budget.spend(record, "a", at(0)), Ok(()));
        }
        assert!(budget.spend("4", "a", at(0)).is_err());
        assert_eq!(budget.spend("5", "b", at(0)), Ok(()));
        assert_eq!(budget.spend("6", "a", at(24 * 60)), Ok(()));
    }

    #[test]
    fn the_eleventh_user_in_a_day_is_refused() {
        let mut budget = Budget::default();
        for user in 0..10 {
            let user = user.to_string();
            assert_eq!(budget.spend(&user, &user, at(100 * user.parse::<i64>().unwrap())), Ok(()));
        }
        assert!(budget.spend("x", "x", at(1000)).is_err());
    }
}
