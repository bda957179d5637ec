//! # EC2 key pair created or imported
//!
//! Somebody made a key pair for EC2, or brought the public half of their own.
//!
//! ## Why it matters
//!
//! Instances that are started with it let its holder in. Intruders make one before they start instances of their own.
//!
//! ## False alarms
//!
//! Nearly all of them: image builds and test environments make one each. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what it is for.
//! 2. If nobody knows: delete it with the command under Undo. Instances that run keep it.
//! 3. List the `RunInstances` calls since the event, by `requestParameters.keyName` or
//!    `requestParameters.instancesSet.items.keyName`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "key-pair-created",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.004", was: None, name: "Account Manipulation: SSH Authorized Keys" }],
    covers: &["CRED-41"],
    calls: &[Calls { source: "ec2.amazonaws.com", names: &["CreateKeyPair", "ImportKeyPair"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("key_pair_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service() {
        return None;
    }
    let name = event.request("keyName")?;
    let did = if event.call() == "ImportKeyPair" { "imported" } else { "created" };
    Some(
        DETECTION
            .finding(event, format!("{did} EC2 key pair {name}"))
            .target(Target { kind: "key pair".to_owned(), name: name.to_owned(), arn: None })
            .evidence_if("Fingerprint", event.response("keyFingerprint"))
            .undo(undo::delete_key_pair(name, &event.region)),
    )
}
