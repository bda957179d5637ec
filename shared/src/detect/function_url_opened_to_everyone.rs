//! # Function URL opened to everyone
//!
//! A Lambda function got a URL that asks nobody who they are.
//!
//! ## Why it matters
//!
//! Together with a permission for everyone, anybody on the internet can start the function with whatever they send. It
//! is also a back door: a function of the attacker's behind such a URL answers for as long as it is there, whatever
//! happens to credentials.
//!
//! ## False alarms
//!
//! Webhooks and small public services are made like this on purpose. Their code checks who calls.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the URL is for, and read the function's code as it is now.
//! 2. If nobody wants it: take the URL away with the command under Undo.
//! 3. List the `AddPermission*`, `UpdateFunctionCode*` and `UpdateFunctionConfiguration*` calls for this function in
//!    the 24 hours around the event, by `requestParameters.functionName`.
//! 4. List all calls by the function's role since the event, by `sessionContext.sessionIssuer.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "function-url-opened-to-everyone",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1133", was: None, name: "External Remote Services" }],
    covers: &["EXTA-12"],
    calls: &[Calls {
        source: "lambda.amazonaws.com",
        // The API is of 2021; records with and without its date are known.
        names: &["CreateFunctionUrlConfig*", "UpdateFunctionUrlConfig*"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("function_url_opened_to_everyone.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.request("authType") != Some("NONE") {
        return None;
    }
    let name = event.request("functionName")?;
    let function = opening::target("function", name);
    let act = match event.call() {
        "CreateFunctionUrlConfig" => format!("gave {function} a URL that asks nobody who they are"),
        _ => format!("made the URL of {function} ask nobody who they are"),
    };
    let undo = undo::delete_function_url(name, &event.region).filter(|_| event.request("qualifier").is_none());
    Some(
        DETECTION
            .finding(event, act)
            .target(function)
            .evidence_if("URL", event.response("functionUrl"))
            .evidence_if("Version or alias", event.request("qualifier"))
            .undo(undo),
    )
}
