//! # Job started with another command
//!
//! Somebody submitted an AWS Batch job that runs another command than its definition says, the first time with that
//! definition.
//!
//! ## Why it matters
//!
//! The job runs as the role of its definition. Who may submit jobs and say what they run has that role's rights, without
//! passing a role.
//!
//! ## False alarms
//!
//! Workflow tools give each job its command, all day: a principal and a definition that belong together are learned, and
//! only a new pair is told, for the record. It is louder where the command itself looks like an attack.
//!
//! ## What to do
//!
//! 1. Read the command under Evidence.
//! 2. Ask whoever is named under Who; if they do not know of it, `aws batch terminate-job` with the id under Job, and cut
//!    off their credentials.
//! 3. List all calls by the job's role since the event, by `sessionContext.sessionIssuer.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::script;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "job-overridden",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1059", was: None, name: "Command and Scripting Interpreter" }],
    covers: &["IAMC-48"],
    calls: &[Calls { source: "batch.amazonaws.com", names: &["SubmitJob"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("job_overridden.rs")),
    detect,
};

/// A principal and the definition whose command it replaces.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "job-overridden", asked_by: &[&DETECTION], what: What::Habit(caller_and_definition) };

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let command = command(event).filter(|_| !event.actor.is_service())?;
    let definition = definition(event)?;
    let finding = DETECTION
        .finding(event, format!("submitted a job of {definition} with another command"))
        .target(Target { kind: "job definition".to_owned(), name: definition.to_owned(), arn: None })
        .evidence("Command", command.as_str())
        .evidence_if("Job", event.response("jobId"))
        .evidence_if("Queue", event.request("jobQueue"));
    let judged = script::judged(finding.clone(), &command);
    let first = context.facts.first_since(REMEMBERS.id).is_some_and(|since| !since.is_again());
    (first || judged != finding).then_some(judged)
}

fn command(event: &Event) -> Option<String> {
    let words = event.request_value("containerOverrides.command")?.as_array()?;
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Its name without the version: `report` of `arn:…:job-definition/report:7`.
fn definition(event: &Event) -> Option<&str> {
    let given = event.request("jobDefinition")?;
    let name = given.rsplit('/').next()?;
    Some(name.split(':').next().unwrap_or(name))
}

fn caller_and_definition(event: &Event) -> Option<Pair> {
    command(event)?;
    Pair::of_caller(event, &[definition(event)?])
}
