//! # Policy that only denies detached
//!
//! Somebody detached a policy of AWS's that allows nothing and only denies: `AWSDenyAll`, or the quarantine that AWS
//! puts on a user whose key it found in public.
//!
//! ## Why it matters
//!
//! The policy was there to hold somebody back. Without it, the target can do again what it was kept from, and a leaked
//! key is as dangerous as on the first day.
//!
//! ## False alarms
//!
//! The end of an incident: the key is replaced, and the quarantine is lifted on purpose.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether the incident behind the policy is closed.
//! 2. If not: attach the policy again with the command under Undo, and set the target's access keys Inactive.
//! 3. List all calls by the target since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::AwsManaged;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "deny-policy-detached",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-16"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("deny_policy_detached.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let policy = AwsManaged::from_arn(arn)?;
    if !policy.only_denies() {
        return None;
    }
    let holder = event.target();
    let finding = DETECTION
        .finding(event, format!("detached policy {} from {holder}", policy.name))
        .evidence("Policy", arn)
        .undo(undo::attach_policy(&holder, arn));
    Some(grant::weigh(event, context, finding))
}
