//! # API Gateway key read in clear
//!
//! Somebody asked API Gateway for one or all API keys with their values. Needs calls that only read.
//!
//! ## Why it matters
//!
//! Whoever has the value can call the APIs that ask for nothing else, at the cost of the key's owner.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code reads the keys it manages at each run. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who why they needed the values.
//! 2. If nobody knows: make new keys, give them to the callers, and delete the old ones.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "api-key-read-in-clear",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1555", was: None, name: "Credentials from Password Stores" }],
    covers: &["CRED-39"],
    calls: &[Calls { source: "apigateway.amazonaws.com", names: &["GetApiKey", "GetApiKeys"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("api_key_read_in_clear.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service() {
        return None;
    }
    let one = event.call() == "GetApiKey";
    let asked = if one { "includeValue" } else { "includeValues" };
    let in_clear = event.request_value(asked).and_then(serde_json::Value::as_bool) == Some(true)
        || event.request(asked) == Some("true");
    if !in_clear {
        return None;
    }
    let act = if one { "read an API key of API Gateway in clear" } else { "read all API keys of API Gateway in clear" };
    let key = event.request("apiKey");
    Some(DETECTION.finding(event, act).target(Target::account(&event.account)).evidence_if("Key", key))
}
