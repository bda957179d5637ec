//! # Block on public access of a bucket removed
//!
//! The setting that keeps a bucket from being opened to everybody was removed or weakened. The account's own block is
//! `account-safeguard-removed`.
//!
//! ## Why it matters
//!
//! While the block is there, no policy and no list can open anything to the public. To remove it is the first of two
//! steps, and it also brings to life what an old policy or list says.
//!
//! ## False alarms
//!
//! Buckets of public websites need it: it is MEDIUM, and LOW in a deployment by CloudFormation. Infrastructure code takes it away
//! before it deletes a bucket: whoever deleted one before is for the record.
//!
//! ## What to do
//!
//! 1. Set the block again with the command under Undo, unless somebody can say which website needs it.
//! 2. List the `PutBucketPolicy` and `PutBucketAcl` calls for this bucket since the event, by
//!    `requestParameters.bucketName`.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_if_done_before};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "public-access-block-removed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1530", was: None, name: "Data from Cloud Storage" }],
    covers: &["EXTA-07"],
    calls: &[Calls {
        source: "s3.amazonaws.com",
        names: &["PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("public_access_block_removed.rs")),
    detect,
};

/// The four parts of the block. One that is not said is off.
const PARTS: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let on = |part: &str| match event.request_value(&format!("PublicAccessBlockConfiguration.{part}")) {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(on)) => on.eq_ignore_ascii_case("true"),
        _ => false,
    };
    let off: Vec<&str> = PARTS.into_iter().filter(|part| !on(part)).collect();
    let all = event.call().starts_with("Delete") || off.len() == PARTS.len();
    if !all && off.is_empty() {
        return None;
    }
    let act = if all { "removed" } else { "weakened" };
    let bucket = event.request("bucketName")?;
    let deployed = event.actor.is_deployment();
    let finding = DETECTION
        .finding(event, format!("{act} the block on public access of bucket {bucket}"))
        .severity(if deployed { Severity::Low } else { Severity::Medium })
        .evidence_if("Off", (!all).then(|| off.join(", ")))
        .undo(undo::block_public_access(bucket));
    Some(for_the_record_if_done_before(context, finding))
}
