//! # Findings no longer reach where they went
//!
//! The way of findings was cut or turned: GuardDuty's export, what Security Hub takes in from a product, or what it gathers
//! from other regions.
//!
//! ## Why it matters
//!
//! The service still finds, and those who read its findings elsewhere see nothing new: silence looks like peace.
//!
//! ## False alarms
//!
//! A move of the bucket or of the region in which findings are read.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who; if they do not know of it, cut off their credentials and set the way up again.
//! 2. Read the findings in the service itself since the event, by `updatedAt`: those did not reach you.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, text};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "findings-no-longer-delivered",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-15"],
    calls: &[
        Calls {
            source: "guardduty.amazonaws.com",
            names: &["DeletePublishingDestination", "UpdatePublishingDestination"],
        },
        Calls {
            source: "securityhub.amazonaws.com",
            names: &["DeleteAggregatorV2", "DeleteFindingAggregator", "DisableImportFindingsForProduct"],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("findings_no_longer_delivered.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (severity, act) = match event.call() {
        "DeletePublishingDestination" => (Severity::High, "stopped GuardDuty's export of findings".to_owned()),
        "UpdatePublishingDestination" => {
            // Without a bucket only the key changes.
            let bucket = event.request("destinationProperties.destinationArn");
            let severity = if bucket.is_some() { Severity::High } else { Severity::Medium };
            (severity, "turned GuardDuty's export of findings elsewhere".to_owned())
        }
        "DisableImportFindingsForProduct" => {
            let product = text(event, "productSubscriptionArn").and_then(|arn| arn.split_once("product-subscription/"));
            let product = product.map_or("a product", |(_, product)| product);
            (Severity::High, format!("made Security Hub take no more findings from {product}"))
        }
        _ => (Severity::Medium, "stopped Security Hub gathering findings from other regions".to_owned()),
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .evidence_if("Export", event.request("destinationId"))
        .evidence_if("Goes to", event.request("destinationProperties.destinationArn"))
        .evidence_if("Key", event.request("destinationProperties.kmsKeyArn"));
    blinding::weigh(event, finding)
}
