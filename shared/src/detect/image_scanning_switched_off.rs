//! # Scanning of container images switched off
//!
//! Images that are pushed to a repository of Amazon ECR are no longer scanned for known flaws.
//!
//! ## Why it matters
//!
//! What is wrong with an image goes unseen into what runs. Somebody who brings an image of their own does not want it
//! looked at.
//!
//! ## False alarms
//!
//! Registries that are scanned by other means, such as Amazon Inspector, have no need of it.
//!
//! ## What to do
//!
//! 1. Switch it on again with the command under Undo, unless the registry is scanned by other means.
//! 2. List the `PutImage` calls for this repository since the event, by `requestParameters.repositoryName`.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "image-scanning-switched-off",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &[],
    calls: &[Calls { source: "ecr.amazonaws.com", names: &["PutImageScanningConfiguration"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("image_scanning_switched_off.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let scans = event.request_value("imageScanningConfiguration.scanOnPush").and_then(Value::as_bool).unwrap_or(false);
    if scans {
        return None;
    }
    let name = event.request("repositoryName")?;
    let repository = opening::target("repository", name);
    Some(
        DETECTION
            .finding(event, format!("switched the scanning of images in {repository} off"))
            .target(repository)
            .undo(undo::scan_images(name, &event.region)),
    )
}
