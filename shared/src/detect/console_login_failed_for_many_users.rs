//! # Sign-ins failed for many users from one network
//!
//! From one network, sign-ins to the console failed for five different users within an hour. A try at a user that does
//! not exist counts as a user: AWS hides which name was tried.
//!
//! ## Why it matters
//!
//! Somebody tries a few passwords on many users, so that no single user is tried often enough to be noticed. One weak
//! password is enough for them.
//!
//! ## False alarms
//!
//! An office whose people share an address, on the day when their passwords expire; a scanner that was ordered.
//!
//! ## What to do
//!
//! 1. See whether a sign-in from that network succeeded: `ConsoleLogin` events of the 24 hours before and after, by
//!    `sourceIPAddress`.
//! 2. If one did and its user did not sign in: set a new password and set the user's keys Inactive.
//! 3. Ask the users who were tried, by `userIdentity.userName` of those events, whether they use that password elsewhere.
//! 4. Require MFA of every user with a console password.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance::network_of;
use crate::event::{Actor, Event, Kind, Target};
use crate::facts::past::{Member, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::ledger::MOST_MEMBERS;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-failed-for-many-users",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1110.003", was: None, name: "Brute Force: Password Spraying" }],
    covers: &["CONS-04"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("console_login_failed_for_many_users.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering = Remembering {
    id: "console-login-failed-for-many-users",
    asked_by: &[&DETECTION],
    what: What::Tally { of: tried, window: SignedDuration::from_hours(1), speaks_from: MANY },
};

/// Colleagues behind one address mistype their passwords too, but not so many in an hour.
const MANY: usize = 5;
/// No office does this.
const VERY_MANY: usize = 10;

fn tried(event: &Event) -> Option<Member> {
    let network = network_of(event.origin.ip?);
    let user = &event.actor.name;
    let member = if event.actor.is_nameless() { event.id.clone() } else { user.clone() };
    Some(Member { under: vec![event.account.clone(), network], member })
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let users = context.facts.tally(REMEMBERS.id);
    if users < MANY {
        return None;
    }
    let network = network_of(event.origin.ip?);
    let least = if users < MOST_MEMBERS { "" } else { "at least " };
    let mut finding = DETECTION
        .finding(event, format!("failed to sign in to the console as {least}{users} users, from {network}"))
        .target(Target::account(&event.account))
        .severity(if users < VERY_MANY { Severity::Medium } else { Severity::High })
        .evidence(
            "Tried last",
            if event.actor.is_nameless() { "a user that does not exist" } else { &event.actor.name },
        )
        .evidence_if("Reason", event.error_message.as_deref());
    // None of the users did it: whoever did is known by the network alone, and all of it is one incident.
    finding.actor =
        Actor { kind: Kind::Unknown, name: String::new(), principal: network, human: None, ..event.actor.clone() };
    Some(finding)
}
