//! The e-mail: a sentence, then what a tired person needs to judge it and to act.

use super::text::{WIDTH, as_is, hang, shown, wrap};
use super::words::{Words, clock};
use super::{containment, cut_off, links, words};
use crate::config::Mode;
use crate::event::{Kind, Origin};
use crate::finding::{Ask, Finding};
use crate::quarantine::Record;
use crate::undo;

/// Facts that are shown: more than that is no longer read. The rest is on the findings bus.
const EVIDENCE: usize = 30;
/// Detections that are named beside the one that speaks.
const ALSO: usize = 10;

/// The whole text.
pub(super) fn of(words: &Words<'_>) -> String {
    let mut mail = Mail { text: format!("{}\n", words.sentence()) };
    mail.prose(notes(words));
    if let Some(record) = words.record {
        return containment_mail(words, record, mail);
    }
    mail.rows(&facts(words));
    if let Some(detection) = words.detection {
        for section in ["Why it matters", "False alarms"] {
            mail.section(section, &detection.page.section(section));
        }
    }
    mail.steps("What to do", &words.steps());
    mail.undo(words);
    mail.cut_off(words);
    mail.links(links::of(words));
    mail.rows(&references(words));
    mail.text
}

/// What quarantine did, and what is left to do: the alert of the finding itself has told the rest.
fn containment_mail(words: &Words<'_>, record: &Record, mut mail: Mail) -> String {
    let mut rows = Rows::default();
    rows.add("Severity", words.finding.severity.word());
    rows.add("State", containment::state(record));
    rows.add("Because", words.cause());
    rows.add(
        "Account",
        words.account_name().map(|_| shown(&words.config.account(&words.finding.account))).unwrap_or_default(),
    );
    rows.add("When", words.when());
    rows.add("Approved", containment::approved(record));
    rows.add_all("Found done", containment::found(record));
    rows.add_all("Calls", containment::calls(record));
    rows.add_all("Proof", containment::proofs(record));
    let [in_force, not] = containment::standing(record);
    rows.add_all("In force", in_force);
    rows.add_all("Not in force", not);
    rows.add_all("Meddled", containment::meddled(record));
    rows.add_all("Nor approved", containment::with(record));
    rows.add_all("Before", containment::before(record));
    mail.rows(&rows);
    mail.steps("What to do", &words.steps());
    for commands in containment::commands(record, words.config) {
        let heading =
            if commands.in_account { in_account(words, commands.heading) } else { commands.heading.to_owned() };
        mail.list(&heading, &commands.lines);
    }
    mail.links(links::of(words));
    let mut rows = Rows::default();
    rows.add("Record", shown(&record.id));
    rows.add("Plan", if record.plan.steps.is_empty() { String::new() } else { record.fingerprint() });
    rows.add("Detection", shown(&words.finding.detection));
    rows.add("Incident", words.incident.as_str());
    rows.add_all("Event id", event_id(words));
    rows.add("SHA-256", words.finding.event.sha256.as_deref().map(shown).unwrap_or_default());
    mail.rows(&rows);
    mail.text
}

/// What must be known before anything below is believed.
fn notes(words: &Words<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if words.unclaimed {
        notes.push(
            "Note: The ledger cannot be reached: this alert may come again, and quarantine does not act.".to_owned(),
        );
    }
    if words.grown.is_some() && words.count > 1 {
        notes.push(format!("{} events make this one incident. What follows is about one of them.", words.count));
    }
    notes
}

