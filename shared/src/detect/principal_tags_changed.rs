//! # Tags of a user or role changed
//!
//! Somebody set or removed tags of an IAM user or role.
//!
//! ## Why it matters
//!
//! Where policies allow by tag (`aws:PrincipalTag`), a tag is a right. Who may tag itself can take the rights of another
//! team, or shed a tag by which it was denied, without writing any policy.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code tags all that it makes. It is kept for the record, unless somebody changed
//! their own tags.
//!
//! ## What to do
//!
//! 1. Search your policies, also those of resources and of the organization, for `aws:PrincipalTag/` with one of the
//!    keys above.
//! 2. If one is: ask whoever is named under Who why, and set the tag back.
//! 3. List all calls by the user or role since the event, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "principal-tags-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &[],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["TagRole", "TagUser", "UntagRole", "UntagUser"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("principal_tags_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let list = |key: &str| event.request_value(key).and_then(Value::as_array).into_iter().flatten();
    let set =
        list("tags").filter_map(|tag| Some((tag.get("key")?.as_str()?, tag.get("value").and_then(Value::as_str))));
    let removed = list("tagKeys").filter_map(|key| Some((key.as_str()?, None)));
    let tags: Vec<(&str, Option<&str>)> = set.chain(removed).filter(|(key, _)| !is_note_on_key(key)).collect();
    if tags.is_empty() {
        return None;
    }
    let words = tags.iter().map(|(key, value)| value.map_or((*key).to_owned(), |value| format!("{key}={value}")));
    let did = if event.call().starts_with("Untag") { "removed tags of" } else { "set tags of" };
    let finding = DETECTION
        .finding(event, format!("{did} {}", event.target()))
        .evidence("Tags", words.collect::<Vec<_>>().join(", "));
    Some(grant::weigh(event, context, finding))
}

/// The console keeps the note that somebody writes on an access key as a tag of the user: its key is the access key's id,
/// which no policy goes by.
fn is_note_on_key(key: &str) -> bool {
    undo::access_key(key).is_some()
}
