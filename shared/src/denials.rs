//! What one principal was denied, over time, and how much that weighs.
//!
//! Denied calls are judged together: what one principal was denied within a while is one story, and one incident. What is
//! kept of it is bounded, made of names that AWS gives (services, calls, regions), and goes by the events' own times, since
//! they arrive in any order.

mod benign;
mod dossier;
mod score;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use benign::{BENIGN, Benign, benign};
pub(crate) use dossier::mark;
pub use dossier::{Counted, Dossier, MOST_COUNTED, Open, Owed, REMEMBERED, Settled};
pub(crate) use score::many;
pub use score::{Part, Score};

use crate::event::{Event, is_denied, is_malformed_policy};
use crate::finding::IncidentKey;
use crate::fingerprint;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How many different calls of one principal are kept, those seen last.
const MOST_CALLS: usize = 200;
/// How many things that calls were denied on are told apart.
const MOST_THINGS: usize = 32;
const MOST_REGIONS: usize = 64;
/// So few calls a minute are no rush.
const FEW_A_MINUTE: u64 = 10;
/// A rate is known once there were calls in so many minutes,
const ENOUGH_MINUTES: usize = 3;
/// and so many minutes lie between the first and the last of them.
const ENOUGH_BETWEEN: i64 = 5;
/// How many refused policies are told apart.
const MOST_GUESSES: usize = 50;

/// What one principal was denied. Times are seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denials {
    /// When anything was first denied to it, as far as is known.
    pub since: Option<i64>,
    /// When anything was last.
    pub last: i64,
    /// By service and call, as `iam CreateUser`.
    calls: BTreeMap<String, Call>,
    /// When something was last denied in each region.
    regions: BTreeMap<String, i64>,
    /// When something was last denied on each thing: fingerprints of call, region and resource.
    things: BTreeMap<String, i64>,
    /// When policies of it were refused for the principals in them.
    guesses: Vec<i64>,
    /// When a policy of it was last refused for another mistake.
    mistake: Option<i64>,
    /// How many there were in each minute of the last hour.
    #[serde(default)]
    minutes: BTreeMap<i64, u64>,
    /// What people were told of.
    #[serde(default)]
    told: Told,
    /// Calls that are known to mean nothing: counted, not told.
    pub benign: u64,
    /// Calls of the console looking around: counted, not told by their number.
    pub browsing: u64,
}

/// What people were told of, of what is kept for longer than an incident lasts: it weighs together with something new, and does
/// not speak again by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// All that was denied until then was of an incident that people heard of.
    until: Option<i64>,
    /// When use outside AWS was last part of such an incident.
    outside: Option<i64>,
    /// The principals laid out to be found that people heard of in this incident.
    touched: BTreeSet<String>,
}

/// At what rate a principal is denied calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// It is too soon to say.
    Unknown,
    /// No minute of the last hour has far more than those usually have in which anything came at all. What a program tries at
    /// each start, or each quarter of an hour, is steady too.
    Steady,
    /// One has.
    Rush,
}

/// One call of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Call {
    #[serde(rename = "n")]
    count: u64,
    #[serde(rename = "f")]
    first: i64,
    #[serde(rename = "l")]
    last: i64,
}

/// Whose denied calls an event is kept with: one incident for each principal, whatever it asks for.
#[must_use]
pub fn key(event: &Event) -> Option<IncidentKey> {
    Some(IncidentKey::of_story(story(event)?, &event.account, &event.actor.principal))
}

/// Policies that AWS refused are another story.
fn story(event: &Event) -> Option<&'static str> {
    let code = event.error_code.as_deref()?;
    if is_denied(code) {
        Some("denied")
    } else if is_malformed_policy(code) {
        Some("refused policies")
    } else {
        None
    }
}

/// Whether it is judged with all that its principal was denied.
#[must_use]
pub fn is_one(event: &Event) -> bool {
    event.fault().is_none() && story(event).is_some()
}

