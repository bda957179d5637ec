//! # Contact of the account changed
//!
//! Somebody changed the account's own contact, or set or deleted the contact for security, billing or operations.
//!
//! ## Why it matters
//!
//! AWS writes to the security contact when it sees an attack: whoever is that contact can keep it to themselves. Who
//! has the mailbox of root and the telephone of the account's own contact signs in as root without its MFA device.
//!
//! ## False alarms
//!
//! A company that moves, or a team that gets a mailbox of its own. Billing and operations are LOW.
//!
//! ## What to do
//!
//! 1. Compare the contact with what it should be, under Account in the console. Its values are not in the event.
//! 2. Ask whoever is named under Who; if they do not know of it, set it back.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`, and all `PasswordRecoveryRequested`
//!    events of root since.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-contact-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["ROOT-12"],
    calls: &[Calls {
        source: "account.amazonaws.com",
        names: &["DeleteAlternateContact", "PutAlternateContact", "PutContactInformation"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_contact_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let account = event.request("accountId").unwrap_or(&event.account);
    let of = if account == event.account {
        String::new()
    } else {
        format!(" of account {}", context.config.account_name(account))
    };
    let kind = event.request("alternateContactType").unwrap_or_default().to_ascii_lowercase();
    let (act, severity) = match (event.call(), kind.as_str()) {
        ("PutContactInformation", _) => ("changed the account's own contact".to_owned(), Severity::Medium),
        (call, kind) => {
            let did = if call == "DeleteAlternateContact" { "deleted" } else { "set" };
            let severity = if matches!(kind, "billing" | "operations") { Severity::Low } else { Severity::Medium };
            let kind = if kind.is_empty() { "alternate" } else { kind };
            (format!("{did} the {kind} contact"), severity)
        }
    };
    let finding = DETECTION.finding(event, format!("{act}{of}")).target(Target::account(account)).severity(severity);
    Some(grant::unless_by_a_service(event, finding))
}
