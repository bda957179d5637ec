//! # Password set for another user and used from the same address
//!
//! Somebody set a console password for another user, and within a day that user signed in from the address that the
//! password was set from.
//!
//! ## Why it matters
//!
//! Whoever sets a password for somebody else and uses it is two people in the log: what follows is done in the other
//! user's name, with the other user's rights. That is how an intruder moves from a leaked key to the console.
//!
//! ## False alarms
//!
//! A colleague who got the password in the same office, behind the same address. Where the program that signed in calls
//! itself what the one that set the password did, or it was the password of a user that had one, it is HIGH.
//!
//! ## What to do
//!
//! 1. Ask the owner of the user that signed in whether it was them, by telephone or in person.
//! 2. If not: delete the user's password, deny both users everything, and set the keys of both Inactive.
//! 3. List all calls by the user since the sign-in, by `userIdentity.arn`, and all calls from that `sourceIPAddress` in the
//!    24 hours before.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique, with_what_came_before};
use crate::circumstance::ago;
use crate::event::{Event, Kind, Owner, Target};
use crate::facts::past::{Key, Remembering, Trace, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::fingerprint;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "login-profile-used-by-its-maker",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[
        Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" },
        Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" },
    ],
    covers: &["CONS-12", "CRED-12"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("login_profile_used_by_its_maker.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering = Remembering {
    id: "login-profile-used-by-its-maker",
    asked_by: &[&DETECTION],
    what: What::Trace { leaves: password_set, asks: signed_in, lasts: SignedDuration::from_hours(24) },
};

/// Under the user and the address: whoever sets it again from elsewhere does not wipe the trace out.
fn password_set(event: &Event) -> Option<Trace> {
    let sets = event.is("iam.amazonaws.com", &["CreateLoginProfile", "UpdateLoginProfile"]) && event.succeeded();
    let Owner::Other(user) = (sets && !event.actor.is_service()).then(|| event.owner())?? else { return None };
    let address = event.origin.ip?.to_string();
    let agent = fingerprint_of_agent(event);
    let text = format!("{} {agent} {}", event.call(), event.actor.principal);
    Some(Trace { under: vec![event.account.clone(), user.to_owned(), address], text })
}

fn signed_in(event: &Event) -> Option<Key> {
    let user = event.actor.kind == Kind::IamUser && !event.actor.name.is_empty();
    let address = event.origin.ip?.to_string();
    user.then(|| vec![event.account.clone(), event.actor.name.clone(), address])
}

/// The user agent is the caller's words: it is compared, never kept.
fn fingerprint_of_agent(event: &Event) -> String {
    fingerprint::of([event.origin.user_agent.as_deref().unwrap_or_default()], 8)
}

/// In words, who set the password from the address that it is now used from.
pub(super) fn set_by(event: &Event, context: &Context<'_>) -> Option<String> {
    let note = context.facts.left(REMEMBERS.id)?;
    let maker = note.text.splitn(3, ' ').nth(2)?;
    Some(format!("{} by {maker}, from the same address", ago(note.at, event.time)))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let mut parts = context.facts.left(REMEMBERS.id)?.text.splitn(3, ' ');
    let (call, agent) = (parts.next()?, parts.next()?);
    let user = &event.actor.name;
    let same_program = event.origin.user_agent.is_some() && agent == fingerprint_of_agent(event);
    let had_one = call == "UpdateLoginProfile";
    let finding = DETECTION
        .finding(event, "signed in to the console from where somebody else had set the password")
        .target(Target::user(user))
        .severity(if same_program || had_one { Severity::High } else { Severity::Medium });
    Some(
        with_what_came_before(event, context, finding)
            .evidence_if("Program", same_program.then_some("the same by its user agent"))
            .evidence_if("Before", had_one.then_some("the user had another password"))
            .undo(undo::delete_login_profile(user)),
    )
}
