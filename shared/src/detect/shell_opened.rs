//! # Shell opened on a machine with a role
//!
//! Somebody opened a session on an EC2 instance, in a container or on a notebook, through AWS and not over the network.
//!
//! ## Why it matters
//!
//! In that shell they act as the role of the instance, the task or the notebook, whatever their own rights are.
//!
//! ## False alarms
//!
//! People who look after machines do it every day, so it is for the record: it tells who was inside when something else is found.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they did there.
//! 2. List all calls by the role of the machine since the event, by `sessionContext.sessionIssuer.arn`.
//! 3. If they do not know of it: end the session with `aws ssm terminate-session`, cut off their credentials, and keep the
//!    machine for whoever looks into it.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "shell-opened",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1651", was: None, name: "Cloud Administration Command" }],
    covers: &["IAMC-43"],
    calls: &[
        Calls { source: "ecs.amazonaws.com", names: &["ExecuteCommand"] },
        Calls {
            source: "sagemaker.amazonaws.com",
            names: &["CreatePresignedDomainUrl", "CreatePresignedNotebookInstanceUrl"],
        },
        Calls { source: "ssm.amazonaws.com", names: &["StartSession"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("shell_opened.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let (kind, parameter) = match event.call() {
        "ExecuteCommand" => ("task", "task"),
        "CreatePresignedDomainUrl" => ("notebook of", "userProfileName"),
        "CreatePresignedNotebookInstanceUrl" => ("notebook", "notebookInstanceName"),
        _ => ("machine", "target"),
    };
    let whole = event.request(parameter)?;
    let name = whole.rsplit('/').next().unwrap_or(whole);
    let act = match event.request("documentName") {
        Some(document) if document.contains("PortForwarding") => format!("forwarded a port through {kind} {name}"),
        _ => format!("opened a shell on {kind} {name}"),
    };
    let arn = whole.starts_with("arn:").then(|| whole.to_owned());
    Some(
        DETECTION
            .finding(event, act)
            .target(Target { kind: kind.to_owned(), name: name.to_owned(), arn })
            .evidence_if("Container", event.request("container"))
            .evidence_if("Command", event.request("command"))
            .evidence_if("Document", event.request("documentName"))
            .evidence_if("Reason", event.request("reason"))
            .evidence_if("Session", event.response("sessionId")),
    )
}
