//! # IAM user created
//!
//! Somebody made an IAM user.
//!
//! ## Why it matters
//!
//! A user is an identity of its own that outlives its maker's session. An attacker makes one to come back with, often
//! under a name like those around it.
//!
//! ## False alarms
//!
//! People and machines that join, where they do not sign in through Identity Center or roles.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whom the user is for.
//! 2. If nobody knows: delete the user with the command under Undo. IAM refuses while it has keys, policies or groups:
//!    remove these first.
//! 3. List all calls that name the user since the event, by `requestParameters.userName`: keys, passwords, policies,
//!    groups.
//! 4. List all calls by the user since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "user-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1136.003", was: None, name: "Create Account: Cloud Account" }],
    covers: &["IAMC-22", "IAMC-27"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreateUser"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("user_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let user = event.request("userName")?;
    let finding = DETECTION
        .finding(event, format!("created user {user}"))
        .evidence_if("Path", event.response("user.path").filter(|path| *path != "/"))
        .evidence_if("Boundary", event.request("permissionsBoundary"))
        .undo(undo::delete_user(user));
    Some(grant::weigh(event, context, finding))
}
