//! # Key added to a Glue development endpoint
//!
//! Somebody put an SSH key on a Glue development endpoint that runs already.
//!
//! ## Why it matters
//!
//! Whoever holds the key signs in to the endpoint and acts as its role. Nobody had to hand that role over.
//!
//! ## False alarms
//!
//! A developer who changed laptops. Development endpoints are an old feature that few still use.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whose key it is.
//! 2. If nobody knows it: take it away with `aws glue update-dev-endpoint --delete-public-keys`, and cut off their credentials.
//! 3. List all calls by the endpoint's role since the event, by `sessionContext.sessionIssuer.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "dev-endpoint-key-added",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1098.004", was: None, name: "Account Manipulation: SSH Authorized Keys" }],
    covers: &["IAMC-36"],
    calls: &[Calls { source: "glue.amazonaws.com", names: &["UpdateDevEndpoint"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("dev_endpoint_key_added.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let list = event.request_value("addPublicKeys").and_then(Value::as_array);
    let mut keys: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    keys.extend(event.request("publicKey"));
    if keys.is_empty() {
        return None;
    }
    let endpoint = event.request("endpointName")?;
    let finding = DETECTION
        .finding(event, format!("put an SSH key on Glue endpoint {endpoint}"))
        .target(Target { kind: "development endpoint".to_owned(), name: endpoint.to_owned(), arn: None })
        .evidence("Keys", keys.join(", "));
    Some(for_the_record_by_service(event, finding))
}
