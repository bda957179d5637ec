//! # Change of root's mail address begun
//!
//! Somebody asked AWS to change the mail address of an account's root user. A code was sent to the new address, and
//! whoever enters it completes the change.
//!
//! ## Why it matters
//!
//! Whoever reads the new mailbox can recover root's password. Now is the last moment at which nothing is lost yet.
//!
//! ## False alarms
//!
//! A company that moves its accounts to another domain or a shared mailbox. That is planned and has a ticket.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, over a channel that is not mail.
//! 2. If they do not know of it: cut off their credentials at once, before they enter the code.
//! 3. See whether an `AcceptPrimaryEmailUpdate` event followed; if so, open a case with AWS Support.
//! 4. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "root-email-change-requested",
    watcher: Watcher::RootUsage,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["ROOT-07"],
    calls: &[Calls { source: "account.amazonaws.com", names: &["StartPrimaryEmailUpdate"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_email_change_requested.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let account = event.request("accountId").unwrap_or(&event.account);
    let of = if account == event.account {
        String::new()
    } else {
        format!(" in account {}", context.config.account_name(account))
    };
    Some(DETECTION.finding(event, format!("began to change root's mail address{of}")).target(Target::account(account)))
}
