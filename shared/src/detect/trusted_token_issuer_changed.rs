//! # Trusted token issuer changed
//!
//! Somebody made an OIDC issuer known to Identity Center as one whose tokens stand for its users, or changed one.
//!
//! ## Why it matters
//!
//! Applications exchange tokens of a trusted issuer for sessions of the user that the token names. Whoever runs the
//! issuer can be any user of the directory in these applications, without a password.
//!
//! ## False alarms
//!
//! Applications that pass their users on, which are set up with the people who run the application.
//!
//! ## What to do
//!
//! 1. Find out whose issuer it is, by the URL under Issuer: ask for the ticket that names it.
//! 2. If nobody knows it: delete it with the command under Undo, and cut off the credentials of whoever is named
//!    under Who.
//! 3. List all `CreateTokenWithIAM` events of `sso-oauth.amazonaws.com` since the event, by
//!    `requestParameters.clientId`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center::last;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trusted-token-issuer-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1484.002",
        was: None,
        name: "Domain or Tenant Policy Modification: Trust Modification",
    }],
    covers: &[],
    calls: &[Calls { source: "sso.amazonaws.com", names: &["CreateTrustedTokenIssuer", "UpdateTrustedTokenIssuer"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trusted_token_issuer_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let arn = event.request("trustedTokenIssuerArn").or_else(|| event.response("trustedTokenIssuerArn"));
    let name = event.request("name").or_else(|| arn.map(last)).unwrap_or("without a name");
    let settings = "trustedTokenIssuerConfiguration.oidcJwtConfiguration";
    let setting = |key: &str| event.request(&format!("{settings}.{key}"));
    let created = event.call() == "CreateTrustedTokenIssuer";
    // An issuer's URL cannot be changed, but what of its tokens says who somebody is.
    let renamed = !created && event.request_value("trustedTokenIssuerConfiguration").is_none();
    let did = if created { "made Identity Center trust tokens of issuer" } else { "changed trusted token issuer" };
    let finding = DETECTION
        .finding(event, format!("{did} {name}"))
        .target(Target {
            kind: "trusted token issuer".to_owned(),
            name: arn.map_or(name, last).to_owned(),
            arn: arn.map(str::to_owned),
        })
        .severity(if renamed { Severity::Low } else { Severity::High })
        .evidence_if("Issuer", setting("issuerUrl"))
        .evidence_if("Claim", setting("claimAttributePath"))
        .evidence_if("Stands for", setting("identityStoreAttributePath"))
        .undo(arn.filter(|_| created).and_then(|arn| undo::delete_trusted_token_issuer(arn, &event.region)));
    Some(grant::unless_by_a_service(event, finding))
}
