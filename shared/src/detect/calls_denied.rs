//! # Many calls denied
//!
//! Ten calls of one principal were denied within 15 minutes (fifty by a user agent of the console), or fewer that weigh more.
//! What the policy of a VPC endpoint denies counts, where a trail records its network activity.
//!
//! All that a principal is denied is one incident. Its weight is a score: sensitive calls, many services or regions, a
//! long-term key that tries many things, looking around. Each louder level is told once, and how many calls it was at last
//! when it is over.
//!
//! ## Why it matters
//!
//! Credentials in new hands are tried out: their holder does not know what they may do. The denials show what they are
//! after.
//!
//! ## False alarms
//!
//! A new program or pipeline whose permissions are not complete, which asks for the same few things again and again. Where
//! a role was denied one call on one thing and nothing else within an hour, and for five minutes at least at a steady rate, it
//! is a broken deployment: the alert says so, and is for the record. Until its rate is known, 500 such calls are told. Services
//! that AWS runs in your name are left out; what the console's session looks at, as AWS records it, and calls that are known to
//! mean nothing (`iamwatch detections --benign`) are counted and not told.
//!
//! ## What to do
//!
//! 1. Read what was asked for: all calls by the ARN under Who in the hour before with an `errorCode`, by `eventName`.
//! 2. If they are many different ones, or ones to list and describe: ask the owner whether it is them.
//! 3. If not: cut the credentials off, and list the same ARN's calls of the 24 hours before without an `errorCode`.
//! 4. If it is a program: give it the permission or take the call out, so that the next denial means something.

use super::{Context, Detection, Outcome, Page, Technique, denied, with_denials};
use crate::circumstance;
use crate::denials::{Rate, Score, benign, is_browsing};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "calls-denied",
    watcher: Watcher::AccessDenied,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1580", was: None, name: "Cloud Infrastructure Discovery" }],
    covers: &["DENY-01", "DENY-02", "DENY-08"],
    calls: &[],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("calls_denied.rs")),
    detect,
};

/// Denials within the incident's window that are worth a word.
const QUORUM: u64 = 10;
/// The console asks for much that its user never wanted: one page can be denied a dozen times.
const QUORUM_IN_THE_CONSOLE: u64 = 50;
/// A program asks for the same thing again and again, and nobody knows yet whether it goes on so.
const QUORUM_OF_THE_SAME: u64 = 500;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let denial = event.denial()?;
    // Such roles act for AWS services, and are denied all day where a resource's policy leaves them out.
    if event.actor.is_service_linked_role() || is_anonymous(event) || benign(event).is_some() {
        return None;
    }
    let denials = context.facts.denials_with(event);
    let score = Score::of(&denials, event, context);
    let weight = score.severity(event).filter(|_| score.is_news());
    if weight.is_none() && is_browsing(event) {
        return None;
    }
    let again = denials.is_always_the_same() && event.actor.is_program() && !circumstance::is_instance(event);
    let rate = again.then(|| denials.rate());
    let looks_around = event.origin.console && event.read_only();
    let (severity, speaks_at) = match (weight, rate) {
        (Some(severity), _) => (severity, 1),
        (None, Some(Rate::Steady)) => (Severity::Low, QUORUM),
        (None, Some(Rate::Unknown)) => (Severity::Medium, QUORUM_OF_THE_SAME),
        (None, _) => (Severity::Medium, if looks_around { QUORUM_IN_THE_CONSOLE } else { QUORUM }),
    };
    let finding = DETECTION
        .finding(event, denied(event, &denial))
        // One incident for each principal, whatever it asks for.
        .target(Target::account(&event.account))
        .severity(severity)
        .speaks_at(speaks_at)
        .evidence_if(
            "Pattern",
            match (severity, rate) {
                (Severity::Low, _) => {
                    Some("one call on one thing, again and again at a steady rate: a broken deployment")
                }
                (_, Some(Rate::Rush)) => Some("one call on one thing, and of late far more of it than before"),
                (_, Some(Rate::Unknown)) if speaks_at > 1 => {
                    Some("one call on one thing, again and again, and too lately to say whether it goes on so")
                }
                _ => None,
            },
        );
    Some(with_denials(finding, &denial, &denials, &score))
}

/// Anybody on the internet may try a public name: that is nobody's credentials.
fn is_anonymous(event: &Event) -> bool {
    event.actor.name == "ANONYMOUS_PRINCIPAL"
}
