//! # Root user used
//!
//! Somebody made a call as the account's root user, in person: calls that AWS services make in root's name are left
//! out.
//!
//! ## Why it matters
//!
//! Root can do anything in the account, and no policy of the account limits it. Daily work never needs it: after the
//! account's first day, only a handful of tasks do.
//!
//! ## False alarms
//!
//! A planned root task, such as closing the account or changing its support plan. It should have a ticket, and a person
//! who can be asked.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them is doing this, now.
//! 2. If not: change root's password, delete its access keys and re-register its MFA device, from a clean machine.
//! 3. List all calls by root in the 24 hours before this event, by `userIdentity.type` `Root`.
//! 4. Look for what outlives root's session: users, access keys, roles and trust policies made since the first of them.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "root-api-call",
    watcher: Watcher::RootUsage,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["ROOT-02"],
    calls: &[],
    outcome: Outcome::Any,
    page: Page::of(include_str!("root_api_call.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    if !actor.is_root() || actor.is_service() || event.source == "signin.amazonaws.com" {
        return None;
    }
    let failed = event.error_code.as_deref();
    let did = if failed.is_none() { "called" } else { "tried" };
    // A session's calls are one incident, whatever they touch.
    let finding = DETECTION
        .finding(event, format!("{did} {} on {}", event.call(), event.target()))
        .target(Target::account(&event.account))
        .evidence("Call", format!("{} of {}", event.name, event.source))
        .evidence_if("Failed with", failed);
    Some(if event.read_only() { finding.severity(Severity::Medium) } else { finding })
}
