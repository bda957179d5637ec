//! # User signed in after many failures
//!
//! An IAM user signed in to the console within an hour of five or more failed tries as the same user.
//!
//! ## Why it matters
//!
//! It is what guessing looks like when it works.
//!
//! ## False alarms
//!
//! A user who forgot a password and found it again: the tries then come from where the user always is. A network that the
//! user was never seen in makes it HIGH.
//!
//! ## What to do
//!
//! 1. Ask the user, by telephone or in person, whether both the tries and the sign-in were theirs.
//! 2. Compare `sourceIPAddress` of the `ConsoleLogin` events by `userIdentity.userName` in the 2 hours before: did the
//!    tries and the sign-in come from the same place?
//! 3. If it was not the user: set a new password, deny the user everything and list all calls by `userIdentity.arn`
//!    since the sign-in.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique, console_login_from_new_network, with_what_came_before};
use crate::event::{Event, Kind, Target};
use crate::facts::past::{Member, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-after-failures",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[
        Technique { id: "T1110.001", was: None, name: "Brute Force: Password Guessing" },
        Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" },
    ],
    covers: &["CONS-05", "CONS-15"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Any,
    page: Page::of(include_str!("console_login_after_failures.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering = Remembering {
    id: "console-login-after-failures",
    asked_by: &[&DETECTION],
    what: What::Tally { of: tried, window: SignedDuration::from_hours(1), speaks_from: MANY + 1 },
};

/// What one's own typing mistakes seldom come to.
const MANY: usize = 5;
/// All sign-ins that succeeded, as one member.
const SUCCEEDED: &str = "succeeded";

fn tried(event: &Event) -> Option<Member> {
    let actor = &event.actor;
    if actor.kind != Kind::IamUser || actor.is_nameless() {
        return None;
    }
    let member = if event.succeeded() { SUCCEEDED.to_owned() } else { event.id.clone() };
    Some(Member { under: vec![event.account.clone(), actor.name.clone()], member })
}

/// How many tries failed before a sign-in that worked, if they were many.
fn failures(event: &Event, context: &Context<'_>) -> Option<usize> {
    let failures = context.facts.tally(REMEMBERS.id).saturating_sub(1);
    (event.succeeded() && failures >= MANY).then_some(failures)
}

/// The same in words.
pub(super) fn failed_before(event: &Event, context: &Context<'_>) -> Option<String> {
    failures(event, context).map(|failures| format!("{failures} tries as this user, within an hour"))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let failures = failures(event, context)?;
    let actor = &event.actor;
    // A user's own mistakes come from where the user always is.
    let elsewhere = console_login_from_new_network::first_from(event, context).is_some();
    let finding = DETECTION
        .finding(event, format!("signed in to the console after {failures} failed tries"))
        .target(Target::user(&actor.name))
        .severity(if elsewhere { Severity::High } else { Severity::Medium })
        .evidence_if("MFA", actor.mfa.map(|mfa| if mfa { "used" } else { "not used" }));
    Some(with_what_came_before(event, context, finding))
}
