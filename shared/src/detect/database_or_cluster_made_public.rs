//! # Database or cluster made reachable from the internet
//!
//! A database of Amazon RDS or Redshift was given a public address, or the API of a Kubernetes cluster was opened to all
//! addresses.
//!
//! ## Why it matters
//!
//! What only the own network reached is now one password or one token away from everyone. Together with a new password or
//! an open security group it is how data is taken out without any call to AWS.
//!
//! ## False alarms
//!
//! Somebody works from home and has no other way. The console sends along what was so before: there it is for the record. What
//! CloudFormation does is one step quieter.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what it is for. If nobody knows: take the address away again, and cut off their
//!    credentials.
//! 2. List all `ModifyDBInstance`, `ModifyCluster`, `UpdateClusterConfig` and `AuthorizeSecurityGroupIngress` calls by that ARN in
//!    the 24 hours around, by `userIdentity.arn`.
//! 3. Look into the database's or the cluster's own log for sign-ins since the event.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag, texts};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "database-or-cluster-made-public",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1686.001",
        was: Some("T1562.007"),
        name: "Disable or Modify System Firewall: Cloud Firewall",
    }],
    covers: &[],
    calls: &[
        Calls { source: "eks.amazonaws.com", names: &["UpdateClusterConfig"] },
        Calls { source: "rds.amazonaws.com", names: &["ModifyDBCluster", "ModifyDBInstance"] },
        Calls { source: "redshift.amazonaws.com", names: &["ModifyCluster"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("database_or_cluster_made_public.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (kind, name) = match event.call() {
        "UpdateClusterConfig" => ("cluster", "name"),
        "ModifyCluster" => ("data warehouse", "clusterIdentifier"),
        "ModifyDBCluster" => ("database cluster", "dBClusterIdentifier"),
        _ => ("database", "dBInstanceIdentifier"),
    };
    let public = if kind == "cluster" {
        let from = texts(event, "resourcesVpcConfig.publicAccessCidrs");
        let everyone = from.iter().any(|range| ["0.0.0.0/0", "::/0"].contains(range));
        let switched_on = flag(event, "resourcesVpcConfig.endpointPublicAccess") == Some(true);
        // Where no range is said, all addresses are let in, or those that were before.
        everyone || switched_on && from.is_empty()
    } else {
        flag(event, "publiclyAccessible") == Some(true)
    };
    if !public {
        return None;
    }
    let resource = opening::target(kind, event.request(name)?);
    let finding = DETECTION
        .finding(event, format!("made {resource} reachable from the internet"))
        .severity(if event.is_recorded_as_console() { Severity::Low } else { Severity::Medium })
        .target(resource);
    blinding::weigh(event, finding)
}
