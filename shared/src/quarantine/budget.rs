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
    /// Whether that mail says, too, that our deny policy was rewritten.
    #[serde(default)]
    told_disarmed: bool,
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
    /// Spends on a record, or says that nothing is left. A record that was spent on already costs nothing. That our deny policy was
    /// found `disarmed` is news, whatever was told before.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when this user, or users in all, were contained too often.
    pub fn spend(&mut self, record: &str, user: &str, disarmed: bool, now: Timestamp) -> Result<(), Exhausted> {
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
            let old = self.told.as_ref().is_some_and(|(by, until)| by != record && now < *until);
            let tell = !old || (disarmed && !self.told_disarmed);
            if tell {
                self.told = Some((record.to_owned(), now + HOUR));
                self.told_disarmed = disarmed;
            }
            return Err(Exhausted { tell });
        }
        self.spent.push(Spent { record: record.to_owned(), user: user.to_owned(), at: now });
        Ok(())
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
            assert_eq!(budget.spend(user, user, false, at(0)), Ok(()));
        }
        assert_eq!(budget.spend("d", "d", false, at(1)), Err(Exhausted { tell: true }));
        assert_eq!(budget.spend("e", "e", false, at(2)), Err(Exhausted { tell: false }));
        assert!(budget.spend("d", "d", false, at(60)).is_err(), "time alone ends no storm");
        assert_eq!((budget.storm(), budget.users().len()), (Some(at(1)), 3));
        budget.reset();
        assert_eq!(budget.spend("d", "d", false, at(60)), Ok(()));
    }

    #[test]
    fn a_storm_is_told_though_it_was_just_told_that_one_user_had_enough() {
        let mut budget = Budget::default();
        for record in ["1", "2", "3"] {
            assert_eq!(budget.spend(record, "a", false, at(0)), Ok(()));
        }
        assert_eq!(budget.spend("4", "a", false, at(1)), Err(Exhausted { tell: true }));
        assert_eq!(budget.spend("5", "b", false, at(2)), Ok(()));
        assert_eq!(budget.spend("6", "c", false, at(2)), Ok(()));
        assert_eq!(budget.spend("7", "d", false, at(3)), Err(Exhausted { tell: true }), "the storm begins");
        assert_eq!(budget.spend("8", "e", false, at(4)), Err(Exhausted { tell: false }));
    }

    #[test]
    fn that_the_policy_was_rewritten_is_told_once_in_a_storm_that_was_told() {
        let mut budget = Budget::default();
        for user in ["a", "b", "c"] {
            assert_eq!(budget.spend(user, user, false, at(0)), Ok(()));
        }
        let disarmed = [false, false, true, true, false, true];
        let told = (1..)
            .zip(disarmed)
            .map(|(n, disarmed)| budget.spend(&n.to_string(), "x", disarmed, at(n)).unwrap_err().tell);
        assert_eq!(told.collect::<Vec<_>>(), [true, false, true, false, false, false]);
        assert!(budget.spend("3", "x", true, at(7)).unwrap_err().tell, "its try that follows tells it");
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
        for record in ["1", "2", "3"] {
            assert_eq!(budget.spend(record, "a", false, at(0)), Ok(()));
        }
        assert!(budget.spend("4", "a", false, at(0)).is_err());
        assert_eq!(budget.spend("5", "b", false, at(0)), Ok(()));
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