fn facts(words: &Words<'_>) -> Rows {
    let finding = words.finding;
    let mut rows = Rows::default();
    rows.add("Severity", finding.severity.word());
    let confidence = words.confidence().map(|confidence| format!("{confidence}: {}", confidence.meaning()));
    rows.add("Confidence", confidence.unwrap_or_default());
    rows.add("What", words.headline());
    rows.add_all("Who", who(words));
    rows.add_all("Target", target(words));
    rows.add_all("From", from(&finding.origin, finding.actor.kind == Kind::Service));
    rows.add(
        "Account",
        words.account_name().map(|_| shown(&words.config.account(&finding.account))).unwrap_or_default(),
    );
    rows.add("Region", shown(&finding.region));
    rows.add("When", words.when());
    for (label, value) in words.evidence(EVIDENCE) {
        rows.add(&label, value);
    }
    if let Some(more) = finding.evidence.len().checked_sub(EVIDENCE).filter(|more| *more > 0) {
        rows.add("", format!("and {more} facts more in the finding on the bus"));
    }
    let seen = [words.often(), words.since_last_mail()];
    rows.add("Seen", seen.into_iter().flatten().collect::<Vec<_>>().join(", "));
    quarantine(words, &mut rows);
    rows
}

/// The principal, the human behind it, and what opened the session.
fn who(words: &Words<'_>) -> Vec<String> {
    let actor = &words.finding.actor;
    let mut lines = Vec::new();
    if let Some(human) = &actor.human {
        lines.push(format!("{}, from {}", shown(&human.name), human.told_by));
    }
    lines.push(shown(&actor.principal));
    let kind = words::kind(actor.kind);
    let mut facts = vec![match (&actor.session, &actor.human) {
        (Some(session), None) if actor.kind == Kind::Role => format!("{kind} {}", shown(session)),
        _ => kind.to_owned(),
    }];
    facts.extend(words.foreign_account().map(|account| format!("of account {account}")));
    facts.extend(actor.access_key.as_deref().map(|key| {
        let lasting = if actor.long_term_key() { "long-term" } else { "temporary" };
        format!("signed with {lasting} key {}", shown(key))
    }));
    facts.extend(mfa(words.finding).map(str::to_owned));
    lines.push(facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(", "));
    lines
}

/// Whether the session was opened with MFA, where the record can know: an identity provider's MFA is not seen by AWS, and
/// a machine has none. At a failed sign-in it says only that MFA was asked for, which the evidence tells.
fn mfa(finding: &Finding) -> Option<&'static str> {
    let actor = &finding.actor;
    match (actor.mfa?, actor.kind) {
        _ if finding.event.name == "ConsoleLogin" => None,
        (true, _) => Some("with MFA"),
        (false, Kind::Root | Kind::IamUser) => Some("without MFA"),
        (false, _) => None,
    }
}

fn target(words: &Words<'_>) -> Vec<String> {
    let arn = words.finding.target.arn.as_deref().map(shown).filter(|_| words.target().is_some());
    words.target().into_iter().chain(arn).collect()
}

/// The address, the service in between, and with what the call was made. A service names itself in all three: it is said
/// once.
fn from(origin: &Origin, by_itself: bool) -> Vec<String> {
    let told = |text: &Option<String>, by: &[&Option<String>]| !by.contains(&text);
    let mut lines = Vec::new();
    if let Some(address) = origin.address.as_ref().filter(|_| told(&origin.address, &[&origin.via])) {
        let console = match (origin.console, origin.ip) {
            (true, _) => ", in the console",
            (false, Some(_)) => ", not in the console",
            (false, None) => "",
        };
        lines.push(format!("{}{console}", shown(address)));
    } else if origin.console {
        lines.push("the console".to_owned());
    }
    lines.extend(origin.via.as_deref().map(|service| {
        let how = if by_itself { "AWS itself" } else { "on the actor's behalf" };
        format!("{}, {how}", shown(service))
    }));
    let agent = origin.user_agent.as_deref().filter(|_| told(&origin.user_agent, &[&origin.via, &origin.address]));
    lines.extend(agent.map(words::tool));
    lines
}

