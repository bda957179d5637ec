//! The corpus of policies and what they open.

use serde_json::{Map, Value, json};

const CORPUS: &str = include_str!("../policies/paths.txt");

/// One line of the corpus.
pub(crate) struct Case {
    pub(crate) line: &'static str,
    pub(crate) path: &'static str,
    pub(crate) verdict: &'static str,
    pub(crate) document: Value,
}

pub(crate) fn cases() -> Vec<Case> {
    let lines = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (head, statements) = line.split_once(" : ").unwrap_or_else(|| panic!("no ` : ` in `{line}`"));
            let (path, verdict) = head.split_once(' ').unwrap();
            let statements: Vec<Value> = statements.split(" ; ").map(statement).collect();
            Case { line, path, verdict, document: json!({"Version": "2012-10-17", "Statement": statements}) }
        })
        .collect()
}

/// `allow iam:PassRole, lambda:* on arn:aws:s3:::b if Bool aws:SecureTransport true` as JSON.
fn statement(text: &str) -> Value {
    let (text, condition) = text.split_once(" if ").map_or((text, None), |(text, condition)| (text, Some(condition)));
    let (text, resources) = text.split_once(" on ").unwrap_or((text, "*"));
    let (effect, actions) = text.split_once(' ').unwrap();
    let mut statement = Map::new();
    let effect = match effect {
        "allow" => "Allow",
        "deny" => "Deny",
        other => panic!("`{other}` is neither allow nor deny"),
    };
    statement.insert("Effect".to_owned(), json!(effect));
    for (name, list) in [("Action", actions), ("Resource", resources)] {
        let (key, list) =
            list.strip_prefix("not ").map_or((name.to_owned(), list), |list| (format!("Not{name}"), list));
        statement.insert(key, list.split(", ").collect());
    }
    if let Some(condition) = condition {
        let mut words = condition.split(' ');
        let [operator, key, value] = [(); 3].map(|()| words.next().unwrap());
        statement.insert("Condition".to_owned(), json!({operator: {key: value}}));
    }
    Value::Object(statement)
}
