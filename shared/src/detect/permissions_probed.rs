//! # Permissions probed
//!
//! Somebody asked IAM what a principal or a policy may do, or had the message of a denied call decoded.
//!
//! ## Why it matters
//!
//! It finds out what stolen credentials are good for without a single denied call.
//!
//! ## False alarms
//!
//! Nearly all of them: people who write policies, and installers that check what they may do. It is kept for the record,
//! unless an instance's role did it: programs know what they need.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they work on policies.
//! 2. If not: cut off the credentials.
//! 3. List all calls by that ARN in the 24 hours before and after, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "permissions-probed",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1069.003", was: None, name: "Permission Groups Discovery: Cloud Groups" }],
    covers: &[],
    calls: &[
        Calls { source: "iam.amazonaws.com", names: &["SimulateCustomPolicy", "SimulatePrincipalPolicy"] },
        Calls { source: "sts.amazonaws.com", names: &["DecodeAuthorizationMessage"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("permissions_probed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service() {
        return None;
    }
    let principal = event.request("policySourceArn").map(Target::from_arn);
    let act = match (event.call(), &principal) {
        ("DecodeAuthorizationMessage", _) => "had the message of a denied call decoded".to_owned(),
        (_, Some(principal)) => format!("asked what {principal} may do"),
        (_, None) => "asked what a policy would allow".to_owned(),
    };
    let actions = event.request_value("actionNames").and_then(Value::as_array);
    let actions: Vec<&str> = actions.into_iter().flatten().filter_map(Value::as_str).take(10).collect();
    let by_instance = circumstance::is_instance(event);
    Some(
        DETECTION
            .finding(event, act)
            .target(principal.unwrap_or_else(|| Target::account(&event.account)))
            .severity(if by_instance { Severity::Medium } else { Severity::Low })
            .evidence_if("Actions", (!actions.is_empty()).then(|| actions.join(", ")))
            .evidence_if("Instance", event.actor.session.as_deref().filter(|_| by_instance)),
    )
}
