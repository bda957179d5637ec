//! # Somebody asked who they are for the first time
//!
//! A principal called `GetCallerIdentity` that was not seen to do so, once iamwatch has learned for as many days as the
//! stack is told. It needs calls that only read.
//!
//! ## Why it matters
//!
//! Whoever finds a key asks first whose it is. The call needs no right, so it always works.
//!
//! ## False alarms
//!
//! Nearly all of them: tools ask this before they do anything else, and whoever gets such a tool asks for the first time.
//! It is kept for the record. HIGH, if the long-term key that signed came from another network than the user's, or was
//! just made by somebody else.
//!
//! ## What to do
//!
//! 1. Ask the owner of the principal under Who whether they set up a new tool.
//! 2. If not: set the key under Who Inactive.
//! 3. List all calls by that key in the 24 hours after, by `userIdentity.accessKeyId`, also failed ones.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "caller-identity-asked-for-the-first-time",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1087.004", was: None, name: "Account Discovery: Cloud Account" }],
    covers: &["RECN-01"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["GetCallerIdentity"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("caller_identity_asked_for_the_first_time.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering = Remembering {
    id: "caller-identity-asked-for-the-first-time",
    asked_by: &[&DETECTION],
    what: What::Habit(principal),
};

fn principal(event: &Event) -> Option<Pair> {
    let actor = &event.actor;
    let in_person = actor.is_in_person() && !actor.principal.is_empty();
    in_person.then(|| Pair(vec![actor.principal.clone()]))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let since = context.facts.first_since(REMEMBERS.id)?;
    Some(
        DETECTION
            .finding(event, format!("asked who they are {}", since.how_often()))
            .target(Target::account(&event.account))
            .if_key_is_in_doubt(Severity::High)
            .evidence("First", format!("this principal was not seen to ask before, since {since}")),
    )
}
