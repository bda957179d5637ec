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
//! The fifth machine within an hour is MEDIUM, if the same principal opened none on it before.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what they did there.
//! 2. List all calls by the role of the machine since the event, by `sessionContext.sessionIssuer.arn`.
//! 3. If they do not know of it: end the session with `aws ssm terminate-session`, cut off their credentials, and keep the
//!    machine for whoever looks into it.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
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

/// Machines that one principal gets into.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "shell-opened",
    asked_by: &[&DETECTION],
    what: What::Tally { of: entered_now, window: SignedDuration::from_hours(1), speaks_from: MANY_IN_AN_HOUR },
};

/// A principal and the machines that it gets into.
pub(super) static OPENED_BEFORE: Remembering =
    Remembering { id: "shell-opened-before", asked_by: &[&DETECTION], what: What::Habit(who_and_where) };

/// Each is opened by hand, one after another.
const MANY_IN_AN_HOUR: usize = 5;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let (kind, whole) = entered(event)?;
    let many = context.facts.tally(REMEMBERS.id);
    let in_a_row = many >= MANY_IN_AN_HOUR && !context.facts.was_seen(OPENED_BEFORE.id);
    let name = whole.rsplit('/').next().unwrap_or(whole);
    let act = match event.request("documentName") {
        Some(document) if document.contains("PortForwarding") => format!("forwarded a port through {kind} {name}"),
        _ => format!("opened a shell on {kind} {name}"),
    };
    let arn = whole.starts_with("arn:").then(|| whole.to_owned());
    Some(
        DETECTION
            .finding(event, act)
            .severity(if in_a_row { Severity::Medium } else { Severity::Low })
            .target(Target { kind: kind.to_owned(), name: name.to_owned(), arn })
            .evidence_if("In a row", in_a_row.then(|| format!("{many} different machines within an hour")))
            .evidence_if("Container", event.request("container"))
            .evidence_if("Command", event.request("command"))
            .evidence_if("Document", event.request("documentName"))
            .evidence_if("Reason", event.request("reason"))
            .evidence_if("Session", event.response("sessionId")),
    )
}

/// What the caller gets into, and what kind of thing it is.
fn entered(event: &Event) -> Option<(&'static str, &str)> {
    let (kind, parameter) = match event.call() {
        "ExecuteCommand" => ("task", "task"),
        "CreatePresignedDomainUrl" => ("notebook of", "userProfileName"),
        "CreatePresignedNotebookInstanceUrl" => ("notebook", "notebookInstanceName"),
        _ => ("machine", "target"),
    };
    Some((kind, event.request(parameter)?))
}

fn entered_now(event: &Event) -> Option<Member> {
    let (_, machine) = entered(event)?;
    Member::of_caller(event, machine)
}

fn who_and_where(event: &Event) -> Option<Pair> {
    let (_, machine) = entered(event)?;
    Pair::of_caller(event, &[machine])
}
