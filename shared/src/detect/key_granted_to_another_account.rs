//! # Encryption key granted to another account
//!
//! Somebody gave a principal of another account the use of a key of AWS KMS, by a grant.
//!
//! ## Why it matters
//!
//! A grant lets its holder use the key although no policy says so, and no policy shows it. Whoever reviews policies
//! misses it, which makes it a good place to hide. With it, what the key protects can be read from the other account.
//!
//! ## False alarms
//!
//! AWS services make grants all day for the account itself; they are not told. A grant to an account that has a name in
//! the configuration is LOW.
//!
//! ## What to do
//!
//! 1. Find out whose account it is: ask for the contract or the ticket that names its number.
//! 2. If nobody knows it: take the grant back with the command under Undo.
//! 3. List all calls on this key since the event whose `userIdentity.accountId` is that account.
//! 4. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Recipient};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "key-granted-to-another-account",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &[],
    calls: &[Calls { source: "kms.amazonaws.com", names: &["CreateGrant"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("key_granted_to_another_account.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    // Services work in accounts of AWS's own, and make themselves grants for what they were asked to do.
    if event.actor.is_service() {
        return None;
    }
    let id = event.request("keyId")?;
    let grantee = event.request("granteePrincipal")?;
    // The key's own account: a grant on another account's key is told in both.
    let home = arn::account(id).unwrap_or(&event.account);
    let recipient = Recipient::of(grantee, home)?;
    let operations = opening::texts(event, "operations");
    let opens = operations.iter().any(|one| ["Decrypt", "ReEncryptFrom", "CreateGrant", "Sign"].contains(one));
    let stranger = if opens { Severity::High } else { Severity::Medium };
    let key = opening::target("key", id);
    let grant = event.response("grantId").and_then(|grant| undo::revoke_grant(id, grant, &event.region));
    let finding = DETECTION
        .finding(event, format!("granted {} the use of {key}", recipient.named(context.config)))
        .severity(recipient.severity(context.config, stranger, stranger))
        .target(key)
        .evidence("To", grantee)
        .evidence_if("Operations", (!operations.is_empty()).then(|| operations.join(", ")))
        .evidence_if("May be retired by", event.request("retiringPrincipal"))
        .undo(grant);
    Some(grant::weigh(event, context, finding))
}
