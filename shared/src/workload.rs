//! Roles that workloads use, and people who use them all the same.
//!
//! That a role is a workload's is declared in the configuration, or learned: AWS writes which service assumed it, and to what it
//! gave the credentials. What a caller can choose, such as a user agent or the name of a session, is none of it.

use jiff::SignedDuration;

use crate::arn;
use crate::circumstance::{ago, machine_of};
use crate::detect::Context;
use crate::event::{Actor, Event, Kind, Target};
use crate::facts::past::{self, Key, Pair, Remembering, Trace, What};
use crate::finding::{Finding, Severity};
use crate::watcher::COMPUTE;

const A_SEASON: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A role, and the service that assumed it last to run something with it, or what runs with it.
pub(crate) static SERVED: Remembering =
    Remembering { id: "role-served", asked_by: &[], what: What::Trace { leaves: served, asks: used, lasts: A_SEASON } };

/// Roles that somebody used who is no service.
pub(crate) static USED: Remembering =
    Remembering { id: "role-used-in-person", asked_by: &[], what: What::Habit(role_used) };

/// A role, and who used it last who is no service.
pub(crate) static USED_BY: Remembering = Remembering {
    id: "role-used-by",
    asked_by: &[],
    what: What::Trace { leaves: used_by, asks: serves, lasts: A_SEASON },
};

/// Whether nothing about whoever acts shows a program.
pub(crate) fn shows_a_person(actor: &Actor) -> bool {
    !actor.is_program() && !matches!(actor.kind, Kind::OtherAccount | Kind::Unknown)
}

/// Says of a role that somebody uses that until now only services and what they run did, and makes the finding louder for it.
pub(crate) fn learned(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let words = || {
        let since = context.facts.first_since(USED.id)?;
        let note = context.facts.left(SERVED.id)?;
        let last = ago(note.at, event.time);
        let again = since.seen.map(|seen| format!(", and was first used in person {}", past::ago(seen)));
        let learned = format!("learned since {}{}", since.day, again.unwrap_or_default());
        Some((since, format!("until now only {} was seen with it, last {last}; {learned}", note.text)))
    };
    let Some((since, words)) = words() else { return (finding, None) };
    let least = match event.source.as_str() {
        _ if since.is_again() => Severity::Low,
        "signin.amazonaws.com" => Severity::High,
        _ if shows_a_person(&event.actor) => Severity::Medium,
        _ => Severity::Low,
    };
    let severity = finding.severity.max(least);
    (finding.severity(severity), Some(words))
}

/// The opposite: a service assumes a role for the first time that people used.
pub(crate) fn handed_over(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(USED_BY.id) else { return (finding, None) };
    let words = format!("{} used it {}", note.text, ago(note.at, event.time));
    let first = context.facts.first_since("role-assumed-by-service-for-the-first-time");
    let least = if first.is_some_and(|since| !since.is_again()) { Severity::Medium } else { Severity::Low };
    let severity = finding.severity.max(least);
    (finding.severity(severity), Some(words))
}

/// The role of this account that the event shows in use: it is assumed, or a console session is made of its credentials.
fn role(event: &Event) -> Option<&str> {
    let role = match event.call() {
        "AssumeRole" | "AssumeRoleWithSAML" if event.source == "sts.amazonaws.com" => event.request("roleArn")?,
        "ConsoleLogin" | "GetSigninToken" if event.source == "signin.amazonaws.com" => {
            Some(&event.actor).filter(|actor| actor.kind == Kind::Role)?.principal.as_str()
        }
        _ => return None,
    };
    let here = event.succeeded() && arn::account(role) == Some(event.account.as_str());
    here.then_some(role)
}

/// IAM tells roles apart neither by their paths nor by the case of their letters.
fn key(event: &Event) -> Option<Key> {
    Some(vec![event.account.clone(), Target::from_arn(role(event)?).name.to_ascii_lowercase()])
}

/// The service that assumes a role to run something with it.
pub(crate) fn service(event: &Event) -> Option<&str> {
    let service = event.actor.kind == Kind::Service && event.is("sts.amazonaws.com", &["AssumeRole"]);
    event.actor.invoked_by.as_deref().filter(|by| service && COMPUTE.contains(by))
}

fn serves(event: &Event) -> Option<Key> {
    service(event)?;
    key(event)
}

/// A role that a service assumes to run something, or that something which runs already acts with.
fn served(event: &Event) -> Option<Trace> {
    if let Some(service) = service(event) {
        return Some(Trace { text: service.to_owned(), under: serves(event)? });
    }
    let actor = &event.actor;
    let runs = machine_of(event).filter(|_| actor.is_in_person() && !actor.name.is_empty())?;
    let under = vec![actor.account.clone()?, actor.name.to_ascii_lowercase()];
    Some(Trace { text: Target::from_arn(runs).to_string(), under })
}

/// The role that somebody uses who is no service. A role that assumes itself stays with whoever has it.
fn used(event: &Event) -> Option<Key> {
    let role = role(event)?;
    let actor = &event.actor;
    let itself = event.source == "sts.amazonaws.com" && actor.is_role(&Target::from_arn(role).name);
    let in_person = actor.is_in_person() && !actor.principal.is_empty() && !itself;
    in_person.then(|| key(event))?
}

fn role_used(event: &Event) -> Option<Pair> {
    used(event).map(Pair)
}

fn used_by(event: &Event) -> Option<Trace> {
    Some(Trace { under: used(event)?, text: event.actor.principal.clone() })
}
