//! # Control over a domain changed
//!
//! A domain registered with Route 53 was transferred, unlocked for a transfer, deleted, or given other name servers, somebody asked
//! for the code that a transfer needs, or its DNS answers are no longer signed.
//!
//! ## Why it matters
//!
//! Whoever has the domain has the mail, the web site and the certificates under it, and the passwords that are reset by mail. It
//! takes weeks to get back.
//!
//! ## False alarms
//!
//! A move to another registrar or DNS service, which happens once in years.
//!
//! ## What to do
//!
//! 1. Ask the domain's owner at once, by telephone: mail may go elsewhere already.
//! 2. If they do not know of it: cut off the credentials of whoever is named under Who, take the change back in the console of
//!    Route 53 (a transfer to another account can be cancelled for three days, with `cancel-domain-transfer-to-another-aws-account`),
//!    and call AWS Support.
//! 3. List all calls of `route53domains` and `route53` by that ARN in the 24 hours around, by `userIdentity.arn`; they are recorded in
//!    us-east-1.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, listed, objects, parameter, text};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "domain-control-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1584.001", was: None, name: "Compromise Infrastructure: Domains" }],
    covers: &[],
    calls: &[
        Calls { source: "route53.amazonaws.com", names: &["DisableHostedZoneDNSSEC"] },
        Calls {
            source: "route53domains.amazonaws.com",
            names: &[
                "DeleteDomain",
                "DisableDomainTransferLock",
                "RetrieveDomainAuthCode",
                "TransferDomainToAnotherAwsAccount",
                "UpdateDomainNameservers",
            ],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("domain_control_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let domain = text(event, "domainName").unwrap_or("of unknown name");
    let to = text(event, "accountId").map(|account| context.config.account_name(account));
    let servers = objects(parameter(event, "nameservers"));
    let servers: Vec<&str> =
        servers.into_iter().filter_map(|server| blinding::member(server, "name")?.as_str()).collect();
    let (severity, act) = match event.call() {
        "DeleteDomain" => (Severity::High, format!("deleted domain {domain}")),
        "DisableDomainTransferLock" => (Severity::Medium, format!("took the transfer lock off domain {domain}")),
        "RetrieveDomainAuthCode" => (Severity::High, format!("asked for the code to transfer domain {domain}")),
        "TransferDomainToAnotherAwsAccount" => {
            let to = to.map_or_else(|| "another account".to_owned(), |to| format!("account {to}"));
            (Severity::High, format!("transferred domain {domain} to {to}"))
        }
        "UpdateDomainNameservers" => (Severity::High, format!("gave domain {domain} other name servers")),
        _ => (Severity::Medium, "switched off the signing of a zone's DNS answers".to_owned()),
    };
    let zone = text(event, "hostedZoneId").or_else(|| text(event, "id"));
    let target = match zone {
        Some(zone) => Target { kind: "hosted zone".to_owned(), name: zone.to_owned(), arn: None },
        None => Target { kind: "domain".to_owned(), name: domain.to_owned(), arn: None },
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(target)
        .evidence_if("Name servers", (!servers.is_empty()).then(|| listed(&servers)));
    blinding::weigh(event, finding)
}
