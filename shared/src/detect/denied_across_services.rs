//! # Denied in one service after another
//!
//! Calls of one principal were denied in many services, or in many regions, within ten minutes: four of either for a
//! long-term key, six for anybody else.
//!
//! ## Why it matters
//!
//! A program that lacks a permission lacks it in one or two services. Who is denied in one after another is finding out
//! what the credentials are good for, with a tool as a rule, and long before ten calls are counted.
//!
//! ## False alarms
//!
//! A scanner whose permissions are not complete; without a long-term key it is MEDIUM. The console's front page asks many
//! services for its user: in a session that AWS records as the console's it takes 15.
//!
//! ## What to do
//!
//! 1. Ask the owner of the credentials under Who whether it is them.
//! 2. If not: cut the credentials off.
//! 3. List all calls by that ARN in the 24 hours before and after, in every region, by `eventSource`: above all those
//!    without an `errorCode`.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique, denied};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Remembering, What};
use crate::finding::{Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "denied-across-services",
    watcher: Watcher::AccessDenied,
    severity: Severity::High,
    mitre: &[
        Technique { id: "T1580", was: None, name: "Cloud Infrastructure Discovery" },
        Technique { id: "T1526", was: None, name: "Cloud Service Discovery" },
    ],
    covers: &["DENY-03", "DENY-04"],
    calls: &[],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("denied_across_services.rs")),
    detect,
};

/// Services that denied one principal something.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "denied-across-services",
    asked_by: &[&DETECTION],
    what: What::Tally { of: service, window: SignedDuration::from_mins(10) },
};

/// Regions in which one principal was denied something.
pub(super) static REGIONS: Remembering = Remembering {
    id: "denied-across-regions",
    asked_by: &[&DETECTION],
    what: What::Tally { of: region, window: SignedDuration::from_mins(10) },
};

const MANY_FOR_A_KEY: usize = 4;
const MANY: usize = 6;
const MANY_IN_THE_CONSOLE: usize = 15;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let denial = event.denial()?;
    let key = event.actor.long_term_key();
    let enough = match (key, event.is_recorded_as_console()) {
        (true, _) => MANY_FOR_A_KEY,
        (false, false) => MANY,
        (false, true) => MANY_IN_THE_CONSOLE,
    };
    let told = |id: &str, what: &str| {
        let many = context.facts.tally(id);
        (many >= enough).then(|| format!("{many} {what}"))
    };
    let (services, regions) = (told(REMEMBERS.id, "services"), told(REGIONS.id, "regions"));
    let of = services.as_deref().or(regions.as_deref())?;
    Some(
        DETECTION
            .finding(event, format!("was denied calls in {of} within ten minutes"))
            // One incident for each principal, whatever it asks for.
            .target(Target::account(&event.account))
            .severity(if key { Severity::High } else { Severity::Medium })
            .evidence("The last", format!("it {} in {}", denied(event, &denial), event.region))
            .evidence_if("Also", regions.as_deref().filter(|_| services.is_some())),
    )
}

fn service(event: &Event) -> Option<Member> {
    event.denial()?;
    Member::of_caller(event, event.source.as_str())
}

fn region(event: &Event) -> Option<Member> {
    event.denial()?;
    Member::of_caller(event, event.region.as_str())
}
