//! # Permissions boundary removed
//!
//! Somebody removed the permissions boundary of a user or a role.
//!
//! ## Why it matters
//!
//! A boundary is the most that its holder may ever do, whatever its policies say. Without it, policies that were
//! harmless take full effect, and whoever may write policies has no limit left.
//!
//! ## False alarms
//!
//! A role that is moved out of a sandbox on purpose.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who why the boundary had to go.
//! 2. If nobody knows: put it back. Its ARN stands in the last `PutUserPermissionsBoundary`,
//!    `PutRolePermissionsBoundary`, `CreateUser` or `CreateRole` call for this target.
//! 3. List all calls by the target since the event, by `userIdentity.arn`, above all to `iam.amazonaws.com`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "permissions-boundary-removed",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["IAMC-17"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("permissions_boundary_removed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    event.request("userName").or(event.request("roleName"))?;
    let target = event.target();
    let finding = DETECTION.finding(event, format!("removed the permissions boundary of {target}"));
    Some(grant::weigh(event, context, grant::reaching(context, finding, &target.to_string())))
}
