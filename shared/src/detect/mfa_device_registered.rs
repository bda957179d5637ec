//! # MFA device registered for another user or root
//!
//! Somebody registered an MFA device for an IAM user that is not theirs, or for root.
//!
//! ## Why it matters
//!
//! Whoever holds the device can prove to be that user. Together with a new password it is a way to take a user over and
//! to lock its owner out.
//!
//! ## False alarms
//!
//! An administrator who sets up a user. Users who register devices of their own are left out.
//!
//! ## What to do
//!
//! 1. Ask the user whether the device is theirs.
//! 2. If not: remove it with the command under Undo, and cut off the credentials of whoever is named under Who.
//! 3. List the user's `ConsoleLogin` events since, by `userIdentity.userName`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "mfa-device-registered",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1556.006",
        was: None,
        name: "Modify Authentication Process: Multi-Factor Authentication",
    }],
    covers: &["CONS-12"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["EnableMFADevice"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("mfa_device_registered.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let owner = event.owner()?;
    if matches!(owner, Owner::Caller(_)) {
        return None;
    }
    let device = event.request("serialNumber");
    let takes_back = || undo::deactivate_mfa_device(owner.user()?, device?);
    Some(
        DETECTION
            .finding(event, format!("registered an MFA device for {owner}"))
            .target(owner.target(event))
            .evidence_if("Device", device)
            .undo(takes_back()),
    )
}
