//! # A rule now hides findings
//!
//! A rule was made or changed that puts new findings out of sight by itself: a filter of GuardDuty, Macie or Inspector, an
//! archive rule of Access Analyzer, an automation rule of Security Hub.
//!
//! ## Why it matters
//!
//! The service looks switched on and healthy, and nobody hears of what it finds. A rule works for as long as it stands.
//!
//! ## False alarms
//!
//! Security teams silence what they know. They can say which ticket it was for, and the rule is narrow.
//!
//! ## What to do
//!
//! 1. Read what the rule hides under Hides: is it as narrow as what was known?
//! 2. Ask whoever is named under Who; if they do not know of it, delete the rule, with the command under Undo where there
//!    is one, and cut off their credentials.
//! 3. Read the archived and suppressed findings of the service since the rule was made, by `updatedAt`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, listed, member, objects, parameter, text, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "findings-suppressed-by-rule",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-14", "TAMP-18", "TAMP-19", "TAMP-22"],
    calls: &[
        Calls {
            source: "access-analyzer.amazonaws.com",
            names: &["ApplyArchiveRule", "CreateArchiveRule", "UpdateArchiveRule"],
        },
        Calls { source: "guardduty.amazonaws.com", names: &["CreateFilter", "UpdateFilter"] },
        Calls { source: "inspector2.amazonaws.com", names: &["CreateFilter", "UpdateFilter"] },
        Calls { source: "macie2.amazonaws.com", names: &["CreateFindingsFilter", "UpdateFindingsFilter"] },
        Calls {
            source: "securityhub.amazonaws.com",
            names: &[
                "BatchUpdateAutomationRules",
                "CreateAutomationRule",
                "CreateAutomationRuleV2",
                "UpdateAutomationRuleV2",
            ],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("findings_suppressed_by_rule.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (severity, service, rule) = match event.source.as_str() {
        "guardduty.amazonaws.com" => {
            let rule = event.request("filterName").or_else(|| event.request("name"))?;
            let severity = match event.request("action") {
                Some("ARCHIVE") => Severity::High,
                // What the filter does stays as it was, and is not in the record.
                None if event.call() == "UpdateFilter" => Severity::Medium,
                // A filter that does not archive only selects.
                _ => return None,
            };
            (severity, "GuardDuty", rule)
        }
        "access-analyzer.amazonaws.com" => {
            let public = texts(event, "filter.isPublic.eq").contains(&"true");
            let severity = if public { Severity::High } else { Severity::Medium };
            (severity, "Access Analyzer", event.request("ruleName")?)
        }
        "macie2.amazonaws.com" => (archives(event, "ARCHIVE", Severity::Medium)?, "Macie", named(event)),
        // Vulnerabilities that cannot be mended are suppressed every day.
        "inspector2.amazonaws.com" => (archives(event, "SUPPRESS", Severity::Low)?, "Inspector", named(event)),
        _ => (hides_in_security_hub(event).then_some(Severity::Medium)?, "Security Hub", named(event)),
    };
    let act = match severity {
        Severity::Medium if service == "GuardDuty" => format!("changed what filter {rule} selects in GuardDuty"),
        _ => format!("made {service} hide findings by rule {rule}"),
    };
    let undo = match event.call() {
        "CreateFilter" if service == "GuardDuty" => {
            event.request("detectorId").and_then(|detector| undo::delete_finding_filter(detector, rule, &event.region))
        }
        "CreateArchiveRule" => {
            event.request("analyzerName").and_then(|analyzer| undo::delete_archive_rule(analyzer, rule, &event.region))
        }
        _ => None,
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(Target { kind: "rule".to_owned(), name: rule.to_owned(), arn: None })
        .evidence_if("Hides", criterion(event))
        .undo(undo);
    blinding::weigh(event, finding)
}

/// A filter of Macie or Inspector hides only with this action; the name of an update may be only its id.
fn archives(event: &Event, action: &str, severity: Severity) -> Option<Severity> {
    (event.request("action") == Some(action)).then_some(severity)
}

fn named(event: &Event) -> &str {
    ["name", "id", "filterArn", "ruleName", "identifier"]
        .iter()
        .find_map(|key| text(event, key))
        .unwrap_or("of unknown name")
}

/// Whether an enabled automation rule sets findings to a state in which nobody looks at them. In OCSF, 3 is suppressed
/// and 4 resolved.
fn hides_in_security_hub(event: &Event) -> bool {
    let own = event.record().get("requestParameters");
    let several = objects(parameter(event, "updateAutomationRulesRequestItems"));
    own.into_iter().chain(several).any(|rule| {
        let disabled = member(rule, "ruleStatus").and_then(Value::as_str) == Some("DISABLED");
        !disabled
            && objects(member(rule, "actions")).into_iter().any(|action| {
                let update = member(action, "findingFieldsUpdate");
                let at = |key: &str| update.and_then(|update| member(update, key));
                let status = at("workflow").and_then(|workflow| member(workflow, "status")).and_then(Value::as_str);
                matches!(status, Some("SUPPRESSED" | "RESOLVED"))
                    || at("statusId").and_then(Value::as_u64).is_some_and(|id| matches!(id, 3 | 4))
            })
    })
}

/// The fields that a rule selects by, and the whole criterion where it is short. One without any hides everything.
fn criterion(event: &Event) -> Option<String> {
    let at = |path: &str| parameter(event, path);
    let criterion = at("findingCriteria.criterion")
        .or_else(|| at("findingCriteria"))
        .or_else(|| at("filterCriteria"))
        .or_else(|| at("filter"))
        .or_else(|| at("criteria"))?;
    let fields: Vec<&str> = criterion.as_object()?.keys().map(String::as_str).collect();
    if fields.is_empty() {
        return Some("every finding: it selects by nothing".to_owned());
    }
    let whole = criterion.to_string();
    Some(if whole.len() <= 200 { format!("findings by {whole}") } else { format!("findings by {}", listed(&fields)) })
}
