//! # Access key created
//!
//! An IAM user made a long-term access key for itself.
//!
//! ## Why it matters
//!
//! A long-term key works from anywhere and until somebody switches it off. An attacker who holds a session makes one to
//! come back with.
//!
//! ## False alarms
//!
//! A user who rotates keys: the older one is switched off or deleted within days.
//!
//! ## What to do
//!
//! 1. Ask the user whether the key is theirs.
//! 2. If not: set it Inactive with the command under Undo, then treat the user's other credentials as known to others.
//! 3. List all calls signed by the new key since the event, by `userIdentity.accessKeyId`: sessions that
//!    it opened with `GetSessionToken` or `GetFederationToken` outlive it.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "access-key-created",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["CRED-01"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreateAccessKey"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("access_key_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let Owner::Caller(user) = event.owner()? else { return None };
    let Some(key) = event.response("accessKey.accessKeyId") else {
        // The record lacks its answer: the key is there all the same.
        return Some(DETECTION.finding(event, "created an access key of unknown id for themselves"));
    };
    Some(
        DETECTION
            .finding(event, format!("created access key {key} for themselves"))
            .undo(undo::disable_access_key(user, key)),
    )
}
