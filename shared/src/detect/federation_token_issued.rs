//! # Federation token issued
//!
//! An IAM user made a federated session with `GetFederationToken`.
//!
//! ## Why it matters
//!
//! The session lasts up to 36 hours and outlives the key that made it: switching the key off does not end it. Attackers
//! use it to keep a foothold and to reach the console.
//!
//! ## False alarms
//!
//! A portal of your own that signs people in this way. It always uses the same user: the first time that a user does it,
//! once iamwatch has learned for as many days as the stack is told, is HIGH. That it is new is said for a day.
//!
//! ## What to do
//!
//! 1. Ask the owner of the user whether it should make federated sessions.
//! 2. If not: deny the user everything with an inline policy. The session's rights are cut from the user's own, so that
//!    ends both.
//! 3. List all calls by the session in the 36 hours after, by `userIdentity.arn` ending in the session's name.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::{AwsManaged, Document, Privilege};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "federation-token-issued",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1550.001",
        was: None,
        name: "Use Alternate Authentication Material: Application Access Token",
    }],
    covers: &["CRED-20", "CRED-21"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["GetFederationToken"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("federation_token_issued.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering =
    Remembering { id: "federation-token-issued", asked_by: &[&DETECTION], what: What::Habit(issuer) };

fn issuer(event: &Event) -> Option<Pair> {
    let principal = &event.actor.principal;
    (!principal.is_empty()).then(|| Pair(vec![principal.clone()]))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let session = event.request("name").unwrap_or("without a name");
    let finding = DETECTION
        .finding(event, format!("got a federation token for session \"{session}\""))
        // The caller chooses the session's name: it must not split the incident.
        .target(Target::user(&event.actor.name))
        .evidence_if("Session key", event.response("credentials.accessKeyId"));
    let finding = match context.facts.first_since(REMEMBERS.id) {
        Some(since) => finding
            // People were told of the first.
            .severity(if since.is_again() { Severity::Medium } else { Severity::High })
            .evidence("First", format!("this user was not seen to do it before, since {since}")),
        None => finding,
    };
    Some(if holds_nothing_back(event) {
        finding.severity(Severity::High).evidence("Session may", "do all that its user may")
    } else if has_policy(event) {
        finding
    } else {
        finding.evidence("Session may", "do only what policies of resources let it")
    })
}

fn has_policy(event: &Event) -> bool {
    event.request_value("policy").is_some() || event.request_value("policyArns").is_some()
}

/// Whether one of the session's policies allows everything: the session then has all the rights of its user.
fn holds_nothing_back(event: &Event) -> bool {
    let arns = event.request_value("policyArns").and_then(serde_json::Value::as_array);
    let managed = arns.into_iter().flatten().filter_map(|policy| {
        let arn = policy.as_str().or_else(|| policy.get("arn")?.as_str())?;
        AwsManaged::from_arn(arn)?.privilege()
    });
    let inline = grant::document(event, "policy").ok();
    let inline = inline.as_ref().and_then(Document::privilege).map(|grant| grant.privilege);
    managed.chain(inline).any(|privilege| privilege == Privilege::Everything)
}
