//! # Identity Center switched on or deleted
//!
//! Somebody switched Identity Center on, in the organization or in one account, or deleted an instance of it.
//!
//! ## Why it matters
//!
//! Identity Center is a door into every account. An instance that an attacker makes has users of theirs; one that is
//! deleted locks out everybody who comes in by it, and its users, groups and assignments are gone.
//!
//! ## False alarms
//!
//! Identity Center is switched on once. Some AWS services ask for an instance in a single account.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether it was planned.
//! 2. If an instance was made that nobody knows: delete it. If one was deleted: sign in with your break-glass users,
//!    and cut off the credentials of whoever is named under Who.
//! 3. List all calls by that ARN in the 24 hours before and after, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-instance-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1136.003", was: None, name: "Create Account: Cloud Account" }],
    covers: &[],
    calls: &[Calls { source: "sso.amazonaws.com", names: &["CreateInstance", "DeleteInstance", "StartSSO"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_instance_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (act, severity) = match event.call() {
        "CreateInstance" => ("created an instance of Identity Center in the account", Severity::Medium),
        "DeleteInstance" => ("deleted an instance of Identity Center", Severity::High),
        _ => ("switched on Identity Center", Severity::Medium),
    };
    let finding = DETECTION
        .finding(event, act)
        .target(identity_center::itself(event))
        .severity(severity)
        .evidence_if("Name", event.request("name"));
    Some(grant::unless_by_a_service(event, finding))
}
