//! What the reader of a replay sees.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::time::Duration;

use iamwatch::alert::text::WIDTH;
use iamwatch::alert::{self, Alert};
use iamwatch::detect::{self, Context};
use iamwatch::finding::{Finding, Severity};
use iamwatch::ledger::{Due, Standing};
use iamwatch::watcher::Watcher;
use jiff::Timestamp;
use serde::Serialize;

use super::read::Haul;
use super::tell::{Said, Told};
use crate::terminal::{self, count};

/// How findings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One line an incident.
    List,
    /// Every alert as on-call gets it.
    Mails,
    /// One JSON object a finding.
    Json,
}

/// Prints what is said, and counts it.
pub(super) struct Printer<'o> {
    form: Form,
    context: &'o Context<'o>,
    out: &'o mut dyn Write,
    /// One line's text, kept for its memory.
    buffer: Vec<u8>,
    known: HashMap<&'static str, (String, Watcher)>,
    pub(super) tally: Tally,
}

/// What was printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) findings: u64,
    pub(super) alerts: u64,
    /// Alerts that were no messages of their own, and the messages that named them.
    pub(super) held: u64,
    pub(super) named_in: u64,
    pub(super) incidents: BTreeMap<Severity, u64>,
    /// How many findings each exception kept from people.
    pub(super) suppressed: BTreeMap<String, u64>,
}

impl Tally {
    fn count(&mut self, told: &Told) {
        match told {
            Told::No => {}
            Told::Silently | Told::Words(_) => self.alerts += 1,
            Told::HeldBack => self.held += 1,
        }
    }
}

/// One finding as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    detection: &'a str,
    severity: Severity,
    title: &'a str,
    event_id: &'a str,
    event_name: &'a str,
    event_source: &'a str,
    event_time: Option<Timestamp>,
    account: &'a str,
    region: &'a str,
    /// The principal that stays the same over all its sessions, as an ARN where there is one.
    actor: &'a str,
    /// The person behind it, as far as the record says.
    human: Option<&'a str>,
    /// What was done, as the end of a sentence that begins with the actor.
    act: &'a str,
    target: String,
    target_arn: Option<&'a str>,
    source_ip: Option<&'a str>,
    watcher: Option<&'static str>,
    incident: &'a str,
    /// Events of the incident so far, this one included.
    count: u64,
    /// Whether people are told of this event at once.
    told: bool,
    /// Whether they would be, had not so much happened at once: it is part of one message about all that was held back.
    held_back: bool,
    also: &'a [String],
}

impl<'o> Printer<'o> {
    pub(super) fn new(form: Form, context: &'o Context<'o>, out: &'o mut dyn Write) -> Self {
        let known = detect::ALL.iter().map(|known| (known.id, (known.title(), known.watcher))).collect();
        Self { form, context, out, buffer: Vec::new(), known, tally: Tally::default() }
    }

    pub(super) fn say(&mut self, said: Said) -> io::Result<()> {
        match said {
            // Held: its incident has not reached the number of events from which it means something.
            Said::Finding(finding, standing, _) if standing.count < finding.speaks_at => Ok(()),
            Said::Finding(finding, _, _) if finding.severity < self.context.config.min_severity => Ok(()),
            Said::Finding(finding, standing, told) => {
                self.tally.findings += 1;
                self.tally.count(&told);
                match (self.form, told) {
                    (Form::Json, told) => self.line(&finding, &standing, &told),
                    (Form::Mails, Told::Words(alert)) => self.mail(&alert),
                    _ => Ok(()),
                }
            }
            Said::Suppressed(exception, count) => {
                *self.tally.suppressed.entry(exception).or_default() += count;
                Ok(())
            }
            Said::Incident(due, _) if due.count < due.finding.speaks_at => Ok(()),
            Said::Incident(due, _) if due.finding.severity < self.context.config.min_severity => Ok(()),
            Said::Incident(due, told) => {
                *self.tally.incidents.entry(due.finding.severity).or_default() += 1;
                self.tally.count(&told);
                match (self.form, told) {
                    (Form::List, _) => self.incident(&due),
                    (Form::Mails, Told::Words(alert)) => self.mail(&alert),
                    _ => Ok(()),
                }
            }
            Said::Held(told) => {
                self.tally.count(&told);
                self.tally.named_in += 1;
                match (self.form, told) {
                    (Form::Mails, Told::Words(alert)) => self.mail(&alert),
                    _ => Ok(()),
                }
            }
        }
    }

