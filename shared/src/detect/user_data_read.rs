//! # Startup scripts of instances read
//!
//! Somebody read the user data of ten or more instances within ten minutes, or of an instance for the first time. Needs
//! calls that only read.
//!
//! ## Why it matters
//!
//! Startup scripts hold passwords, tokens and keys that somebody put there for convenience. Who has stolen credentials
//! reads those of all instances.
//!
//! ## False alarms
//!
//! Terraform reads the user data of each instance it has made: the instances that a principal read before do not count,
//! so a new role of it is told once. A principal's first reading of a single one is for the record.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they read the scripts for.
//! 2. If they do not know of it: cut off the credentials.
//! 3. List all `DescribeInstanceAttribute` calls by that ARN in the 24 hours before and after, by
//!    `requestParameters.instanceId`.
//! 4. Read these scripts, and change each secret that stands in one.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "user-data-read",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1552.005", was: None, name: "Unsecured Credentials: Cloud Instance Metadata API" }],
    covers: &["CRED-40"],
    calls: &[Calls { source: "ec2.amazonaws.com", names: &["DescribeInstanceAttribute"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("user_data_read.rs")),
    detect,
};

/// Instances whose user data one principal reads.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "user-data-read",
    asked_by: &[&DETECTION],
    what: What::Tally { of: read_now, window: SignedDuration::from_mins(10), speaks_from: MANY },
};

/// A principal and each instance whose user data it reads.
pub(super) static READ_BEFORE: Remembering =
    Remembering { id: "user-data-read-before", asked_by: &[&DETECTION], what: What::Habit(reader_and_instance) };

/// A principal that reads user data at all.
pub(super) static READER: Remembering =
    Remembering { id: "user-data-reader", asked_by: &[&DETECTION], what: What::Habit(reader) };

/// Nobody reads so many by hand.
const MANY: usize = 10;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let instance = instance(event)?;
    let facts = context.facts;
    let many = facts.tally(REMEMBERS.id);
    if many >= MANY && !facts.was_seen(READ_BEFORE.id) {
        return Some(
            DETECTION
                .finding(event, format!("read the startup scripts of {many} instances within ten minutes"))
                .target(Target::account(&event.account))
                .evidence("The last", instance),
        );
    }
    let since = facts.first_since(READER.id)?;
    Some(
        DETECTION
            .finding(event, format!("read the startup script of instance {instance}"))
            .target(Target::account(&event.account))
            .severity(Severity::Low)
            .evidence("First", format!("it read none since {since}")),
    )
}

fn instance(event: &Event) -> Option<&str> {
    event.request("instanceId").filter(|_| event.request("attribute") == Some("userData"))
}

fn read_now(event: &Event) -> Option<Member> {
    Member::of_caller(event, instance(event)?)
}

fn reader_and_instance(event: &Event) -> Option<Pair> {
    Pair::of_caller(event, &[instance(event)?])
}

fn reader(event: &Event) -> Option<Pair> {
    instance(event)?;
    Pair::of_caller(event, &[])
}
