//! # Session token issued
//!
//! An IAM user made a temporary session of itself with `GetSessionToken`.
//!
//! ## Why it matters
//!
//! The session works for up to 36 hours, also after the key that made it was switched off. With a stolen key and a code
//! of the user's MFA device it may do all that the user may.
//!
//! ## False alarms
//!
//! Nearly all of them: tools that keep keys off the disk make one for each session. It is kept for the record. HIGH, if
//! the user was not seen to make one before, or not with that MFA device, and the key that signed came from another
//! network than the user's, or was just made by somebody else.
//!
//! ## What to do
//!
//! 1. If one of the user's keys is known to others: deny the user everything with an inline policy. That ends its
//!    sessions too; setting the key Inactive does not.
//! 2. List all calls by the session since, by `userIdentity.accessKeyId`, which is under Session key.

use super::{Context, Detection, Outcome, Page, Technique, role_assumed_with_new_mfa_device};
use crate::event::{Event, Kind, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "session-token-issued",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1550.001",
        was: None,
        name: "Use Alternate Authentication Material: Application Access Token",
    }],
    covers: &["CRED-19"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["GetSessionToken"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("session_token_issued.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering =
    Remembering { id: "session-token-issued", asked_by: &[&DETECTION], what: What::Habit(user) };

fn user(event: &Event) -> Option<Pair> {
    let user = event.actor.kind == Kind::IamUser && !event.actor.principal.is_empty();
    user.then(|| Pair(vec![event.actor.principal.clone()]))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.kind != Kind::IamUser {
        return None;
    }
    let seconds = event.request_value("durationSeconds").and_then(serde_json::Value::as_u64);
    let since = context.facts.first_since(REMEMBERS.id);
    let device = role_assumed_with_new_mfa_device::new_device(event, context);
    let doubted = if since.is_some() || device.is_some() { Severity::High } else { Severity::Low };
    let first = since.map(|since| format!("the user was not seen to do it before, since {since}"));
    Some(
        DETECTION
            .finding(event, "made a temporary session of themselves")
            .target(Target::user(&event.actor.name))
            .if_key_is_in_doubt(doubted)
            .evidence_if("First", first)
            .evidence_if("Device", device)
            .evidence("MFA", event.request("serialNumber").unwrap_or("not used: such a session cannot call IAM"))
            .evidence_if("Lasts", seconds.map(|seconds| format!("{} min", seconds / 60)))
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
