//! # Bucket of logs deleted or closed
//!
//! A bucket whose name says that it holds logs of security was deleted, or lost the policy that lets AWS write into it.
//!
//! ## Why it matters
//!
//! CloudTrail, Config and flow logs go on as if nothing were wrong, and deliver nothing. Nobody switched anything off.
//!
//! ## False alarms
//!
//! Infrastructure code that replaces a policy deletes it first. What CloudFormation does is one step quieter. The event does not say
//! what a bucket holds: one with another name is not told.
//!
//! ## What to do
//!
//! 1. See whether logs still arrive: `aws cloudtrail get-trail-status` has the last error of delivery. Put the policy back, or
//!    deliver into another bucket.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours after, by `userIdentity.arn`, in the event history of CloudTrail: it needs no
//!    bucket.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, serves_security};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "log-bucket-taken-away",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &[],
    calls: &[Calls { source: "s3.amazonaws.com", names: &["DeleteBucket", "DeleteBucketPolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("log_bucket_taken_away.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let bucket = event.request("bucketName").filter(|bucket| serves_security(bucket))?;
    let act = match event.call() {
        "DeleteBucketPolicy" => format!("deleted the policy of log bucket {bucket}"),
        _ => format!("deleted log bucket {bucket}"),
    };
    blinding::weigh(event, DETECTION.finding(event, act))
}
