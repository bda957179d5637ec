//! A made-up corpus of CloudTrail files with the shape of real ones.
//!
//! Real accounts are mostly reads by roles, calls by services and log deliveries; some nine records in a hundred start a
//! watcher. Big files hold 7,000 records, and there are many small ones. The same seed makes the same files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// What to make.
#[derive(Debug, Clone)]
pub struct Shape {
    pub seed: u64,
    /// Files of [`BIG`] records.
    pub big_files: u64,
    /// Files of one to nine records.
    pub small_files: u64,
    /// Envelopes of sample events, mixed in among the admitted records.
    pub events: Option<PathBuf>,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    pub files: u64,
    pub records: u64,
    pub text: u64,
    pub packed: u64,
}

/// CloudTrail begins a new file at some 50 MB of text or every five minutes; the biggest files seen held this many.
const BIG: u64 = 7_000;
const ACCOUNTS: [&str; 2] = ["111122223333", "123456789012"];

/// Makes the corpus in `folder`, laid out as in S3.
///
/// # Errors
///
/// When the folder or the sample events cannot be read or written.
pub fn make(folder: &Path, shape: &Shape) -> io::Result<Made> {
    let samples = shape.events.as_deref().map(samples).transpose()?.unwrap_or_default();
    let mut dice = Dice(shape.seed);
    let mut made = Made::default();
    for file in 0..shape.big_files + shape.small_files {
        let records = if file < shape.big_files { BIG } else { 1 + dice.below(9) };
        let account = ACCOUNTS.get(usize::from(dice.below(4) == 0)).copied().unwrap_or_default();
        let day = folder.join(format!("AWSLogs/{account}/CloudTrail/us-east-1/2026/10/{:02}", 1 + file % 28));
        fs::create_dir_all(&day)?;
        let name =
            format!("{account}_CloudTrail_us-east-1_202610{:02}T0000Z_{:016x}.json.gz", 1 + file % 28, dice.next());
        let text = text(records, account, &samples, &mut dice, file);
        let path = day.join(name);
        let mut packed = GzEncoder::new(File::create(&path)?, Compression::default());
        packed.write_all(text.as_bytes())?;
        made.packed += packed.finish()?.metadata()?.len();
        made.files += 1;
        made.records += records;
        made.text += text.len() as u64;
    }
    Ok(made)
}

/// The records of the sample events: whole envelopes, of which a trail keeps the `detail`.
fn samples(folder: &Path) -> io::Result<Vec<Value>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?.path();
        if entry.is_dir() {
            paths.extend(fs::read_dir(entry)?.filter_map(|file| Some(file.ok()?.path())));
        }
    }
    paths.sort_unstable();
    let mut records = Vec::new();
    for path in paths {
        // A list is a story of several events.
        let envelopes = match serde_json::from_slice(&fs::read(path)?) {
            Ok(Value::Array(story)) => story,
            Ok(envelope) => vec![envelope],
            Err(_) => continue,
        };
        records.extend(
            envelopes.iter().filter_map(|envelope| envelope.get("detail")).filter(|it| it.is_object()).cloned(),
        );
    }
    Ok(records)
}

fn text(records: u64, account: &str, samples: &[Value], dice: &mut Dice, file: u64) -> String {
    let mut text = String::from("{\"Records\":[");
    for record in 0..records {
        if record > 0 {
            text.push(',');
        }
        let second = file * 300 + record * 300 / records.max(1);
        let time = format!(
            "2026-10-{:02}T{:02}:{:02}:{:02}Z",
            1 + second / 86_400 % 28,
            second / 3_600 % 24,
            second / 60 % 60,
            second % 60
        );
        let made =
            if dice.below(100) < 9 { watched(dice, &time, account, samples) } else { filler(dice, &time, account) };
        text.push_str(&made);
    }
    text.push_str("]}");
    text
}

