//! # Central root session opened
//!
//! Somebody in the organization's management or delegated account opened a root session in a member account with
//! `AssumeRoot`.
//!
//! ## Why it matters
//!
//! For up to 15 minutes the session is root there, limited to one task: to read, delete or create root's credentials,
//! or to unlock a bucket or queue.
//!
//! ## False alarms
//!
//! The organization's administrators at their work. Sessions that only audit root's credentials are lowered.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they opened it and for what.
//! 2. If not: end the sessions of their role, and cut off the credentials that opened it.
//! 3. In the member account, list all calls by root in the 15 minutes after this event, by `userIdentity.type` `Root`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "root-session-opened",
    watcher: Watcher::RootUsage,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1548.005",
        was: None,
        name: "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
    }],
    covers: &["ROOT-11"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRoot"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_session_opened.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let member = event.request("targetPrincipal")?;
    let member = arn::account(member).unwrap_or(member);
    let task = event.request("taskPolicyArn.arn").or_else(|| event.request("taskPolicyArn"));
    let task = task.map(|arn| arn.rsplit('/').next().unwrap_or(arn));
    let finding = DETECTION
        .finding(event, format!("opened a root session in account {member}"))
        .target(Target::account(member))
        .evidence_if("Task", task);
    let only_reads = task == Some("IAMAuditRootUserCredentials");
    Some(if only_reads { finding.severity(Severity::Medium) } else { finding })
}
