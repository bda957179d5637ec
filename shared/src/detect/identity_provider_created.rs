//! # Identity provider created
//!
//! Somebody made a SAML or OIDC identity provider known to the account.
//!
//! ## Why it matters
//!
//! Roles can trust it from now on, and whoever runs the provider says who may assume them, with no password or key of
//! this account. Changed credentials do not end it, which makes it a favourite way to stay.
//!
//! ## False alarms
//!
//! Single sign-on that is being set up, and infrastructure code for clusters and build systems: providers of many
//! customers, such as GitHub's, and those of EKS clusters are MEDIUM here. What Identity Center makes for itself is
//! LOW.
//!
//! ## What to do
//!
//! 1. Find out whose provider it is, by the URL or entity under Provider: ask for the ticket that names it.
//! 2. If nobody knows it: delete it with the command under Undo, and cut off the credentials of whoever is named
//!    under Who.
//! 3. List all `CreateRole` and `UpdateAssumeRolePolicy` calls since the event that name the provider, and all
//!    `AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity` calls through it.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::is_public_provider;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-provider-created",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1484.002",
        was: None,
        name: "Domain or Tenant Policy Modification: Trust Modification",
    }],
    covers: &["FEDR-01", "FEDR-05"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreateOpenIDConnectProvider", "CreateSAMLProvider"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_provider_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let finding = if event.call() == "CreateSAMLProvider" {
        let arn = event.response("sAMLProviderArn");
        let name = event.request("name").or(arn)?;
        DETECTION
            .finding(event, format!("created SAML provider {name}"))
            .target(provider(arn, "SAML provider", name))
            .evidence_if("Provider", saml_entity(event))
            .undo(arn.and_then(undo::delete_identity_provider))
    } else {
        let arn = event.response("openIDConnectProviderArn");
        let url = event.request("url").or(arn)?;
        let host = url.trim_start_matches("https://");
        let of_many = is_public_provider(host) || is_of_a_cluster(host);
        DETECTION
            .finding(event, format!("created OIDC provider {}", host_of(host)))
            .target(provider(arn, "OIDC provider", host))
            .severity(if of_many { Severity::Medium } else { Severity::High })
            .evidence("Provider", url)
            .evidence_if(
                "Effect",
                of_many.then_some("its customers are many: who gets in, the roles that trust it decide"),
            )
            .undo(arn.and_then(undo::delete_identity_provider))
    };
    Some(grant::unless_by_a_service(event, finding))
}

fn provider(arn: Option<&str>, kind: &str, name: &str) -> Target {
    Target { kind: kind.to_owned(), name: name.to_owned(), arn: arn.map(str::to_owned) }
}

/// A provider without its path, which is long for clusters.
pub(super) fn host_of(provider: &str) -> &str {
    provider.split('/').next().unwrap_or(provider)
}

/// Whether it is the provider of an EKS cluster, of whichever account: `oidc.eks.REGION.amazonaws.com/id/ID`.
pub(super) fn is_of_a_cluster(provider: &str) -> bool {
    let parts: Vec<&str> = host_of(provider).split('.').collect();
    matches!(parts.as_slice(), ["oidc", "eks", _, "amazonaws", "com"] | ["oidc", "eks", _, "amazonaws", "com", "cn"])
}

/// Whose provider it is, as its metadata say.
pub(super) fn saml_entity(event: &Event) -> Option<&str> {
    let (_, rest) = event.request("sAMLMetadataDocument")?.split_once("entityID=")?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest.split(quote).nth(1).filter(|entity| !entity.is_empty())
}
