//! # CloudTrail trail changed
//!
//! The settings of a CloudTrail trail were changed.
//!
//! ## Why it matters
//!
//! A trail can be made blind without being stopped: to other regions, to the global services where identities live, or
//! by sending its logs elsewhere.
//!
//! ## False alarms
//!
//! A planned move of the trail to another bucket or key. The console and CloudFormation send every setting along,
//! changed or not: a bucket in their calls is shown, and judged as a change of settings only.
//!
//! ## What to do
//!
//! 1. Compare the trail's settings with what they should be: all regions, global services, its bucket and key.
//! 2. Ask whoever is named under Who; if they do not know of it, set the trail back and cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, is_of_another};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trail-updated",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1685.002",
        was: Some("T1562.008"),
        name: "Disable or Modify Tools: Disable or Modify Cloud Log",
    }],
    covers: &["TAMP-03", "TAMP-05", "TAMP-06"],
    calls: &[Calls { source: "cloudtrail.amazonaws.com", names: &["UpdateTrail"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trail_updated.rs")),
    detect,
};

/// Settings that make a trail see less when they are off.
const LEAVES_OUT: [(&str, &str); 3] = [
    ("includeGlobalServiceEvents", "global services"),
    ("isMultiRegionTrail", "other regions"),
    ("isOrganizationTrail", "the organization's accounts"),
];

/// Where the logs go and who can read them.
const SENT_TO: [(&str, &str); 3] =
    [("s3BucketName", "bucket"), ("kmsKeyId", "key"), ("cloudWatchLogsLogGroupArn", "log group")];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let off = |key: &str| event.request_value(key).and_then(Value::as_bool) == Some(false);
    let left_out: Vec<&str> = LEAVES_OUT.iter().filter(|(key, _)| off(key)).map(|(_, words)| *words).collect();
    // Who sends every setting along says nothing with those that may be as before.
    let sends_all = blinding::is_surely_console(event) || event.actor.is_deployment();
    let moved: Vec<&str> =
        SENT_TO.iter().filter(|(key, _)| event.request(key).is_some()).map(|(_, what)| *what).collect();
    let trail = event.target().name;
    // An empty text takes a setting away, and with the log group go the alarms that count in it.
    let cut_off = !sends_all && event.request_value("cloudWatchLogsLogGroupArn").and_then(Value::as_str) == Some("");
    let act = match (left_out.is_empty(), moved.is_empty() || sends_all) {
        (true, _) if cut_off => format!("took the log group from trail {trail}"),
        (false, _) => format!("changed trail {trail}, which leaves out {}", left_out.join(", ")),
        (true, false) => format!("gave trail {trail} another {}", moved.join(", ")),
        (true, true) => format!("changed trail {trail}"),
    };
    // What they send along may have been off before. Nobody leaves global services out without meaning to.
    let means_to = off("includeGlobalServiceEvents") || !left_out.is_empty() && !sends_all;
    let foreign = event.request("kmsKeyId").is_some_and(|key| is_of_another(key, &event.account));
    let loud = means_to || cut_off || foreign || !moved.is_empty() && !sends_all;
    let unproven = off("enableLogFileValidation").then_some("off: later changes of the logs cannot be seen");
    Some(
        DETECTION
            .finding(event, act)
            .severity(if loud { Severity::High } else { Severity::Medium })
            .evidence_if("Log file validation", unproven)
            .evidence_if("Bucket", event.request("s3BucketName"))
            .evidence_if("Key", event.request("kmsKeyId"))
            .evidence_if(
                "Whose key",
                foreign.then_some("another account's: whoever owns it decides who can read the logs"),
            )
            .evidence_if("Log group", event.request("cloudWatchLogsLogGroupArn")),
    )
}
