//! # Powerful AWS policy attached
//!
//! Somebody attached a managed policy of AWS's that reaches far: `IAMFullAccess`, `PowerUserAccess`, or one that
//! allows everything within a service.
//!
//! ## Why it matters
//!
//! `IAMFullAccess` lets its holder take every other right. `PowerUserAccess` reaches all data. A `FullAccess` policy
//! also allows deleting, and often passing a role to a machine the holder controls.
//!
//! ## False alarms
//!
//! Teams use `FullAccess` policies for convenience, and infrastructure code attaches them at every deployment. Those
//! are MEDIUM here.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the target needs the policy for.
//! 2. If nobody knows: detach the policy with the command under Undo.
//! 3. List all calls by the target since the event, by `userIdentity.arn`, above all to `iam.amazonaws.com` and
//!    `sts.amazonaws.com`.
//! 4. If it is needed: put a policy with the few actions that the target used in the last 90 days in its place.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::grant;
use crate::policy::{AwsManaged, Privilege};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "powerful-policy-attached",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-04"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("powerful_policy_attached.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let policy = AwsManaged::from_arn(arn)?;
    let (severity, allows) = match policy.privilege() {
        Some(Privilege::Everything) => return None,
        Some(privilege) => (Severity::High, privilege.words()),
        None if policy.is_full_access() => (Severity::Medium, "every action within a service"),
        None => return None,
    };
    let holder = event.target();
    let finding = DETECTION
        .finding(event, format!("attached {} to {holder}", policy.name))
        .severity(severity)
        .evidence("Policy", arn)
        .evidence("Allows", allows)
        .undo(undo::detach_policy(&holder, arn));
    Some(grant::weigh(event, context, finding))
}
