//! # Own MFA device registered outside the console
//!
//! An IAM user registered an MFA device for itself by program: with an access key, or with a temporary session.
//!
//! ## Why it matters
//!
//! People scan a code in the console. Who has stolen a key or a session registers a device of their own to pass for MFA
//! from then on, which opens all that policies keep for sessions with MFA.
//!
//! ## False alarms
//!
//! A script that sets up new users' devices with the users' own keys.
//!
//! ## What to do
//!
//! 1. Ask the user whether the device is theirs, over a channel that is not mail.
//! 2. If not: remove it with the command under Undo, set the user's keys Inactive and set a new password.
//! 3. List all `GetSessionToken` and `AssumeRole` calls by the user since, by `requestParameters.serialNumber` with the
//!    device's ARN.
//! 4. List all calls by the user in the 24 hours before, by `userIdentity.arn`: how did they come by its credentials?

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "mfa-device-registered-outside-console",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1556.006",
        was: None,
        name: "Modify Authentication Process: Multi-Factor Authentication",
    }],
    covers: &["CONS-13"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["EnableMFADevice"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("mfa_device_registered_outside_console.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    // Devices of other users and of root are a detection of their own.
    let Owner::Caller(user) = event.owner()? else { return None };
    if event.origin.console || event.actor.is_service() {
        return None;
    }
    let device = event.request("serialNumber");
    let signed = if event.actor.long_term_key() { "an access key, without MFA" } else { "a temporary session" };
    Some(
        DETECTION
            .finding(event, "registered an MFA device for themselves by program")
            .target(Target::user(user))
            .evidence("Signed with", signed)
            .evidence_if("Device", device)
            .undo(device.and_then(|device| undo::deactivate_mfa_device(user, device))),
    )
}
