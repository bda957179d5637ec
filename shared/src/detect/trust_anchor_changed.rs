//! # Roles Anywhere trusts other certificates
//!
//! Somebody made, changed or switched on a trust anchor of IAM Roles Anywhere, or changed which certificates are
//! revoked.
//!
//! ## Why it matters
//!
//! Whoever holds the key of the authority in a trust anchor can make certificates that open every role trusting Roles
//! Anywhere, from any machine, with no credential of this account. Without a list of revoked certificates, a stolen
//! one opens them again.
//!
//! ## False alarms
//!
//! Roles Anywhere that is being set up, and authorities that are renewed, once in some years. An authority of AWS
//! Private CA in this account is MEDIUM, a list that is imported is LOW.
//!
//! ## What to do
//!
//! 1. Compare the authority, under Authority or in the trust anchor, with those of your company.
//! 2. If nobody knows it: take the change back with the command under Undo, and cut off the credentials of whoever is
//!    named under Who.
//! 3. List all `CreateSession` events of `rolesanywhere.amazonaws.com` since the event, by
//!    `requestParameters.trustAnchorArn`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trust-anchor-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1556", was: None, name: "Modify Authentication Process" }],
    covers: &["FEDR-07"],
    calls: &[Calls {
        source: "rolesanywhere.amazonaws.com",
        names: &[
            "CreateTrustAnchor",
            "DeleteCrl",
            "DisableCrl",
            "EnableTrustAnchor",
            "ImportCrl",
            "UpdateCrl",
            "UpdateTrustAnchor",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trust_anchor_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let finding = if event.call().ends_with("Crl") { revocation(event) } else { anchor(event) };
    Some(grant::unless_by_a_service(event, finding))
}

fn anchor(event: &Event) -> Finding {
    let id = event.request("trustAnchorId").or_else(|| event.response("trustAnchor.trustAnchorId"));
    let name = event.request("name").or_else(|| event.response("trustAnchor.name")).or(id).unwrap_or("without a name");
    let authority = event.request("source.sourceData.acmPcaArn");
    let source = event.request("source.sourceType");
    let own = authority.is_some_and(|arn| arn::account(arn) == Some(&event.account));
    let (did, severity) = match event.call() {
        "CreateTrustAnchor" if own => ("created", Severity::Medium),
        "CreateTrustAnchor" => ("created", Severity::High),
        "EnableTrustAnchor" => ("switched on", Severity::Medium),
        _ if event.request_value("source").is_none() => ("renamed", Severity::Low),
        _ if own => ("changed", Severity::Medium),
        _ => ("changed", Severity::High),
    };
    let undo = id.and_then(|id| undo::disable_trust_anchor(id, &event.region));
    DETECTION
        .finding(event, format!("{did} trust anchor {name} of Roles Anywhere"))
        .target(Target { kind: "trust anchor".to_owned(), name: id.unwrap_or(name).to_owned(), arn: None })
        .severity(severity)
        .evidence_if("Source", source)
        .evidence_if("Authority", authority)
        .undo(undo.filter(|_| did != "renamed"))
}

/// Lists of revoked certificates.
fn revocation(event: &Event) -> Finding {
    let id = event.request("crlId").or_else(|| event.response("crl.crlId"));
    let name = event.request("name").or_else(|| event.response("crl.name")).or(id).unwrap_or("without a name");
    let (did, severity) = match event.call() {
        "DeleteCrl" => ("deleted", Severity::High),
        "DisableCrl" => ("switched off", Severity::High),
        "ImportCrl" => ("imported", Severity::Low),
        _ => ("replaced", Severity::Medium),
    };
    let undo = id.filter(|_| event.call() == "DisableCrl").and_then(|id| undo::enable_crl(id, &event.region));
    DETECTION
        .finding(event, format!("{did} the list {name} of revoked certificates"))
        .target(Target { kind: "revocation list".to_owned(), name: id.unwrap_or(name).to_owned(), arn: None })
        .severity(severity)
        .evidence_if("Trust anchor", event.request("trustAnchorArn").or_else(|| event.response("crl.trustAnchorArn")))
        .undo(undo)
}
