//! # Inline policy gives administrator rights
//!
//! Somebody wrote a policy into a user, a role or a group that allows every action on every resource, every action of
//! IAM, or nearly every action outside it.
//!
//! ## Why it matters
//!
//! Whoever holds it can do everything in the account, or give itself the right to. Inline policies show in no list of
//! policies, which makes them a favourite for staying.
//!
//! ## False alarms
//!
//! A role that deploys infrastructure, made by people who know how strong it is.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they did it, over a channel that is not their mail.
//! 2. If not: delete the policy with the command under Undo, and cut off the actor's own credentials.
//! 3. List all calls by the target since the event, by `userIdentity.arn`. For a group: by each of its users.
//! 4. List all calls by the actor's ARN in the 24 hours before the event: how did they come to be able to?

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "administrator-inline-policy-put",
    watcher: Watcher::IamChanges,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-10"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["PutUserPolicy", "PutRolePolicy", "PutGroupPolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("administrator_inline_policy_put.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let name = event.request("policyName")?;
    let given = Given::written(event, context, "policyDocument", name, Held::Now);
    let grant = given.privilege()?;
    let holder = event.target();
    let finding = DETECTION
        .finding(event, format!("put {} policy {name} on {holder}", grant.privilege.word()))
        .severity(grant::severity(grant.privilege))
        .evidence("Policy", name)
        .undo(grant::undo_inline(&given, &holder, name));
    Some(grant::weigh(event, context, given.described(finding)))
}
