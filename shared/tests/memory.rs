//! What is remembered from one event to the next: habits, traces and tallies, over the same line as the stack's.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "events are written where they are passed")]

mod unheard;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use iamwatch::config::Config;
use iamwatch::detect::REMEMBERING;
use iamwatch::event::Event;
use iamwatch::facts::past::What;
use iamwatch::finding::Finding;
use iamwatch::flow::Outcome;
use iamwatch::ledger::Memory;
use iamwatch::watcher::{Glance, Watcher};
use insta::assert_snapshot;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const OFFICE: &str = "192.0.2.44";
const ELSEWHERE: &str = "198.51.100.99";

/// A stack over time.
#[derive(Default)]
struct Story {
    ledger: Memory,
    config: Config,
    number: u32,
}

impl Story {
    /// What is said of an event that arrives when it is made.
    fn on(&mut self, time: &str, event: Value) -> String {
        self.late(time, time, event)
    }

    /// What is said of an event that was made at one time and arrives at another: its severity, its act, and what is told
    /// because of what came before.
    fn late(&mut self, made: &str, arrives: &str, event: Value) -> String {
        self.found(made, arrives, event).map_or_else(|| "nothing".to_owned(), |finding| in_words(&finding))
    }

    fn found(&mut self, made: &str, arrives: &str, mut event: Value) -> Option<Finding> {
        self.number += 1;
        event["eventID"] = json!(format!("00000000-0000-4000-8000-{:012}", self.number));
        event["eventTime"] = json!(format!("2026-03-{made}:00Z"));
        let event = Event::decode(event);
        let now: Timestamp = format!("2026-03-{arrives}:00Z").parse().unwrap();
        let admitted = Watcher::ALL.into_iter().filter(|watcher| watcher.admits(&Glance::of(&event)));
        let mut found = None;
        for watcher in admitted {
            if let Outcome::Found(finding, ..) = unheard::watch(watcher, &event, &self.config, &self.ledger, now) {
                found = Some(*finding);
            }
        }
        found
    }

    /// A stack that has learned for long enough, and knows nobody in these tests.
    fn learned() -> Self {
        let mut story = Self::default();
        let caller = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333",
            "userName": "ann", "accessKeyId": "AKIAANNANNANNEXAMPLE"});
        story.on("01T08:00", call(caller, "iam", "CreateGroup", OFFICE, json!({"groupName": "team"})));
        story
    }
}

fn in_words(finding: &Finding) -> String {
    let told = [
        "Network",
        "Key",
        "Just made",
        "Just written",
        "Two networks",
        "Instance",
        "Denied before",
        "First",
        "Opened",
        "Just given",
        "Stranger",
        "Device",
        "Agent",
        "Left the VPC",
        "Workload",
        "Declared",
        "In person",
        "Not allowed",
        "Before",
        "In a row",
    ];
    let facts = finding.evidence.iter().filter(|fact| told.contains(&fact.label.as_str()));
    let facts = facts.map(|fact| format!("{}: {}", fact.label, fact.value));
    std::iter::once(format!("{} {}", finding.severity, finding.act)).chain(facts).collect::<Vec<_>>().join("\n")
}

fn user(name: &str, key: &str) -> Value {
    json!({"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{name}"), "accountId": "111122223333",
        "userName": name, "accessKeyId": key})
}

fn bob() -> Value {
    user("bob", "AKIABOBBOBBOBEXAMPLE")
}

fn session(role: &str, name: &str, key: &str) -> Value {
    json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}"),
        "principalId": format!("AROAAAAAAAAAAEXAMPLE:{name}"), "accountId": "111122223333", "accessKeyId": key,
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role, "accountId": "111122223333",
            "arn": format!("arn:aws:iam::111122223333:role/{role}")}}})
}

fn instance(id: &str, key: &str) -> Value {
    let mut session = session("web", id, key);
    session["inScopeOf"] = json!({"issuerType": "AWS::EC2::Instance",
        "credentialsIssuedTo": format!("arn:aws:ec2:us-east-1:111122223333:instance/{id}")});
    session
}

fn call(by: Value, service: &str, name: &str, address: &str, request: Value) -> Value {
    json!({"eventVersion": "1.11", "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "userIdentity": by, "requestParameters": request, "responseElements": null, "sourceIPAddress": address,
        "userAgent": "aws-cli/2.27.41", "awsRegion": "us-east-1", "eventType": "AwsApiCall", "readOnly": false,
        "recipientAccountId": "111122223333"})
}

/// A call that is MEDIUM by itself.
fn makes_user(by: Value, address: &str) -> Value {
    call(by, "iam", "CreateUser", address, json!({"userName": "carol"}))
}

fn answered(mut event: Value, answer: Value) -> Value {
    event["responseElements"] = answer;
    event
}

fn denied(mut event: Value) -> Value {
    event["errorCode"] = json!("AccessDenied");
    event["errorMessage"] = json!(
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: \
        iam:CreateUser on resource: arn:aws:iam::111122223333:user/carol because no identity-based policy allows the \
        iam:CreateUser action"
    );
    event["requestParameters"] = Value::Null;
    event
}

