//! # Block on public access removed
//!
//! The setting that keeps buckets from being opened to everybody was removed or weakened, for one bucket or for the
//! whole account; or the one that keeps snapshots or images from being shared with everybody.
//!
//! ## Why it matters
//!
//! While the block is there, no policy and no list can open anything to the public. To remove it is the first of two
//! steps, and of a bucket it also brings to life what an old policy or list says.
//!
//! ## False alarms
//!
//! Buckets of public websites need it: one bucket is MEDIUM, and LOW in a deployment by CloudFormation. For the account
//! as a whole there is hardly ever a reason.
//!
//! ## What to do
//!
//! 1. Set the block again with the command under Undo, unless somebody can say which website needs it.
//! 2. List the `PutBucketPolicy` and `PutBucketAcl` calls for this bucket since the event, by
//!    `requestParameters.bucketName`, or of all buckets; of snapshots and images `ModifySnapshotAttribute` and
//!    `ModifyImageAttribute`.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "public-access-block-removed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    mitre: &[Technique { id: "T1530", was: None, name: "Data from Cloud Storage" }],
    covers: &["EXTA-07"],
    calls: &[
        Calls {
            source: "s3.amazonaws.com",
            names: &[
                "PutBucketPublicAccessBlock",
                "DeleteBucketPublicAccessBlock",
                "PutAccountPublicAccessBlock",
                "DeleteAccountPublicAccessBlock",
            ],
        },
        Calls {
            source: "ec2.amazonaws.com",
            names: &["DisableSnapshotBlockPublicAccess", "DisableImageBlockPublicAccess"],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("public_access_block_removed.rs")),
    detect,
};

/// The four parts of the block. One that is not said is off.
const PARTS: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let disks = match event.call() {
        "DisableSnapshotBlockPublicAccess" => Some(("snapshots", undo::block_public_snapshots(&event.region))),
        "DisableImageBlockPublicAccess" => Some(("images", undo::block_public_images(&event.region))),
        _ => None,
    };
    if let Some((what, undo)) = disks {
        let act = format!("removed the block on public {what} in {}", event.region);
        let finding = DETECTION.finding(event, act).severity(Severity::High);
        return Some(finding.target(Target::account(&event.account)).undo(undo));
    }
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
    let (of, target, severity, undo) = if event.call().contains("Account") {
        let account = Target::account(&event.account);
        let undo = undo::block_public_access_of_account(&event.account);
        ("all buckets of the account".to_owned(), account, Severity::High, undo)
    } else {
        let bucket = event.request("bucketName")?;
        let deployed = event.actor.invoked_by.as_deref() == Some("cloudformation.amazonaws.com");
        let severity = if deployed { Severity::Low } else { Severity::Medium };
        let target = Target { kind: "bucket".to_owned(), name: bucket.to_owned(), arn: None };
        (target.to_string(), target, severity, undo::block_public_access(bucket))
    };
    let finding = DETECTION
        .finding(event, format!("{act} the block on public access of {of}"))
        .severity(severity)
        .target(target)
        .evidence_if("Off", (!all).then(|| off.join(", ")))
        .undo(undo);
    Some(finding)
}
