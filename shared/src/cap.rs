//! How much is published on the topic, whoever publishes.
//!
//! AWS suspends an e-mail subscription that gets more than ten messages a second, and deletes it two days later: a flood
//! would mute the on-call. So everything that is published asks for a turn first, and waits for it. What gets none soon is held
//! back, and named in one message by the digest, which has turns of its own.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, IncidentKey, Severity};
use crate::fingerprint;
use crate::ledger::{Due, Standing};
use crate::quarantine::{Record, State};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// From one turn to the next: a second, and a half for what one is late for its turn and publishing takes.
pub const TURN: SignedDuration = SignedDuration::from_millis(1_500);
/// How late one may be for a turn.
pub const LATE: SignedDuration = SignedDuration::from_millis(300);
/// How long who asks waits for a turn at most: five that ask at once are all told.
const PATIENCE: SignedDuration = SignedDuration::from_secs(6);
/// How long after an event came in nobody waits any more, however many were told meanwhile: functions have 20 seconds.
const AT_LAST: SignedDuration = SignedDuration::from_secs(14);

/// Messages at most within a time, whenever that begins.
type Limit = (usize, SignedDuration);

/// With the twelve digests, 60 an hour.
const ALERTS: [Limit; 1] = [(48, HOUR)];
/// Every fifth minute. The digest comes once a minute, and not to the second.
const DIGESTS: [Limit; 2] = [(1, SignedDuration::from_secs(290)), (12, HOUR)];
/// Kept for what is CRITICAL, however much else is told.
const RESERVE: [Limit; 1] = [(20, HOUR)];

/// What asks for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    Alert,
    /// An alert that has turns of its own beside those of all.
    Critical,
    /// The message about what was held back.
    Digest,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is published then, and not before.
    Turn(Timestamp),
    HeldBack,
}

/// The turns of the last hour, and those that are waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Milliseconds since 1970, as all of them.
    alerts: Vec<i64>,
    reserve: Vec<i64>,
    digests: Vec<i64>,
}

impl Cap {
    /// Gives a message the next turn and remembers it, if that is soon enough. What it is about came in at `received`, and it
    /// asks at `now`.
    pub fn admit(&mut self, message: Message, received: Timestamp, now: Timestamp) -> Admission {
        let latest = latest(received, now).as_millisecond();
        let now = now.as_millisecond();
        let Self { alerts, reserve, digests } = self;
        for turns in [&mut *alerts, &mut *reserve, &mut *digests] {
            turns.retain(|at| recent(*at, now, HOUR));
        }
        // Alerts and digests share their turns.
        let shared = next(alerts.iter().chain(&*digests), now);
        let reserved = next(reserve.iter(), now);
        let may = |turns: &[i64], limits: &[Limit], turn| turn <= latest && hold(turns, limits, turn);
        let alert = may(alerts, &ALERTS, shared);
        let (turns, turn) = match message {
            Message::Critical if may(reserve, &RESERVE, reserved) && !(alert && shared <= reserved) => {
                (reserve, reserved)
            }
            Message::Alert | Message::Critical if alert => (alerts, shared),
            Message::Digest if may(digests, &DIGESTS, shared) => (digests, shared),
            _ => return Admission::HeldBack,
        };
        let Ok(at) = Timestamp::from_millisecond(turn) else { return Admission::HeldBack };
        turns.push(turn);
        Admission::Turn(at)
    }
}

/// What one instance of a function knows of what it publishes while the ledger does not answer.
#[derive(Debug, Default)]
pub struct Alone {
    last: Option<Timestamp>,
    /// What was told of incidents that are counted later: how loud, and when.
    told: HashMap<IncidentKey, (Severity, Timestamp)>,
}

/// How long it is remembered what was told without the ledger: longer than a queue gives it again.
const TOLD: SignedDuration = SignedDuration::from_hours(1);

impl Alone {
    /// The next turn, if it is soon enough. What it is about came in at `received`.
    pub fn turn(&mut self, received: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let turn = self.last.map_or(now, |last| now.max(last + TURN));
        let soon = turn <= latest(received, now);
        soon.then(|| *self.last.insert(turn))
    }

