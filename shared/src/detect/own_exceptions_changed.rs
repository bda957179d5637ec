//! # The exceptions of iamwatch were changed
//!
//! A parameter that holds an exception of iamwatch was written, labelled or deleted.
//!
//! ## Why it matters
//!
//! An exception says what nobody is told of. Whoever may write one can act unheard from a minute later on.
//!
//! ## False alarms
//!
//! Your own `iamwatch exceptions apply`: whoever is named under Who applied the file, and its history in git says why.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they applied the file with the exceptions, within the hour before.
//! 2. Run `iamwatch exceptions plan` on the file as it is in git: what it would change is what somebody else wrote.
//! 3. If they did not: cut off their credentials, and run `iamwatch exceptions apply` on that file.
//! 4. Run `iamwatch exceptions report`: it says what each exception suppressed, and when last. Look in CloudTrail at all
//!    calls of its actor since this event, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::exceptions::id_of_parameter;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "own-exceptions-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-21"],
    calls: &[Calls {
        source: "ssm.amazonaws.com",
        names: &["DeleteParameter", "DeleteParameters", "LabelParameterVersion", "PutParameter"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("own_exceptions_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let stack = &context.config.stack;
    let list = event.request_value("names").and_then(Value::as_array).into_iter().flatten();
    let named = list.filter_map(Value::as_str).chain(event.request("name"));
    let ids: Vec<&str> = named.filter_map(|name| id_of_parameter(name, stack)).collect();
    let (first, more) = ids.split_first()?;
    let did = match event.call() {
        "PutParameter" => "wrote",
        "LabelParameterVersion" => "labelled a version of",
        _ => "deleted",
    };
    let what = match more.len() {
        0 => format!("exception {first}"),
        1 => format!("exception {first} and one more"),
        more => format!("exception {first} and {more} more"),
    };
    Some(
        DETECTION
            .finding(event, format!("{did} {what}, part of iamwatch"))
            // A file that is applied touches many: it is one incident.
            .target(Target { kind: "stack".to_owned(), name: stack.clone(), arn: None })
            .evidence("Exceptions", ids.join(", ")),
    )
}
