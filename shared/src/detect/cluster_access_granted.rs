//! # Access to a Kubernetes cluster changed
//!
//! Somebody let a principal into an EKS cluster, gave it rights there, or took them away.
//!
//! ## Why it matters
//!
//! An administrator of a cluster reaches every pod, and so every secret and every role that a pod has. IAM's policies say
//! nothing about it: the rights are the cluster's own.
//!
//! ## False alarms
//!
//! Setting up a cluster. Rights over the whole cluster that are an administrator's are HIGH, other rights of an administrator
//! MEDIUM, all else for the record, as is what CloudFormation deploys.
//!
//! ## What to do
//!
//! 1. Ask whoever runs the cluster whether the principal under Evidence belongs there.
//! 2. If not: take the rights away with the command under Undo, delete the access entry, and cut off the actor's credentials.
//! 3. In the cluster's audit log, list what the principal did since the event, by `user.extra.arn`.
//! 4. Give new values to the secrets that the principal could read.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service, unknown_account};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::policy::percent_decoded;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "cluster-access-granted",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1098.006",
        was: None,
        name: "Account Manipulation: Additional Container Cluster Roles",
    }],
    covers: &["IAMC-49"],
    calls: &[Calls {
        source: "eks.amazonaws.com",
        names: &[
            "AssociateAccessPolicy",
            "CreateAccessEntry",
            "DeleteAccessEntry",
            "DisassociateAccessPolicy",
            "UpdateAccessEntry",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("cluster_access_granted.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    // EKS lets in the nodes that it starts.
    if event.actor.is_service_by_itself() {
        return None;
    }
    let cluster = event.request("name").or_else(|| event.request("clusterName"))?;
    // What stands in a call's path is logged as it was sent.
    let decoded = |parameter: &str| event.request(parameter).and_then(percent_decoded);
    let principal = decoded("principalArn")?;
    let name = principal.rsplit('/').next().unwrap_or_default();
    let policy = decoded("policyArn");
    let rights = policy.as_deref().and_then(|policy| policy.rsplit('/').next()).unwrap_or("unknown rights");
    let (severity, act) = match event.call() {
        "AssociateAccessPolicy" => (loudness(event, rights), format!("gave {name} {rights} in cluster {cluster}")),
        "CreateAccessEntry" => (Severity::Low, format!("let {name} into cluster {cluster}")),
        "UpdateAccessEntry" => (Severity::Low, format!("changed the groups of {name} in cluster {cluster}")),
        "DisassociateAccessPolicy" => (Severity::Low, format!("took {rights} from {name} in cluster {cluster}")),
        _ => (Severity::Low, format!("shut {name} out of cluster {cluster}")),
    };
    let grants = !matches!(event.call(), "DeleteAccessEntry" | "DisassociateAccessPolicy");
    let outside = unknown_account(&principal, event, context).filter(|_| grants);
    let itself = grants && severity > Severity::Low && event.actor.principal == principal;
    let severity = if outside.is_some() { severity.max(Severity::High) } else { severity };
    let undo = (event.call() == "AssociateAccessPolicy")
        .then(|| undo::disassociate_access_policy(cluster, &principal, policy.as_deref()?, &event.region))
        .flatten();
    let groups = event.request_value("kubernetesGroups").map(serde_json::Value::to_string);
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        // Each principal that is let in is an incident of its own.
        .target(Target { kind: "cluster access".to_owned(), name: format!("{cluster}/{name}"), arn: None })
        .evidence("Principal", &principal)
        .evidence_if("Policy", policy.as_deref())
        .evidence_if("Scope", event.request("accessScope.type"))
        .evidence_if("Groups", groups)
        .evidence_if("From outside", outside.map(|account| format!("the principal is of account {account}")))
        .evidence_if("Own rights", itself.then_some("the actor gave them to itself"))
        .undo(undo);
    Some(for_the_record_by_service(event, finding))
}

fn loudness(event: &Event, policy: &str) -> Severity {
    let whole = event.request("accessScope.type") != Some("namespace");
    match policy {
        "AmazonEKSClusterAdminPolicy" | "AmazonEKSAdminPolicy" if whole => Severity::High,
        "AmazonEKSClusterAdminPolicy" | "AmazonEKSAdminPolicy" | "AmazonEKSEditPolicy" => Severity::Medium,
        _ => Severity::Low,
    }
}
