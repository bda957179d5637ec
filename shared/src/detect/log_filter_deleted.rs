//! # A filter on logs was deleted
//!
//! A metric filter or a subscription filter of a log group was deleted, or the subscription filter of all log groups.
//!
//! ## Why it matters
//!
//! Metric filters are what many alarms on CloudTrail's logs count with, subscription filters are how logs reach a SIEM.
//! Without them the logs stay, and nobody is told.
//!
//! ## False alarms
//!
//! A filter that is replaced, or belongs to an application. What CloudFormation deletes is one step
//! quieter, and one that nothing shows to serve security is for the record by whoever deleted some before.
//!
//! ## What to do
//!
//! 1. See which alarm or receiver lived from the filter; make it again if it is still needed.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours after, by `userIdentity.arn`: what nobody is told of comes next.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_if_done_before};
use crate::blinding::{self, serves_security, tells_people};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "log-filter-deleted",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &[],
    calls: &[Calls {
        source: "logs.amazonaws.com",
        names: &["DeleteAccountPolicy", "DeleteMetricFilter", "DeleteSubscriptionFilter"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("log_filter_deleted.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.call() == "DeleteAccountPolicy" {
        return account_policy(event);
    }
    let group = event.request("logGroupName").unwrap_or("of unknown name");
    let filter = event.request("filterName").unwrap_or("of unknown name");
    let kind = if event.call() == "DeleteMetricFilter" { "metric filter" } else { "subscription filter" };
    let security = serves_security(group) || tells_people(filter);
    let finding = DETECTION
        .finding(event, format!("deleted {kind} {filter} of log group {group}"))
        .severity(if security { Severity::High } else { Severity::Medium })
        .target(Target { kind: "log group".to_owned(), name: group.to_owned(), arn: None })
        .evidence_if("Serves security", security.then_some("by the name of the filter or the log group"));
    blinding::weigh(event, for_the_record_if_done_before(context, finding))
}

/// One policy forwards what every log group of the account and region writes.
fn account_policy(event: &Event) -> Option<Finding> {
    if event.request("policyType") != Some("SUBSCRIPTION_FILTER_POLICY") {
        return None;
    }
    let policy = event.request("policyName").unwrap_or("of unknown name");
    let finding = DETECTION
        .finding(event, format!("deleted subscription filter {policy} of all log groups"))
        .severity(Severity::High)
        .target(Target::account(&event.account));
    blinding::weigh(event, finding)
}
