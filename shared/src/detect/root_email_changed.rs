//! # Root's mail address changed
//!
//! The mail address of an account's root user was changed: by root, or for a member account from the organization's
//! management account.
//!
//! ## Why it matters
//!
//! Whoever reads the new mailbox can recover root's password and lock everybody else out. Taking the account back goes
//! through AWS Support.
//!
//! ## False alarms
//!
//! A company that moves its accounts to another domain or a shared mailbox. That is planned and has a ticket.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, and the people who hold root's credentials, over a channel that is not mail.
//! 2. If not: open a case with AWS Support at once, from another account if need be.
//! 3. List all calls by root and by the actor named under Who in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "root-email-changed",
    watcher: Watcher::RootUsage,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["ROOT-07"],
    calls: &[
        Calls { source: "signin.amazonaws.com", names: &["EmailUpdated"] },
        Calls { source: "iam.amazonaws.com", names: &["EmailUpdated"] },
        Calls { source: "account.amazonaws.com", names: &["AcceptPrimaryEmailUpdate"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_email_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let member = event.request("accountId").filter(|member| *member != event.account);
    let finding = match member {
        Some(member) => DETECTION
            .finding(event, format!("changed root's mail address in account {member}"))
            .target(Target::account(member)),
        None => DETECTION.finding(event, "changed root's mail address"),
    };
    Some(finding)
}