    /// Notes a turn that the ledger gave.
    pub fn took(&mut self, turn: Timestamp) {
        self.last = self.last.max(Some(turn));
    }

    /// Notes that people were told of an incident.
    pub fn tells(&mut self, incident: &IncidentKey, severity: Severity, now: Timestamp) {
        self.told.retain(|_, (_, at)| *at + TOLD > now);
        self.told.insert(incident.clone(), (severity, now));
    }

    /// Whether people were told of an incident that was as loud.
    #[must_use]
    pub fn knows(&self, incident: &IncidentKey, severity: Severity, now: Timestamp) -> bool {
        self.told.get(incident).is_some_and(|(told, at)| *told >= severity && *at + TOLD > now)
    }
}

/// Until when one waits for a turn who asks at `now`.
fn latest(received: Timestamp, now: Timestamp) -> Timestamp {
    (now + PATIENCE).min(received + AT_LAST).max(now)
}

/// The next turn after these. Clocks differ, and some wait for theirs: it may be later than now.
fn next<'a>(turns: impl Iterator<Item = &'a i64>, now: i64) -> i64 {
    turns.max().map_or(now, |last| now.max(last.saturating_add(millis(TURN))))
}

/// Whether one more keeps the limits.
fn hold(turns: &[i64], limits: &[Limit], turn: i64) -> bool {
    limits.iter().all(|(most, within)| turns.iter().filter(|at| recent(**at, turn, *within)).count() < *most)
}

/// What is later counts too.
fn recent(at: i64, now: i64, within: SignedDuration) -> bool {
    now.saturating_sub(at) < millis(within)
}

fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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

    fn ask(cap: &mut Cap, message: Message, millis: i64) -> Option<i64> {
        match cap.admit(message, at(millis), at(millis)) {
            Admission::Turn(turn) => Some(turn.duration_since(at(0)).as_millis().try_into().unwrap()),
            Admission::HeldBack => None,
        }
    }

    /// The turns of messages that come in at these times.
    fn turns(cap: &mut Cap, message: Message, millis: impl IntoIterator<Item = i64>) -> Vec<i64> {
        millis.into_iter().filter_map(|millis| ask(cap, message, millis)).collect()
    }

    #[test]
    fn of_many_at_once_five_wait_for_their_turn_one_after_the_other() {
        let mut cap = Cap::default();
        assert_eq!(turns(&mut cap, Message::Alert, [0; 9]), [0, 1_500, 3_000, 4_500, 6_000]);
        assert_eq!(turns(&mut cap, Message::Alert, [0, 1_499, 1_500, 1_500]), [7_500], "the first turn is over");
        assert_eq!(turns(&mut cap, Message::Alert, [60_000, 60_001]), [60_000, 61_500]);
    }

    #[test]
    fn a_flood_is_told_48_times_an_hour() {
        let mut cap = Cap::default();
        assert_eq!(turns(&mut cap, Message::Alert, (0..3_600_000).step_by(100)).len(), 48);
        assert_eq!(ask(&mut cap, Message::Alert, 3_600_000), Some(3_600_000), "the first is an hour ago");
    }

    #[test]
    fn whoever_tells_much_waits_no_more_after_a_while() {
        let mut cap = Cap::default();
        let mut late = |now| cap.admit(Message::Alert, at(0), at(now));
        assert_eq!(late(12_000), Admission::Turn(at(12_000)));
        assert_eq!(late(12_000), Admission::Turn(at(13_500)));
        assert_eq!(late(12_000), Admission::HeldBack, "its turn would be after 15 seconds");
        assert_eq!(late(20_000), Admission::Turn(at(20_000)), "nobody need wait");
    }

    #[test]
    fn what_is_critical_waits_behind_nothing_else_and_a_flood_takes_none_of_its_reserve() {
        let mut cap = Cap::default();
        turns(&mut cap, Message::Alert, [0; 5]);
        assert_eq!(turns(&mut cap, Message::Critical, [0; 9]), [0, 1_500, 3_000, 4_500, 6_000]);
        turns(&mut cap, Message::Alert, (10_000..70_000).step_by(10));
        assert_eq!(ask(&mut cap, Message::Alert, 70_000), None);
        assert_eq!(turns(&mut cap, Message::Critical, (70_000..3_600_000).step_by(100)).len(), 15);
    }

    #[test]
    fn what_is_critical_takes_turns_of_all_while_there_are_some() {
        let mut cap = Cap::default();
        let all = turns(&mut cap, Message::Critical, [0; 12]);
        assert_eq!(all, [0, 0, 1_500, 1_500, 3_000, 3_000, 4_500, 4_500, 6_000, 6_000]);
    }

    #[test]
    fn the_digest_has_a_place_in_every_five_minutes_of_a_flood() {
        let mut cap = Cap::default();
        let mut digests = Vec::new();
        for second in 0..3_600 {
            ask(&mut cap, Message::Alert, second * 1_000);
            // Not to the second.
            if second % 60 == 58 - second / 60 % 2 && ask(&mut cap, Message::Digest, second * 1_000).is_some() {
                digests.push(second / 60);
            }
        }
        // All turns of the first minute are alerts'.
        assert_eq!(digests, [1, 6, 11, 16, 21, 26, 31, 36, 41, 46, 51, 56]);
    }

    #[test]
    fn a_clock_that_is_behind_gets_no_turns_for_it() {
        let mut cap = Cap::default();
        turns(&mut cap, Message::Alert, [5_000; 5]);
        assert_eq!(ask(&mut cap, Message::Alert, 4_500), None);
    }

    #[test]
    fn without_the_ledger_an_instance_keeps_the_pace_and_lets_nobody_wait_long() {
        let mut alone = Alone::default();
        alone.took(at(0));
        let turns = |alone: &mut Alone, asked| [0; 6].map(|_| alone.turn(at(asked), at(asked)));
        let expected = [1_500, 3_000, 4_500, 6_000].map(|turn| Some(at(turn)));
        assert_eq!(turns(&mut alone, 0), [&expected[..], &[None, None]].concat()[..]);
        assert_eq!(alone.turn(at(0), at(60_000)), Some(at(60_000)), "nobody need wait");
    }

    #[test]
    fn without_the_ledger_an_incident_is_known_for_an_hour_and_as_loud_as_it_was_told() {
        let mut alone = Alone::default();
        let incident = IncidentKey::of_story("denied", "111122223333", "bob");
        let other = IncidentKey::of_story("denied", "111122223333", "ann");
        alone.tells(&incident, Severity::High, at(0));
        let knows = |incident, severity, seconds: i64| alone.knows(incident, severity, at(seconds * 1_000));
        assert!(knows(&incident, Severity::High, 3_599) && knows(&incident, Severity::Medium, 0));
        assert!(!knows(&incident, Severity::Critical, 0) && !knows(&other, Severity::High, 0));
        assert!(!knows(&incident, Severity::High, 3_600));
    }

    proptest! {
        #[test]
        fn whatever_comes_the_limits_hold(steps in prop::collection::vec((0_i64..40_000, 0_u8..8), 1..2_000)) {
            let (mut cap, mut now) = (Cap::default(), 0);
            let (mut usual, mut all) = (Vec::new(), Vec::new());
            for (step, kind) in steps {
                // Mostly a flood, with gaps.
                now += if step < 38_000 { step / 100 } else { step };
                let message = [Message::Digest, Message::Critical].get(usize::from(kind)).copied().unwrap_or(Message::Alert);
                if let Some(turn) = ask(&mut cap, message, now) {
                    prop_assert!((now..=now + 6_000).contains(&turn));
                    if message != Message::Critical { usual.push(turn) }
                    all.push(turn);
                }
            }
            let most = |all: &[i64], within: i64| {
                all.iter().map(|from| all.iter().filter(|at| (*from..from + within).contains(at)).count()).max()
            };
            prop_assert!(most(&usual, 1_500) <= Some(1));
            prop_assert!(most(&usual, 3_600_000) <= Some(60));
            prop_assert!(most(&all, 1_500) <= Some(2));
            prop_assert!(most(&all, 3_600_000) <= Some(80));
        }
    }
}
