//! # A role of iamwatch was changed
//!
//! The permissions, the boundary or the trust of one of iamwatch's own roles was changed, or the role was deleted.
//!
//! ## Why it matters
//!
//! A function whose role may do less is silent; one whose role may do more, or that others may assume, is a way into
//! the account.
//!
//! ## False alarms
//!
//! Your own deployment. What CloudFormation does for it is lowered, unless it deletes the role.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they are deploying iamwatch, now.
//! 2. If not: cut off their credentials, then deploy the stack again from its source: that sets its roles right.
//! 3. Send a test event through and see that its alert arrives.
//! 4. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, own_name, unless_deployed};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "own-role-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-21"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &[
            "AttachRolePolicy",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "UpdateAssumeRolePolicy",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("own_role_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let role = own_name(event.request("roleName")?, &context.config.stack)?;
    let (did, severity) = match event.call() {
        "DeleteRole" => ("deleted role", Severity::Critical),
        "UpdateAssumeRolePolicy" => ("changed who may assume role", Severity::High),
        "DeleteRolePermissionsBoundary" | "PutRolePermissionsBoundary" => {
            ("changed the boundary of role", Severity::High)
        }
        _ => ("changed the permissions of role", Severity::High),
    };
    let policy = event.request("policyName").or_else(|| event.request("policyArn"));
    Some(
        DETECTION
            .finding(event, format!("{did} {role}, part of iamwatch"))
            .severity(unless_deployed(event, severity))
            .evidence_if("Policy", policy),
    )
}
