//! # CloudTrail Insights switched off
//!
//! A trail or an event data store was told to look no longer for unusual rates of calls or of errors.
//!
//! ## Why it matters
//!
//! Insights notices that somebody makes many more calls, or fails at many more, than the account usually sees. It is what
//! an attack by script looks like.
//!
//! ## False alarms
//!
//! Somebody who saves its cost. One of two kinds left out is recorded only.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 2. Switch both kinds on again: `ApiCallRateInsight` and `ApiErrorRateInsight`.
//! 3. List all calls by that ARN in the 24 hours before and after, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding;
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trail-insights-switched-off",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &[],
    calls: &[Calls { source: "cloudtrail.amazonaws.com", names: &["PutInsightSelectors"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trail_insights_switched_off.rs")),
    detect,
};

const KINDS: [(&str, &str); 2] = [("ApiCallRateInsight", "rates of calls"), ("ApiErrorRateInsight", "rates of errors")];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let selectors = event.request_value("insightSelectors")?.as_array()?;
    let kept = |kind: &str| {
        selectors.iter().any(|one| one.get("insightType").and_then(serde_json::Value::as_str) == Some(kind))
    };
    let left_out: Vec<&str> = KINDS.iter().filter(|(kind, _)| !kept(kind)).map(|(_, words)| *words).collect();
    let (severity, act) = match left_out.as_slice() {
        [] => return None,
        [one] => (Severity::Low, format!("made Insights of {} leave out {one}", event.target())),
        _ => (Severity::Medium, format!("switched off Insights of {}", event.target())),
    };
    blinding::weigh(event, DETECTION.finding(event, act).severity(severity))
}
