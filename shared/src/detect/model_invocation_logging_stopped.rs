//! # Logging of model invocations switched off
//!
//! Amazon Bedrock no longer logs what its models are asked and answer, or logs less of it, or elsewhere.
//!
//! ## Why it matters
//!
//! Whoever has stolen credentials uses models at your cost, or sells their use. What they ask stands in this log alone:
//! they look for it, and switch it off, first.
//!
//! ## False alarms
//!
//! Logging that moves to another bucket, or is left out because of what the texts hold.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who; if they do not know of it, switch the logging on again and cut off their
//!    credentials.
//! 2. List `InvokeModel`, `InvokeModelWithResponseStream` and `Converse` by that ARN since the event, by
//!    `userIdentity.arn`, in all regions.
//! 3. Look at the cost of Bedrock in the days since, by region and model.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "model-invocation-logging-stopped",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-26"],
    calls: &[Calls {
        source: "bedrock.amazonaws.com",
        names: &["DeleteModelInvocationLoggingConfiguration", "PutModelInvocationLoggingConfiguration"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("model_invocation_logging_stopped.rs")),
    detect,
};

/// What is logged, unless it is said not to be.
const LOGGED: [(&str, &str); 5] = [
    ("loggingConfig.textDataDeliveryEnabled", "text"),
    ("loggingConfig.imageDataDeliveryEnabled", "images"),
    ("loggingConfig.embeddingDataDeliveryEnabled", "embeddings"),
    ("loggingConfig.videoDataDeliveryEnabled", "videos"),
    ("loggingConfig.audioDataDeliveryEnabled", "audio"),
];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let bucket = event.request("loggingConfig.s3Config.bucketName");
    let group = event.request("loggingConfig.cloudWatchConfig.logGroupName");
    let left_out: Vec<&str> =
        LOGGED.iter().filter(|(key, _)| flag(event, key) == Some(false)).map(|(_, what)| *what).collect();
    let (severity, act) = if event.call() == "DeleteModelInvocationLoggingConfiguration" {
        (Severity::High, "switched off the logging of model invocations".to_owned())
    } else if left_out.contains(&"text") {
        (Severity::High, format!("made Bedrock log no {} of model invocations", left_out.join(", ")))
    } else if bucket.is_none() && group.is_none() {
        (Severity::High, "made Bedrock log model invocations nowhere".to_owned())
    } else {
        // It may be switched on just now. Where it was on, the logs may go elsewhere from now on.
        (Severity::Low, "set how Bedrock logs model invocations".to_owned())
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .evidence_if("Bucket", bucket)
        .evidence_if("Log group", group)
        .evidence_if("Left out", (!left_out.is_empty()).then(|| left_out.join(", ")));
    blinding::weigh(event, finding)
}
