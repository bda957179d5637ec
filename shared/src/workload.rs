//! Roles that workloads use, and people who use them all the same: what the detections of that share.
//!
//! That a role is a workload's is declared in the configuration, or learned: AWS writes which service assumed it, and who else
//! did. What a caller can choose, such as a user agent or the name of a session, is none of it.

use jiff::SignedDuration;

use crate::circumstance::{ago, machine_of};
use crate::detect::Context;
use crate::event::{Event, Kind, Target};
use crate::facts::Since;
use crate::facts::past::{Key, Pair, Trace};
use crate::watcher::COMPUTE;

/// How long it is remembered who assumed a role.
pub(crate) const A_SEASON: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Under which name it is remembered which service assumed a role last to run something with it.
pub(crate) const SERVED: &str = "role-served";
/// Which roles somebody used who is no service.
pub(crate) const USED: &str = "role-used-in-person";
/// Who it was last.
pub(crate) const USED_BY: &str = "role-used-by";

/// Why a role is a workload's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Workload {
    /// The configuration says so.
    Declared,
    /// Until now only services and what they run were seen with it: in words.
    Learned { since: Since, words: String },
}

impl Workload {
    /// Whether the role that the event uses is a workload's.
    pub(crate) fn of(event: &Event, context: &Context<'_>) -> Option<Self> {
        if context.config.is_workload(role(event)?) {
            return Some(Self::Declared);
        }
        let since = context.facts.first_since(USED)?;
        let note = context.facts.left(SERVED)?;
        let words = format!("until now only {} was seen with it, last {}", note.text, ago(note.at, event.time));
        Some(Self::Learned { since, words })
    }

    /// As an alert says it.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Declared => "declared in the configuration as one that only workloads use".to_owned(),
            Self::Learned { since, words } => format!("{words}; learned since {since}"),
        }
    }
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
    let here = event.succeeded() && role.split(':').nth(4) == Some(event.account.as_str());
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

pub(crate) fn serves(event: &Event) -> Option<Key> {
    service(event)?;
    key(event)
}

/// A role that a service assumes to run something, or that something which runs already acts with.
pub(crate) fn served(event: &Event) -> Option<Trace> {
    if let Some(service) = service(event) {
        return Some(Trace { text: service.to_owned(), under: serves(event)? });
    }
    let actor = &event.actor;
    let runs = machine_of(event).filter(|_| actor.is_in_person() && !actor.name.is_empty())?;
    let under = vec![actor.account.clone()?, actor.name.to_ascii_lowercase()];
    Some(Trace { text: Target::from_arn(runs).to_string(), under })
}

/// The role that somebody uses who is no service. A role that assumes itself stays with whoever has it.
pub(crate) fn used(event: &Event) -> Option<Key> {
    let role = role(event)?;
    let actor = &event.actor;
    let itself = event.source == "sts.amazonaws.com" && actor.is_role(&Target::from_arn(role).name);
    let in_person = actor.is_in_person() && !actor.principal.is_empty() && !itself;
    in_person.then(|| key(event))?
}

pub(crate) fn role_used(event: &Event) -> Option<Pair> {
    used(event).map(Pair)
}

pub(crate) fn used_by(event: &Event) -> Option<Trace> {
    Some(Trace { under: used(event)?, text: event.actor.principal.clone() })
}
