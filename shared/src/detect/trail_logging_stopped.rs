//! # CloudTrail logging stopped
//!
//! A CloudTrail trail was told to stop recording.
//!
//! ## Why it matters
//!
//! What happens from now on may leave no trace, and iamwatch itself sees events only while a trail records. Attackers
//! do it before the rest.
//!
//! ## False alarms
//!
//! Almost none. A trail that is replaced is stopped after the new one runs.
//!
//! ## What to do
//!
//! 1. Start the trail again with the command under Undo.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.
//! 4. For the gap, use CloudTrail's event history of the last 90 days: it needs no trail.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trail-logging-stopped",
    watcher: Watcher::Guardrails,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-01"],
    calls: &[Calls { source: "cloudtrail.amazonaws.com", names: &["StopLogging"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trail_logging_stopped.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    Some(
        DETECTION
            .finding(event, format!("stopped the logging of trail {}", event.target().name))
            .undo(event.request("name").and_then(|trail| undo::start_logging(trail, &event.region))),
    )
}
