//! # All parameters read
//!
//! Somebody read all parameters of Systems Manager in a region by one path: `/` with everything below it. Needs calls
//! that only read.
//!
//! ## Why it matters
//!
//! Parameters hold passwords and keys. A program asks for the path it was given; who asks for the root of all takes what
//! there is.
//!
//! ## False alarms
//!
//! A backup or a copy of all parameters, and small accounts whose one program reads all: a role is MEDIUM. Without
//! decryption, encrypted parameters stay so, and it is for the record.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they read the parameters for.
//! 2. If they do not know of it: cut off the credentials.
//! 3. List the same ARN's calls in the hour before and after, in every region, by `userIdentity.arn`: above all
//!    `GetSecretValue` and `DescribeParameters`.
//! 4. Change what the region's encrypted parameters hold, where it is used.

use super::secrets_read::is_true;
use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "all-parameters-read",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1555.006",
        was: None,
        name: "Credentials from Password Stores: Cloud Secrets Management Stores",
    }],
    covers: &["CRED-34"],
    calls: &[Calls { source: "ssm.amazonaws.com", names: &["GetParametersByPath"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("all_parameters_read.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service() || event.request("path") != Some("/") || !is_true(event, "recursive") {
        return None;
    }
    let in_clear = is_true(event, "withDecryption");
    let severity = match (in_clear, event.actor.is_program()) {
        (true, false) => Severity::High,
        (true, true) => Severity::Medium,
        (false, _) => Severity::Low,
    };
    let how = if in_clear { "in clear" } else { "as they are stored" };
    Some(
        DETECTION
            .finding(event, format!("read all parameters of region {} {how}", event.region))
            .target(Target::account(&event.account))
            .severity(severity)
            .evidence("Path", "/, with everything below it"),
    )
}
