//! # Customer managed policy attached
//!
//! Somebody attached a policy of this account to a user, a role or a group. Its name proves nothing, and what it allows is
//! not in the event: its document is read from IAM, and judged with all else that the target holds.
//!
//! ## Why it matters
//!
//! A policy that was made earlier, by anybody, takes effect the moment it is attached. Making it and attaching it are
//! two calls, so that neither looks like much.
//!
//! ## False alarms
//!
//! Infrastructure code attaches its own policies at every deployment. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Read the policy's default version in IAM: does it allow more than the target needs?
//! 2. List the `CreatePolicy`, `CreatePolicyVersion` and `SetDefaultPolicyVersion` calls for this `policyArn` in the
//!    14 days before the event, and who made them.
//! 3. If it does not fit: detach the policy with the command under Undo.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::policy::AwsManaged;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "customer-managed-policy-attached",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-05", "IAMC-06"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("customer_managed_policy_attached.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    if AwsManaged::from_arn(arn).is_some() {
        return None;
    }
    let holder = event.target();
    let name = Target::from_arn(arn).name;
    let finding = DETECTION
        .finding(event, format!("attached policy {name} to {holder}"))
        .evidence("Policy", arn)
        .undo(undo::detach_policy(&holder, arn));
    let finding = if let Some(given) = Given::named(context, arn, Held::Now) {
        grant::attached(finding, &given, &format!("policy {name}"), &holder)
    } else {
        let finding = finding.evidence("Allows", "not in the event: read the policy's default version");
        match context.facts.document.unseen() {
            // Whoever keeps IAM busy would otherwise attach unseen.
            Some(why) => finding.severity(Severity::Medium).evidence("Not seen", why),
            None => finding,
        }
    };
    Some(grant::weigh(event, context, finding))
}
