//! # VPC endpoint made or changed
//!
//! Somebody made an endpoint in a VPC, or changed one: a private door from the network to an AWS service, or to a
//! service of another account.
//!
//! ## Why it matters
//!
//! Traffic through an endpoint passes no firewall and no proxy on the way out. Its policy is what keeps stolen
//! credentials and foreign buckets from being used inside the network: open, it is a quiet way to carry data away. An
//! endpoint to a service of another account is a tunnel to that account.
//!
//! ## False alarms
//!
//! Networks are built with endpoints, mostly by infrastructure code: these are LOW. An endpoint to a vendor's service
//! is MEDIUM once, when it is made.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the endpoint is for, and whose service it leads to.
//! 2. If nobody knows: delete it, or write the policy before it again, the last `CreateVpcEndpoint` or
//!    `ModifyVpcEndpoint` call for this endpoint.
//! 3. List the flow logs of its network interfaces since the event: who sent how much through it.
//! 4. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::{Document, Whom};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "vpc-endpoint-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1599", was: None, name: "Network Boundary Bridging" }],
    covers: &[],
    calls: &[Calls { source: "ec2.amazonaws.com", names: &["CreateVpcEndpoint", "ModifyVpcEndpoint"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("vpc_endpoint_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    // Amazon EC2 puts the parameters of younger calls under the name of the request, as it spells them itself.
    let value = |key: &str| {
        let wrapped = format!("{}Request.{key}", event.call());
        event.request_value(&wrapped).or_else(|| event.request_value(&first_lower(key)))
    };
    let text = |key: &str| value(key).and_then(Value::as_str);
    let vpc = text("VpcId").unwrap_or("a VPC");
    let service = text("ServiceName");
    let made = event.call() == "CreateVpcEndpoint";
    let id = text("VpcEndpointId")
        .or_else(|| event.response("CreateVpcEndpointResponse.vpcEndpoint.vpcEndpointId"))
        .or_else(|| event.response("vpcEndpoint.vpcEndpointId"));
    // Only AWS names services otherwise.
    let foreign = service.is_some_and(|service| service.starts_with("com.amazonaws.vpce."));
    let reset = value("ResetPolicy").is_some_and(|reset| reset == &Value::Bool(true) || reset == "true");
    let opened = reset || !made && value("PolicyDocument").is_some_and(|policy| lets_everything_through(policy, event));
    let act = match (made, foreign, opened) {
        (true, true, _) => format!("made an endpoint in {vpc} to a service of another account"),
        (true, false, _) => format!("made an endpoint in {vpc} to {}", service.unwrap_or("a service")),
        (false, _, true) => format!("let everything through VPC endpoint {}", id.unwrap_or_default()),
        (false, ..) => format!("changed VPC endpoint {}", id.unwrap_or_default()),
    };
    let name = id.unwrap_or(vpc).to_owned();
    let policy = value("PolicyDocument").and_then(|policy| Document::from_value(policy).ok());
    let finding = DETECTION
        .finding(event, act)
        .severity(if foreign || opened { Severity::Medium } else { Severity::Low })
        .target(Target { kind: "VPC endpoint".to_owned(), name, arn: None })
        .evidence_if("Service", service)
        .evidence_if("Policy", policy.map(|policy| policy.in_words()));
    Some(grant::weigh(event, context, finding))
}

/// What AWS writes where nobody says a policy: every action of everybody on every resource.
fn lets_everything_through(policy: &Value, event: &Event) -> bool {
    let Ok(document) = Document::from_value(policy) else { return false };
    document
        .outsiders(&event.account)
        .iter()
        .any(|outsider| outsider.whom == Whom::Everyone && outsider.statement.is_about_everything())
}

fn first_lower(key: &str) -> String {
    let mut chars = key.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}
