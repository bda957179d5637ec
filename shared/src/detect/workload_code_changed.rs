//! # Code of a workload replaced
//!
//! What a function, state machine, job, build, service or stack consists of was replaced. It goes on to run with the role that it has.
//!
//! ## Why it matters
//!
//! Whoever writes the code acts as its role, and nobody had to hand that role over. It is also a quiet way to stay: the function
//! still does its work.
//!
//! ## False alarms
//!
//! Every deployment, so it is for the record. A container image out of an account that has no name in the configuration, and a
//! build whose commands are telling, are louder. So is the first code that an IAM user or a person brings, of each kind of
//! workload: whoever deploys every day is told once.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who which deployment this was; a pipeline has a run at the event's time.
//! 2. If there was none: put the last version back that came from the pipeline, and keep a copy of this one.
//! 3. List all calls by the workload's role since the event, by `sessionContext.sessionIssuer.arn`.
//! 4. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service, unknown_registry};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::script;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "workload-code-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1648", was: None, name: "Serverless Execution" }],
    covers: &["IAMC-40"],
    calls: &[
        Calls { source: "apprunner.amazonaws.com", names: &["UpdateService"] },
        Calls { source: "cloudformation.amazonaws.com", names: &["UpdateStack"] },
        Calls { source: "codebuild.amazonaws.com", names: &["UpdateProject"] },
        Calls { source: "codedeploy.amazonaws.com", names: &["CreateDeployment"] },
        Calls { source: "glue.amazonaws.com", names: &["UpdateJob"] },
        Calls { source: "lambda.amazonaws.com", names: &["UpdateFunctionCode*", "UpdateFunctionConfiguration*"] },
        Calls { source: "states.amazonaws.com", names: &["UpdateStateMachine"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("workload_code_changed.rs")),
    detect,
};

/// Who replaces code, and of what.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "workload-code-changed", asked_by: &[&DETECTION], what: What::Habit(who_and_what) };

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let Changed { kind, named_by, code } = changed(event)?;
    let arn = event.request(named_by)?;
    let name = arn.rsplit([':', '/']).next().unwrap_or(arn);
    // An App Runner service's ARN ends in an id that nobody knows.
    let name = if kind == "service" { arn.rsplit('/').nth(1).unwrap_or(name) } else { name };
    let code = code.as_deref();
    let outside = code.and_then(|code| unknown_registry(code, event, context));
    let act = match event.call() {
        "UpdateFunctionConfiguration" => format!("changed which code {kind} {name} runs"),
        "UpdateStack" => format!("gave {kind} {name} another template"),
        _ => format!("replaced the code of {kind} {name}"),
    };
    // Pipelines are roles, as a rule; and people deploy stacks and applications as they were made to be deployed.
    let by_hand = event.actor.is_in_person() && !event.actor.is_program() && !["stack", "application"].contains(&kind);
    let first = by_hand && context.facts.is_first(REMEMBERS.id);
    let finding = DETECTION
        .finding(event, act)
        .severity(if outside.is_some() || first { Severity::Medium } else { Severity::Low })
        .target(Target {
            kind: kind.to_owned(),
            name: name.to_owned(),
            arn: arn.starts_with("arn:").then(|| arn.to_owned()),
        })
        .evidence_if("First", first.then_some("iamwatch saw them replace no code of such a workload before"))
        .evidence_if("Code", code)
        .evidence_if("From outside", outside.map(|account| format!("the image is in account {account}")))
        .evidence_if("Runs as", event.response("role").or_else(|| event.response("project.serviceRole")));
    let commands = event.request("source.buildspec").unwrap_or_default();
    Some(for_the_record_by_service(event, script::judged(finding, commands)))
}

/// What runs other code from now on.
struct Changed {
    kind: &'static str,
    /// The parameter that names it.
    named_by: &'static str,
    /// Where the code is.
    code: Option<String>,
}

/// `None` where the call changes something else.
fn changed(event: &Event) -> Option<Changed> {
    let has = |path: &str| event.request_value(path).is_some_and(|value| !value.is_null());
    let text = |path: &str| event.request(path).map(str::to_owned);
    let (kind, named_by, code) = match event.call() {
        "UpdateFunctionCode" if event.request_value("dryRun") != Some(&serde_json::Value::Bool(true)) => {
            ("function", "functionName", text("imageUri").or_else(|| object(event, "s3Bucket", "s3Key")))
        }
        // Another handler or command is other code out of the same package.
        "UpdateFunctionConfiguration" if has("handler") || has("imageConfig") => {
            ("function", "functionName", text("handler").or_else(|| text("imageConfig.command")))
        }
        "UpdateStateMachine" if has("definition") => ("state machine", "stateMachineArn", None),
        "UpdateService" if has("sourceConfiguration") => {
            ("service", "serviceArn", text("sourceConfiguration.imageRepository.imageIdentifier"))
        }
        "UpdateJob" if has("jobUpdate.command.scriptLocation") => {
            ("job", "jobName", text("jobUpdate.command.scriptLocation"))
        }
        "UpdateProject" if has("source") || has("environment.image") => {
            ("build project", "name", text("environment.image").or_else(|| text("source.location")))
        }
        // A stack keeps the role that it was once given, and takes its next template with it.
        "UpdateStack" if has("templateURL") || has("templateBody") => ("stack", "stackName", text("templateURL")),
        "CreateDeployment" if has("revision") => (
            "application",
            "applicationName",
            text("revision.gitHubLocation.repository")
                .or_else(|| object(event, "revision.s3Location.bucket", "revision.s3Location.key")),
        ),
        _ => return None,
    };
    Some(Changed { kind, named_by, code })
}

fn who_and_what(event: &Event) -> Option<Pair> {
    Pair::of_caller(event, &[changed(event)?.kind])
}

fn object(event: &Event, bucket: &str, key: &str) -> Option<String> {
    Some(format!("s3://{}/{}", event.request(bucket)?, event.request(key).unwrap_or_default()))
}
