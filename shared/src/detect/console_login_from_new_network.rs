//! # User signed in to the console from a new network
//!
//! An IAM user signed in to the console from a network that this user was not seen to sign in from, once iamwatch has
//! learned for as many days as the stack is told.
//!
//! ## Why it matters
//!
//! Whoever has a stolen password signs in from where the user never was.
//!
//! ## False alarms
//!
//! Travel, a telephone's network, a new provider, the first sign-in of a new user. It is kept for the record, and makes
//! failed tries before it louder.
//!
//! ## What to do
//!
//! 1. Ask the user whether they signed in, at the time and from the address under From.
//! 2. If not: set a new password, deny the user everything, and list all calls by `userIdentity.arn` in the 12 hours
//!    after the sign-in.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance::network_of;
use crate::event::{Event, Kind, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-from-new-network",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &["CONS-07"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_login_from_new_network.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering =
    Remembering { id: "console-login-from-new-network", asked_by: &[&DETECTION], what: What::Habit(user_and_network) };

fn user_and_network(event: &Event) -> Option<Pair> {
    let actor = &event.actor;
    let user = actor.kind == Kind::IamUser && !actor.name.is_empty();
    let network = network_of(event.origin.ip?);
    user.then(|| Pair(vec![event.account.clone(), actor.name.clone(), network]))
}

/// In words, that the user was not seen in that network.
pub(super) fn first_from(event: &Event, context: &Context<'_>) -> Option<String> {
    let since = context.facts.first_since(REMEMBERS.id)?;
    let network = network_of(event.origin.ip?);
    Some(format!("user {} was not seen to sign in from {network} before, since {since}", event.actor.name))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let words = first_from(event, context)?;
    Some(
        DETECTION
            .finding(event, "signed in to the console from a network that is new for them")
            .target(Target::user(&event.actor.name))
            .evidence("Network", words)
            .evidence_if("MFA", event.actor.mfa.map(|mfa| if mfa { "used" } else { "not used" })),
    )
}
