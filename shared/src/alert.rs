//! One finding as words: e-mail, chat, SMS, and what machines read.
//!
//! Everything an event says is somebody's choice, at times an attacker's: it reaches a reader only through [`text`], and
//! a link is built only from ids whose form was checked.

mod chat;
mod containment;
mod cut_off;
mod email;
mod held;
mod links;
mod machine;
mod sms;
mod subject;
#[cfg(test)]
mod tests;
pub mod text;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use subject::Subject;
use words::Words;

use crate::cap::Held;
use crate::detect::Context;
use crate::finding::Finding;
use crate::ledger::{Due, Standing};
use crate::quarantine::Record;

/// What SNS takes in one message, in bytes, less what the subject and the attributes need.
const MESSAGE: usize = 262_144 - 8_192;

/// One alert, ready to publish, in every form it may be read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub subject: Subject,
    /// Plain text for e-mail, and for every protocol without a form of its own.
    pub email: String,
    /// Amazon Q's custom schema, as JSON.
    pub chat: String,
    /// At most 160 characters of GSM 7-bit: one message.
    pub sms: String,
    /// The finding as OCSF 1.6 Detection Finding, as JSON.
    pub machine: String,
    /// What SNS filter policies match on. Never an empty value: SNS refuses those, and the alert with them.
    pub attributes: BTreeMap<&'static str, String>,
    /// The same for what is not one: a filter policy matches any of them.
    pub lists: BTreeMap<&'static str, Vec<String>>,
}

/// The alert of a finding that speaks. `now` is the time of the alert.
#[must_use]
pub fn of_finding(finding: &Finding, standing: &Standing, context: &Context<'_>, now: Timestamp) -> Alert {
    render(&Words::of_finding(finding, standing, context, now))
}

/// Who did what where, in one line without a full stop: for lists of findings.
#[must_use]
pub fn statement(finding: &Finding, context: &Context<'_>) -> String {
    let standing = Standing::unclaimed(finding);
    Words::of_finding(finding, &standing, context, Timestamp::UNIX_EPOCH).statement()
}

/// What quarantine did, in one line without a full stop.
#[must_use]
pub fn statement_of_containment(record: &Record, context: &Context<'_>) -> String {
    Words::of_containment(record, context).statement()
}

/// The one alert of all that were held back.
#[must_use]
pub fn of_held(held: &[Held], context: &Context<'_>, now: Timestamp) -> Alert {
    held::of(held, context, now)
}

/// The alert of an incident that grew since it was told: "x37 in 15 min".
#[must_use]
pub fn of_due(due: &Due, context: &Context<'_>, now: Timestamp) -> Alert {
    render(&Words::of_due(due, context, now))
}

/// The alert of what quarantine did, or did not do although it was asked.
#[must_use]
pub fn of_containment(record: &Record, context: &Context<'_>) -> Alert {
    render(&Words::of_containment(record, context))
}

fn render(words: &Words<'_>) -> Alert {
    Alert {
        subject: subject::of(words),
        email: email::of(words),
        chat: chat::of(words),
        sms: sms::of(words),
        machine: machine::of(words),
        attributes: attributes(words),
        lists: BTreeMap::new(),
    }
}

fn attributes(words: &Words<'_>) -> BTreeMap<&'static str, String> {
    let said = [
        ("severity", words.finding.severity.word().to_owned()),
        ("detection", text::clean(&words.finding.detection)),
        ("account", text::clean(&words.finding.account)),
        // An unreadable event may have come to any watcher; it bears the name of the one that owns the detection.
        ("watcher", words.detection.map(|detection| detection.watcher.name().to_owned()).unwrap_or_default()),
        ("mode", words.config.quarantine.mode_for(words.finding.asks.as_ref()).to_string()),
    ];
    said.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

impl Alert {
    /// The message for `MessageStructure=json`: one text for each kind of subscriber. Always JSON, and always short enough
    /// for SNS: where it would not be, the labelled evidence goes out of the machines' form first, then the end of the
    /// e-mail is cut.
    #[must_use]
    pub fn sns_message(&self) -> String {
        let whole = message(&self.email, &self.chat, &self.sms, &self.machine);
        if whole.len() <= MESSAGE {
            return whole;
        }
        let machine = machine::without_evidence(&self.machine);
        // An e-mail stands there twice, and JSON makes at most six bytes of one.
        let email = text::first_lines(&self.email, MESSAGE / 24);
        let chat = if self.chat.len() <= MESSAGE / 8 { &self.chat } else { "{}" };
        let sms = text::clean(&self.sms);
        let cut = message(&email, chat, &sms, &machine);
        if cut.len() <= MESSAGE { cut } else { message(&email, "{}", &sms, "{}") }
    }
}

fn message(email: &str, chat: &str, sms: &str, machine: &str) -> String {
    let forms: Value = json!({
        "default": email,
        "email": email,
        "sms": sms,
        "https": chat,
        "sqs": machine,
        "lambda": machine,
    });
    forms.to_string()
}
