//! # Role's settings changed
//!
//! The description of an IAM role, or how long its sessions may last, was changed.
//!
//! ## Why it matters
//!
//! A role whose sessions last 12 hours instead of one gives whoever took a session that much longer. A new description
//! can make a role look like one that belongs there.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code and Identity Center set both. It is kept for the record, unless a role changed
//! itself.
//!
//! ## What to do
//!
//! 1. Compare the role's longest session and its description with what they should be.
//! 2. If they are wrong: set them back, and list all calls by the actor's ARN in the 24 hours before.
//! 3. List all calls by the role since the event, by `sessionContext.sessionIssuer.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-updated",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &[],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["UpdateRole", "UpdateRoleDescription"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_updated.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let role = event.request("roleName")?;
    let seconds = event.request_value("maxSessionDuration").and_then(serde_json::Value::as_u64);
    let finding = DETECTION
        .finding(event, format!("changed the settings of role {role}"))
        .evidence_if("Longest session", seconds.map(|seconds| format!("{} min", seconds / 60)))
        .evidence_if("Description", event.request("description"));
    Some(grant::weigh(event, context, finding))
}
