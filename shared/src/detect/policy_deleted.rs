//! # Policy deleted
//!
//! Somebody deleted a managed policy, or the inline policy of a user, a role or a group.
//!
//! ## Why it matters
//!
//! Rights are taken away: usually tidying up, at times locking others out or removing traces. A policy that denies
//! holds somebody back, and its removal gives rights.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code deletes what it made. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Find the text in the call that wrote it: `PutUserPolicy`, `PutRolePolicy`, `PutGroupPolicy` or
//!    `CreatePolicyVersion` with this name, in the 90 days before.
//! 2. If it denied anything, or somebody is locked out: write it again.
//! 3. List all `Delete*` calls by the actor's ARN in the hour around the event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::Document;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "policy-deleted",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1531", was: None, name: "Account Access Removal" }],
    covers: &["IAMC-15", "IAMC-16"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["DeletePolicy", "DeleteUserPolicy", "DeleteRolePolicy", "DeleteGroupPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("policy_deleted.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let target = event.target();
    let act = match (event.request("policyName"), event.request("policyArn")) {
        (Some(name), _) => format!("deleted inline policy {name} of {target}"),
        (None, Some(_)) => format!("deleted {target}"),
        (None, None) => return None,
    };
    let before = context.facts.before.known().and_then(Option::as_ref);
    let denied: Vec<_> = before.into_iter().flat_map(Document::what_it_denies).collect();
    Some(grant::weigh(event, context, grant::loosened(DETECTION.finding(event, act), &denied)))
}
