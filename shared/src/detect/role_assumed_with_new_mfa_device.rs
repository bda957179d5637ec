//! # Role assumed with an MFA device that is new for the user
//!
//! An IAM user assumed a role with an MFA device that this user was not seen to use with a key, once iamwatch has learned
//! for as many days as the stack is told.
//!
//! ## Why it matters
//!
//! Roles that ask for MFA are the strong ones. Whoever holds a user's key and may register a device for the user gets past
//! that with a device of their own.
//!
//! ## False alarms
//!
//! A new telephone, or a user's first role. It is kept for the record. HIGH, if the key that signed came from another
//! network than the user's, or was just made by somebody else.
//!
//! ## What to do
//!
//! 1. Ask the user whether the device under Device is theirs.
//! 2. If not: deactivate the device, set the user's keys Inactive and revoke the role's active sessions.
//! 3. Find who registered it: `EnableMFADevice` by `requestParameters.serialNumber`, in the 30 days before.

use super::{Context, Detection, Outcome, Page, Technique, session_token_issued};
use crate::event::{Event, Kind, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-assumed-with-new-mfa-device",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1556.006",
        was: None,
        name: "Modify Authentication Process: Multi-Factor Authentication",
    }],
    covers: &["CONS-16"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_assumed_with_new_mfa_device.rs")),
    detect,
};

/// Asked about sessions too: who made one with a device has used it.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "mfa-device-used",
    asked_by: &[&DETECTION, &session_token_issued::DETECTION],
    what: What::Habit(user_and_device),
};

/// A serial number that is there was checked, with a code of the device.
fn user_and_device(event: &Event) -> Option<Pair> {
    let gives_a_session = event.is("sts.amazonaws.com", &["AssumeRole", "GetSessionToken"]) && event.succeeded();
    let device = event.request("serialNumber").filter(|_| gives_a_session)?;
    let user = event.actor.kind == Kind::IamUser && !event.actor.is_service();
    user.then(|| Pair(vec![event.actor.principal.clone(), device.to_owned()]))
}

/// In words, that the user was not seen to use the device.
pub(super) fn new_device(event: &Event, context: &Context<'_>) -> Option<String> {
    let since = context.facts.first_since(REMEMBERS.id)?;
    Some(format!("{}: not seen with this user before, since {since}", event.request("serialNumber")?))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let words = new_device(event, context)?;
    let device = event.request("serialNumber")?;
    let user = &event.actor.name;
    let role = Target::from_arn(event.request("roleArn")?).name;
    Some(
        DETECTION
            .finding(event, format!("assumed role {role} with an MFA device that is new for them"))
            .target(Target::user(user))
            .if_key_is_in_doubt(Severity::High)
            .evidence("Device", words)
            .undo(undo::deactivate_mfa_device(user, device)),
    )
}
