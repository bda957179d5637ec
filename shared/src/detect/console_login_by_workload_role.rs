//! # Workload's role at the console
//!
//! The credentials of a role that is a workload's were turned into a console session. That it is a workload's stands in the
//! record (the credentials were given to a Lambda function), or in the configuration under `WorkloadRoles`. The alert says
//! which. Of other roles it is learned who uses them: see *Workload* under what makes a finding louder.
//!
//! ## Why it matters
//!
//! Functions, tasks and builds do not use the console. Somebody took the credentials out of the workload, or the workload was
//! made to give them away, and is now at the console with them.
//!
//! ## False alarms
//!
//! An engineer who uses a workload's role for convenience. It should be their own role instead.
//!
//! ## What to do
//!
//! 1. Ask the owner of the workload whether somebody signed in this way.
//! 2. If not: revoke the role's active sessions: its credentials were stolen.
//! 3. List all calls by the role's session in the 12 hours after, by `userIdentity.arn`, from addresses other than the
//!    workload's.
//! 4. Look in the workload's logs of the 24 hours before for how its environment was read.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance::machine_of;
use crate::event::{Event, Kind, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-by-workload-role",
    watcher: Watcher::SignIn,
    severity: Severity::High,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1550.001",
        was: None,
        name: "Use Alternate Authentication Material: Application Access Token",
    }],
    covers: &[],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin", "GetSigninToken"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_login_by_workload_role.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    // An instance's credentials are a detection of their own.
    if actor.kind != Kind::Role || actor.is_instance() {
        return None;
    }
    let words = match machine_of(event) {
        Some(machine) => format!("AWS gave these credentials to {machine}"),
        None if context.config.is_workload(&actor.principal) => {
            "declared in the configuration as a role that only workloads use".to_owned()
        }
        None => return None,
    };
    let act = if event.name == "ConsoleLogin" {
        "signed in to the console with a workload's role"
    } else {
        "asked for a console session with a workload's role"
    };
    Some(
        DETECTION
            .finding(event, act)
            .target(Target { kind: "role".to_owned(), name: actor.name.clone(), arn: None })
            .evidence("Workload's", words)
            .evidence_if("Session", actor.session.as_deref()),
    )
}
