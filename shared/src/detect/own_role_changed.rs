//! # A role or policy of iamwatch was changed
//!
//! The permissions, the boundary or the trust of one of iamwatch's own roles was changed, or one of its own policies got
//! another version, or one of them was deleted.
//!
//! ## Why it matters
//!
//! A function whose role may do less is silent; one whose role may do more, or that others may assume, is a way into
//! the account. The policy with which quarantine denies users everything would hand out whatever somebody writes into it:
//! quarantine reads it before it uses it, and does without it once it was rewritten.
//!
//! ## False alarms
//!
//! Your own deployment. What CloudFormation does for it is lowered, unless it deletes a role or policy.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they are deploying iamwatch, now.
//! 2. If not: cut off their credentials, then deploy the stack again from its source: that sets its roles and policies
//!    right. Until then attach `AWSDenyAll` to whoever was contained.
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
            "CreatePolicyVersion",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "SetDefaultPolicyVersion",
            "UpdateAssumeRolePolicy",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("own_role_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let Some(role) = event.request("roleName") else { return of_policy(event, context) };
    let role = own_name(role, &context.config.stack)?;
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

/// A version of a policy counts also where it is not in force yet: it is one call away.
fn of_policy(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let policy = own_name(arn.rsplit('/').next()?, &context.config.stack)?;
    let deployed = event.actor.is_deployment();
    let (did, severity) = match event.call() {
        "DeletePolicy" => ("deleted policy", unless_deployed(event, Severity::Critical)),
        "DeletePolicyVersion" => ("deleted a version of policy", unless_deployed(event, Severity::High)),
        "CreatePolicyVersion" if !deployed => ("rewrote policy", Severity::Critical),
        "SetDefaultPolicyVersion" if !deployed => ("put another version in force of policy", Severity::Critical),
        _ => ("deployed policy", Severity::Low),
    };
    Some(
        DETECTION
            .finding(event, format!("{did} {policy}, part of iamwatch"))
            .severity(severity)
            .evidence("Policy", arn)
            .evidence_if("Version", event.request("versionId").or_else(|| event.response("policyVersion.versionId"))),
    )
}
