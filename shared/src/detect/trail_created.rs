//! # CloudTrail trail created
//!
//! A CloudTrail trail was created.
//!
//! ## Why it matters
//!
//! A trail writes all that happens in the account to a bucket. If the bucket or its key belongs to a stranger, so does
//! the knowledge. A new trail is also what stays when the old one is deleted next.
//!
//! ## False alarms
//!
//! Nearly always somebody who sets up logging. Only a key of another account makes it more than a record.
//!
//! ## What to do
//!
//! 1. See whose the bucket under Bucket is: `aws s3api head-bucket --bucket NAME --expected-bucket-owner ACCOUNT` fails if
//!    it is not yours.
//! 2. If nobody knows of the trail, delete it with the command under Undo.
//! 3. List `StopLogging`, `DeleteTrail` and `UpdateTrail` by the same `userIdentity.arn` in the 24 hours after.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag, is_of_another};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trail-created",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1530", was: None, name: "Data from Cloud Storage" }],
    covers: &["TAMP-08"],
    calls: &[Calls { source: "cloudtrail.amazonaws.com", names: &["CreateTrail"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trail_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let trail = event.target().name;
    let foreign = event.request("kmsKeyId").is_some_and(|key| is_of_another(key, &event.account));
    let act = if foreign {
        format!("created trail {trail}, encrypted with another account's key")
    } else {
        format!("created trail {trail}")
    };
    let organization = flag(event, "isOrganizationTrail") == Some(true);
    let finding = DETECTION
        .finding(event, act)
        .severity(if foreign { Severity::High } else { Severity::Low })
        .evidence_if("Bucket", event.request("s3BucketName"))
        .evidence_if("Key", event.request("kmsKeyId"))
        .evidence_if("Records", organization.then_some("every account of the organization"))
        .undo(event.request("name").and_then(|trail| undo::delete_trail(trail, &event.region)));
    blinding::weigh(event, finding)
}
