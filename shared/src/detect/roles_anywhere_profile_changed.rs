//! # Roles Anywhere profile changed
//!
//! Somebody made, changed or switched on a profile of IAM Roles Anywhere: it says which roles certificates may open,
//! for how long, and how much of their rights is left.
//!
//! ## Why it matters
//!
//! With a certificate of a trusted authority in hand, a profile is the last thing that is missing to act as a role
//! from any machine. A profile whose session policy is loosened gives every such session more.
//!
//! ## False alarms
//!
//! Servers outside AWS that get access to it. Such profiles are made with a ticket, and name few roles.
//!
//! ## What to do
//!
//! 1. Compare the roles under Roles with what the machines behind the profile need.
//! 2. If nobody knows of it: switch the profile off with the command under Undo.
//! 3. List all `CreateSession` events of `rolesanywhere.amazonaws.com` since the event, by
//!    `requestParameters.profileArn`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "roles-anywhere-profile-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["FEDR-08"],
    calls: &[Calls {
        source: "rolesanywhere.amazonaws.com",
        names: &["CreateProfile", "EnableProfile", "UpdateProfile"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("roles_anywhere_profile_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let id = event.request("profileId").or_else(|| event.response("profile.profileId"));
    let name = event.request("name").or_else(|| event.response("profile.name")).or(id)?;
    let did = match event.call() {
        "CreateProfile" => "created",
        "EnableProfile" => "switched on",
        _ => "changed",
    };
    let asked = event.request_value("roleArns");
    let answered = || event.record().get("responseElements")?.pointer("/profile/roleArns");
    let roles = asked.or_else(answered).and_then(Value::as_array);
    let roles: Vec<&str> = roles.into_iter().flatten().filter_map(Value::as_str).collect();
    let any = roles.iter().any(|role| role.contains('*'));
    let session = match grant::document(event, "sessionPolicy") {
        Ok(document) => Some(document.in_words()),
        Err(illegal) => event.request_value("sessionPolicy").map(|_| illegal.to_string()),
    };
    let finding = DETECTION
        .finding(event, format!("{did} Roles Anywhere profile {name}"))
        .target(Target { kind: "profile".to_owned(), name: id.unwrap_or(name).to_owned(), arn: None })
        .severity(if any { Severity::High } else { Severity::Medium })
        .evidence_if("Roles", (!roles.is_empty()).then(|| roles.join(", ")))
        .evidence_if("Sessions may", session)
        .undo(id.and_then(|id| undo::disable_roles_anywhere_profile(id, &event.region)));
    Some(grant::unless_by_a_service(event, finding))
}
