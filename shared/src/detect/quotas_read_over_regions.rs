//! # Limits read in many regions
//!
//! One principal asked for service quotas in four or more regions within ten minutes. Needs calls that only read, and
//! rules in the other regions that forward them.
//!
//! ## Why it matters
//!
//! Whoever wants to mine or to sell access to models looks for the region with the highest limits, and starts there.
//!
//! ## False alarms
//!
//! Tools that watch quotas in all regions, every day: a region in which a principal asked before does not count.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they need the limits for.
//! 2. If they do not know of it: cut off the credentials.
//! 3. List all calls by that ARN in the 24 hours after, in every region, by `awsRegion`: machines started, quotas raised.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "quotas-read-over-regions",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1580", was: None, name: "Cloud Infrastructure Discovery" }],
    covers: &["RECN-09"],
    calls: &[Calls {
        source: "servicequotas.amazonaws.com",
        names: &["GetAWSDefaultServiceQuota", "GetServiceQuota", "ListAWSDefaultServiceQuotas", "ListServiceQuotas"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("quotas_read_over_regions.rs")),
    detect,
};

/// Regions in which one principal asks.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "quotas-read-over-regions",
    asked_by: &[&DETECTION],
    what: What::Tally { of: region, window: SignedDuration::from_mins(10), speaks_from: MANY },
};

/// A principal and each region in which it asks.
pub(super) static ASKED_BEFORE: Remembering =
    Remembering { id: "quotas-asked-before", asked_by: &[&DETECTION], what: What::Habit(caller_and_region) };

/// People work in two or three.
const MANY: usize = 4;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let many = context.facts.tally(REMEMBERS.id);
    if many < MANY || context.facts.was_seen(ASKED_BEFORE.id) {
        return None;
    }
    Some(
        DETECTION
            .finding(event, format!("asked for service limits in {many} regions within ten minutes"))
            .target(Target::account(&event.account))
            .evidence("The last", event.region.as_str())
            .evidence_if("Service", event.request("serviceCode"))
            .evidence_if("Quota", event.request("quotaCode")),
    )
}

fn region(event: &Event) -> Option<Member> {
    Member::of_caller(event, event.region.as_str())
}

fn caller_and_region(event: &Event) -> Option<Pair> {
    Pair::of_caller(event, &[&event.region])
}
