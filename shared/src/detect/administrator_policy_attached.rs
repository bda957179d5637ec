//! # Administrator policy attached
//!
//! Somebody attached AWS's managed policy `AdministratorAccess` to a user, a role or a group.
//!
//! ## Why it matters
//!
//! Whoever holds the policy can do everything in the account, from now on. It is the shortest way from one stolen
//! credential to the whole account.
//!
//! ## False alarms
//!
//! An account that is being set up, or an administrator who joins. Both are announced, and done by a person or
//! pipeline whose work it is.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they did it, over a channel that is not their mail.
//! 2. If not: detach the policy with the command under Undo, and cut off the actor's own credentials.
//! 3. List all calls by the target since the event, by `userIdentity.arn`. For a group: by each of its users.
//! 4. List all calls by the actor's ARN in the 24 hours before the event: how did they come to be able to?

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::{AwsManaged, Privilege};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "administrator-policy-attached",
    watcher: Watcher::IamChanges,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-01", "IAMC-02", "IAMC-03"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("administrator_policy_attached.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let policy = AwsManaged::from_arn(arn)?;
    if policy.privilege() != Some(Privilege::Everything) {
        return None;
    }
    let holder = event.target();
    let finding = DETECTION
        .finding(event, format!("attached {} to {holder}", policy.name))
        .evidence("Policy", arn)
        .evidence("Allows", Privilege::Everything.words())
        .undo(undo::detach_policy(&holder, arn));
    Some(grant::weigh(event, context, finding))
}
