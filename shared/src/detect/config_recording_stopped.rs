//! # AWS Config records no longer
//!
//! The recorder of AWS Config was stopped, deleted or told to record less, or the channel was deleted through which it
//! delivers.
//!
//! ## Why it matters
//!
//! Config keeps how each resource was configured, and its rules and many of Security Hub's checks live from that. Without
//! it nobody sees what was opened.
//!
//! ## False alarms
//!
//! An account that is closed, or that moves to another recorder. Recording of fewer kinds of resources, for its cost.
//!
//! ## What to do
//!
//! 1. Start the recorder again with the command under Undo; a deleted one has to be made again.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before and after, by `userIdentity.arn`: Config will not show what they
//!    changed.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, listed, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "config-recording-stopped",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-16"],
    calls: &[Calls {
        source: "config.amazonaws.com",
        names: &[
            "DeleteConfigurationRecorder",
            "DeleteDeliveryChannel",
            "DeleteServiceLinkedConfigurationRecorder",
            "PutConfigurationRecorder",
            "StopConfigurationRecorder",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("config_recording_stopped.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let recorder = event.request("configurationRecorderName");
    let named = |what: &str, name: Option<&str>| name.map_or_else(|| what.to_owned(), |name| format!("{what} {name}"));
    let finding = match event.call() {
        "StopConfigurationRecorder" => DETECTION
            .finding(event, format!("stopped {}", named("AWS Config's recorder", recorder)))
            .undo(recorder.and_then(|recorder| undo::start_recorder(recorder, &event.region))),
        "DeleteConfigurationRecorder" => {
            DETECTION.finding(event, format!("deleted {}", named("AWS Config's recorder", recorder)))
        }
        "DeleteDeliveryChannel" => {
            let channel = event.request("deliveryChannelName");
            DETECTION.finding(event, format!("deleted {}", named("AWS Config's delivery channel", channel)))
        }
        "DeleteServiceLinkedConfigurationRecorder" => {
            let service = event.request("servicePrincipal").unwrap_or("a service");
            DETECTION
                .finding(event, format!("deleted the recorder of AWS Config for {service}"))
                .severity(Severity::Medium)
        }
        _ => narrowed(event)?,
    };
    blinding::weigh(event, finding)
}

/// A recorder that is put with fewer kinds of resources than all. Which it recorded before is not in the event.
fn narrowed(event: &Event) -> Option<Finding> {
    let excluded = texts(event, "configurationRecorder.recordingGroup.exclusionByResourceTypes.resourceTypes");
    let included = texts(event, "configurationRecorder.recordingGroup.resourceTypes");
    let all = event
        .request_value("configurationRecorder.recordingGroup.allSupported")
        .and_then(Value::as_bool)
        .unwrap_or(included.is_empty());
    let identities = |kinds: &[&str]| kinds.iter().any(|kind| kind.starts_with("AWS::IAM::"));
    let (severity, act) = if !excluded.is_empty() {
        let severity = if identities(&excluded) { Severity::Medium } else { Severity::Low };
        (severity, format!("made AWS Config leave out {}", listed(&excluded)))
    } else if !all && !included.is_empty() {
        let severity = if identities(&included) { Severity::Low } else { Severity::Medium };
        (severity, format!("made AWS Config record only {}", listed(&included)))
    } else {
        return None;
    };
    let recorder = event.request("configurationRecorder.name").unwrap_or("default").to_owned();
    Some(
        DETECTION
            .finding(event, act)
            .severity(severity)
            .target(Target { kind: "recorder".to_owned(), name: recorder, arn: None })
            .evidence_if(
                "Identities",
                (severity == Severity::Medium).then_some("IAM's users, roles and policies left out"),
            ),
    )
}
