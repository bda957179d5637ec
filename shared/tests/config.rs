//! What the stack says in environment variables, and what it means.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use iamwatch::config::{Config, Exempt, Mistakes, Mode, Resources};
use iamwatch::finding::Severity;
use insta::assert_snapshot;
use proptest::prelude::*;

const GOOD: [(&str, &str); 5] = [
    ("IAMWATCH_STACK", "iamwatch"),
    ("IAMWATCH_TABLE", "iamwatch-Ledger-1"),
    ("IAMWATCH_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:alerts"),
    ("IAMWATCH_BUS", "iamwatch"),
    ("IAMWATCH_RECORDS_QUEUE", "https://sqs.us-east-1.amazonaws.com/111122223333/iamwatch-Records-1"),
];
const DENY: &str = "arn:aws:iam::111122223333:policy/iamwatch-DenyEverything-1";

fn read<'a>(more: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(Config, Resources), Mistakes> {
    let variables: BTreeMap<&str, &str> = GOOD.into_iter().chain(more).collect();
    Config::from_env(|variable| variables.get(variable).map(|value| (*value).to_owned()))
}

#[test]
fn what_is_not_said_has_a_careful_default() {
    let (config, _) = read([]).unwrap();
    assert_eq!((config.min_severity, config.quarantine.mode), (Severity::Medium, Mode::DryRun));
    assert_eq!(config.quarantine.leaked, Mode::DryRun);
    assert!(config.workload_roles.is_empty() && config.allowed_networks.is_empty());
    assert!(config.account_names.is_empty() && config.quarantine.exempt.is_empty() && config.portal_url.is_none());
}

#[test]
fn what_is_said_is_read() {
    let (config, resources) = read([
        ("IAMWATCH_ACCOUNT_NAMES", " 111122223333=prod-payments, 123456789012 = dev "),
        ("IAMWATCH_VENDOR_ACCOUNTS", "210987654321=example-vendor"),
        ("IAMWATCH_MIN_SEVERITY", "high"),
        ("IAMWATCH_QUARANTINE_MODE", "enforce"),
        ("IAMWATCH_QUARANTINE_LEAKED_MODE", "approve"),
        ("IAMWATCH_DENY_POLICY", DENY),
        ("IAMWATCH_QUARANTINE_EXEMPT", "/break-glass/, arn:aws:iam::111122223333:user/ops/ann"),
        ("IAMWATCH_PORTAL_URL", "https://example.awsapps.com/start/"),
        ("IAMWATCH_HONEY_PRINCIPALS", "arn:aws:iam::111122223333:user/a,arn:aws:iam::111122223333:role/b"),
        ("IAMWATCH_WORKLOAD_ROLES", "arn:aws:iam::111122223333:role/task, /workloads/"),
        ("IAMWATCH_ALLOWED_NETWORKS", "198.51.100.0/24, 2001:db8::/32,203.0.113.9/32"),
        (
            "IAMWATCH_BREAK_GLASS_ROLES",
            "arn:aws:iam::111122223333:role/emergency, arn:aws-cn:iam::111122223333:role/a/b",
        ),
    ])
    .unwrap();
    assert_eq!(config.break_glass_roles.len(), 2);
    assert_eq!(config.honey_principals, ["arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/b"]);
    for workload in ["arn:aws:iam::111122223333:role/task", "arn:aws:iam::111122223333:role/workloads/eu/api"] {
        assert!(config.is_workload(workload), "{workload}");
    }
    for other in ["arn:aws:iam::111122223333:role/tasks", "arn:aws:iam::111122223333:role/x/workloads/api"] {
        assert!(!config.is_workload(other), "{other}");
    }
    let allowed = |address: &str| config.allowed_networks.iter().any(|n| n.contains(address.parse().unwrap()));
    assert!(allowed("198.51.100.255") && allowed("2001:db8:7::1") && allowed("203.0.113.9"));
    assert!(!allowed("198.51.101.0") && !allowed("2001:db9::1") && !allowed("203.0.113.8"));
    assert_eq!(config.account("111122223333"), "prod-payments (111122223333)");
    assert_eq!(config.account_name("123456789012"), "dev");
    assert_eq!(config.account_name("999999999999"), "999999999999");
    assert_eq!(config.account("210987654321"), "example-vendor (210987654321)");
    assert!(!config.account_names.contains_key("210987654321"), "a vendor is not one of our own");
    assert_eq!((config.min_severity, config.quarantine.mode), (Severity::High, Mode::Enforce));
    assert_eq!((config.quarantine.leaked, config.quarantine.deny_policy.as_deref()), (Mode::Approve, Some(DENY)));
    assert_eq!(config.portal_url.as_deref(), Some("https://example.awsapps.com/start"));
    assert_eq!(resources.bus, "iamwatch");
    let exempt = &config.quarantine.exempt;
    let covers = |arn: &str| exempt.iter().any(|exempt| exempt.covers(arn));
    assert!(covers("arn:aws:iam::111122223333:user/break-glass/eve"));
    assert!(covers("arn:aws:iam::111122223333:user/ops/ann"));
    assert!(!covers("arn:aws:iam::111122223333:user/ops/anna"));
    assert!(!covers("arn:aws:iam::111122223333:user/break-glassy"));
    assert!(!covers("arn:aws:iam::111122223333:role/x:user/break-glass/eve"), "whoever makes a role chooses its path");
    assert!(!covers("arn:aws:iam::111122223333:user/x:role/break-glass/eve"));
}

