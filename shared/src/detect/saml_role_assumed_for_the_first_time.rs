//! # Role assumed through an identity provider for the first time
//!
//! Somebody came through a SAML provider into a role that nobody was seen to come into that way, once iamwatch has
//! learned for as many days as the stack is told.
//!
//! ## Why it matters
//!
//! Who controls a SAML provider decides who may be which role. A new pair of provider and role is a new way in: added by
//! an administrator, or by whoever holds the provider's signing key.
//!
//! ## False alarms
//!
//! A new role, group or permission set in the directory. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Ask who runs the identity provider whether this role was to be reached through it.
//! 2. If not: revoke the role's active sessions and rewrite its trust policy without the provider.
//! 3. List the provider's changes in the 7 days before: `CreateSAMLProvider` and `UpdateSAMLProvider`, by
//!    `requestParameters.sAMLProviderArn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "saml-role-assumed-for-the-first-time",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["FEDR-04"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRoleWithSAML"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("saml_role_assumed_for_the_first_time.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering = Remembering {
    id: "saml-role-assumed-for-the-first-time",
    asked_by: &[&DETECTION],
    what: What::Habit(provider_and_role),
};

fn provider_and_role(event: &Event) -> Option<Pair> {
    let (provider, role) = (event.request("principalArn")?, event.request("roleArn")?);
    Some(Pair(vec![provider.to_owned(), role.to_owned()]))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let since = context.facts.first_since(REMEMBERS.id)?;
    let provider = event.request("principalArn")?;
    let role = Target::from_arn(event.request("roleArn")?);
    let name = Target::from_arn(provider).name;
    let first = format!("nobody was seen to come into it that way before, since {since}");
    Some(
        DETECTION
            .finding(event, format!("came into role {} through provider {name} {}", role.name, since.how_often()))
            .target(role)
            .evidence("First", first)
            .evidence("Provider", provider)
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
