//! # Access key created for root
//!
//! A long-term access key was made for the account's root user.
//!
//! ## Why it matters
//!
//! The key can do anything in the account from anywhere, without a password or MFA, and no policy of the account limits
//! it. Nothing needs one.
//!
//! ## False alarms
//!
//! None worth keeping. Where a tool seems to need a root key, it can use a role.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them did this, over a channel that is not mail.
//! 2. Sign in as root and delete the key, whoever made it.
//! 3. If nobody did: change root's password, delete its access keys and re-register its MFA device, from a clean
//!    machine.
//! 4. List all calls signed by the new key since the event, by `userIdentity.accessKeyId`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "root-access-key-created",
    watcher: Watcher::RootUsage,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["ROOT-08"],
    calls: &[],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_access_key_created.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if !event.is("iam.amazonaws.com", &["CreateAccessKey"]) || event.owner() != Some(Owner::Root) {
        return None;
    }
    let key = event.response("accessKey.accessKeyId").unwrap_or("of unknown id");
    Some(DETECTION.finding(event, format!("created access key {key} for root")).target(Target::account(&event.account)))
}
