//! # Snapshot or image shared outside
//!
//! A snapshot of a disk or a database, or a machine image, was shared with another account, with an organization, or
//! with everybody.
//!
//! ## Why it matters
//!
//! Whoever it is shared with can copy everything in it and make a disk, a database or a machine of it, out of your
//! sight. A copy cannot be called back. Attackers take whole databases this way, without reading a single row.
//!
//! ## False alarms
//!
//! Backups and images that are shared with the organization's other accounts. An account that has a name in the
//! configuration, and a whole organization, are LOW here, and so is what AWS Backup shares to copy a backup: the copy is told
//! as `data-copied-elsewhere`.
//!
//! ## What to do
//!
//! 1. Stop sharing it with the command under Undo: a copy that began may not be ended by it.
//! 2. Find out whose account it is. If nobody knows it, treat all data in it as taken, passwords and keys too.
//! 3. List all `ModifySnapshotAttribute`, `ModifyImageAttribute` and `ModifyDB*SnapshotAttribute` calls by the actor in
//!    the 24 hours around the event, by `userIdentity.arn`.
//! 4. List `SharedSnapshotCopyInitiated` and `SharedSnapshotVolumeCreated` events since that hold this snapshot's id:
//!    AWS records with them who took a copy.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Recipient};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "snapshot-shared-outside",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1537", was: None, name: "Transfer Data to Cloud Account" }],
    covers: &["EXTA-14"],
    calls: &[
        Calls { source: "ec2.amazonaws.com", names: &["ModifySnapshotAttribute", "ModifyImageAttribute"] },
        Calls {
            source: "rds.amazonaws.com",
            names: &["ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute"],
        },
        Calls { source: "redshift.amazonaws.com", names: &["AuthorizeSnapshotAccess"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("snapshot_shared_outside.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let (kind, name, list) = match event.call() {
        "ModifySnapshotAttribute" => ("snapshot", "snapshotId", "createVolumePermission.add.items"),
        "ModifyImageAttribute" => ("image", "imageId", "launchPermission.add.items"),
        "ModifyDBSnapshotAttribute" => ("database snapshot", "dBSnapshotIdentifier", "valuesToAdd"),
        "AuthorizeSnapshotAccess" => ("data warehouse snapshot", "snapshotIdentifier", "accountWithRestoreAccess"),
        _ => ("cluster snapshot", "dBClusterSnapshotIdentifier", "valuesToAdd"),
    };
    let id = event.request(name).or_else(|| event.request("snapshotArn"))?;
    let ours = |text: &str| Recipient::of(text, &event.account).is_some();
    let added: Vec<&str> = added(event, list).into_iter().filter(|text| ours(text)).collect();
    let recipients: Vec<Recipient<'_>> = added.iter().filter_map(|text| Recipient::of(text, &event.account)).collect();
    // An image is made to be started, at times by anybody; a snapshot is made to be kept.
    let everyone = if kind == "image" { Severity::High } else { Severity::Critical };
    let (severity, worst, all) = opening::worst(&recipients, context.config, everyone, Severity::High)?;
    let undo = match kind {
        "snapshot" | "image" => undo::unshare_disk(id, &added, &event.region),
        "data warehouse snapshot" => None,
        _ => undo::unshare_database_snapshot(id, kind == "cluster snapshot", &added, &event.region),
    };
    let finding = DETECTION
        .finding(event, format!("shared {kind} {id} with {}", worst.named(context.config)))
        .severity(severity)
        .target(Target { kind: kind.to_owned(), name: id.to_owned(), arn: None })
        .evidence("Shared with", all)
        .undo(undo);
    // Nobody else can write its name there.
    let by_backup = event.actor.invoked_by.as_deref() == Some("backup.amazonaws.com");
    Some(if by_backup {
        grant::by_a_service(finding, "AWS Backup did it to copy a backup")
    } else {
        grant::weigh(event, context, finding)
    })
}

/// Everybody added. Amazon EC2 lists objects of one key each, Amazon RDS plain texts.
fn added<'a>(event: &'a Event, list: &str) -> Vec<&'a str> {
    let plain = opening::texts(event, list);
    if !plain.is_empty() {
        return plain;
    }
    let keys = ["userId", "group", "organizationArn", "organizationalUnitArn"];
    let items = event.request_value(list).and_then(serde_json::Value::as_array).into_iter().flatten();
    items.filter_map(|item| keys.iter().find_map(|key| item.get(*key)?.as_str())).collect()
}
