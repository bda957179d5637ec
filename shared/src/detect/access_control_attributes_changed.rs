//! # Attributes that decide on access changed
//!
//! Somebody changed which attributes of its users Identity Center passes into their sessions, for policies that
//! decide by them, or switched that on or off.
//!
//! ## Why it matters
//!
//! Policies that ask for `aws:PrincipalTag` believe these attributes. Taken from a field that users or their managers
//! may edit, or mapped to another tag, they let people in where they do not belong.
//!
//! ## False alarms
//!
//! Access by attributes that is being set up. Afterwards the mapping hardly changes.
//!
//! ## What to do
//!
//! 1. Compare the attributes, above, with the policies that ask for `aws:PrincipalTag`: who may edit the fields they
//!    come from?
//! 2. If it does not fit: set the mapping back; it stands in the last such call before this one.
//! 3. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "access-control-attributes-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &[],
    calls: &[Calls {
        source: "sso.amazonaws.com",
        names: &[
            "CreateInstanceAccessControlAttributeConfiguration",
            "DeleteInstanceAccessControlAttributeConfiguration",
            "UpdateInstanceAccessControlAttributeConfiguration",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("access_control_attributes_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let act = match event.call() {
        "CreateInstanceAccessControlAttributeConfiguration" => "switched on access by attributes in Identity Center",
        "DeleteInstanceAccessControlAttributeConfiguration" => "switched off access by attributes in Identity Center",
        _ => "changed the attributes that Identity Center passes into sessions",
    };
    let attributes = event.request_value("instanceAccessControlAttributeConfiguration.accessControlAttributes");
    let attributes: Vec<String> =
        attributes.and_then(Value::as_array).into_iter().flatten().filter_map(in_words).collect();
    let finding = DETECTION
        .finding(event, act)
        .target(identity_center::itself(event))
        .evidence_if("Attributes", (!attributes.is_empty()).then(|| attributes.join(", ")));
    Some(grant::unless_by_a_service(event, finding))
}

/// `department from ${path:enterprise.department}`
fn in_words(attribute: &Value) -> Option<String> {
    let key = attribute.get("key")?.as_str()?;
    let sources = attribute.pointer("/value/source").and_then(Value::as_array);
    let sources: Vec<&str> = sources.into_iter().flatten().filter_map(Value::as_str).collect();
    Some(format!("{key} from {}", sources.join(" or ")))
}
