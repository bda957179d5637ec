//! Chat, in the schema that Amazon Q Developer in chat applications takes for custom notifications; it drops anything else
//! without an error: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>.
//!
//! Slack and Teams read different Markdown. Code spans mean the same to both, and neither makes links, mentions or emphasis
//! of what stands in them: what an event says stands there.

use serde::Serialize;

use super::text::{as_is, shown};
use super::words::Words;
use super::{containment, links, subject};
use crate::config::Mode;

/// Facts that are shown: a channel shows a few lines of a message.
const EVIDENCE: usize = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    version: &'static str,
    source: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    content: Content,
    metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_steps: Vec<String>,
    keywords: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    /// Notifications of one thread id are one thread in the channel.
    thread_id: String,
    summary: String,
    event_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_resources: Vec<String>,
    additional_context: Context,
}

/// Strings only: the schema takes no other values.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    severity: &'static str,
    account: String,
    region: String,
    count: String,
    event_name: String,
}

/// The notification as JSON.
pub(super) fn of(words: &Words<'_>) -> String {
    let finding = words.finding;
    let account = words.account_name().unwrap_or_default();
    let target = finding.target.arn.as_deref().map(shown).or_else(|| words.target());
    let notification = Notification {
        version: "1.0",
        source: "custom",
        id: plain(&finding.event.id),
        content: Content {
            text_type: "client-markdown",
            title: escape(&format!("[{}] {}", finding.severity, words.headline())),
            description: description(words),
            next_steps: words.steps(),
            keywords: [finding.severity.word().to_owned(), plain(&finding.detection), escape(&account)]
                .into_iter()
                .filter(|keyword| !keyword.is_empty())
                .collect(),
        },
        metadata: Metadata {
            thread_id: words.incident.to_string(),
            summary: escape(subject::of(words).as_str()),
            event_type: plain(&finding.detection),
            related_resources: target.iter().map(|target| escape(target)).collect(),
            additional_context: Context {
                severity: finding.severity.word(),
                account: plain(&finding.account),
                region: plain(&finding.region),
                count: words.count.to_string(),
                event_name: plain(&finding.event.name),
            },
        },
    };
    serde_json::to_string(&notification).unwrap_or_else(|_| "{}".to_owned())
}

fn description(words: &Words<'_>) -> String {
    let finding = words.finding;
    let mut lines = vec![code(&words.sentence())];
    if words.unclaimed {
        lines.push("The ledger cannot be reached: this alert may come again, and quarantine does not act.".to_owned());
    }
    let mut fact = |label: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{label}: {}", code(value)));
        }
    };
    fact("Who", &shown(&finding.actor.principal));
    fact("From", &finding.origin.address.as_deref().map(shown).unwrap_or_default());
    fact("Account", &words.account_name().map(|_| shown(&words.config.account(&finding.account))).unwrap_or_default());
    fact("When", &words.when());
    for (label, value) in words.evidence(EVIDENCE) {
        fact(&escape(&label), &value);
    }
    if let Some(record) = words.record {
        fact("State", &containment::state(record));
        for commands in containment::commands(record, words.config).into_iter().filter(|some| some.in_account) {
            for command in &commands.lines {
                fact(commands.heading, command);
            }
        }
    } else if finding.asks.is_some() && !words.unclaimed {
        let mode = words.config.quarantine.mode_for(finding.asks.as_ref());
        fact("Quarantine", if mode == Mode::Off { "" } else { mode_words(mode) });
    }
    fact(
        "Undo",
        if words.record.is_some() { None } else { finding.undo.as_deref().and_then(as_is) }.unwrap_or_default(),
    );
    lines.extend(links::of(words).into_iter().map(|(name, address)| format!("{}: {address}", escape(&name))));
    lines.join("\n")
}

fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::DryRun => "dry-run, nothing was changed",
        Mode::Approve => "approve, its report asks",
        Mode::Enforce => "enforce, its report follows",
    }
}

/// The characters that Slack gives a meaning everywhere: `<!channel>` would call everyone.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A field of an event outside a code span.
fn plain(text: &str) -> String {
    escape(&shown(text))
}

/// A code span. Nothing inside can end it.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", escape(&text.replace('`', "'")))
}
