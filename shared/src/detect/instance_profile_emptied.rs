//! # Role taken out of an instance profile
//!
//! Somebody took the role out of an instance profile.
//!
//! ## Why it matters
//!
//! Instances with the profile lose their rights within the hour. A profile holds one role only, so it is also the step
//! before a stronger role is put in for all of them.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code does it before it deletes a role. It is kept for the record.
//!
//! ## What to do
//!
//! 1. See whether another role was put in: `AddRoleToInstanceProfile` events of the hour after, by
//!    `requestParameters.instanceProfileName`.
//! 2. If a stronger one was, and nobody knows why: put the old one back with the command under Undo, once the new one is
//!    out.
//! 3. List the instances that have the profile, and the calls by their role since.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "instance-profile-emptied",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &[],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["RemoveRoleFromInstanceProfile"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("instance_profile_emptied.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (profile, role) = (event.request("instanceProfileName")?, event.request("roleName")?);
    let finding = DETECTION
        .finding(event, format!("took role {role} out of instance profile {profile}"))
        .evidence("Instance profile", profile)
        .undo(undo::add_role_to_instance_profile(role, profile));
    Some(grant::weigh(event, finding))
}
