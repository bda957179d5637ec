//! # Token for provisioning Identity Center created
//!
//! Somebody made a bearer token for the provisioning endpoint of Identity Center, or switched that endpoint on.
//!
//! ## Why it matters
//!
//! Whoever holds the token can make users and put them into groups of the directory for a year, from anywhere, with
//! no credential of AWS. Into a group of administrators is enough.
//!
//! ## False alarms
//!
//! The token of the identity provider is renewed once a year, when it expires.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether the token is for your identity provider.
//! 2. If not: delete the token under Identity Center, Automatic provisioning, and cut off their credentials.
//! 3. List all `CreateUser`, `PatchGroup` and `PutUser` events of `identitystore-scim.amazonaws.com` since the event.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-bearer-token-created",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &[],
    calls: &[Calls {
        source: "sso-directory.amazonaws.com",
        names: &["CreateBearerToken", "CreateProvisioningTenant"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_bearer_token_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (act, severity) = match event.call() {
        "CreateBearerToken" => ("created a token that provisions users into Identity Center", Severity::High),
        _ => ("switched on provisioning of users into Identity Center", Severity::Medium),
    };
    let finding = DETECTION.finding(event, act).target(identity_center::itself(event)).severity(severity);
    Some(grant::unless_by_a_service(event, finding))
}
