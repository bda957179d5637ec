//! # CloudWatch logs deleted
//!
//! A log group or a log stream of CloudWatch was deleted, or a log group that serves security was told to keep its logs
//! for a week or less.
//!
//! ## Why it matters
//!
//! Deleted logs are gone. Those of CloudTrail, of flow logs and of audits show what an attacker did; those of a function
//! show what was done with it.
//!
//! ## False alarms
//!
//! Teams delete the log groups of what they take down; all that one principal deletes is one incident, and whoever did the same
//! before is for the record, unless the name serves security. What
//! CloudFormation deletes is one step quieter.
//!
//! ## What to do
//!
//! 1. If the log group belongs to a trail, a flow log or an audit: see whether it still delivers, and where to.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`: what was to be hidden came before.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_if_done_before};
use crate::blinding::{self, serves_security};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "logs-deleted",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[
        Technique { id: "T1070", was: None, name: "Indicator Removal" },
        Technique {
            id: "T1685.002",
            was: Some("T1562.008"),
            name: "Disable or Modify Tools: Disable or Modify Cloud Log",
        },
    ],
    covers: &["TAMP-10", "TAMP-25"],
    calls: &[Calls {
        source: "logs.amazonaws.com",
        names: &["DeleteLogGroup", "DeleteLogStream", "PutRetentionPolicy"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("logs_deleted.rs")),
    detect,
};

/// Days.
const A_WEEK: u64 = 7;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let group = event.request("logGroupName").unwrap_or("of unknown name");
    let stream = event.request("logStreamName").unwrap_or_default();
    let security = tells_of_attacks(group) || is_trails(stream);
    let (severity, act) = match event.call() {
        "DeleteLogGroup" => {
            (if security { Severity::High } else { Severity::Medium }, format!("deleted log group {group}"))
        }
        "DeleteLogStream" => {
            let severity = if security { Severity::High } else { Severity::Low };
            (severity, format!("deleted a log stream of log group {group}"))
        }
        _ => {
            let days = event.request_value("retentionInDays").and_then(serde_json::Value::as_u64)?;
            if !security || days > A_WEEK {
                return None;
            }
            (Severity::Medium, format!("made log group {group} keep its logs for {}", blinding::days(days)))
        }
    };
    // Whoever takes a system down deletes many: they are told once. Those that matter are told each.
    let target = if security {
        Target { kind: "log group".to_owned(), name: group.to_owned(), arn: None }
    } else {
        Target::account(&event.account)
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(target)
        .evidence_if("Log stream", (!stream.is_empty()).then_some(stream))
        .evidence_if("Serves security", security.then_some("by its name"));
    blinding::weigh(event, for_the_record_if_done_before(context, finding))
}

/// The control plane of a Kubernetes cluster writes its audit log to `/aws/eks/CLUSTER/cluster`.
fn tells_of_attacks(group: &str) -> bool {
    let cluster = group.strip_prefix("/aws/eks/").is_some_and(|rest| rest.ends_with("/cluster"));
    cluster || serves_security(group)
}

/// `CloudTrail` names its streams `ACCOUNT_CloudTrail_REGION`, whatever the group is called.
fn is_trails(stream: &str) -> bool {
    stream.contains("_CloudTrail_")
}
