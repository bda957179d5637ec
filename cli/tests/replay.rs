//! `iamwatch replay` as its user meets it.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn replay(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamwatch"));
        command.current_dir(&self.0).arg("replay").args(words).output().unwrap()
    }

    fn findings(&self, words: &[&str]) -> Vec<Value> {
        let output = self.replay(&[&["--format", "json"], words].concat());
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Without the figures that differ from run to run.
fn steady(bytes: &[u8]) -> String {
    let text = text(bytes);
    let lines = text.lines().map(|line| line.split_once(" of text, in ").map_or(line, |(before, _)| before));
    lines.collect::<Vec<_>>().join("\n")
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// Alice makes a key for another user.
fn key_made(id: &str, minute: u32, user: &str) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333",
            "accessKeyId": "AKIAI44QH8DHBEXAMPLE", "userName": "alice"},
        "eventTime": format!("2026-10-01T09:{minute:02}:33Z"),
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateAccessKey",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.24",
        "userAgent": "aws-cli/2.17.11",
        "requestParameters": {"userName": user},
        "responseElements": {"accessKey": {"userName": user, "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Active"}},
        "eventID": id,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    })
}

/// A call that nobody minds.
fn read() -> Value {
    json!({
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        "eventTime": "2026-10-01T09:00:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "eventID": "a-read",
        "recipientAccountId": "111122223333",
    })
}

fn denied(id: &str, second: u32) -> Value {
    json!({
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/worker",
            "accountId": "111122223333"},
        "eventTime": format!("2026-10-01T09:00:{second:02}Z"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": if second.is_multiple_of(2) { "DescribeInstances" } else { "DescribeVpcs" },
        "errorCode": "Client.UnauthorizedOperation",
        "eventID": id,
        "recipientAccountId": "111122223333",
    })
}

fn envelope(record: &Value) -> Value {
    json!({"id": "e", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam", "account": "111122223333",
        "region": "us-east-1", "detail": record})
}

fn trail(records: &[Value]) -> String {
    json!({"Records": records}).to_string()
}

