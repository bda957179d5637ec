//! # IAM group created
//!
//! Somebody made an IAM group. What it allows is decided by policies that follow.
//!
//! ## Why it matters
//!
//! A group hands its rights to all its members. One under a harmless name is a place to keep strong rights where few
//! people look.
//!
//! ## False alarms
//!
//! Nearly all of them: teams are made rarely, and by administrators. It is kept for the record.
//!
//! ## What to do
//!
//! 1. List all calls that name the group since the event, by `requestParameters.groupName`: which policies and members
//!    did it get?
//! 2. If nobody needs it: delete it with the command under Undo. IAM refuses while it has members or policies.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "group-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1136.003", was: None, name: "Create Account: Cloud Account" }],
    covers: &["IAMC-28"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreateGroup"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("group_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let group = event.request("groupName")?;
    let finding = DETECTION
        .finding(event, format!("created group {group}"))
        .evidence_if("Path", event.request("path").filter(|path| *path != "/"))
        .undo(undo::delete_group(group));
    Some(grant::weigh(event, context, finding))
}
