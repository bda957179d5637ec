//! # Policy version created
//!
//! Somebody gave a managed policy a new version.
//!
//! ## Why it matters
//!
//! A new default version changes at once what everybody may do who holds the policy.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code makes a version at every change. It is kept for the record, unless it
//! opens an escalation path: HIGH in force, MEDIUM before.
//!
//! ## What to do
//!
//! 1. Compare what the version allows, above, with the version before it, in IAM.
//! 2. If it allows more than it should: set the version before it as default again, then delete this one.
//! 3. List in IAM who holds the policy, and all their calls since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "policy-version-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-14"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreatePolicyVersion"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("policy_version_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let version = event.response("policyVersion.versionId");
    let in_force = grant::is_set_as_default(event);
    let held = if in_force { Held::Now } else { Held::NotYet };
    let given = Given::written(event, context, "policyDocument", arn, held);
    if given.is_unchanged() {
        return None;
    }
    let undo = match version {
        _ if in_force => {
            context.facts.version_before.as_deref().and_then(|before| undo::set_default_version(arn, before))
        }
        version => version.and_then(|version| undo::delete_policy_version(arn, version)),
    };
    let finding = DETECTION
        .finding(event, format!("gave {} a new version", event.target()))
        .evidence_if("Version", version)
        .evidence("In force", if in_force { "at once" } else { "not before it is made the default" })
        .undo(undo);
    Some(grant::weigh(event, context, given.described(finding)))
}
