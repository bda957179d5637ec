//! A document as JSON again.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Condition, Document, Effect, Principal, PrincipalKind, Scope, Statement};

impl Document {
    /// The document as IAM takes it, on one line of ASCII without a single quote: safe between single quotes in a shell.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for c in self.to_json().to_string().chars() {
            match c {
                ' '..='~' if c != '\'' => text.push(c),
                // Such characters stand only within strings, where JSON has an escape for each.
                other => {
                    let mut units = [0; 2];
                    for unit in other.encode_utf16(&mut units) {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "\\u{unit:04x}");
                    }
                }
            }
        }
        text
    }

    fn to_json(&self) -> Value {
        let mut document = Map::new();
        if let Some(version) = &self.version {
            document.insert("Version".to_owned(), json!(version));
        }
        if let Some(id) = &self.id {
            document.insert("Id".to_owned(), json!(id));
        }
        document.insert("Statement".to_owned(), self.statements.iter().map(Statement::to_json).collect());
        Value::Object(document)
    }
}

impl Statement {
    fn to_json(&self) -> Value {
        let mut statement = Map::new();
        if let Some(sid) = &self.sid {
            statement.insert("Sid".to_owned(), json!(sid));
        }
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        statement.insert("Effect".to_owned(), json!(effect));
        let mut put = |key: &str, not: bool, value: Value| {
            statement.insert(if not { format!("Not{key}") } else { key.to_owned() }, value);
        };
        if let Some(scope) = &self.principals {
            let (Scope::Only(list) | Scope::AllBut(list)) = scope;
            put("Principal", matches!(scope, Scope::AllBut(_)), principals(list));
        }
        let (Scope::Only(actions) | Scope::AllBut(actions)) = &self.actions;
        put("Action", matches!(self.actions, Scope::AllBut(_)), json!(actions));
        if let Some(scope) = &self.resources {
            let (Scope::Only(list) | Scope::AllBut(list)) = scope;
            put("Resource", matches!(scope, Scope::AllBut(_)), json!(list));
        }
        if !self.conditions.is_empty() {
            put("Condition", false, conditions(&self.conditions));
        }
        Value::Object(statement)
    }
}

fn principals(list: &[Principal]) -> Value {
    let mut kinds: Map<String, Value> = Map::new();
    for principal in list {
        let kind = match principal.kind {
            PrincipalKind::Aws => "AWS",
            PrincipalKind::Service => "Service",
            PrincipalKind::Federated => "Federated",
            PrincipalKind::CanonicalUser => "CanonicalUser",
            PrincipalKind::Other => continue,
        };
        if let Value::Array(names) = kinds.entry(kind).or_insert_with(|| json!([])) {
            names.push(json!(principal.name));
        }
    }
    Value::Object(kinds)
}

fn conditions(list: &[Condition]) -> Value {
    let mut operators: Map<String, Value> = Map::new();
    for Condition { operator, key, values } in list {
        if let Value::Object(keys) = operators.entry(operator.as_str()).or_insert_with(|| json!({})) {
            keys.insert(key.clone(), json!(values));
        }
    }
    Value::Object(operators)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let document = Document::from_value(&json!({"Version": "2012-10-17", "Id": "x", "Statement": [
            {"Sid": "it's \u{202e}\u{1f980}", "Effect": "Deny", "NotAction": "iam:*", "NotResource": ["a", "b"],
             "Condition": {"StringEquals": {"aws:a": ["1", "2"], "aws:b": true}, "Null": {"aws:c": "false"}}},
            {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": ["1", "2"], "Service": "ec2.amazonaws.com", "Federated": "x"}},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "*"}},
        ]}))
        .unwrap();
        let text = document.to_text();
        assert_eq!(Document::parse(&text).unwrap(), document);
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'\''), "{text}");
    }
}
