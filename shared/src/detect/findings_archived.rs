//! # Findings put out of sight by hand
//!
//! Findings of GuardDuty, Security Hub or Access Analyzer were archived, suppressed or resolved by hand, or an insight of
//! Security Hub that gathers them was changed.
//!
//! ## Why it matters
//!
//! It is daily work of those who look at findings. It is also how somebody hides what a service has found of them.
//!
//! ## False alarms
//!
//! Nearly all: it is recorded only. From fifty findings in one call on, somebody should look.
//!
//! ## What to do
//!
//! 1. See whether whoever is named under Who is one of those who look at findings.
//! 2. If not: read the findings, and take them out of the archive.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, objects, parameter, text, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "findings-archived",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-14", "TAMP-18"],
    calls: &[
        Calls { source: "access-analyzer.amazonaws.com", names: &["UpdateFindings"] },
        Calls { source: "guardduty.amazonaws.com", names: &["ArchiveFindings"] },
        Calls {
            source: "securityhub.amazonaws.com",
            names: &[
                "BatchUpdateFindings",
                "BatchUpdateFindingsV2",
                "DeleteInsight",
                "UpdateFindings",
                "UpdateInsight",
            ],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("findings_archived.rs")),
    detect,
};

/// Findings in one call: more than a person reads before putting them away, and all that GuardDuty takes at once.
const MANY: usize = 50;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (did, count) = match (event.source.as_str(), event.call()) {
        ("guardduty.amazonaws.com", _) => ("archived", texts(event, "findingIds").len()),
        ("access-analyzer.amazonaws.com", _) => {
            if event.request("status") != Some("ARCHIVED") {
                return None;
            }
            ("archived", texts(event, "ids").len())
        }
        (_, "DeleteInsight") => return told(event, "deleted an insight of Security Hub".to_owned(), 0),
        (_, "UpdateInsight") => return told(event, "changed an insight of Security Hub".to_owned(), 0),
        // The older call archives all that its filters find.
        (_, "UpdateFindings") => {
            if text(event, "recordState") != Some("ARCHIVED") {
                return None;
            }
            ("archived", 0)
        }
        _ => {
            let listed = objects(parameter(event, "findingIdentifiers")).len();
            (put_away(event)?, listed.max(texts(event, "metadataUids").len()))
        }
    };
    let what = match count {
        0 => "findings".to_owned(),
        1 => "a finding".to_owned(),
        count => format!("{count} findings"),
    };
    told(event, format!("{did} {what}"), count)
}

fn put_away(event: &Event) -> Option<&'static str> {
    match (text(event, "workflow.status"), parameter(event, "statusId").and_then(serde_json::Value::as_u64)) {
        (Some("SUPPRESSED"), _) | (None, Some(3)) => Some("suppressed"),
        (Some("RESOLVED"), _) | (None, Some(4)) => Some("resolved"),
        _ => None,
    }
}

/// Whoever works through findings makes many such calls: they are one incident.
fn told(event: &Event, act: String, count: usize) -> Option<Finding> {
    let finding = DETECTION
        .finding(event, act)
        .severity(if count >= MANY { Severity::Medium } else { Severity::Low })
        .target(Target::account(&event.account));
    blinding::weigh(event, finding)
}
