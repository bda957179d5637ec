//! # CloudWatch alarm deleted or muted
//!
//! CloudWatch alarms were deleted, or told not to act any more.
//!
//! ## Why it matters
//!
//! An alarm on unusual calls, cost or load is how an attack is noticed when nothing else notices it. A muted one still
//! shows its state to whoever looks, and tells nobody.
//!
//! ## False alarms
//!
//! Maintenance, and systems that are taken down. What CloudFormation deletes is one step quieter, and what Auto Scaling
//! deletes is not told.
//!
//! ## What to do
//!
//! 1. Read the names under Alarms: does one of them watch security, cost or logins? Switch muted ones on again with the
//!    command under Undo.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours after, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
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
    calls: &[Calls {
        source: "monitoring.amazonaws.com",
        names: &["DeleteAlarms", "DisableAlarmActions", "PutAlarmMuteRule"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("alarm_deleted_or_muted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let mute_rule = text(event, "name").filter(|_| event.call() == "PutAlarmMuteRule");
    let alarms = texts(event, if mute_rule.is_some() { "muteTargets.alarmNames" } else { "alarmNames" });
    let (did, undo) = match event.call() {
        "DeleteAlarms" => ("deleted", None),
        // Without targets the rule mutes nothing.
        "PutAlarmMuteRule" if alarms.is_empty() => return None,
        "PutAlarmMuteRule" => ("muted", None),
        _ => ("muted", undo::enable_alarms(&alarms, &event.region)),
    };
    let what = match alarms.as_slice() {
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
    blinding::weigh(event, finding)
}
