//! # Secrets read by a filter
//!
//! Somebody read many secrets of Secrets Manager in one call: by a filter, whatever it finds, or ten or more by their names.
//!
//! ## Why it matters
//!
//! A program knows the secret it needs. Who takes what a filter finds, above all "everything but", wants what there is,
//! up to 20 secrets a call.
//!
//! ## False alarms
//!
//! Programs that load their configuration by a tag or a prefix. For roles that is recorded only, unless the filter says
//! what to leave out. Ten names in one call are a whole list, and no program needs that many at once.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, or the role's owner, whether they read secrets this way.
//! 2. If not: cut off the credentials.
//! 3. List the `GetSecretValue` events of the same ARN in the same minutes, by `requestParameters.secretId`: there is one
//!    for each secret that was read.
//! 4. Change each of these secrets where it is used.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "secrets-read-by-filter",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1555.006",
        was: None,
        name: "Credentials from Password Stores: Cloud Secrets Management Stores",
    }],
    covers: &["CRED-33"],
    calls: &[Calls { source: "secretsmanager.amazonaws.com", names: &["BatchGetSecretValue"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("secrets_read_by_filter.rs")),
    detect,
};

/// Of the 20 that one call can name.
const MANY: usize = 10;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service() {
        return None;
    }
    let list = |key: &str| event.request_value(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (filters, names) = (list("filters"), list("secretIdList"));
    if names.len() >= MANY {
        let act = format!("read {} secrets by one call", names.len());
        let listed: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        let finding = DETECTION.finding(event, act).target(Target::account(&event.account));
        return Some(finding.evidence("Secrets", blinding::listed(&listed)));
    }
    if filters.is_empty() {
        return None;
    }
    let values = || filters.iter().filter_map(|filter| filter.get("values")?.as_array()).flatten();
    let leaves_out = values().filter_map(Value::as_str).any(|value| value.starts_with('!'));
    let severity = match (leaves_out, event.actor.is_program()) {
        (true, false) => Severity::High,
        (true, true) | (false, false) => Severity::Medium,
        (false, true) => Severity::Low,
    };
    let act = if leaves_out { "read all secrets but those a filter leaves out" } else { "read secrets by a filter" };
    let words: Vec<String> = filters.iter().filter_map(in_words).collect();
    Some(
        DETECTION
            .finding(event, act)
            .target(Target::account(&event.account))
            .severity(severity)
            .evidence("Filter", words.join("; ")),
    )
}

/// As in `tag-key: prod, !test`.
fn in_words(filter: &Value) -> Option<String> {
    let values: Vec<&str> = filter.get("values")?.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(format!("{}: {}", filter.get("key")?.as_str()?, values.join(", ")))
}
