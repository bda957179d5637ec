//! # Logs of traffic switched off
//!
//! Flow logs of a network, logs of DNS queries, or the logs of a web or network firewall were deleted or switched off.
//!
//! ## Why it matters
//!
//! They show who talked to whom: where data went, and where commands came from. Written logs stay; new ones are not made.
//!
//! ## False alarms
//!
//! A network that is taken down, with its logs before it. What CloudFormation deletes is one step quieter.
//!
//! ## What to do
//!
//! 1. See which network the log was of, and whether that still stands. If it does, make the log again.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`, above all `RunInstances`,
//!    `AuthorizeSecurityGroupEgress` and `CreateRoute`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, listed, objects, parameter, text};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "traffic-logs-deleted",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-24", "TAMP-25"],
    calls: &[
        Calls { source: "ec2.amazonaws.com", names: &["DeleteFlowLogs"] },
        Calls { source: "network-firewall.amazonaws.com", names: &["UpdateLoggingConfiguration"] },
        Calls { source: "route53.amazonaws.com", names: &["DeleteQueryLoggingConfig"] },
        Calls {
            source: "route53resolver.amazonaws.com",
            names: &["DeleteResolverQueryLogConfig", "DisassociateResolverQueryLogConfig"],
        },
        Calls { source: "waf-regional.amazonaws.com", names: &["DeleteLoggingConfiguration"] },
        Calls { source: "waf.amazonaws.com", names: &["DeleteLoggingConfiguration"] },
        Calls { source: "wafv2.amazonaws.com", names: &["DeleteLoggingConfiguration"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("traffic_logs_deleted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let resource = ["resourceId", "resourceArn", "firewallName", "firewallArn"].iter().find_map(|key| text(event, key));
    let (kind, act) = match event.call() {
        "DeleteFlowLogs" => {
            let mut deleted = Vec::new();
            flow_logs(event.record().get("requestParameters"), &mut deleted);
            let act = match deleted.as_slice() {
                [] => "deleted flow logs".to_owned(),
                [one] => format!("deleted flow log {one}"),
                several => format!("deleted flow logs {}", listed(several)),
            };
            ("flow logs", act)
        }
        "DeleteResolverQueryLogConfig" => ("DNS logs", "deleted a log of DNS queries".to_owned()),
        "DisassociateResolverQueryLogConfig" => {
            ("DNS logs", format!("stopped logging the DNS queries of {}", resource.unwrap_or("a network")))
        }
        "DeleteQueryLoggingConfig" => ("DNS logs", "stopped logging the DNS queries for a hosted zone".to_owned()),
        "UpdateLoggingConfiguration" => {
            // Each call adds or takes away one destination; none left is off.
            let left = parameter(event, "loggingConfiguration.logDestinationConfigs");
            if !objects(left).is_empty() {
                return None;
            }
            ("firewall logs", "stopped the logs of a network firewall".to_owned())
        }
        _ => ("firewall logs", "stopped the logs of a web firewall".to_owned()),
    };
    let finding = DETECTION
        .finding(event, act)
        // Whoever blinds the network deletes one after the other: they are told once for each kind.
        .target(Target { kind: "network".to_owned(), name: kind.to_owned(), arn: None })
        .evidence_if("Of", resource)
        .evidence_if("Log", text(event, "resolverQueryLogConfigId").or_else(|| text(event, "id")));
    blinding::weigh(event, finding)
}

/// The ids of flow logs, `fl-…`, at any depth: EC2's records nest them as its XML does, and not always alike.
fn flow_logs<'a>(value: Option<&'a Value>, found: &mut Vec<&'a str>) {
    match value {
        Some(Value::String(text)) if text.starts_with("fl-") => found.push(text),
        Some(Value::Array(list)) => list.iter().for_each(|value| flow_logs(Some(value), found)),
        Some(Value::Object(map)) => map.values().for_each(|value| flow_logs(Some(value), found)),
        _ => {}
    }
}
