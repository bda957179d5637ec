//! # Permission set gives administrator rights
//!
//! Somebody put a policy into a permission set of Identity Center, or attached one of AWS's, that allows every action
//! on every resource, every action of IAM, or nearly every action outside it.
//!
//! ## Why it matters
//!
//! A permission set becomes a role in each account it is assigned in: whoever is assigned it can do everything there,
//! as soon as the set is provisioned. One write reaches all of them.
//!
//! ## False alarms
//!
//! Identity Center that is being set up has a permission set for administrators. It is made once, by people who know
//! how strong it is.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they did it, over a channel that is not their mail.
//! 2. If not: take the policy out with the command under Undo, and provision the set again to all accounts.
//! 3. List who is assigned the set, under Identity Center, and all calls by the set's roles since the event:
//!    `sessionContext.sessionIssuer.userName` begins with `AWSReservedSSO_`.
//! 4. List all calls by the actor's ARN in the 24 hours before the event: how did they come to be able to?

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::identity_center;
use crate::policy::AwsManaged;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "administrator-permission-set-policy-put",
    watcher: Watcher::IamChanges,
    severity: Severity::Critical,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["FEDR-10"],
    calls: &[Calls {
        source: "sso.amazonaws.com",
        names: &["AttachManagedPolicyToPermissionSet", "PutInlinePolicyToPermissionSet"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("administrator_permission_set_policy_put.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let set = identity_center::permission_set(event)?;
    let undo = |call, more: &[(&'static str, &str)]| {
        undo::permission_set(call, event.request("instanceArn")?, set.arn.as_deref()?, more, &event.region)
    };
    let finding = if event.call() == "PutInlinePolicyToPermissionSet" {
        let given = Given::written(event, context, "inlinePolicy", "", Held::Now);
        let grant = given.privilege()?;
        let finding = DETECTION
            .finding(event, format!("put {} policy into {set}", grant.privilege.word()))
            .severity(grant::severity(grant.privilege))
            .undo(undo("delete-inline-policy-from-permission-set", &[]).filter(|_| given.before().is_none()));
        given.described(finding)
    } else {
        let arn = event.request("managedPolicyArn")?;
        let policy = AwsManaged::from_arn(arn)?;
        let privilege = policy.privilege()?;
        DETECTION
            .finding(event, format!("attached {} to {set}", policy.name))
            .severity(grant::severity(privilege))
            .evidence("Policy", arn)
            .evidence("Allows", privilege.words())
            .undo(undo("detach-managed-policy-from-permission-set", &[("managed-policy-arn", arn)]))
    };
    let finding = finding.evidence_if("Permission set", set.arn.clone()).target(set.clone());
    Some(grant::unless_by_a_service(event, finding))
}
