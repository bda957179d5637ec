//! How long the judgement of one policy document takes, reading it included.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use iamwatch::policy::Document;

use crate::median;

/// One document, with the median of its times.
#[derive(Debug, Clone)]
pub struct Judged {
    pub what: &'static str,
    pub bytes: usize,
    pub read: Duration,
    /// Privilege, all paths and exposures.
    pub judge: Duration,
    pub paths: usize,
}

/// Judges each document that many times.
#[must_use]
pub fn measure(rounds: usize) -> Vec<Judged> {
    documents()
        .into_iter()
        .map(|(what, text)| {
            let (mut reads, mut judges, mut paths) = (Vec::new(), Vec::new(), 0);
            for _ in 0..rounds {
                let start = Instant::now();
                let document = Document::parse(&text);
                reads.push(start.elapsed());
                let start = Instant::now();
                if let Ok(document) = &document {
                    paths = document.opens().ways.len();
                    std::hint::black_box((document.privilege(), document.privilege_if()));
                }
                judges.push(start.elapsed());
            }
            Judged { what, bytes: text.len(), read: median(reads), judge: median(judges), paths }
        })
        .collect()
}

fn documents() -> Vec<(&'static str, String)> {
    vec![
        ("a deploy role's policy of 6 KB", deploy_role(6 * 1024)),
        ("5 KB that open every path", every_path()),
        ("one action of 128 KB of wildcards", hostile(|text| *text += "*a?", 1)),
        ("128 KB of short wildcards", hostile(|text| *text += "*r*e*", 1_000)),
        ("128 KB of resources with wildcards", resources()),
        ("10,000 statements", statements()),
    ]
}

/// Statements as a role that deploys has them, until the size is reached.
fn deploy_role(size: usize) -> String {
    let mut text = String::from(r#"{"Version":"2012-10-17","Statement":["#);
    let services = ["s3", "lambda", "logs", "dynamodb", "sqs", "sns", "events", "states", "ecs", "ecr", "apigateway"];
    for (number, service) in services.iter().cycle().enumerate() {
        if text.len() + 300 > size {
            break;
        }
        let _ = write!(
            text,
            r#"{{"Sid":"S{number}","Effect":"Allow","Action":["{service}:Create*","{service}:Update*","{service}:Get*","{service}:DeleteThing{number}"],"Resource":["arn:aws:{service}:*:111122223333:app-{number}-*","arn:aws:{service}:eu-west-1:111122223333:function:app-*"]}},"#
        );
    }
    text + r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app-*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}"#
}

/// Every action that any path needs, by its name.
fn every_path() -> String {
    let mut actions: Vec<&str> = iamwatch::policy::PATHS.iter().flat_map(|path| path.actions).copied().collect();
    actions.sort_unstable();
    actions.dedup();
    let list: Vec<String> = actions.iter().map(|action| format!("\"{action}\"")).collect();
    let deny: Vec<String> =
        (0..12).map(|number| format!("\"arn:aws:iam::111122223333:role/protected-{number}/*\"")).collect();
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{}],"Resource":"*"}},{{"Effect":"Deny","Action":["iam:*","sts:*"],"Resource":[{}]}}]}}"#,
        list.join(","),
        deny.join(",")
    )
}

/// 128 KB of actions, each `repeat` times less long.
fn hostile(pattern: impl Fn(&mut String), pieces: usize) -> String {
    let mut text = String::from(r#"{"Statement":{"Effect":"Allow","Resource":"*","Action":["#);
    let long = 128 * 1024;
    if pieces == 1 {
        text.push_str("\"iam:");
        while text.len() < long {
            pattern(&mut text);
        }
        text.push('"');
    } else {
        let mut number = 0;
        while text.len() < long {
            let _ = write!(text, "\"*{number}");
            pattern(&mut text);
            text.push_str("\",");
            number += 1;
        }
        text.push_str("\"s3:Get*\"");
    }
    text + "]}}"
}

fn resources() -> String {
    let mut text = String::from(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::*"},{"Effect":"Allow","Action":"*","Resource":["#,
    );
    for number in 0.. {
        if text.len() > 128 * 1024 {
            break;
        }
        let _ = write!(text, "\"arn:aws:*:*:*:*a*{number}*b*?*c*\",");
    }
    text + r#""arn:aws:s3:::app"]}]}"#
}

fn statements() -> String {
    let one = |number: usize| {
        format!(r#"{{"Effect":"Allow","Action":"iam:*{number}*","Resource":"arn:aws:iam::*:role/app-{number}"}}"#)
    };
    format!(r#"{{"Statement":[{}]}}"#, (0..10_000).map(one).collect::<Vec<_>>().join(","))
}
