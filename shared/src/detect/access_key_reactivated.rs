//! # Access key switched on again
//!
//! An access key that had been switched off was set Active again.
//!
//! ## Why it matters
//!
//! Keys are switched off when they leaked, were rotated or belong to somebody who left. Switched on, such a key works
//! again for everybody who has a copy.
//!
//! Where quarantine is on, it plans to switch off again a key that somebody switched on for another user, and a person decides.
//!
//! ## False alarms
//!
//! A rotation that broke something and was taken back for a while.
//!
//! ## What to do
//!
//! 1. Find out why the key was off: the `UpdateAccessKey` event with status `Inactive` before this one, and who sent
//!    it.
//! 2. If nobody knows why it is on: set it Inactive with the command under Undo.
//! 3. List all calls signed by the key since the event, by `userIdentity.accessKeyId`: sessions that
//!    it opened with `GetSessionToken` or `GetFederationToken` outlive it.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner};
use crate::finding::{Ask, Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "access-key-reactivated",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["CRED-07"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["UpdateAccessKey"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("access_key_reactivated.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.request("status") != Some("Active") {
        return None;
    }
    let owner = event.owner()?;
    let key = event.request("accessKeyId")?;
    let finding = DETECTION
        .finding(event, format!("switched access key {key} of {owner} on again"))
        .target(owner.target(event))
        .undo(owner.user().and_then(|user| undo::disable_access_key(user, key)));
    // What root and services do never starts quarantine, nor does whoever restores with the role that is for it: that very role, since
    // anybody may make one of such a name.
    let actor = &event.actor;
    let restores = context.config.quarantine.restore_role.as_ref() == Some(&actor.principal);
    let asks = actor.is_in_person() && !actor.is_root() && !restores;
    match owner {
        Owner::Other(user) if asks => {
            Some(finding.asks(Ask::DisableAccessKey { user: user.to_owned(), key: key.to_owned(), reactivated: true }))
        }
        _ => Some(finding),
    }
}
