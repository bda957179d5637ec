//! # New policy version gives administrator rights
//!
//! Somebody gave a managed policy a version that allows every action on every resource, every action of IAM, or nearly
//! every action outside it.
//!
//! ## Why it matters
//!
//! A new default version takes effect at once for everybody who holds the policy, and nothing is attached anywhere. An
//! attacker who may change one policy that they hold becomes administrator in one call.
//!
//! ## False alarms
//!
//! A policy of administrators that is being rewritten by infrastructure code.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they did it, over a channel that is not their mail.
//! 2. If not: set the version before it as default again, delete this one, and cut off the actor's own credentials.
//! 3. List in IAM who holds the policy. Does the actor?
//! 4. List all calls by its holders since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Given, Held};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "administrator-policy-version-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-13"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreatePolicyVersion"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("administrator_policy_version_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("policyArn")?;
    let in_force = grant::is_set_as_default(event);
    let held = if in_force { Held::Now } else { Held::NotYet };
    let given = Given::written(event, context, "policyDocument", arn, held);
    let grant = given.privilege()?;
    let version = event.response("policyVersion.versionId");
    let finding = DETECTION
        .finding(event, format!("gave {} a version with {} rights", event.target(), grant.privilege.word()))
        .evidence_if("Version", version)
        .evidence(
            "In force",
            if in_force { "at once, for all who hold the policy" } else { "not before it is made the default" },
        );
    let finding = if in_force {
        let before = context.facts.version_before.as_deref();
        let undo = before.and_then(|before| undo::set_default_version(arn, before));
        finding.severity(grant::severity(grant.privilege)).undo(undo)
    } else {
        let undo = version.and_then(|version| undo::delete_policy_version(arn, version));
        finding.severity(grant::severity_unused(grant.privilege)).undo(undo)
    };
    Some(grant::weigh(event, context, given.described(finding)))
}
