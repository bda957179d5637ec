//! # Event data store stopped, deleted or narrowed
//!
//! An event data store of CloudTrail Lake was deleted, told to take in no more events, to take in fewer, or to keep them
//! for less time.
//!
//! ## Why it matters
//!
//! Where the store is what investigations search, they find nothing from now on; deleted, also nothing from before.
//!
//! ## False alarms
//!
//! A store that moves to other tools, or whose cost is cut. Deletion can be taken back for seven days.
//!
//! ## What to do
//!
//! 1. Take it back with the command under Undo; a deleted store can be restored for seven days.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`, in a trail's logs or the event history.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "event-data-store-weakened",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &[],
    calls: &[Calls {
        source: "cloudtrail.amazonaws.com",
        names: &["DeleteEventDataStore", "StopEventDataStoreIngestion", "UpdateEventDataStore"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("event_data_store_weakened.rs")),
    detect,
};

/// The shortest time in days that CloudTrail Lake keeps events in what it calls one-year retention.
const A_YEAR: u64 = 366;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let store = event.request("eventDataStore");
    let name = event.request("name").map_or_else(|| event.target().name, str::to_owned);
    let undoing = |undo: fn(&str, &str) -> Option<String>| store.and_then(|store| undo(store, &event.region));
    let (severity, act, undo) = match event.call() {
        "DeleteEventDataStore" => {
            (Severity::High, format!("deleted event data store {name}"), undoing(undo::restore_event_data_store))
        }
        "StopEventDataStoreIngestion" => {
            (Severity::High, format!("stopped event data store {name}"), undoing(undo::start_ingestion))
        }
        _ => {
            let (severity, what) = weakened(event)?;
            (severity, format!("made event data store {name} {what}"), None)
        }
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .evidence_if("Event data store", store)
        .evidence_if("Protection", (flag(event, "terminationProtectionEnabled") == Some(false)).then_some("taken off"))
        .undo(undo);
    blinding::weigh(event, finding)
}

/// What an update takes away. The console sends every setting along, changed or not: what is off there may have been off
/// before.
fn weakened(event: &Event) -> Option<(Severity, &'static str)> {
    let off = |setting: &str| flag(event, setting) == Some(false);
    let days = event.request_value("retentionPeriod").and_then(serde_json::Value::as_u64);
    let console = blinding::is_surely_console(event);
    let unless_console = |severity: Severity| if console { severity.lowered() } else { severity };
    if off("multiRegionEnabled") {
        Some((unless_console(Severity::High), "leave out other regions"))
    } else if off("terminationProtectionEnabled") {
        Some((Severity::Medium, "deletable"))
    } else if off("organizationEnabled") && !console {
        Some((Severity::High, "leave out the organization's accounts"))
    } else if days.is_some_and(|days| days < A_YEAR) {
        Some((unless_console(Severity::Medium), "keep events for less than a year"))
    } else if event.request_value("advancedEventSelectors").is_some() {
        Some((unless_console(Severity::Medium), "take in other events than before"))
    } else {
        None
    }
}
