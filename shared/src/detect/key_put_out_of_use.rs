//! # Encryption key put out of use
//!
//! A key of AWS KMS was disabled, scheduled for deletion, or robbed of its imported material.
//!
//! ## Why it matters
//!
//! Nothing that the key encrypts can be read from now on: disks, databases, backups, secrets, and logs of CloudTrail.
//! Once it is deleted, nothing ever will. Attackers do it to destroy, to blackmail and to blind.
//!
//! ## False alarms
//!
//! Keys of projects that were taken down. A deletion within a CloudFormation deployment is LOW.
//!
//! ## What to do
//!
//! 1. Take it back with the command under Undo before the date above. Deleted material has to be imported again.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials: other keys come next.
//! 3. List the `Decrypt` and `GenerateDataKey` calls on this key in the 7 days before, by `resources.ARN`: they tell
//!    what depends on it.
//! 4. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, unless_deployed};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "key-put-out-of-use",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[
        Technique { id: "T1485", was: None, name: "Data Destruction" },
        Technique { id: "T1486", was: None, name: "Data Encrypted for Impact" },
    ],
    covers: &["EXTA-10"],
    calls: &[Calls {
        source: "kms.amazonaws.com",
        names: &["ScheduleKeyDeletion", "DisableKey", "DeleteImportedKeyMaterial"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("key_put_out_of_use.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let id = event.request("keyId")?;
    let key = opening::target("key", id);
    let (act, severity, undo) = match event.call() {
        "ScheduleKeyDeletion" => {
            (format!("scheduled {key} for deletion"), Severity::High, undo::cancel_key_deletion(id, &event.region))
        }
        "DeleteImportedKeyMaterial" => (format!("deleted the imported material of {key}"), Severity::High, None),
        _ => (format!("disabled {key}"), Severity::Medium, undo::enable_key(id, &event.region)),
    };
    let days = event.request_value("pendingWindowInDays").map(|days| format!("{days} days after the event"));
    let when = event.response("deletionDate").map(str::to_owned).or(days);
    Some(
        DETECTION
            .finding(event, act)
            .severity(unless_deployed(event, severity))
            .target(key)
            .evidence_if("Deleted for good", when)
            .undo(undo),
    )
}
