//! # A safeguard of the whole account was taken away
//!
//! The account no longer blocks public access to its buckets, snapshots or images, or not all of it, or new volumes in
//! this region are no longer encrypted, or machines in it can be entered by their serial console.
//!
//! ## Why it matters
//!
//! A block keeps everything of its kind in the account closed, whatever its own policy says: without it, one call opens
//! a bucket or a snapshot to the world. Only a volume without encryption can be given to everybody as a snapshot. The serial console passes by every
//! network's firewall.
//!
//! ## False alarms
//!
//! An account that is to serve a public site from a bucket, or to publish images. Rarely meant for the whole account.
//!
//! ## What to do
//!
//! 1. Put the safeguard back with the command under Undo; with buckets, see first which of them are public by intent.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List `PutBucketPolicy`, `PutBucketAcl`, `DeleteBucketPublicAccessBlock`, `CreateSnapshot` and
//!    `ModifySnapshotAttribute` since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-safeguard-removed",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-25"],
    calls: &[
        Calls {
            source: "ec2.amazonaws.com",
            names: &[
                "DisableEbsEncryptionByDefault",
                "DisableImageBlockPublicAccess",
                "DisableSnapshotBlockPublicAccess",
                "EnableSerialConsoleAccess",
            ],
        },
        Calls { source: "s3.amazonaws.com", names: &["DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_safeguard_removed.rs")),
    detect,
};

/// The four settings of the block, each on by itself.
const BLOCKS: [&str; 4] = ["blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let off = |setting: &&str| flag(event, &format!("publicAccessBlockConfiguration.{setting}")) == Some(false);
    let opened: Vec<&str> = BLOCKS.iter().copied().filter(off).collect();
    let (severity, safeguard, act, undo) = match event.call() {
        "DisableEbsEncryptionByDefault" => (
            Severity::Medium,
            "volume encryption",
            "switched off the encryption of new volumes",
            undo::encrypt_volumes_by_default(&event.region),
        ),
        "EnableSerialConsoleAccess" => (
            Severity::Medium,
            "serial console",
            "opened the serial consoles of all instances",
            undo::disable_serial_console(&event.region),
        ),
        "DisableSnapshotBlockPublicAccess" => (
            Severity::High,
            "snapshot block",
            "took away the account's block on public snapshots",
            undo::block_public_snapshots(&event.region),
        ),
        "DisableImageBlockPublicAccess" => (
            Severity::High,
            "image block",
            "took away the account's block on public images",
            undo::block_public_images(&event.region),
        ),
        "PutAccountPublicAccessBlock" if opened.is_empty() => return None,
        "PutAccountPublicAccessBlock" => (
            Severity::High,
            "public access block",
            "opened the account's block on public buckets",
            undo::block_public_access_of_account(&event.account),
        ),
        _ => (
            Severity::High,
            "public access block",
            "took away the account's block on public buckets",
            undo::block_public_access_of_account(&event.account),
        ),
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(Target { kind: "safeguard".to_owned(), name: safeguard.to_owned(), arn: None })
        .evidence_if("Switched off", (!opened.is_empty()).then(|| opened.join(", ")))
        .undo(undo);
    blinding::weigh(event, finding)
}
