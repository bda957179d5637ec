//! # iamwatch itself was changed
//!
//! Something that iamwatch is made of was changed, switched off or deleted: its stack, functions, rules, targets,
//! topic, subscriptions, table, bus, queues or alarms.
//!
//! ## Why it matters
//!
//! Whoever can change iamwatch can silence it. If this alert is about its rules or its topic, it may be the last one.
//!
//! ## False alarms
//!
//! Your own deployment. What CloudFormation does for it is lowered, unless it switches something off.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they are deploying iamwatch, now.
//! 2. If not: cut off their credentials, then deploy the stack again from its source.
//! 3. Send a test event through and see that its alert arrives.
//! 4. For the time in between, list all calls by that ARN in CloudTrail's event history, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique, own_name, unless_deployed};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "own-stack-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-21"],
    calls: &[
        Calls {
            source: "cloudformation.amazonaws.com",
            names: &["DeleteStack", "ExecuteChangeSet", "UpdateStack", "UpdateTerminationProtection"],
        },
        Calls {
            source: "dynamodb.amazonaws.com",
            names: &["DeleteResourcePolicy", "DeleteTable", "PutResourcePolicy", "UpdateTable", "UpdateTimeToLive"],
        },
        Calls {
            source: "events.amazonaws.com",
            names: &[
                "DeleteEventBus",
                "DeleteRule",
                "DisableRule",
                "PutPermission",
                "PutRule",
                "PutTargets",
                "RemovePermission",
                "RemoveTargets",
            ],
        },
        Calls {
            source: "lambda.amazonaws.com",
            names: &[
                "AddPermission*",
                "DeleteFunction*",
                "PutFunctionConcurrency*",
                "RemovePermission*",
                "UpdateFunctionCode*",
                "UpdateFunctionConfiguration*",
            ],
        },
        Calls { source: "logs.amazonaws.com", names: &["DeleteLogGroup"] },
        Calls { source: "monitoring.amazonaws.com", names: &["DeleteAlarms", "DisableAlarmActions"] },
        Calls {
            source: "sns.amazonaws.com",
            names: &[
                "AddPermission",
                "DeleteTopic",
                "RemovePermission",
                "SetSubscriptionAttributes",
                "SetTopicAttributes",
                "Subscribe",
                "Unsubscribe",
            ],
        },
        Calls {
            source: "sqs.amazonaws.com",
            names: &["AddPermission", "DeleteQueue", "PurgeQueue", "RemovePermission", "SetQueueAttributes"],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("own_stack_changed.rs")),
    detect,
};

/// The parameters that name a resource.
const NAMED_BY: [&str; 12] = [
    "stackName",
    "functionName",
    "name",
    "rule",
    "eventBusName",
    "topicArn",
    "subscriptionArn",
    "tableName",
    "resourceArn",
    "queueUrl",
    "logGroupName",
    "alarmNames",
];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let stack = &context.config.stack;
    let own = own_resource(event, stack)?;
    let change = change(event)?;
    // A rule on our bus is ours under any name.
    let resource = event.request("rule").or_else(|| event.request("name")).unwrap_or(own);
    let (severity, did) = match change {
        Change::Blinds(did) => (Severity::Critical, did),
        Change::Changes(did) => (Severity::High, did),
        Change::Deploys => (Severity::Medium, "deployed stack"),
    };
    let of = if event.source == "cloudformation.amazonaws.com" { "iamwatch itself" } else { "part of iamwatch" };
    let undo = match event.call() {
        "DisableRule" | "PutRule" if matches!(change, Change::Blinds(_)) => {
            event.request("name").and_then(|rule| undo::enable_rule(rule, event.request("eventBusName"), &event.region))
        }
        "PutFunctionConcurrency" => {
            event.request("functionName").and_then(|function| undo::unlimit_function(function, &event.region))
        }
        _ => None,
    };
    Some(
        DETECTION
            .finding(event, format!("{did} {resource}, {of}"))
            .severity(unless_deployed(event, severity))
            // A deployment touches much: it is one incident.
            .target(Target { kind: "stack".to_owned(), name: stack.clone(), arn: None })
            .evidence("Resource", resource)
            .undo(undo),
    )
}

