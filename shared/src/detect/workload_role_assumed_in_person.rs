//! # Workload's role assumed in person
//!
//! A user, a person or a role assumed a role that is a workload's: the configuration names it under `WorkloadRoles`, or until
//! now only functions, instances and services that run things, such as ECS, were seen with it, once iamwatch has learned for
//! as many days as the stack is told. The alert says which. That services assume a role is seen with `WorkloadState`.
//!
//! ## Why it matters
//!
//! What runs with a role is code that somebody reviewed. Whoever gets the same rights into their hands reads the
//! workload's data and leaves no trace in its logs. Intruders who may change who assumes a role take this way.
//!
//! ## False alarms
//!
//! An engineer who looks into a fault with the workload's own rights, a test, a pipeline that checks what it deploys. HIGH
//! where the role is declared and a user or person has it; MEDIUM if that is learned, or no person shows; LOW if both, and
//! within the first day after it was told.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they need the workload's role for.
//! 2. If nobody knows: revoke the role's active sessions, and look at who may assume it now, and since when: events
//!    `UpdateAssumeRolePolicy` of the 30 days before, by `requestParameters.roleName`.
//! 3. List all calls by the session since, by `userIdentity.accessKeyId`, which is under Session key.
//! 4. If it is meant to be so: leave the role out of `WorkloadRoles`; of what is learned, nothing more is said after a day.

use super::{Context, Detection, Outcome, Page, Technique, console_login_by_workload_role};
use crate::event::{Event, Kind, Target};
use crate::facts::past::{Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};
use crate::workload::{self, Workload};

pub(super) static DETECTION: Detection = Detection {
    id: "workload-role-assumed-in-person",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &[],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRole", "AssumeRoleWithSAML"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("workload_role_assumed_in_person.rs")),
    detect,
};

/// A role, and the service that assumed it last to run something with it, or what runs with it.
pub(super) static SERVED: Remembering = Remembering {
    id: workload::SERVED,
    asked_by: &[&DETECTION, &console_login_by_workload_role::DETECTION],
    what: What::Trace { leaves: workload::served, asks: workload::used, lasts: workload::A_SEASON },
};

/// Roles that somebody used who is no service.
pub(super) static USED: Remembering = Remembering {
    id: workload::USED,
    asked_by: &[&DETECTION, &console_login_by_workload_role::DETECTION],
    what: What::Habit(workload::role_used),
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    let role = Target::from_arn(event.request("roleArn")?);
    if !actor.is_in_person() || actor.is_role(&role.name) {
        return None;
    }
    let workload = Workload::of(event, context)?;
    let shows_a_person = !actor.is_program() && !matches!(actor.kind, Kind::OtherAccount | Kind::Unknown);
    let severity = match (&workload, shows_a_person) {
        (Workload::Declared, true) => Severity::High,
        (Workload::Learned { since, .. }, _) if since.is_again() => Severity::Low,
        (Workload::Declared, false) | (Workload::Learned { .. }, true) => Severity::Medium,
        (Workload::Learned { .. }, false) => Severity::Low,
    };
    Some(
        DETECTION
            .finding(event, format!("assumed role {}, which is a workload's", role.name))
            .target(role)
            .severity(severity)
            .if_key_is_in_doubt(Severity::High)
            .evidence("Workload", workload.in_words())
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
