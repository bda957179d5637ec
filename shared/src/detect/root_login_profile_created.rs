//! # Console password created for root
//!
//! A console password was made for the account's root user, by root or by a central root session of the organization.
//!
//! ## Why it matters
//!
//! An account without a root password cannot be taken over through root. With one, whoever reads root's mailbox can.
//!
//! ## False alarms
//!
//! The organization's administrators letting a team use root once. The password should be deleted again the same day.
//!
//! ## What to do
//!
//! 1. Ask the administrators of the organization's root access whether they allowed it. They are who called
//!    `AssumeRoot` in the 15 minutes before, in the management account.
//! 2. If not: delete the root password through central root access, and end the caller's sessions.
//! 3. List all calls by root in the hour after this event, by `userIdentity.type` `Root`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "root-login-profile-created",
    watcher: Watcher::RootUsage,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["ROOT-09"],
    calls: &[],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_login_profile_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if !event.is("iam.amazonaws.com", &["CreateLoginProfile"]) || event.owner() != Some(Owner::Root) {
        return None;
    }
    Some(DETECTION.finding(event, "created a console password for root").target(Target::account(&event.account)))
}
