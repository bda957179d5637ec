//! # Application of Identity Center given access
//!
//! Somebody made an application known to Identity Center, or let one get tokens for users: by a grant, or by saying
//! which roles may speak for it.
//!
//! ## Why it matters
//!
//! An application with a grant acts in the name of the users who use it, or, with tokens of a trusted issuer, of any
//! user that issuer names. Its tokens are good for as long as its sessions last.
//!
//! ## False alarms
//!
//! AWS services make applications when they are connected to Identity Center. Making one is LOW; a grant is rare.
//!
//! ## What to do
//!
//! 1. Look the application up under Identity Center: who made it, what for, and who is assigned to it?
//! 2. If nobody knows: delete the application, and cut off the credentials of whoever is named under Who.
//! 3. List all `CreateTokenWithIAM` events of `sso-oauth.amazonaws.com` since the event, by
//!    `requestParameters.clientId`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center::last;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-application-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &[],
    calls: &[Calls {
        source: "sso.amazonaws.com",
        names: &["CreateApplication", "PutApplicationAuthenticationMethod", "PutApplicationGrant"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_application_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let arn = event.request("applicationArn").or_else(|| event.response("applicationArn"));
    let name = event.request("name").or_else(|| arn.map(last)).unwrap_or("without a name");
    let grant = event.request("grantType");
    let (act, severity) = match event.call() {
        "CreateApplication" => (format!("created application {name} in Identity Center"), Severity::Low),
        "PutApplicationGrant" => {
            let quiet = matches!(grant, Some("authorization_code" | "refresh_token"));
            let severity = if quiet { Severity::Low } else { Severity::Medium };
            (format!("let application {name} get tokens for users"), severity)
        }
        _ => (format!("changed who may speak for application {name}"), Severity::Medium),
    };
    let finding = DETECTION
        .finding(event, act)
        .target(Target {
            kind: "application".to_owned(),
            name: arn.map_or(name, last).to_owned(),
            arn: arn.map(str::to_owned),
        })
        .severity(severity)
        .evidence_if("Grant", grant)
        .evidence_if("Provider", event.request("applicationProviderArn"));
    Some(grant::unless_by_a_service(event, finding))
}
