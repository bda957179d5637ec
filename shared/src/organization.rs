//! AWS Organizations: what its calls and events name.

use serde_json::Value;

use crate::config::Config;
use crate::event::{Event, Target, is_account};

/// A policy of an organization, by its id.
pub(crate) fn policy(id: &str) -> Target {
    Target { kind: "organization policy".to_owned(), name: id.to_owned(), arn: None }
}

/// Where accounts lie and policies are attached, by its id. The root is the whole organization.
pub(crate) fn place(id: &str, config: &Config) -> String {
    if id.starts_with("r-") {
        "the whole organization".to_owned()
    } else if is_account(id) {
        format!("account {}", config.account_name(id))
    } else {
        format!("OU {id}")
    }
}

/// A type of policy in words.
pub(crate) fn policy_type(kind: &str) -> String {
    match kind {
        "DECLARATIVE_POLICY_EC2" => "declarative policy for EC2".to_owned(),
        _ => kind.to_ascii_lowercase().replace('_', " "),
    }
}

/// All policies of a type in words.
pub(crate) fn policies(kind: &str) -> String {
    policy_type(kind).replacen("policy", "policies", 1)
}

/// Whether policies of this type say what accounts may do at the most: these are policy documents.
pub(crate) fn is_control_policy(kind: &str) -> bool {
    matches!(kind, "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY")
}

/// Whether policies of this type hold accounts back or watch over them, and not only tag, back up or update. One that is
/// not known here does.
pub(crate) fn is_guardrail(kind: &str) -> bool {
    !matches!(
        kind,
        "TAG_POLICY" | "BACKUP_POLICY" | "AISERVICES_OPT_OUT_POLICY" | "CHATBOT_POLICY" | "UPGRADE_ROLLOUT_POLICY"
    )
}

/// Policies of AWS's own that allow everything: without one of them, an account may do only what others allow.
pub(crate) fn allows_everything(policy: &str) -> bool {
    matches!(policy, "p-FullAWSAccess" | "p-RCPFullAWSAccess")
}

/// The text under one of these keys, wherever it stands in the details of a service event.
pub(crate) fn detail<'a>(event: &'a Event, keys: &[&str]) -> Option<&'a str> {
    let details = event.record().get("serviceEventDetails")?;
    texts("", details).into_iter().find(|(key, _)| keys.contains(key)).map(|(_, text)| text)
}

/// The member account that a service event is about. AWS's documentation does not say under which key.
pub(crate) fn member(event: &Event) -> Option<&str> {
    let details = event.record().get("serviceEventDetails")?;
    texts("", details).into_iter().map(|(_, text)| text).find(|text| is_account(text) && *text != event.account)
}

fn texts<'a>(key: &'a str, value: &'a Value) -> Vec<(&'a str, &'a str)> {
    match value {
        Value::String(text) => vec![(key, text)],
        Value::Array(list) => list.iter().flat_map(|value| texts(key, value)).collect(),
        Value::Object(map) => map.iter().flat_map(|(key, value)| texts(key, value)).collect(),
        _ => Vec::new(),
    }
}
