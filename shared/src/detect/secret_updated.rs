//! # Secret updated
//!
//! Somebody changed a secret of AWS Secrets Manager: its value, its description, or the key that encrypts it.
//!
//! ## Why it matters
//!
//! Who writes a secret decides what applications believe: a connection string can lead them to a machine of the
//! attacker's. Who has it encrypted with a key of another account can take it away at any time, and that account sees
//! each use.
//!
//! ## False alarms
//!
//! Secrets are updated by people and pipelines all the time: LOW. A key of another account is HIGH, unless the account
//! has a name in the configuration.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they meant it; the value before it is still there as `AWSPREVIOUS`.
//! 2. If the key is another account's: have the secret encrypted with your own key again, and then give it a new value.
//! 3. List the `GetSecretValue` calls for this secret since the event, by `requestParameters.secretId`.
//! 4. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Recipient};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "secret-updated",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &[],
    calls: &[Calls { source: "secretsmanager.amazonaws.com", names: &["UpdateSecret"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("secret_updated.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let secret = opening::target("secret", event.request("secretId")?);
    let key = event.request("kmsKeyId");
    let owner = key.and_then(|key| Recipient::of(key, &event.account));
    let act = match owner {
        Some(owner) => format!("had {secret} encrypted with a key of {}", owner.named(context.config)),
        None => format!("updated {secret}"),
    };
    let severity = owner.map(|owner| owner.severity(context.config, Severity::High, Severity::High));
    let finding = DETECTION
        .finding(event, act)
        .severity(severity.unwrap_or(Severity::Low))
        .target(secret)
        .evidence_if("Key", key);
    Some(grant::weigh(event, context, finding))
}
