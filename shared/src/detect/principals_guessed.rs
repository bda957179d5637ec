//! # Names of principals tried out
//!
//! AWS refused three or more policies of one caller within an hour because a principal in them does not exist.
//!
//! ## Why it matters
//!
//! AWS takes a policy only if the users and roles that it names exist, in any account. Whoever writes guessed names into a
//! policy of their own learns which are real, and nobody in the account that they guess at sees it.
//!
//! ## False alarms
//!
//! A template that names a role before it is made, or one that was deleted: the same few names, once or twice. Other
//! mistakes in a policy count as one together, where the message says what they are.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who which names they try, and why.
//! 2. If they do not know of it: cut off the credentials. They serve an attack on others: look at what they did here.
//! 3. List all calls by that ARN in the 24 hours before and after, by `errorCode`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::denials::is_refused_for_a_principal;
use crate::event::{Event, Target, is_malformed_policy};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "principals-guessed",
    watcher: Watcher::AccessDenied,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1087.004", was: None, name: "Account Discovery: Cloud Account" }],
    covers: &["DENY-07"],
    calls: &[],
    outcome: Outcome::Failed,
    page: Page::of(include_str!("principals_guessed.rs")),
    detect,
};

/// A mistake is made twice.
const MANY: usize = 3;
/// No person mistypes so often.
const SO_MANY_THAT_IT_IS_HIGH: usize = 15;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    event.error_code.as_deref().filter(|code| is_malformed_policy(code))?;
    let denials = context.facts.denials_with(event);
    let many = denials.guesses();
    if many < MANY || !is_refused_for_a_principal(event) {
        return None;
    }
    Some(
        DETECTION
            .finding(event, format!("had {many} policies refused for principals that do not exist"))
            .target(Target::account(&event.account))
            .severity(if many >= SO_MANY_THAT_IT_IS_HIGH { Severity::High } else { Severity::Medium })
            // What people heard of does not make each further one an alert.
            .speaks_at(if denials.untold_guesses() < MANY { MANY as u64 } else { 1 })
            .evidence("Call", event.name.as_str())
            .evidence_if("Error", event.error_message.as_deref()),
    )
}