    fn line(&mut self, finding: &Finding, standing: &Standing, told: &Told) -> io::Result<()> {
        let known = self.known.get(finding.detection.as_str());
        let line = Line {
            detection: &finding.detection,
            severity: finding.severity,
            title: known.map_or("", |(title, _)| title),
            event_id: &finding.event.id,
            event_name: &finding.event.name,
            event_source: &finding.event.source,
            event_time: finding.event.time,
            account: &finding.account,
            region: &finding.region,
            actor: &finding.actor.principal,
            human: finding.actor.human.as_ref().map(|human| human.name.as_str()),
            act: &finding.act,
            target: finding.target.to_string(),
            target_arn: finding.target.arn.as_deref(),
            source_ip: finding.origin.address.as_deref(),
            watcher: known.map(|(_, watcher)| watcher.name()),
            incident: standing.incident.as_str(),
            count: standing.count,
            told: matches!(told, Told::Silently | Told::Words(_)),
            held_back: *told == Told::HeldBack,
            also: &finding.also,
        };
        self.buffer.clear();
        terminal::json(&mut self.buffer, &line)?;
        self.buffer.push(b'\n');
        self.out.write_all(&self.buffer)
    }

    fn mail(&mut self, alert: &Alert) -> io::Result<()> {
        let rule = "─".repeat(WIDTH);
        writeln!(self.out, "{rule}\n{}\n{rule}\n{}\n", alert.subject.as_str(), alert.email.trim_end())
    }

    fn incident(&mut self, due: &Due) -> io::Result<()> {
        let Due { finding, opened, count: events, .. } = due;
        let time = match finding.event.time {
            Some(_) => opened.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            None => "at an unknown time".to_owned(),
        };
        let times = if *events > 1 { format!(", x{}", count(*events)) } else { String::new() };
        let statement = alert::statement(finding, self.context);
        writeln!(self.out, "{:<8}  {time:<20}  {statement}{times}  [{}]", finding.severity, finding.detection)
    }
}

/// The end of the output: what was read, and what came of it.
pub(super) fn summary(out: &mut dyn Write, haul: &Haul, tally: &Tally, skipped: u64, took: Duration) -> io::Result<()> {
    let seconds = took.as_secs_f64();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for reading"
    )]
    let rate = (haul.records as f64 / seconds.max(1e-6)) as u64;
    writeln!(
        out,
        "records    {} read in {}, {} of text, in {seconds:.2} s: {} a second",
        count(haul.records),
        files(haul.files),
        size(haul.bytes),
        count(rate),
    )?;
    if skipped > 0 {
        writeln!(out, "skipped    {} found in folders and no CloudTrail log", files(skipped))?;
    }
    writeln!(out, "unreadable {}", count(haul.unreadable))?;
    writeln!(out, "findings   {}", count(tally.findings))?;
    let incidents: u64 = tally.incidents.values().sum();
    let each: Vec<String> =
        tally.incidents.iter().rev().map(|(severity, number)| format!("{} {severity}", count(*number))).collect();
    let each = if each.is_empty() { String::new() } else { format!(": {}", each.join(", ")) };
    writeln!(out, "incidents  {}{each}", count(incidents))?;
    let held = match (tally.held, tally.named_in) {
        (0, _) => String::new(),
        (held, 1) => format!(", one of them about {} that were held back", count(held)),
        (held, times) => format!(", {} of them about {} that were held back", count(times), count(held)),
    };
    writeln!(out, "alerts     {}{held}", count(tally.alerts))?;
    let suppressed: u64 = tally.suppressed.values().sum();
    if suppressed > 0 {
        let each: Vec<String> =
            tally.suppressed.iter().map(|(exception, number)| format!("{} by {exception}", count(*number))).collect();
        writeln!(out, "suppressed {}: {}", count(suppressed), each.join(", "))?;
    }
    Ok(())
}

fn files(number: u64) -> String {
    if number == 1 { "1 file".to_owned() } else { format!("{} files", count(number)) }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}