#[test]
fn all_mistakes_are_told_at_once_by_name() {
    let mistakes = read([
        ("IAMWATCH_STACK", " "),
        ("IAMWATCH_ACCOUNT_NAMES", "prod=111122223333,123456789012="),
        ("IAMWATCH_MIN_SEVERITY", "loud"),
        ("IAMWATCH_QUARANTINE_MODE", "on"),
        ("IAMWATCH_QUARANTINE_EXEMPT", "arn:aws:iam::111122223333:role/x,*,/"),
        ("IAMWATCH_PORTAL_URL", "http://example.awsapps.com/start"),
        ("IAMWATCH_WORKLOAD_ROLES", "task,/,/x*/"),
        ("IAMWATCH_ALLOWED_NETWORKS", "198.51.100.7,198.51.100.0/33,office,0.0.0.0/0"),
        ("IAMWATCH_BREAK_GLASS_ROLES", "emergency,arn:aws:iam::111122223333:role/*,arn:aws:iam::111122223333:user/ann"),
    ])
    .unwrap_err();
    assert_snapshot!(mistakes.0.join("\n"), @"
    `IAMWATCH_STACK` is not set; the stack's template sets it
    `IAMWATCH_ACCOUNT_NAMES`: `prod=111122223333` is no account name; write it as `111122223333=prod-payments`
    `IAMWATCH_ACCOUNT_NAMES`: `123456789012=` is no account name; write it as `111122223333=prod-payments`
    `IAMWATCH_MIN_SEVERITY`: `loud` is no severity; use LOW, MEDIUM, HIGH or CRITICAL
    `IAMWATCH_PORTAL_URL`: `http://example.awsapps.com/start` is no access portal; write it as `https://example.awsapps.com/start`
    `IAMWATCH_BREAK_GLASS_ROLES`: `emergency` is no role; write its whole ARN (`arn:aws:iam::111122223333:role/name`)
    `IAMWATCH_BREAK_GLASS_ROLES`: `arn:aws:iam::111122223333:role/*` is no role; write its whole ARN (`arn:aws:iam::111122223333:role/name`)
    `IAMWATCH_BREAK_GLASS_ROLES`: `arn:aws:iam::111122223333:user/ann` is no role; write its whole ARN (`arn:aws:iam::111122223333:role/name`)
    `IAMWATCH_WORKLOAD_ROLES`: `task` names no roles; write a role's whole ARN (`arn:aws:iam::111122223333:role/name`) or a path such as `/workloads/`
    `IAMWATCH_WORKLOAD_ROLES`: `/` names no roles; write a role's whole ARN (`arn:aws:iam::111122223333:role/name`) or a path such as `/workloads/`
    `IAMWATCH_WORKLOAD_ROLES`: `/x*/` names no roles; write a role's whole ARN (`arn:aws:iam::111122223333:role/name`) or a path such as `/workloads/`
    `IAMWATCH_ALLOWED_NETWORKS`: `198.51.100.7` is no network; write it as `198.51.100.0/24` or `2001:db8::/32`
    `IAMWATCH_ALLOWED_NETWORKS`: `198.51.100.0/33` is no network; write it as `198.51.100.0/24` or `2001:db8::/32`
    `IAMWATCH_ALLOWED_NETWORKS`: `office` is no network; write it as `198.51.100.0/24` or `2001:db8::/32`
    `IAMWATCH_ALLOWED_NETWORKS`: `0.0.0.0/0` is every address; leave it empty to allow them all
    `IAMWATCH_QUARANTINE_MODE`: `on` is no mode; use `off`, `dry-run`, `approve` or `enforce`
    `IAMWATCH_QUARANTINE_EXEMPT`: `arn:aws:iam::111122223333:role/x` names no users; write a user's whole ARN (`arn:aws:iam::111122223333:user/name`) or a path such as `/break-glass/`
    `IAMWATCH_QUARANTINE_EXEMPT`: `*` has a wildcard; write the user's whole ARN or a path such as `/break-glass/`
    `IAMWATCH_QUARANTINE_EXEMPT`: `/` names no users; write a user's whole ARN (`arn:aws:iam::111122223333:user/name`) or a path such as `/break-glass/`
    ");
}

#[test]
fn enforce_needs_somebody_exempt() {
    let mistakes = read([("IAMWATCH_QUARANTINE_MODE", "enforce")]).unwrap_err();
    assert_snapshot!(
        mistakes,
        @"the configuration has 1 mistake(s): `IAMWATCH_QUARANTINE_EXEMPT` is empty; name at least one break-glass user or path before `enforce`"
    );
    let leaked = read([("IAMWATCH_QUARANTINE_LEAKED_MODE", "enforce"), ("IAMWATCH_DENY_POLICY", DENY)]);
    assert_eq!(leaked.unwrap_err(), mistakes);
}

#[test]
fn nobody_is_cut_off_for_what_they_did_without_a_person() {
    let mode = |mode| read([("IAMWATCH_QUARANTINE_ACTOR_MODE", mode), ("IAMWATCH_DENY_POLICY", DENY)]);
    assert_eq!(mode("approve").unwrap().0.quarantine.actors, Mode::Approve);
    assert_eq!(mode("").unwrap().0.quarantine.actors, Mode::Off);
    assert!(mode("enforce").unwrap_err().to_string().contains("without a person"));
}

#[test]
fn cutting_off_users_needs_the_policy_that_denies_them_everything() {
    let acting = |policy| read([("IAMWATCH_QUARANTINE_LEAKED_MODE", "approve"), ("IAMWATCH_DENY_POLICY", policy)]);
    assert!(acting(DENY).is_ok());
    for policy in ["", "DenyEverything", "arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:policy/a b"] {
        assert!(acting(policy).unwrap_err().to_string().contains("IAMWATCH_DENY_POLICY"), "{policy}");
    }
}

proptest! {
    #[test]
    fn any_text_in_any_variable_is_read_or_refused_without_panic(values in prop::collection::vec(".{0,40}", 18)) {
        let names = ["QUARANTINE_ACTOR_MODE", "SESSIONS_ROLE", "QUARANTINE_LEAKED_MODE", "DENY_POLICY",
            "RECORDS_QUEUE", "STACK", "TABLE", "TOPIC_ARN", "BUS", "ACCOUNT_NAMES", "MIN_SEVERITY", "QUARANTINE_MODE",
            "QUARANTINE_EXEMPT", "PORTAL_URL", "VENDOR_ACCOUNTS", "BREAK_GLASS_ROLES",
            "WORKLOAD_ROLES", "ALLOWED_NETWORKS"];
        let variables: BTreeMap<String, String> =
            names.iter().map(|name| format!("IAMWATCH_{name}")).zip(values).collect();
        let _ = Config::from_env(|variable| variables.get(variable).cloned());
    }

    #[test]
    fn any_exemption_that_is_read_covers_nobody_by_part_of_a_name(text in "[a-z/:*0-9-]{0,40}", name in "[a-z]{1,8}") {
        if let Ok(Exempt::Path(path)) = text.parse::<Exempt>() {
            let arn = format!("arn:aws:iam::111122223333:user/{name}");
            prop_assert!(!Exempt::Path(path).covers(&arn), "a user without a path is under no path");
        }
    }
}
