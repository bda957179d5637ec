//! What policies open: a corpus with verdicts, and the quick judgement against a plain, slow one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iamwatch::config::Config;
use iamwatch::policy::{Answer, Certainty, Document, PATHS, Whom};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

mod corpus;

use corpus::cases;

const TRUST: &str = include_str!("policies/trust.txt");
const OUTSIDE: &str = include_str!("policies/outside.txt");

fn verdict(document: &Document, path: &str) -> &'static str {
    match document.ways().iter().find(|way| way.path.reference == path).map(iamwatch::policy::Way::certainty) {
        None => "no",
        Some(Certainty::Named) => "named",
        Some(Certainty::If) => "if",
        Some(Certainty::Plain) => "plain",
    }
}

#[test]
fn every_policy_of_the_corpus_opens_what_it_says() {
    let mut wrong = String::new();
    for case in cases() {
        let found = verdict(&Document::from_value(&case.document).unwrap(), case.path);
        if found != case.verdict {
            write!(wrong, "\n  found {found}: {}", case.line).unwrap();
        }
    }
    assert!(wrong.is_empty(), "policies that are judged otherwise than the corpus says:{wrong}");
}

#[test]
fn every_path_is_shown_open_and_nearly_open() {
    let mut shown: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in cases() {
        let (open, near) = shown.entry(case.path).or_default();
        if case.verdict == "plain" { *open += 1 } else { *near += 1 }
    }
    // The first path is a privilege, judged with these.
    for path in PATHS.iter().filter(|path| path.reference != "PE-001") {
        let counts = shown.get(path.reference).copied().unwrap_or_default();
        assert!(counts.0 > 0 && counts.1 > 0, "{} is shown {counts:?} times", path.reference);
    }
    assert!(cases().len() >= 150, "{} policies", cases().len());
}

