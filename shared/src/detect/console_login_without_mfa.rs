//! # User signed in to the console without MFA
//!
//! An IAM user signed in to the console with a password alone. People who come through an identity provider are left
//! out: AWS does not see their MFA.
//!
//! ## Why it matters
//!
//! A password that leaked, was guessed or is used elsewhere is enough to be this user, from anywhere.
//!
//! ## False alarms
//!
//! The user's own sign-in, before it has an MFA device. The cure is the device, not an exception.
//!
//! ## What to do
//!
//! 1. Ask the user whether they signed in, at the time and from the address under From.
//! 2. If not: set a new password and set the user's keys Inactive.
//! 3. List all calls by the user in the 12 hours after the sign-in, by `userIdentity.userName`.
//! 4. If so: have them register an MFA device, and require one by policy.

use super::{Context, Detection, Outcome, Page, Technique, with_what_came_before};
use crate::event::{Event, Kind, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-without-mfa",
    watcher: Watcher::SignIn,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["CONS-01"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_login_without_mfa.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    if actor.kind != Kind::IamUser || actor.mfa != Some(false) {
        return None;
    }
    let finding = DETECTION.finding(event, "signed in to the console without MFA").target(Target::user(&actor.name));
    Some(with_what_came_before(event, context, finding))
}
