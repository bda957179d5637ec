//! # Event that could not be read
//!
//! An event reached a watcher and is no CloudTrail record: not an object, without an event name, or with an identity
//! of a shape that AWS does not send. Nothing is known of who did what.
//!
//! ## Why it matters
//!
//! iamwatch is blind to this event. Either AWS changed the shape of its records, or somebody who may invoke the
//! function sends it made-up events.
//!
//! ## False alarms
//!
//! A test event sent by hand from the Lambda console.
//!
//! ## What to do
//!
//! 1. Read the fault above, and the function's log at the alert's time.
//! 2. Where a trail records data events, list the `Invoke` and `PutEvents` calls of the 15 minutes before the alert and who made
//!    them. CloudTrail's event history has neither.
//! 3. If AWS sent it, report the event's shape to iamwatch's maintainers.

use super::{Context, Detection, Outcome, Page};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "unreadable-event",
    watcher: Watcher::RootUsage,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[],
    covers: &[],
    calls: &[],
    outcome: Outcome::Any,
    page: Page::of(include_str!("unreadable_event.rs")),
    detect,
};

/// An unreadable event is found before any detection is asked; a readable one is never this.
fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    Some(finding(event, event.fault()?))
}

pub(super) fn finding(event: &Event, fault: &str) -> Finding {
    let account = if event.account.is_empty() { "unknown" } else { &event.account };
    DETECTION
        .finding(event, "sent an event that could not be read")
        .target(Target::account(account))
        .evidence("Fault", fault)
}