/// What quarantine does about it, for findings that ask it to act.
fn quarantine(words: &Words<'_>, rows: &mut Rows) {
    let asks = words.finding.asks.as_ref().filter(|_| !words.unclaimed);
    let mode = words.config.quarantine.mode_for(asks);
    let (user, key) = match asks {
        None => return,
        Some(Ask::DisableAccessKey { user, key, .. }) => (user, key),
        // Which credentials they have the event does not say: quarantine's own report shows each call.
        Some(Ask::ContainUsers { .. }) => {
            let will = match mode {
                Mode::Off => return,
                Mode::DryRun => "dry-run: a report follows with the calls it would make; nothing is changed",
                Mode::Approve => "approve: a report follows with the calls it would make once somebody approves them",
                Mode::Enforce => "enforce: cuts off the users unless a guard stops it; a report follows",
            };
            return rows.add("Quarantine", will);
        }
        Some(Ask::ContainActor { .. }) => {
            return match mode {
                Mode::Off => {}
                Mode::DryRun => {
                    rows.add("Quarantine", "dry-run: a report follows with the calls that would cut the actor off");
                }
                Mode::Approve | Mode::Enforce => {
                    rows.add("Quarantine", "approve: a report follows; the actor is cut off once somebody approves it");
                }
            };
        }
    };
    let Some(command) = undo::disable_access_key(user, key) else { return };
    let again = matches!(asks, Some(Ask::DisableAccessKey { reactivated: true, .. }));
    match mode {
        Mode::Off => {}
        Mode::Enforce if again && words.grown.is_none() => {
            rows.add("Quarantine", "enforce: of a key that is no new one a person decides; a report follows");
            rows.add_verbatim(&command);
        }
        Mode::Approve => {
            rows.add("Quarantine", "approve: guards permitting, it runs once somebody approves it; a report follows");
            rows.add_verbatim(&command);
        }
        Mode::DryRun => {
            rows.add("Quarantine", "dry-run: nothing was changed; guards permitting, it would run");
            rows.add_verbatim(&command);
        }
        Mode::Enforce if words.grown.is_some() => {
            rows.add("Quarantine", "enforce: each key is dealt with on its own; see the reports");
        }
        Mode::Enforce => rows.add(
            "Quarantine",
            format!("enforce: will set key {} Inactive unless a guard stops it; a report follows", shown(key)),
        ),
    }
}

/// In which account: the reader's shell may be signed in to another.
fn in_account(words: &Words<'_>, heading: &str) -> String {
    match words.account_name() {
        Some(_) => format!("{heading}, in account {}", shown(&words.config.account(&words.finding.account))),
        None => heading.to_owned(),
    }
}

/// What the reader needs to find it again.
fn references(words: &Words<'_>) -> Rows {
    let finding = words.finding;
    let mut rows = Rows::default();
    for technique in words.detection.map(|detection| detection.mitre).unwrap_or_default() {
        let was = technique.was.map(|was| format!(" (was {was})")).unwrap_or_default();
        rows.add("MITRE", format!("{}{was} {}", technique.id, technique.name));
    }
    rows.add("Detection", shown(&finding.detection));
    rows.add("Also seen by", finding.also.iter().take(ALSO).map(|id| shown(id)).collect::<Vec<_>>().join(", "));
    rows.add("Incident", words.incident.as_str());
    rows.add("Event", [&finding.event.source, &finding.event.name].map(|part| shown(part)).join(" ").trim());
    rows.add_all("Event id", event_id(words));
    if let Some(grown) = words.grown {
        rows.add("Opened", clock(grown.opened));
    }
    rows
}

/// The event's id, by which the reader finds it in CloudTrail. A record without one bears an id of our making.
fn event_id(words: &Words<'_>) -> Vec<String> {
    let id = &words.finding.event.id;
    if id.starts_with("no-id-") { Vec::new() } else { vec![shown(id)] }
}

/// Labelled values, aligned. A value that is empty is left out with its label.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

struct Row {
    label: String,
    value: String,
    /// A command: never wrapped.
    verbatim: bool,
}

