//! # Much data deleted
//!
//! Somebody deleted ten or more different stores of data within ten minutes: snapshots, recovery points, databases, buckets,
//! tables, volumes, file systems or secrets.
//!
//! ## Why it matters
//!
//! Who blackmails, or only wants to do harm, deletes all that the credentials reach, and the copies too. Every minute counts.
//!
//! ## False alarms
//!
//! A system that is taken down, and scripts that clean up: whoever deleted such things a day or more ago is silent. What AWS
//! services and CloudFormation delete is not counted. 25 are HIGH, but for old snapshots, images and volumes.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they clean up. If they do not answer at once, cut off their credentials.
//! 2. List all calls named `Delete…` by that ARN in the hour before and after, by `userIdentity.arn`, in every region.
//! 3. See what can be brought back: the recycle bin for snapshots and volumes, `restore-secret` for secrets, copies in other
//!    regions and accounts.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::text;
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::fingerprint;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "data-deleted-in-bulk",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[
        Technique { id: "T1485", was: None, name: "Data Destruction" },
        Technique { id: "T1490", was: None, name: "Inhibit System Recovery" },
    ],
    covers: &[],
    calls: &[
        Calls { source: "backup.amazonaws.com", names: &["DeleteRecoveryPoint"] },
        Calls { source: "dynamodb.amazonaws.com", names: &["DeleteBackup", "DeleteTable"] },
        Calls { source: "ec2.amazonaws.com", names: &["DeleteSnapshot", "DeleteVolume", "DeregisterImage"] },
        Calls { source: "elasticfilesystem.amazonaws.com", names: &["DeleteFileSystem"] },
        Calls { source: "fsx.amazonaws.com", names: &["DeleteBackup", "DeleteFileSystem"] },
        Calls {
            source: "rds.amazonaws.com",
            names: &["DeleteDBCluster", "DeleteDBClusterSnapshot", "DeleteDBInstance", "DeleteDBSnapshot"],
        },
        Calls { source: "redshift.amazonaws.com", names: &["DeleteCluster", "DeleteClusterSnapshot"] },
        Calls { source: "s3.amazonaws.com", names: &["DeleteBucket"] },
        Calls { source: "secretsmanager.amazonaws.com", names: &["DeleteSecret"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("data_deleted_in_bulk.rs")),
    detect,
};

/// What one principal deletes.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "data-deleted-in-bulk",
    asked_by: &[&DETECTION],
    what: What::Tally { of: deleted_now, window: SignedDuration::from_mins(10), speaks_from: MANY },
};

/// Who deletes such things at all.
pub(super) static DELETES: Remembering =
    Remembering { id: "data-deleter", asked_by: &[&DETECTION], what: What::Habit(who_and_what) };

const MANY: usize = 10;
const SO_MANY_THAT_IT_IS_HIGH: usize = 25;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let many = context.facts.tally(REMEMBERS.id);
    if many < MANY || context.facts.is_usual(DELETES.id) {
        return None;
    }
    // Old copies are what is cleaned up, and there are many of them.
    let copies = ["DeleteSnapshot", "DeleteVolume", "DeregisterImage"];
    let high = many >= SO_MANY_THAT_IT_IS_HIGH && !copies.contains(&event.call());
    let severity = if high { Severity::High } else { Severity::Medium };
    Some(
        DETECTION
            .finding(event, format!("deleted {many} stores of data within ten minutes"))
            .target(Target::account(&event.account))
            .severity(severity)
            .evidence("The last", format!("{}, by {} in {}", store(event)?, event.call(), event.region)),
    )
}

/// The names of what these calls delete.
const NAMES: [&str; 16] = [
    "recoveryPointArn",
    "backupArn",
    "tableName",
    "snapshotId",
    "volumeId",
    "imageId",
    "fileSystemId",
    "backupId",
    "dBClusterSnapshotIdentifier",
    "dBSnapshotIdentifier",
    "dBClusterIdentifier",
    "dBInstanceIdentifier",
    "snapshotIdentifier",
    "clusterIdentifier",
    "bucketName",
    "secretId",
];

fn store(event: &Event) -> Option<&str> {
    NAMES.iter().find_map(|name| text(event, name))
}

fn deleted_now(event: &Event) -> Option<Member> {
    Member::of_caller(event, fingerprint::of([event.region.as_str(), store(event)?], 12))
}

fn who_and_what(event: &Event) -> Option<Pair> {
    store(event)?;
    Pair::of_caller(event, &[event.call()])
}