#[test]
fn a_plain_yes_of_the_corpus_is_none_once_all_is_denied() {
    for mut case in cases() {
        let list = case.document["Statement"].as_array_mut().unwrap();
        list.insert(0, json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
        let document = Document::from_value(&case.document).unwrap();
        assert!(document.ways().is_empty() && document.exposed().is_empty(), "{}", case.line);
    }
}

/// `allow AWS 111122223333 to sts:AssumeRole if StringEquals sts:ExternalId example` as JSON.
fn trust_statement(text: &str) -> Value {
    let (text, condition) = text.split_once(" if ").map_or((text, None), |(text, condition)| (text, Some(condition)));
    let (whom, action) = text.split_once(" to ").unwrap();
    let [effect, kind, principal] = whom.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    let effect = if effect == "deny" { "Deny" } else { "Allow" };
    let mut statement = json!({"Effect": effect, "Principal": {kind: principal}, "Action": action});
    if let Some(condition) = condition {
        let [operator, key, values] = condition.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        statement["Condition"] = json!({operator: {key: values.split(' ').collect::<Vec<_>>()}});
    }
    statement
}

#[test]
fn every_trust_policy_of_the_corpus_is_as_weak_as_it_says() {
    let mut wrong = String::new();
    for line in TRUST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (expected, statements) = line.split_once(" : ").unwrap();
        let statements: Vec<Value> = statements.split(" ; ").map(trust_statement).collect();
        let document = Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap();
        let weak = document.weaknesses("111122223333", Some("deploy"), |account| account == "210987654321");
        let found: Vec<&str> = weak.iter().map(|weak| weak.flaw.word()).collect();
        let found = if found.is_empty() { "none".to_owned() } else { found.join(" ") };
        if found != expected {
            write!(wrong, "\n  found {found}: {line}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "trust policies that are judged otherwise than the corpus says:{wrong}");
}

/// `allow AWS 111122223333 to s3:Get*, s3:List* on * if StringEquals a b c and Bool d true` as JSON.
fn resource_statement(text: &str) -> Value {
    let (text, conditions) = text.split_once(" if ").map_or((text, None), |(text, all)| (text, Some(all)));
    let (text, resources) = text.split_once(" on ").map_or((text, None), |(text, all)| (text, Some(all)));
    let (whom, actions) = text.split_once(" to ").unwrap();
    let (effect, whom) = whom.split_once(' ').unwrap();
    let (element, whom) = whom.strip_prefix("not ").map_or(("Principal", whom), |whom| ("NotPrincipal", whom));
    let (kind, principal) = whom.split_once(' ').unwrap();
    let list = |text: &str| text.split(", ").collect::<Value>();
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), json!(if effect == "deny" { "Deny" } else { "Allow" }));
    statement.insert(element.to_owned(), json!({kind: principal}));
    statement.insert("Action".to_owned(), list(actions));
    if let Some(resources) = resources {
        statement.insert("Resource".to_owned(), list(resources));
    }
    let mut operators: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for condition in conditions.iter().flat_map(|all| all.split(" and ")) {
        let [operator, key, values] = condition.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        operators.entry(operator).or_default().insert(key.to_owned(), values.split(' ').collect());
    }
    statement.insert("Condition".to_owned(), json!(operators));
    Value::Object(statement)
}

#[test]
fn every_policy_of_a_resource_in_the_corpus_lets_in_whom_it_says() {
    let mut wrong = String::new();
    let known = [("210987654321".to_owned(), "backup".to_owned())].into();
    let config = Config { account_names: known, ..Config::default() };
    for line in OUTSIDE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (expected, statements) = line.split_once(" : ").unwrap();
        let statements: Vec<Value> = statements.split(" ; ").map(resource_statement).collect();
        let document = Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap();
        let found: Vec<String> = document
            .judge("111122223333", None, &config)
            .iter()
            .map(|verdict| format!("{} {}", verdict.severity, verdict.word))
            .collect();
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        if found != expected {
            write!(wrong, "\n  found {found}: {line}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "policies of resources that are judged otherwise than the corpus says:{wrong}");
}

/// The definition of a wildcard, word by word, as slow as it is plain.
fn plainly(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|taken| plainly(rest, &text[taken..])),
        Some(('?', rest)) => !text.is_empty() && plainly(rest, &text[1..]),
        Some((want, rest)) => text.first() == Some(want) && plainly(rest, &text[1..]),
    }
}

fn is_in(list: &Value, text: &str, any_case: bool) -> bool {
    let chars = |text: &str| if any_case { text.to_lowercase() } else { text.to_owned() }.chars().collect::<Vec<_>>();
    list.as_array().unwrap().iter().any(|pattern| plainly(&chars(pattern.as_str().unwrap()), &chars(text)))
}

/// IAM's own rule, read off the JSON: an explicit denial, else an allowance, else nothing.
fn plain_answer(document: &Value, action: &str, resource: &str) -> Answer {
    let (mut allowed, mut denied) = (Answer::No, Answer::No);
    for statement in document["Statement"].as_array().unwrap() {
        let about = |name: &str, text: &str, any_case: bool| match statement.get(name) {
            Some(list) => is_in(list, text, any_case),
            None => !is_in(&statement[format!("Not{name}")], text, any_case),
        };
        if !about("Action", action, true) || !about("Resource", resource, false) {
            continue;
        }
        let answer = if statement.get("Condition").is_some() { Answer::If } else { Answer::Yes };
        let side = if statement["Effect"] == "Deny" { &mut denied } else { &mut allowed };
        *side = answer.max(*side);
    }
    match denied {
        Answer::Yes => Answer::No,
        Answer::If => allowed.min(Answer::If),
        Answer::No => allowed,
    }
}

/// Paths of one action, and resources of its kind, of which no policy below names the first.
const ASKED: [(&str, &str, [&str; 4]); 4] = [
    ("PE-016", "iam:PutRolePolicy", ["role/someone", "role/app-main", "role/app-x", "role/team/app"]),
    ("PE-032", "iam:UpdateAssumeRolePolicy", ["role/someone", "role/app-main", "role/app-x", "role/team/app"]),
    ("PE-014", "iam:PutGroupPolicy", ["group/someone", "group/app-main", "group/app-x", "group/team/app"]),
    ("PE-006", "iam:CreatePolicyVersion", ["policy/someone", "policy/app-main", "policy/app-x", "policy/team/app"]),
];

fn any_statement() -> impl Strategy<Value = Value> {
    let actions = prop::sample::subsequence(
        vec![
            "*",
            "iam:*",
            "IAM:PUT*",
            "iam:P?tRolePolicy",
            "iam:*Policy",
            "iam:UpdateAssumeRolePolicy",
            "iam:Create*",
            "iam:putgrouppolicy",
            "s3:*",
            "i*:*Version",
            "iam:Get*",
        ],
        1..3,
    );
    let resources = prop::sample::subsequence(
        vec![
            "*",
            "arn:aws:iam::*",
            "arn:aws:iam::111122223333:*",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::*:group/*",
            "arn:aws:iam::111122223333:role/app-*",
            "arn:aws:iam::111122223333:role/app-main",
            "arn:aws:iam::111122223333:*/app-?",
            "arn:aws:iam::111122223333:group/app-*",
            "arn:aws:iam::111122223333:policy/app-main",
            "arn:aws:iam::111122223333:policy/team/*",
            "arn:aws:s3:::app/*",
        ],
        1..3,
    );
    (actions, resources, prop::array::uniform3(prop::bool::weighted(0.3)), prop::bool::weighted(0.2)).prop_map(
        |(actions, resources, [deny, not_action, not_resource], condition)| {
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), json!(if deny { "Deny" } else { "Allow" }));
            statement.insert(if not_action { "NotAction" } else { "Action" }.to_owned(), json!(actions));
            statement.insert(if not_resource { "NotResource" } else { "Resource" }.to_owned(), json!(resources));
            if condition {
                statement.insert("Condition".to_owned(), json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
            }
            Value::Object(statement)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_quick_judgement_agrees_with_the_plain_one(statements in prop::collection::vec(any_statement(), 1..5)) {
        let value = json!({"Version": "2012-10-17", "Statement": statements});
        let document = Document::from_value(&value).unwrap();
        for (path, action, names) in ASKED {
            let answers: Vec<Answer> = names
                .iter()
                .map(|name| {
                    let resource = format!("arn:aws:iam::111122223333:{name}");
                    let plain = plain_answer(&value, action, &resource);
                    prop_assert_eq!(document.allows(action, &resource), plain, "{} on {}", action, resource);
                    Ok(plain)
                })
                .collect::<Result<_, _>>()?;
            match (answers[0], verdict(&document, path)) {
                (Answer::Yes, found) => prop_assert_eq!(found, "plain", "{}", path),
                (Answer::If, found) => prop_assert_eq!(found, "if", "{}", path),
                (Answer::No, "no") => prop_assert!(answers.iter().all(|answer| *answer == Answer::No), "{}", path),
                (Answer::No, found) => prop_assert_eq!(found, "named", "{}", path),
            }
        }
    }

    #[test]
    fn no_pattern_stalls_it_or_makes_it_panic(
        action in "[a-z*?:$\\{\\}é]{0,40}",
        resource in "[a-z*?:/$\\{\\}é]{0,60}",
        deny in "[arn:wsim*?/$\\{\\}]{0,30}",
    ) {
        let document = Document::from_value(&json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": [action, "iam:*"], "Resource": [resource, deny]},
            {"Effect": "Deny", "Action": "iam:Put*", "Resource": deny},
            {"Effect": "Deny", "Action": "*", "NotResource": resource},
        ]}))
        .unwrap();
        let _ = (document.ways(), document.exposed(), document.allows(&action, &resource));
    }
}

