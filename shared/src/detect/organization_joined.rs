//! # Account joined an organization
//!
//! Somebody accepted an invitation of AWS Organizations: the account joined an organization, agreed to be governed
//! with all features, or gave its billing into other hands.
//!
//! ## Why it matters
//!
//! The management account of an organization is above its members: it can hold them back, read what they are, open
//! root sessions in them. An account that accepts an invitation of strangers is theirs, and it leaves the
//! organization it was in.
//!
//! ## False alarms
//!
//! An account that moves between organizations of one company. That is planned. In a management account it is the
//! last step of something that was begun there, and MEDIUM.
//!
//! ## What to do
//!
//! 1. Compare the organization's id under Organization with your own.
//! 2. If it is not yours: leave it with `aws organizations leave-organization`, as root if need be, and cut off the
//!    credentials of whoever is named under Who.
//! 3. List all calls in the account since the event whose `userIdentity.accountId` is another, and all `AssumeRoot`
//!    sessions.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "organization-joined",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1666", was: None, name: "Modify Cloud Resource Hierarchy" }],
    covers: &[],
    calls: &[Calls { source: "organizations.amazonaws.com", names: &["AcceptHandshake"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("organization_joined.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let action = event.response("handshake.action").unwrap_or_default().to_ascii_uppercase();
    let (severity, act) = match action.as_str() {
        "ENABLE_ALL_FEATURES" => {
            (Severity::Medium, "agreed that the organization governs the account with all features")
        }
        "APPROVE_ALL_FEATURES" => (Severity::Medium, "switched on all features of the organization"),
        "TRANSFER_RESPONSIBILITY" => (Severity::Medium, "gave the organization's billing into other hands"),
        "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE" => return None,
        _ => (Severity::High, "took the account into an organization"),
    };
    let parties = event.record().get("responseElements").and_then(|answer| answer.pointer("/handshake/parties"));
    let of_kind = |kind: &str| {
        let party =
            parties?.as_array()?.iter().find(|party| party.get("type").and_then(Value::as_str) == Some(kind))?;
        party.get("id")?.as_str()
    };
    Some(
        DETECTION
            .finding(event, act)
            .target(Target::account(&event.account))
            .severity(severity)
            .evidence_if("Organization", of_kind("ORGANIZATION"))
            .evidence_if("Handshake", event.request("handshakeId")),
    )
}
