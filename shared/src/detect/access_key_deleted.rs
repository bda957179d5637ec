//! # Access key deleted
//!
//! An access key was deleted.
//!
//! ## Why it matters
//!
//! Whatever used the key stops working, and the key can no longer be looked at. An attacker deletes keys to lock their
//! owners out or to hide which one was used.
//!
//! ## False alarms
//!
//! The end of a rotation, or the clearing up of unused keys: nearly every time.
//!
//! ## What to do
//!
//! 1. If something stopped working: find what used the key, by `userIdentity.accessKeyId` in the 7 days before.
//! 2. If its owner does not know of it: list all calls by whoever deleted it in the 24 hours before, by
//!    `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "access-key-deleted",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1531", was: None, name: "Account Access Removal" }],
    covers: &["CRED-06"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["DeleteAccessKey"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("access_key_deleted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let owner = event.owner()?;
    let key = event.request("accessKeyId")?;
    Some(DETECTION.finding(event, format!("deleted access key {key} of {owner}")).target(owner.target(event)))
}
