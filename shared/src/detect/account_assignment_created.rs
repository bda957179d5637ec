//! # Access to an account assigned
//!
//! Somebody assigned a permission set of Identity Center in an account, to a user or a group. What the set allows is
//! not in the event.
//!
//! ## Why it matters
//!
//! The user, or everybody in the group, can sign in to the account with the set's rights from now on, and the event
//! shows neither their name nor the rights. In the management account it is power over the whole organization.
//!
//! ## False alarms
//!
//! People who join a team, and account factories. What AWS Control Tower does is LOW. In the account that Identity
//! Center is run from, mostly the management account, it is HIGH.
//!
//! ## What to do
//!
//! 1. Look the ids up under Identity Center: who is it, and what does the set allow?
//! 2. If it does not fit: take the assignment back with the command under Undo.
//! 3. List all calls in that account since the event whose `sessionContext.sessionIssuer.userName` begins with
//!    `AWSReservedSSO_`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-assignment-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["FEDR-10"],
    calls: &[Calls { source: "sso.amazonaws.com", names: &["CreateAccountAssignment"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_assignment_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let set = identity_center::permission_set(event)?;
    let account = event.request("targetId")?;
    let (kind, principal) = (event.request("principalType")?, event.request("principalId")?);
    let whom = if kind == "GROUP" { "a group" } else { "a user" };
    let here = account == event.account;
    let oneself = identity_center::is_actor(event, principal);
    let severity = if here || oneself { Severity::High } else { Severity::Medium };
    let undo = || {
        let more = [
            ("target-id", account),
            ("target-type", "AWS_ACCOUNT"),
            ("principal-type", kind),
            ("principal-id", principal),
        ];
        let (instance, arn) = (event.request("instanceArn")?, set.arn.as_deref()?);
        undo::permission_set("delete-account-assignment", instance, arn, &more, &event.region)
    };
    let name = context.config.account_name(account);
    let finding = DETECTION
        .finding(event, format!("assigned {set} in account {name} to {whom}"))
        .severity(severity)
        .evidence(if kind == "GROUP" { "Group" } else { "User" }, principal)
        .evidence_if("Own rights", oneself.then_some("the actor assigned it to itself"))
        .evidence_if("Permission set", set.arn.clone())
        .evidence("Account", context.config.account(account))
        .evidence_if("Reach", here.then_some("the account that Identity Center is run from"))
        .undo(undo())
        .target(set.clone());
    Some(grant::unless_by_a_service(event, finding))
}
