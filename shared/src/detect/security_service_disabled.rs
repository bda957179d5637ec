//! # A security service switched off
//!
//! Security Hub, Macie, Detective, Inspector, Access Analyzer, Security Lake or Shield was switched off, paused or
//! deleted, or standards of Security Hub were.
//!
//! ## Why it matters
//!
//! What the service would have found from now on, nobody finds; with some, what it has found goes too.
//!
//! ## False alarms
//!
//! A service that is given up for its cost, or moves to another administrator. It is planned, and it happens once.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who; if they do not know of it, switch the service on again, with the command under Undo
//!    where there is one, and cut off their credentials.
//! 2. See whether other services were switched off too, and in other regions: list `Disable*`, `Delete*` and `Stop*` by
//!    that `userIdentity.arn` in the 24 hours around.
//! 3. For the gap, read CloudTrail's event history.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, listed, text, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "security-service-disabled",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-18", "TAMP-19", "TAMP-22", "TAMP-23", "TAMP-27"],
    calls: &[
        Calls { source: "access-analyzer.amazonaws.com", names: &["DeleteAnalyzer"] },
        Calls { source: "detective.amazonaws.com", names: &["DeleteGraph"] },
        Calls { source: "inspector2.amazonaws.com", names: &["Disable"] },
        Calls { source: "macie2.amazonaws.com", names: &["DisableMacie", "UpdateMacieSession"] },
        Calls {
            source: "securityhub.amazonaws.com",
            names: &["BatchDisableStandards", "DisableSecurityHub", "DisableSecurityHubV2"],
        },
        Calls { source: "securitylake.amazonaws.com", names: &["DeleteAwsLogSource", "DeleteDataLake"] },
        Calls { source: "shield.amazonaws.com", names: &["DeleteSubscription"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("security_service_disabled.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let region = &event.region;
    let (severity, act, undo) = match event.call() {
        "DisableSecurityHub" | "DisableSecurityHubV2" => {
            let undo = if event.call() == "DisableSecurityHub" { undo::enable_security_hub(region) } else { None };
            (Severity::High, "switched off Security Hub".to_owned(), undo)
        }
        "BatchDisableStandards" => {
            let standards: Vec<&str> =
                texts(event, "standardsSubscriptionArns").into_iter().filter_map(standard).collect();
            let which = if standards.is_empty() { "standards".to_owned() } else { listed(&standards) };
            (Severity::Medium, format!("switched off {which} in Security Hub"), None)
        }
        "DisableMacie" => (Severity::High, "switched off Macie".to_owned(), undo::enable_macie(region)),
        "UpdateMacieSession" => {
            if event.request("status") != Some("PAUSED") {
                return None;
            }
            (Severity::Medium, "paused Macie".to_owned(), undo::resume_macie(region))
        }
        "DeleteGraph" => (Severity::High, "deleted Detective's behavior graph".to_owned(), None),
        "DeleteAnalyzer" => {
            let analyzer = event.request("analyzerName").unwrap_or("of unknown name");
            (Severity::High, format!("deleted Access Analyzer's analyzer {analyzer}"), None)
        }
        "Disable" => {
            let scans = texts(event, "resourceTypes");
            let of = if scans.is_empty() { String::new() } else { format!(" for {}", listed(&scans)) };
            (Severity::Medium, format!("switched off Inspector{of}"), None)
        }
        "DeleteDataLake" => (Severity::High, "deleted Security Lake's data lake".to_owned(), None),
        "DeleteAwsLogSource" => (Severity::High, "made Security Lake take in fewer logs".to_owned(), None),
        _ => (Severity::Medium, "gave up Shield Advanced".to_owned(), None),
    };
    let service = match event.source.split('.').next() {
        Some("access-analyzer") => "Access Analyzer",
        Some("detective") => "Detective",
        Some("inspector2") => "Inspector",
        Some("macie2") => "Macie",
        Some("securityhub") => "Security Hub",
        Some("securitylake") => "Security Lake",
        _ => "Shield",
    };
    let accounts = texts(event, "accountIds");
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        // Each service that goes dark is an incident of its own.
        .target(Target { kind: "service".to_owned(), name: service.to_owned(), arn: None })
        .evidence_if("Accounts", (!accounts.is_empty()).then(|| listed(&accounts)))
        .evidence_if("Graph", text(event, "graphArn"))
        .undo(undo);
    blinding::weigh(event, finding)
}

/// `cis-aws-foundations-benchmark/v/1.4.0` of `arn:aws:securityhub:us-east-1:111122223333:subscription/…`.
fn standard(arn: &str) -> Option<&str> {
    arn.split_once(":subscription/").map(|(_, standard)| standard)
}
