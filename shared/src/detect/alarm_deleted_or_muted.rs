//! # Alarm deleted or muted
//!
//! CloudWatch alarms, or what tells of unusual cost, were deleted, or told not to act any more.
//!
//! ## Why it matters
//!
//! An alarm on unusual calls, cost or load is how an attack is noticed when nothing else notices it. A muted one still
//! shows its state to whoever looks, and tells nobody.
//!
//! ## False alarms
//!
//! Maintenance, and systems that are taken down. What CloudFormation deletes is one step quieter, and what Auto Scaling
//! deletes is not told. Alarms that nothing shows to watch security are for the record by whoever deleted some before.
//!
//! ## What to do
//!
//! 1. Read the names under Alarms: does one of them watch security, cost or logins? Switch muted ones on again with the
//!    command under Undo.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours after, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_if_done_before};
use crate::blinding::{self, listed, serves_security, text, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "alarm-deleted-or-muted",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-11", "TAMP-25"],
    calls: &[
        Calls { source: "budgets.amazonaws.com", names: &["DeleteBudget", "DeleteNotification"] },
        Calls { source: "ce.amazonaws.com", names: &["DeleteAnomalyMonitor", "DeleteAnomalySubscription"] },
        Calls {
            source: "monitoring.amazonaws.com",
            names: &["DeleteAlarms", "DisableAlarmActions", "PutAlarmMuteRule"],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("alarm_deleted_or_muted.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let mute_rule = text(event, "name").filter(|_| event.call() == "PutAlarmMuteRule");
    let alarms = texts(event, if mute_rule.is_some() { "muteTargets.alarmNames" } else { "alarmNames" });
    let (did, undo) = match event.call() {
        "DisableAlarmActions" => ("muted", undo::enable_alarms(&alarms, &event.region)),
        // Without targets the rule mutes nothing.
        "PutAlarmMuteRule" if alarms.is_empty() => return None,
        "PutAlarmMuteRule" => ("muted", None),
        _ => ("deleted", None),
    };
    let what = match alarms.as_slice() {
        [] if event.source == "budgets.amazonaws.com" => {
            let budget = text(event, "budgetName").unwrap_or("of unknown name");
            let what = if event.call() == "DeleteBudget" { "" } else { "a notification of " };
            format!("{what}budget {budget}")
        }
        [] if event.source == "ce.amazonaws.com" => "what tells of unusual cost".to_owned(),
        [] => "alarms".to_owned(),
        [alarm] => format!("alarm {alarm}"),
        [alarm, others @ ..] => format!("alarm {alarm} and {} more", others.len()),
    };
    let security = alarms.iter().any(|alarm| serves_security(alarm));
    let finding = DETECTION
        .finding(event, format!("{did} {what}"))
        .severity(if security { Severity::High } else { Severity::Medium })
        // Whoever takes a system down deletes many alarms: it is one incident.
        .target(Target::account(&event.account))
        .evidence_if("Alarms", (!alarms.is_empty()).then(|| listed(&alarms)))
        .evidence_if("Mute rule", mute_rule)
        .evidence_if("When", text(event, "rule.schedule.expression"))
        .undo(undo);
    blinding::weigh(event, for_the_record_if_done_before(context, finding))
}
