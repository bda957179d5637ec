//! # Traffic of a machine mirrored
//!
//! Somebody had the network traffic of a machine copied to another place.
//!
//! ## Why it matters
//!
//! Passwords and data that cross the own network without encryption can be read from the copy. The machine notices
//! nothing.
//!
//! ## False alarms
//!
//! Sensors that look for attacks are fed this way. They are set up once, by those who run them.
//!
//! ## What to do
//!
//! 1. See where the copy goes: `aws ec2 describe-traffic-mirror-targets` with the id under Evidence.
//! 2. Ask whoever is named under Who. If nobody knows: delete the session, and cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, anywhere};
use crate::blinding;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "network-traffic-mirrored",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[
        Technique { id: "T1020.001", was: None, name: "Automated Exfiltration: Traffic Duplication" },
        Technique { id: "T1040", was: None, name: "Network Sniffing" },
    ],
    covers: &[],
    calls: &[Calls {
        source: "ec2.amazonaws.com",
        names: &["CreateTrafficMirrorSession", "ModifyTrafficMirrorSession"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("network_traffic_mirrored.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let to = anywhere(event, "trafficMirrorTargetId");
    let session = anywhere(event, "trafficMirrorSessionId");
    let (kind, name) = match (anywhere(event, "networkInterfaceId"), session) {
        (Some(interface), _) => ("network interface", interface),
        (None, session) => ("mirror session", session.unwrap_or("of unknown id")),
    };
    let act = match event.call() {
        "CreateTrafficMirrorSession" => format!("had the traffic of {kind} {name} mirrored"),
        // Anything but the place that it goes to says nothing.
        _ => format!("sent the traffic of {kind} {name} to {}", to?),
    };
    let finding = DETECTION
        .finding(event, act)
        .target(Target { kind: kind.to_owned(), name: name.to_owned(), arn: None })
        .evidence_if("Mirrored to", to)
        .evidence_if("Session", session);
    blinding::weigh(event, finding)
}
