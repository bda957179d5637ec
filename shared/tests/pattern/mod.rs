//! EventBridge's matching, written plainly from its documentation: the oracle for the quick way in the code.
//!
//! It knows what the product's patterns use: exact values, null, `prefix`, `suffix`, `anything-but`, `exists`, `$or`,
//! and objects within objects. Anything else is a mistake in the pattern and panics.

#![expect(clippy::panic, reason = "a pattern that is not understood must fail the test")]

use serde_json::Value;

/// Whether EventBridge delivers `event` to a rule with this pattern.
pub(crate) fn matches(pattern: &Value, event: &Value) -> bool {
    below(pattern, Some(event))
}

fn below(pattern: &Value, event: Option<&Value>) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(key, pattern)| match (key.as_str(), pattern) {
            ("$or", Value::Array(ways)) => ways.iter().any(|way| below(way, event)),
            _ => below(pattern, event.and_then(|event| event.get(key))),
        }),
        Value::Array(alternatives) => alternatives.iter().any(|alternative| leaf(alternative, event)),
        other => panic!("a pattern's field is an object or a list of alternatives, not `{other}`"),
    }
}

/// One alternative against a field: a list in the event matches where one of its elements does.
fn leaf(alternative: &Value, field: Option<&Value>) -> bool {
    if let Some(wanted) = operator(alternative, "exists") {
        // Only leaves exist: an object is no value of a field.
        let exists = field.is_some_and(|value| !value.is_object());
        return wanted == &Value::Bool(exists);
    }
    match field {
        None | Some(Value::Object(_)) => false,
        Some(Value::Array(elements)) => elements.iter().any(|element| value_matches(alternative, element)),
        Some(value) => value_matches(alternative, value),
    }
}

fn value_matches(alternative: &Value, value: &Value) -> bool {
    let text_is = |operand: &Value, is: fn(&str, &str) -> bool| {
        let operand = operand.as_str().unwrap_or_else(|| panic!("`{alternative}` wants text"));
        value.as_str().is_some_and(|text| is(text, operand))
    };
    if let Some(prefix) = operator(alternative, "prefix") {
        text_is(prefix, |text, prefix| text.starts_with(prefix))
    } else if let Some(suffix) = operator(alternative, "suffix") {
        text_is(suffix, |text, suffix| text.ends_with(suffix))
    } else if let Some(but) = operator(alternative, "anything-but") {
        match but {
            Value::Array(list) => !list.contains(value),
            one => one != value,
        }
    } else if alternative.is_object() || alternative.is_array() {
        panic!("`{alternative}` is no alternative that is known here")
    } else {
        alternative == value
    }
}

fn operator<'a>(alternative: &'a Value, name: &str) -> Option<&'a Value> {
    alternative.as_object().filter(|object| object.len() == 1)?.get(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::matches;

    #[test]
    fn every_field_must_match_and_one_alternative_is_enough() {
        let pattern = json!({"source": ["aws.iam", "aws.sts"], "detail": {"eventName": ["CreateUser"]}});
        assert!(matches(&pattern, &json!({"source": "aws.sts", "detail": {"eventName": "CreateUser", "more": 1}})));
        assert!(!matches(&pattern, &json!({"source": "aws.sts", "detail": {"eventName": "createuser"}})));
        assert!(!matches(&pattern, &json!({"source": "aws.sts"})));
    }

    #[test]
    fn a_beginning_and_an_end_match_text_only() {
        let pattern = json!({"code": [{"prefix": "AccessDenied"}, {"suffix": "UnauthorizedOperation"}]});
        assert!(matches(&pattern, &json!({"code": "AccessDeniedException"})));
        assert!(matches(&pattern, &json!({"code": "Client.UnauthorizedOperation"})));
        assert!(!matches(&pattern, &json!({"code": "Throttling"})));
        assert!(!matches(&pattern, &json!({"code": null})));
        assert!(!matches(&pattern, &json!({"code": 5})));
    }

    #[test]
    fn anything_but_needs_the_field_and_exists_false_needs_its_absence() {
        let pattern = json!({"who": {"type": [{"anything-but": ["Root"]}, {"exists": false}]}});
        assert!(matches(&pattern, &json!({"who": {"type": "IAMUser"}})));
        assert!(!matches(&pattern, &json!({"who": {"type": "Root"}})));
        assert!(matches(&pattern, &json!({"who": {}})));
        assert!(matches(&pattern, &json!({})));
        assert!(!matches(&json!({"who": [{"anything-but": "Root"}]}), &json!({})));
    }

    #[test]
    fn null_is_a_value_of_its_own() {
        let pattern = json!({"code": [{"exists": false}, null, ""]});
        assert!(matches(&pattern, &json!({"code": null})));
        assert!(matches(&pattern, &json!({"code": ""})));
        assert!(matches(&pattern, &json!({})));
        assert!(!matches(&pattern, &json!({"code": "null"})));
        assert!(!matches(&json!({"code": [{"exists": false}]}), &json!({"code": null})));
    }
}
