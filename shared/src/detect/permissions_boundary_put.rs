//! # Permissions boundary put or replaced
//!
//! Somebody gave a user or a role a permissions boundary, or replaced the one it had. Which one stood before is not in
//! the event.
//!
//! ## Why it matters
//!
//! A boundary is the most that its holder may ever do. Replacing a tight one by a loose one is as good as removing it,
//! and looks like care. One that allows everything limits nothing.
//!
//! ## False alarms
//!
//! The first boundary of a user or role only takes rights away.
//!
//! ## What to do
//!
//! 1. Find the boundary before it: the last `PutUserPermissionsBoundary`, `PutRolePermissionsBoundary`, `CreateUser`
//!    or `CreateRole` call for this target.
//! 2. If the new one allows more: put the old one back.
//! 3. List all calls by the target since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Finding, Severity};
use crate::grant;
use crate::policy::{AwsManaged, Privilege};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "permissions-boundary-put",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["IAMC-17"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["PutUserPermissionsBoundary", "PutRolePermissionsBoundary"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("permissions_boundary_put.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let arn = event.request("permissionsBoundary")?;
    let finding = DETECTION
        .finding(event, format!("put boundary {} on {}", Target::from_arn(arn).name, event.target()))
        .evidence("Boundary", arn);
    let limits_nothing = AwsManaged::from_arn(arn).and_then(|policy| policy.privilege()) == Some(Privilege::Everything);
    let finding = if limits_nothing {
        finding.severity(Severity::High).evidence("Limits", "nothing: it allows every action on every resource")
    } else {
        finding
    };
    Some(grant::weigh(event, finding))
}
