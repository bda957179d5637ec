//! # User signed in past the access portal
//!
//! An IAM user signed in to the console, although people here come through the access portal of Identity Center. Only
//! where the configuration names a portal.
//!
//! ## Why it matters
//!
//! The portal asks for MFA, knows who left and can lock a person out of all accounts at once. An IAM user's password
//! does none of that: it is the door that intruders and people who left know.
//!
//! ## False alarms
//!
//! A break-glass user, or a user that nobody has moved to the portal yet.
//!
//! ## What to do
//!
//! 1. Ask the user's owner whether they signed in, and why not through the portal.
//! 2. If they did not: delete the user's password, set its keys Inactive, and list all calls by it in the 12 hours
//!    after, by `userIdentity.userName`.
//! 3. If they did: give them what they need through the portal, and delete the password.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Kind, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-past-the-portal",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["CONS-06"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_login_past_the_portal.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let portal = context.config.portal_url.as_deref()?;
    let actor = &event.actor;
    if actor.kind != Kind::IamUser {
        return None;
    }
    Some(
        DETECTION
            .finding(event, "signed in to the console with a password, past the access portal")
            .target(Target::user(&actor.name))
            .evidence("Portal", portal)
            .evidence_if("MFA", actor.mfa.map(|mfa| if mfa { "used" } else { "not used" })),
    )
}
