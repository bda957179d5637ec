//! # Organization policy attached
//!
//! Somebody attached a policy of the organization to an account, an OU or the root, or switched a type of policies
//! on.
//!
//! ## Why it matters
//!
//! It mostly takes rights away. But one that denies too much locks people out, and AWS's own policy that allows
//! everything lifts a list of what is allowed.
//!
//! ## False alarms
//!
//! Nearly all of them: guardrails are attached to new accounts and OUs. It is kept for the record; for the whole
//! organization, and for the policy that allows everything, it is MEDIUM.
//!
//! ## What to do
//!
//! 1. Read the policy in AWS Organizations: what does it deny, and whom below the place does that hit?
//! 2. If it does not fit: detach it with the command under Undo.
//! 3. List all calls by the actor in the hour around the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::organization;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "organization-policy-attached",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1666", was: None, name: "Modify Cloud Resource Hierarchy" }],
    covers: &["ORGG-03"],
    calls: &[Calls { source: "organizations.amazonaws.com", names: &["AttachPolicy", "EnablePolicyType"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("organization_policy_attached.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.call() == "EnablePolicyType" {
        let (root, kind) = (event.request("rootId")?, event.request("policyType")?);
        let act = format!("switched on {} in the organization", organization::policies(kind));
        let root = Target { kind: "organization root".to_owned(), name: root.to_owned(), arn: None };
        return Some(DETECTION.finding(event, act).target(root));
    }
    let (policy, target) = (event.request("policyId")?, event.request("targetId")?);
    let everywhere = target.starts_with("r-");
    let lifts = organization::allows_everything(policy);
    let place = organization::place(target, context.config);
    let finding = DETECTION
        .finding(event, format!("attached policy {policy} to {place}"))
        .target(organization::policy(policy))
        .severity(if everywhere || lifts { Severity::Medium } else { Severity::Low })
        .evidence("Policy", policy)
        .evidence("Attached to", target)
        .evidence_if("Effect", lifts.then_some("it allows everything: a list of what is allowed there no longer holds"))
        .undo(undo::detach_organization_policy(policy, target));
    Some(grant::unless_by_a_service(event, finding))
}
