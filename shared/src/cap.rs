//! How much is published on the topic, whoever publishes.
//!
//! AWS suspends an e-mail subscription that gets more than ten messages a second, and deletes it two days later: a flood
//! would mute the on-call. So everything that is published asks for a place first. What gets none is held back, and named in
//! one message by the digest, which has a place of its own.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};
use crate::fingerprint;
use crate::ledger::{Due, Standing};
use crate::quarantine::{Record, State};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const TEN_SECONDS: SignedDuration = SignedDuration::from_secs(10);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Messages at most within a time, whenever that begins.
type Limit = (usize, SignedDuration);

/// One a second, five at once. Alerts and digests share it.
const PACE: [Limit; 2] = [(5, SECOND), (10, TEN_SECONDS)];
/// With the twelve digests, 60 an hour.
const ALERTS: [Limit; 1] = [(48, HOUR)];
const DIGESTS: [Limit; 1] = [(1, SignedDuration::from_mins(5))];
/// Kept for what is CRITICAL, however much else is told.
const RESERVE: [Limit; 2] = [(5, TEN_SECONDS), (20, HOUR)];

/// What asks for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    Alert,
    /// An alert that has the reserve beside the places of all.
    Critical,
    /// The message about what was held back.
    Digest,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Admitted,
    HeldBack,
}

/// What was published in the last hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Milliseconds since 1970, as all of them.
    alerts: Vec<i64>,
    reserve: Vec<i64>,
    digests: Vec<i64>,
}

impl Cap {
    /// Gives a message a place and remembers it, if there is one.
    pub fn admit(&mut self, message: Message, now: Timestamp) -> Admission {
        let now = now.as_millisecond();
        let Self { alerts, reserve, digests } = self;
        for published in [&mut *alerts, &mut *reserve, &mut *digests] {
            published.retain(|at| recent(*at, now, HOUR));
        }
        let in_pace = PACE.iter().all(|limit| holds(alerts.iter().chain(digests.iter()), *limit, now));
        let published = match message {
            Message::Alert | Message::Critical if in_pace && has_room(alerts, &ALERTS, now) => alerts,
            Message::Critical if has_room(reserve, &RESERVE, now) => reserve,
            Message::Digest if in_pace && has_room(digests, &DIGESTS, now) => digests,
            _ => return Admission::HeldBack,
        };
        published.push(now);
        Admission::Admitted
    }
}

fn has_room(published: &[i64], limits: &[Limit], now: i64) -> bool {
    limits.iter().all(|limit| holds(published.iter(), *limit, now))
}

/// Whether one more keeps the limit.
fn holds<'a>(published: impl Iterator<Item = &'a i64>, (most, within): Limit, now: i64) -> bool {
    published.filter(|at| recent(**at, now, within)).count() < most
}

/// Clocks differ: what was published later than now counts too.
fn recent(at: i64, now: i64, within: SignedDuration) -> bool {
    i128::from(now) - i128::from(at) < within.as_millis()
}

impl Message {
    /// What an alert of that severity asks as.
    #[must_use]
    pub fn of(severity: Severity) -> Self {
        if severity == Severity::Critical { Self::Critical } else { Self::Alert }
    }

    /// A report of quarantine is as urgent as its finding. That a key could not be contained never waits.
    #[must_use]
    pub fn of_record(record: &Record) -> Self {
        if matches!(record.state, State::Failed | State::Partial) {
            Self::Critical
        } else {
            Self::of(record.finding.severity)
        }
    }
}

/// An alert that was held back: what the digest says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The same for the same alert, however often it is tried.
    pub id: String,
    pub at: Timestamp,
    pub severity: Severity,
    pub detection: String,
    pub account: String,
    pub principal: String,
    /// Who did what where, fit to be shown.
    pub statement: String,
    pub incident: String,
    /// Events of the incident, as the alert would have said.
    pub count: u64,
}

impl Held {
    /// The alert of a finding.
    #[must_use]
    pub fn finding(finding: &Finding, standing: &Standing, statement: String, at: Timestamp) -> Self {
        let id = [standing.incident.as_str(), "finding", &finding.event.id];
        Self::new(&id, finding, standing.incident.as_str(), statement, standing.count, at)
    }

    /// The count of an incident that is over.
    #[must_use]
    pub fn due(due: &Due, statement: String, at: Timestamp) -> Self {
        let id = [due.incident.as_str(), "count", &due.opened.to_string()];
        Self::new(&id, &due.finding, due.incident.as_str(), statement, due.count, at)
    }

