//! People hear through SNS, machines through the findings bus.

use std::cell::RefCell;
use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sns::types::MessageAttributeValue;
use jiff::Timestamp;
use serde_json::json;

use super::serve::now;
use super::{OnDemand, because};
use crate::alert::Alert;
use crate::cap::{Alone, LATE};
use crate::finding::Finding;
use crate::flow::{Machines, People, Undelivered};
use crate::ledger::Standing;

/// The `Source` of everything iamwatch puts on its bus.
const SOURCE: &str = "iamwatch";
/// The `DetailType` of a finding.
const FINDING: &str = "iamwatch finding";

/// The alert topic.
#[derive(Debug)]
pub struct Topic {
    client: OnDemand<aws_sdk_sns::Client>,
    arn: String,
    alone: RefCell<Alone>,
}

impl Topic {
    #[must_use]
    pub fn new(client: OnDemand<aws_sdk_sns::Client>, arn: String) -> Self {
        Self { client, arn, alone: RefCell::default() }
    }
}

/// The findings bus.
#[derive(Debug, Clone)]
pub struct FindingsBus {
    pub client: OnDemand<aws_sdk_eventbridge::Client>,
    pub name: String,
}

impl People for Topic {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(alert.subject.as_str())
            .message_structure("json")
            .message(alert.sns_message());
        for (name, value) in &alert.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            publish = publish.message_attributes(*name, value.map_err(|error| Undelivered(error.to_string()))?);
        }
        for (name, values) in &alert.lists {
            let value =
                MessageAttributeValue::builder().data_type("String.Array").string_value(json!(values).to_string());
            let value = value.build().map_err(|error| Undelivered(error.to_string()))?;
            publish = publish.message_attributes(*name, value);
        }
        match publish.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Undelivered(format!("the alert was not published: {}", because(&error)))),
        }
    }

    fn now(&self, _received: Timestamp) -> Timestamp {
        now()
    }

    async fn wait_for(&self, turn: Timestamp) -> bool {
        self.alone.borrow_mut().took(turn);
        tokio::time::sleep(Duration::try_from(turn.duration_since(now())).unwrap_or_default()).await;
        now() <= turn + LATE
    }

    fn alone(&self) -> Option<&RefCell<Alone>> {
        Some(&self.alone)
    }
}

impl Machines for FindingsBus {
    async fn hand_over(&self, finding: &Finding, standing: &Standing) -> Result<(), Undelivered> {
        let detail = json!({
            "finding": finding,
            "incident": standing.incident.as_str(),
            "count": standing.count,
            "unclaimed": standing.unclaimed,
            // Scalars for rules to match on: `exists` does not hold for objects.
            "detection": finding.detection,
            "severity": finding.severity,
            "account": finding.account,
            "suppressed": finding.suppressed_by.is_some(),
            "asks": finding.asks.as_ref().map(crate::finding::Ask::word),
        });
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(FINDING)
            .detail(detail.to_string())
            .build();
        let answer = self.client.put_events().entries(entry).send().await;
        let answer =
            answer.map_err(|error| Undelivered(format!("the finding was not handed over: {}", because(&error))))?;
        // PutEvents answers 200 for an entry that it refused.
        match answer.entries().iter().find_map(|entry| entry.error_message()) {
            None => Ok(()),
            Some(refused) => Err(Undelivered(format!("the finding was not handed over: {refused}"))),
        }
    }
}
