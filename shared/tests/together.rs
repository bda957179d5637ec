//! What is said of events that mean something together: how loud, and in which words, after what came before.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod unheard;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use iamwatch::config::Config;
use iamwatch::event::Event;
use iamwatch::finding::Finding;
use iamwatch::flow::Outcome;
use iamwatch::ledger::Memory;
use iamwatch::watcher::{Glance, Watcher};
use serde_json::Value;

/// What is found in each event of a story, one after the other.
fn told(sample: &str) -> Vec<Option<Finding>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(sample).with_extension("json");
    let Value::Array(story) = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap() else {
        panic!("{sample} is no story")
    };
    let (config, ledger) = (Config::default(), Memory::default());
    story.into_iter().map(Event::decode).map(|event| watch(&event, &config, &ledger)).collect()
}

fn watch(event: &Event, config: &Config, ledger: &Memory) -> Option<Finding> {
    let watcher = Watcher::ALL.into_iter().find(|watcher| watcher.admits(&Glance::of(event)))?;
    match unheard::watch(watcher, event, config, ledger, event.time.unwrap()) {
        Outcome::Found(finding, ..) => Some(*finding),
        Outcome::Quiet | Outcome::Known | Outcome::Suppressed(_) => None,
    }
}

/// The last event of each story: severity, act, and how many were silent before.
fn last(samples: &[&str]) -> String {
    let mut lines = String::new();
    for sample in samples {
        let told = told(sample);
        let silent = told.iter().filter(|finding| finding.is_none()).count();
        match told.last().unwrap() {
            Some(finding) => writeln!(lines, "{} {} ({silent} silent)", finding.severity, finding.act).unwrap(),
            None => writeln!(lines, "silent").unwrap(),
        }
    }
    lines
}

#[test]
fn what_is_taken_one_after_another_is_told_when_it_is_many() {
    insta::assert_snapshot!(last(&[
        "secrets-read/fires-ten-in-a-row",
        "secrets-read/fires-one-secret-in-ten-regions",
        "secrets-read/fires-sets-of-parameters",
        "user-data-read/fires-ten-instances",
        "windows-password-read/fires-ten-instances",
        "command-sent-to-instances/fires-ten-one-after-another",
    ]), @"
    MEDIUM read 10 different secrets within ten minutes (9 silent)
    MEDIUM read 10 different secrets within ten minutes (9 silent)
    MEDIUM read 5 different sets of parameters within ten minutes (4 silent)
    MEDIUM read the startup scripts of 10 instances within ten minutes (9 silent)
    HIGH read the encrypted Windows passwords of 10 instances (0 silent)
    MEDIUM ran AWS-RunShellScript on instance i-09b2c3d4e5f6a7b89 (0 silent)
    ");
}

#[test]
fn who_looks_around_with_a_tool_is_told_before_it_acts() {
    insta::assert_snapshot!(last(&[
        "account-surveyed/fires-tool-with-a-key",
        "account-surveyed/fires-iam-enumerated-by-an-instance",
        "account-surveyed/fires-scanner-as-every-day-for-the-record",
        "mail-sending-explored/fires-with-a-stolen-key",
        "quotas-read-over-regions/fires-four-regions",
        "denied-across-services/fires-key-in-four-services",
        "denied-across-services/fires-key-in-four-regions",
        "denied-across-services/fires-role-in-six-services",
        "principals-guessed/fires-trust-policies",
    ]), @"
    MEDIUM listed the account by 12 different calls within ten minutes (11 silent)
    HIGH listed the account by 12 different calls within ten minutes (11 silent)
    LOW listed the account by 12 different calls within ten minutes (22 silent)
    MEDIUM asked by 3 different calls what Amazon SES lets it send (2 silent)
    MEDIUM asked for service limits in 4 regions within ten minutes (3 silent)
    HIGH was denied calls in 4 services within ten minutes (0 silent)
    HIGH was denied calls in 4 regions within ten minutes (0 silent)
    MEDIUM was denied calls in 6 services within ten minutes (0 silent)
    MEDIUM had 3 policies refused for principals that do not exist (2 silent)
    ");
}

#[test]
fn what_is_new_of_a_principal_is_for_the_record_unless_it_is_telling_by_itself() {
    insta::assert_snapshot!(last(&[
        "secrets-read/fires-first-of-a-program",
        "user-data-read/fires-first-of-a-program",
        "first-look-around/fires-organization-by-a-program",
        "first-look-around/fires-password-policy-by-a-key",
        "stack-created-first-time/fires-by-an-application",
        "job-overridden/fires-somebody-elses-definition",
        "role-passed/fires-notebook-with-a-role-never-passed-before",
    ]), @"
    LOW read a secret for the first time (1 silent)
    LOW read the startup script of instance i-02b2c3d4e5f6a7b82 (1 silent)
    LOW looked at the organization for the first time (1 silent)
    LOW looked at the password policy for the first time (1 silent)
    LOW deployed stack helper, its first (1 silent)
    LOW submitted a job of align with another command (1 silent)
    HIGH passed role admin-pipeline to SageMaker (0 silent)
    ");
}

#[test]
fn a_role_that_is_denied_one_call_again_and_again_is_a_broken_deployment() {
    insta::assert_snapshot!(last(&["calls-denied/fires-broken-deployment-for-the-record"]), @"LOW was denied sqs:getqueueattributes on queue https://sqs.us-east-1.amazonaws.com/111122223333/dlq (0 silent)");
    let finding = told("calls-denied/fires-broken-deployment-for-the-record").pop().flatten().unwrap();
    assert!(finding.evidence.iter().any(|fact| fact.label == "Pattern"));
}
