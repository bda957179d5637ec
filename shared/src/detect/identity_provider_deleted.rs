//! # Identity provider deleted
//!
//! Somebody deleted a SAML or OIDC identity provider of the account.
//!
//! ## Why it matters
//!
//! Nobody gets in through it any more: people who sign in with single sign-on, builds that deploy. Attackers lock the
//! owners out this way before the rest.
//!
//! ## False alarms
//!
//! Clusters and build systems that are taken down, and single sign-on that was moved elsewhere. What Identity Center
//! does to its own provider is LOW.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, and the people who sign in through it.
//! 2. If it was needed: make it again with the same name and metadata: the roles that trust it name it by its ARN.
//! 3. List all calls by the actor in the 24 hours before, by `userIdentity.arn`: what else was deleted?

use super::identity_provider_created::{host_of, is_of_a_cluster};
use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center::last;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-provider-deleted",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1531", was: None, name: "Account Access Removal" }],
    covers: &["FEDR-03", "FEDR-06"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["DeleteOpenIDConnectProvider", "DeleteSAMLProvider"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_provider_deleted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (kind, arn) = match event.call() {
        "DeleteSAMLProvider" => ("SAML provider", event.request("sAMLProviderArn")?),
        _ => ("OIDC provider", event.request("openIDConnectProviderArn")?),
    };
    let name = arn.split_once("-provider/").map_or_else(|| last(arn), |(_, name)| name);
    // They go with their clusters.
    let severity = if is_of_a_cluster(name) { Severity::Low } else { Severity::Medium };
    let finding = DETECTION
        .finding(event, format!("deleted {kind} {}", host_of(name)))
        .target(Target { kind: kind.to_owned(), name: name.to_owned(), arn: Some(arn.to_owned()) })
        .severity(severity);
    Some(grant::unless_by_a_service(event, finding))
}
