//! # What a trail records was changed
//!
//! The event selectors of a CloudTrail trail were changed: which events it records.
//!
//! ## Why it matters
//!
//! A trail without management events looks alive and sees nothing of what is done to identities. It is a quieter way to
//! blind an account than to stop the trail.
//!
//! ## False alarms
//!
//! A trail for data events only, beside one that records management events: some set-ups have both. Changes that leave
//! management events whole are recorded only.
//!
//! ## What to do
//!
//! 1. Set the selectors back so that management events are recorded, reads and writes, unless another trail does that.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trail-event-selectors-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-04"],
    calls: &[Calls { source: "cloudtrail.amazonaws.com", names: &["PutEventSelectors"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trail_event_selectors_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let what = left_out(event);
    let (severity, left_out) = match what {
        LeftOut::Everything => (Severity::High, "all management events"),
        LeftOut::Writes => (Severity::High, "management events that change something"),
        LeftOut::Reads => (Severity::Medium, "management events that only read"),
        LeftOut::Some => (Severity::Medium, "some management events"),
        LeftOut::Nothing => (Severity::Low, "nothing"),
        LeftOut::NotSaid => (Severity::Medium, "not said"),
    };
    let trail = event.target().name;
    let act = match what {
        LeftOut::Nothing | LeftOut::NotSaid => format!("changed what trail {trail} records"),
        _ => format!("made trail {trail} leave out {left_out}"),
    };
    Some(DETECTION.finding(event, act).severity(severity).evidence("Left out", left_out))
}

/// Which management events the trail no longer records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    Some,
    Reads,
    Writes,
    Everything,
    /// The record does not hold the selectors.
    NotSaid,
}

/// Management events that one selector or another records, reads and writes apart.
fn left_out(event: &Event) -> LeftOut {
    if ["eventSelectors", "advancedEventSelectors"].iter().all(|key| event.request_value(key).is_none()) {
        return LeftOut::NotSaid;
    }
    let (mut reads, mut writes, mut narrowed) = (false, false, false);
    let list = |key: &str| event.request_value(key).and_then(Value::as_array).into_iter().flatten();
    for selector in list("eventSelectors") {
        if selector.get("includeManagementEvents").and_then(Value::as_bool) == Some(false) {
            continue;
        }
        let kind = selector.get("readWriteType").and_then(Value::as_str).unwrap_or("All");
        reads |= kind != "WriteOnly";
        writes |= kind != "ReadOnly";
        let excluded = selector.get("excludeManagementEventSources").and_then(Value::as_array);
        narrowed |= excluded.is_some_and(|sources| !sources.is_empty());
    }
    for selector in list("advancedEventSelectors") {
        let fields = || selector.get("fieldSelectors").and_then(Value::as_array).into_iter().flatten();
        let equals = |name: &str, value: &str| {
            fields().any(|field| {
                let values = field.get("equals").and_then(Value::as_array);
                field.get("field").and_then(Value::as_str) == Some(name)
                    && values.is_some_and(|values| values.iter().any(|one| one.as_str() == Some(value)))
            })
        };
        if equals("eventCategory", "Management") {
            reads |= !equals("readOnly", "false");
            writes |= !equals("readOnly", "true");
            narrowed |= fields()
                .any(|field| !matches!(field.get("field").and_then(Value::as_str), Some("eventCategory" | "readOnly")));
        }
    }
    match (reads, writes) {
        (false, false) => LeftOut::Everything,
        (true, false) => LeftOut::Writes,
        (false, true) => LeftOut::Reads,
        (true, true) if narrowed => LeftOut::Some,
        (true, true) => LeftOut::Nothing,
    }
}
