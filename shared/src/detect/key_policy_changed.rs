//! # Encryption key's policy changed
//!
//! Somebody wrote the policy of a key of AWS KMS.
//!
//! ## Why it matters
//!
//! The policy of a key decides alone who may use what it encrypts, whatever IAM says. Who writes the account out of it
//! takes everything away that the key protects, and can ask a ransom for it; who does so and turns off KMS's own check
//! leaves a key that nobody can get back without AWS.
//!
//! ## False alarms
//!
//! Infrastructure code writes key policies when it changes roles. A policy that leaves the account in charge of the key
//! is LOW.
//!
//! ## What to do
//!
//! 1. Compare the policy with the one before it: the last `PutKeyPolicy` or `CreateKey` call for this key, by
//!    `resources.ARN`.
//! 2. If it locks the account out: write the one before it again with a principal that it still names, and cut off the
//!    credentials of whoever is named under Who.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`; look for
//!    `ScheduleKeyDeletion`, `CreateGrant` and `ReEncrypt`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::Opening;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "key-policy-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[
        Technique {
            id: "T1548.005",
            was: None,
            name: "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
        },
        Technique { id: "T1486", was: None, name: "Data Encrypted for Impact" },
    ],
    covers: &["EXTA-09"],
    calls: &[Calls { source: "kms.amazonaws.com", names: &["PutKeyPolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("key_policy_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let Some(opening) = Opening::of(event) else {
        let finding = DETECTION.finding(event, format!("wrote the policy of {}", event.target()));
        return Some(grant::weigh(event, context, finding.severity(Severity::Medium)));
    };
    let unchecked = match event.request_value("bypassPolicyLockoutSafetyCheck") {
        Some(Value::Bool(unchecked)) => *unchecked,
        _ => event.request("bypassPolicyLockoutSafetyCheck") == Some("true"),
    };
    let key = opening.resource.clone();
    let finding = DETECTION.finding(event, format!("wrote the policy of {key}")).target(key.clone());
    let finding = match &opening.policy {
        Err(illegal) => finding.severity(Severity::Medium).evidence("Unreadable", illegal.to_string()),
        Ok(document) if document.leaves_to_account(&event.account, "kms:PutKeyPolicy") => {
            finding.evidence("Says", document.in_words())
        }
        Ok(document) => {
            let mut finding = finding.severity(Severity::Medium).evidence("Says", document.in_words());
            finding.act = format!("left the account out of {key}'s policy");
            finding
        }
    };
    let finding = if unchecked {
        let check = "skipped: the key may be out of everybody's reach";
        finding.severity(Severity::High).evidence("KMS's lockout check", check)
    } else {
        finding
    };
    Some(grant::weigh(event, context, finding))
}
