//! # Policy too large for the log
//!
//! Somebody wrote a policy in a call whose parameters were so large that CloudTrail left them out. What was written,
//! and for whom, is not in the event.
//!
//! ## Why it matters
//!
//! IAM leaves blanks out when it measures a policy, CloudTrail does not. Some hundred thousand blanks in a document
//! keep it out of the log and out of sight of whoever watches the log.
//!
//! ## False alarms
//!
//! None are known: a policy within IAM's limits is far too small for this, unless it is filled with blanks.
//!
//! ## What to do
//!
//! 1. Find what was changed: in IAM, or for a permission set in Identity Center, look for policies and roles that changed at
//!    the event's time, and read them.
//! 2. List all calls by the actor's ARN in the 24 hours before and after the event.
//! 3. Ask whoever is named under Who what they wrote. If they did not: cut off their credentials.
//! 4. Take back what was written, and watch the principals that hold it.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "request-parameters-omitted",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-07"],
    calls: &[
        Calls {
            source: "iam.amazonaws.com",
            names: &[
                "CreatePolicy",
                "CreatePolicyVersion",
                "PutUserPolicy",
                "PutRolePolicy",
                "PutGroupPolicy",
                "UpdateAssumeRolePolicy",
                "CreateRole",
            ],
        },
        Calls { source: "sso.amazonaws.com", names: &["PutInlinePolicyToPermissionSet"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("request_parameters_omitted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if !event.parameters_omitted() {
        return None;
    }
    // Answers are small: where there is one, it names what was written.
    let arn = event.response("policy.arn").or(event.response("role.arn"));
    Some(
        DETECTION
            .finding(event, format!("called {} with a policy too large for the log", event.call()))
            .target(arn.map_or_else(|| event.target(), Target::from_arn))
            .evidence_if("Version", event.response("policyVersion.versionId")),
    )
}
