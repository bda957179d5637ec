//! # Access key created for another user
//!
//! Somebody made a long-term access key for an IAM user that is not theirs.
//!
//! ## Why it matters
//!
//! Whoever made the key has seen its secret, and can now act as that user from anywhere, until somebody switches the key
//! off. It is the commonest way to stay in an account, and a way up where the user may do more than its maker.
//!
//! ## False alarms
//!
//! An administrator or a pipeline that hands out keys. The key should have a ticket, and its user an owner who expects
//! it.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they made the key, over a channel that is not their mail.
//! 2. If not: set the key Inactive with the command under Undo, and cut off the maker's own credentials.
//! 3. List all calls signed by the new key since the event, by `userIdentity.accessKeyId`: sessions that
//!    it opened with `GetSessionToken` or `GetFederationToken` outlive it.
//! 4. List all calls by the maker's ARN in the 24 hours before the event: how did they come to be able to?

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner};
use crate::finding::{Ask, Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "access-key-created-for-another-user",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["CRED-02"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreateAccessKey"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("access_key_created_for_another_user.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let Owner::Other(user) = event.owner()? else { return None };
    let Some(key) = event.response("accessKey.accessKeyId") else {
        // The record lacks its answer: the key is there all the same.
        return Some(DETECTION.finding(event, format!("created an access key of unknown id for user {user}")));
    };
    let finding = DETECTION
        .finding(event, format!("created access key {key} for user {user}"))
        .undo(undo::disable_access_key(user, key));
    let finding = grant::reaching(context, finding, &format!("user {user}"));
    // What root and services do never starts quarantine: a deployment that makes keys would lose each of them.
    if event.actor.is_root() || event.actor.is_service() {
        return Some(finding);
    }
    Some(finding.asks(Ask::DisableAccessKey { user: user.to_owned(), key: key.to_owned(), reactivated: false }))
}
