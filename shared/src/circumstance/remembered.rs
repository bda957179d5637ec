//! What is told beside any finding because of what came before it.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::detect::Context;
use crate::event::{Denial, Event, Owner};
use crate::facts::past::{Key, Pair, Remembering, Trace, What};
use crate::finding::{Finding, Severity};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A long-term key, and the network that it is used from.
pub(crate) static NETWORK: Remembering =
    Remembering { id: "key-network", detection: None, what: What::Habit(key_and_network) };

/// A new access key, and who made it.
pub(crate) static KEY_MADE: Remembering = Remembering {
    id: "key-made",
    detection: None,
    what: What::Trace { leaves: key_made, asks: long_term_key, lasts: DAY },
};

/// A new user or role, and who made it.
pub(crate) static PRINCIPAL_MADE: Remembering = Remembering {
    id: "principal-made",
    detection: None,
    what: What::Trace { leaves: principal_made, asks: principal_changed, lasts: DAY },
};

/// A call that was denied.
pub(crate) static DENIED: Remembering =
    Remembering { id: "call-denied", detection: None, what: What::Trace { leaves: denied, asks: done, lasts: DAY } };

pub(super) fn network(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(since) = context.facts.first_since(NETWORK.id) else { return (finding, None) };
    let Some(Pair(key)) = key_and_network(event) else { return (finding, None) };
    let day = since.strftime("%Y-%m-%d");
    let words = match key.as_slice() {
        [key, network] => format!("key {key} was not seen from {network} before, since {day}"),
        _ => return (finding, None),
    };
    (high_if_medium(finding), Some(words))
}

pub(super) fn key(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(KEY_MADE.id) else { return (finding, None) };
    let (maker, owner) = note.text.split_once(' ').unwrap_or_default();
    let words = format!("the key that signed this was made {} by {maker}", ago(note.at, event.time));
    // Whoever makes a key for oneself has a use for it.
    let finding = if owner == "another" { high_if_medium(finding) } else { finding };
    (finding, Some(words))
}

pub(super) fn just_made(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(PRINCIPAL_MADE.id) else { return (finding, None) };
    let words = format!("{} was made {} by {}", event.target(), ago(note.at, event.time), note.text);
    (finding, Some(words))
}

pub(super) fn denied_before(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(DENIED.id) else { return (finding, None) };
    let words = format!(
        "the same call was denied to it {}: somebody gave it the right, or it found a way",
        ago(note.at, event.time)
    );
    (high_if_medium(finding), Some(words))
}

fn high_if_medium(finding: Finding) -> Finding {
    if finding.severity == Severity::Medium { finding.severity(Severity::High) } else { finding }
}

/// As in "made 12 min ago".
fn ago(then: Timestamp, now: Option<Timestamp>) -> String {
    let minutes = now.map_or(0, |now| now.duration_since(then).as_mins().max(0));
    match minutes {
        0 => "less than a minute ago".to_owned(),
        1..=119 => format!("{minutes} min ago"),
        _ => format!("{} hours ago", minutes / 60),
    }
}

/// `AKIA…`, of a caller in person.
fn long_term_key(event: &Event) -> Option<Key> {
    let key = event.actor.access_key.as_deref().filter(|key| key.starts_with("AKIA"))?;
    (!event.actor.is_service()).then(|| vec![key.to_owned()])
}

fn key_and_network(event: &Event) -> Option<Pair> {
    let mut key = long_term_key(event)?;
    key.push(network_of(event.origin.ip?));
    Some(Pair(key))
}

/// The network that an address is of: its neighbours are a provider's other customers at worst, and the same office or home
/// at best.
fn network_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

fn key_made(event: &Event) -> Option<Trace> {
    if !event.is("iam.amazonaws.com", &["CreateAccessKey"]) || !event.succeeded() {
        return None;
    }
    let key = event.response("accessKey.accessKeyId")?.to_owned();
    let whose = if matches!(event.owner()?, Owner::Other(_)) { "another" } else { "its-own" };
    Some(Trace { under: vec![key], text: format!("{} {whose}", event.actor.principal) })
}

fn principal_made(event: &Event) -> Option<Trace> {
    if !event.is("iam.amazonaws.com", &["CreateUser", "CreateRole"]) || !event.succeeded() {
        return None;
    }
    Some(Trace { under: principal(event)?, text: event.actor.principal.clone() })
}

fn principal_changed(event: &Event) -> Option<Key> {
    let makes = ["CreateUser", "CreateRole"];
    let changes = event.source == "iam.amazonaws.com" && event.succeeded() && !makes.contains(&event.call());
    changes.then(|| principal(event))?
}

fn principal(event: &Event) -> Option<Key> {
    let target = event.target();
    matches!(target.kind.as_str(), "user" | "role").then(|| vec![event.account.clone(), target.kind, target.name])
}

/// By whom, and which call: what it was asked of is the caller's choice.
fn denied(event: &Event) -> Option<Trace> {
    let Denial { action, .. } = event.denial()?;
    let known = !event.actor.principal.is_empty() && !event.actor.is_service();
    known.then(|| Trace {
        under: vec![event.actor.principal.clone(), event.source.clone(), event.name.clone()],
        text: action,
    })
}

fn done(event: &Event) -> Option<Key> {
    let known = event.succeeded() && !event.read_only() && !event.actor.is_service();
    let principal = Some(&event.actor.principal).filter(|principal| known && !principal.is_empty())?;
    Some(vec![principal.clone(), event.source.clone(), event.name.clone()])
}
