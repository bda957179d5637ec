//! The quick way against the slow, plain one; and any bytes at all.

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use iamwatch::alert::Alert;
use iamwatch::config::Config;
use iamwatch::detect::Context;
use iamwatch::event::Event;
use iamwatch::exceptions::Exceptions;
use iamwatch::facts::past::{self, Lesson};
use iamwatch::facts::{self, Ties, Unread};
use iamwatch::finding::Finding;
use iamwatch::flow::{Line, Machines, Outcome, People, Undelivered};
use iamwatch::ledger::{Memory, Standing};
use iamwatch::watcher::{Admissions, Glance, Watcher};
use insta::assert_debug_snapshot;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::Value;

use super::again;
use super::read::{self, Found, Haul, How, Turn, clock, decode};
use super::records::Reader;
use super::tell::{Said, Told, Wording, tell};
use super::walk::Input;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("iamwatch-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Input {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        Input::File(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every record read in full, and every detection of every watcher that admits it asked in turn.
fn slow(records: &[Vec<u8>], context: &Context<'_>) -> Haul {
    let mut haul = Haul::default();
    for record in records {
        haul.records += 1;
        let (event, _) = decode(record);
        let watchers: Vec<Watcher> = if event.fault().is_some() {
            haul.unreadable += 1;
            vec![Watcher::RootUsage]
        } else {
            Watcher::ALL.into_iter().filter(|watcher| watcher.admits(&Glance::of(&event))).collect()
        };
        // Everything that hangs together with anything waits for its turn.
        let ties = facts::ties(&event);
        let lessons: Box<[Lesson]> = past::lessons(&event, clock(event.time)).collect();
        let documents = ties.documents || !ties.questions.is_empty() || !lessons.is_empty();
        let turn = Turn { ties: Ties { documents, ..ties }, lessons, place: None };
        let found = |watcher| Found::of(watcher, &event, record, turn.clone(), context);
        haul.found.extend(watchers.into_iter().filter_map(found));
    }
    haul
}

/// What is told of all that was found.
fn said(found: Vec<Found>, context: &Context<'_>, threads: NonZeroUsize) -> Vec<String> {
    let mut told = Vec::new();
    tell::<()>(found, context, &Exceptions::NONE, Wording::None, threads, |said| {
        told.push(format!("{said:?}"));
        Ok(())
    })
    .unwrap();
    told
}

/// A name and its value as JSON text. The same name may come twice, and in any order.
fn members() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let member = |key: &'static str, values: &'static [&'static str]| {
        proptest::option::weighted(0.9, select(values).prop_map(move |value| (key, value.to_owned())))
    };
    let odd = select(&[r#""""#, r#""null""#, "null", "7", "true", "[]", "{}", r#""\u0041""#, "-1.5e3"][..]);
    let twice = proptest::option::weighted(
        0.1,
        (select(&["eventName", "eventSource", "errorCode", "userIdentity", "eventType"][..]), odd)
            .prop_map(|(key, value)| (key, value.to_owned())),
    );
    let plain = (
        member(
            "eventName",
            &[
                r#""CreateAccessKey""#,
                r#""DescribeInstances""#,
                r#""StopLogging""#,
                r#""ConsoleLogin""#,
                r#""AttachUserPolicy""#,
                r#""UpdateFunctionCode20150331v2""#,
                r#""Create\u0041ccessKey""#,
                r#""""#,
            ],
        ),
        member(
            "eventSource",
            &[
                r#""iam.amazonaws.com""#,
                r#""ec2.amazonaws.com""#,
                r#""cloudtrail.amazonaws.com""#,
                r#""signin.amazonaws.com""#,
                r#""lambda.amazonaws.com""#,
            ],
        ),
        member("eventType", &[r#""AwsApiCall""#, r#""AwsServiceEvent""#, r#""AwsConsoleSignIn""#, "null"]),
        member(
            "errorCode",
            &["null", r#""""#, r#""AccessDenied""#, r#""Client.UnauthorizedOperation""#, r#""NoSuchEntity""#],
        ),
        member("eventID", &[r#""one""#, r#""two""#, r#""three""#, "null", "3"]),
        member(
            "eventTime",
            &[r#""2026-10-01T09:12:33Z""#, r#""2026-10-01T09:20:00Z""#, r#""9999-12-30T21:59:59Z""#, r#""then""#],
        ),
        member("recipientAccountId", &[r#""111122223333""#, r#""123456789012""#]),
        member(
            "userIdentity",
            &[
                r#"{"type":"IAMUser","userName":"alice","arn":"arn:aws:iam::111122223333:user/alice"}"#,
                r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}"#,
                r#"{"type":"Root","invokedBy":"signin.amazonaws.com"}"#,
                r#"{"type":"Root","invokedBy":"","type":"Root"}"#,
                r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
                r#"{"t\u0079pe":"Root"}"#,
                r#"{"type":7,"invokedBy":null}"#,
                "{}",
                "null",
                r#""alice""#,
            ],
        ),
        member(
            "requestParameters",
            &[
                "null",
                r#"{"userName":"bob"}"#,
                r#"{"policyDocument":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\"}]}"}"#,
                r#"{"name":"\ud800"}"#,
                r#"{"name":"\ud83d\ude00 é"}"#,
                r#"{"number":1e999}"#,
                r#"{"number":0.25, "list" : [ 1 , {"a":[]} ] }"#,
                "DEEP",
                "BYTES",
            ],
        ),
        member(
            "responseElements",
            &["null", r#"{"accessKey":{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"bob"}}"#],
        ),
        member("insightDetails", &["{}"]),
    );
    (plain, twice).prop_map(|((a, b, c, d, e, f, g, h, i, j, k), l)| {
        [a, b, c, d, e, f, g, h, i, j, k, l].into_iter().flatten().collect()
    })
}

const NO_RECORDS: &[&[u8]] = &[b"7", b"null", b"\"text\"", b"[]", b"{}", br#"{"detail-type":"x","detail":null}"#];

fn record() -> impl Strategy<Value = Vec<u8>> {
    let object = members()
        .prop_shuffle()
        .prop_map(|members| {
            let mut text = Vec::new();
            for (key, value) in members {
                text.extend_from_slice(if text.is_empty() { b"{" } else { b"," });
                write!(text, "\"{key}\":").unwrap();
                match value.as_str() {
                    "DEEP" => write!(text, "{}{}", "[".repeat(150), "]".repeat(150)).unwrap(),
                    "BYTES" => text.extend_from_slice(b"\"\xff\xfe\""),
                    value => text.extend_from_slice(value.as_bytes()),
                }
            }
            if text.is_empty() {
                text.push(b'{');
            }
            text.push(b'}');
            text
        })
        .boxed();
    let envelope = |record: Vec<u8>| {
        [
            br#"{"id":"e","account":"111122223333","detail-type":"AWS API Call via CloudTrail","detail":"#,
            &record[..],
            b"}",
        ]
        .concat()
    };
    prop_oneof![
        8 => object.clone(),
        2 => object.prop_map(envelope),
        1 => select(NO_RECORDS)
            .prop_map(<[u8]>::to_vec),
    ]
}

/// The same records as a file of one of several kinds. A list that stands for a record is no record in JSON lines.
fn file(records: &[Vec<u8>], kind: usize) -> Vec<u8> {
    let list = || records.join(&b","[..]);
    let text = match kind % 4 {
        0 => [b"{\"Records\":[", &list()[..], b"]}"].concat(),
        1 => [b" [ ", &list()[..], b" ]\n"].concat(),
        2 => [b"{\"more\":[1],\"Records\": [", &list()[..], b"] }"].concat(),
        _ => [b"{\"Records\":[", &records.join(&b"]}\n{\"Records\":["[..])[..], b"]}\n"].concat(),
    };
    if kind < 4 {
        return text;
    }
    // Two gzip members.
    let (one, two) = text.split_at(text.len() / 2);
    [one, two]
        .iter()
        .flat_map(|part| {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(part).unwrap();
            packed.finish().unwrap()
        })
        .collect()
}

/// Beginnings that lead somewhere.
const HEADS: &[&[u8]] =
    &[b"", b"\x1f\x8b\x08\x00\0\0\0\0\0\x03", b"\x1f\x8b\x08\x1f", b"{\"Records\":[", b"[", b"{\"a\":\""];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_quick_way_finds_what_the_slow_one_does_in_any_file_with_any_threads(
        files in prop::collection::vec((prop::collection::vec(record(), 1..12), 0_usize..8), 1..6),
        threads in 1_usize..4,
        backwards in any::<bool>(),
        hold in select(&[0, 2_000, usize::MAX]),
    ) {
        let config = Config::default();
        let context = Context::new(&config);
        let folder = Folder::new("oracle");
        let mut inputs: Vec<Input> = files
            .iter()
            .enumerate()
            .map(|(number, (records, kind))| folder.file(&number.to_string(), &file(records, *kind)))
            .collect();
        if backwards {
            inputs.reverse();
        }
        let threads = NonZeroUsize::new(threads).unwrap();
        let mut quick = read::read(&inputs, &How { admissions: &Admissions::new(), context, threads, hold }, &|| ());
        prop_assert_eq!(again::read(&mut quick.found, &inputs, &config, threads), Vec::new());
        let records: Vec<Vec<u8>> = files.iter().flat_map(|(records, _)| records.clone()).collect();
        let mut slow = slow(&records, &context);
        slow.found.sort_unstable_by(Found::in_order);
        prop_assert_eq!(quick.records, slow.records);
        prop_assert_eq!(quick.unreadable, slow.unreadable);
        let one = NonZeroUsize::MIN;
        prop_assert_eq!(said(quick.found, &context, threads), said(slow.found, &context, one));
    }

    #[test]
    fn any_bytes_are_read_to_their_end(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        head in select(HEADS),
    ) {
        let text = [head, &bytes[..]].concat();
        let mut seen = 0;
        let (_, flaws) = Reader::new().read(&mut &text[..], &mut |raw| {
            seen += 1;
            decode(raw.text).1
        });
        prop_assert!(seen > 0 || !flaws.is_empty() || text.starts_with(b"["));
    }

    #[test]
    fn structured_nonsense_is_read_to_its_end(
        parts in subsequence(
            vec!["{", "\"Records\"", ":", "[", "{\"eventName\":1}", ",", "]", "}", "\n", "{", "\"\\u12", "1e9", "-", "nul", "\"", " "],
            0..=16,
        ).prop_shuffle(),
    ) {
        let text = parts.concat();
        Reader::new().read(&mut text.as_bytes(), &mut |raw| decode(raw.text).1);
    }
}

/// Fourteen different calls of one user, by which the account is listed, in files of five. Each record is shorter than the one
/// before it.
fn survey(folder: &Folder) -> Vec<Input> {
    let calls = iamwatch::detect::by_id("account-surveyed").unwrap().calls;
    let names = calls.iter().find(|calls| calls.source == "iam.amazonaws.com").unwrap().names;
    let records: Vec<Vec<u8>> = names[..14]
        .iter()
        .enumerate()
        .map(|(second, name)| {
            format!(
                r#"{{"eventName":"{name}","eventSource":"iam.amazonaws.com","eventID":"{name}","requestID":"{}","eventTime":"2026-10-01T09:12:{second:02}Z",
                "recipientAccountId":"111122223333","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.24","userIdentity":{{"type":"IAMUser",
                "userName":"alice","accountId":"111122223333","arn":"arn:aws:iam::111122223333:user/alice"}}}}"#,
                "1".repeat(30_000 * (14 - second))
            )
            .into_bytes()
        })
        .collect();
    let files = records.chunks(5).enumerate();
    files.map(|(number, records)| folder.file(&number.to_string(), &file(records, number))).collect()
}

#[test]
fn what_is_only_counted_is_found_whether_its_text_was_held_or_is_read_again() {
    let (config, folder) = (Config::default(), Folder::new("again"));
    let context = Context::new(&config);
    let inputs = survey(&folder);
    let told = [0, 1_500, usize::MAX].map(|hold| {
        let how = How { admissions: &Admissions::new(), context, threads: NonZeroUsize::MIN, hold };
        let mut haul = read::read(&inputs, &how, &|| ());
        assert_eq!(again::read(&mut haul.found, &inputs, &config, NonZeroUsize::MIN), Vec::new());
        said(haul.found, &context, NonZeroUsize::MIN)
    });
    assert!(told[0].iter().any(|said| said.contains("account-surveyed")), "{told:?}");
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
}

#[test]
fn pieces_of_a_text_are_those_wherever_they_stand_in_it() {
    let text: Vec<u8> = (0_u32..200_000).flat_map(u32::to_le_bytes).collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&text).unwrap();
    let packed = packed.finish().unwrap();
    let spans = [0..3, 3..3, 190_000..200_000, 200_001..600_000, 799_999..800_000];
    let cut = |span: &std::ops::Range<u64>| {
        text[usize::try_from(span.start).unwrap()..][..usize::try_from(span.end - span.start).unwrap()].into()
    };
    let pieces: Vec<Box<[u8]>> = spans.iter().map(cut).collect();
    let mut reader = Reader::new();
    assert_eq!(reader.pieces(&mut &text[..], spans.iter().cloned()), pieces);
    assert_eq!(reader.pieces(&mut &packed[..], spans.iter().cloned()), pieces);
    let beyond = [0..3, 799_999..800_001];
    assert_eq!(reader.pieces(&mut &packed[..], beyond.into_iter()), pieces[..1]);
}

#[test]
fn a_file_that_is_gone_when_it_is_read_again_is_named() {
    let (config, folder) = (Config::default(), Folder::new("gone"));
    let context = Context::new(&config);
    let inputs = survey(&folder);
    let how = How { admissions: &Admissions::new(), context, threads: NonZeroUsize::MIN, hold: 0 };
    let mut haul = read::read(&inputs, &how, &|| ());
    fs::remove_file(folder.0.join("2")).unwrap();
    let broken = again::read(&mut haul.found, &inputs, &config, NonZeroUsize::MIN);
    let [(path, flaws)] = broken.as_slice() else { panic!("{broken:?}") };
    assert!(path.ends_with("2"), "{path:?}");
    assert_eq!(flaws[0].what, "changed while it was read: 3 of its records could not be read again");
    assert!(!said(haul.found, &context, NonZeroUsize::MIN).iter().any(|said| said.contains("account-surveyed")));
}

/// Somebody who hears everything and says nothing.
struct Silent;

impl People for Silent {
    async fn tell(&self, _: &Alert) -> Result<(), Undelivered> {
        Ok(())
    }
}

impl Machines for Silent {
    async fn hand_over(&self, _: &Finding, _: &Standing) -> Result<(), Undelivered> {
        Ok(())
    }
}

fn denied(second: i64, user: &str, source: &str, name: &str) -> Vec<u8> {
    let time = Timestamp::from_second(1_790_000_000 + second).unwrap();
    format!(
        r#"{{"eventName":"{name}","eventSource":"{source}.amazonaws.com","eventID":"{second} {user} {name}","eventTime":"{time}","errorCode":"AccessDenied",
        "recipientAccountId":"111122223333","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.24","userIdentity":{{"type":"IAMUser",
        "userName":"{user}","accountId":"111122223333","arn":"arn:aws:iam::111122223333:user/{user}"}}}}"#
    )
    .into_bytes()
}

/// What was found, with its severity and where it stands: what people and machines get.
fn in_words(finding: &Finding, standing: &Standing) -> String {
    let told = if standing.speaks { ", told" } else { "" };
    format!("{} {}: {}, {}{told}", finding.severity, finding.actor.name, finding.act, standing.count)
}

#[test]
fn denied_calls_are_told_together_as_live() {
    let config = Config::default();
    let context = Context::new(&config);
    // What is denied within ten seconds after the first waits for each other.
    let together = [
        (
            10,
            vec![
                denied(0, "alice", "secretsmanager", "GetSecretValue"),
                denied(1, "bob", "sqs", "ListQueues"),
                denied(4, "alice", "iam", "CreateUser"),
                denied(9, "alice", "iam", "AttachUserPolicy"),
            ],
        ),
        (
            20,
            vec![denied(10, "alice", "iam", "CreateAccessKey"), denied(10, "bob", "secretsmanager", "GetSecretValue")],
        ),
        (70, vec![denied(60, "alice", "iam", "PutUserPolicy")]),
    ];
    let ledger = Memory::default();
    let mut told_live = Vec::new();
    for (received, records) in &together {
        let events: Vec<Event> = records.iter().map(|record| decode(record).0).collect();
        let line = Line {
            watcher: Watcher::AccessDenied,
            context,
            ledger: &ledger,
            people: &Silent,
            machines: &Silent,
            policies: &Unread,
            exceptions: &Exceptions::NONE,
        };
        let now = Timestamp::from_second(1_790_000_000 + received).unwrap();
        for together in pollster::block_on(line.watch_denied(&events.iter().collect::<Vec<_>>(), now)) {
            if let Outcome::Found(finding, standing, _) = together.outcome.unwrap() {
                told_live.push(in_words(&finding, &standing));
            }
        }
    }

    let folder = Folder::new("together");
    let records: Vec<Vec<u8>> = together.into_iter().rev().flat_map(|(_, records)| records).collect();
    let inputs = [folder.file("all", &file(&records, 0))];
    let how = How { admissions: &Admissions::new(), context, threads: NonZeroUsize::MIN, hold: 0 };
    for threads in [1, 2].map(|threads| NonZeroUsize::new(threads).unwrap()) {
        let found = read::read(&inputs, &how, &|| ()).found;
        let mut replayed = Vec::new();
        tell::<()>(found, &context, &Exceptions::NONE, Wording::None, threads, |said| {
            if let Said::Finding(finding, standing, told) = said {
                assert_eq!(told != Told::No, standing.speaks, "whoever speaks is told: {}", finding.act);
                replayed.push(in_words(&finding, &standing));
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(replayed, told_live);
    }
    assert_debug_snapshot!(told_live, @r#"
    [
        "HIGH alice: was denied iam:CreateUser, 3, told",
        "MEDIUM bob: was denied sqs:ListQueues, 1",
        "HIGH alice: was denied iam:CreateAccessKey, 4",
        "MEDIUM bob: was denied secretsmanager:GetSecretValue, 2, told",
        "CRITICAL alice: was denied iam:PutUserPolicy, 5, told",
    ]
    "#);
}

#[test]
fn denied_calls_that_are_too_many_for_one_batch_do_not_wait() {
    let config = Config::default();
    let context = Context::new(&config);
    let folder = Folder::new("many");
    let records: Vec<Vec<u8>> =
        (0..1_001).map(|number| denied(number / 500, "alice", "iam", &format!("List{number}"))).collect();
    let inputs = [folder.file("all", &file(&records, 0))];
    let how = How { admissions: &Admissions::new(), context, threads: NonZeroUsize::MIN, hold: 0 };
    let mut counts = Vec::new();
    let found = read::read(&inputs, &how, &|| ()).found;
    tell::<()>(found, &context, &Exceptions::NONE, Wording::None, NonZeroUsize::MIN, |said| {
        if let Said::Finding(_, standing, _) = said {
            counts.push(standing.count);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(counts, [1_000, 1_001]);
}

/// Bytes that mean something in JSON, or must not be there.
const CUTS: &[u8] = b"{}[]\",:\\u0\n\x00\xff-e";

/// Numbers that look random and are the same in every run.
fn dice(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

fn samples() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events"));
    let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> =
        folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect();
    files.sort_unstable();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn damaged_samples_are_accepted_exactly_when_a_json_parser_accepts_them() {
    let samples = samples();
    let config = Config::default();
    let context = Context::new(&config);
    let mut reader = Reader::new();
    let mut state = 7;
    for round in 0..20_000 {
        let mut text = samples[dice(&mut state) % samples.len()].clone();
        for _ in 0..=(dice(&mut state) % 3) {
            let at = dice(&mut state) % text.len().max(1);
            if text.len() < 2 {
                break;
            }
            match dice(&mut state) % 5 {
                0 => text.truncate(at.max(1)),
                1 => drop(text.remove(at)),
                2 => text.insert(at, CUTS[dice(&mut state) % CUTS.len()]),
                3 => text[at] = CUTS[dice(&mut state) % CUTS.len()],
                _ => text.extend_from_within(at..),
            }
        }
        let mut values = 0;
        let (_, flaws) = reader.read(&mut &text[..], &mut |raw| {
            values += 1;
            let (event, flaw) = decode(raw.text);
            for watcher in Watcher::ALL {
                let _ = iamwatch::detect::look(watcher, &event, &context);
            }
            flaw
        });
        let plain = serde_json::from_slice::<Value>(&text);
        let told = || format!("round {round}: {flaws:?} {plain:?}: {}", String::from_utf8_lossy(&text));
        if plain.is_ok() {
            assert!(flaws.is_empty(), "{}", told());
        } else {
            assert!(!flaws.is_empty() || values > 1, "{}", told());
        }
    }
}

#[test]
fn a_record_at_the_end_of_time_does_not_stop_the_clock() {
    let text = r#"{"eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com","eventTime":"9999-12-30T21:59:59Z",
        "eventID":"1","userIdentity":{"type":"Root"}}"#;
    let config = Config::default();
    let context = Context::new(&config);
    let event = Event::decode(serde_json::from_str(text).unwrap());
    let found = Found::of(Watcher::RootUsage, &event, text.as_bytes(), Turn::default(), &context).unwrap();
    let mut said = 0;
    tell::<()>(vec![found], &context, &Exceptions::NONE, Wording::Full, NonZeroUsize::MIN, |_| {
        said += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(said, 2, "the finding, and its incident");
}
