//! Secrets never leave the record they came in: they are removed before anything is stored, logged or sent.

use serde_json::{Map, Value};

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// Keys that name a secret without holding it.
const NAMES_A_SECRET: [&str; 5] = ["secretid", "secretarn", "secretname", "secretidlist", "passwordlastused"];

/// Replaces the text under every key that speaks of a session token, a secret or a password, at any depth.
///
/// Flags such as `passwordResetRequired` stay: only text can be a secret.
pub(super) fn secrets(record: &mut Map<String, Value>) {
    for (key, value) in record.iter_mut() {
        if holds_a_secret(key) {
            blank(value);
        } else {
            descend(value);
        }
    }
}

fn descend(value: &mut Value) {
    match value {
        Value::Object(map) => secrets(map),
        Value::Array(list) => list.iter_mut().for_each(descend),
        _ => {}
    }
}

/// Replaces all text at and below a key that holds a secret: some services nest it one level deeper.
fn blank(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_empty() => REDACTED.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(blank),
        Value::Object(map) => map.values_mut().for_each(blank),
        _ => {}
    }
}

fn holds_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let secret =
        ["sessiontoken", "secret", "password", "signintoken", "bearertoken"].iter().any(|word| key.contains(word));
    // `responseElements.PasswordUpdated` and the like answer "Success": an outcome, not a password.
    let outcome = key.ends_with("updated") || key.ends_with("requested") || key.ends_with("completed");
    secret && !outcome && !NAMES_A_SECRET.contains(&key.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn secrets_are_blanked_at_any_depth_and_flags_and_names_stay() {
        let mut record = json!({
            "responseElements": {
                "credentials": {"sessionToken": "FwoG", "accessKeyId": "ASIAIOSFODNN7EXAMPLE", "secretAccessKey": "x"},
                "PasswordUpdated": "Success",
                "serviceSpecificCredential": {"servicePassword": "y", "serviceCredentialSecret": "z"},
            },
            "requestParameters": {
                "masterUserPassword": {"value": "hunter2"},
                "passwordResetRequired": false,
                "secretId": "prod/db",
                "list": [{"Password": "p"}],
            },
        });
        super::secrets(record.as_object_mut().unwrap());
        assert_eq!(
            record,
            json!({
                "responseElements": {
                    "credentials": {
                        "sessionToken": "[redacted]",
                        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
                        "secretAccessKey": "[redacted]",
                    },
                    "PasswordUpdated": "Success",
                    "serviceSpecificCredential": {
                        "servicePassword": "[redacted]",
                        "serviceCredentialSecret": "[redacted]",
                    },
                },
                "requestParameters": {
                    "masterUserPassword": {"value": "[redacted]"},
                    "passwordResetRequired": false,
                    "secretId": "prod/db",
                    "list": [{"Password": "[redacted]"}],
                },
            })
        );
    }
}
