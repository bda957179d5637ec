//! # Password policy of the account changed
//!
//! The rules for the console passwords of all IAM users were changed or deleted. What stood before is not in the event:
//! the finding says how strong the new rules are.
//!
//! ## Why it matters
//!
//! Short passwords are guessed. A call that leaves a rule out switches it off, so that one careless or wilful call takes
//! the rules of the whole account away.
//!
//! ## False alarms
//!
//! The account's first set-up, and a policy that was made stronger: that is LOW. Shorter than AWS asks for where there is
//! no policy at all is HIGH.
//!
//! ## What to do
//!
//! 1. Compare the rules above with those that your account should have.
//! 2. If they are weaker: write the policy again, with every rule in one call.
//! 3. List the `ChangePassword`, `CreateLoginProfile` and `UpdateLoginProfile` calls since: whoever chose a weak password
//!    meanwhile keeps it.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "password-policy-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1556", was: None, name: "Modify Authentication Process" }],
    covers: &["CONS-17"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["DeleteAccountPasswordPolicy", "UpdateAccountPasswordPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("password_policy_changed.rs")),
    detect,
};

/// Characters that IAM asks for where a policy does not say.
const LENGTH_UNSAID: u64 = 6;
/// Characters that IAM asks for where there is no policy.
const LENGTH_WITHOUT_POLICY: u64 = 8;
/// Characters that benchmarks ask for.
const LENGTH_THAT_SERVES: u64 = 14;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let account = Target::account(&event.account);
    if event.call() == "DeleteAccountPasswordPolicy" {
        return Some(
            DETECTION
                .finding(event, "deleted the account's password policy")
                .target(account)
                .evidence("Now asks for", format!("{LENGTH_WITHOUT_POLICY} characters, and never for a new password")),
        );
    }
    let length = event.request_value("minimumPasswordLength").and_then(Value::as_u64).unwrap_or(LENGTH_UNSAID);
    let says = |rule: &str| event.request_value(rule).and_then(Value::as_bool);
    let (act, severity) = if length < LENGTH_WITHOUT_POLICY {
        ("made the account's password policy weaker than AWS's default", Severity::High)
    } else if length < LENGTH_THAT_SERVES {
        ("changed the account's password policy", Severity::Medium)
    } else {
        ("changed the account's password policy", Severity::Low)
    };
    let kinds = [
        ("requireUppercaseCharacters", "upper case"),
        ("requireLowercaseCharacters", "lower case"),
        ("requireNumbers", "numbers"),
        ("requireSymbols", "symbols"),
    ];
    let asked: Vec<&str> = kinds.iter().filter(|(rule, _)| says(rule) == Some(true)).map(|(_, words)| *words).collect();
    let mix = if asked.is_empty() { "no mix of characters".to_owned() } else { asked.join(", ") };
    let age = event.request_value("maxPasswordAge").and_then(Value::as_u64).filter(|days| *days > 0);
    let locks_out = (says("hardExpiry") == Some(true)).then_some("who lets a password expire cannot set a new one");
    let fixed = (says("allowUsersToChangePassword") != Some(true)).then_some("may not change their own password");
    Some(
        DETECTION
            .finding(event, act)
            .target(account)
            .severity(severity)
            .evidence("Now asks for", format!("{length} characters, {mix}"))
            .evidence("Expires", age.map_or("never".to_owned(), |days| format!("after {days} days")))
            .evidence_if("Locks out", locks_out)
            .evidence_if("Users", fixed),
    )
}
