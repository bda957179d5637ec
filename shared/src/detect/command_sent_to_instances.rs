//! # Command run on instances
//!
//! Somebody sent a command to EC2 instances or other machines through Systems Manager, which runs it as root, or had it run
//! there again and again by an association.
//!
//! ## Why it matters
//!
//! Whoever may send commands is root on the machines, and acts as their roles. Sent to all of them at once, it is how ransomware
//! and miners are spread.
//!
//! ## False alarms
//!
//! Patching and configuration run this way all day, so a command to a few is for the record. A command to all or fifty at once
//! is MEDIUM, as is one whose document another account owns, and the tenth within an hour that goes to other machines than
//! those before, if the sender never sent one there. So is the first script that an IAM user or a person brings: whoever does it
//! every day is told once.
//!
//! ## What to do
//!
//! 1. Read the command: `aws ssm list-commands --command-id` or `aws ssm describe-association --association-id` with the id under
//!    Evidence; CloudTrail keeps it out of the event.
//! 2. Ask whoever is named under Who; if they do not know of it, cancel it with `aws ssm cancel-command` or
//!    `aws ssm delete-association`, and cut off their credentials.
//! 3. List all calls by the instances' roles since the event, by `sessionContext.sessionIssuer.arn`.
//! 4. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service, unknown_account};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::fingerprint;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "command-sent-to-instances",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1651", was: None, name: "Cloud Administration Command" }],
    covers: &["IAMC-43"],
    calls: &[Calls { source: "ssm.amazonaws.com", names: &["CreateAssociation", "SendCommand"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("command_sent_to_instances.rs")),
    detect,
};

/// Machines, or sets of them, that one principal sends commands to.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "command-sent-to-instances",
    asked_by: &[&DETECTION],
    what: What::Tally { of: sent_now, window: SignedDuration::from_hours(1), speaks_from: 1 },
};

/// A principal and the machines that it sends commands to.
pub(super) static SENT_BEFORE: Remembering =
    Remembering { id: "command-sent-before", asked_by: &[&DETECTION], what: What::Habit(sender_and_machines) };

/// Who has run scripts of their own.
pub(super) static SCRIPTS: Remembering =
    Remembering { id: "script-sent", asked_by: &[&DETECTION], what: What::Habit(who_brings_a_script) };

/// Documents of AWS's that run what the caller brings.
const RUN_ANYTHING: [&str; 6] = [
    "AWS-ApplyAnsiblePlaybooks",
    "AWS-RunAnsiblePlaybook",
    "AWS-RunDocument",
    "AWS-RunPowerShellScript",
    "AWS-RunRemoteScript",
    "AWS-RunShellScript",
];

/// One after another.
const MANY_IN_AN_HOUR: usize = 10;

/// As many as one call can name.
const MANY: usize = 50;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let list = |key: &str| event.request_value(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (instances, targets) = (list("instanceIds"), list("targets"));
    let everywhere = targets.iter().any(names_all);
    let whom = match (instances, targets) {
        _ if everywhere => "all instances".to_owned(),
        ([one], []) => format!("instance {}", one.as_str().unwrap_or("unknown")),
        ([], []) => format!("instance {}", event.request("instanceId").unwrap_or("unknown")),
        ([], _) => format!("instances by {}", targets.iter().filter_map(key).collect::<Vec<_>>().join(" and ")),
        (some, _) => format!("{} instances", some.len()),
    };
    let document = document(event).unwrap_or("unknown");
    let name = bare(document);
    let outside = unknown_account(document, event, context);
    let sent = context.facts.tally(REMEMBERS.id);
    let in_a_row = sent >= MANY_IN_AN_HOUR && !context.facts.was_seen(SENT_BEFORE.id);
    let by_hand = event.actor.is_in_person() && !event.actor.is_program();
    let first = by_hand && context.facts.is_first(SCRIPTS.id);
    let loud = first || everywhere || instances.len() >= MANY || outside.is_some() || in_a_row;
    let act = match event.call() {
        "CreateAssociation" => format!("had {name} run on {whom} from now on"),
        _ => format!("ran {name} on {whom}"),
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(if loud { Severity::Medium } else { Severity::Low })
        .target(Target { kind: "document".to_owned(), name: name.to_owned(), arn: None })
        .evidence("Document", document)
        .evidence_if("From outside", outside.map(|account| format!("the document is of account {account}")))
        .evidence_if("First", first.then_some("iamwatch saw them run no script of their own before"))
        .evidence_if("In a row", in_a_row.then(|| format!("commands to {sent} different targets within an hour")))
        .evidence_if("Targets", (!targets.is_empty()).then(|| Value::from(targets).to_string()))
        .evidence_if("Schedule", event.request("scheduleExpression"))
        .evidence_if("Association id", event.response("associationDescription.associationId"))
        .evidence_if("Command id", event.response("command.commandId"));
    Some(for_the_record_by_service(event, finding))
}

/// By its name or its ARN.
fn document(event: &Event) -> Option<&str> {
    event.request("documentName").or_else(|| event.request("name"))
}

fn bare(document: &str) -> &str {
    document.rsplit('/').next().unwrap_or(document)
}

fn who_brings_a_script(event: &Event) -> Option<Pair> {
    let runs = document(event).is_some_and(|document| RUN_ANYTHING.contains(&bare(document)));
    runs.then(|| Pair::of_caller(event, &[]))?
}

fn key(target: &Value) -> Option<&str> {
    target.get("key")?.as_str()
}

/// `InstanceIds` or a tag with the one value `*`.
fn names_all(target: &Value) -> bool {
    let values = target.get("values").and_then(Value::as_array);
    values.is_some_and(|values| values.iter().any(|value| value == "*"))
        && key(target).is_some_and(|key| key == "InstanceIds" || key.starts_with("tag:"))
}

/// By the machines that the call names, or the words that choose them.
fn machines(event: &Event) -> Option<String> {
    let list = |key: &str| event.request_value(key).and_then(Value::as_array);
    let lists = ["instanceIds", "targets"].into_iter().filter_map(list);
    let one = event.request_value("instanceId");
    let mut named: Vec<String> = lists.flatten().chain(one).map(Value::to_string).collect();
    named.sort_unstable();
    (!named.is_empty()).then(|| fingerprint::of(named.iter().map(String::as_str), 12))
}

fn sent_now(event: &Event) -> Option<Member> {
    Member::of_caller(event, machines(event)?)
}

fn sender_and_machines(event: &Event) -> Option<Pair> {
    Pair::of_caller(event, &[&machines(event)?])
}
