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
//! Nearly all of them: tools that keep keys off the disk make one for each session. It is kept for the record.
//!
//! ## What to do
//!
//! 1. If one of the user's keys is known to others: deny the user everything with an inline policy. That ends its
//!    sessions too; setting the key Inactive does not.
//! 2. List all calls by the session since, by `userIdentity.accessKeyId`, which is under Session key.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Kind, Target};
use crate::finding::{Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "session-token-issued",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
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

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.kind != Kind::IamUser {
        return None;
    }
    let seconds = event.request_value("durationSeconds").and_then(serde_json::Value::as_u64);
    Some(
        DETECTION
            .finding(event, "made a temporary session of themselves")
            .target(Target::user(&event.actor.name))
            .evidence("MFA", event.request("serialNumber").unwrap_or("not used: such a session cannot call IAM"))
            .evidence_if("Lasts", seconds.map(|seconds| format!("{} min", seconds / 60)))
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
