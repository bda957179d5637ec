//! # Role handed to a service
//!
//! Somebody made a service act as a role: a function, an instance, a job, a build or a stack that runs as it. AWS calls it
//! `iam:PassRole` and records it only here, in the call that receives the role.
//!
//! ## Why it matters
//!
//! Whoever says what the service does now does it with the rights of the role. It is the most common way from few rights to
//! many.
//!
//! ## False alarms
//!
//! Deployments do it all day, so it is for the record. It is louder where the call itself is telling: the service gives the
//! caller a shell or the role's credentials, the call brings a startup script, or the role is of an
//! account that has no name in the configuration. A role of iamwatch is passed by its own deployment alone. Who passes which role to which service is learned: a new pair is told, and
//! makes what is telling HIGH.
//!
//! ## What to do
//!
//! 1. Look at what the role under Evidence may do. If the actor could do no less, nothing was won.
//! 2. Ask whoever is named under Who what it is for; if they do not know of it, delete what the call made, and cut off their
//!    credentials.
//! 3. List all calls by the role since the event, by `sessionContext.sessionIssuer.arn`.
//! 4. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service, own_name, unknown_account};
use crate::event::{Event, Passed, PassedKind, RECEIVERS, Receiver, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::script;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-passed",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1548.005",
        was: None,
        name: "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
    }],
    covers: &["IAMC-34", "IAMC-36", "IAMC-37", "IAMC-39"],
    calls: &CALLS,
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_passed.rs")),
    detect,
};

/// Who passes which role to which service.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "role-passed", asked_by: &[&DETECTION], what: What::Habit(who_and_what) };

const CALLS: [Calls; RECEIVERS.len()] = calls_of(RECEIVERS);

const fn calls_of<const N: usize>(receivers: &[Receiver]) -> [Calls; N] {
    let mut calls = [Calls { source: "", names: &[] }; N];
    let (mut slots, mut receivers): (&mut [Calls], _) = (&mut calls, receivers);
    while let ([slot, other_slots @ ..], [receiver, others @ ..]) = (slots, receivers) {
        *slot = Calls { source: receiver.source, names: receiver.calls };
        (slots, receivers) = (other_slots, others);
    }
    calls
}

/// Calls after which the caller acts as the role itself, and how. They set something up; a session that people open in it every
/// day, such as Glue's `CreateSession`, is for the record.
const GIVES: [(&str, &[&str], &str); 7] = [
    ("appstream.amazonaws.com", &["CreateAppBlockBuilder", "CreateImageBuilder"], "a desktop that runs as the role"),
    ("bedrock-agentcore.amazonaws.com", &["CreateCodeInterpreter"], "an interpreter that runs any code as the role"),
    ("elasticmapreduce.amazonaws.com", &["CreateStudio"], "notebooks that run as the role"),
    ("glue.amazonaws.com", &["CreateDevEndpoint"], "a machine to sign in to that runs as the role"),
    ("iot.amazonaws.com", &["CreateRoleAlias", "UpdateRoleAlias"], "the role's credentials for a device"),
    (
        "sagemaker.amazonaws.com",
        &["CreateNotebookInstance", "UpdateNotebookInstance"],
        "a notebook that runs as the role",
    ),
    (
        "ssm.amazonaws.com",
        &["CreateActivation", "UpdateManagedInstanceRole"],
        "the role's credentials for a machine outside",
    ),
];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let passed = event.passed_roles();
    let guests = event.request("roles.unauthenticated").filter(|_| is_for_guests(event));
    let outside = |passed: &Passed<'_>| unknown_account(passed.role, event, context).is_some();
    let loudest = |passed: &&Passed<'_>| outside(passed) || guests == Some(passed.role);
    let first = passed.iter().find(loudest).or(passed.first())?;
    let (what, label) = match first.kind {
        PassedKind::Role => ("role", "Role"),
        PassedKind::InstanceProfile => ("instance profile", "Instance profile"),
    };
    let parameter = first.parameter.trim_end_matches(".arn|name");
    let others: Vec<&str> = passed.iter().filter(|other| other.role != first.role).map(|other| other.role).collect();
    let target = Target {
        kind: what.to_owned(),
        name: first.name().to_owned(),
        arn: first.role.starts_with("arn:").then(|| first.role.to_owned()),
    };
    let finding = DETECTION
        .finding(event, format!("passed {what} {} to {}", first.name(), first.service))
        .target(target)
        .evidence(label, first.role)
        .evidence("Call", format!("{}, parameter {parameter}", event.name))
        .evidence_if("For", made_for(event))
        .evidence_if("Other roles", (!others.is_empty()).then(|| others.join(", ")));
    let mut finding = grant::passing(context, telling(event, outside(first), finding));
    if passed.iter().any(|passed| own_name(passed.role, &context.config.stack).is_some()) {
        // What runs as it is believed as iamwatch's own functions are.
        finding = finding
            .severity(Severity::High)
            .evidence("Of iamwatch", "whoever runs as this role can write what iamwatch believes");
    }
    let since = context.facts.first_since(REMEMBERS.id);
    let words = since.map(|since| format!("it passed this role to this service never before, since {since}"));
    // What is telling by itself is more so where it is new.
    let severity =
        if words.is_some() && finding.severity == Severity::Medium { Severity::High } else { finding.severity };
    Some(for_the_record_by_service(event, finding.severity(severity).evidence_if("First", words)))
}

/// What runs as the role, where the call names it.
fn made_for(event: &Event) -> Option<String> {
    let target = event.target();
    let role = matches!(target.kind.as_str(), "role" | "instance profile" | "account");
    (!role).then(|| target.to_string())
}

/// Raises what the call itself gives away.
fn telling(event: &Event, outside: bool, mut finding: Finding) -> Finding {
    let facts = [
        ("Gives the caller", GIVES.iter().find(|(source, calls, _)| event.is(source, calls)).map(|(_, _, what)| *what)),
        ("Account", outside.then_some("the role is of another account")),
        ("Startup script", brings_user_data(event).then_some("the call brings user data, which runs as the role")),
        ("Guests", is_for_guests(event).then_some("everybody gets the role, without signing in")),
    ];
    for (label, fact) in facts {
        let Some(fact) = fact else { continue };
        finding.severity = finding.severity.max(Severity::Medium);
        finding = finding.evidence(label, fact);
    }
    let parameters = event.record().get("requestParameters").map(script::texts).unwrap_or_default();
    script::judged(finding, &parameters)
}

/// A launch template brings user data as a rule; what somebody starts by hand does not.
fn brings_user_data(event: &Event) -> bool {
    let launches = ["RequestSpotInstances", "RunInstances", "RunScheduledInstances"];
    let given = |path: &str| event.request_value(path).is_some_and(|value| !value.is_null());
    event.is("ec2.amazonaws.com", &launches) && (given("userData") || given("launchSpecification.userData"))
}

fn is_for_guests(event: &Event) -> bool {
    event.is("cognito-identity.amazonaws.com", &["SetIdentityPoolRoles"])
        && event.request("roles.unauthenticated").is_some()
}

fn who_and_what(event: &Event) -> Option<Pair> {
    let passed = event.passed_roles();
    let first = passed.first()?;
    Pair::of_caller(event, &[first.role, &event.source])
}
