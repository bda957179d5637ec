//! # Way to sign in to a database changed
//!
//! Somebody set a new master password for a database of Amazon RDS, or switched off signing in to it with IAM.
//!
//! ## Why it matters
//!
//! The master user may do everything in the database. Who may call `ModifyDBInstance` needs no password of old to
//! become it: one call, and all rows can be read or held to ransom. Without IAM's sign-in, who uses the database leaves
//! no name.
//!
//! ## False alarms
//!
//! Passwords that are changed on schedule, and a password that was lost. The applications then get the new one at the
//! same time.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the new password is for. If nobody knows: set another one, and cut off the
//!    credentials of whoever is named under Who.
//! 2. List all `ModifyDBInstance`, `ModifyDBCluster` and `AuthorizeSecurityGroupIngress` calls by that ARN in the 24
//!    hours around the event, by `userIdentity.arn`: was it also made public?
//! 3. Look into the database's own log for sign-ins of the master user since the event.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::opening;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "database-sign-in-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.001", was: None, name: "Account Manipulation: Additional Cloud Credentials" }],
    covers: &["CRED-43"],
    calls: &[Calls { source: "rds.amazonaws.com", names: &["ModifyDBInstance", "ModifyDBCluster"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("database_sign_in_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let (kind, name) = match event.call() {
        "ModifyDBCluster" => ("database cluster", "dBClusterIdentifier"),
        _ => ("database", "dBInstanceIdentifier"),
    };
    let database = opening::target(kind, event.request(name)?);
    let flag = |key: &str| event.request_value(key).and_then(Value::as_bool);
    let password = event.request("masterUserPassword").is_some();
    // The console sends along what was off before.
    let without_iam = flag("enableIAMDatabaseAuthentication") == Some(false) && !event.origin.console;
    let act = match (password, without_iam) {
        (false, false) => return None,
        (true, false) => format!("set a new master password for {database}"),
        (false, true) => format!("switched signing in to {database} with IAM off"),
        (true, true) => format!("set a new master password for {database} and switched IAM's sign-in off"),
    };
    let public = flag("publiclyAccessible") == Some(true);
    let finding = DETECTION.finding(event, act).target(database);
    let finding = if public {
        finding.severity(Severity::High).evidence("Reachable", "from the internet, by the same call")
    } else {
        finding
    };
    let now = flag("applyImmediately").map(|now| if now { "at once" } else { "in the next maintenance window" });
    Some(finding.evidence_if("Takes effect", now))
}
