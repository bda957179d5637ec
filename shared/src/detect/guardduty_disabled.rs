//! # GuardDuty switched off
//!
//! GuardDuty was switched off or deleted in this region, or told to look no longer at one of its sources, here or in
//! member accounts.
//!
//! ## Why it matters
//!
//! GuardDuty is what notices stolen credentials, mining and contact with known attackers. Deleting the detector also
//! deletes its findings. Attackers do it before the rest.
//!
//! ## False alarms
//!
//! An account that moves to another administrator's GuardDuty; a source that is left out for its cost. Ask before you
//! believe it.
//!
//! ## What to do
//!
//! 1. Switch GuardDuty on again: with the command under Undo, or, if the detector was deleted, with
//!    `aws guardduty create-detector --enable`.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`, in all regions: GuardDuty is switched off
//!    region by region.
//! 4. For the gap, read CloudTrail's event history: what GuardDuty did not see is not told later.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag, listed, objects, texts};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "guardduty-disabled",
    watcher: Watcher::Guardrails,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-12", "TAMP-25"],
    calls: &[Calls {
        source: "guardduty.amazonaws.com",
        names: &["DeleteDetector", "UpdateDetector", "UpdateMemberDetectors"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("guardduty_disabled.rs")),
    detect,
};

/// Sources by their older parameters, which have a switch each.
const SOURCES: [(&str, &str); 3] = [
    ("dataSources.s3Logs.enable", "S3_DATA_EVENTS"),
    ("dataSources.kubernetes.auditLogs.enable", "EKS_AUDIT_LOGS"),
    ("dataSources.malwareProtection.scanEc2InstanceWithFindings.ebsVolumes", "EBS_MALWARE_PROTECTION"),
];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let detector = event.request("detectorId").unwrap_or("of unknown id");
    let accounts = texts(event, "accountIds");
    let finding = match event.call() {
        "DeleteDetector" => DETECTION.finding(event, format!("deleted GuardDuty's detector {detector}")),
        "UpdateDetector" if flag(event, "enable") == Some(false) => DETECTION
            .finding(event, format!("switched off GuardDuty's detector {detector}"))
            .undo(undo::enable_detector(detector, &event.region)),
        _ => {
            let left_out = left_out(event);
            if left_out.is_empty() {
                return None;
            }
            let of = match accounts.len() {
                0 => String::new(),
                1 => " of a member account".to_owned(),
                count => format!(" of {count} member accounts"),
            };
            DETECTION
                .finding(event, format!("made GuardDuty look no longer at {}{of}", listed(&left_out)))
                .severity(Severity::High)
        }
    };
    blinding::weigh(event, finding.evidence_if("Accounts", (!accounts.is_empty()).then(|| listed(&accounts))))
}

/// What GuardDuty no longer looks at.
fn left_out(event: &Event) -> Vec<&str> {
    let older = SOURCES.iter().filter(|(switch, _)| flag(event, switch) == Some(false)).map(|(_, source)| *source);
    let features = objects(event.request_value("features")).into_iter().filter_map(|feature| {
        let text = |key: &str| feature.get(key).and_then(Value::as_str);
        (text("status") == Some("DISABLED")).then(|| text("name")).flatten()
    });
    let older: Vec<&str> = older.collect();
    let newer: Vec<&str> = features.filter(|feature| !older.contains(feature)).collect();
    older.into_iter().chain(newer).collect()
}