#[test]
fn a_key_from_a_new_network_is_told_once_enough_was_learned() {
    let mut story = Story::learned();
    assert_snapshot!(story.on("04T09:00", makes_user(bob(), OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("12T09:00", makes_user(bob(), ELSEWHERE)), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    ");
    assert_snapshot!(story.on("12T09:05", makes_user(bob(), "198.51.100.7")), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01 (first seen 5 min ago)
    ");
    assert_snapshot!(story.on("13T09:00", makes_user(bob(), "192.0.2.200")), @"MEDIUM created user carol");
    assert_snapshot!(story.on("13T09:00", makes_user(bob(), "2001:db8:7:1::5")), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 2001:db8:7::/48 before, since 2026-03-01
    ");
    assert_snapshot!(story.on("13T09:00", makes_user(bob(), "2001:db8:7:ffff::5")), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 2001:db8:7::/48 before, since 2026-03-01 (first seen less than a minute ago)
    ");
    assert_snapshot!(story.on("13T09:00", makes_user(bob(), "cloudformation.amazonaws.com")), @"MEDIUM created user carol");
}

#[test]
fn what_is_new_stays_new_for_a_day_and_is_one_alert() {
    let story = Story::learned();
    let told = |story: &Story, number: u32, time: &str| {
        let mut event = makes_user(bob(), ELSEWHERE);
        event["eventID"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
        event["eventTime"] = json!(format!("2026-03-{time}:00Z"));
        let now = format!("2026-03-{time}:00Z").parse().unwrap();
        let (config, ledger) = (&story.config, &story.ledger);
        match unheard::watch(Watcher::IamChanges, &Event::decode(event), config, ledger, now) {
            Outcome::Found(finding, standing, _) => (finding.severity.word(), standing.speaks),
            _ => panic!("a user was made"),
        }
    };
    let mut known = Story { number: 50, ..story };
    known.on("04T09:00", makes_user(bob(), OFFICE));
    assert_eq!(told(&known, 101, "12T09:00"), ("HIGH", true));
    assert_eq!(told(&known, 102, "12T09:01"), ("HIGH", false), "as new as the first, and the same incident");
    assert_eq!(told(&known, 103, "12T09:12"), ("HIGH", false));
    assert_eq!(told(&known, 104, "12T18:00"), ("HIGH", true), "another incident");
    assert_eq!(told(&known, 105, "13T09:00"), ("MEDIUM", true), "usual after a day");
}

#[test]
fn an_account_that_is_added_later_learns_for_itself() {
    let mut story = Story::learned();
    let elsewhere = |address: &str| {
        let mut event = makes_user(bob(), address);
        event["recipientAccountId"] = json!("123456789012");
        event["userIdentity"]["arn"] = json!("arn:aws:iam::123456789012:user/bob");
        event["userIdentity"]["accountId"] = json!("123456789012");
        event
    };
    assert_snapshot!(story.on("12T09:00", elsewhere(OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("13T10:00", elsewhere(ELSEWHERE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("21T09:00", elsewhere("203.0.113.9")), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 203.0.113.0/24 before, since 2026-03-12
    ");
    // The stack's own account learned before.
    story.on("04T09:00", makes_user(bob(), OFFICE));
    assert_snapshot!(story.on("12T09:00", makes_user(bob(), ELSEWHERE)), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    ");
}

#[test]
fn what_was_seen_while_learning_is_usual_at_once() {
    let mut story = Story::learned();
    story.on("07T23:00", makes_user(bob(), ELSEWHERE));
    assert_snapshot!(story.on("08T09:00", makes_user(bob(), ELSEWHERE)), @"MEDIUM created user carol");
}

#[test]
fn a_key_that_leaves_the_vpc_is_told() {
    let mut story = Story::learned();
    let inside = |mut event: Value| {
        event["vpcEndpointId"] = json!("vpce-0a1b2c3d4e5f60718");
        event
    };
    story.on("03T09:00", inside(makes_user(bob(), "10.0.4.7")));
    assert_snapshot!(story.on("12T09:00", inside(makes_user(bob(), "10.0.4.8"))), @"MEDIUM created user carol");
    assert_snapshot!(story.on("12T09:05", makes_user(bob(), ELSEWHERE)), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    Left the VPC: its keys were only seen inside VPCs before, since 2026-03-01
    ");
    // Somebody new has no place that is usual.
    let carol = user("carol", "AKIACAROLCARREXAMPLE");
    assert_snapshot!(story.on("12T09:06", makes_user(carol, ELSEWHERE)), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen before, since 2026-03-01
    ");
}

#[test]
fn an_agent_that_comes_from_elsewhere_is_told() {
    let mut story = Story::learned();
    let agent = |id: &str| session("agent", &format!("BedrockAgentCore-{id}"), "ASIAAGENTAGENEXAMPLE");
    story.on("03T09:00", makes_user(agent("02f02adf"), OFFICE));
    assert_snapshot!(story.on("12T09:00", makes_user(agent("dc4563bb"), OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("12T09:05", makes_user(agent("dc4563bb"), ELSEWHERE)), @"
    HIGH created user carol
    Two networks: the same temporary credentials came from 192.0.2.0/24 5 min ago, and now from 198.51.100.0/24
    Agent: the role's agents were not seen in 198.51.100.0/24 before, since 2026-03-01
    ");
    assert_snapshot!(story.on("12T09:06", makes_user(session("agent", "by-hand", "ASIAAGENTAGENEXAMPLF"), "203.0.113.9")), @"MEDIUM created user carol");
}

fn serves(service: &str, role: &str) -> Value {
    let by = json!({"type": "AWSService", "invokedBy": service});
    call(by, "sts", "AssumeRole", service, json!({"roleArn": role, "roleSessionName": "session"}))
}

#[test]
fn whose_role_it_is_shows_by_who_assumed_it() {
    let mut story = Story::learned();
    let task = "arn:aws:iam::111122223333:role/service-role/task";
    story.on("01T09:00", assumes(user("ann", "AKIAANNANNANNEXAMPLE"), "arn:aws:iam::111122223333:role/reader", OFFICE));
    story.on("03T09:00", serves("lambda.amazonaws.com", task));
    story.on("10T09:00", serves("ecs-tasks.amazonaws.com", task));
    assert_snapshot!(story.on("12T09:00", assumes(bob(), "arn:aws:iam::111122223333:role/TASK", OFFICE)), @"
    MEDIUM assumed role TASK for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    Network: no long-term key of this principal was seen before, since 2026-03-01
    Workload: until now only ecs-tasks.amazonaws.com was seen with it, last 2 days ago; learned since 2026-03-01
    ");
    assert_snapshot!(story.on("12T09:10", assumes(bob(), task, OFFICE)), @"
    LOW assumed role task for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    Network: no long-term key of this principal was seen before, since 2026-03-01 (first seen 10 min ago)
    Workload: until now only ecs-tasks.amazonaws.com was seen with it, last 2 days ago; learned since 2026-03-01, and was first used in person 10 min ago
    ");
    // After a day it is a role that people use, too.
    assert_snapshot!(story.on("14T09:00", assumes(bob(), task, OFFICE)), @"nothing");
    let admin = "arn:aws:iam::111122223333:role/admin";
    story.on("12T10:00", assumes(bob(), admin, OFFICE));
    assert_snapshot!(story.on("14T10:00", serves("ec2.amazonaws.com", admin)), @"
    MEDIUM assumed role admin for the first time
    First: it was not seen to assume it before, since 2026-03-01
    In person: arn:aws:iam::111122223333:user/bob used it 2 days ago
    ");
    assert_snapshot!(story.on("14T10:01", serves("ec2.amazonaws.com", admin)), @"
    LOW assumed role admin again, new for them
    First: it was not seen to assume it before, since 2026-03-01 (first seen 1 min ago)
    In person: arn:aws:iam::111122223333:user/bob used it 2 days ago
    ");
    assert_snapshot!(story.on("14T10:02", serves("config.amazonaws.com", admin)), @"nothing");
}

#[test]
fn a_declared_workload_needs_no_learning() {
    let mut story = Story::default();
    story.config.workload_roles = vec!["/workloads/".parse().unwrap()];
    let task = "arn:aws:iam::111122223333:role/workloads/task";
    assert_snapshot!(story.on("02T09:00", assumes(bob(), task, OFFICE)), @"
    HIGH assumed role task, which is a workload's
    Declared: in the configuration, as a role that only workloads use
    ");
    assert_snapshot!(story.on("05T09:00", assumes(bob(), task, OFFICE)), @"
    HIGH assumed role task, which is a workload's
    Declared: in the configuration, as a role that only workloads use
    ");
    let mut person = makes_user(session("task", "task-1", "ASIATASKTASKTEXAMPLE"), OFFICE);
    person["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = json!(task);
    assert_snapshot!(story.on("05T10:00", person.clone()), @"MEDIUM created user carol");
    person["sessionCredentialFromConsole"] = json!("true");
    assert_snapshot!(story.on("05T10:01", person), @"
    HIGH created user carol
    Workload: a person used the role from the console, which is declared as one that only workloads use
    ");
}

#[test]
fn whoever_changes_iam_from_outside_the_allowed_networks_is_told() {
    let mut story = Story::default();
    story.config.allowed_networks = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let group = |address: &str| call(bob(), "iam", "CreateGroup", address, json!({"groupName": "team"}));
    assert_snapshot!(story.on("02T09:00", group(OFFICE)), @"LOW created group team");
    assert_snapshot!(story.on("02T09:00", group("2001:db8::7")), @"LOW created group team");
    assert_snapshot!(story.on("02T09:00", group("cloudformation.amazonaws.com")), @"LOW created group team");
    assert_snapshot!(story.on("02T09:00", group("AWS Internal")), @"LOW created group team");
    assert_snapshot!(story.on("02T09:00", group(ELSEWHERE)), @"
    HIGH created group team
    Not allowed: 198.51.100.99 is in none of the networks that are allowed
    ");
    assert_snapshot!(story.on("02T09:00", group("10.0.0.7")), @"
    HIGH created group team
    Not allowed: 10.0.0.7 is in none of the networks that are allowed
    ");
    let mut deployed = group(ELSEWHERE);
    deployed["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    assert_snapshot!(story.on("02T09:00", deployed), @"LOW created group team");
    assert_snapshot!(story.on("02T09:00", denied(makes_user(bob(), ELSEWHERE))), @"
    HIGH was denied iam:CreateUser on user carol
    Not allowed: 198.51.100.99 is in none of the networks that are allowed
    ");
}

#[test]
fn temporary_credentials_have_no_network_of_their_own() {
    let mut story = Story::learned();
    assert_snapshot!(story.on("12T09:00", makes_user(session("build", "b-1", "ASIABUILDBUILEXAMPLE"), ELSEWHERE)), @"MEDIUM created user carol");
}

#[test]
fn a_network_that_was_not_seen_for_months_is_new_again() {
    let mut story = Story::learned();
    story.on("02T09:00", makes_user(bob(), OFFICE));
    let (config, ledger) = (&story.config, &story.ledger);
    let mut event = makes_user(bob(), OFFICE);
    event["eventID"] = json!("later");
    event["eventTime"] = json!("2026-06-20T09:00:00Z");
    let now = "2026-06-20T09:00:01Z".parse().unwrap();
    let found = unheard::watch(Watcher::IamChanges, &Event::decode(event), config, ledger, now);
    let Outcome::Found(finding, ..) = found else { panic!("a user was made") };
    assert!(in_words(&finding).starts_with("HIGH "), "{}", in_words(&finding));
}

#[test]
fn the_time_to_learn_is_the_configurations() {
    let mut story = Story::learned();
    story.config.learning = jiff::SignedDuration::from_hours(30 * 24);
    assert_snapshot!(story.on("12T09:00", makes_user(bob(), ELSEWHERE)), @"MEDIUM created user carol");
}

fn makes_key(by: Value, whose: &str, key: &str) -> Value {
    let made = json!({"accessKey": {"userName": whose, "accessKeyId": key, "status": "Active"}});
    answered(call(by, "iam", "CreateAccessKey", OFFICE, json!({"userName": whose})), made)
}

#[test]
fn a_key_made_by_another_is_louder_when_it_is_used() {
    let mut story = Story::default();
    story.on("10T09:00", makes_key(user("mallory", "AKIAMALLORYMAEXAMPLE"), "bob", "AKIANEWNEWNEWEXAMPLE"));
    assert_snapshot!(story.on("10T09:12", makes_user(user("bob", "AKIANEWNEWNEWEXAMPLE"), OFFICE)), @"
    HIGH created user carol
    Key: the key that signed this was made 12 min ago by arn:aws:iam::111122223333:user/mallory
    ");
    assert_snapshot!(story.on("10T11:30", makes_user(user("bob", "AKIANEWNEWNEWEXAMPLE"), OFFICE)), @"
    HIGH created user carol
    Key: the key that signed this was made 2 hours ago by arn:aws:iam::111122223333:user/mallory
    ");
    assert_snapshot!(story.on("10T09:13", makes_user(bob(), OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("12T09:12", makes_user(user("bob", "AKIANEWNEWNEWEXAMPLE"), OFFICE)), @"MEDIUM created user carol");
}

#[test]
fn a_key_of_ones_own_is_told_and_changes_nothing() {
    let mut story = Story::default();
    story.on("10T09:00", makes_key(bob(), "bob", "AKIANEWNEWNEWEXAMPLE"));
    assert_snapshot!(story.on("10T09:00", makes_user(user("bob", "AKIANEWNEWNEWEXAMPLE"), OFFICE)), @"
    MEDIUM created user carol
    Key: the key that signed this was made less than a minute ago by arn:aws:iam::111122223333:user/bob
    ");
}

#[test]
fn who_was_just_made_is_told_when_it_is_changed() {
    let mut story = Story::default();
    story.on("10T09:00", makes_user(bob(), OFFICE));
    let add = |user: &str| call(bob(), "iam", "AddUserToGroup", OFFICE, json!({"userName": user, "groupName": "team"}));
    assert_snapshot!(story.on("10T09:40", add("carol")), @"
    MEDIUM added user carol to group team
    Just made: user carol was made 40 min ago by arn:aws:iam::111122223333:user/bob
    ");
    assert_snapshot!(story.on("10T09:40", add("Carol")), @"MEDIUM added user Carol to group team");
    assert_snapshot!(story.on("11T09:40", add("carol")), @"MEDIUM added user carol to group team");
    let mut elsewhere = add("carol");
    elsewhere["recipientAccountId"] = json!("123456789012");
    assert_snapshot!(story.on("10T09:41", elsewhere), @"
    MEDIUM added user carol to group team
    Stranger: account 111122223333 is named neither among your own nor among your vendors'
    ");
}

#[test]
fn what_was_denied_and_then_worked_is_louder() {
    let mut story = Story::default();
    story.on("10T09:00", denied(makes_user(bob(), OFFICE)));
    assert_snapshot!(story.on("10T09:30", makes_user(bob(), OFFICE)), @"
    HIGH created user carol
    Denied before: the same call was denied to it 30 min ago: somebody gave it the right, or it found a way
    ");
    assert_snapshot!(story.on("10T09:30", makes_user(user("ann", "AKIAANNANNANNEXAMPLE"), OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("11T09:30", makes_user(bob(), OFFICE)), @"MEDIUM created user carol");
}

#[test]
fn nothing_is_told_of_what_came_after() {
    let mut story = Story::default();
    story.on("10T09:00", denied(makes_user(bob(), OFFICE)));
    assert_snapshot!(story.late("10T08:30", "10T09:05", makes_user(bob(), OFFICE)), @"MEDIUM created user carol");
    // An older denial that arrives later does not take the newer one's place.
    story.late("10T07:00", "10T09:10", denied(makes_user(bob(), OFFICE)));
    assert_snapshot!(story.on("10T09:30", makes_user(bob(), OFFICE)), @"
    HIGH created user carol
    Denied before: the same call was denied to it 30 min ago: somebody gave it the right, or it found a way
    ");
}

const POLICY: &str = "arn:aws:iam::111122223333:policy/deploy";

#[test]
fn who_wrote_a_policy_is_told_when_it_is_attached() {
    let mut story = Story::default();
    let document = r#"{"Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}}"#;
    let made = call(bob(), "iam", "CreatePolicy", OFFICE, json!({"policyName": "deploy", "policyDocument": document}));
    story.on("01T09:00", answered(made, json!({"policy": {"arn": POLICY, "policyName": "deploy"}})));
    let attach =
        |arn: &str| call(bob(), "iam", "AttachUserPolicy", OFFICE, json!({"userName": "carol", "policyArn": arn}));
    assert_snapshot!(story.on("01T12:10", attach(POLICY)), @"
    LOW attached policy deploy to user carol
    Just written: deploy was made 3 hours ago by arn:aws:iam::111122223333:user/bob
    ");
    assert_snapshot!(story.on("01T12:10", attach("arn:aws:iam::111122223333:policy/other")), @"LOW attached policy other to user carol");
    let ann = user("ann", "AKIAANNANNANNEXAMPLE");
    let request = json!({"policyArn": POLICY, "policyDocument": document, "setAsDefault": true});
    story.on("10T09:00", call(ann, "iam", "CreatePolicyVersion", OFFICE, request));
    assert_snapshot!(story.on("13T09:01", attach(POLICY)), @"
    LOW attached policy deploy to user carol
    Just written: deploy got a new version 3 days ago by arn:aws:iam::111122223333:user/ann
    ");
    assert_snapshot!(story.on("25T09:01", attach(POLICY)), @"LOW attached policy deploy to user carol");
}

#[test]
fn the_same_credentials_from_two_networks_are_told() {
    let mut story = Story::default();
    let ours = || session("build", "b-1", "ASIABUILDBUILEXAMPLE");
    assert_snapshot!(story.on("10T09:00", makes_user(ours(), OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("10T09:01", makes_user(ours(), "192.0.2.9")), @"MEDIUM created user carol");
    assert_snapshot!(story.on("10T09:12", makes_user(ours(), ELSEWHERE)), @"
    MEDIUM created user carol
    Two networks: the same temporary credentials came from 192.0.2.0/24 11 min ago, and now from 198.51.100.0/24
    ");
    let other = session("build", "b-1", "ASIAOTHEROTHEEXAMPLE");
    assert_snapshot!(story.on("10T09:13", makes_user(other, OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("10T11:13", makes_user(ours(), OFFICE)), @"MEDIUM created user carol");
}

#[test]
fn a_vpcs_addresses_the_other_version_and_host_names_are_no_networks() {
    let mut story = Story::default();
    let ours = || session("build", "b-1", "ASIABUILDBUILEXAMPLE");
    story.on("10T09:00", makes_user(ours(), OFFICE));
    let addresses =
        ["10.0.4.7", "172.31.2.9", "192.168.1.4", "100.64.7.7", "2001:db8::7", "fd00::7", "ec2.amazonaws.com"];
    for address in addresses {
        let said = story.on("10T09:01", makes_user(ours(), address));
        assert!(!said.contains("Two networks"), "{address}: {said}");
    }
    let mut on_behalf = makes_user(ours(), ELSEWHERE);
    on_behalf["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    assert_snapshot!(story.on("10T09:02", on_behalf), @"MEDIUM created user carol");
    assert!(story.on("10T09:03", makes_user(ours(), ELSEWHERE)).contains("Two networks"), "none of them wiped it out");
}

#[test]
fn an_instances_credentials_that_left_it_are_louder() {
    let mut story = Story::default();
    let tag = |by: Value, address: &str| {
        call(by, "iam", "CreateRole", address, json!({"roleName": "x", "assumeRolePolicyDocument": "{}"}))
    };
    let (id, key) = ("i-0a1b2c3d4e5f67890", "ASIAWEBWEBWEBEXAMPLE");
    assert_snapshot!(story.on("10T09:00", tag(instance(id, key), OFFICE)), @"HIGH created role x");
    assert_snapshot!(story.on("10T09:20", tag(instance(id, key), ELSEWHERE)), @"
    HIGH created role x
    Two networks: the same temporary credentials came from 192.0.2.0/24 20 min ago, and now from 198.51.100.0/24
    Instance: the credentials of i-0a1b2c3d4e5f67890 came from 192.0.2.0/24 20 min ago, and now from 198.51.100.0/24
    ");
    // The instance's next credentials, days later.
    assert_snapshot!(story.on("14T09:20", tag(instance(id, "ASIANEXTNEXTNEXAMPLE"), "203.0.113.5")), @"
    HIGH created role x
    Instance: the credentials of i-0a1b2c3d4e5f67890 came from 198.51.100.0/24 4 days ago, and now from 203.0.113.0/24
    ");
    // Another instance of the role has an address of its own.
    let another = instance("i-00000000000000001", "ASIAOTHEROTHEEXAMPLE");
    assert_snapshot!(story.on("14T09:20", tag(another, ELSEWHERE)), @"HIGH created role x");
}

fn assumes(by: Value, role: &str, address: &str) -> Value {
    call(by, "sts", "AssumeRole", address, json!({"roleArn": role, "roleSessionName": "work"}))
}

#[test]
fn a_role_that_is_new_for_somebody_is_louder_with_a_key_in_doubt() {
    let (reader, admin) = ("arn:aws:iam::111122223333:role/reader", "arn:aws:iam::111122223333:role/eng/admin");
    let mut story = Story::learned();
    assert_snapshot!(story.on("02T09:00", assumes(bob(), reader, OFFICE)), @"nothing");
    assert_snapshot!(story.on("12T09:00", assumes(bob(), admin, OFFICE)), @"
    LOW assumed role admin for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    ");
    assert_snapshot!(story.on("12T09:01", assumes(bob(), admin, OFFICE)), @"
    LOW assumed role admin again, new for them
    First: this principal was not seen to assume it before, since 2026-03-01 (first seen 1 min ago)
    ");
    assert_snapshot!(story.on("12T09:02", assumes(bob(), "arn:aws:iam::111122223333:role/audit", ELSEWHERE)), @"
    HIGH assumed role audit for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    ");
    story.on("12T09:30", makes_key(user("mallory", "AKIAMALLORYMAEXAMPLE"), "bob", "AKIANEWNEWNEWEXAMPLE"));
    let with_new_key = user("bob", "AKIANEWNEWNEWEXAMPLE");
    assert_snapshot!(story.on("12T09:40", assumes(with_new_key, "arn:aws:iam::111122223333:role/ops", OFFICE)), @"
    HIGH assumed role ops for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    Key: the key that signed this was made 10 min ago by arn:aws:iam::111122223333:user/mallory
    ");
}

#[test]
fn who_was_never_seen_is_new_in_one_way_only() {
    let carol = || user("carol", "AKIACAROLCAROEXAMPLE");
    let mut story = Story::learned();
    let asks = |address: &str| call(carol(), "sts", "GetCallerIdentity", address, Value::Null);
    assert_snapshot!(story.on("12T09:00", asks(OFFICE)), @"
    LOW asked who they are for the first time
    First: this principal was not seen to ask before, since 2026-03-01
    Network: no long-term key of this principal was seen before, since 2026-03-01
    ");
    let reader = "arn:aws:iam::111122223333:role/reader";
    assert_snapshot!(story.on("12T09:01", assumes(carol(), reader, OFFICE)), @"
    LOW assumed role reader for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    Network: no long-term key of this principal was seen before, since 2026-03-01 (first seen 1 min ago)
    ");
    assert_snapshot!(story.on("12T09:02", makes_user(carol(), ELSEWHERE)), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    ");
}

#[test]
fn who_opens_a_role_and_walks_through_it_is_one_story() {
    let role = "arn:aws:iam::111122223333:role/eng/admin";
    let mut story = Story::learned();
    story.on("12T08:55", assumes(bob(), "arn:aws:iam::111122223333:role/reader", OFFICE));
    let document = r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}"#;
    let request = json!({"roleName": "admin", "policyDocument": document});
    story.on("12T09:00", call(bob(), "iam", "UpdateAssumeRolePolicy", OFFICE, request));
    assert_snapshot!(story.on("12T09:02", assumes(user("ann", "AKIAANNANNANNEXAMPLE"), role, OFFICE)), @"
    LOW assumed role admin for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    Opened: its trust policy was written 2 min ago by arn:aws:iam::111122223333:user/bob
    ");
    assert_snapshot!(story.on("12T09:03", assumes(bob(), role, OFFICE)), @"
    MEDIUM assumed role admin for the first time
    First: this principal was not seen to assume it before, since 2026-03-01
    Network: no long-term key of this principal was seen before, since 2026-03-01 (first seen 8 min ago)
    Opened: its trust policy was written 3 min ago by the same who now assumed it
    ");
}

#[test]
fn rights_that_are_given_and_used_are_one_story() {
    let mut story = Story::learned();
    let request = |user: &str| json!({"userName": user, "policyArn": "arn:aws:iam::aws:policy/IAMFullAccess"});
    story.on("12T09:00", call(user("ann", "AKIAANNANNANNEXAMPLE"), "iam", "AttachUserPolicy", OFFICE, request("Bob")));
    assert_snapshot!(story.on("12T09:05", makes_user(bob(), OFFICE)), @"
    MEDIUM created user carol
    Network: no long-term key of this principal was seen before, since 2026-03-01
    Just given: whoever acted was given rights 5 min ago by arn:aws:iam::111122223333:user/ann, with AttachUserPolicy
    ");
    story.on("12T09:10", call(bob(), "iam", "AttachUserPolicy", OFFICE, request("bob")));
    assert_snapshot!(story.on("12T09:12", makes_user(bob(), OFFICE)), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen before, since 2026-03-01 (first seen 7 min ago)
    Just given: whoever acted was given rights 2 min ago by themselves, with AttachUserPolicy
    ");
    let mut another = Story::learned();
    another.on("12T09:10", call(bob(), "iam", "AttachUserPolicy", OFFICE, request("bobby")));
    assert_snapshot!(another.on("12T09:12", makes_user(bob(), OFFICE)), @"
    MEDIUM created user carol
    Network: no long-term key of this principal was seen before, since 2026-03-01 (first seen 2 min ago)
    ");
    another.on("12T09:20", call(bob(), "iam", "AttachUserPolicy", OFFICE, request("bob")));
    assert_snapshot!(another.on("13T09:30", makes_user(bob(), OFFICE)), @"MEDIUM created user carol");
}

#[test]
fn an_account_that_is_named_is_no_stranger() {
    let stranger = json!({"type": "AWSAccount", "principalId": "AIDASTRANGERSEXAMPLE", "accountId": "123456789012"});
    let role = "arn:aws:iam::111122223333:role/support";
    let mut story = Story::learned();
    assert_snapshot!(story.on("12T09:00", assumes(stranger.clone(), role, ELSEWHERE)), @"
    MEDIUM assumed role support from an account that is not known
    First: the account was not seen to assume this role before, since 2026-03-01
    ");
    assert_snapshot!(story.on("12T09:01", assumes(stranger.clone(), role, OFFICE)), @"
    LOW assumed role support from an account that is not known
    First: the account was not seen to assume this role before, since 2026-03-01 (first seen 1 min ago)
    ");
    for named in ["own", "vendor"] {
        let mut story = Story::learned();
        let account = ("123456789012".to_owned(), named.to_owned());
        match named {
            "own" => story.config.account_names.extend([account]),
            _ => story.config.vendors.extend([account]),
        }
        let said = story.on("12T09:00", assumes(stranger.clone(), role, ELSEWHERE));
        assert!(said.starts_with("LOW assumed role support for the first time"), "{said}");
    }
}

#[test]
fn where_accounts_are_named_a_stranger_need_not_be_learned() {
    let stranger = || json!({"type": "AWSAccount", "principalId": "AIDASTRANGERSEXAMPLE", "accountId": "123456789012"});
    let assumed = || assumes(stranger(), "arn:aws:iam::111122223333:role/support", ELSEWHERE);
    let mut story = Story::default();
    assert_snapshot!(story.on("02T09:00", assumed()), @"nothing");
    let mut story = Story::default();
    story.config.account_names.extend([("111122223333".to_owned(), "prod".to_owned())]);
    assert_snapshot!(story.on("02T09:00", assumed()), @"
    MEDIUM assumed role support from an account that is not known
    First: the account was not seen to assume this role before
    ");
    assert_snapshot!(story.on("02T09:01", assumed()), @"
    LOW assumed role support from an account that is not known
    First: the account was not seen to assume this role until today
    ");
}

#[test]
fn what_a_stranger_does_is_louder_where_ones_own_accounts_are_named() {
    let stranger = || json!({"type": "AWSAccount", "principalId": "AIDASTRANGERSEXAMPLE", "accountId": "123456789012"});
    let mut story = Story::default();
    assert_snapshot!(story.on("12T09:00", makes_user(stranger(), ELSEWHERE)), @"
    MEDIUM created user carol
    Stranger: account 123456789012 is named neither among your own nor among your vendors'
    ");
    story.config.account_names.extend([("111122223333".to_owned(), "prod".to_owned())]);
    assert_snapshot!(story.on("12T09:01", makes_user(stranger(), ELSEWHERE)), @"
    HIGH created user carol
    Stranger: account 123456789012 is named neither among your own nor among your vendors'
    ");
    assert_snapshot!(story.on("12T09:02", denied(makes_user(stranger(), ELSEWHERE))), @"HIGH was denied iam:CreateUser on user carol");
    story.config.vendors.extend([("123456789012".to_owned(), "example-vendor".to_owned())]);
    assert_snapshot!(story.on("12T09:03", makes_user(stranger(), ELSEWHERE)), @"
    HIGH created user carol
    Denied before: the same call was denied to it 1 min ago: somebody gave it the right, or it found a way
    ");
}

#[test]
fn a_key_that_replaces_another_is_not_new() {
    let mut story = Story::learned();
    story.on("03T09:00", makes_user(bob(), OFFICE));
    assert_snapshot!(story.on("12T09:00", makes_user(user("bob", "AKIANEXTNEXTNEXAMPLE"), OFFICE)), @"MEDIUM created user carol");
    assert_snapshot!(story.on("12T09:01", makes_user(user("bob", "AKIANEXTNEXTNEXAMPLE"), ELSEWHERE)), @"
    HIGH created user carol
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    ");
}

#[test]
fn a_first_federation_token_is_louder_and_a_first_session_only_with_a_key_in_doubt() {
    let federates = |by: Value, address: &str| call(by, "sts", "GetFederationToken", address, json!({"name": "x"}));
    let session =
        |by: Value, address: &str| call(by, "sts", "GetSessionToken", address, json!({"durationSeconds": 900}));
    let mut story = Story::learned();
    assert_snapshot!(story.on("03T09:00", federates(bob(), OFFICE)), @r#"MEDIUM got a federation token for session "x""#);
    assert_snapshot!(story.on("12T09:00", federates(bob(), OFFICE)), @r#"MEDIUM got a federation token for session "x""#);
    let ann = || user("ann", "AKIAANNANNANNEXAMPLE");
    assert_snapshot!(story.on("12T09:01", federates(ann(), OFFICE)), @r#"
    HIGH got a federation token for session "x"
    First: this user was not seen to do it before, since 2026-03-01
    "#);
    assert_snapshot!(story.on("12T09:02", session(ann(), OFFICE)), @"
    LOW made a temporary session of themselves
    First: the user was not seen to do it before, since 2026-03-01
    ");
    assert_snapshot!(story.on("12T09:03", session(ann(), OFFICE)), @"
    LOW made a temporary session of themselves
    First: the user was not seen to do it before, since 2026-03-01 (first seen 1 min ago)
    ");
    assert_snapshot!(story.on("12T09:04", session(bob(), ELSEWHERE)), @"
    HIGH made a temporary session of themselves
    First: the user was not seen to do it before, since 2026-03-01
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    ");
}

#[test]
fn a_device_that_made_a_session_is_not_new_for_a_role() {
    let with = |call_name: &str, device: &str, address: &str| {
        let serial = format!("arn:aws:iam::111122223333:mfa/{device}");
        let role = "arn:aws:iam::111122223333:role/admin";
        call(bob(), "sts", call_name, address, json!({"roleArn": role, "serialNumber": serial}))
    };
    let mut story = Story::learned();
    story.on("02T09:00", with("GetSessionToken", "bob", OFFICE));
    story.on("02T09:00", with("AssumeRole", "bob", OFFICE));
    assert_snapshot!(story.on("12T09:00", with("AssumeRole", "bob", OFFICE)), @"nothing");
    assert_snapshot!(story.on("12T09:01", with("AssumeRole", "other", OFFICE)), @"
    LOW assumed role admin with an MFA device that is new for them
    Device: arn:aws:iam::111122223333:mfa/other: not seen with this user before, since 2026-03-01
    ");
    assert_snapshot!(story.on("12T09:02", with("GetSessionToken", "third", ELSEWHERE)), @"
    HIGH made a temporary session of themselves
    Device: arn:aws:iam::111122223333:mfa/third: not seen with this user before, since 2026-03-01
    Network: no long-term key of this principal was seen from 198.51.100.0/24 before, since 2026-03-01
    ");
}

fn opens(by: Value, port: u16) -> Value {
    let range = json!({"items": [{"cidrIp": "0.0.0.0/0"}]});
    let rule = json!({"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {}, "ipRanges": range});
    let request = json!({"groupId": "sg-0a1b2c3d4e5f60718", "ipPermissions": {"items": [rule]}});
    call(by, "ec2", "AuthorizeSecurityGroupIngress", OFFICE, request)
}

#[test]
fn what_somebody_does_again_is_for_the_record() {
    let mut story = Story::default();
    let packer = || session("packer", "packer", "ASIAPACKPACKPEXAMPLE");
    assert_snapshot!(story.on("02T08:00", opens(packer(), 22)), @"MEDIUM opened SSH of security group sg-0a1b2c3d4e5f60718 to everyone");
    assert_snapshot!(story.on("02T09:00", opens(packer(), 22)), @"
    LOW opened SSH of security group sg-0a1b2c3d4e5f60718 to everyone
    Before: they opened the same ports to everyone before
    ");
    // Another port is another act, and so is another's.
    assert_snapshot!(story.on("02T09:01", opens(packer(), 3389)), @"MEDIUM opened remote desktop of security group sg-0a1b2c3d4e5f60718 to everyone");
    assert_snapshot!(story.on("02T09:02", opens(bob(), 22)), @"MEDIUM opened SSH of security group sg-0a1b2c3d4e5f60718 to everyone");
    let drops = |database: &str| {
        let request = json!({"dBInstanceIdentifier": database, "skipFinalSnapshot": true});
        call(packer(), "rds", "DeleteDBInstance", OFFICE, request)
    };
    assert_snapshot!(story.on("02T10:00", drops("preview-1")), @"MEDIUM deleted database preview-1 without a last copy");
    assert_snapshot!(story.on("03T10:00", drops("preview-2")), @"
    LOW deleted database preview-2 without a last copy
    Before: they did the same before
    ");
}

#[test]
fn whoever_takes_systems_down_is_told_once_unless_it_serves_security() {
    let mut story = Story::default();
    let deletes = |group: &str| {
        let deploy = session("deploy", "build-1", "ASIADEPLOYDEPEXAMPLE");
        call(deploy, "logs", "DeleteLogGroup", OFFICE, json!({"logGroupName": group}))
    };
    assert_snapshot!(story.on("02T08:00", deletes("/aws/lambda/preview-1")), @"MEDIUM deleted log group /aws/lambda/preview-1");
    assert_snapshot!(story.on("02T09:00", deletes("/aws/lambda/preview-2")), @"
    LOW deleted log group /aws/lambda/preview-2
    Before: they did the same before
    ");
    assert_snapshot!(story.on("02T10:00", deletes("aws-cloudtrail-logs")), @"HIGH deleted log group aws-cloudtrail-logs");
    let rule = |rule: &str| call(bob(), "events", "DeleteRule", OFFICE, json!({"name": rule}));
    assert_snapshot!(story.on("02T11:00", rule("orders-1")), @"MEDIUM deleted rule orders-1");
    assert_snapshot!(story.on("02T11:01", rule("orders-2")), @"
    LOW deleted rule orders-2
    Before: they did the same before
    ");
    assert_snapshot!(story.on("02T11:02", rule("guardduty-alerts")), @"HIGH deleted rule guardduty-alerts");
    // Whoever writes a block every day was not seen to take one away.
    let block = |on: bool| {
        let parts = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
        let parts: Value = parts.iter().map(|part| ((*part).to_owned(), json!(on))).collect();
        let request = json!({"bucketName": "shop", "PublicAccessBlockConfiguration": parts});
        call(bob(), "s3", "PutBucketPublicAccessBlock", OFFICE, request)
    };
    assert_snapshot!(story.on("02T12:00", block(true)), @"nothing");
    assert_snapshot!(story.on("02T12:01", block(false)), @"MEDIUM removed the block on public access of bucket shop");
}

#[test]
fn the_first_code_that_a_person_brings_is_louder_than_a_pipelines() {
    let mut story = Story::default();
    let replaces = |by: Value, function: &str| {
        call(by, "lambda", "UpdateFunctionCode20150331v2", OFFICE, json!({"functionName": function}))
    };
    let pipeline = session("deploy", "build-1", "ASIADEPLOYDEPEXAMPLE");
    assert_snapshot!(story.on("02T08:00", replaces(pipeline, "orders")), @"LOW replaced the code of function orders");
    assert_snapshot!(story.on("02T08:01", replaces(bob(), "orders")), @"
    MEDIUM replaced the code of function orders
    First: iamwatch saw them replace no code of such a workload before
    ");
    assert_snapshot!(story.on("02T08:02", replaces(bob(), "invoices")), @"LOW replaced the code of function invoices");
    let mut deployed = session("deploy", "AWSCloudFormation", "ASIADEPLOYDEPEXAMPLE");
    deployed["invokedBy"] = json!("cloudformation.amazonaws.com");
    assert_snapshot!(story.on("02T08:03", replaces(deployed, "orders")), @"LOW replaced the code of function orders");
    // Whoever deploys a stack deploys what it was made for.
    let update = json!({"stackName": "shop", "templateURL": "https://example.com/shop.yaml"});
    let ann = user("ann", "AKIAANNANNANNEXAMPLE");
    assert_snapshot!(story.on("02T08:04", call(ann, "cloudformation", "UpdateStack", OFFICE, update)), @"LOW gave stack shop another template");
}

#[test]
fn the_first_script_that_a_person_runs_is_louder_than_a_patch() {
    let mut story = Story::default();
    let runs = |by: Value, document: &str| {
        let request = json!({"documentName": document, "instanceIds": ["i-0a1b2c3d4e5f60718"]});
        call(by, "ssm", "SendCommand", OFFICE, request)
    };
    assert_snapshot!(story.on("02T08:00", runs(bob(), "AWS-RunPatchBaseline")), @"LOW ran AWS-RunPatchBaseline on instance i-0a1b2c3d4e5f60718");
    assert_snapshot!(story.on("02T08:01", runs(bob(), "AWS-RunShellScript")), @"
    MEDIUM ran AWS-RunShellScript on instance i-0a1b2c3d4e5f60718
    First: iamwatch saw them run no script of their own before
    ");
    assert_snapshot!(story.on("02T08:02", runs(bob(), "AWS-RunShellScript")), @"LOW ran AWS-RunShellScript on instance i-0a1b2c3d4e5f60718");
    let pipeline = session("deploy", "build-1", "ASIADEPLOYDEPEXAMPLE");
    assert_snapshot!(story.on("02T08:03", runs(pipeline, "AWS-RunShellScript")), @"LOW ran AWS-RunShellScript on instance i-0a1b2c3d4e5f60718");
}

#[test]
fn costly_instances_are_told_once_to_whoever_starts_them_every_day() {
    let mut story = Story::default();
    let starts = |by: Value, kind: &str, count: u64| {
        let items = json!({"items": [{"imageId": "ami-0a1b2c3d", "minCount": 1, "maxCount": count}]});
        call(by, "ec2", "RunInstances", OFFICE, json!({"instancesSet": items, "instanceType": kind}))
    };
    assert_snapshot!(story.on("02T08:00", starts(bob(), "g5.xlarge", 1)), @"MEDIUM started an instance of type g5.xlarge in us-east-1");
    assert_snapshot!(story.on("02T09:00", starts(bob(), "g5.12xlarge", 1)), @"nothing");
    assert_snapshot!(story.on("02T10:00", starts(bob(), "p5.48xlarge", 4)), @"HIGH started 4 instances of type p5.48xlarge in us-east-1");
    assert_snapshot!(story.on("02T11:00", starts(bob(), "m7i.large", 20)), @"nothing");
    assert_snapshot!(story.on("02T12:00", starts(bob(), "c7i.metal-48xl", 2)), @"MEDIUM started 2 instances of type c7i.metal-48xl in us-east-1");
    // What is no type of instance is none.
    assert_snapshot!(story.on("02T13:00", starts(bob(), "", 5_000)), @"nothing");
    assert_snapshot!(story.on("02T14:00", starts(bob(), "x.99999999999999999999xlarge", u64::MAX)), @"HIGH started 18446744073709551615 instances of type x.99999999999999999999xlarge in us-east-1");
}

#[test]
fn a_fifth_machine_is_told_to_whoever_enters_others_than_before() {
    let mut story = Story::default();
    let enters = |machine: u8| {
        call(bob(), "ssm", "StartSession", OFFICE, json!({"target": format!("i-0a1b2c3d4e5f6071{machine}")}))
    };
    for machine in 1..=4 {
        assert!(story.on("02T08:00", enters(machine)).starts_with("LOW "));
    }
    assert!(story.on("02T08:01", enters(4)).starts_with("LOW "));
    assert_snapshot!(story.on("02T08:02", enters(5)), @"
    MEDIUM opened a shell on machine i-0a1b2c3d4e5f60715
    In a row: 5 different machines within an hour
    ");
    assert!(story.on("02T08:03", enters(5)).starts_with("LOW "));
}

fn nightly() -> Value {
    session("cleanup", "cleanup", "ASIACLEANCLEAEXAMPLE")
}

#[test]
fn what_deletes_every_night_is_silent() {
    let mut story = Story::default();
    let mut night = |by: fn() -> Value, day: &str| {
        let told = (0..12).map(|number| {
            let snapshot = format!("snap-{day}{number:02}");
            story.on(
                &format!("{day}T01:0{}", number / 2),
                call(by(), "ec2", "DeleteSnapshot", OFFICE, json!({"snapshotId": snapshot})),
            )
        });
        told.filter(|said| said != "nothing").collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(night(nightly, "02"), @"
    MEDIUM deleted 10 stores of data within ten minutes
    MEDIUM deleted 11 stores of data within ten minutes
    MEDIUM deleted 12 stores of data within ten minutes
    ");
    assert_snapshot!(night(nightly, "03"), @"");
    assert_snapshot!(night(bob, "04"), @"
    MEDIUM deleted 10 stores of data within ten minutes
    MEDIUM deleted 11 stores of data within ten minutes
    MEDIUM deleted 12 stores of data within ten minutes
    ");
}

fn signs_in(user: &str, address: &str, works: bool) -> Value {
    let by = json!({"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{user}"), "userName": user,
        "accountId": "111122223333"});
    let mut event = call(by, "signin", "ConsoleLogin", address, Value::Null);
    event["eventType"] = json!("AwsConsoleSignIn");
    event["additionalEventData"] = json!({"MFAUsed": "Yes"});
    event["responseElements"] = json!({"ConsoleLogin": if works { "Success" } else { "Failure" }});
    if !works {
        event["errorMessage"] = json!("Failed authentication");
    }
    event
}

#[test]
fn tries_at_many_users_are_one_incident_of_nobody_in_particular() {
    let mut story = Story::default();
    for user in ["alice", "bob", "carol", "dave"] {
        story.on("10T09:00", signs_in(user, ELSEWHERE, false));
    }
    assert_snapshot!(story.on("10T09:01", signs_in("erin", ELSEWHERE, false)), @"MEDIUM failed to sign in to the console as 5 users, from 198.51.100.0/24");
    for number in 0..300 {
        story.on("10T09:02", signs_in(&format!("user-{number}"), "198.51.100.7", false));
    }
    assert_snapshot!(story.on("10T09:03", signs_in("frank", ELSEWHERE, false)), @"HIGH failed to sign in to the console as at least 200 users, from 198.51.100.0/24");
    let mut incident = |user: &str| {
        let finding = story.found("10T09:02", "10T09:02", signs_in(user, ELSEWHERE, false)).unwrap();
        assert_eq!((finding.actor.name.as_str(), finding.actor.human.as_ref()), ("", None), "no user is to be cut off");
        finding.incident()
    };
    assert_eq!(incident("heidi"), incident("ivan"));
    assert_snapshot!(story.on("10T09:03", signs_in("grace", OFFICE, false)), @"MEDIUM failed to sign in to the console at MFA");
}

#[test]
fn a_sign_in_after_failures_counts_no_sign_in_that_worked() {
    let mut story = Story::learned();
    for _ in 0..4 {
        story.on("10T09:00", signs_in("bob", OFFICE, false));
        story.on("10T09:00", signs_in("bob", OFFICE, true));
    }
    assert_snapshot!(story.on("10T09:01", signs_in("bob", OFFICE, true)), @"
    LOW signed in to the console from a network that is new for them
    Network: user bob was not seen to sign in from 192.0.2.0/24 before, since 2026-03-01 (first seen 1 min ago)
    ");
    story.on("10T09:01", signs_in("bob", OFFICE, false));
    assert_snapshot!(story.on("10T09:02", signs_in("bob", OFFICE, true)), @"
    HIGH signed in to the console after 5 failed tries
    Network: user bob was not seen to sign in from 192.0.2.0/24 before, since 2026-03-01 (first seen 2 min ago)
    ");
    assert_snapshot!(story.on("10T09:03", signs_in("bob", ELSEWHERE, true)), @"
    HIGH signed in to the console after 5 failed tries
    Network: user bob was not seen to sign in from 198.51.100.0/24 before, since 2026-03-01
    ");
}

#[test]
fn a_sign_in_without_mfa_tells_what_came_before_too() {
    let mut story = Story::learned();
    let resets = call(bob(), "iam", "UpdateLoginProfile", ELSEWHERE, json!({"userName": "carol"}));
    story.on("12T08:50", resets);
    for _ in 0..5 {
        story.on("12T09:00", signs_in("carol", ELSEWHERE, false));
    }
    let mut event = signs_in("carol", ELSEWHERE, true);
    event["additionalEventData"]["MFAUsed"] = json!("No");
    let finding = story.found("12T09:01", "12T09:01", event).unwrap();
    let facts = finding.evidence.iter().map(|fact| format!("{}: {}\n", fact.label, fact.value));
    assert_snapshot!(format!("{} {}\n{}", finding.severity, finding.act, facts.collect::<Vec<_>>().concat()), @"
    HIGH signed in to the console after 5 failed tries
    MFA: not used
    Failed before: 5 tries as this user, within an hour
    Password set: 11 min ago by arn:aws:iam::111122223333:user/bob, from the same address
    Network: user carol was not seen to sign in from 198.51.100.0/24 before, since 2026-03-01
    ");
    let also = ["console-login-from-new-network", "console-login-without-mfa", "login-profile-used-by-its-maker"];
    assert_eq!(finding.also.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(also));
}

/// Every event of every sample.
static RECORDS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let folders = fs::read_dir(events).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "json"));
    let read = files.flat_map(|file| match serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap() {
        Value::Array(story) => story,
        event => vec![event],
    });
    read.filter_map(|mut envelope| envelope.get_mut("detail").map(Value::take)).filter(Value::is_object).collect()
});

/// All keys under which something is remembered or looked up for the event.
fn keys(record: &Value) -> Vec<(&'static str, Option<Vec<String>>)> {
    let event = Event::decode(record.clone());
    let mut keys = Vec::new();
    for remembering in REMEMBERING {
        match &remembering.what {
            What::Habit(of) => keys.push((remembering.id, of(&event).map(|pair| pair.0))),
            What::Tally { of, .. } => keys.push((remembering.id, of(&event).map(|member| member.under))),
            What::Trace { leaves, asks, .. } => {
                keys.push((remembering.id, leaves(&event).map(|trace| trace.under)));
                keys.push((remembering.id, asks(&event)));
            }
        }
    }
    keys
}

/// The record with another session name, user agent, error text and names for sessions to come.
fn in_other_words(record: &Value, words: &str) -> Value {
    let mut other = record.clone();
    other["userAgent"] = json!(words);
    if other["errorMessage"].is_string() {
        other["errorMessage"] = json!(format!("said {words}"));
    }
    let identity = &mut other["userIdentity"];
    let session =
        |text: &Value, mark: char| text.as_str()?.rsplit_once(mark).map(|(rest, _)| format!("{rest}{mark}{words}"));
    if identity["type"] == "AssumedRole" {
        identity["arn"] = session(&identity["arn"], '/').map_or(Value::Null, Value::from);
        identity["principalId"] = session(&identity["principalId"], ':').map_or(Value::Null, Value::from);
    }
    if identity["sessionContext"].is_object() {
        identity["sessionContext"]["sourceIdentity"] = json!(words);
    }
    if other["requestParameters"].is_object() && record["eventSource"] == "sts.amazonaws.com" {
        for name in ["roleSessionName", "sourceIdentity", "policy", "name", "externalId"] {
            other["requestParameters"][name] = json!(words);
        }
    }
    other
}

#[test]
fn something_is_remembered_of_each_kind() {
    let seen: BTreeSet<&str> = RECORDS
        .iter()
        .flat_map(|record| keys(record).into_iter().filter(|(_, key)| key.is_some()).map(|(id, _)| id))
        .collect();
    let all: BTreeSet<&str> = REMEMBERING.iter().map(|remembering| remembering.id).collect();
    assert_eq!(seen, all, "a sample for each thing that is remembered");
}

/// Replay reads denied calls when their turn comes, which is after it knows what is worth reading again.
#[test]
fn what_was_denied_leaves_no_note_that_a_detection_asks_for() {
    for record in RECORDS.iter() {
        let mut denied = record.clone();
        denied["errorCode"] = json!("AccessDenied");
        let event = Event::decode(denied);
        for remembering in REMEMBERING.iter().filter(|remembering| !remembering.asked_by.is_empty()) {
            if let What::Trace { leaves, .. } = &remembering.what {
                assert_eq!(leaves(&event), None, "{} of {}", remembering.id, event.name);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_a_caller_chooses_becomes_part_of_a_key(words in "[ -~]{1,40}|i-[0-9a-f]{17}|[\\PC\n\r\u{202e}]{1,40}") {
        // A slash or a colon cannot stand in a session's name.
        let words = words.replace(['/', ':'], "-");
        for record in &*RECORDS {
            let other = in_other_words(record, &words);
            // Whether there is a key may depend on what an error says; what is in it may not.
            for (one, another) in keys(record).into_iter().zip(keys(&other)) {
                if one.1.is_some() && another.1.is_some() {
                    prop_assert_eq!(one, another, "{}", record);
                }
            }
        }
    }

    #[test]
    fn hostile_texts_are_remembered_without_harm(words in "[\\PC\n\r\t\u{0}\u{202e}\"'#]{1,4000}", address in "[0-9a-f.:]{0,40}") {
        let mut story = Story::default();
        let mut event = makes_user(session("build", &words, &words), &address);
        event["userAgent"] = json!(words);
        event["requestParameters"]["userName"] = json!(words);
        story.on("10T09:00", denied(event.clone()));
        story.on("10T09:01", event.clone());
        let said = story.on("10T09:02", event);
        prop_assert!(said.starts_with("HIGH ") || said.starts_with("MEDIUM "), "{}", said);
    }
}

#[test]
fn denied_calls_weigh_more_with_credentials_that_left_aws_and_it_is_said_once() {
    let told = |story: &mut Story, time: &str, event: Value| {
        let finding = story.found(time, time, event).unwrap();
        let words =
            finding.evidence.iter().filter(|fact| ["Score", "Left the VPC", "Instance"].contains(&fact.label.as_str()));
        let words: Vec<String> = words.map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
        format!("{} at {}\n{}", finding.severity, finding.speaks_at, words.join("\n"))
    };
    let queues = |by: Value, address: &str| denied(call(by, "sqs", "ListQueues", address, Value::Null));
    let inside = |mut event: Value| {
        event["vpcEndpointId"] = json!("vpce-0a1b2c3d4e5f60718");
        event
    };
    let mut story = Story::learned();
    story.on("03T09:00", inside(makes_user(bob(), "10.0.4.7")));
    assert_snapshot!(told(&mut story, "12T09:00", inside(queues(bob(), "10.0.4.8"))), @"MEDIUM at 10");
    assert_snapshot!(told(&mut story, "12T09:05", queues(bob(), ELSEWHERE)), @"
    HIGH at 1
    Score: 6 (5 for use outside AWS: its keys were only seen inside VPCs before, since 2026-03-01, 1 for nothing was denied to it before)
    ");
    // Somebody new has no place that is usual.
    assert_snapshot!(told(&mut story, "12T09:06", queues(user("carol", "AKIACAROLCARREXAMPLE"), ELSEWHERE)), @"MEDIUM at 10");

    let mut story = Story::learned();
    let web = || instance("i-0123456789abcdef0", "ASIAWEBWEBWEBEXAMPLE");
    story.on("12T09:00", makes_user(web(), OFFICE));
    assert_snapshot!(told(&mut story, "12T09:01", queues(web(), OFFICE)), @"MEDIUM at 10");
    // Another instance of the same role is somewhere else.
    let other = instance("i-0fedcba9876543210", "ASIAOTHEROTHEREXAMPLE");
    assert_snapshot!(told(&mut story, "12T09:02", queues(other, ELSEWHERE)), @"MEDIUM at 10");
    assert_snapshot!(told(&mut story, "12T09:03", queues(web(), ELSEWHERE)), @"
    HIGH at 1
    Score: 6 (5 for use outside AWS: the credentials of i-0123456789abcdef0 came from 192.0.2.0/24 3 min ago, and now from 198.51.100.0/24, 1 for nothing was denied to it before)
    ");
}
