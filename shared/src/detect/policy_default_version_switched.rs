//! # Default version of a policy switched
//!
//! Somebody put another version of a managed policy in force. What that version allows is not in the event.
//!
//! ## Why it matters
//!
//! An old version may allow far more than the one in force. Going back to it needs one right, writes no document, and
//! takes effect at once for everybody who holds the policy.
//!
//! ## False alarms
//!
//! A change that is rolled back, or the second half of a deployment that makes versions first and switches later.
//!
//! ## What to do
//!
//! 1. Compare the version named above with the one before it, in IAM: what does it add?
//! 2. If it adds what it should not: set the version before it as default again.
//! 3. List in IAM who holds the policy. Does the actor?
//! 4. List all calls by its holders since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "policy-default-version-switched",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-14"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["SetDefaultPolicyVersion"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("policy_default_version_switched.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let version = event.request("versionId")?;
    let undo = context.facts.version_before.as_deref().and_then(|before| undo::set_default_version(arn, before));
    let act = format!("switched {} to version {version}", event.target());
    let Some(given) = Given::named(context, arn, Held::Now) else {
        let finding = DETECTION
            .finding(event, act)
            .evidence("Policy", arn)
            .evidence("Allows", "not in the event: read the version")
            .evidence_if("Not seen", context.facts.document.unseen())
            .undo(undo);
        return Some(grant::weigh(event, context, finding));
    };
    let finding = match given.privilege() {
        _ if given.is_unchanged() => DETECTION.finding(event, act).severity(Severity::Low),
        Some(grant) => DETECTION
            .finding(event, format!("{act}, which gives {} rights", grant.privilege.word()))
            .severity(grant::severity(grant.privilege)),
        None => DETECTION.finding(event, act),
    };
    Some(grant::weigh(event, context, given.described(finding.evidence("Policy", arn).undo(undo))))
}
