//! # Role of an instance profile changed
//!
//! Somebody put a role into an instance profile, or took the role out of one.
//!
//! ## Why it matters
//!
//! The instances that have the profile get the role's rights within the hour, or lose theirs. A profile holds one role
//! only: whoever is on such an instance and may swap its role for a stronger one becomes that role.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code does both. It is kept for the record, unless an instance did it.
//!
//! ## What to do
//!
//! 1. Find the role before it: the last `AddRoleToInstanceProfile` and `RemoveRoleFromInstanceProfile` events, by
//!    `requestParameters.instanceProfileName`.
//! 2. If the new role is stronger, and nobody knows why: take the change back with the command under Undo.
//! 3. List the instances that have the profile, and the calls by the role since, by
//!    `sessionContext.sessionIssuer.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance;
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "instance-profile-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &[],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("instance_profile_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let (profile, role) = (event.request("instanceProfileName")?, event.request("roleName")?);
    let (act, undo) = if event.call() == "AddRoleToInstanceProfile" {
        (
            format!("put role {role} into instance profile {profile}"),
            undo::remove_role_from_instance_profile(role, profile),
        )
    } else {
        (
            format!("took role {role} out of instance profile {profile}"),
            undo::add_role_to_instance_profile(role, profile),
        )
    };
    let by_instance = circumstance::is_instance(event);
    let finding = DETECTION
        .finding(event, act)
        .severity(if by_instance { Severity::High } else { Severity::Low })
        .evidence("Instance profile", profile)
        .undo(undo);
    let given = event.call() == "AddRoleToInstanceProfile";
    let finding = if given { grant::reaching(context, finding, &format!("role {role}")) } else { finding };
    Some(grant::weigh(event, context, finding))
}
