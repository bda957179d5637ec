//! # Root's password recovery requested
//!
//! Somebody asked AWS to send a link for a new root password to root's mail address.
//!
//! ## Why it matters
//!
//! Whoever reads that mail can set root's password. The request itself needs nothing but root's mail address, so it may
//! come from anyone.
//!
//! ## False alarms
//!
//! A holder of root who forgot the password.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them did this, over a channel that is not mail.
//! 2. If not: check that root's mailbox is safe: its sign-ins, forwarding rules and filters of the last 7 days.
//! 3. Watch for a changed password or a sign-in by root in the 24 hours after this event.
//! 4. If a link was used and nobody knows of it: recover the password yourselves and open a case with AWS Support.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "root-password-recovery-requested",
    watcher: Watcher::RootUsage,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["ROOT-06"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["PasswordRecoveryRequested"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_password_recovery_requested.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    Some(DETECTION.finding(event, "asked for a new root password by mail"))
}
