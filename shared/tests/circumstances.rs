//! What makes a finding louder, whatever was done.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::fs;
use std::path::Path;

use iamwatch::config::Config;
use iamwatch::detect::{Context, look};
use iamwatch::event::Event;
use iamwatch::watcher::{Glance, Watcher};

/// Severity and what is told beside the act, of a sample that fires.
fn told(sample: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(sample).with_extension("json");
    let event = Event::decode(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap());
    let config = Config::default();
    let watcher = Watcher::ALL.into_iter().find(|watcher| watcher.admits(&Glance::of(&event))).unwrap();
    let finding = look(watcher, &event, &Context::new(&config)).unwrap();
    let labels = ["Tool", "Bedrock key", "Machine", "Session", "Shell"];
    let facts = finding.evidence.iter().filter(|fact| labels.contains(&fact.label.as_str()));
    let facts: Vec<String> = facts.map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
    let speaks = if finding.speaks_at == 1 { "at once" } else { "counted" };
    format!("{} {speaks} {}", finding.severity, facts.join("; "))
}

#[test]
fn a_system_made_for_attacks_makes_the_harmless_high() {
    insta::assert_snapshot!(told("group-created/fires-from-kali"), @"HIGH at once Tool: Kali Linux, made for attacks, by its user agent");
    insta::assert_snapshot!(told("group-created/fires-under-a-path"), @"LOW at once");
}

#[test]
fn strangers_cannot_wake_anybody_with_a_user_agent() {
    insta::assert_snapshot!(told("calls-denied/fires-at-once-from-kali"), @"HIGH at once Tool: Kali Linux, made for attacks, by its user agent");
    insta::assert_snapshot!(told("calls-denied/fires-counted-stranger-from-kali"), @"MEDIUM counted");
}

#[test]
fn s3_browser_has_no_business_with_policies() {
    insta::assert_snapshot!(told("inline-policy-put/fires-from-s3-browser"), @"HIGH at once Tool: S3 Browser, which is for files: intruders use it to make users");
}

#[test]
fn a_machine_that_changes_identities_is_named() {
    insta::assert_snapshot!(told("user-created/fires-by-an-instance"), @"HIGH at once Machine: an EC2 instance: arn:aws:ec2:us-east-1:111122223333:instance/i-0a1b2c3d4e5f67890");
    insta::assert_snapshot!(told("user-created/fires-by-a-function"), @"HIGH at once Machine: a Lambda function: arn:aws:lambda:us-east-1:111122223333:function:user-onboarding");
}

#[test]
fn a_shell_is_told_and_changes_nothing() {
    insta::assert_snapshot!(told("user-created/fires-from-cloudshell"), @"MEDIUM at once Shell: AWS CloudShell, by its user agent");
}

#[test]
fn the_user_of_a_bedrock_key_has_no_other_credential() {
    insta::assert_snapshot!(told("access-key-created-for-another-user/fires-user-of-a-bedrock-key"), @"HIGH at once Bedrock key: this user was made for one Bedrock API key, and needs no other credential");
    insta::assert_snapshot!(told("access-key-created/fires-user-of-a-bedrock-key"), @"HIGH at once Bedrock key: this user was made for one Bedrock API key, and did something else");
}

#[test]
fn a_session_that_can_only_be_the_consoles_is_louder_outside_it() {
    insta::assert_snapshot!(told("user-created/fires-with-a-session-taken-from-the-console"), @"HIGH at once Session: temporary and without MFA, which IAM takes from the console alone; this was not in it, but for a CloudShell");
    insta::assert_snapshot!(told("mfa-device-registered-outside-console/fires-with-a-temporary-session"), @"HIGH at once Session: temporary, made with MFA outside the console");
}
