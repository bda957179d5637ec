//! # Console password created for a user
//!
//! An IAM user that could not sign in to the console got a password for it.
//!
//! ## Why it matters
//!
//! Whoever chose the password can sign in as that user from anywhere. Users made for programs rarely have MFA, and
//! attackers give them passwords to come back with.
//!
//! ## False alarms
//!
//! An administrator who sets up a new colleague's user, usually within minutes of creating it.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they made the password, over a channel that is not mail.
//! 2. If not: delete it with the command under Undo, and cut off the maker's own credentials.
//! 3. List the user's `ConsoleLogin` events since, by `userIdentity.userName`.
//! 4. List all calls by the maker's ARN in the 24 hours before the event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "login-profile-created",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["CRED-10"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreateLoginProfile"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("login_profile_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    // Root's own password is a detection of its own.
    let user = event.owner()?.user()?;
    let act = match event.owner()? {
        Owner::Caller(_) => "created a console password for themselves".to_owned(),
        owner => format!("created a console password for {owner}"),
    };
    let finding = DETECTION
        .finding(event, act)
        .target(Target::user(user))
        .evidence_if("Must change", must_change(event))
        .undo(undo::delete_login_profile(user));
    Some(grant::reaching(context, finding, &format!("user {user}")))
}

fn must_change(event: &Event) -> Option<&'static str> {
    let said = event.request_value("passwordResetRequired")?.as_bool()?;
    Some(if said { "yes" } else { "no" })
}
