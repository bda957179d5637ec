//! # Account left its organization
//!
//! An account left its organization by its own call, or the organization was deleted.
//!
//! ## Why it matters
//!
//! All that the organization holds the account back and watches it with is gone at once: service control policies, the
//! organization's trail, central detection, central root access, consolidated billing. Attackers do it to be alone
//! with the account, or to bring it into an organization of their own.
//!
//! ## False alarms
//!
//! An account that was sold or handed over. That is prepared for weeks. Deleting an organization is possible only
//! once all members are gone; it is HIGH.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, over a channel that is not their mail.
//! 2. If they do not know of it: invite the account back from the management account, and cut off the credentials of
//!    whoever is named under Who.
//! 3. See that a trail of the account's own records, since the organization's no longer does.
//! 4. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`, and all calls in the account since
//!    the event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "organization-left",
    watcher: Watcher::Guardrails,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1666", was: None, name: "Modify Cloud Resource Hierarchy" }],
    covers: &["ORGG-01"],
    calls: &[Calls { source: "organizations.amazonaws.com", names: &["LeaveOrganization", "DeleteOrganization"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("organization_left.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let finding = match event.call() {
        "LeaveOrganization" => DETECTION.finding(event, "took the account out of its organization"),
        _ => DETECTION.finding(event, "deleted the organization").severity(Severity::High),
    };
    Some(finding.target(Target::account(&event.account)))
}
