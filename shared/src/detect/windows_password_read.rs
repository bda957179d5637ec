//! # Administrator password of an instance read
//!
//! Somebody asked EC2 for the encrypted administrator password of a Windows instance. Needs calls that only read.
//!
//! ## Why it matters
//!
//! Whoever also holds the instance's key pair can sign in to it as administrator. Intruders ask for the passwords of
//! all instances, one after another.
//!
//! ## False alarms
//!
//! An administrator who connects to a new instance, and tools that build Windows images. The passwords of ten instances
//! within ten minutes are HIGH.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who which instance they connect to, and why not with an account of their own.
//! 2. If they do not know of it: cut off their credentials, and set new administrator passwords on the instances.
//! 3. List all `GetPasswordData` calls by that ARN in the 24 hours before and after, by `requestParameters.instanceId`.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "windows-password-read",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1552.005", was: None, name: "Unsecured Credentials: Cloud Instance Metadata API" }],
    covers: &["CRED-35"],
    calls: &[Calls { source: "ec2.amazonaws.com", names: &["GetPasswordData"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("windows_password_read.rs")),
    detect,
};

/// Instances whose password one principal reads.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "windows-password-read",
    asked_by: &[&DETECTION],
    what: What::Tally { of: read_now, window: SignedDuration::from_mins(10), speaks_from: 1 },
};

/// Nobody signs in to so many at once.
const MANY: usize = 10;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service() {
        return None;
    }
    let instance = event.request("instanceId")?;
    let many = context.facts.tally(REMEMBERS.id);
    let (act, severity) = if many >= MANY {
        (format!("read the encrypted Windows passwords of {many} instances"), Severity::High)
    } else {
        (format!("read the encrypted Windows password of instance {instance}"), Severity::Medium)
    };
    Some(
        DETECTION
            .finding(event, act)
            .severity(severity)
            // Who asks for those of many instances is one incident.
            .target(Target::account(&event.account))
            .evidence("Instance", instance),
    )
}

fn read_now(event: &Event) -> Option<Member> {
    Member::of_caller(event, event.request("instanceId")?)
}