/// Where it would be kept that this call was denied before, for a call that worked and changes something.
#[must_use]
pub fn key_of_denied_before(event: &Event) -> Option<IncidentKey> {
    let asks = event.succeeded() && !event.read_only() && !event.actor.is_service();
    let known = asks && !event.actor.principal.is_empty();
    known.then(|| IncidentKey::of_story("denied", &event.account, &event.actor.principal))
}

impl Denials {
    /// Those of one event alone.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let mut denials = Self::default();
        denials.add(event, event.time.unwrap_or_default());
        denials
    }

    /// Adds an event. `now` stands for the time of one that has none, and no event is later.
    pub fn add(&mut self, event: &Event, now: Timestamp) {
        let at = event.time.unwrap_or(now).min(now).as_second();
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
        self.last = self.last.max(at);
        if event.error_code.as_deref().is_some_and(is_malformed_policy) {
            if is_refused_for_a_principal(event) {
                self.guesses.push(at);
                self.guesses.sort_unstable();
                let many = self.guesses.len().saturating_sub(MOST_GUESSES);
                self.guesses.drain(..many);
            } else {
                self.mistake = self.mistake.max(Some(at));
            }
            return;
        }
        if benign(event).is_some() {
            self.benign += 1;
            return;
        }
        if is_browsing(event) {
            self.browsing += 1;
        }
        let call =
            self.calls.entry(name_of(&event.source, &event.name)).or_insert(Call { count: 0, first: at, last: at });
        *call = Call { count: call.count + 1, first: call.first.min(at), last: call.last.max(at) };
        shorten(&mut self.calls, MOST_CALLS, |call| call.last);
        keep_last(&mut self.regions, event.region.clone(), at, MOST_REGIONS);
        keep_last(&mut self.things, thing(event), at, MOST_THINGS);
        *self.minutes.entry(at.div_euclid(MINUTE)).or_default() += 1;
        let hour_ago = (self.last - HOUR).div_euclid(MINUTE);
        self.minutes.retain(|minute, _| *minute > hour_ago);
    }

    /// When that call was last denied, within a day before `at`.
    #[must_use]
    pub fn denied_before(&self, event: &Event) -> Option<Timestamp> {
        let call = self.calls.get(&name_of(&event.source, &event.name))?;
        let at = event.time.map_or(i64::MAX, Timestamp::as_second);
        let before = [call.last, call.first].into_iter().find(|denied| *denied <= at)?;
        Timestamp::from_second(before).ok().filter(|_| at == i64::MAX || at - before < DAY)
    }

    /// Whether within the last hour it was always the same call on the same thing.
    #[must_use]
    pub fn is_always_the_same(&self) -> bool {
        self.things.values().filter(|last| **last > self.last - HOUR).count() == 1
    }

    /// At what rate they come.
    #[must_use]
    pub fn rate(&self) -> Rate {
        let mut counts: Vec<u64> = self.minutes.values().copied().collect();
        counts.sort_unstable();
        let usual = counts.get(counts.len() / 2).copied().unwrap_or_default();
        if counts.last().is_some_and(|most| *most > FEW_A_MINUTE.max(3 * usual)) {
            return Rate::Rush;
        }
        let minutes = || self.minutes.keys();
        let between = minutes().next_back().zip(minutes().next()).map_or(0, |(last, first)| last - first);
        if counts.len() >= ENOUGH_MINUTES && between >= ENOUGH_BETWEEN { Rate::Steady } else { Rate::Unknown }
    }

    /// In a new incident people hear again of what it touches.
    pub(crate) fn begin_incident(&mut self) {
        self.told.touched.clear();
    }

    /// Notes that people hear of all that is kept, whether use outside AWS is part of it, and which principals laid out to be
    /// found it touches.
    pub(crate) fn note_told(&mut self, outside: bool, touched: &BTreeSet<String>) {
        self.told.until = Some(self.last);
        if outside {
            self.told.outside = Some(self.last);
        }
        self.told.touched.extend(touched.iter().cloned());
    }

    /// Whether nobody heard of the touch of that principal in this incident.
    pub(crate) fn is_untold(&self, touched: &str) -> bool {
        !self.told.touched.contains(touched)
    }

    /// Those of which they heard in this incident, or are about to.
    pub(crate) fn touched(&self) -> impl Iterator<Item = &str> {
        self.told.touched.iter().map(String::as_str)
    }

    /// Whether people heard of what was denied then.
    fn is_told(&self, at: i64) -> bool {
        self.told.until.is_some_and(|until| at <= until)
    }

    /// Whether people heard within a day that it is used outside AWS.
    fn is_told_outside(&self) -> bool {
        self.told.outside.is_some_and(|at| at > self.last - DAY)
    }

    /// How many services denied it something within the last ten minutes.
    #[must_use]
    pub fn services(&self) -> usize {
        let recent = self.calls.iter().filter(|(_, call)| call.last > self.last - 10 * MINUTE);
        let mut services: Vec<&str> = recent.filter_map(|(name, _)| name.split(' ').next()).collect();
        services.dedup();
        services.len()
    }

    /// In how many regions it was denied something within the last ten minutes.
    #[must_use]
    pub fn regions(&self) -> usize {
        self.regions.values().filter(|last| **last > self.last - 10 * MINUTE).count()
    }

    /// Its refused policies within the last hour; all that were refused for other mistakes are one.
    #[must_use]
    pub fn guesses(&self) -> usize {
        self.guesses_if(|_| true)
    }

    /// Those of them that people did not hear of.
    #[must_use]
    pub fn untold_guesses(&self) -> usize {
        self.guesses_if(|at| !self.is_told(at))
    }

    fn guesses_if(&self, counts: impl Fn(i64) -> bool) -> usize {
        let all = self.guesses.iter().chain(&self.mistake);
        all.filter(|at| **at > self.last - HOUR && counts(**at)).count()
    }

    /// The calls of the last hour, each with its number, those denied most often first.
    #[must_use]
    pub fn calls(&self) -> Vec<(&str, u64)> {
        let recent = self.calls.iter().filter(|(_, call)| call.last > self.last - HOUR);
        let mut calls: Vec<(&str, u64)> = recent.map(|(name, call)| (name.as_str(), call.count)).collect();
        calls.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        calls
    }

    /// The calls that were denied within a time before the last, and never before that.
    fn new_within(&self, seconds: i64) -> impl Iterator<Item = &str> {
        let since = self.last - seconds;
        self.calls.iter().filter(move |(_, call)| call.first > since).map(|(name, _)| name.as_str())
    }
}

