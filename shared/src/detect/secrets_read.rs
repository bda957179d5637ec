//! # Secrets read
//!
//! Somebody read ten or more different secrets of Secrets Manager or decrypted parameters of Systems Manager within ten
//! minutes, one after another, or read the first secret of all that iamwatch knows of. Needs calls that only read.
//!
//! ## Why it matters
//!
//! A program knows the few secrets that it needs, and reads the same ones again. Whoever holds stolen credentials lists
//! what there is and reads it all, often in one region after another.
//!
//! ## False alarms
//!
//! What copies secrets into a cluster reads all of them, again and again: the secrets that a principal read before do
//! not count, so it is told once. A first secret is for the record; every new program has one. Programs rarely read
//! more than ten at their start; 25 are HIGH. Parameters that are asked for in sets count as sets, of which five are many.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, or the role's owner, which secrets they read and what for.
//! 2. If they do not know of it: cut off the credentials.
//! 3. List the calls named `GetSecretValue` and `GetParameter` by that ARN in the hour before and after, in every region,
//!    by `requestParameters.secretId` and `requestParameters.name`.
//! 4. Change each of these secrets where it is used.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::fingerprint;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "secrets-read",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1555.006",
        was: None,
        name: "Credentials from Password Stores: Cloud Secrets Management Stores",
    }],
    covers: &["CRED-31", "CRED-32", "CRED-33", "CRED-34"],
    calls: &[
        Calls { source: "secretsmanager.amazonaws.com", names: &["GetSecretValue"] },
        Calls { source: "ssm.amazonaws.com", names: &["GetParameter", "GetParameters", "GetParametersByPath"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("secrets_read.rs")),
    detect,
};

/// Secrets that one principal reads.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "secrets-read",
    asked_by: &[&DETECTION],
    what: What::Tally { of: read_now, window: SignedDuration::from_mins(10), speaks_from: MANY_SETS },
};

/// A principal and each secret that it reads.
pub(super) static READ_BEFORE: Remembering =
    Remembering { id: "secret-read-before", asked_by: &[&DETECTION], what: What::Habit(reader_and_secret) };

/// A principal that reads secrets at all.
pub(super) static READER: Remembering =
    Remembering { id: "secret-reader", asked_by: &[&DETECTION], what: What::Habit(reader) };

const MANY: usize = 10;
const MANY_SETS: usize = 5;
const SO_MANY_THAT_IT_IS_HIGH: usize = 25;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let secret = Secret::of(event)?;
    let facts = context.facts;
    let many = facts.tally(REMEMBERS.id);
    let enough = if secret.is_set { MANY_SETS } else { MANY };
    if many >= enough && !facts.was_seen(READ_BEFORE.id) {
        let what = if secret.is_set { "sets of parameters" } else { "secrets" };
        let severity = if many >= SO_MANY_THAT_IT_IS_HIGH { Severity::High } else { Severity::Medium };
        return Some(
            DETECTION
                .finding(event, format!("read {many} different {what} within ten minutes"))
                .target(Target::account(&event.account))
                .severity(severity)
                .evidence("The last", format!("{} in {}", secret.name, event.region)),
        );
    }
    let since = facts.first_since(READER.id)?;
    Some(
        DETECTION
            .finding(event, format!("read a secret {}", since.how_often()))
            .target(Target::account(&event.account))
            .severity(Severity::Low)
            .evidence("Secret", secret.name)
            .evidence("First", format!("it read none since {since}")),
    )
}

/// What is read in clear.
struct Secret {
    name: String,
    /// Whether one call asked for several.
    is_set: bool,
}

impl Secret {
    fn of(event: &Event) -> Option<Self> {
        let one = |name: &str| Self { name: name.to_owned(), is_set: false };
        if event.call() == "GetSecretValue" {
            return event.request("secretId").map(bare_name).map(one);
        }
        if !is_true(event, "withDecryption") {
            return None;
        }
        match event.call() {
            "GetParameter" => event.request("name").map(one),
            "GetParametersByPath" => event.request("path").map(one),
            _ => {
                let names = event.request_value("names")?.as_array()?;
                let mut names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                names.sort_unstable();
                match names.as_slice() {
                    [] => None,
                    [name] => Some(one(name)),
                    names => Some(Self { name: names.join(", "), is_set: true }),
                }
            }
        }
    }
}

/// A secret is asked for by its name or its ARN, which ends in six letters of AWS's choice.
fn bare_name(secret: &str) -> &str {
    let Some((_, name)) = secret.split_once(":secret:") else { return secret };
    match name.rsplit_once('-') {
        Some((bare, letters)) if letters.len() == 6 => bare,
        _ => name,
    }
}

/// Parameters are `true`, or the word.
pub(super) fn is_true(event: &Event, key: &str) -> bool {
    event.request_value(key) == Some(&Value::Bool(true)) || event.request(key) == Some("true")
}

/// Secrets are counted by themselves and sets by themselves. A secret's copy in another region counts too.
fn read_now(event: &Event) -> Option<Member> {
    let Secret { name, is_set } = Secret::of(event)?;
    let mut member = Member::of_caller(event, fingerprint::of([event.region.as_str(), &name], 12))?;
    if is_set {
        member.under.push("sets".to_owned());
    }
    Some(member)
}

fn reader_and_secret(event: &Event) -> Option<Pair> {
    let Secret { name, .. } = Secret::of(event)?;
    Pair::of_caller(event, &[&event.region, &name])
}

fn reader(event: &Event) -> Option<Pair> {
    Secret::of(event)?;
    Pair::of_caller(event, &[])
}
