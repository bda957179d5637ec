//! AWS Health tells what AWS itself found. Its events are no records of CloudTrail: what they say is put where a record has
//! it, so that everything after sees one kind of event.

use jiff::fmt::rfc2822;
use serde_json::{Map, Value, json};

use super::{Delivered, text};

/// The source that an event of AWS Health is given here.
pub const HEALTH: &str = "health.amazonaws.com";

/// The detail of an event of AWS Health as a record; any other detail as it is.
pub(super) fn as_record(detail: Value, delivered: &Delivered) -> Value {
    let Value::Object(mut detail) = detail else { return detail };
    if !is_health(&detail) {
        return Value::Object(detail);
    }
    let field = |key: &str| text(detail.get(key)).map(str::to_owned);
    let time = ["lastUpdatedTime", "startTime"].into_iter().find_map(|key| field(key).as_deref().and_then(utc));
    // A message comes in pages, and once more from the backup region: all of one page are one event.
    let id = field("communicationId").map(|id| format!("{id}/{}", field("page").as_deref().unwrap_or("1")));
    let said = [
        ("eventName", field("eventTypeCode")),
        ("eventSource", Some(HEALTH.to_owned())),
        ("eventTime", time),
        ("eventID", id.or_else(|| delivered.id.clone())),
        ("awsRegion", field("eventRegion")),
        ("recipientAccountId", field("affectedAccount")),
    ];
    let said = said.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::String(text?))));
    detail.extend(said.collect::<Map<_, _>>());
    detail.insert("userIdentity".to_owned(), json!({"type": "AWSService", "invokedBy": HEALTH}));
    Value::Object(detail)
}

/// Health names its events by a code, where a record of CloudTrail has a call.
fn is_health(detail: &Map<String, Value>) -> bool {
    let arn = text(detail.get("eventArn")).is_some_and(|arn| arn.starts_with("arn:") && arn.contains(":health:"));
    arn && detail.contains_key("eventTypeCode") && !detail.contains_key("eventName")
}

/// `Sun, 01 Mar 2026 03:00:00 GMT` as CloudTrail writes it.
fn utc(time: &str) -> Option<String> {
    Some(rfc2822::parse(time).ok()?.timestamp().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::event::{Delivered, Event, Kind};

    #[test]
    fn what_health_tells_stands_where_a_record_has_it() {
        let detail = json!({
            "eventArn": "arn:aws:health:us-east-1::event/RISK/AWS_RISK_CREDENTIALS_EXPOSED/1",
            "service": "RISK",
            "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED",
            "communicationId": "abc-2",
            "page": "2",
            "startTime": "Sat, 28 Feb 2026 23:59:59 GMT",
            "lastUpdatedTime": "Sun, 1 Mar 2026 03:00:00 GMT",
            "eventRegion": "us-east-1",
        });
        let delivered = Delivered { account: Some("111122223333".to_owned()), ..Delivered::default() };
        let event = Event::from_detail(detail, delivered);
        assert_eq!(event.fault(), None);
        assert_eq!((event.name.as_str(), event.id.as_str()), ("AWS_RISK_CREDENTIALS_EXPOSED", "abc-2/2"));
        assert_eq!(event.time.unwrap().to_string(), "2026-03-01T03:00:00Z");
        assert_eq!((event.account.as_str(), event.actor.kind), ("111122223333", Kind::Service));
    }

    #[test]
    fn the_message_of_the_backup_region_is_the_same_event() {
        let detail = json!({
            "eventArn": "arn:aws:health:us-east-1::event/RISK/A/1", "eventTypeCode": "A", "communicationId": "abc-1", "page": "1",
        });
        let from = |region: &str, id: &str| {
            let delivered =
                Delivered { region: Some(region.to_owned()), id: Some(id.to_owned()), ..Delivered::default() };
            Event::from_detail(detail.clone(), delivered).id
        };
        assert_eq!(from("us-east-1", "1"), from("us-west-2", "2"));
    }

    #[test]
    fn what_health_told_before_messages_had_ids_and_pages_is_read() {
        let detail = json!({
            "eventArn": "arn:aws:health:us-east-1::event/AWS_RISK_CREDENTIALS_EXPOSED_1",
            "service": "RISK",
            "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED",
            "eventTypeCategory": "issue",
            "startTime": "Sun, 01 Mar 2026 03:00:00 GMT",
            "affectedEntities": [{"entityValue": "AKIAIOSFODNN7EXAMPLE"}],
        });
        let delivered = Delivered { id: Some("1".to_owned()), ..Delivered::default() };
        let event = Event::from_detail(detail, delivered);
        assert_eq!((event.name.as_str(), event.id.as_str()), ("AWS_RISK_CREDENTIALS_EXPOSED", "1"));
        assert_eq!(event.time.unwrap().to_string(), "2026-03-01T03:00:00Z");
    }

    #[test]
    fn the_account_that_is_affected_counts_not_the_one_that_hears_of_it() {
        let detail = json!({
            "eventArn": "arn:aws:health:us-east-1::event/RISK/A/1", "eventTypeCode": "A", "affectedAccount": "123456789012",
        });
        let delivered = Delivered { account: Some("111122223333".to_owned()), ..Delivered::default() };
        assert_eq!(Event::from_detail(detail, delivered).account, "123456789012");
    }

    #[test]
    fn a_record_that_only_looks_like_one_is_left_as_it_is() {
        let detail = json!({
            "eventArn": "arn:aws:health:us-east-1::event/RISK/A/1", "eventTypeCode": "A",
            "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com",
        });
        assert_eq!(Event::from_detail(detail, Delivered::default()).name, "StopLogging");
    }
}