/// A record that starts a watcher: of ten, six are roles taken and sign-ins that nobody minds, and three are denied calls.
fn watched(dice: &mut Dice, time: &str, account: &str, samples: &[Value]) -> String {
    let kind = dice.below(100);
    if kind < 10
        && let Some(Value::Object(sample)) = dice.pick(samples)
    {
        let mut record = sample.clone();
        record.insert("eventID".to_owned(), dice.uuid().into());
        record.insert("eventTime".to_owned(), time.into());
        return Value::Object(record).to_string();
    }
    let who = role(dice, time, account);
    if kind < 11 {
        let user = dice.below(40);
        let request = format!(r#"{{"userName":"app-{user}"}}"#);
        let answer = format!(
            r#"{{"accessKey":{{"userName":"app-{user}","accessKeyId":"AKIA{:09X}EXAMPLE","status":"Active","createDate":"Oct 1, 2026 1:33:28 PM"}}}}"#,
            dice.below(1 << 36)
        );
        return record(dice, time, account, &who, "iam", "CreateAccessKey", "", &request, &answer);
    }
    if kind < 40 {
        let (source, name) = *dice.pick(&READS).unwrap_or(&("s3", "ListBuckets"));
        let action = format!("{source}:{name}");
        let denied = format!(
            r#""errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::{account}:assumed-role/app-worker/worker is not authorized to perform: {action} because no identity-based policy allows the {action} action","#
        );
        return record(dice, time, account, &who, source, name, &denied, "null", "null");
    }
    if kind < 70 {
        let request = format!(
            r#"{{"roleArn":"arn:aws:iam::{account}:role/deploy-{}","roleSessionName":"build","durationSeconds":3600}}"#,
            dice.below(5)
        );
        let answer = format!(
            r#"{{"credentials":{{"accessKeyId":"ASIA{:09X}EXAMPLE","sessionToken":"{}","expiration":"Oct 1, 2026, 7:33:28 PM"}}}}"#,
            dice.below(1 << 36),
            dice.token(12)
        );
        return record(dice, time, account, &who, "sts", "AssumeRole", "", &request, &answer);
    }
    if kind < 80 {
        return record(dice, time, account, &who, "sts", "GetCallerIdentity", "", "null", "null");
    }
    let who = person(dice, time, account);
    let answer = r#"{"ConsoleLogin":"Success"},"additionalEventData":{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"Yes"}"#;
    record(dice, time, account, &who, "signin", "ConsoleLogin", "", "null", answer)
}

const READS: [(&str, &str); 12] = [
    ("ec2", "DescribeInstances"),
    ("ec2", "DescribeSecurityGroups"),
    ("ec2", "DescribeNetworkInterfaces"),
    ("s3", "ListBuckets"),
    ("s3", "GetBucketAcl"),
    ("s3", "GetBucketPolicy"),
    ("iam", "ListRoles"),
    ("iam", "GetRole"),
    ("rds", "DescribeDBInstances"),
    ("lambda", "ListFunctions20150331"),
    ("cloudformation", "DescribeStacks"),
    ("ssm", "DescribeParameters"),
];

/// A record that starts none.
fn filler(dice: &mut Dice, time: &str, account: &str) -> String {
    match dice.below(10) {
        // A service takes a role.
        0..=2 => {
            let service = *dice.pick(&["ec2", "lambda", "ecs-tasks", "config"]).unwrap_or(&"ec2");
            let who = format!(r#"{{"type":"AWSService","invokedBy":"{service}.amazonaws.com"}}"#);
            let session = format!("i-0{:016x}", dice.next());
            let request = format!(
                r#"{{"roleArn":"arn:aws:iam::{account}:role/app-worker-{}","roleSessionName":"{session}","durationSeconds":3600}}"#,
                dice.below(20)
            );
            let answer = format!(
                r#"{{"credentials":{{"accessKeyId":"ASIA{:09X}EXAMPLE","sessionToken":"{}","expiration":"Oct 1, 2026, 7:33:28 PM"}},"assumedRoleUser":{{"assumedRoleId":"AROAEXAMPLEEXAMPLE001:{session}","arn":"arn:aws:sts::{account}:assumed-role/app-worker/{session}"}}}}"#,
                dice.below(1 << 36),
                dice.token(12)
            );
            record(dice, time, account, &who, "sts", "AssumeRole", "", &request, &answer)
        }
        // A service delivers logs.
        3 => {
            let who = r#"{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}"#;
            let key = format!("AWSLogs/{account}/CloudTrail/us-east-1/2026/10/01/{:016x}.json.gz", dice.next());
            let request = format!(
                r#"{{"bucketName":"org-trail-logs","Host":"org-trail-logs.s3.us-east-1.amazonaws.com","x-amz-acl":"bucket-owner-full-control","x-amz-server-side-encryption":"AES256","key":"{key}"}}"#
            );
            record(
                dice,
                time,
                account,
                who,
                "s3",
                "PutObject",
                "",
                &request,
                r#"{"x-amz-server-side-encryption":"AES256"}"#,
            )
        }
        4 => {
            let who = role(dice, time, account);
            let request = format!(
                r#"{{"encryptionContext":{{"aws:s3:arn":"arn:aws:s3:::data-lake/part-{:08x}"}},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}}"#,
                dice.below(1 << 32)
            );
            record(dice, time, account, &who, "kms", "Decrypt", "", &request, "null")
        }
        5 => {
            let who = role(dice, time, account);
            let request = format!(
                r#"{{"filterSet":{{"items":[{{"name":"instance-state-name","valueSet":{{"items":[{{"value":"running"}},{{"value":"pending"}}]}}}},{{"name":"tag:team","valueSet":{{"items":[{{"value":"payments-{}"}}]}}}}]}},"instancesSet":{{}},"maxResults":100}}"#,
                dice.below(9)
            );
            record(dice, time, account, &who, "ec2", "DescribeInstances", "", &request, "null")
        }
        _ => {
            let who = role(dice, time, account);
            let (source, name) = *dice.pick(&READS).unwrap_or(&("s3", "ListBuckets"));
            let request = format!(r#"{{"maxResults":{},"includeShadowTrails":false}}"#, 50 * dice.below(5));
            record(dice, time, account, &who, source, name, "", &request, "null")
        }
    }
}

fn role(dice: &mut Dice, time: &str, account: &str) -> String {
    let (role, machine) = (dice.below(20), dice.below(200));
    let (session, hour) = (format!("i-0{machine:016x}"), time.get(8..13).unwrap_or_default());
    let key = format!("{role:02}{machine:03}{}", hour.replace('T', ""));
    format!(
        r#"{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE{role:03}:{session}","arn":"arn:aws:sts::{account}:assumed-role/app-worker-{role}/{session}","accountId":"{account}","accessKeyId":"ASIA{key}EXAMPLE","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE{role:03}","arn":"arn:aws:iam::{account}:role/app-worker-{role}","accountId":"{account}","userName":"app-worker-{role}"}},"attributes":{{"creationDate":"{time}","mfaAuthenticated":"false"}},"ec2RoleDelivery":"2.0"}}}}"#
    )
}

/// Who came through the portal of Identity Center.
fn person(dice: &mut Dice, time: &str, account: &str) -> String {
    let (role, person) = ("AWSReservedSSO_ReadOnly_0123456789abcdef", dice.below(50));
    format!(
        r#"{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE100:person-{person}","arn":"arn:aws:sts::{account}:assumed-role/{role}/person-{person}","accountId":"{account}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE100","arn":"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/{role}","accountId":"{account}","userName":"{role}"}},"attributes":{{"creationDate":"{time}","mfaAuthenticated":"false"}}}}}}"#
    )
}

#[expect(clippy::too_many_arguments, reason = "the fields of a record, in its order")]
fn record(
    dice: &mut Dice,
    time: &str,
    account: &str,
    who: &str,
    source: &str,
    name: &str,
    error: &str,
    request: &str,
    answer: &str,
) -> String {
    let agent = *dice.pick(&AGENTS).unwrap_or(&"aws-internal/3");
    let ip = format!("198.51.100.{}", dice.below(256));
    let read_only = ["Describe", "List", "Get", "Decrypt"].iter().any(|prefix| name.starts_with(prefix));
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{who},"eventTime":"{time}","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"{ip}","userAgent":"{agent}",{error}"requestParameters":{request},"responseElements":{answer},"requestID":"{}","eventID":"{}","readOnly":{read_only},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{source}.us-east-1.amazonaws.com"}}}}"#,
        dice.uuid(),
        dice.uuid()
    )
}

const AGENTS: [&str; 5] = [
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#arm64 api/ec2#1.170.0",
    "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#6.1.97-104.177.amzn2023.x86_64 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 (+https://www.terraform.io)",
    "aws-cli/2.17.11 md/awscrt#0.20.11 ua/2.0 os/linux#6.1.97 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
];

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Numbers that look random and are the same for the same seed (`splitmix64`).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let place = usize::try_from(self.below(from.len().max(1) as u64)).ok()?;
        from.get(place)
    }

    /// Text as dense as a session token: `words` times eleven letters.
    fn token(&mut self, words: usize) -> String {
        let mut text = String::new();
        for _ in 0..words {
            let mut bits = self.next();
            for _ in 0..11 {
                text.extend(
                    LETTERS.get(usize::try_from(bits % 64).unwrap_or_default()).map(|letter| char::from(*letter)),
                );
                bits >>= 6;
            }
        }
        text
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 48 & 0xfff,
            b & 0xffff_ffff_ffff
        )
    }
}
