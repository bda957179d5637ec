//! # Service-specific credential changed
//!
//! A user's credential for one service (such as a Bedrock API key, or a CodeCommit or Keyspaces password) was created,
//! reset, switched on or off, or deleted.
//!
//! ## Why it matters
//!
//! Such a credential works without an access key or MFA and is easily overlooked. A Bedrock API key in the wrong hands
//! costs thousands a day.
//!
//! ## False alarms
//!
//! A developer who sets up the service. Switching off and deleting are recorded only.
//!
//! ## What to do
//!
//! 1. Ask the user whether the credential is theirs.
//! 2. If not: set it Inactive with the command under Undo, and cut off the credentials of whoever is named under Who.
//! 3. List the calls of that service by the user since the event, by `userIdentity.userName`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "service-specific-credential-changed",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["CRED-14"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &[
            "CreateServiceSpecificCredential",
            "ResetServiceSpecificCredential",
            "UpdateServiceSpecificCredential",
            "DeleteServiceSpecificCredential",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("service_specific_credential_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let of = |key: &str| event.response(&format!("serviceSpecificCredential.{key}")).or_else(|| event.request(key));
    let service = of("serviceName").map(|host| host.split('.').next().unwrap_or(host));
    let (did, severity) = match event.call() {
        "CreateServiceSpecificCredential" if service == Some("bedrock") => ("created", Severity::High),
        "CreateServiceSpecificCredential" => ("created", Severity::Medium),
        "ResetServiceSpecificCredential" => ("reset", Severity::Medium),
        "DeleteServiceSpecificCredential" => ("deleted", Severity::Low),
        _ if event.request("status") == Some("Active") => ("switched on", Severity::Medium),
        _ => ("switched off", Severity::Low),
    };
    let owner = event.owner()?;
    let what = service.map_or("service-specific credential".to_owned(), |service| format!("{service} credential"));
    let takes_back = || undo::disable_service_credential(owner.user()?, of("serviceSpecificCredentialId")?);
    Some(
        DETECTION
            .finding(event, format!("{did} a {what} of {owner}"))
            .target(owner.target(event))
            .severity(severity)
            .evidence_if("Credential", of("serviceSpecificCredentialId"))
            .evidence_if("Service", service)
            .undo(takes_back().filter(|_| severity > Severity::Low)),
    )
}
