//! # Powerful AWS policy attached
//!
//! Somebody attached a managed policy of AWS's that reaches far: `IAMFullAccess`, `PowerUserAccess`, one that opens a
//! known way to more rights, or one that allows everything within a service.
//!
//! ## Why it matters
//!
//! `IAMFullAccess` lets its holder take every other right. `PowerUserAccess` reaches all data. One that opens an escalation
//! path says so under Escalation: its holder can make a function with a stronger role, say, and is then that role. A
//! `FullAccess` policy also allows deleting.
//!
//! ## False alarms
//!
//! Teams use `FullAccess` policies for convenience, and infrastructure code attaches them at every deployment. Those
//! are MEDIUM here unless they open a path, which is HIGH whoever attaches them. A policy that AWS made for the role of a
//! service is not told here when a role gets it.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the target needs the policy for.
//! 2. If nobody knows: detach the policy with the command under Undo.
//! 3. List all calls by the target since the event, by `userIdentity.arn`, above all to `iam.amazonaws.com` and
//!    `sts.amazonaws.com`.
//! 4. If it is needed: put a policy with the few actions that the target used in the last 90 days in its place.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::{AwsManaged, Privilege};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "powerful-policy-attached",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
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
    let holder = event.target();
    let path = policy.judged().and_then(|judged| judged.paths().next());
    let (severity, allows) = match policy.privilege() {
        Some(Privilege::Everything) => return None,
        Some(privilege) => (Severity::High, Some(privilege.words())),
        None if is_for_the_role_of_a_service(&policy, &holder) => return None,
        // What a workload may do with another role is a step; what changes rights in IAM is the goal.
        None if path.is_some_and(|path| holder.kind != "role" || path.is_by_rights()) => (Severity::High, None),
        None if path.is_some() => (Severity::Medium, None),
        None if policy.is_full_access() => (Severity::Medium, Some("what AWS calls full access to a service")),
        None => return None,
    };
    let opens = path.map(|path| format!(", which opens escalation path {}", path.reference)).unwrap_or_default();
    let finding = DETECTION
        .finding(event, format!("attached {} to {holder}{opens}", policy.name))
        .severity(severity)
        .evidence("Policy", arn)
        .evidence_if("Allows", allows)
        .undo(undo::detach_policy(&holder, arn));
    Some(grant::weigh(event, context, grant::opened(finding, &policy)))
}

/// A service's own policy is as strong as the work of the service, which AWS keeps to: attached to a role, as the console
/// and every deployment does, it is routine. A user or a group has no use for it.
fn is_for_the_role_of_a_service(policy: &AwsManaged<'_>, holder: &Target) -> bool {
    policy.is_for_services() && holder.kind == "role"
}
