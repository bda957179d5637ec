//! # Backups deleted or switched off
//!
//! What brings data back after a loss was taken away: a backup vault or its lock, a backup plan, the versions of a
//! bucket, the continuous backups of a table, the automated backups of a database, or a database with all copies of it.
//!
//! ## Why it matters
//!
//! Whoever blackmails takes the copies first, and then what they are of: this may be the last moment to stop the rest.
//!
//! ## False alarms
//!
//! Test systems that are taken down without a copy. Whoever did the same before is for the record, but for the lock of a vault and
//! for buckets that are named as logs are, and what CloudFormation does is one step quieter.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who; if they do not know of it, cut off their credentials before anything else.
//! 2. Put back what makes the backups, and make one now of what matters.
//! 3. List all calls named `Delete…`, `Put…` and `Schedule…` by that ARN in the 24 hours around, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag, parameter, serves_security, text};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "recovery-weakened",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1490", was: None, name: "Inhibit System Recovery" }],
    covers: &[],
    calls: &[
        Calls {
            source: "backup.amazonaws.com",
            names: &[
                "DeleteBackupPlan",
                "DeleteBackupSelection",
                "DeleteBackupVault",
                "DeleteBackupVaultLockConfiguration",
            ],
        },
        Calls { source: "dynamodb.amazonaws.com", names: &["UpdateContinuousBackups"] },
        Calls { source: "elasticfilesystem.amazonaws.com", names: &["PutBackupPolicy"] },
        Calls {
            source: "rds.amazonaws.com",
            names: &[
                "DeleteDBCluster",
                "DeleteDBClusterAutomatedBackup",
                "DeleteDBInstance",
                "DeleteDBInstanceAutomatedBackup",
                "ModifyDBCluster",
                "ModifyDBInstance",
            ],
        },
        Calls { source: "s3.amazonaws.com", names: &["PutBucketVersioning"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("recovery_weakened.rs")),
    detect,
};

/// Who takes away which of these.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "recovery-weakened", asked_by: &[&DETECTION], what: What::Habit(who_and_what) };

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let Weakened { act, of, severity } = Weakened::by(event)?;
    let before = severity == Severity::Medium && context.facts.was_seen(REMEMBERS.id);
    let finding = DETECTION
        .finding(event, act)
        .severity(if before { Severity::Low } else { severity })
        .target(of)
        .evidence_if("Before", before.then_some("they did the same before"));
    blinding::weigh(event, finding)
}

/// What a restore would need, and no longer finds.
struct Weakened {
    act: String,
    of: Target,
    severity: Severity,
}

impl Weakened {
    fn by(event: &Event) -> Option<Self> {
        let named = |kind: &str, key: &str| opening::target(kind, text(event, key).unwrap_or("of unknown name"));
        let medium = |act: String, of: Target| Some(Self { act, of, severity: Severity::Medium });
        let (kind, name) = match event.call() {
            "DeleteDBCluster" | "ModifyDBCluster" => ("database cluster", "dBClusterIdentifier"),
            _ => ("database", "dBInstanceIdentifier"),
        };
        match event.call() {
            "DeleteBackupVault" => {
                let vault = named("backup vault", "backupVaultName");
                medium(format!("deleted {vault}"), vault)
            }
            "DeleteBackupVaultLockConfiguration" => {
                let vault = named("backup vault", "backupVaultName");
                Some(Self { act: format!("took the lock off {vault}"), of: vault, severity: Severity::High })
            }
            "DeleteBackupPlan" | "DeleteBackupSelection" => {
                let plan = named("backup plan", "backupPlanId");
                let what = if event.call() == "DeleteBackupPlan" { "deleted" } else { "took resources out of" };
                medium(format!("{what} {plan}"), plan)
            }
            "UpdateContinuousBackups" => {
                let on = flag(event, "pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled");
                let table = named("table", "tableName");
                (on == Some(false)).then_some(())?;
                medium(format!("switched off the continuous backups of {table}"), table)
            }
            "PutBackupPolicy" => {
                let files = named("file system", "fileSystemId");
                (text(event, "backupPolicy.status") == Some("DISABLED")).then_some(())?;
                medium(format!("switched off the backups of {files}"), files)
            }
            "PutBucketVersioning" => {
                let bucket = named("bucket", "bucketName");
                if text(event, "versioningConfiguration.status") == Some("Suspended") {
                    let act = format!("made {bucket} keep no more versions");
                    let severity = if serves_security(&bucket.name) { Severity::High } else { Severity::Medium };
                    return Some(Self { act, of: bucket, severity });
                }
                (text(event, "versioningConfiguration.mfaDelete") == Some("Disabled")).then_some(())?;
                medium(format!("made {bucket} delete versions without MFA"), bucket)
            }
            "DeleteDBInstanceAutomatedBackup" | "DeleteDBClusterAutomatedBackup" => {
                let backups =
                    Target { kind: "database".to_owned(), name: "of automated backups".to_owned(), arn: None };
                medium("deleted the automated backups of a database".to_owned(), backups)
            }
            "ModifyDBInstance" | "ModifyDBCluster" => {
                let kept = parameter(event, "backupRetentionPeriod").and_then(Value::as_i64);
                let database = named(kind, name);
                (kept == Some(0)).then_some(())?;
                medium(format!("switched off the automated backups of {database}"), database)
            }
            // A member of a cluster goes without a copy: the cluster has the data.
            _ => {
                let without = flag(event, "skipFinalSnapshot") == Some(true);
                let of_a_cluster = event.response("dBClusterIdentifier").is_some() && kind == "database";
                let kept = flag(event, "deleteAutomatedBackups") == Some(false);
                let database = named(kind, name);
                (without && !of_a_cluster && !kept).then_some(())?;
                medium(format!("deleted {database} without a last copy"), database)
            }
        }
    }
}

fn who_and_what(event: &Event) -> Option<Pair> {
    Weakened::by(event)?;
    Pair::of_caller(event, &[event.call()])
}
