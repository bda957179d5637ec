//! # A list that GuardDuty trusts or hunts was changed
//!
//! GuardDuty was given a list of addresses or domains that it trusts, or lost one that it hunts.
//!
//! ## Why it matters
//!
//! GuardDuty says nothing of what a trusted address does. An attacker who puts an own address on that list works unseen.
//!
//! ## False alarms
//!
//! The security team that adds an office's or a scanner's addresses. A trusted list that is switched off or deleted makes
//! GuardDuty see more and is not told.
//!
//! ## What to do
//!
//! 1. Read the file under List: does it hold addresses that are not yours, such as the one under From?
//! 2. If so, take the list away with the command under Undo, and cut off the credentials of whoever is named under Who.
//! 3. List all calls from each address on the list in the 24 hours around, by `sourceIPAddress`: GuardDuty will not tell
//!    of them.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "guardduty-list-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-13", "TAMP-25"],
    calls: &[Calls {
        source: "guardduty.amazonaws.com",
        names: &[
            "CreateIPSet",
            "CreateTrustedEntitySet",
            "DeleteThreatEntitySet",
            "DeleteThreatIntelSet",
            "UpdateIPSet",
            "UpdateThreatEntitySet",
            "UpdateThreatIntelSet",
            "UpdateTrustedEntitySet",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("guardduty_list_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let active = flag(event, "activate");
    let list = ["name", "ipSetId", "trustedEntitySetId", "threatIntelSetId", "threatEntitySetId"]
        .iter()
        .find_map(|key| event.request(key))
        .unwrap_or("of unknown name");
    let (severity, act) = match event.call() {
        "CreateIPSet" | "CreateTrustedEntitySet" if active == Some(false) => {
            (Severity::Medium, format!("made list {list}, for GuardDuty to trust later"))
        }
        "CreateIPSet" | "CreateTrustedEntitySet" => (Severity::High, format!("made GuardDuty trust list {list}")),
        // A list that is off says nothing, whatever is on it.
        "UpdateIPSet" | "UpdateTrustedEntitySet" if active == Some(false) => return None,
        "UpdateIPSet" | "UpdateTrustedEntitySet" => {
            (Severity::High, format!("changed list {list}, which GuardDuty trusts"))
        }
        "DeleteThreatIntelSet" | "DeleteThreatEntitySet" => {
            (Severity::High, format!("deleted list {list}, which GuardDuty hunted"))
        }
        _ if active == Some(false) => (Severity::High, format!("made GuardDuty hunt list {list} no longer")),
        _ if event.request("location").is_some() => {
            (Severity::Medium, format!("changed list {list}, which GuardDuty hunts"))
        }
        _ => return None,
    };
    let detector = event.request("detectorId");
    let made = if event.call() == "CreateIPSet" { event.response("ipSetId") } else { None };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(Target { kind: "list".to_owned(), name: list.to_owned(), arn: None })
        .evidence_if("List", event.request("location"))
        .evidence_if("Bucket's owner", event.request("expectedBucketOwner"))
        .evidence_if("Detector", detector)
        .undo(made.and_then(|made| undo::delete_trusted_addresses(detector?, made, &event.region)));
    blinding::weigh(event, finding)
}
