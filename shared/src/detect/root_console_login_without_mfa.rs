//! # Root signed in to the console without MFA
//!
//! Somebody signed in to the console as the account's root user with a password alone.
//!
//! ## Why it matters
//!
//! Whoever knows root's password, or can read its mailbox, owns the account. Nothing else stands between them and
//! everything in it.
//!
//! ## False alarms
//!
//! A new account whose root has no MFA device yet. That is worth ending today, whoever signed in.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them is signed in, now, over a channel that is not
//!    mail.
//! 2. If not: change root's password and its mailbox's password, and delete root's access keys, from a clean machine.
//! 3. Register an MFA device for root before signing out.
//! 4. List all calls by root in the hour after this event, by `userIdentity.type` `Root`.
//! 5. Look for what outlives root's session: users, access keys, roles and trust policies made since the sign-in.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "root-console-login-without-mfa",
    watcher: Watcher::RootUsage,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["ROOT-04"],
    calls: &[],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_console_login_without_mfa.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let sign_in = event.actor.is_root() && event.is("signin.amazonaws.com", &["ConsoleLogin"]);
    if !sign_in || event.actor.mfa != Some(false) {
        return None;
    }
    Some(DETECTION.finding(event, "signed in to the console without MFA").evidence("MFA", "not used"))
}
