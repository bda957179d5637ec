//! # Mail sending explored
//!
//! Somebody asked with a long-term key by three different calls what Amazon SES would let them send: quota, status,
//! verified senders. Needs calls that only read.
//!
//! ## Why it matters
//!
//! Stolen keys are sold by what they may send. Whoever finds one with a high quota and a verified domain sends spam and
//! phishing in your name within hours.
//!
//! ## False alarms
//!
//! A program that sends mail may ask for its quota, but seldom for the senders too; what it asked before does not count. A
//! person who sets SES up from the command line.
//!
//! ## What to do
//!
//! 1. Ask the key's owner whether they looked at SES.
//! 2. If not: cut off the key.
//! 3. List all calls by that key in the 24 hours before and after, by `userIdentity.accessKeyId`: new identities, requests
//!    for a higher quota, and new SMTP users.
//! 4. Look at how much was sent since, in SES's own statistics, in every region.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "mail-sending-explored",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1526", was: None, name: "Cloud Service Discovery" }],
    covers: &["RECN-11"],
    calls: &[Calls {
        source: "ses.amazonaws.com",
        names: &[
            "GetAccount",
            "GetAccountSendingEnabled",
            "GetIdentityVerificationAttributes",
            "GetSendQuota",
            "GetSendStatistics",
            "ListEmailIdentities",
            "ListIdentities",
            "ListVerifiedEmailAddresses",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("mail_sending_explored.rs")),
    detect,
};

/// Different calls by one principal with a long-term key.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "mail-sending-explored",
    asked_by: &[&DETECTION],
    what: What::Tally { of: call, window: SignedDuration::from_mins(10), speaks_from: MANY },
};

/// A principal and each of these calls that it makes.
pub(super) static ASKED_BEFORE: Remembering =
    Remembering { id: "mail-asked-before", asked_by: &[&DETECTION], what: What::Habit(caller_and_call) };

const MANY: usize = 3;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let many = context.facts.tally(REMEMBERS.id);
    if many < MANY || context.facts.was_seen(ASKED_BEFORE.id) {
        return None;
    }
    Some(
        DETECTION
            .finding(event, format!("asked by {many} different calls what Amazon SES lets it send"))
            .target(Target::account(&event.account))
            .evidence_if("Key", event.actor.access_key.as_deref())
            .evidence("The last", event.name.as_str()),
    )
}

fn call(event: &Event) -> Option<Member> {
    event.actor.long_term_key().then(|| Member::of_caller(event, event.name.as_str()))?
}

fn caller_and_call(event: &Event) -> Option<Pair> {
    event.actor.long_term_key().then(|| Pair::of_caller(event, &[&event.name]))?
}
