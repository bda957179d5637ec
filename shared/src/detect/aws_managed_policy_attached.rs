//! # AWS managed policy attached
//!
//! Somebody attached one of AWS's managed policies to a user, a role or a group.
//!
//! ## Why it matters
//!
//! What the target may do has changed. By itself that is daily work; in the story of an incident it is the step to
//! look for.
//!
//! ## False alarms
//!
//! Nearly all of them: deployments, new services, new people. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Compare the policy's name, and what it opens by the evidence, with what the target is for.
//! 2. If it does not fit: list all calls by the actor's ARN in the hour around the event, and detach the policy with
//!    the command under Undo.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::policy::AwsManaged;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "aws-managed-policy-attached",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-05"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("aws_managed_policy_attached.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let policy = AwsManaged::from_arn(arn)?;
    let holder = event.target();
    let finding = DETECTION
        .finding(event, format!("attached {} to {holder}", policy.name))
        .evidence("Policy", arn)
        .undo(undo::detach_policy(&holder, arn));
    let unknown = policy.judged().is_none();
    let finding = match Given::named(context, arn, Held::Now).filter(|_| unknown) {
        // AWS made it since the list was: its document was read.
        Some(given) => grant::attached(finding, &given, policy.name, &holder),
        None => grant::opened(finding, &policy),
    };
    Some(grant::weigh(event, context, finding))
}
