//! # Managed policy created
//!
//! Somebody made a managed policy. Nobody holds it yet.
//!
//! ## Why it matters
//!
//! It takes effect once it is attached. In the story of an incident, who wrote the policy is as telling as who
//! attached it.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code makes policies at every deployment. It is kept for the
//! record, unless it opens an escalation path: MEDIUM.
//!
//! ## What to do
//!
//! 1. Compare what the policy allows, above, with its name.
//! 2. If it does not fit: list the `AttachUserPolicy`, `AttachRolePolicy` and `AttachGroupPolicy` calls for this
//!    `policyArn` since the event, and delete the policy with the command under Undo.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Held};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "policy-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-12"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreatePolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("policy_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let name = event.request("policyName")?;
    let arn = event.response("policy.arn");
    let finding = DETECTION
        .finding(event, format!("created policy {name}"))
        .target(arn.map_or_else(|| event.target(), Target::from_arn))
        .undo(arn.and_then(undo::delete_policy));
    Some(grant::weigh(
        event,
        context,
        grant::described(finding, &grant::document(event, "policyDocument"), Held::NotYet),
    ))
}
