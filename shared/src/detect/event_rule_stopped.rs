//! # EventBridge rule stopped
//!
//! A rule of EventBridge was disabled or deleted, or lost its targets.
//!
//! ## Why it matters
//!
//! Alerts on findings, on sign-ins and on changes go through such rules. Without its targets a rule looks alive and does
//! nothing.
//!
//! ## False alarms
//!
//! Rules of applications that are paused or replaced; a rule must lose its targets before it can be deleted. What
//! CloudFormation does is one step quieter. What services do to their own rules is not told. Rules that
//! nothing shows to tell of attacks are for the record by whoever did the same before.
//!
//! ## What to do
//!
//! 1. See what the rule waited for and where it led. If it told of something, enable it with the command under Undo, or
//!    put its targets back.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours after, by `userIdentity.arn`: those are what was not told.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_if_done_before};
use crate::blinding::{self, flag, tells_people, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "event-rule-stopped",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-20", "TAMP-25"],
    calls: &[Calls {
        source: "events.amazonaws.com",
        names: &["DeleteRule", "DisableRule", "PutRule", "RemoveTargets"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("event_rule_stopped.rs")),
    detect,
};

/// Sources of events that are there to tell of attacks, as a rule's pattern names them.
const TELLING: [&str; 7] =
    ["aws.access-analyzer", "aws.config", "aws.guardduty", "aws.health", "aws.iam", "aws.macie", "aws.signin"];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let rule = event.request("rule").or_else(|| event.request("name")).unwrap_or("of unknown name");
    let bus = event.request("eventBusName");
    let enable = || undo::enable_rule(rule, bus, &event.region);
    let (act, undo) = match event.call() {
        "DeleteRule" => (format!("deleted rule {rule}"), None),
        "DisableRule" => (format!("disabled rule {rule}"), enable()),
        "RemoveTargets" => {
            let what = match texts(event, "ids").len() {
                1 => "a target".to_owned(),
                0 => "targets".to_owned(),
                count => format!("{count} targets"),
            };
            (format!("took {what} from rule {rule}"), None)
        }
        _ if event.request("state") == Some("DISABLED") => (format!("disabled rule {rule}"), enable()),
        _ => return None,
    };
    let pattern = event.request("eventPattern");
    let waits_for_attacks = pattern.is_some_and(|pattern| TELLING.iter().any(|source| pattern.contains(source)));
    // Only a rule that a service of AWS made in the account asks for force.
    let forced = flag(event, "force") == Some(true);
    let security = tells_people(rule) || waits_for_attacks || forced;
    let severity = match event.request("scheduleExpression") {
        _ if security => Severity::High,
        // A schedule tells nobody of anything that happens.
        Some(_) if pattern.is_none() => Severity::Low,
        _ => Severity::Medium,
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(Target { kind: "rule".to_owned(), name: rule.to_owned(), arn: None })
        .evidence_if("Event bus", bus)
        .evidence_if("Waits for", pattern)
        .evidence_if("Forced", forced.then_some("the rule was made by a service of AWS"))
        .undo(undo);
    blinding::weigh(event, for_the_record_if_done_before(context, finding))
}
