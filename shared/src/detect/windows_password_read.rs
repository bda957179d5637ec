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
//! An administrator who connects to a new instance, and tools that build Windows images.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who which instance they connect to, and why not with an account of their own.
//! 2. If they do not know of it: cut off their credentials, and set new administrator passwords on the instances.
//! 3. List all `GetPasswordData` calls by that ARN in the 24 hours before and after, by `requestParameters.instanceId`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "windows-password-read",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    mitre: &[Technique { id: "T1552.005", was: None, name: "Unsecured Credentials: Cloud Instance Metadata API" }],
    covers: &["CRED-35"],
    calls: &[Calls { source: "ec2.amazonaws.com", names: &["GetPasswordData"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("windows_password_read.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service() {
        return None;
    }
    let instance = event.request("instanceId")?;
    Some(
        DETECTION
            .finding(event, format!("read the encrypted Windows password of instance {instance}"))
            // Who asks for those of many instances is one incident.
            .target(Target::account(&event.account))
            .evidence("Instance", instance),
    )
}
