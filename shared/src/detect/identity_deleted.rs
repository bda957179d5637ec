//! # User, role or group deleted
//!
//! Somebody deleted an IAM user, a role or a group.
//!
//! ## Why it matters
//!
//! A deleted user cannot come back with its old keys and id: it locks a person or a program out, or takes away what an
//! intruder worked with. Services that lose their role stop, also those that watch.
//!
//! ## False alarms
//!
//! People who leave, and infrastructure code that cleans up: deleted roles and groups are recorded only, as is what
//! CloudFormation does.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they meant to.
//! 2. If not: cut off their credentials, and make the identity anew from your infrastructure code.
//! 3. List all calls by the deleted user or role in the 24 hours before, by `userIdentity.arn`: was it used to do
//!    something that somebody wants forgotten?

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-deleted",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1531", was: None, name: "Account Access Removal" }],
    covers: &["IAMC-29", "IAMC-31"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["DeleteGroup", "DeleteRole", "DeleteServiceLinkedRole", "DeleteUser"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_deleted.rs")),
    detect,
};

/// Roles without which AWS's own monitoring stops. IAM lets nobody else have a role of such a name.
const WATCHES: [&str; 6] = [
    "AWSServiceRoleForAccessAnalyzer",
    "AWSServiceRoleForAmazonGuardDuty",
    "AWSServiceRoleForAmazonMacie",
    "AWSServiceRoleForCloudTrail",
    "AWSServiceRoleForConfig",
    "AWSServiceRoleForSecurityHub",
];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    let by_service = actor.is_service_by_itself();
    let deployed = actor.is_deployment();
    let watches = event.request("roleName").is_some_and(|role| WATCHES.contains(&role));
    let severity = match event.call() {
        "DeleteServiceLinkedRole" if watches && !by_service => Severity::Medium,
        "DeleteUser" if !by_service && !deployed => Severity::Medium,
        _ => Severity::Low,
    };
    let name = event.request("userName").or(event.request("roleName")).or(event.request("groupName"))?;
    let what = match event.call() {
        "DeleteUser" => "user",
        "DeleteGroup" => "group",
        "DeleteServiceLinkedRole" => "service-linked role",
        _ => "role",
    };
    let monitoring = watches.then_some("AWS's own monitoring needs this role");
    Some(
        DETECTION
            .finding(event, format!("deleted {what} {name}"))
            .severity(severity)
            .evidence_if("Monitoring", monitoring),
    )
}
