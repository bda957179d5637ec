//! # Role assumed by a service for the first time
//!
//! A service that runs what others bring, such as Lambda, EC2, ECS, Glue or CloudFormation, assumed a role that it was not
//! seen to assume, once iamwatch has learned for as many days as the stack is told. Needs `WorkloadState`.
//!
//! ## Why it matters
//!
//! Whoever may hand a strong role to a service has its rights, through code of their own. That call is told by `role-passed`;
//! this is the moment in which the role is there.
//!
//! ## False alarms
//!
//! Each deployment of something new. It is kept for the record. MEDIUM, if until now people used the role: administrators'
//! roles are not for machines.
//!
//! ## What to do
//!
//! 1. Find what runs with the role: the calls that passed it in the 24 hours before, by the role's name in
//!    `requestParameters`.
//! 2. Ask whoever made that call whether it was meant to run with this role.
//! 3. If nobody knows it: stop what runs, revoke the role's active sessions, and take the service out of its trust policy.
//! 4. List all calls by the role since, by `sessionContext.sessionIssuer.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};
use crate::workload::service;

pub(super) static DETECTION: Detection = Detection {
    id: "role-assumed-by-service-for-the-first-time",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1550.001",
        was: None,
        name: "Use Alternate Authentication Material: Application Access Token",
    }],
    covers: &["IAMC-45"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_assumed_by_service_for_the_first_time.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering = Remembering {
    id: "role-assumed-by-service-for-the-first-time",
    asked_by: &[&DETECTION],
    what: What::Habit(service_and_role),
};

fn service_and_role(event: &Event) -> Option<Pair> {
    Some(Pair(vec![service(event)?.to_owned(), event.request("roleArn")?.to_owned()]))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let service = service(event)?;
    let since = context.facts.first_since(REMEMBERS.id)?;
    let role = Target::from_arn(event.request("roleArn")?);
    Some(
        DETECTION
            .finding(event, format!("assumed role {} {}", role.name, since.how_often()))
            .target(role)
            .evidence("Service", service)
            .evidence("First", format!("it was not seen to assume it before, since {since}"))
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
