//! # Bucket set to delete its objects soon
//!
//! A lifecycle rule was put on a bucket that deletes objects within a week, or the logs of what looks like a log bucket
//! within three months.
//!
//! ## Why it matters
//!
//! It is the quiet way to destroy logs or to hold data to ransom: no object is deleted by anybody, S3 does it overnight,
//! and the call needs no right to delete.
//!
//! ## False alarms
//!
//! Buckets for temporary files. The event does not say what a bucket holds: a rule for a part of a bucket is recorded
//! only, unless the part or the bucket is named as logs are.
//!
//! ## What to do
//!
//! 1. See what the bucket holds. If it must stay, take the rule away today with the command under Undo: S3 deletes about
//!    once a day, after midnight UTC. The command takes all rules; put back those that belong there.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List `PutBucketLifecycle`, `DeleteBucketPolicy` and `PutBucketVersioning` by that ARN in the 24 hours around, by
//!    `requestParameters.bucketName`.

use jiff::Timestamp;
use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, objects, serves_security};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "bucket-set-to-expire-soon",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[
        Technique { id: "T1485.001", was: None, name: "Data Destruction: Lifecycle-Triggered Deletion" },
        Technique {
            id: "T1685.002",
            was: Some("T1562.008"),
            name: "Disable or Modify Tools: Disable or Modify Cloud Log",
        },
    ],
    covers: &["TAMP-09"],
    calls: &[Calls { source: "s3.amazonaws.com", names: &["PutBucketLifecycle", "PutBucketLifecycleConfiguration"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("bucket_set_to_expire_soon.rs")),
    detect,
};

/// Days in which nobody may notice.
const A_WEEK: i64 = 7;
/// Days for which logs are commonly kept at hand.
const A_QUARTER: i64 = 90;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let bucket = event.request("bucketName").unwrap_or_default();
    let rules = objects(event.request_value("LifecycleConfiguration.Rule"));
    let expiring = rules.into_iter().filter_map(|rule| Expiring::of(rule, event.time));
    let (severity, worst) = expiring
        .filter_map(|expiring| Some((expiring.severity(bucket)?, expiring)))
        .max_by_key(|(severity, expiring)| (*severity, std::cmp::Reverse(expiring.days)))?;
    let what = match worst.prefix {
        None if worst.narrowed => "some objects".to_owned(),
        None => "all objects".to_owned(),
        Some(prefix) => format!("objects under {prefix}"),
    };
    let when = match u64::try_from(worst.days) {
        Ok(0) | Err(_) => "within a day".to_owned(),
        Ok(days) => format!("after {}", blinding::days(days)),
    };
    let finding = DETECTION
        .finding(event, format!("made bucket {bucket} delete {what} {when}"))
        .severity(severity)
        .evidence_if("Rule", worst.id)
        .evidence_if("Logs", worst.of_logs(bucket).then_some("bucket or prefix is named as logs are"))
        .undo(undo::delete_lifecycle(bucket, &event.region));
    blinding::weigh(event, finding)
}

/// An enabled rule that deletes current objects.
#[derive(Debug, Clone, Copy)]
struct Expiring<'a> {
    id: Option<&'a str>,
    days: i64,
    prefix: Option<&'a str>,
    /// Whether it is for some objects only, by prefix, tag or size.
    narrowed: bool,
}

impl<'a> Expiring<'a> {
    fn of(rule: &'a Value, now: Option<Timestamp>) -> Option<Self> {
        let text = |key: &str| rule.get(key).and_then(Value::as_str);
        if text("Status") != Some("Enabled") {
            return None;
        }
        let expiration = rule.get("Expiration")?;
        let days = match expiration.get("Days") {
            Some(days) => days.as_i64().or_else(|| days.as_str()?.parse().ok()),
            None => days_until(expiration.get("Date")?.as_str()?, now?),
        }?;
        let filter = rule.get("Filter");
        let within = |key: &str| filter.and_then(|filter| filter.get(key));
        let prefix = within("Prefix")
            .or_else(|| within("And")?.get("Prefix"))
            .and_then(Value::as_str)
            .or_else(|| text("Prefix"))
            // Without a letter or digit it is no name of a folder: whoever wrote it meant everything.
            .filter(|prefix| prefix.contains(|c: char| c.is_ascii_alphanumeric()));
        let others = ["Tag", "And", "ObjectSizeGreaterThan", "ObjectSizeLessThan"];
        let narrowed = prefix.is_some() || others.iter().any(|key| within(key).is_some());
        Some(Self { id: text("ID"), days, prefix, narrowed })
    }

    fn severity(&self, bucket: &str) -> Option<Severity> {
        let soon = self.days <= A_WEEK;
        match (soon, self.of_logs(bucket)) {
            (true, true) => Some(Severity::High),
            (true, false) if self.narrowed => Some(Severity::Low),
            (true, false) => Some(Severity::Medium),
            (false, true) if self.days < A_QUARTER => Some(Severity::Medium),
            (false, _) => None,
        }
    }

    /// AWS's services deliver their logs under `AWSLogs/`, or under a prefix before it.
    fn of_logs(&self, bucket: &str) -> bool {
        serves_security(bucket) || self.prefix.is_some_and(|prefix| prefix.contains("AWSLogs"))
    }
}

/// Whole days from one time to another, as `2026-03-11T00:00:00Z`.
fn days_until(date: &str, now: Timestamp) -> Option<i64> {
    let date: Timestamp = date.parse().ok()?;
    Some((date.as_second() - now.as_second()).div_euclid(24 * 60 * 60))
}
