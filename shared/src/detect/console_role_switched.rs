//! # Console role switched into from another account
//!
//! Somebody of another account switched into a role of this account in the console.
//!
//! ## Why it matters
//!
//! It shows who really stands behind a role's session: the user or role that switched. Within one account that is
//! daily work and not told, and so is switching back.
//!
//! ## False alarms
//!
//! Nearly all of them: it is how people work in many accounts. It is kept for the record. Whether the role should be
//! open to that account at all is told when its trust policy is written.
//!
//! ## What to do
//!
//! 1. Compare the account under From account with those that your people work from.
//! 2. If it is none of them: list all calls by the role since the event, by `sessionContext.sessionIssuer.arn`, and
//!    rewrite its trust policy without that account.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-role-switched",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &[],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["SwitchRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_role_switched.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let from = event.record().get("additionalEventData")?.get("SwitchFrom")?.as_str()?;
    let account = arn::account(from).filter(|account| *account != event.account)?;
    let role = &event.actor.name;
    let name = context.config.account_name(account);
    Some(
        DETECTION
            .finding(event, format!("switched into the role from account {name}"))
            .target(Target { kind: "role".to_owned(), name: role.clone(), arn: None })
            .evidence("Switched from", from)
            .evidence("From account", context.config.account(account)),
    )
}