    /// A report of quarantine.
    #[must_use]
    pub fn record(record: &Record, statement: String, at: Timestamp) -> Self {
        let incident = record.finding.incident();
        Self::new(&[&record.id, "record"], &record.finding, incident.as_str(), statement, 1, at)
    }

    fn new(id: &[&str], finding: &Finding, incident: &str, statement: String, count: u64, at: Timestamp) -> Self {
        Self {
            id: fingerprint::of(id.iter().copied(), 16),
            at,
            severity: finding.severity,
            detection: finding.detection.clone(),
            account: finding.account.clone(),
            principal: finding.actor.principal.clone(),
            statement,
            incident: incident.to_owned(),
            count,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    /// When messages that come each `millis` are admitted.
    fn admitted(cap: &mut Cap, message: Message, millis: impl IntoIterator<Item = i64>) -> Vec<i64> {
        millis.into_iter().filter(|millis| cap.admit(message, at(*millis)) == Admission::Admitted).collect()
    }

    #[test]
    fn five_go_at_once_ten_in_ten_seconds_and_48_in_an_hour() {
        let mut cap = Cap::default();
        assert_eq!(admitted(&mut cap, Message::Alert, 0..1_000).len(), 5);
        assert_eq!(admitted(&mut cap, Message::Alert, 1_000..10_000).len(), 5);
        assert_eq!(admitted(&mut cap, Message::Alert, (10_000..3_600_000).step_by(100)).len(), 38);
        assert_eq!(cap.admit(Message::Alert, at(3_600_000)), Admission::Admitted, "the first is an hour ago");
    }

    #[test]
    fn what_is_critical_has_a_reserve_that_a_flood_does_not_touch() {
        let mut cap = Cap::default();
        admitted(&mut cap, Message::Alert, (0..60_000).step_by(10));
        assert_eq!(cap.admit(Message::Alert, at(60_000)), Admission::HeldBack);
        assert_eq!(admitted(&mut cap, Message::Critical, 60_000..70_000).len(), 5);
        assert_eq!(admitted(&mut cap, Message::Critical, (70_000..3_600_000).step_by(100)).len(), 15);
    }

    #[test]
    fn the_digest_has_a_place_in_every_five_minutes_of_a_flood() {
        let mut cap = Cap::default();
        let mut digests = Vec::new();
        for second in 0..3_600 {
            cap.admit(Message::Alert, at(second * 1_000));
            if second % 60 == 59 && cap.admit(Message::Digest, at(second * 1_000)) == Admission::Admitted {
                digests.push(second / 60);
            }
        }
        assert_eq!(digests, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
    }

    #[test]
    fn a_clock_that_is_behind_gets_no_places_for_it() {
        let mut cap = Cap::default();
        admitted(&mut cap, Message::Alert, [5_000; 5]);
        assert_eq!(cap.admit(Message::Alert, at(4_500)), Admission::HeldBack);
    }

    proptest! {
        #[test]
        fn whatever_comes_the_limits_hold(steps in prop::collection::vec((0_i64..40_000, 0_u8..8), 1..2_000)) {
            let (mut cap, mut now) = (Cap::default(), 0);
            let (mut usual, mut critical) = (Vec::new(), Vec::new());
            for (step, kind) in steps {
                // Mostly a flood, with gaps.
                now += if step < 38_000 { step / 100 } else { step };
                let message = [Message::Digest, Message::Critical].get(usize::from(kind)).copied().unwrap_or(Message::Alert);
                if cap.admit(message, at(now)) == Admission::Admitted {
                    if message == Message::Critical { critical.push(now) } else { usual.push(now) }
                }
            }
            let most = |all: &[i64], within: i64| {
                all.iter().map(|from| all.iter().filter(|at| (*from..from + within).contains(at)).count()).max()
            };
            prop_assert!(most(&usual, 1_000) <= Some(5));
            prop_assert!(most(&usual, 10_000) <= Some(10));
            prop_assert!(most(&usual, 3_600_000) <= Some(60));
            let all: Vec<i64> = usual.iter().chain(&critical).copied().collect();
            prop_assert!(most(&all, 1_000) <= Some(10));
            prop_assert!(most(&all, 3_600_000) <= Some(80));
        }
    }
}
