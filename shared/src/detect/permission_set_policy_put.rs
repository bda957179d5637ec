//! # Policy put into a permission set
//!
//! Somebody put a policy into a permission set of Identity Center, or attached one to it.
//!
//! ## Why it matters
//!
//! Everybody who is assigned the set may do what the policy allows, in every account where it is assigned, as soon as
//! the set is provisioned. An inline policy that opens an escalation path is HIGH: by that path its holder can take
//! more rights, often all of them. A policy of the accounts' own is attached by its name alone: in each account,
//! whoever may write the policy of that name decides.
//!
//! ## False alarms
//!
//! Infrastructure code looks after permission sets. A policy of AWS's that does not reach far, and one that is only
//! named, are LOW.
//!
//! ## What to do
//!
//! 1. Compare what the policy allows, above, with what the people behind the set need.
//! 2. If it does not fit: take it out with the command under Undo, and provision the set again to all accounts.
//! 3. List all `ProvisionPermissionSet` and `CreateAccountAssignment` calls for the set since the event, by
//!    `requestParameters.permissionSetArn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::identity_center;
use crate::policy::AwsManaged;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "permission-set-policy-put",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["FEDR-10"],
    calls: &[Calls {
        source: "sso.amazonaws.com",
        names: &[
            "AttachCustomerManagedPolicyReferenceToPermissionSet",
            "AttachManagedPolicyToPermissionSet",
            "PutInlinePolicyToPermissionSet",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("permission_set_policy_put.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let set = identity_center::permission_set(event)?;
    let undo = |call, more: &[(&'static str, &str)]| {
        undo::permission_set(call, event.request("instanceArn")?, set.arn.as_deref()?, more, &event.region)
    };
    let finding = match event.call() {
        "PutInlinePolicyToPermissionSet" => {
            let given = Given::written(event, context, "inlinePolicy", "", Held::Now);
            if given.privilege().is_some() || given.is_unchanged() {
                return None;
            }
            let finding = DETECTION
                .finding(event, format!("put an inline policy into {set}"))
                .undo(undo("delete-inline-policy-from-permission-set", &[]).filter(|_| given.before().is_none()));
            given.described(finding)
        }
        "AttachManagedPolicyToPermissionSet" => {
            let arn = event.request("managedPolicyArn")?;
            let policy = AwsManaged::from_arn(arn)?;
            if policy.privilege().is_some() {
                return None;
            }
            let severity = if policy.is_full_access() { Severity::Medium } else { Severity::Low };
            DETECTION
                .finding(event, format!("attached {} to {set}", policy.name))
                .severity(severity)
                .evidence("Policy", arn)
                .undo(undo("detach-managed-policy-from-permission-set", &[("managed-policy-arn", arn)]))
        }
        _ => {
            let name = event.request("customerManagedPolicyReference.name")?;
            DETECTION
                .finding(event, format!("attached the accounts' own policy {name} to {set}"))
                .severity(Severity::Low)
                .evidence("Policy", name)
                .evidence_if("Path", event.request("customerManagedPolicyReference.path"))
                .evidence("Allows", "not in the event: each account has a policy of its own by that name")
        }
    };
    let finding = finding.evidence_if("Permission set", set.arn.clone()).target(set.clone());
    Some(grant::unless_by_a_service(event, finding))
}
