//! # Notifications cut off
//!
//! A subscriber was taken from an SNS topic, was made to get only some of its messages, or the topic was deleted.
//!
//! ## Why it matters
//!
//! Alarms and findings reach people through topics. A filter on a subscription mutes it without a trace in the topic.
//!
//! ## False alarms
//!
//! Everyday changes of applications: they are recorded only. A topic whose name speaks of alarms, alerts or security makes
//! it more.
//!
//! ## What to do
//!
//! 1. See who got messages from the topic, and what it told. Subscribe them again, or take the filter away.
//! 2. Ask whoever is named under Who; a subscriber who follows the link in a mail unsubscribes without signing in.
//! 3. List all calls by that ARN in the 24 hours after, by `userIdentity.arn`: those are what nobody was told of.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, tells_people};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "notification-cut-off",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &[],
    calls: &[Calls {
        source: "sns.amazonaws.com",
        names: &["DeleteTopic", "SetSubscriptionAttributes", "Unsubscribe"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("notification_cut_off.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let arn = event.request("topicArn").or_else(|| event.request("subscriptionArn"))?;
    // `arn:aws:sns:REGION:ACCOUNT:TOPIC`, and for a subscription its id behind that.
    let topic = arn.split(':').nth(5).unwrap_or(arn);
    let filter = event.request("attributeValue");
    let act = match event.call() {
        "DeleteTopic" => format!("deleted topic {topic}"),
        "Unsubscribe" => format!("took a subscriber from topic {topic}"),
        _ => {
            // `{}` filters nothing.
            if event.request("attributeName") != Some("FilterPolicy")
                || filter.is_none_or(|filter| filter.trim() == "{}")
            {
                return None;
            }
            format!("made a subscriber get only some messages of topic {topic}")
        }
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(if tells_people(topic) { Severity::Medium } else { Severity::Low })
        .target(Target { kind: "topic".to_owned(), name: topic.to_owned(), arn: None })
        .evidence_if("Subscription", event.request("subscriptionArn"))
        .evidence_if("Filter", filter);
    blinding::weigh(event, finding)
}
