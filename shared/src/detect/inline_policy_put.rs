//! # Inline policy written
//!
//! Somebody wrote a policy into a user, a role or a group.
//!
//! ## Why it matters
//!
//! What the target may do has changed. Inline policies show in no list of policies and are seldom reviewed. A policy that
//! opens an escalation path is HIGH: by that path its holder can take more rights, often all of them.
//!
//! ## False alarms
//!
//! Infrastructure code writes them into roles at every deployment: for roles it is LOW if it opens no path. For users and groups it is
//! rare.
//!
//! ## What to do
//!
//! 1. Compare what the policy allows, above, with what the target is for.
//! 2. If it does not fit: delete the policy with the command under Undo. Where it replaced an older text, that is gone
//!    too.
//! 3. List all calls by the target since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "inline-policy-put",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-07", "IAMC-08", "IAMC-09", "IAMC-11"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["PutUserPolicy", "PutRolePolicy", "PutGroupPolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("inline_policy_put.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let name = event.request("policyName")?;
    let given = Given::written(event, context, "policyDocument", name, Held::Now);
    if given.is_unchanged() {
        return None;
    }
    let holder = event.target();
    let severity = if holder.kind == "role" { Severity::Low } else { Severity::Medium };
    let finding = DETECTION
        .finding(event, format!("put inline policy {name} on {holder}"))
        .severity(severity)
        .evidence("Policy", name)
        .undo(grant::undo_inline(&given, &holder, name));
    Some(grant::weigh(event, context, given.described(finding)))
}