impl Rows {
    pub(super) fn add(&mut self, label: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.0.push(Row { label: label.to_owned(), value, verbatim: false });
        }
    }

    /// Lines under one label.
    pub(super) fn add_all(&mut self, label: &str, lines: Vec<String>) {
        let mut label = label;
        for line in lines.into_iter().filter(|line| !line.is_empty()) {
            self.add(label, line);
            label = "";
        }
    }

    fn add_verbatim(&mut self, command: &str) {
        self.0.push(Row { label: String::new(), value: command.to_owned(), verbatim: true });
    }
}

/// The text so far: blocks with an empty line between them.
pub(super) struct Mail {
    pub(super) text: String,
}

impl Mail {
    fn block(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            self.text.push('\n');
            for line in lines {
                self.text.push_str(line.trim_end());
                self.text.push('\n');
            }
        }
    }

    pub(super) fn prose(&mut self, paragraphs: Vec<String>) {
        for paragraph in paragraphs {
            self.block(&wrap(&paragraph, ""));
        }
    }

    pub(super) fn rows(&mut self, rows: &Rows) {
        let width = rows.0.iter().map(|row| row.label.chars().count()).max().unwrap_or_default() + 2;
        let indent = " ".repeat(width);
        let mut lines = Vec::new();
        for row in &rows.0 {
            let label = if row.label.is_empty() { String::new() } else { format!("{}:", row.label) };
            let first = format!("{label:<width$}");
            if row.verbatim {
                lines.push(first + &row.value);
            } else {
                lines.extend(hang(&row.value, &first, &indent));
            }
        }
        self.block(&lines);
    }

    /// Lines that stay as they are.
    pub(super) fn list(&mut self, heading: &str, lines: &[String]) {
        if !lines.is_empty() {
            let lines = lines.iter().map(|line| format!("  {line}"));
            self.block(&std::iter::once(heading.to_owned()).chain(lines).collect::<Vec<_>>());
        }
    }

    fn section(&mut self, heading: &str, text: &str) {
        let mut lines = vec![heading.to_owned()];
        for (nth, paragraph) in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).enumerate() {
            if nth > 0 {
                lines.push(String::new());
            }
            lines.extend(wrap(paragraph, "  "));
        }
        if lines.len() > 1 {
            self.block(&lines);
        }
    }

    pub(super) fn steps(&mut self, heading: &str, steps: &[String]) {
        let mut lines = vec![heading.to_owned()];
        for (nth, step) in (1..).zip(steps) {
            lines.extend(hang(step, &format!("  {nth}. "), "     "));
        }
        if lines.len() > 1 {
            self.block(&lines);
        }
    }

    /// The steps may speak of this command: where there should be one and is none, the mail says so.
    fn undo(&mut self, words: &Words<'_>) {
        let said = words.finding.undo.as_deref();
        let heading = in_account(words, "Undo");
        if let Some(command) = said.and_then(as_is) {
            self.list(&heading, &[command.to_owned()]);
        } else if said.is_some() || words.finding.asks.is_some() {
            let refused =
                "No command is given: a name in this event is not one that IAM allows. Look at the event itself.";
            self.block(&[vec![heading], wrap(refused, "  ")].concat());
        }
    }

    /// The steps say when: if it was not them.
    fn cut_off(&mut self, words: &Words<'_>) {
        if let Some(cut_off) = cut_off::of(words.finding, words.now) {
            let mut lines = vec![in_account(words, "To cut the actor off, if it was not them")];
            lines.extend(wrap(cut_off.how, "  "));
            lines.extend(cut_off.command.map(|command| format!("  {command}")));
            self.block(&lines);
        }
    }

    fn links(&mut self, pages: Vec<links::Link>) {
        let mut lines = vec!["Links".to_owned()];
        for (name, address) in pages {
            // An address on a line of its own is the one that every mail program recognises whole.
            if name.len() + address.len() + 4 <= WIDTH {
                lines.push(format!("  {name}: {address}"));
            } else {
                lines.extend([format!("  {name}:"), format!("  {address}")]);
            }
        }
        if lines.len() > 1 {
            self.block(&lines);
        }
    }
}
