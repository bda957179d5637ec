//! # Access logs switched off
//!
//! A bucket, a load balancer, a data warehouse or the control plane of a Kubernetes cluster no longer logs who uses it.
//!
//! ## Why it matters
//!
//! CloudTrail does not have what these logs have: who read which object, who asked the load balancer for what, who did what in the
//! cluster. Without them nobody can say afterwards what was taken.
//!
//! ## False alarms
//!
//! A system that is taken down, and a change of where the logs go that is made in two steps. What CloudFormation does is one step
//! quieter.
//!
//! ## What to do
//!
//! 1. See whether the resource still stands. If it does, switch its log on again.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`: what was to be hidden comes after.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag, listed, member, objects, parameter, said, text, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "access-logs-switched-off",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &[],
    calls: &[
        Calls { source: "eks.amazonaws.com", names: &["UpdateClusterConfig"] },
        Calls { source: "elasticloadbalancing.amazonaws.com", names: &["ModifyLoadBalancerAttributes"] },
        Calls { source: "redshift.amazonaws.com", names: &["DisableLogging"] },
        Calls { source: "s3.amazonaws.com", names: &["PutBucketLogging"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("access_logs_switched_off.rs")),
    detect,
};

/// What the control plane of a cluster logs of who does what in it.
const TELLING: [&str; 3] = ["api", "audit", "authenticator"];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (kind, name) = match event.call() {
        "UpdateClusterConfig" => ("cluster", text(event, "name")),
        "ModifyLoadBalancerAttributes" => {
            ("load balancer", text(event, "loadBalancerArn").or_else(|| text(event, "loadBalancerName")))
        }
        "DisableLogging" => ("data warehouse", text(event, "clusterIdentifier")),
        _ => ("bucket", text(event, "bucketName")),
    };
    let mut resource = opening::target(kind, name.unwrap_or("of unknown name"));
    // A load balancer's ARN ends in its kind, its name and an id that nobody knows.
    if let Some((_, rest)) = resource.name.split_once("loadbalancer/") {
        resource = Target { name: rest.split('/').nth(1).unwrap_or(rest).to_owned(), ..resource };
    }
    let logs = switched_off(event)?;
    let finding = DETECTION
        .finding(event, format!("switched off the access logs of {resource}"))
        .severity(if logs.contains(&"audit") { Severity::High } else { Severity::Medium })
        .target(resource)
        .evidence_if("Logs", (!logs.is_empty()).then(|| listed(&logs)));
    blinding::weigh(event, finding)
}

/// The kinds of logs that the call switches off, where it has kinds; nothing where it switches none off.
fn switched_off(event: &Event) -> Option<Vec<&str>> {
    let off = match event.call() {
        "UpdateClusterConfig" => {
            let off = objects(parameter(event, "logging.clusterLogging"));
            let off = off.into_iter().filter(|setup| member(setup, "enabled").and_then(said) == Some(false));
            let kinds = off.filter_map(|setup| member(setup, "types")?.as_array()).flatten().filter_map(Value::as_str);
            let kinds: Vec<&str> = kinds.filter(|kind| TELLING.contains(kind)).collect();
            return (!kinds.is_empty()).then_some(kinds);
        }
        "ModifyLoadBalancerAttributes" => {
            let set = |attribute: &&Value| {
                let text = |key: &str| member(attribute, key).and_then(Value::as_str);
                text("key") == Some("access_logs.s3.enabled") && text("value") == Some("false")
            };
            let classic = flag(event, "loadBalancerAttributes.accessLog.enabled") == Some(false);
            classic || objects(parameter(event, "attributes")).iter().any(set)
        }
        // All of them, or some kinds.
        "DisableLogging" => return Some(texts(event, "logExports")),
        _ => {
            let status = parameter(event, "bucketLoggingStatus");
            status.is_some_and(|status| member(status, "loggingEnabled").is_none())
        }
    };
    off.then(Vec::new)
}
