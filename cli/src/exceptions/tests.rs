use iamwatch::exceptions::Exception;
use insta::assert_snapshot;
use jiff::civil::date;
use proptest::prelude::*;

use super::file::parse;

const GOOD: &str = r#"
# The pipeline.
[[exception]]
id = "ci-makes-keys"
detections = ["access-key-created-for-another-user"]
actor = "arn:aws:iam::111122223333:role/ci/deploy"
target = "arn:aws:iam::111122223333:user/deploy-bot"
reason = "the pipeline rotates the key of its user"
owner = "platform team"
expires = 2026-05-30

[[exception]]
id = "night-shift"
detections = ["console-login-without-mfa"]
actor = "arn:aws:iam::111122223333:user/kiosk/"
reason = "the kiosk has no second factor"
owner = "front desk"
expires = "2027-01-31"
long = "the kiosk is replaced in 2027"
"#;

/// What is said of a text, a line each.
fn said(text: &str) -> String {
    let lines: Vec<String> = match parse(text, date(2026, 3, 1)) {
        Ok(exceptions) => exceptions.iter().map(Exception::to_json).collect(),
        Err(flaws) => flaws.into_iter().map(|(line, what)| format!("{}: {what}", line.unwrap())).collect(),
    };
    lines.join("\n")
}

#[test]
fn a_file_is_read_with_dates_as_dates_or_as_texts() {
    assert_snapshot!(said(GOOD), @r#"
    {"id":"ci-makes-keys","detections":["access-key-created-for-another-user"],"actor":"arn:aws:iam::111122223333:role/ci/deploy","target":"arn:aws:iam::111122223333:user/deploy-bot","reason":"the pipeline rotates the key of its user","owner":"platform team","expires":"2026-05-30"}
    {"id":"night-shift","detections":["console-login-without-mfa"],"actor":"arn:aws:iam::111122223333:user/kiosk/","reason":"the kiosk has no second factor","owner":"front desk","expires":"2027-01-31","long":"the kiosk is replaced in 2027"}
    "#);
    assert_eq!(said("# Nothing is excepted.\n"), "");
}

#[test]
fn all_mistakes_of_a_file_are_told_with_their_lines() {
    let file = r#"
version = 1
[[exception]]
id = "ci-makes-keys"
detections = [
    "access-key-created-for-another-user",
    "access-key-made",
]
actor = "arn:aws:iam::111122223333:role/*"
owner = "platform team"
expires = 2027-05-30

[[exception]]
id = "ci-makes-keys"
detections = ["user-created"]
target = "arn:aws:iam::111122223333:user/deploy-bot"
reason = 7
owner = "platform team"
expires = 2026-05-30T00:00:00Z
user_agent = "Terraform"
"#;
    assert_snapshot!(said(file), @"
    2: `version` is no key of this file; begin each exception with `[[exception]]`
    3: it has no `reason`
    7: `access-key-made` is no detection; `iamwatch detections` lists all
    9: `arn:aws:iam::111122223333:role/*` has a wildcard, which also matches names that somebody else will make; write the whole ARN, or an IAM path that ends in `/`
    11: 2027-05-30 is more than 90 days ahead; write 2026-05-30 or earlier, or say why in `long`
    14: `ci-makes-keys` stands twice; give each exception a name of its own
    17: `reason` is a number; write a text
    19: `2026-05-30T00:00:00Z` is no date; write it as `2027-01-31`
    20: `user_agent` is not matched on: whoever acts can choose it; name the whole ARN in `actor` or `target`
    ");
}

#[test]
fn all_mistakes_of_the_language_are_told_with_their_lines() {
    assert_snapshot!(said("[[exception]]\nid = ci\nowner = \"a\nreason = 'x'\nid = 'b'\n"), @r#"
    2: string values must be quoted, expected literal string
    3: invalid basic string, expected `"`
    5: duplicate key
    "#);
    assert_snapshot!(said("[exception]\nid = 'a'\n"), @"1: `exception` is no list; write `[[exception]]`, with two brackets");
    assert_snapshot!(said("exception = ['a']\n"), @"1: an exception is no table; write `[[exception]]`");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), at in 0..GOOD.len(), put in "[\\[\\]\"'=\n{}#a0-]{0,3}") {
        let _ = parse(&text, date(2026, 3, 1));
        let mut changed = GOOD.to_owned();
        changed.insert_str(at, &put);
        if let Err(flaws) = parse(&changed, date(2026, 3, 1)) {
            prop_assert!(!flaws.is_empty());
            let lines = changed.lines().count() + 1;
            prop_assert!(flaws.iter().all(|(line, what)| line.is_none_or(|line| (1..=lines).contains(&line)) && !what.is_empty()));
        }
    }
}