/// What a call does to the resource it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// iamwatch sees or says less.
    Blinds(&'static str),
    Changes(&'static str),
    /// `CloudFormation` is told to; what it then does comes as events of its own.
    Deploys,
}

fn change(event: &Event) -> Option<Change> {
    let service = event.source.split('.').next()?;
    Some(match (service, event.call()) {
        ("cloudformation", "DeleteStack") => Change::Blinds("deleted stack"),
        ("cloudformation", "UpdateTerminationProtection") => {
            let protects = event.request_value("enableTerminationProtection").and_then(Value::as_bool);
            if protects == Some(true) {
                return None;
            }
            Change::Changes("took the deletion protection from stack")
        }
        ("cloudformation", _) => Change::Deploys,
        ("dynamodb", "DeleteTable") => Change::Blinds("deleted table"),
        ("dynamodb", "DeleteResourcePolicy" | "PutResourcePolicy") => Change::Changes("changed who may write table"),
        ("dynamodb", _) => Change::Changes("changed table"),
        ("events", "DeleteEventBus") => Change::Blinds("deleted event bus"),
        ("events", "DeleteRule") => Change::Blinds("deleted rule"),
        ("events", "DisableRule") => Change::Blinds("disabled rule"),
        ("events", "RemoveTargets") => Change::Blinds("removed the targets from rule"),
        ("events", "PutRule") if event.request("state") == Some("DISABLED") => Change::Blinds("disabled rule"),
        ("events", "PutRule") => Change::Changes("changed rule"),
        ("events", "PutTargets") => Change::Changes("changed the targets of rule"),
        ("events", _) => Change::Changes("changed who may use event bus"),
        ("lambda", "DeleteFunction") => Change::Blinds("deleted function"),
        ("lambda", "PutFunctionConcurrency") => {
            match event.request_value("reservedConcurrentExecutions").and_then(Value::as_u64) {
                Some(0) => Change::Blinds("stopped function"),
                _ => Change::Changes("limited function"),
            }
        }
        ("lambda", "RemovePermission") => Change::Blinds("took away who may invoke function"),
        ("lambda", "AddPermission") => Change::Changes("let others invoke function"),
        ("lambda", "UpdateFunctionCode") => Change::Changes("replaced the code of function"),
        ("lambda", "UpdateFunctionConfiguration") => Change::Changes("reconfigured function"),
        ("logs", _) => Change::Changes("deleted log group"),
        ("monitoring", "DeleteAlarms") => Change::Changes("deleted alarm"),
        ("monitoring", _) => Change::Changes("muted alarm"),
        ("sns", "DeleteTopic") => Change::Blinds("deleted topic"),
        ("sns", "Unsubscribe") => Change::Blinds("removed a subscriber from topic"),
        ("sns", "Subscribe") => Change::Changes("added a subscriber to topic"),
        ("sns", "SetSubscriptionAttributes") => Change::Changes("changed what a subscriber gets from topic"),
        ("sns", _) => Change::Changes("changed topic"),
        ("sqs", "DeleteQueue") => Change::Changes("deleted queue"),
        ("sqs", "PurgeQueue") => Change::Changes("emptied queue"),
        ("sqs", _) => Change::Changes("changed queue"),
        // `DeleteFunction*` admits calls such as `DeleteFunctionConcurrency`, which lifts a limit.
        _ => return None,
    })
}

/// The resource of this stack that the call names: its short name.
fn own_resource<'a>(event: &'a Event, stack: &str) -> Option<&'a str> {
    NAMED_BY.iter().find_map(|key| match event.request_value(key)? {
        Value::String(text) => own_name(text, stack),
        Value::Array(list) => list.iter().filter_map(Value::as_str).find_map(|text| own_name(text, stack)),
        _ => None,
    })
}
