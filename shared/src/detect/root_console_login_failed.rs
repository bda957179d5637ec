//! # Root failed to sign in
//!
//! Somebody tried to sign in to the console as the account's root user and failed.
//!
//! ## Why it matters
//!
//! Root's sign-in needs its mail address, which is rarely public. Somebody who tries knows it, and an attempt that
//! fails at MFA suggests that they know the password too.
//!
//! ## False alarms
//!
//! A holder of root who mistyped. One or two attempts followed by a sign-in from the same address fit that.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them mistyped.
//! 2. If not: change root's password if MFA was what failed, and check that its mailbox is safe.
//! 3. List root's `ConsoleLogin` events of the 24 hours before and after, and compare their `sourceIPAddress`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "root-console-login-failed",
    watcher: Watcher::RootUsage,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1110.001", was: None, name: "Brute Force: Password Guessing" }],
    covers: &["ROOT-03"],
    calls: &[],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("root_console_login_failed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if !event.actor.is_root() || !event.is("signin.amazonaws.com", &["ConsoleLogin"]) {
        return None;
    }
    let finding = DETECTION
        .finding(event, "failed to sign in to the console")
        .evidence_if("Reason", event.error_message.as_deref());
    // MFA is asked for once the password was right.
    Some(match event.actor.mfa {
        Some(true) => finding.severity(Severity::High).evidence("MFA", "asked for, and failed: the password was right"),
        _ => finding,
    })
}
