//! # Lambda function stopped or deleted
//!
//! A function was limited to no invocations at all, which stops it, or was deleted.
//!
//! ## Why it matters
//!
//! Functions that answer to findings and alerts can be stopped like any other. A function without invocations looks whole:
//! its code, its triggers and its role are as before.
//!
//! ## False alarms
//!
//! Whoever wants a runaway function to stop does the same. Functions are deleted every day: that is recorded only, unless
//! the name says that it serves security.
//!
//! ## What to do
//!
//! 1. See what the function did. If it was to run, lift the limit with the command under Undo.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, tells_people};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "function-stopped",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[
        Technique { id: "T1489", was: None, name: "Service Stop" },
        Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" },
    ],
    covers: &[],
    calls: &[Calls { source: "lambda.amazonaws.com", names: &["DeleteFunction*", "PutFunctionConcurrency*"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("function_stopped.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    // A name, an ARN, or part of one: the name is what follows `function:`.
    let given = event.request("functionName")?;
    let function = given.rsplit_once("function:").map_or(given, |(_, name)| name);
    let security = tells_people(function);
    let (severity, act, undo) = match event.call() {
        "PutFunctionConcurrency" => {
            let limit = event.request_value("reservedConcurrentExecutions").and_then(serde_json::Value::as_u64)?;
            if limit > 0 {
                return None;
            }
            let severity = if security { Severity::High } else { Severity::Medium };
            (severity, "stopped", undo::unlimit_function(function, &event.region))
        }
        // One version of a function may go while the function stays.
        "DeleteFunction" if event.request("qualifier").is_none() => {
            (if security { Severity::Medium } else { Severity::Low }, "deleted", None)
        }
        // The prefix admits calls such as `DeleteFunctionConcurrency`, which lifts a limit.
        _ => return None,
    };
    let finding = DETECTION
        .finding(event, format!("{act} function {function}"))
        .severity(severity)
        .target(Target { kind: "function".to_owned(), name: function.to_owned(), arn: None })
        .undo(undo);
    blinding::weigh(event, finding)
}
