//! # Identity Center user created
//!
//! Somebody created a user in IAM Identity Center by hand or by program, not through the provisioning of an identity
//! provider.
//!
//! ## Why it matters
//!
//! A user of one's own in the portal stays when the stolen credentials are gone, and may get into every account that a
//! group is assigned to.
//!
//! ## False alarms
//!
//! Companies that keep their people in Identity Center itself: every new colleague.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who for whom the user is. If nobody knows: delete the user, and cut off their credentials.
//! 2. List `CreateGroupMembership`, `AddMemberToGroup` and `CreateAccountAssignment` in the 24 hours after, by the user's id in
//!    `requestParameters`.
//! 3. List the sign-ins of that user since, by `userIdentity.onBehalfOf.userId`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-user-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1136.003", was: None, name: "Create Account: Cloud Account" }],
    covers: &[],
    calls: &[
        Calls { source: "identitystore.amazonaws.com", names: &["CreateUser"] },
        Calls { source: "sso-directory.amazonaws.com", names: &["CreateUser"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_user_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let id = event.response("userId").or_else(|| event.response("user.userId"));
    let severity = if event.actor.is_deployment() { Severity::Low } else { Severity::Medium };
    Some(
        DETECTION
            .finding(event, "created a user in Identity Center")
            .severity(severity)
            // Who brings many in at once is told once.
            .target(identity_center::itself(event))
            .evidence_if("User", id)
            // The record hides it, as a rule.
            .evidence_if("User name", event.request("userName")),
    )
}
