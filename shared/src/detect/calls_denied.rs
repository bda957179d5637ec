//! # Many calls denied
//!
//! Ten calls of one principal were denied within 15 minutes, or fifty where they only looked around in the console. What
//! the policy of a VPC endpoint denies counts, where a trail records its network activity.
//!
//! ## Why it matters
//!
//! Credentials in new hands are tried out: their holder does not know what they may do. The denials show what they are
//! after.
//!
//! ## False alarms
//!
//! A new program or pipeline whose permissions are not complete, which asks for the same few things again and again. Where
//! a role was denied one call on one thing and nothing else within an hour, it is a broken deployment: the alert says so,
//! and is for the record. Services that AWS runs in your name are left out.
//!
//! ## What to do
//!
//! 1. Read what was asked for: all calls by the ARN under Who in the hour before with an `errorCode`, by `eventName`.
//! 2. If they are many different ones, or ones to list and describe: ask the owner whether it is them.
//! 3. If not: cut the credentials off, and list the same ARN's calls of the 24 hours before without an `errorCode`.
//! 4. If it is a program: give it the permission or take the call out, so that the next denial means something.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique, denied};
use crate::circumstance;
use crate::event::{Event, Layer, Target};
use crate::facts::past::{Member, Remembering, What};
use crate::finding::{Finding, Severity};
use crate::fingerprint;
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "calls-denied",
    watcher: Watcher::AccessDenied,
    severity: Severity::Medium,
    mitre: &[Technique { id: "T1580", was: None, name: "Cloud Infrastructure Discovery" }],
    covers: &["DENY-01", "DENY-02", "DENY-08"],
    calls: &[],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("calls_denied.rs")),
    detect,
};

/// What one principal was denied: which call, and on what.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "calls-denied",
    asked_by: &[&DETECTION],
    what: What::Tally { of: refused, window: SignedDuration::from_hours(1) },
};

/// Denials within the incident's window that are worth a word.
const QUORUM: u64 = 10;
/// The console asks for much that its user never wanted: one page can be denied a dozen times.
const QUORUM_IN_THE_CONSOLE: u64 = 50;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let denial = event.denial()?;
    // Such roles act for AWS services, and are denied all day where a resource's policy leaves them out.
    if event.actor.is_service_linked_role() || is_anonymous(event) {
        return None;
    }
    let always_the_same = context.facts.tally(REMEMBERS.id) == 1;
    let broken = always_the_same && event.actor.is_program() && !circumstance::is_instance(event);
    let looks_around = event.origin.console && event.read_only();
    Some(
        DETECTION
            .finding(event, denied(event, &denial))
            // One incident for each principal, whatever it asks for.
            .target(Target::account(&event.account))
            .severity(if broken { Severity::Low } else { Severity::Medium })
            .evidence_if("Pattern", broken.then_some("one call on one thing, again and again: a broken deployment"))
            .evidence("Denied", denial.action)
            .evidence_if("On", denial.resource)
            .evidence_if("Refused by", denial.layer.map(Layer::words))
            .speaks_at(if looks_around { QUORUM_IN_THE_CONSOLE } else { QUORUM }),
    )
}

/// Anybody on the internet may try a public name: that is nobody's credentials.
fn is_anonymous(event: &Event) -> bool {
    event.actor.name == "ANONYMOUS_PRINCIPAL"
}

/// S3 does not say what a call was denied on; its parameters do.
fn refused(event: &Event) -> Option<Member> {
    let denial = event.denial()?;
    let parameters = || event.record().get("requestParameters").map(ToString::to_string).unwrap_or_default();
    let on = denial.resource.unwrap_or_else(parameters);
    Member::of_caller(event, fingerprint::of([denial.action.as_str(), &event.name, &event.region, &on], 12))
}
