//! # Administrator policy created
//!
//! Somebody made a managed policy that allows every action on every resource, every action of IAM, or nearly every
//! action outside it. Nobody holds it yet.
//!
//! ## Why it matters
//!
//! The next call can attach it, under a name that looks harmless. AWS has `AdministratorAccess` for honest use: a copy
//! of it under another name wants a reason.
//!
//! ## False alarms
//!
//! Accounts that keep their own administrator policy, made once by infrastructure code.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the policy is for.
//! 2. If nobody knows: delete it with the command under Undo. IAM refuses if it is attached already.
//! 3. List the `AttachUserPolicy`, `AttachRolePolicy` and `AttachGroupPolicy` calls for this `policyArn` since the
//!    event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "administrator-policy-created",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-12"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreatePolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("administrator_policy_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let name = event.request("policyName")?;
    let document = grant::document(event, "policyDocument").ok()?;
    let grant = document.privilege()?;
    let arn = event.response("policy.arn");
    let finding = DETECTION
        .finding(event, format!("created {} policy {name}", grant.privilege.word()))
        .target(arn.map_or_else(|| event.target(), Target::from_arn))
        .severity(grant::severity_unused(grant.privilege))
        .evidence("Allows", grant.words())
        .undo(arn.and_then(undo::delete_policy));
    Some(grant::weigh(event, context, finding))
}
