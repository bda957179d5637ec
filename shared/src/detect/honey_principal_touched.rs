//! # Honey principal touched
//!
//! A user or role that is laid out to be found, and that nobody uses, acted or was asked for, with or without success.
//!
//! ## Why it matters
//!
//! Nothing and nobody has a use for it. Whoever holds its key took it from where it was left; whoever asks for it has read the
//! account's list of users and roles, or is guessing.
//!
//! ## False alarms
//!
//! Whoever laid it out tries it, or a tool that goes through all users and roles: its own calls are known by their principal.
//! What AWS services do on their own is left out.
//!
//! ## What to do
//!
//! 1. If it acted: find out where its key was left, for whoever has it has been there. Leave the key as it is while you look.
//! 2. If it was asked for: cut off the credentials of whoever is named under Who.
//! 3. List all calls from the same `sourceIPAddress` in the 24 hours before and after, whoever made them.

use super::{Context, Detection, Outcome, Page, Technique, if_refused};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::honey::{Touch, touched};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "honey-principal-touched",
    watcher: Watcher::AccessDenied,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &[],
    calls: &[],
    outcome: Outcome::Any,
    page: Page::of(include_str!("honey_principal_touched.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let refused = if_refused(event);
    let (act, honey) = match touched(event, context.config)? {
        Touch::By(honey) => (format!("called {}{refused}: nobody uses this principal", event.name), honey),
        Touch::Of(honey) => {
            let target = Target::from_arn(honey);
            (format!("touched {target} by {}{refused}: nobody uses it", event.name), honey)
        }
    };
    Some(DETECTION.finding(event, act).target(Target::from_arn(honey)).evidence("Call", event.name.as_str()))
}
