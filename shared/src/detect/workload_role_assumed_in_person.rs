//! # Workload's role assumed in person
//!
//! A user, a person or a role assumed a role that the configuration names under `WorkloadRoles` as one that only workloads
//! use. Of roles that are not named there it is learned who uses them: see *Workload* under what makes a finding louder.
//!
//! ## Why it matters
//!
//! What runs with a role is code that somebody reviewed. Whoever gets the same rights into their hands reads the
//! workload's data and leaves no trace in its logs. Intruders who may change who assumes a role take this way.
//!
//! ## False alarms
//!
//! An engineer who looks into a fault with the workload's own rights, a test, a pipeline that checks what it deploys. MEDIUM,
//! if it is a role's session and nothing shows a person behind it.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they need the workload's role for.
//! 2. If nobody knows: revoke the role's active sessions, and look at who may assume it now, and since when: events
//!    `UpdateAssumeRolePolicy` of the 30 days before, by `requestParameters.roleName`.
//! 3. List all calls by the session since, by `userIdentity.accessKeyId`, which is under Session key.
//! 4. If it is meant to be so: leave the role out of `WorkloadRoles`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};
use crate::workload::shows_a_person;

pub(super) static DETECTION: Detection = Detection {
    id: "workload-role-assumed-in-person",
    watcher: Watcher::SignIn,
    severity: Severity::High,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &[],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRole", "AssumeRoleWithSAML"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("workload_role_assumed_in_person.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    let arn = event.request("roleArn")?;
    let role = Target::from_arn(arn);
    let here = arn::account(arn) == Some(event.account.as_str());
    let itself = actor.is_role(&role.name);
    if !actor.is_in_person() || itself || !here || !context.config.is_workload(arn) {
        return None;
    }
    Some(
        DETECTION
            .finding(event, format!("assumed role {}, which is a workload's", role.name))
            .target(role)
            .severity(if shows_a_person(actor) { Severity::High } else { Severity::Medium })
            .if_key_is_in_doubt(Severity::High)
            .evidence("Declared", "in the configuration, as a role that only workloads use")
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
