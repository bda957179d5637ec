//! # Console password changed by its user
//!
//! An IAM user changed its own console password.
//!
//! ## Why it matters
//!
//! Whoever knows the old password can lock the owner out. People change theirs in the console; somebody who does it with
//! an access key has the key and the password.
//!
//! ## False alarms
//!
//! Nearly all of them: people whose password expired or was given to them. It is kept for the record, unless an access
//! key signed it.
//!
//! ## What to do
//!
//! 1. Ask the user whether they changed it.
//! 2. If not: set another password, and set the user's keys Inactive.
//! 3. List all calls by the user in the 24 hours before and after, by `userIdentity.arn`, and compare `sourceIPAddress`
//!    with the one under From.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Kind};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "password-changed-by-its-user",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["CRED-13"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["ChangePassword"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("password_changed_by_its_user.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.kind != Kind::IamUser {
        return None;
    }
    let finding = DETECTION.finding(event, "changed their own console password");
    Some(if event.actor.long_term_key() {
        finding.severity(Severity::Medium).evidence("Signed with", "an access key, not in the console")
    } else {
        finding
    })
}
