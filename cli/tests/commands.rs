//! The commands that need no events.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::process::{Command, Output};

use iamwatch::detect;
use insta::assert_snapshot;
use serde_json::Value;

fn iamwatch(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_iamwatch")).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn detections_lists_all_of_them_for_people_and_for_programs() {
    let table = text(&iamwatch(&["detections"]).stdout);
    assert_eq!(table.lines().count(), detect::ALL.len() + 1);
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("ID  "));
    for (line, detection) in lines.zip(detect::ALL) {
        let words: Vec<&str> = line.split_whitespace().take(3).collect();
        assert_eq!(words, [detection.id, detection.severity.word(), detection.watcher.name()]);
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