/// Whether the console's session, as AWS recorded it, only looks around: it asks for much that its user never wanted.
#[must_use]
pub fn is_browsing(event: &Event) -> bool {
    event.is_recorded_as_console() && event.read_only()
}

/// Whether a policy was refused because a principal in it does not exist. IAM says so; not every service does.
#[must_use]
pub fn is_refused_for_a_principal(event: &Event) -> bool {
    let message = event.error_message.as_deref();
    message.is_none_or(|message| message.to_ascii_lowercase().contains("principal"))
}

/// As in `iam CreateUser`.
fn name_of(source: &str, name: &str) -> String {
    format!("{} {name}", source.split('.').next().unwrap_or_default())
}

/// S3 does not say what a call was denied on; its parameters do.
fn thing(event: &Event) -> String {
    let parameters = || event.record().get("requestParameters").map(ToString::to_string).unwrap_or_default();
    let denial = event.denial();
    let action = denial.as_ref().map_or("", |denial| denial.action.as_str());
    let on = denial.as_ref().and_then(|denial| denial.resource.clone()).unwrap_or_else(parameters);
    fingerprint::of([action, event.name.as_str(), &event.region, &on], 8)
}

fn keep_last(all: &mut BTreeMap<String, i64>, one: String, at: i64, most: usize) {
    let last = all.entry(one).or_insert(at);
    *last = at.max(*last);
    shorten(all, most, |last| *last);
}

/// Forgets what was seen longest ago, where there are too many.
fn shorten<T>(all: &mut BTreeMap<String, T>, most: usize, last: impl Fn(&T) -> i64) {
    while all.len() > most {
        let Some(oldest) = all.iter().min_by_key(|(_, one)| last(one)).map(|(key, _)| key.clone()) else { return };
        all.remove(&oldest);
    }
}
