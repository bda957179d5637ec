//! # Encryption key's material changed
//!
//! Somebody brought their own material into a key of AWS KMS, or switched the yearly rotation of a key off.
//!
//! ## Why it matters
//!
//! Material that somebody brings is known to them outside AWS, and they can let it expire: data that is encrypted anew
//! under such a key is theirs to give back. That is how data in the cloud is taken hostage. Without rotation, one piece
//! of material protects everything for ever.
//!
//! ## False alarms
//!
//! Companies that have to make their keys themselves import material now and then, with a ticket. Rotation switched off
//! is LOW.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who where the material comes from, and who else has it.
//! 2. List the `ReEncrypt`, `PutBucketEncryption`, `CopyObject` and `UpdateSecret` calls that name this key since the
//!    event, by `resources.ARN`.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "key-material-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1486", was: None, name: "Data Encrypted for Impact" }],
    covers: &["EXTA-10"],
    calls: &[Calls { source: "kms.amazonaws.com", names: &["ImportKeyMaterial", "DisableKeyRotation"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("key_material_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let id = event.request("keyId")?;
    let key = opening::target("key", id);
    if event.call() == "DisableKeyRotation" {
        let finding = DETECTION.finding(event, format!("switched the rotation of {key} off")).severity(Severity::Low);
        return Some(finding.target(key).undo(undo::enable_key_rotation(id, &event.region)));
    }
    let expires = event.request("expirationModel") == Some("KEY_MATERIAL_EXPIRES");
    let that_expires = if expires { " that expires" } else { "" };
    let act = format!("imported material{that_expires} into {key}");
    Some(DETECTION.finding(event, act).target(key).evidence_if("Expires", event.request("validTo")))
}
