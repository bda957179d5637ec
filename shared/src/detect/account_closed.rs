//! # AWS account closed
//!
//! Somebody closed an AWS account: a member account from the organization's management account, or the account
//! itself.
//!
//! ## Why it matters
//!
//! What is in the account is out of reach within minutes, and after 90 days it is deleted for good. It is the greatest harm
//! that one call can do.
//!
//! ## False alarms
//!
//! Accounts that are no longer needed are closed. Whoever closes one says so before.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, and the owner of the account, whether it should be closed.
//! 2. If not: open a case with AWS Support at once, from the management account: only they can reopen it, for 90
//!    days.
//! 3. Cut off the credentials of whoever is named under Who: an organization may close a fifth of its accounts in 30
//!    days.
//! 4. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-closed",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1531", was: None, name: "Account Access Removal" }],
    covers: &["ROOT-13"],
    calls: &[
        Calls { source: "account.amazonaws.com", names: &["CloseAccount"] },
        Calls { source: "organizations.amazonaws.com", names: &["CloseAccount"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_closed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let account = event.request("accountId").unwrap_or(&event.account);
    let name = context.config.account_name(account);
    Some(DETECTION.finding(event, format!("closed account {name}")).target(Target::account(account)))
}
