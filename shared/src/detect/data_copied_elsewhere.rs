//! # Data sent to another account
//!
//! Something was set up that copies data to another account from now on, or did so at once: the replication of a bucket or a registry, a
//! subscription to logs, a target of events, a copy of a backup, an export of a table. Or a machine, its image or the snapshot of a
//! database was written into a bucket.
//!
//! ## Why it matters
//!
//! Data leaves without anybody reading it, by AWS's own network, for as long as nobody looks.
//!
//! ## False alarms
//!
//! Accounts for logs and for backups. Give yours a name in `AccountNames`: what goes there is for the record. What
//! CloudFormation sets up is one step quieter. What is written into buckets by whoever did so before is for the record.
//!
//! ## What to do
//!
//! 1. Find out whose account it is. If nobody knows: take the setting away, and cut off the credentials of whoever is named
//!    under Who.
//! 2. See what went there since the event: the metrics of the bucket's replication, or the bytes that the log group forwards.
//! 3. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::blinding::{self, text};
use crate::event::{Event, Target, is_account};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "data-copied-elsewhere",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1537", was: None, name: "Transfer Data to Cloud Account" }],
    covers: &[],
    calls: &[
        Calls { source: "backup.amazonaws.com", names: &["StartCopyJob"] },
        Calls { source: "dynamodb.amazonaws.com", names: &["ExportTableToPointInTime"] },
        Calls {
            source: "ec2.amazonaws.com",
            names: &["CreateInstanceExportTask", "CreateStoreImageTask", "ExportImage"],
        },
        Calls { source: "ecr.amazonaws.com", names: &["PutReplicationConfiguration"] },
        Calls { source: "events.amazonaws.com", names: &["PutTargets"] },
        Calls { source: "logs.amazonaws.com", names: &["PutSubscriptionFilter"] },
        Calls { source: "rds.amazonaws.com", names: &["StartExportTask"] },
        Calls { source: "s3.amazonaws.com", names: &["PutBucketReplication"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("data_copied_elsewhere.rs")),
    detect,
};

/// Who writes what into which bucket.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "data-copied-elsewhere", asked_by: &[&DETECTION], what: What::Habit(who_and_where) };

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let finding = match event.call() {
        "CreateInstanceExportTask" | "CreateStoreImageTask" | "ExportImage" | "StartExportTask" => {
            exported(event, context)?
        }
        _ => sent(event, context)?,
    };
    blinding::weigh(event, finding)
}

/// Whose bucket it is the call does not say.
fn exported(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let parameters = event.record().get("requestParameters")?;
    let said = |key: &str| texts_under(parameters, key).into_iter().next();
    let kinds = [("instance", "instanceId"), ("image", "imageId"), ("snapshot", "sourceArn")];
    let (kind, whole) = kinds.iter().find_map(|(kind, key)| Some((*kind, said(key)?)))?;
    let what = whole.rsplit(':').next().unwrap_or(whole);
    let bucket =
        said("s3BucketName").or_else(|| said("s3Bucket")).or_else(|| said("bucket")).unwrap_or("of unknown name");
    let before = context.facts.was_seen(REMEMBERS.id);
    Some(
        DETECTION
            .finding(event, format!("wrote {kind} {what} into bucket {bucket}"))
            .severity(if before { Severity::Low } else { Severity::Medium })
            .target(Target { kind: kind.to_owned(), name: what.to_owned(), arn: None })
            .evidence_if("Before", before.then_some("they wrote such things into that bucket before")),
    )
}

fn sent(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let parameters = event.record().get("requestParameters")?;
    let name = |key: &str| text(event, key).unwrap_or("of unknown name");
    let (what, key) = match event.call() {
        "PutBucketReplication" => (opening::target("bucket", name("bucketName")), "account"),
        "PutReplicationConfiguration" => (opening::target("registry", &event.account), "registryId"),
        "PutSubscriptionFilter" => (opening::target("log group", name("logGroupName")), "destinationArn"),
        "PutTargets" => (opening::target("rule", name("rule")), "arn"),
        "StartCopyJob" => (opening::target("backup vault", name("sourceBackupVaultName")), "destinationBackupVaultArn"),
        _ => (opening::target("table", name("tableArn")), "s3BucketOwner"),
    };
    let said = texts_under(parameters, key).into_iter();
    let accounts = said.filter_map(|text| if is_account(text) { Some(text) } else { arn::account(text) });
    let others: Vec<&str> = accounts.filter(|account| is_account(account) && *account != event.account).collect();
    let unknown = |account: &&&str| !context.config.account_names.contains_key(**account);
    let account = others.iter().find(unknown).or(others.first())?;
    let named = !unknown(&account);
    // Logs and events of many accounts are often brought together in one.
    let severity = match event.call() {
        _ if named => Severity::Low,
        "PutSubscriptionFilter" | "PutTargets" => Severity::Medium,
        _ => Severity::High,
    };
    let act = match event.call() {
        "PutBucketReplication" => format!("made {what} copy its objects to account"),
        "PutReplicationConfiguration" => "made the registry copy its images to account".to_owned(),
        "PutSubscriptionFilter" => format!("made {what} send its logs to account"),
        "PutTargets" => format!("made {what} send events to account"),
        "StartCopyJob" => format!("copied a backup from {what} to account"),
        _ => format!("exported {what} to a bucket of account"),
    };
    let to: Vec<&str> = ["bucket", "destinationArn", "arn", "destinationBackupVaultArn", "s3Bucket"]
        .iter()
        .flat_map(|key| texts_under(parameters, key))
        .filter(|text| *text != what.name)
        .collect();
    Some(
        DETECTION
            .finding(event, format!("{act} {}", context.config.account_name(account)))
            .severity(severity)
            // Logs and events are sent from many places at once: whoever does it is told once for each account.
            .target(Target { kind: "account".to_owned(), name: (*account).to_owned(), arn: None })
            .evidence("From", what.to_string())
            .evidence_if("To", (!to.is_empty()).then(|| blinding::listed(&to))),
    )
}

fn who_and_where(event: &Event) -> Option<Pair> {
    let parameters = event.record().get("requestParameters")?;
    let bucket = ["s3BucketName", "s3Bucket", "bucket"].iter().find_map(|key| texts_under(parameters, key).pop())?;
    Pair::of_caller(event, &[event.call(), bucket])
}

/// All texts under a key, in any case, at any depth.
fn texts_under<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    match value {
        Value::Array(list) => list.iter().flat_map(|value| texts_under(value, key)).collect(),
        Value::Object(map) => {
            let of = |(known, value): (&'a String, &'a Value)| match value.as_str() {
                Some(text) if known.eq_ignore_ascii_case(key) => vec![text],
                Some(_) => Vec::new(),
                None => texts_under(value, key),
            };
            map.iter().flat_map(of).collect()
        }
        _ => Vec::new(),
    }
}
