//! # Identity provider changed
//!
//! Somebody changed a SAML or OIDC identity provider of the account: its metadata and so whose signature counts, the
//! applications it gives tokens for, or the certificate it is known by.
//!
//! ## Why it matters
//!
//! Every role that trusts the provider follows the change at once, and no role is touched. With other metadata,
//! whoever holds their key can assume each of these roles under any name.
//!
//! ## False alarms
//!
//! Certificates of identity providers expire, mostly once a year, and the new metadata are uploaded then. What
//! Identity Center does to its own provider is LOW, and so is taking an application away.
//!
//! ## What to do
//!
//! 1. Compare the entity under Provider, and the certificate in the metadata, with what your identity provider
//!    publishes.
//! 2. If they differ: upload the right metadata, and cut off the credentials of whoever is named under Who.
//! 3. List all `AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity` calls through the provider since the event, by
//!    `requestParameters.principalArn` and `userIdentity.identityProvider`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::identity_provider_created::{host_of, saml_entity};
use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center::last;
use crate::policy::is_public_provider;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-provider-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1484.002",
        was: None,
        name: "Domain or Tenant Policy Modification: Trust Modification",
    }],
    covers: &["FEDR-02", "FEDR-06"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &[
            "AddClientIDToOpenIDConnectProvider",
            "RemoveClientIDFromOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint",
            "UpdateSAMLProvider",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_provider_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (kind, arn) = match event.call() {
        "UpdateSAMLProvider" => {
            // Metadata can be so large that the log leaves the parameters out.
            ("SAML provider", event.request("sAMLProviderArn").or_else(|| event.response("sAMLProviderArn"))?)
        }
        _ => ("OIDC provider", event.request("openIDConnectProviderArn")?),
    };
    let name = arn.split_once("-provider/").map_or_else(|| last(arn), |(_, name)| name);
    let shown = host_of(name);
    let client = event.request("clientID").unwrap_or("of unknown id");
    let (act, severity) = match event.call() {
        "UpdateSAMLProvider" if event.request("sAMLMetadataDocument").is_some() => {
            (format!("replaced the metadata of SAML provider {shown}"), Severity::High)
        }
        "UpdateSAMLProvider" if event.parameters_omitted() => {
            (format!("changed SAML provider {shown}"), Severity::High)
        }
        "UpdateSAMLProvider" => (format!("changed how SAML provider {shown} encrypts"), Severity::Medium),
        "AddClientIDToOpenIDConnectProvider" => {
            (format!("let tokens for {client} in through OIDC provider {shown}"), Severity::Medium)
        }
        "RemoveClientIDFromOpenIDConnectProvider" => {
            (format!("no longer lets tokens for {client} in through OIDC provider {shown}"), Severity::Low)
        }
        _ => {
            // AWS knows the large ones by their authorities, whatever is written here.
            let severity = if is_public_provider(name) { Severity::Medium } else { Severity::High };
            (format!("changed the certificate that OIDC provider {shown} is known by"), severity)
        }
    };
    let finding = DETECTION
        .finding(event, act)
        .target(Target { kind: kind.to_owned(), name: name.to_owned(), arn: Some(arn.to_owned()) })
        .severity(severity)
        .evidence_if("Provider", saml_entity(event))
        .evidence_if("Audience", event.request("clientID"));
    Some(grant::unless_by_a_service(event, finding))
}
