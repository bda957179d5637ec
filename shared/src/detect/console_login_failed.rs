//! # Sign-ins failed one after another
//!
//! Five sign-ins to the console as the same user, or as users that do not exist, failed within 15 minutes.
//!
//! ## Why it matters
//!
//! Somebody may be guessing a password. AWS writes the names of users that do not exist as hidden, since people type
//! passwords there.
//!
//! ## False alarms
//!
//! A user who forgot a password, or a password manager with an old one.
//!
//! ## What to do
//!
//! 1. Ask the user whether it was them.
//! 2. If not: see whether a sign-in succeeded, in `ConsoleLogin` events of the 24 hours after, by
//!    `userIdentity.userName` and by `sourceIPAddress`.
//! 3. If one did and MFA was not used: set a new password and set the user's keys Inactive.
//! 4. If the reason names MFA, the password is known to others: set a new one.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-failed",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1110.001", was: None, name: "Brute Force: Password Guessing" }],
    covers: &["CONS-02", "CONS-03"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("console_login_failed.rs")),
    detect,
};

/// People mistype a password twice or three times.
const QUORUM: u64 = 5;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    // Root's sign-ins are a detection of their own.
    if actor.is_root() {
        return None;
    }
    let finding = if actor.is_nameless() {
        DETECTION.finding(event, "failed to sign in to the console as a user that does not exist")
    } else {
        DETECTION.finding(event, "failed to sign in to the console").target(Target::user(&actor.name))
    };
    let mfa = (actor.mfa == Some(true)).then_some("asked for: the password was right");
    Some(finding.evidence_if("Reason", event.error_message.as_deref()).evidence_if("MFA", mfa).speaks_at(QUORUM))
}
