//! # Temporary credentials turned into a console session
//!
//! Somebody took the temporary credentials of a role or of a federated session and opened the console with them.
//!
//! ## Why it matters
//!
//! Who has stolen a key or a session from a program gets to the console this way, without password or MFA. Sign-ins that
//! come through Identity Center's portal or a SAML provider are left out.
//!
//! ## False alarms
//!
//! A sign-in page of your own, and command line tools that open the console for engineers. A role's sign-in by itself is
//! recorded only. The portal is known by its user agent: who copies that is not seen here.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they opened the console from the command line.
//! 2. If not: revoke the role's sessions, or deny the user behind a federated session everything.
//! 3. List all calls by the session in the 12 hours after, by `userIdentity.arn`.
//! 4. Find where the credentials came from: the `AssumeRole` or `GetFederationToken` event with this session's key, in
//!    the 36 hours before.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Kind, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-with-session-credentials",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1550.001",
        was: None,
        name: "Use Alternate Authentication Material: Application Access Token",
    }],
    covers: &["CONS-08", "CONS-09", "CONS-10"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin", "GetSigninToken"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_login_with_session_credentials.rs")),
    detect,
};

/// How Identity Center's portal begins its user agent: it has never been given a version.
const PORTAL: &str = "Jersey/${project.version}";

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    // An instance's credentials are a detection of their own.
    if actor.is_instance() {
        return None;
    }
    let asks = event.name == "GetSigninToken";
    let severity = match actor.kind {
        Kind::FederatedUser => Severity::Medium,
        Kind::Role if asks => Severity::Medium,
        Kind::Role if through_saml(event) => return None,
        Kind::Role => Severity::Low,
        Kind::SsoUser if asks && !event.origin.user_agent.as_deref()?.starts_with(PORTAL) => Severity::Medium,
        _ => return None,
    };
    let act = if asks {
        "asked for a console session with temporary credentials"
    } else {
        "signed in to the console with temporary credentials"
    };
    let kind = if actor.kind == Kind::FederatedUser { "federated session" } else { "role" };
    Some(
        DETECTION
            .finding(event, act)
            .target(Target { kind: kind.to_owned(), name: actor.name.clone(), arn: None })
            .severity(severity)
            .evidence_if("Session", actor.session.as_deref()),
    )
}

fn through_saml(event: &Event) -> bool {
    let provider = event.record().get("additionalEventData").and_then(|data| data.get("SamlProviderArn"));
    provider.is_some_and(serde_json::Value::is_string)
}
