//! # User added to a group
//!
//! Somebody put an IAM user into a group. What the group allows is not in the event, and its name proves nothing.
//!
//! ## Why it matters
//!
//! The user has all rights of the group at once. Where the group is one of administrators, it is the quietest way to
//! become one: no policy is written or attached.
//!
//! ## False alarms
//!
//! People who join a team.
//!
//! ## What to do
//!
//! 1. Read the group's policies in IAM: does the user need them?
//! 2. If not: take the user out with the command under Undo.
//! 3. List all calls by the user since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::facts::Holdings;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::Strength;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "user-added-to-group",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-30"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["AddUserToGroup"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("user_added_to_group.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let (user, group) = (event.request("userName")?, event.request("groupName")?);
    let finding = DETECTION
        .finding(event, format!("added user {user} to group {group}"))
        .evidence("Group", group)
        .undo(undo::remove_user_from_group(user, group));
    // A group that is known to give nothing much is for the record.
    let weak = |holds: &Holdings| holds.unseen.is_empty() && holds.strength() == Strength::Ordinary;
    let finding =
        if context.facts.target.known().is_some_and(weak) { finding.severity(Severity::Low) } else { finding };
    Some(grant::weigh(event, context, grant::reaching(context, finding, &format!("group {group}"))))
}
