//! # Root signed in to the console
//!
//! Somebody signed in to the console as the account's root user, with MFA or where the record does not say.
//!
//! ## Why it matters
//!
//! Root can do anything in the account, and no policy of the account limits it. Whoever signs in as root with MFA holds
//! both its password and its device.
//!
//! ## False alarms
//!
//! A planned root task, such as closing the account or changing its support plan. It should have a ticket, and a person
//! who can be asked.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them is signed in, now, over a channel that is not
//!    mail.
//! 2. If not: change root's password, delete its access keys and re-register its MFA device, from a clean machine.
//! 3. List all calls by root in the hour after this event, by `userIdentity.type` `Root`.
//! 4. Look for what outlives root's session: users, access keys, roles and trust policies made since the sign-in.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "root-console-login",
    watcher: Watcher::RootUsage,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["ROOT-01"],
    calls: &[],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_console_login.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let sign_in = event.actor.is_root() && event.is("signin.amazonaws.com", &["ConsoleLogin"]);
    if !sign_in || event.actor.mfa == Some(false) {
        return None;
    }
    let mfa = if event.actor.mfa.is_some() { "used" } else { "not said" };
    Some(DETECTION.finding(event, "signed in to the console").evidence("MFA", mfa))
}
