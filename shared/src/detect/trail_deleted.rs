//! # CloudTrail trail deleted
//!
//! A CloudTrail trail was deleted.
//!
//! ## Why it matters
//!
//! What happens from now on may leave no trace, and iamwatch itself sees events only while a trail records. The logs
//! already in the bucket stay.
//!
//! ## False alarms
//!
//! A trail that is replaced by another, for example by the organization's. The other one should be recording already.
//!
//! ## What to do
//!
//! 1. See whether another trail records management events in all regions; if none does, make one, now.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.
//! 4. Check that the trail's bucket and its logs are still there.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trail-deleted",
    watcher: Watcher::Guardrails,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-02"],
    calls: &[Calls { source: "cloudtrail.amazonaws.com", names: &["DeleteTrail"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trail_deleted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    Some(DETECTION.finding(event, format!("deleted trail {}", event.target().name)))
}
