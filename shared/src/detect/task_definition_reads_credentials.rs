//! # Task definition that takes its own credentials
//!
//! Somebody registered an ECS task definition whose command asks the credentials endpoint for the task's credentials, by
//! name.
//!
//! ## Why it matters
//!
//! Programs get them through the SDK and never name the endpoint. A command that does wants to print the credentials or
//! send them away: where a strong role can be passed, that is a way to become it.
//!
//! ## False alarms
//!
//! An old tool without a current SDK, whose start script fetches credentials for it.
//!
//! ## What to do
//!
//! 1. Read the command above: where do the credentials go?
//! 2. If they leave the task: deregister the definition with the command under Undo, stop its tasks, and cut off the
//!    credentials of whoever is named under Who.
//! 3. List the `RunTask` and `UpdateService` calls since, by `requestParameters.taskDefinition`.
//! 4. List all calls by the task's role since, by `sessionContext.sessionIssuer.arn`, from addresses other than the
//!    tasks'.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "task-definition-reads-credentials",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1525", was: None, name: "Implant Internal Image" }],
    covers: &["CRED-38"],
    calls: &[Calls { source: "ecs.amazonaws.com", names: &["RegisterTaskDefinition"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("task_definition_reads_credentials.rs")),
    detect,
};

/// How a command names the endpoints that hand out credentials. The endpoint of ECS also tells what the task is, which
/// many programs ask for.
const ENDPOINTS: [&str; 4] = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "169.254.170.2/v2/credentials",
    "meta-data/iam/security-credentials",
];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let containers = event.request_value("containerDefinitions")?.as_array()?;
    let command = containers.iter().map(command).find(|command| ENDPOINTS.iter().any(|at| command.contains(at)))?;
    let family = event.request("family")?;
    let severity = if names_another_host(&command) { Severity::High } else { Severity::Medium };
    let arn = event.response("taskDefinition.taskDefinitionArn");
    Some(
        DETECTION
            .finding(event, format!("registered task definition {family}, which takes its own credentials"))
            .target(Target { kind: "task definition".to_owned(), name: family.to_owned(), arn: None })
            .severity(severity)
            .evidence("Command", command)
            .evidence_if("Task role", event.request("taskRoleArn"))
            .undo(arn.and_then(|arn| undo::deregister_task_definition(arn, &event.region))),
    )
}

/// All that a container is told to run, in one line.
fn command(container: &Value) -> String {
    let lists = [container.get("entryPoint"), container.get("command"), container.pointer("/healthCheck/command")];
    let words = lists.into_iter().flatten().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    words.collect::<Vec<_>>().join(" ")
}

/// Whether it names a host other than those that every machine has at its link-local address.
fn names_another_host(command: &str) -> bool {
    command.split("://").skip(1).any(|host| !host.starts_with("169.254."))
}
