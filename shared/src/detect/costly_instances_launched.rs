//! # Costly instances launched
//!
//! Somebody started instances with graphics or machine learning chips, or very much computing power in one call, which they
//! did not do before.
//!
//! ## Why it matters
//!
//! It is what stolen credentials are sold for: each such instance earns its thief money, and costs the account up to
//! hundreds of dollars an hour.
//!
//! ## False alarms
//!
//! Teams that train models. What a principal starts is learned: the first time is told, the next is silent. What AWS services
//! start for an Auto Scaling group, a cluster or a job is silent.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they are for. If nobody knows: stop them, look at one of the disks, then terminate
//!    them, and cut off the credentials.
//! 2. List all `RunInstances` and `RequestSpotInstances` by that ARN in the 24 hours around, by `userIdentity.arn`, in every
//!    region that is switched on: miners use all.
//! 3. Look at the bill of the last days by region in Cost Explorer.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique, anywhere, for_the_record_by_service};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "costly-instances-launched",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1496.001", was: None, name: "Resource Hijacking: Compute Hijacking" }],
    covers: &[],
    calls: &[Calls {
        source: "ec2.amazonaws.com",
        names: &["RequestSpotFleet", "RequestSpotInstances", "RunInstances"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("costly_instances_launched.rs")),
    detect,
};

/// Who starts which costly instances.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "costly-instances-launched", asked_by: &[&DETECTION], what: What::Habit(who_and_what) };

/// Virtual processors in one call that are much.
const MUCH: u64 = 192;
/// And those at which money is lost by the hour.
const VERY_MUCH: u64 = 512;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() || context.facts.was_seen(REMEMBERS.id) {
        return None;
    }
    let launch = Launch::costly(event)?;
    let (Launch { kind, count }, processors) = (launch, launch.processors());
    let many =
        if count == 1 { format!("an instance of type {kind}") } else { format!("{count} instances of type {kind}") };
    let finding = DETECTION
        .finding(event, format!("started {many} in {}", event.region))
        .severity(if processors >= VERY_MUCH { Severity::High } else { Severity::Medium })
        .target(Target { kind: "instances of type".to_owned(), name: kind.to_owned(), arn: None })
        .evidence("Computing power", format!("about {processors} virtual processors"));
    Some(for_the_record_by_service(event, finding))
}

/// What a call starts.
#[derive(Debug, Clone, Copy)]
struct Launch<'a> {
    /// As in `p4d.24xlarge`.
    kind: &'a str,
    count: u64,
}

impl<'a> Launch<'a> {
    fn costly(event: &'a Event) -> Option<Self> {
        let kind = anywhere(event, "instanceType")?;
        let number = |path: &str| event.request_value(path).and_then(Value::as_u64);
        let items = event.request_value("instancesSet.items").and_then(Value::as_array);
        let asked = items.map(|items| items.iter().filter_map(|item| item.get("maxCount")?.as_u64()).sum::<u64>());
        let fleet = event.record().get("requestParameters").and_then(|value| number_under(value, "targetCapacity"));
        let count = asked.filter(|count| *count > 0).or_else(|| number("instanceCount")).or(fleet).unwrap_or(1);
        let launch = Self { kind, count };
        (launch.is_accelerated() || launch.processors() >= MUCH).then_some(launch)
    }

    /// Families with graphics or machine learning chips: a letter or two, and the generation.
    fn is_accelerated(self) -> bool {
        let family = self.kind.split('.').next().unwrap_or_default();
        let letters = family.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
        ["dl", "f", "g", "gr", "inf", "p", "trn", "vt"].contains(&letters)
    }

    /// About so many as all of them have: a size of `Nxlarge` has four times N, `metal` as many as the largest.
    fn processors(self) -> u64 {
        let size = self.kind.split('.').nth(1).unwrap_or_default();
        let each = match size.strip_suffix("xlarge") {
            Some("") => 4,
            Some(times) => times.parse::<u64>().map_or(2, |times| times.saturating_mul(4)),
            None if size.starts_with("metal") => 96,
            None => 2,
        };
        each.saturating_mul(self.count)
    }
}

fn number_under(value: &Value, key: &str) -> Option<u64> {
    let Value::Object(map) = value else { return None };
    let named = map.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
    named.and_then(|(_, value)| value.as_u64()).or_else(|| map.values().find_map(|value| number_under(value, key)))
}

/// By the family: whoever trains models takes one size today and another tomorrow.
fn who_and_what(event: &Event) -> Option<Pair> {
    let launch = Launch::costly(event)?;
    Pair::of_caller(event, &[launch.kind.split('.').next().unwrap_or_default(), &event.region])
}
