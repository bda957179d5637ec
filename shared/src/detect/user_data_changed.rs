//! # Startup script changed
//!
//! The user data of an existing EC2 instance was changed, or a new version of a launch template brings user data.
//!
//! ## Why it matters
//!
//! User data runs as root at the next start, on a machine that has a role already. Stop, change, start: whoever may do these
//! three becomes that role.
//!
//! ## False alarms
//!
//! Terraform changes user data in place, between a stop and a start. A new version of a launch template is part of most
//! deployments and for the record, as is what CloudFormation does.
//!
//! ## What to do
//!
//! 1. Read the user data of the instance, with `aws ec2 describe-instance-attribute --attribute userData`: CloudTrail keeps it
//!    out of the event.
//! 2. Ask whoever is named under Who; if they do not know of it, keep the instance stopped.
//! 3. List `StopInstances` and `StartInstances` by the same ARN in the hour before and after, by `requestParameters`.
//! 4. List all calls by the instance's role since then, by `sessionContext.sessionIssuer.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique, anywhere, for_the_record_by_service};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "user-data-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1059.009", was: None, name: "Command and Scripting Interpreter: Cloud API" }],
    covers: &["IAMC-42"],
    calls: &[Calls { source: "ec2.amazonaws.com", names: &["CreateLaunchTemplateVersion", "ModifyInstanceAttribute"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("user_data_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let named = event.request("attribute") == Some("userData");
    if !named && !event.record().get("requestParameters").is_some_and(brings_user_data)
        || event.actor.is_service_by_itself()
    {
        return None;
    }
    let instance = event.call() == "ModifyInstanceAttribute";
    let (kind, name) = if instance {
        ("instance", anywhere(event, "instanceId"))
    } else {
        ("launch template", anywhere(event, "launchTemplateName").or_else(|| anywhere(event, "launchTemplateId")))
    };
    let name = name.unwrap_or("unknown");
    let target = Target { kind: kind.to_owned(), name: name.to_owned(), arn: None };
    let finding = if instance {
        DETECTION.finding(event, format!("changed the user data of instance {name}"))
    } else {
        DETECTION
            .finding(event, format!("made a version of launch template {name} with user data"))
            .severity(Severity::Low)
            .evidence_if("Profile", event.passed_roles().first().map(|profile| profile.role))
    };
    Some(for_the_record_by_service(event, finding.target(target)))
}

/// Whether user data stands anywhere in the parameters: its value is never logged.
fn brings_user_data(value: &Value) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.eq_ignore_ascii_case("userData") && !value.is_null() || brings_user_data(value)),
        Value::Array(list) => list.iter().any(brings_user_data),
        _ => false,
    }
}
