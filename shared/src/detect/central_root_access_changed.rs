//! # Central root access switched on or off
//!
//! Somebody switched on or off that the organization's management account can manage root of its members: open root
//! sessions in them, or delete and create root's credentials.
//!
//! ## Why it matters
//!
//! Where it is on, whoever may call `sts:AssumeRoot` in the management account or for its delegated administrator can
//! act as root in every member account for a few tasks: give root a password again, delete its credentials, unlock
//! buckets and queues that deny everybody. Where it is switched off, nobody sees to root's credentials in the members
//! any more.
//!
//! ## False alarms
//!
//! Central root access is set up once in the life of an organization.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether it was planned.
//! 2. If not: set it back with the command under Undo, and cut off their credentials.
//! 3. List all `AssumeRoot` calls since the event, by `eventName`, in every region.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "central-root-access-changed",
    watcher: Watcher::RootUsage,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1548.005",
        was: None,
        name: "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
    }],
    covers: &["ROOT-11"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &[
            "DisableOrganizationsRootCredentialsManagement",
            "DisableOrganizationsRootSessions",
            "EnableOrganizationsRootCredentialsManagement",
            "EnableOrganizationsRootSessions",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("central_root_access_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (act, severity, back) = match event.call() {
        "EnableOrganizationsRootSessions" => {
            ("let root sessions be opened in member accounts", Severity::High, "disable-organizations-root-sessions")
        }
        "DisableOrganizationsRootSessions" => (
            "no longer lets root sessions be opened in member accounts",
            Severity::Medium,
            "enable-organizations-root-sessions",
        ),
        "EnableOrganizationsRootCredentialsManagement" => (
            "let root's credentials of member accounts be managed centrally",
            Severity::High,
            "disable-organizations-root-credentials-management",
        ),
        _ => (
            "no longer lets root's credentials of member accounts be managed",
            Severity::Medium,
            "enable-organizations-root-credentials-management",
        ),
    };
    Some(
        DETECTION
            .finding(event, act)
            .target(Target::account(&event.account))
            .severity(severity)
            .evidence_if("Organization", event.response("organizationId"))
            .undo(undo::central_root_access(back)),
    )
}
