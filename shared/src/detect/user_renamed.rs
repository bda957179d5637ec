//! # User renamed or moved
//!
//! Somebody gave an IAM user another name or another path.
//!
//! ## Why it matters
//!
//! Its keys and password stay the same, and everything that goes by its name no longer finds it: logs, alerts, policies
//! with `${aws:username}` or a path. A user that is moved to where quarantine never acts is out of its reach.
//!
//! ## False alarms
//!
//! A new naming scheme, or a person whose name changed.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who why the user has another name or path.
//! 2. If nobody knows: give the user its old name with the command under Undo, and look at whom its path exempts.
//! 3. List all calls by the user since, by `userIdentity.userName` with the new name, and by its keys' ids.
//! 4. List all calls by the actor's ARN in the 24 hours before.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::config::{Config, Exempt};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "user-renamed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &[],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["UpdateUser"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("user_renamed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let user = event.request("userName")?;
    let (name, path) = (event.request("newUserName"), event.request("newPath"));
    let act = match (name, path) {
        (Some(name), Some(path)) => format!("renamed user {user} to {name} and moved it to {path}"),
        (Some(name), None) => format!("renamed user {user} to {name}"),
        (None, Some(path)) => format!("moved user {user} to {path}"),
        (None, None) => return None,
    };
    let finding = DETECTION.finding(event, act).undo(name.and_then(|name| undo::rename_user(name, user)));
    Some(if is_exempt_now(event, name.unwrap_or(user), path, context.config) {
        finding.severity(Severity::High).evidence("Quarantine", "never acts on the user from now on")
    } else {
        finding
    })
}

/// Whether quarantine spares the user under its new name and path. The event does not have a path that stays: then the
/// name decides.
fn is_exempt_now(event: &Event, name: &str, path: Option<&str>, config: &Config) -> bool {
    config.quarantine.exempt.iter().any(|exempt| match (exempt, path) {
        (_, Some(path)) => {
            let partition = event.actor.principal.split(':').nth(1).unwrap_or("aws");
            exempt.covers(&format!("arn:{partition}:iam::{}:user{path}{name}", event.account))
        }
        (Exempt::Arn(arn), None) => {
            arn::account(arn) == Some(event.account.as_str()) && arn.rsplit('/').next() == Some(name)
        }
        (Exempt::Path(_), None) => false,
    })
}
