//! # Console password of another user changed
//!
//! Somebody set a new console password for an IAM user that is not theirs.
//!
//! ## Why it matters
//!
//! Whoever set it can sign in as that user, and the user no longer can. It is a way up where the user may do more than
//! whoever set it.
//!
//! ## False alarms
//!
//! An administrator who helps a user that forgot a password. The user then expects it.
//!
//! ## What to do
//!
//! 1. Ask the user whether they asked for a new password.
//! 2. If not: set another one, or delete the login profile, and cut off the credentials of whoever is named under Who.
//! 3. List the user's `ConsoleLogin` events since, by `userIdentity.userName`, and compare `sourceIPAddress` with the
//!    one under From.
//! 4. List all calls by the actor's ARN in the 24 hours before the event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "login-profile-updated-for-another-user",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["CRED-11"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["UpdateLoginProfile"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("login_profile_updated_for_another_user.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let Owner::Other(user) = event.owner()? else { return None };
    let must_change = event.request_value("passwordResetRequired").and_then(serde_json::Value::as_bool);
    let finding = DETECTION
        .finding(event, format!("set a new console password for user {user}"))
        .evidence_if("Must change", must_change.map(|must| if must { "yes" } else { "no" }));
    Some(grant::reaching(context, finding, &format!("user {user}")))
}