#[test]
fn an_incident_is_one_line_and_a_summary_follows() {
    let folder = Folder::new("list");
    folder.write(
        "a.json",
        trail(&[key_made("1", 12, "bob"), read(), key_made("2", 14, "bob"), key_made("3", 59, "bob")]),
    );
    let output = folder.replay(&["a.json"]);
    assert!(output.status.success());
    assert_snapshot!(steady(&output.stdout), @r#"
    HIGH      2026-10-01 09:12:33Z  user alice created access key AKIAIOSFODNN7EXAMPLE for user bob in 111122223333, x2  [access-key-created-for-another-user]
    HIGH      2026-10-01 09:59:33Z  user alice created access key AKIAIOSFODNN7EXAMPLE for user bob in 111122223333  [access-key-created-for-another-user]

    records    4 read in 1 file, 2 kB
    unreadable 0
    findings   3
    incidents  2: 2 HIGH
    alerts     3
    "#);
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn in_full_it_prints_each_alert_as_on_call_gets_it() {
    let folder = Folder::new("full");
    folder.write("a.json", trail(&[key_made("1", 12, "bob"), key_made("2", 14, "bob")]));
    let printed = text(&folder.replay(&["--full", "a.json"]).stdout);
    let words = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("user alice created access key AKIAIOSFODNN7EXAMPLE for user bob in 111122223333."),
        "{printed}"
    );
    assert!(words.contains("x2 in 2 min, 1 of them since the last mail."), "{printed}");
    assert!(words.contains("aws iam update-access-key"), "{printed}");
}

#[test]
fn more_alerts_than_the_topic_takes_are_held_back_as_live() {
    let folder = Folder::new("flood");
    let records: Vec<Value> = (0..40).map(|n| key_made(&n.to_string(), 12, &format!("bot-{n}"))).collect();
    folder.write("a.json", trail(&records));
    let printed = text(&folder.replay(&["a.json"]).stdout);
    assert!(
        printed.contains("incidents  40: 40 HIGH\nalerts     6, one of them about 35 that were held back"),
        "{printed}"
    );
    let mails = text(&folder.replay(&["--full", "a.json"]).stdout);
    assert!(mails.contains("[HIGH] held back: 35 alerts about 35 incidents - 111122223333"), "{mails}");
    let lines = text(&folder.replay(&["--format", "json", "a.json"]).stdout);
    let held = lines.lines().filter(|line| line.contains(r#""told":false,"held_back":true"#)).count();
    assert_eq!(held, 35, "{lines}");
}

#[test]
fn as_json_each_finding_is_one_line() {
    let folder = Folder::new("json");
    folder.write("a.json", trail(&[key_made("1", 12, "bob")]));
    let output = folder.replay(&["--format", "json", "a.json"]);
    assert_snapshot!(text(&output.stdout), @r#"{"detection":"access-key-created-for-another-user","severity":"HIGH","title":"Access key created for another user","event_id":"1","event_name":"CreateAccessKey","event_source":"iam.amazonaws.com","event_time":"2026-10-01T09:12:33Z","account":"111122223333","region":"us-east-1","actor":"arn:aws:iam::111122223333:user/alice","human":null,"act":"created access key AKIAIOSFODNN7EXAMPLE for user bob","target":"user bob","target_arn":null,"source_ip":"203.0.113.24","watcher":"access-keys","incident":"3f0627e5a0a40586f71b264a5b7afaf5","count":1,"told":true,"held_back":false,"also":[]}"#);
    assert_snapshot!(steady(&output.stderr), @r#"
    records    1 read in 1 file, 606 B
    unreadable 0
    findings   1
    incidents  1: 1 HIGH
    alerts     1
    "#);
}

#[test]
fn the_first_of_an_incident_is_told_and_the_next_ones_are_counted() {
    let folder = Folder::new("counts");
    folder.write("a.json", trail(&[key_made("1", 12, "bob"), key_made("2", 14, "bob"), key_made("3", 40, "bob")]));
    let told: Vec<(u64, bool)> = folder
        .findings(&["a.json"])
        .iter()
        .map(|finding| (finding["count"].as_u64().unwrap(), finding["told"].as_bool().unwrap()))
        .collect();
    assert_eq!(told, [(1, true), (2, false), (1, true)], "a window lasts 15 minutes");
}

#[test]
fn what_means_something_only_when_it_is_many_is_silent_until_then() {
    let folder = Folder::new("held");
    let denials: Vec<Value> = (0..11).map(|second| denied(&second.to_string(), second)).collect();
    folder.write("few.json", trail(&denials[..9])).write("many.json", trail(&denials));
    assert_eq!(folder.findings(&["few.json"]).len(), 0);
    let counts: Vec<u64> =
        folder.findings(&["many.json"]).iter().map(|finding| finding["count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [10, 11]);
}

#[test]
fn every_form_of_a_file_gives_the_same_findings() {
    let records = [key_made("1", 12, "bob"), read(), key_made("2", 14, "carol")];
    let lines = |of: &dyn Fn(&Value) -> String| records.iter().map(|record| of(record) + "\n").collect::<String>();
    let whole = trail(&records);
    let (one, two) = whole.split_at(1000);
    let plain = lines(&|record| record.to_string());
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("trail.json", whole.clone().into()),
        ("trail.json.gz", gzip(whole.as_bytes())),
        ("members.json.gz", [gzip(one.as_bytes()), gzip(two.as_bytes())].concat()),
        ("pretty.json", serde_json::to_vec_pretty(&json!({"Records": records})).unwrap()),
        ("late.json", json!({"A": [1], "Records": records}).to_string().into()),
        ("list.json", json!(records).to_string().into()),
        ("lines.jsonl", plain.clone().into()),
        ("lines-without-an-end.jsonl", plain.trim_end().into()),
        ("envelopes.jsonl", lines(&|record| envelope(record).to_string()).into()),
        ("trails.jsonl.gz", gzip(lines(&|record| trail(std::slice::from_ref(record))).as_bytes())),
        ("windows.jsonl", [b"\xef\xbb\xbf", plain.replace('\n', "\r\n").as_bytes()].concat()),
    ];
    let folder = Folder::new("forms");
    let expected = folder.write("expected.json", &whole).findings(&["expected.json"]);
    assert_eq!(expected.len(), 2);
    for (name, bytes) in forms {
        folder.write(name, bytes);
        assert_eq!(folder.findings(&[name]), expected, "{name}");
    }
    folder.write("one.json", records[0].to_string()).write("event.json", envelope(&records[0]).to_string());
    assert_eq!(folder.findings(&["one.json"]), expected[..1]);
    assert_eq!(folder.findings(&["event.json"]), expected[..1]);
}

#[test]
fn a_folder_in_s3_layout_is_read_and_what_is_no_log_is_skipped() {
    let folder = Folder::new("s3");
    let at = |day: u32, name: &str| format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/{day:02}/{name}");
    folder
        .write(&at(1, "a.json.gz"), gzip(trail(&[key_made("1", 12, "bob")]).as_bytes()))
        .write(&at(2, "b.json.gz"), gzip(trail(&[key_made("2", 14, "bob")]).as_bytes()))
        .write("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/10/01/d.json.gz", b"no log")
        .write("AWSLogs/notes.txt", b"no log");
    let output = folder.replay(&["AWSLogs"]);
    assert!(output.status.success());
    assert_snapshot!(steady(&output.stdout), @r#"
    HIGH      2026-10-01 09:12:33Z  user alice created access key AKIAIOSFODNN7EXAMPLE for user bob in 111122223333, x2  [access-key-created-for-another-user]

    records    2 read in 2 files, 1 kB
    skipped    2 files found in folders and no CloudTrail log
    unreadable 0
    findings   2
    incidents  1: 1 HIGH
    alerts     2
    "#);
}

#[test]
fn the_order_of_files_and_the_number_of_threads_change_nothing() {
    let folder = Folder::new("order");
    let made = |file: u32, n: u32| {
        key_made(&format!("{}", (file * 7 + n) % 50), (n * 3) % 60, if n.is_multiple_of(2) { "bob" } else { "carol" })
    };
    for file in 0..8 {
        let records: Vec<Value> = (0..20).map(|n| made(file, n)).collect();
        folder.write(&format!("{file}.json"), trail(&records));
    }
    let one = folder.findings(&["--threads", "1", "."]);
    assert!(one.len() > 10);
    for words in [&["--threads", "2", "."][..], &["--threads", "8", "."], &["7.json", "3.json", "."]] {
        assert_eq!(folder.findings(words), one, "{words:?}");
    }
}

#[test]
fn a_record_that_was_delivered_twice_is_one() {
    let folder = Folder::new("twice");
    folder.write("a.json", trail(&[key_made("1", 12, "bob")])).write("b.json", trail(&[key_made("1", 12, "bob")]));
    assert_eq!(folder.findings(&["a.json", "b.json", "."]).len(), 1);
}

#[test]
fn a_damaged_file_is_named_with_the_place_and_the_rest_is_read() {
    let folder = Folder::new("damaged");
    let whole = trail(&[key_made("1", 12, "bob"), key_made("2", 14, "carol")]);
    let packed = gzip(whole.as_bytes());
    let mut spoilt = packed.clone();
    let last = spoilt.len() - 6;
    spoilt[last] ^= 1;
    let lines = format!("{}\n{{\"eventName\": oops}}\n{}\n", key_made("3", 16, "dave"), key_made("4", 18, "erin"));
    folder
        .write("cut.json", &whole.as_bytes()[..whole.len() - 40])
        .write("cut.json.gz", &packed[..packed.len() - 30])
        .write("empty.json", b"")
        .write("lines.jsonl", lines)
        .write("noise.json.gz", b"\x1f\x8b\x08noise")
        .write("spoilt.json.gz", &spoilt)
        .write("surrogate.json", r#"{"Records":[{"eventName":"\ud800"}]}"#);
    let output = folder.replay(&["--format", "json", "."]);
    assert_eq!(output.status.code(), Some(2));
    let targets: Vec<String> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["target"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(targets, ["account unknown", "user bob", "user carol", "user dave", "user erin"]);
    assert_snapshot!(steady(&output.stderr), @r#"
    iamwatch: ./cut.json: record 2, line 1, byte 1163: the file ends too early
    iamwatch: ./cut.json.gz: the gzip stream ends too early, after 641 bytes of text
    iamwatch: ./empty.json: the file is empty
    iamwatch: ./lines.jsonl: record 2, line 2, byte 609: expected a value
    iamwatch: ./noise.json.gz: the gzip header is damaged, after 0 bytes of text
    iamwatch: ./spoilt.json.gz: the gzip checksum does not fit its text, after 1203 bytes of text
    iamwatch: ./surrogate.json: record 1, line 1, byte 12: the record is no JSON: unexpected end of hex escape at line 1 column 21
    records    7 read in 7 files, 4 kB
    unreadable 1
    findings   5
    incidents  5: 4 HIGH, 1 MEDIUM
    alerts     5
    "#);
}

#[test]
fn a_path_that_cannot_be_read_is_named_and_the_others_are_read() {
    let folder = Folder::new("missing");
    folder.write("a.json", trail(&[key_made("1", 12, "bob")]));
    let output = folder.replay(&["--format", "json", "nowhere", "a.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout).lines().count(), 1);
    assert!(text(&output.stderr).starts_with("iamwatch: nowhere: cannot be read: No such file"));
}

#[test]
fn a_folder_without_logs_does_not_look_like_a_quiet_account() {
    let folder = Folder::new("without-logs");
    let output = folder.write("notes/readme.txt", "nothing").replay(&["notes"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "iamwatch: no CloudTrail file was found; 1 other files were skipped\n");
}

#[test]
fn changes_to_a_named_stack_are_recognised() {
    let folder = Folder::new("named-stack");
    let mut change = key_made("1", 0, "bob");
    change["eventSource"] = json!("cloudformation.amazonaws.com");
    change["eventName"] = json!("DeleteStack");
    change["requestParameters"] = json!({"stackName": "watch"});
    folder.write("trail.json", trail(&[change]));
    assert!(folder.findings(&["trail.json"]).is_empty());
    let findings = folder.findings(&["--stack", "watch", "trail.json"]);
    assert_eq!(findings[0]["detection"], "own-stack-changed");
}

#[test]
fn without_a_path_it_says_how_it_is_used() {
    let output = Folder::new("usage").replay(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Usage: iamwatch replay"));
}

#[test]
fn the_standard_input_is_a_file_too() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_iamwatch"))
        .args(["replay", "--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // What is only counted cannot be read again there.
    let records = [survey(), vec![key_made("1", 40, "bob")]].concat();
    child.stdin.take().unwrap().write_all(&gzip(trail(&records).as_bytes())).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stdout).lines().count(), 2);
}

/// Calls by which one user lists an account, one a minute.
fn survey() -> Vec<Value> {
    let calls = [
        "ListUsers",
        "ListRoles",
        "ListGroups",
        "ListPolicies",
        "GetAccountSummary",
        "ListAccountAliases",
        "ListInstanceProfiles",
        "ListSAMLProviders",
        "ListAccessKeys",
        "ListMFADevices",
        "GetGroup",
        "ListUserPolicies",
    ];
    let listed = |(second, call): (usize, &&str)| {
        let mut record = key_made(call, 12, "bob");
        let Value::Object(listed) = json!({"eventName": call, "eventTime": format!("2026-10-01T09:12:{second:02}Z"),
            "requestParameters": null, "responseElements": null})
        else {
            unreachable!()
        };
        record.as_object_mut().unwrap().extend(listed);
        record
    };
    calls.iter().enumerate().map(listed).collect()
}

#[test]
fn what_is_counted_over_many_files_is_found_where_the_count_is_telling() {
    let folder = Folder::new("counted");
    let records = survey();
    for (number, records) in records.chunks(5).enumerate() {
        folder.write(&format!("{number}.json"), trail(records));
    }
    let found = folder.findings(&["."]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["detection"], "account-surveyed");
    assert_eq!(found[0]["event_id"], "ListUserPolicies", "the twelfth");
    folder.write("2.json", trail(&records[..2]));
    assert_eq!(folder.findings(&["."]), Vec::<Value>::new());
}

#[test]
fn reading_is_left_out_as_it_is_not_delivered_by_default() {
    let folder = Folder::new("sees");
    folder.write("a.json", trail(&[survey(), vec![key_made("1", 40, "bob")]].concat()));
    let found = |words: &[&str]| {
        let found = folder.findings(words);
        found.iter().map(|finding| finding["detection"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["a.json"]), ["account-surveyed", "access-key-created-for-another-user"]);
    assert_eq!(found(&["--sees", "default", "a.json"]), ["access-key-created-for-another-user"]);
}

#[test]
fn roles_that_services_assume_are_seen_only_where_asked_for() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/role-assumed-by-service-for-the-first-time");
    let folder = Folder::new("workloads");
    let story = fs::read(Path::new(samples).join("fires-a-new-function.json")).unwrap();
    folder.write("a.json", story);
    let found = |sees: &str| {
        let found = folder.findings(&["--sees", sees, "a.json"]);
        found.iter().any(|finding| finding["detection"] == "role-assumed-by-service-for-the-first-time")
    };
    assert_eq!(["default", "reading", "all"].map(found), [false, false, true]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = Folder::new("pipe");
    let records: Vec<Value> = (0..3000).map(|n| key_made(&n.to_string(), n % 60, &format!("user-{n}"))).collect();
    folder.write("a.json", trail(&records));
    let mut child = Command::new(env!("CARGO_BIN_EXE_iamwatch"))
        .current_dir(&folder.0)
        .args(["replay", "a.json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
}

#[test]
fn severities_below_the_one_asked_for_are_left_out() {
    let folder = Folder::new("severity");
    let root = json!({"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "eventID": "r",
        "eventTime": "2026-10-01T09:00:00Z", "userIdentity": {"type": "Root", "accountId": "111122223333"}});
    folder.write("a.json", trail(&[key_made("1", 12, "bob"), root]));
    assert_eq!(folder.findings(&["a.json"]).len(), 2);
    let loud = folder.findings(&["--min-severity", "critical", "a.json"]);
    assert_eq!(loud.len(), 1);
    assert_eq!(loud[0]["severity"], "CRITICAL");
    let output = folder.replay(&["--min-severity", "loud", "a.json"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn nothing_an_event_says_reaches_the_terminal_as_a_command() {
    let folder = Folder::new("hostile");
    let hostile = "bob\u{1b}[2J\u{1b}]0;owned\u{7}\r\nHIGH fake\u{202e}\u{200b}";
    folder.write("a.json", trail(&[key_made("1\u{1b}[31m", 12, hostile)]));
    folder.write("\u{1b}[31m.json", b"{");
    for words in [&["."][..], &["--full", "."], &["--format", "json", "."]] {
        let output = folder.replay(words);
        let printed = text(&output.stdout) + &text(&output.stderr);
        let seen = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!printed.contains(seen), "{printed:?}");
        assert!(!printed.lines().any(|line| line.starts_with("HIGH fake")), "{printed}");
    }
    assert_eq!(folder.findings(&["a.json"])[0]["event_id"], "1\u{1b}[31m", "json loses nothing");
}

#[test]
fn a_file_of_exceptions_shows_what_it_would_suppress() {
    let folder = Folder::new("exceptions");
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/access-key-created-for-another-user");
    let with = |exceptions: &str| {
        folder.write("exceptions.toml", exceptions);
        folder.replay(&["--exceptions", "exceptions.toml", events])
    };
    let one = |actor: &str| {
        format!(
            "[[exception]]\nid = 'keys'\ndetections = ['access-key-created-for-another-user']\nactor = '{actor}'\n\
             reason = 'a test'\nowner = 'tests'\nexpires = 2099-01-01\nlong = 'it ends with this test'\n"
        )
    };
    let all = text(&with("").stdout);
    assert!(!all.contains("suppressed"));
    let output = with(&one("ACTOR"));
    assert_eq!(output.status.code(), Some(2));
    let output = with(&one("arn:aws:iam::111122223333:user/alice"));
    assert!(output.status.success());
    let told = text(&output.stdout);
    assert!(all.contains("user alice created access key") && !told.contains("user alice created access key"), "{told}");
    assert_eq!(told.lines().last(), Some("suppressed 2: 2 by keys"));
}

#[test]
fn what_touches_a_principal_that_nobody_uses_is_told_once_and_only_if_it_is_named() {
    let folder = Folder::new("honey");
    let honey = "arn:aws:iam::111122223333:user/backup-admin";
    let mut listed = read();
    listed["userIdentity"] =
        json!({"type": "IAMUser", "arn": honey, "accountId": "111122223333", "userName": "backup-admin"});
    let mut made = key_made("made", 30, "bob");
    made["userIdentity"] = listed["userIdentity"].clone();
    folder.write("log.json", trail(&[listed, made, key_made("other", 40, "carol")]));
    let told = |words: &[&str]| -> Vec<String> {
        let findings = folder.findings(words).into_iter().filter(|finding| finding["told"] == true);
        findings.map(|finding| format!("{} {}", finding["severity"], finding["detection"])).collect()
    };
    assert_eq!(told(&["log.json"]).len(), 2);
    let named = told(&["log.json", "--honey", honey]);
    assert_eq!(named.iter().filter(|said| said.contains("CRITICAL")).count(), 2, "{named:?}");
    assert!(named.iter().any(|said| said.contains("honey-principal-touched")), "{named:?}");
    assert_eq!(named.len(), 3, "{named:?}");
    let wrong = folder.replay(&["log.json", "--honey", "backup-admin"]);
    assert!(text(&wrong.stderr).contains("write its whole ARN"));
}
