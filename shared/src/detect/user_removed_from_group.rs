//! # User removed from a group
//!
//! Somebody took an IAM user out of a group. What the group allows or denies is not in the event.
//!
//! ## Why it matters
//!
//! Some groups only deny: without MFA, outside the office, in production. Who leaves such a group may do more than
//! before. Who is taken out of any other may be locked out.
//!
//! ## False alarms
//!
//! People who change teams. It is kept for the record, unless somebody took themselves out.
//!
//! ## What to do
//!
//! 1. Read the group's policies in IAM: do they deny something?
//! 2. If so, and nobody knows why: put the user back with the command under Undo.
//! 3. List all calls by the user since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "user-removed-from-group",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &[],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["RemoveUserFromGroup"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("user_removed_from_group.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let (user, group) = (event.request("userName")?, event.request("groupName")?);
    let finding = DETECTION
        .finding(event, format!("removed user {user} from group {group}"))
        .evidence("Group", group)
        .undo(undo::add_user_to_group(user, group));
    Some(grant::weigh(event, context, finding))
}
