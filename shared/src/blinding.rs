//! Acts that leave an account seeing less: what the detections of them share.

use serde_json::Value;

use crate::arn;
use crate::event::Event;
use crate::finding::Finding;

/// Weighs a finding by who acted. What a service does on its own is not told. What `CloudFormation` does for somebody is
/// one step quieter.
pub(crate) fn weigh(event: &Event, finding: Finding) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    if !event.actor.is_deployment() {
        return Some(finding);
    }
    let lowered = finding.severity.lowered();
    Some(finding.severity(lowered).evidence("Deployment", "CloudFormation did it for whoever is named under Who"))
}

/// Whether the console's own credentials signed the call. Only AWS writes this; the user agent, which older records show
/// the console by, is the caller's.
pub(crate) fn is_surely_console(event: &Event) -> bool {
    event.record().get("sessionCredentialFromConsole").and_then(said) == Some(true)
}

/// What the names of things that serve security have in them.
const SECURITY: [&str; 11] = [
    "access-analyzer",
    "audit",
    "aws-waf-logs",
    "cloud-trail",
    "cloudtrail",
    "flow-log",
    "flow_log",
    "flowlog",
    "guardduty",
    "security",
    "siem",
];

/// Whether a name says that what bears it serves security. Whoever deletes a thing did not name it, so this may raise a
/// severity; that a name says nothing lowers none.
pub(crate) fn serves_security(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECURITY.iter().any(|word| name.contains(word))
}

/// Whether a name says that people are told through what bears it.
pub(crate) fn tells_people(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    serves_security(&name)
        || ["alarm", "alert", "incident", "on-call", "oncall", "pager"].iter().any(|word| name.contains(word))
}

/// The value at a dotted path under `requestParameters`. Some services keep the capital letter that their API's
/// parameters begin with: `Workflow` is found as `workflow`.
pub(crate) fn parameter<'a>(event: &'a Event, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(event.record().get("requestParameters")?, member)
}

/// A member of an object, under its name or under its name with a capital letter.
pub(crate) fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let mut letters = name.chars();
        let first = letters.next()?.to_ascii_uppercase();
        object.get(std::iter::once(first).chain(letters).collect::<String>())
    })
}

/// As [`parameter`], for text.
pub(crate) fn text<'a>(event: &'a Event, path: &str) -> Option<&'a str> {
    parameter(event, path)?.as_str().filter(|text| !text.is_empty())
}

/// As [`parameter`], for a list of texts. One that stands alone is a list too.
pub(crate) fn texts<'a>(event: &'a Event, path: &str) -> Vec<&'a str> {
    match parameter(event, path) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) if !text.is_empty() => vec![text],
        _ => Vec::new(),
    }
}

/// Whether a parameter says yes or no; `None` where it is not in the record.
pub(crate) fn flag(event: &Event, path: &str) -> Option<bool> {
    said(parameter(event, path)?)
}

/// A yes or no, which some records hold as text.
pub(crate) fn said(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(said) => Some(*said),
        Value::String(said) => said.parse().ok(),
        _ => None,
    }
}

/// The objects of a list. One that stands alone is a list too, as where XML was read.
pub(crate) fn objects(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    }
}

/// A number of days in a sentence.
pub(crate) fn days(count: u64) -> String {
    match count {
        1 => "a day".to_owned(),
        count => format!("{count} days"),
    }
}

/// Whether an ARN names another account than this one. A short name, which has no account, is this one's.
pub(crate) fn is_of_another(arn: &str, account: &str) -> bool {
    arn::account(arn).is_some_and(|owner| !owner.is_empty() && owner != account)
}

/// A list for a sentence, cut after the third.
pub(crate) fn listed(list: &[&str]) -> String {
    let first: Vec<&str> = list.iter().copied().take(3).collect();
    match list.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::event::Event;

    #[test]
    fn a_parameter_is_found_with_and_without_its_capital_letter() {
        for parameters in [json!({"Workflow": {"Status": "SUPPRESSED"}}), json!({"workflow": {"status": "SUPPRESSED"}})]
        {
            let event = Event::decode(json!({"requestParameters": parameters}));
            assert_eq!(super::text(&event, "workflow.status"), Some("SUPPRESSED"));
        }
    }

    #[test]
    fn a_name_that_says_what_it_is_for_is_heard_in_any_case() {
        assert!(super::serves_security("CloudTrail/DefaultLogGroup"));
        assert!(super::serves_security("/aws/vpc/prod-FlowLogs"));
        assert!(!super::serves_security("/aws/lambda/invoice"));
        assert!(super::tells_people("arn:aws:sns:us-east-1:111122223333:OnCall"));
        assert!(!super::tells_people("orders"));
    }
}
