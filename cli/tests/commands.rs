//! The commands that need no events.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use iamwatch::detect::{self, Detection};
use insta::assert_snapshot;
use serde_json::Value;

fn iamwatch(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_iamwatch")).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn denied_calls_that_mean_nothing_are_listed_with_their_reasons() {
    let table = text(&iamwatch(&["detections", "--benign"]).stdout);
    assert!(table.lines().any(|line| line.starts_with("health.amazonaws.com DescribeEventAggregates  ")), "{table}");
    let json = text(&iamwatch(&["detections", "--benign", "--format", "json"]).stdout);
    assert_eq!(json.lines().count(), table.lines().count());
    assert!(json.lines().all(|line| line.contains(r#""reason":""#)), "{json}");
}

#[test]
fn detections_lists_all_of_them_for_people_and_for_programs() {
    let table = text(&iamwatch(&["detections"]).stdout);
    assert_eq!(table.lines().count(), detect::ALL.len() + 1);
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("ID  "));
    for (line, detection) in lines.zip(detect::ALL) {
        let words: Vec<&str> = line.split_whitespace().take(4).collect();
        let Detection { id, severity, confidence, watcher, .. } = detection;
        assert_eq!(words, [id, severity.word(), confidence.word(), watcher.name()]);
        assert!(line.ends_with(&detection.title()));
    }
    let json = text(&iamwatch(&["detections", "--format", "json"]).stdout);
    let ids: Vec<Value> = json.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    assert_eq!(ids.len(), detect::ALL.len());
}

#[test]
fn explain_prints_a_page() {
    let output = iamwatch(&["explain", "trail-deleted"]);
    assert!(output.status.success());
    let page = text(&output.stdout);
    for part in ["# ", "## Why it matters", "## False alarms", "## What to do", "- Id: trail-deleted"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn an_unknown_detection_is_answered_with_the_nearest_names() {
    let output = iamwatch(&["explain", "created-access-key"]);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(text(&output.stderr), @r#"iamwatch: `created-access-key` is no detection; did you mean `access-key-created`, `root-access-key-created`, `access-key-reactivated`? `iamwatch detections` lists all"#);
}

#[test]
#[cfg(not(feature = "aws"))]
fn without_aws_quarantine_says_how_to_get_it() {
    let output = iamwatch(&["quarantine", "restore", "abc"]);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(text(&output.stderr), @r#"iamwatch: this program was built without AWS; run `cargo run -p iamwatch-cli --features aws -- quarantine restore abc`"#);
}

/// A file in a folder that is made for it.
fn file(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exceptions");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
    folder.join(name)
}

#[test]
fn a_file_of_exceptions_is_checked_without_aws() {
    let good = file(
        "good.toml",
        "[[exception]]\nid = 'a'\ndetections = ['user-created']\nactor = 'arn:aws:iam::111122223333:role/ci/'\n\
         reason = 'it makes users'\nowner = 'ci'\nexpires = 2020-01-01\n",
    );
    let output = iamwatch(&["exceptions", "check", good.to_str().unwrap()]);
    assert!(output.status.success());
    assert_snapshot!(text(&output.stderr), @"iamwatch: `a` expired on 2020-01-01: it suppresses nothing");
    assert!(text(&output.stdout).ends_with("good.toml: 1 exception without a mistake\n"));

    let bad = file("bad.toml", "[[exception]]\nid = 'A'\n\n[[exception]]\nactor = 'ci'\n");
    let output = iamwatch(&["exceptions", "check", bad.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr).replace(bad.to_str().unwrap(), "bad.toml");
    assert_snapshot!(told, @"
    iamwatch: bad.toml:1: it has no `detections`; `iamwatch detections` lists them
    iamwatch: bad.toml:1: it has no `expires`
    iamwatch: bad.toml:1: it has no `owner`
    iamwatch: bad.toml:1: it has no `reason`
    iamwatch: bad.toml:1: it names neither `actor` nor `target`, and would hold for everything; name one
    iamwatch: bad.toml:2: `A` is no id; write small letters, digits and hyphens, at most 64: `ci-makes-keys`
    iamwatch: bad.toml:4: it has no `detections`; `iamwatch detections` lists them
    iamwatch: bad.toml:4: it has no `expires`
    iamwatch: bad.toml:4: it has no `id`
    iamwatch: bad.toml:4: it has no `owner`
    iamwatch: bad.toml:4: it has no `reason`
    iamwatch: bad.toml:5: `ci` is no ARN: a part of a name is borne by whoever likes to; write the whole, as `arn:aws:iam::111122223333:role/ci/deploy`
    ");

    let output = iamwatch(&["exceptions", "check", "no-such.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("iamwatch: no-such.toml: cannot be read: "));
}

#[test]
#[cfg(not(feature = "aws"))]
fn without_aws_exceptions_say_how_to_get_it() {
    let output = iamwatch(&["exceptions", "apply", "team.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(text(&output.stderr), @"iamwatch: this program was built without AWS; run `cargo run -p iamwatch-cli --features aws -- exceptions apply team.toml`");
}
