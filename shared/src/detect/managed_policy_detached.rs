//! # Managed policy detached
//!
//! Somebody detached a managed policy from a user, a role or a group.
//!
//! ## Why it matters
//!
//! Rights are taken away: usually tidying up, at times locking others out. A policy that denies holds somebody back,
//! and its removal gives rights.
//!
//! ## False alarms
//!
//! Nearly all of them: deployments, tidying up, people who leave. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Read the policy: if it denies anything, the target may now do more than before. Attach it again with the command
//!    under Undo.
//! 2. If people are locked out: list all `Detach*` and `Delete*` calls by the actor's ARN in the hour around the
//!    event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::{AwsManaged, Document};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "managed-policy-detached",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1531", was: None, name: "Account Access Removal" }],
    covers: &["IAMC-05"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("managed_policy_detached.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let holder = event.target();
    let finding = DETECTION
        .finding(event, format!("detached policy {} from {holder}", Target::from_arn(arn).name))
        .evidence("Policy", arn)
        .evidence_if("Not seen", context.facts.document.unseen())
        .undo(undo::attach_policy(&holder, arn));
    let denied: Vec<_> = context.facts.document.known().into_iter().flat_map(Document::what_it_denies).collect();
    let finding = grant::loosened(finding, &denied);
    // Only the loss of a policy that denies gives rights. Those of AWS's are known, and have a detection of their own.
    Some(if AwsManaged::from_arn(arn).is_some() { finding } else { grant::weigh(event, context, finding) })
}
