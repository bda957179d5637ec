//! # Resource policy that cannot be read
//!
//! Somebody wrote the policy of a bucket, key, secret, queue, topic, function, repository or the like, and the event
//! does not show what it says: it was too large for the log, or is no policy that can be read.
//!
//! ## Why it matters
//!
//! Whom the policy lets in is not known. CloudTrail leaves parameters out that are too large: to choose them so is a
//! way to keep a policy out of the log.
//!
//! ## False alarms
//!
//! Policies that grew by a statement for each customer. AWS's own limits keep most policies far below what the log
//! takes.
//!
//! ## What to do
//!
//! 1. Read the policy as it is now, with the `get` call of the service for the resource above, and look for a
//!    `Principal` that is `*` or an account that you do not know.
//! 2. Ask whoever is named under Who what the policy is for.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Opening};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "resource-policy-unreadable",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-07"],
    calls: opening::WRITES_A_POLICY,
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("resource_policy_unreadable.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.parameters_omitted() {
        let act = format!("called {} with more than the log takes", event.call());
        return Some(grant::weigh(event, context, DETECTION.finding(event, act)));
    }
    let opening = Opening::of(event)?;
    let illegal = opening.policy.as_ref().err()?.to_string();
    let act = format!("wrote a policy for {} that cannot be read", opening.resource);
    let finding = DETECTION.finding(event, act).severity(Severity::Medium);
    Some(grant::weigh(event, context, finding.target(opening.resource).evidence("Unreadable", illegal)))
}
