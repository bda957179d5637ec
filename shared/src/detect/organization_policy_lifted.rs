//! # Organization policy lifted
//!
//! Somebody detached a policy of the organization from an account, an OU or the root, deleted one, or switched off a
//! whole type of policies.
//!
//! ## Why it matters
//!
//! Service and resource control policies are what even administrators of a member account cannot get past. Where one
//! is lifted, everything that it denied works from now on: stopping trails, leaving the organization, foreign
//! regions.
//!
//! ## False alarms
//!
//! A policy that is replaced: the new one is attached before the old one goes. AWS takes only policies for deletion
//! that are attached nowhere, so that is MEDIUM, and so are types that only tag, back up or update.
//!
//! ## What to do
//!
//! 1. Read the policy under Policy, in AWS Organizations or in its last `CreatePolicy` or `UpdatePolicy` event: what
//!    did it deny?
//! 2. Ask whoever is named under Who; if they do not know of it, attach it again with the command under Undo. A type
//!    that was switched off has lost what was attached: attach each of its policies again.
//! 3. List all calls in the accounts below since the event that the policy denied, by `recipientAccountId` and
//!    `eventName`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::organization;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "organization-policy-lifted",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["ORGG-03"],
    calls: &[Calls {
        source: "organizations.amazonaws.com",
        names: &["DeletePolicy", "DetachPolicy", "DisablePolicyType"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("organization_policy_lifted.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let finding = match event.call() {
        "DisablePolicyType" => {
            let (root, kind) = (event.request("rootId")?, event.request("policyType")?);
            let severity = if organization::is_guardrail(kind) { Severity::High } else { Severity::Medium };
            DETECTION
                .finding(event, format!("switched off {} in the whole organization", organization::policies(kind)))
                .target(Target { kind: "organization root".to_owned(), name: root.to_owned(), arn: None })
                .severity(severity)
                .undo(undo::enable_policy_type(root, kind))
        }
        "DetachPolicy" => {
            let (policy, target) = (event.request("policyId")?, event.request("targetId")?);
            let place = organization::place(target, context.config);
            let finding = DETECTION
                .finding(event, format!("detached policy {policy} from {place}"))
                .target(organization::policy(policy))
                .evidence("Policy", policy)
                .evidence("Was attached to", target)
                .undo(undo::attach_organization_policy(policy, target));
            if organization::allows_everything(policy) {
                let effect = "it allows everything: without it, only what other policies allow is left there";
                finding.severity(Severity::Medium).evidence("Effect", effect)
            } else {
                finding
            }
        }
        _ => {
            let policy = event.request("policyId")?;
            DETECTION
                .finding(event, format!("deleted policy {policy} of the organization"))
                .target(organization::policy(policy))
                .severity(Severity::Medium)
                .evidence("Policy", policy)
                .evidence("Effect", "it was attached nowhere any more: see who detached it")
        }
    };
    Some(grant::unless_by_a_service(event, finding))
}
