//! # Password of an Identity Center user reset
//!
//! Somebody reset the password of a user of the Identity Center directory: by a link in a mail, or by a one-time
//! password that they were shown.
//!
//! ## Why it matters
//!
//! With the one-time password whoever reset it can sign in as that user, to every account the user is assigned, and
//! the user no longer can. The event does not name the user.
//!
//! ## False alarms
//!
//! An administrator who helps a user that forgot a password. The user then expects it.
//!
//! ## What to do
//!
//! 1. Look the id under User up under Identity Center, and ask that person whether they asked for a new password.
//! 2. If not: reset it again by mail, end their sessions, and cut off the credentials of whoever is named under Who.
//! 3. List the sign-ins of that user since, by `userIdentity.onBehalfOf.userId`, and compare `sourceIPAddress` with
//!    the one under From.
//! 4. List all calls by the actor's ARN in the 24 hours before the event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-password-set",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &[],
    calls: &[Calls { source: "sso-directory.amazonaws.com", names: &["UpdatePassword"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_password_set.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let user = event.request("userId");
    if user.is_some_and(|user| identity_center::is_actor(event, user)) {
        return None;
    }
    let target = user.map_or_else(|| identity_center::itself(event), identity_center::user);
    let finding = DETECTION
        .finding(event, "reset the password of an Identity Center user")
        .target(target)
        .evidence_if("User", user);
    Some(grant::unless_by_a_service(event, finding))
}
