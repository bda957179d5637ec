//! # MFA device deactivated
//!
//! An IAM user's MFA device was switched off.
//!
//! ## Why it matters
//!
//! Without it the user's password alone opens the console. Attackers do it before they sign in, or to put a device of
//! their own in its place.
//!
//! ## False alarms
//!
//! A user with a new phone, or an administrator who helps one: a new device is registered within minutes.
//!
//! ## What to do
//!
//! 1. Ask the user whether they, or somebody for them, switched it off.
//! 2. If not: set a new password, set the user's keys Inactive, and cut off the credentials of whoever is named under
//!    Who.
//! 3. See that a device is registered again, in `EnableMFADevice` events of the next hour, and by whom.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "mfa-device-deactivated",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1556.006",
        was: None,
        name: "Modify Authentication Process: Multi-Factor Authentication",
    }],
    covers: &["CONS-11"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["DeactivateMFADevice"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("mfa_device_deactivated.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let owner = event.owner()?;
    // Root's own device is a detection of its own.
    let user = owner.user()?;
    let finding = DETECTION
        .finding(event, format!("deactivated an MFA device of {owner}"))
        .target(Target::user(user))
        .evidence_if("Device", event.request("serialNumber"));
    Some(match owner {
        Owner::Caller(_) => finding.severity(Severity::Medium),
        _ => finding,
    })
}
