//! # Permission set's boundary changed
//!
//! Somebody gave a permission set of Identity Center a permissions boundary, replaced the one it had, or removed it.
//!
//! ## Why it matters
//!
//! A boundary is the most that the set's roles may ever do, whatever its policies say. Without it, or with one that
//! allows everything, policies that were harmless take full effect in every account where the set is assigned.
//!
//! ## False alarms
//!
//! The first boundary of a set only takes rights away. A set that is moved out of a sandbox on purpose loses its
//! boundary.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who why the boundary had to change.
//! 2. If nobody knows: put the old one back. It stands in the last `PutPermissionsBoundaryToPermissionSet` call for
//!    this set.
//! 3. List all `ProvisionPermissionSet` calls for the set since the event, by `requestParameters.permissionSetArn`:
//!    only then does it take effect.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::policy::{AwsManaged, Privilege};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "permission-set-boundary-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["IAMC-17"],
    calls: &[Calls {
        source: "sso.amazonaws.com",
        names: &["DeletePermissionsBoundaryFromPermissionSet", "PutPermissionsBoundaryToPermissionSet"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("permission_set_boundary_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let set = identity_center::permission_set(event)?;
    let finding = if event.call() == "DeletePermissionsBoundaryFromPermissionSet" {
        DETECTION.finding(event, format!("removed the permissions boundary of {set}")).severity(Severity::High)
    } else {
        let arn = event.request("permissionsBoundary.managedPolicyArn");
        let named = event.request("permissionsBoundary.customerManagedPolicyReference.name");
        let name = named.or_else(|| arn.map(identity_center::last)).unwrap_or("of unknown name");
        let finding = DETECTION
            .finding(event, format!("put boundary {name} on {set}"))
            .evidence_if("Boundary", arn.or(named))
            .undo(undo::permission_set(
                "delete-permissions-boundary-from-permission-set",
                event.request("instanceArn").unwrap_or_default(),
                set.arn.as_deref().unwrap_or_default(),
                &[],
                &event.region,
            ));
        let privilege = arn.and_then(AwsManaged::from_arn).and_then(|policy| policy.privilege());
        if privilege == Some(Privilege::Everything) {
            let effect = "nothing: it allows every action on every resource";
            finding.severity(Severity::High).evidence("Limits", effect).undo(None)
        } else {
            finding
        }
    };
    let finding = finding.evidence_if("Permission set", set.arn.clone()).target(set);
    Some(grant::unless_by_a_service(event, finding))
}
