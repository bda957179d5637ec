//! # Organization policy written
//!
//! Somebody wrote a policy of the organization or changed one. Service and resource control policies are read: what
//! do they deny now?
//!
//! ## Why it matters
//!
//! A guardrail can be made to deny nothing without being detached, which nobody sees in the list of policies. One
//! that denies everything locks the people of its accounts out. A changed policy takes effect at once wherever it is
//! attached.
//!
//! ## False alarms
//!
//! Guardrails are looked after: a change is MEDIUM, one that was only renamed and one that is attached nowhere yet is
//! LOW.
//!
//! ## What to do
//!
//! 1. Compare what the policy says, above, with what it said before: in its last `CreatePolicy` or `UpdatePolicy`
//!    event.
//! 2. If it denies less than it should, or more: ask whoever is named under Who, and put the old text back.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::organization;
use crate::policy::Restraint;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "organization-policy-written",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["ORGG-03"],
    calls: &[Calls { source: "organizations.amazonaws.com", names: &["CreatePolicy", "UpdatePolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("organization_policy_written.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let changed = event.call() == "UpdatePolicy";
    let id = event.request("policyId").or_else(|| event.response("policy.policySummary.id"));
    let name = event.request("name").or_else(|| event.response("policy.policySummary.name"));
    let name = name.or(id).unwrap_or("without a name");
    let kind = event.request("type").or_else(|| event.response("policy.policySummary.type"));
    let in_words = kind.map_or("policy".to_owned(), organization::policy_type);
    let did = if changed { "changed" } else { "created" };
    let severity = if changed { Severity::Medium } else { Severity::Low };
    let finding = DETECTION
        .finding(event, format!("{did} {in_words} {name} of the organization"))
        .target(organization::policy(id.unwrap_or(name)))
        .severity(severity)
        .evidence_if("Policy", id);
    let renamed = event.request_value("content").is_none() && !event.parameters_omitted();
    let finding = if renamed {
        finding.severity(Severity::Low).evidence("Content", "not changed: only its name or description")
    } else if kind.is_none_or(organization::is_control_policy) {
        judged(event, context, finding, changed)?
    } else if kind.is_some_and(organization::is_guardrail) {
        finding
    } else {
        finding.severity(Severity::Low)
    };
    Some(grant::unless_by_a_service(event, finding))
}

/// Says what a control policy denies, and no longer denies. A changed one takes effect at once; the same one again is
/// nothing.
fn judged(event: &Event, context: &Context<'_>, mut finding: Finding, changed: bool) -> Option<Finding> {
    let document = match grant::document(event, "content") {
        Ok(document) => document,
        Err(illegal) => {
            // AWS takes a document of at most some kilobytes: one that is left out of the log is filled with blanks.
            let severity = if event.parameters_omitted() { Severity::High } else { Severity::Medium };
            return Some(finding.severity(severity).evidence("Unreadable", illegal.to_string()));
        }
    };
    let (severity, effect) = match (document.restraint(), changed) {
        (Restraint::Nothing, true) => (Severity::High, Some(", which now denies nothing")),
        (Restraint::Nothing, false) => (Severity::Low, Some(", which denies nothing")),
        (Restraint::Everything, true) => (Severity::High, Some(", which now denies everything")),
        (Restraint::Everything, false) => (Severity::Medium, Some(", which denies everything")),
        (Restraint::Something, _) => (finding.severity, None),
    };
    finding.act.push_str(effect.unwrap_or_default());
    let finding = finding.severity(severity).evidence("Says", document.in_words());
    match context.facts.before.known().and_then(Option::as_ref) {
        Some(before) if document.says_the_same_as(before) => None,
        Some(before) => Some(grant::loosened(finding, &document.looser_than(before))),
        None => Some(finding),
    }
}
