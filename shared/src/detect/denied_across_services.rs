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

use super::{Context, Detection, Outcome, Page, Technique, denied, with_denials};
use crate::denials::{Score, benign, many};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "denied-across-services",
    watcher: Watcher::AccessDenied,
    severity: Severity::High,
    confidence: Confidence::Medium,
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

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let denial = event.denial()?;
    if benign(event).is_some() {
        return None;
    }
    let denials = context.facts.denials_with(event);
    let told = |many_of: usize, what: &str| (many_of >= many(event)).then(|| format!("{many_of} {what}"));
    let (services, regions) = (told(denials.services(), "services"), told(denials.regions(), "regions"));
    let of = services.as_deref().or(regions.as_deref())?;
    let score = Score::of(&denials, event, context);
    let finding = DETECTION
        .finding(event, format!("was denied calls in {of} within ten minutes"))
        // One incident for each principal, whatever it asks for.
        .target(Target::account(&event.account))
        .severity(score.severity(event).unwrap_or(Severity::Medium))
        .evidence("The last", format!("it {} in {}", denied(event, &denial), event.region))
        .evidence_if("Also", regions.as_deref().filter(|_| services.is_some()));
    Some(with_denials(finding, &denial, &denials, &score))
}
