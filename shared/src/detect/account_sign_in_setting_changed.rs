//! # Account-wide sign-in setting changed
//!
//! The account's alias, by which people find its sign-in page, was set or deleted, or it was changed in which regions the
//! session tokens of the global endpoint are taken.
//!
//! ## Why it matters
//!
//! An alias that is free can be taken by anybody: people who use the old address then type their passwords into another
//! account's sign-in page. Tokens that every region takes also open regions that nobody watches.
//!
//! ## False alarms
//!
//! The account's first set-up. Where tokens are taken is recorded only.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether the account should have another alias.
//! 2. If not: set the old alias again, before somebody else takes it, and cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-sign-in-setting-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1556", was: None, name: "Modify Authentication Process" }],
    covers: &[],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["CreateAccountAlias", "DeleteAccountAlias", "SetSecurityTokenServicePreferences"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_sign_in_setting_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let alias = || event.request("accountAlias");
    let (act, severity) = match event.call() {
        "CreateAccountAlias" => (format!("set the account's alias to {}", alias()?), Severity::Medium),
        "DeleteAccountAlias" => (format!("deleted the account's alias {}", alias()?), Severity::Medium),
        _ if event.request("globalEndpointTokenVersion") == Some("v2Token") => {
            ("let every region take the global endpoint's tokens".to_owned(), Severity::Low)
        }
        _ => ("let only regions on by default take the global endpoint's tokens".to_owned(), Severity::Low),
    };
    Some(DETECTION.finding(event, act).target(Target::account(&event.account)).severity(severity))
}