#[test]
fn a_document_of_ten_thousand_statements_is_judged() {
    let statement = |number: usize| json!({"Effect": "Allow", "Action": format!("iam:*{number}*"), "Resource": "*"});
    let mut statements: Vec<Value> = (0..10_000).map(statement).collect();
    statements.push(json!({"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}));
    let document = Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap();
    assert_eq!(verdict(&document, "PE-018"), "plain");
}

/// What a caller brings along; a list of texts each, of which most have one.
type Caller = BTreeMap<&'static str, &'static str>;

/// Somebody whom nobody meant: of another account and organization, from another network, who can choose the rest.
fn stranger() -> Caller {
    [
        ("account", "999999999999"),
        ("aws:PrincipalAccount", "999999999999"),
        ("aws:PrincipalArn", "arn:aws:iam::999999999999:role/reader"),
        ("aws:PrincipalOrgID", "o-stranger99"),
        ("aws:SourceIp", "198.51.100.66"),
        ("aws:SecureTransport", "true"),
        ("aws:Referer", "https://www.example.com/"),
        ("aws:PrincipalTag/team", "web"),
        ("aws:PrincipalIsAWSService", "false"),
    ]
    .into()
}

/// IAM's own rule for one operator on one key, as plain as it is slow. `IpAddress` knows whole octets only.
fn plainly_holds(operator: &str, key: &str, values: &Value, caller: &Caller) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    let if_exists = operator.strip_suffix("IfExists");
    let operator = if_exists.unwrap_or(operator);
    let negated = operator.contains("Not");
    let Some(have) = caller.get(key) else { return if_exists.is_some() || negated };
    let is = |value: &str| match operator {
        "IpAddress" | "NotIpAddress" => have.starts_with(value.split(".0").next().unwrap()),
        "StringLike" | "StringNotLike" | "ArnLike" | "ArnNotLike" => plainly(&chars(value), &chars(have)),
        _ => value == *have,
    };
    values.as_array().unwrap().iter().any(|value| is(value.as_str().unwrap())) != negated
}

fn plainly_lets_in(document: &Value, caller: &Caller, action: &str, resource: &str) -> bool {
    let (mut allowed, mut denied) = (false, false);
    for statement in document["Statement"].as_array().unwrap() {
        let named = |principal: &Value| {
            let names = principal["AWS"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            names.into_iter().any(|name| name == "*" || name.contains(caller["account"]))
        };
        let about = match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(principal), _) => named(principal),
            (_, Some(principal)) => !named(principal),
            _ => false,
        };
        let on = is_in(&statement["Action"], action, true) && is_in(&statement["Resource"], resource, false);
        let holds = statement["Condition"].as_object().unwrap().iter().all(|(operator, keys)| {
            keys.as_object().unwrap().iter().all(|(key, values)| plainly_holds(operator, key, values, caller))
        });
        if about && on && holds {
            let side = if statement["Effect"] == "Deny" { &mut denied } else { &mut allowed };
            *side = true;
        }
    }
    allowed && !denied
}

fn any_resource_statement() -> impl Strategy<Value = Value> {
    let principals = prop::sample::subsequence(vec!["*", "111122223333", "arn:aws:iam::123456789012:root"], 1..3);
    let actions = prop::sample::subsequence(vec!["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject"], 1..3);
    let resources =
        prop::sample::subsequence(vec!["*", "arn:aws:s3:::app/*", "arn:aws:s3:::app/x", "arn:aws:s3:::*"], 1..3);
    let conditions = prop::sample::subsequence(
        vec![
            ("StringEquals", "aws:PrincipalOrgID", "o-exampleorgid"),
            ("StringNotEquals", "aws:PrincipalOrgID", "o-exampleorgid"),
            ("StringNotEqualsIfExists", "aws:PrincipalOrgID", "o-exampleorgid"),
            ("StringEqualsIfExists", "aws:SourceVpce", "vpce-0a1b2c3d"),
            ("StringEquals", "aws:SourceVpce", "vpce-0a1b2c3d"),
            ("StringNotEquals", "aws:SourceVpce", "vpce-0a1b2c3d"),
            ("StringLike", "aws:PrincipalAccount", "*"),
            ("StringEquals", "aws:PrincipalAccount", "111122223333"),
            ("StringNotEquals", "aws:PrincipalAccount", "111122223333"),
            ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/reader"),
            ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*"),
            ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
            ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
            ("Bool", "aws:SecureTransport", "true"),
            ("Bool", "aws:SecureTransport", "false"),
            ("BoolIfExists", "aws:PrincipalIsAWSService", "false"),
            ("StringEquals", "aws:PrincipalTag/team", "web"),
            ("StringNotEquals", "aws:PrincipalTag/team", "web"),
        ],
        0..3,
    );
    (principals, actions, resources, conditions, prop::bool::weighted(0.4), prop::bool::weighted(0.2)).prop_map(
        |(principals, actions, resources, conditions, deny, all_but)| {
            let mut statement = json!({
                "Effect": if deny { "Deny" } else { "Allow" },
                "Action": actions, "Resource": resources, "Condition": {},
            });
            statement[if all_but { "NotPrincipal" } else { "Principal" }] = json!({"AWS": principals});
            for (operator, key, value) in conditions {
                statement["Condition"][operator][key] = json!([value]);
            }
            statement
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whoever_is_plainly_let_in_is_told_as_everyone(statements in prop::collection::vec(any_resource_statement(), 1..4)) {
        let value = json!({"Version": "2012-10-17", "Statement": statements});
        let document = Document::from_value(&value).unwrap();
        let outsiders = document.outsiders("111122223333");
        let told = outsiders.iter().any(|one| matches!(one.whom, Whom::Everyone | Whom::EveryoneIf));
        let objects = ["app/x", "app/y", "b/x"].map(|object| format!("arn:aws:s3:::{object}"));
        let asked = ["s3:GetObject", "s3:PutObject"].map(|action| objects.each_ref().map(|object| (action, object)));
        let let_in = asked.as_flattened().iter().any(|(action, resource)| plainly_lets_in(&value, &stranger(), action, resource));
        prop_assert!(told || !let_in, "a stranger gets in, and {outsiders:?} are told");
        let mut partner = stranger();
        partner.insert("account", "123456789012");
        partner.insert("aws:PrincipalAccount", "123456789012");
        partner.insert("aws:PrincipalArn", "arn:aws:iam::123456789012:role/reader");
        let let_in_too = asked.as_flattened().iter().any(|(action, resource)| plainly_lets_in(&value, &partner, action, resource));
        prop_assert!(!outsiders.is_empty() || !let_in_too, "another account gets in, and nobody is told");
        // Denials of a part are left out of the judgement: it says too much there, never too little.
        let denies = statements.iter().any(|statement| statement["Effect"] == "Deny");
        let plain = outsiders.iter().any(|one| one.whom == Whom::Everyone && one.statement.conditions.is_empty());
        prop_assert!(denies || let_in || !plain, "nobody gets in, and {outsiders:?} are told");
    }
}

#[test]
fn a_document_that_lets_in_thousands_is_judged() {
    let accounts: Vec<String> = (0..600_u64).map(|number| (300_000_000_000 + number).to_string()).collect();
    let services: Vec<String> = (0..600).map(|number| format!("s{number}.amazonaws.com")).collect();
    let mut principals = vec!["*".to_owned(); 2_000];
    principals.extend(accounts.iter().cloned());
    let long = "arn:aws:s3:::app/".to_owned() + &"*a".repeat(2_000);
    let allow = json!({
        "Effect": "Allow", "Principal": {"AWS": principals, "Service": services},
        "Action": "s3:GetObject", "Resource": long, "Condition": {"StringEquals": {"aws:SourceAccount": accounts}},
    });
    let deny = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": format!("{long}b"),
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}},
    });
    let document = Document::from_value(&json!({"Statement": [allow, deny, deny, deny]})).unwrap();
    assert!(document.outsiders("111122223333").len() > 1_000);
}
