//! # A check of AWS Config deleted
//!
//! A rule, a conformance pack, an aggregator or the results of a rule were deleted in AWS Config, or how long it keeps its
//! records was cut.
//!
//! ## Why it matters
//!
//! Config's rules say what is open that should be closed. Without the rule nobody is told, without its results nobody sees
//! what was told.
//!
//! ## False alarms
//!
//! Rules that are replaced. What CloudFormation deletes is one step quieter, what Security Hub and Config delete on their own
//! is not told. Results are deleted to evaluate anew.
//!
//! ## What to do
//!
//! 1. See what the rule checked, in Config's history or where your rules are kept as code; put it back.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`: what the rule would have found.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, text};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "config-rule-deleted",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-17"],
    calls: &[Calls {
        source: "config.amazonaws.com",
        names: &[
            "DeleteAggregationAuthorization",
            "DeleteConfigRule",
            "DeleteConfigurationAggregator",
            "DeleteConformancePack",
            "DeleteEvaluationResults",
            "DeleteOrganizationConfigRule",
            "DeleteOrganizationConformancePack",
            "PutRetentionConfiguration",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("config_rule_deleted.rs")),
    detect,
};

/// Days for which records of configurations are kept at least, by common standards.
const A_YEAR: u64 = 365;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let named = |key: &str| text(event, key).unwrap_or("of unknown name");
    let (severity, kind, name, act) = match event.call() {
        "DeleteConfigRule" => {
            let rule = named("configRuleName");
            (Severity::Medium, "rule", rule, format!("deleted rule {rule} of AWS Config"))
        }
        "DeleteOrganizationConfigRule" => {
            let rule = named("organizationConfigRuleName");
            (Severity::High, "rule", rule, format!("deleted the organization's rule {rule} of AWS Config"))
        }
        "DeleteConformancePack" => {
            let pack = named("conformancePackName");
            (Severity::Medium, "conformance pack", pack, format!("deleted conformance pack {pack}"))
        }
        "DeleteOrganizationConformancePack" => {
            let pack = named("organizationConformancePackName");
            (Severity::High, "conformance pack", pack, format!("deleted the organization's conformance pack {pack}"))
        }
        "DeleteConfigurationAggregator" => {
            let aggregator = named("configurationAggregatorName");
            (Severity::Medium, "aggregator", aggregator, format!("deleted aggregator {aggregator} of AWS Config"))
        }
        "DeleteAggregationAuthorization" => {
            let account = named("authorizedAccountId");
            (Severity::Medium, "account", account, format!("stopped account {account} gathering from AWS Config"))
        }
        "DeleteEvaluationResults" => {
            let rule = named("configRuleName");
            (Severity::Low, "rule", rule, format!("deleted what rule {rule} of AWS Config found"))
        }
        _ => {
            let days = event.request_value("retentionPeriodInDays").and_then(serde_json::Value::as_u64)?;
            if days >= A_YEAR {
                return None;
            }
            (
                Severity::Medium,
                "retention",
                "default",
                format!("made AWS Config keep records for {}", blinding::days(days)),
            )
        }
    };
    let finding = DETECTION.finding(event, act).severity(severity).target(Target {
        kind: kind.to_owned(),
        name: name.to_owned(),
        arn: None,
    });
    blinding::weigh(event, finding)
}
