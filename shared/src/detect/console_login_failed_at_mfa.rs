//! # Sign-ins failed at MFA
//!
//! Three sign-ins to the console as the same user failed within 15 minutes, after MFA was asked for.
//!
//! ## Why it matters
//!
//! Who gets as far as MFA has the right password. What is left between them and the user's rights is one code.
//!
//! ## False alarms
//!
//! A user with a new phone, or one whose clock is wrong.
//!
//! ## What to do
//!
//! 1. Ask the user whether it was them.
//! 2. If not: set a new password at once, and find out where they use the old one.
//! 3. See whether a sign-in succeeded, in `ConsoleLogin` events of the 24 hours after, by `userIdentity.userName`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Kind, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-failed-at-mfa",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1621", was: None, name: "Multi-Factor Authentication Request Generation" }],
    covers: &["CONS-14", "CONS-15"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("console_login_failed_at_mfa.rs")),
    detect,
};

/// A code is mistyped, and then it is too old.
const QUORUM: u64 = 3;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    // Root's sign-ins are a detection of their own.
    if actor.kind != Kind::IamUser || actor.mfa != Some(true) {
        return None;
    }
    Some(
        DETECTION
            .finding(event, "failed to sign in to the console at MFA")
            .target(Target::user(&actor.name))
            .evidence("MFA", "asked for: the password was right")
            .evidence_if("Reason", event.error_message.as_deref())
            .speaks_at(QUORUM),
    )
}
