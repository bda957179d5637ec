//! # Account gone from the organization
//!
//! Somebody removed a member account from the organization, or AWS Organizations says that an account left it. Both
//! are seen in the management account.
//!
//! ## Why it matters
//!
//! The account is no longer held back by the organization's policies, no longer recorded by its trail, and no longer
//! watched centrally. Whoever holds the account can do there what they like.
//!
//! ## False alarms
//!
//! An account that was sold, or closed for good 90 days ago: that one, and what a removal is followed by, are LOW.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who. Where AWS Organizations speaks: list `LeaveOrganization`, `AcceptHandshake` and
//!    `RemoveAccountFromOrganization` calls of the hour before, in this account and in the one that left.
//! 2. If nobody knows of it: invite the account back.
//! 3. List all calls by the actor in the 24 hours before, by `userIdentity.arn`, above all to
//!    `organizations.amazonaws.com`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::organization;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-removed-from-organization",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1666", was: None, name: "Modify Cloud Resource Hierarchy" }],
    covers: &["ORGG-02", "ORGG-06"],
    calls: &[Calls {
        source: "organizations.amazonaws.com",
        names: &["RemoveAccountFromOrganization", "AccountDepartedOrganization"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_removed_from_organization.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.call() == "AccountDepartedOrganization" {
        return Some(departed(event, context));
    }
    let account = event.request("accountId")?;
    let name = context.config.account_name(account);
    Some(
        DETECTION
            .finding(event, format!("removed account {name} from the organization"))
            .target(Target::account(account)),
    )
}

/// What AWS Organizations says once an account is gone. A removal and a closure were calls that are told by themselves.
fn departed(event: &Event, context: &Context<'_>) -> Finding {
    let account = organization::member(event);
    let name = account.map_or("of unknown number", |account| context.config.account_name(account));
    let method = organization::detail(event, &["departureMethod", "departedMethod"]).unwrap_or_default();
    let (severity, how) = match method.to_ascii_uppercase().as_str() {
        "REMOVED" => (Severity::Low, "was removed from the organization"),
        "CLEANED" => (Severity::Low, "is closed for good and gone from the organization"),
        _ => (Severity::High, "left the organization"),
    };
    DETECTION
        .finding(event, format!("says that account {name} {how}"))
        .target(Target::account(account.unwrap_or(&event.account)))
        .severity(severity)
        .evidence_if("Method", Some(method).filter(|method| !method.is_empty()))
        .evidence_if("When", organization::detail(event, &["departureTime", "departedTime"]))
}
