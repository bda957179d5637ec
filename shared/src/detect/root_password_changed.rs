//! # Root's password changed
//!
//! Somebody changed root's password, or set a new one through the recovery by mail.
//!
//! ## Why it matters
//!
//! Whoever did it now holds root, and its former holders may be locked out. Recovery by mail needs only root's mailbox.
//!
//! ## False alarms
//!
//! A planned rotation of root's password, or a holder who had forgotten it. Either should have a ticket.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them did this, over a channel that is not mail.
//! 2. If not: recover the password yourselves through root's mailbox, secure that mailbox, and open a case with AWS
//!    Support.
//! 3. List all calls by root in the hour after this event, by `userIdentity.type` `Root`.
//! 4. Check root's access keys and MFA devices for ones that nobody knows.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "root-password-changed",
    watcher: Watcher::RootUsage,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["ROOT-05"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["PasswordUpdated", "PasswordRecoveryCompleted"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_password_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let act =
        if event.name == "PasswordUpdated" { "changed root's password" } else { "recovered root's password by mail" };
    Some(DETECTION.finding(event, act))
}
