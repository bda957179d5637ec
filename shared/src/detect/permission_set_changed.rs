//! # Permission set changed
//!
//! Somebody made, changed, deleted or provisioned a permission set of Identity Center, took a policy out of one, or
//! took one from somebody.
//!
//! ## Why it matters
//!
//! What a set allows takes effect when it is provisioned. By itself that is daily work; in the story of an incident
//! it is the step to look for. A set that is deleted locks out who came in by it.
//!
//! ## False alarms
//!
//! Nearly all of them: they are how access is looked after. It is kept for the record; only deleting a set is MEDIUM.
//!
//! ## What to do
//!
//! 1. Look at the set, under Identity Center: its policies, and who is assigned it.
//! 2. If it does not fit: list all calls by the actor in the hour around the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "permission-set-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["FEDR-10"],
    calls: &[Calls {
        source: "sso.amazonaws.com",
        names: &[
            "CreatePermissionSet",
            "DeleteAccountAssignment",
            "DeleteInlinePolicyFromPermissionSet",
            "DeletePermissionSet",
            "DetachCustomerManagedPolicyReferenceFromPermissionSet",
            "DetachManagedPolicyFromPermissionSet",
            "ProvisionPermissionSet",
            "UpdatePermissionSet",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("permission_set_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let set = identity_center::permission_set(event);
    let named = event.request("name").map(|name| Target {
        kind: "permission set".to_owned(),
        name: name.to_owned(),
        arn: None,
    });
    let set = named.filter(|_| event.call() == "CreatePermissionSet").or(set)?;
    let account = event.request("targetId").map(|account| context.config.account_name(account));
    let (act, severity) = match event.call() {
        "CreatePermissionSet" => (format!("created {set}"), Severity::Low),
        "DeletePermissionSet" => (format!("deleted {set}"), Severity::Medium),
        "ProvisionPermissionSet" => match account {
            Some(account) => (format!("provisioned {set} to account {account}"), Severity::Low),
            None => (format!("provisioned {set} to every account that has it"), Severity::Low),
        },
        "DeleteAccountAssignment" => {
            let account = account.unwrap_or("of unknown number");
            (format!("took {set} from somebody in account {account}"), Severity::Low)
        }
        "UpdatePermissionSet" => (format!("changed the settings of {set}"), Severity::Low),
        _ => (format!("took a policy out of {set}"), Severity::Low),
    };
    let policy = event.request("managedPolicyArn").or_else(|| event.request("customerManagedPolicyReference.name"));
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .evidence_if("Permission set", set.arn.clone())
        .evidence_if("Policy", policy)
        .evidence_if("Session lasts", event.request("sessionDuration"))
        .evidence_if("Opens at", event.request("relayState"))
        .evidence_if("Whose", event.request("principalId"))
        .target(set);
    Some(grant::unless_by_a_service(event, finding))
}
