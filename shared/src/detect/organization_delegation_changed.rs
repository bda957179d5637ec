//! # Power over the organization delegated
//!
//! Somebody made an account the delegated administrator of a service or took that from it, let a service act in the
//! whole organization or stopped it, or changed the policy that lets other accounts use AWS Organizations.
//!
//! ## Why it matters
//!
//! A delegated administrator of Identity Center, of central root access or of stack sets can enter every member
//! account: it is worth as much as the management account and guarded less. Where a service that records or detects
//! loses its administrator or its access, it goes blind in all accounts at once.
//!
//! ## False alarms
//!
//! An organization that is being set up. When a service enables itself because somebody switched it on there, that is
//! LOW.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who why the account or the service needs it.
//! 2. If nobody knows: take it back with the command under Undo.
//! 3. List all calls by the named account since the event, by `userIdentity.accountId`, above all to the service
//!    under Service.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "organization-delegation-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1666", was: None, name: "Modify Cloud Resource Hierarchy" }],
    covers: &["ORGG-05"],
    calls: &[Calls {
        source: "organizations.amazonaws.com",
        names: &[
            "DeleteResourcePolicy",
            "DeregisterDelegatedAdministrator",
            "DisableAWSServiceAccess",
            "EnableAWSServiceAccess",
            "EnableAllFeatures",
            "PutResourcePolicy",
            "RegisterDelegatedAdministrator",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("organization_delegation_changed.rs")),
    detect,
};

/// Services whose administrator can enter member accounts or act in them.
const ENTERS: [&str; 4] = [
    "iam.amazonaws.com",
    "member.org.stacksets.cloudformation.amazonaws.com",
    "ssm.amazonaws.com",
    "sso.amazonaws.com",
];

/// Services that record, detect or hold back, by the beginning of their names.
const WATCHES: [&str; 12] = [
    "access-analyzer.",
    "cloudtrail.",
    "config-multiaccountsetup.",
    "config.",
    "controltower.",
    "detective.",
    "fms.",
    "guardduty.",
    "inspector2.",
    "macie.",
    "securityhub.",
    "securitylake.",
];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let finding = match event.call() {
        "RegisterDelegatedAdministrator" | "DeregisterDelegatedAdministrator" => administrator(event, context)?,
        "EnableAWSServiceAccess" | "DisableAWSServiceAccess" => access(event)?,
        "EnableAllFeatures" => DETECTION.finding(event, "began to switch on all features of the organization"),
        "PutResourcePolicy" => {
            let finding = DETECTION.finding(event, "let other accounts use AWS Organizations");
            match grant::document(event, "content") {
                Ok(document) => finding.evidence("Says", document.in_words()),
                Err(illegal) => finding.evidence("Unreadable", illegal.to_string()),
            }
        }
        _ => DETECTION.finding(event, "deleted the policy that lets other accounts use AWS Organizations"),
    };
    Some(finding)
}

fn administrator(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let (account, service) = (event.request("accountId")?, event.request("servicePrincipal")?);
    let name = context.config.account_name(account);
    let (act, severity, back) = if event.call() == "RegisterDelegatedAdministrator" {
        let act = format!("made account {name} administrator of {}", short(service));
        let severity = if ENTERS.contains(&service) { Severity::High } else { Severity::Medium };
        (act, severity, "deregister-delegated-administrator")
    } else {
        let act = format!("took the administration of {} from account {name}", short(service));
        let severity = if watches(service) { Severity::High } else { Severity::Medium };
        (act, severity, "register-delegated-administrator")
    };
    let finding = DETECTION
        .finding(event, act)
        .target(Target::account(account))
        .severity(severity)
        .evidence("Service", service)
        .undo(undo::delegated_administrator(back, account, service));
    Some(unless_itself(event, service, finding))
}

fn access(event: &Event) -> Option<Finding> {
    let service = event.request("servicePrincipal")?;
    let (act, severity, back) = if event.call() == "EnableAWSServiceAccess" {
        let severity = if ENTERS.contains(&service) { Severity::Medium } else { Severity::Low };
        ("let", severity, "disable-aws-service-access")
    } else {
        let severity = if watches(service) { Severity::High } else { Severity::Medium };
        ("no longer lets", severity, "enable-aws-service-access")
    };
    let finding = DETECTION
        .finding(event, format!("{act} {} act in the whole organization", short(service)))
        .target(Target { kind: "service".to_owned(), name: service.to_owned(), arn: None })
        .severity(severity)
        .evidence("Service", service)
        .undo(undo::service_access(back, service));
    Some(unless_itself(event, service, finding))
}

/// A service that somebody switched on or off makes these calls for itself.
fn unless_itself(event: &Event, service: &str, finding: Finding) -> Finding {
    if event.actor.invoked_by.as_deref() == Some(service) {
        return grant::by_a_service(finding, "it did it for itself: whoever decided it did so there");
    }
    grant::unless_by_a_service(event, finding)
}

fn watches(service: &str) -> bool {
    WATCHES.iter().any(|start| service.starts_with(start))
}

/// `guardduty` for `guardduty.amazonaws.com`.
fn short(service: &str) -> &str {
    service.strip_suffix(".amazonaws.com").unwrap_or(service)
}
