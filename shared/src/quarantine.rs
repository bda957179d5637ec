//! Contain, prove, undo: what is done about a finding that asks for it.
//!
//! First a [`Plan`], made by a pure function from the finding, from what IAM says now, and from the configuration. A
//! dry-run shows it, enforcing carries it out, the record keeps it, and undo reads it backwards.

mod budget;
mod contain;
mod record;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use budget::{Budget, Exhausted};
pub use contain::{Containment, Failure, Iam, Outcome, Records, restore};
pub use record::{Call, Moved, Record, State};

use crate::config::{Config, Exempt, Mode};
use crate::finding::{Ask, Finding};
use crate::undo;

/// An event older than this is not acted on without a person.
pub const STALE: SignedDuration = SignedDuration::from_mins(15);
/// How far a key's age may differ from what the event says of it: clocks differ by seconds, forgeries by more.
pub const AGE_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// What IAM says of a user and its keys, read just before acting: an event may be forged, and things move on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The user's ARN, with its path.
    pub arn: String,
    pub keys: Vec<KeyFacts>,
}

/// What IAM says of one access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    pub id: String,
    pub active: bool,
    pub created: Option<Timestamp>,
}

/// What would be done, and what stands against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// In the order they are carried out. Empty when a guard refused.
    pub steps: Vec<Step>,
    /// Why nothing is to be done.
    pub refusal: Option<Refusal>,
}

/// One change, with its undo and its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// Set one access key Inactive.
    DisableAccessKey { user: String, key: String },
}

/// A guard that stands against acting. The words are for the reader of the alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Quarantine is off.
    Off,
    /// The finding asks for nothing.
    NothingAsked,
    /// The names in the finding have not the form of IAM names.
    Malformed,
    /// Root made the key: root use never starts quarantine.
    ByRoot,
    /// An AWS service made the key for somebody, as CloudFormation does.
    ByService,
    /// The finding is about another account than the one this runs in.
    AnotherAccount,
    /// The user is exempt by configuration.
    Exempt,
    /// The user does not exist.
    NoSuchUser,
    /// The user has no such key: it was deleted, or the event was forged.
    NoSuchKey,
    /// The key is older or younger than the event says: the event was forged, or is about another key.
    AnotherAge,
    /// The key is Inactive already.
    AlreadyInactive,
    /// The event is too old to act on without a person.
    Stale,
    /// Too many were contained lately.
    BudgetSpent,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "quarantine is off",
            Self::NothingAsked => "the finding asks for nothing",
            Self::Malformed => "the names in the event have not the form of IAM names",
            Self::ByRoot => "root acted, and what root does never starts quarantine",
            Self::ByService => "an AWS service acted, and what services do never starts quarantine",
            Self::AnotherAccount => "the event is about another account",
            Self::Exempt => "the user is exempt by configuration",
            Self::NoSuchUser => "the user does not exist",
            Self::NoSuchKey => "the user has no such key now",
            Self::AnotherAge => "the key is not as old as the event says, so the event may be forged",
            Self::AlreadyInactive => "the key is Inactive already",
            Self::Stale => "the event is more than 15 minutes old, so a person decides",
            Self::BudgetSpent => "too many users were contained lately, so a person decides",
        })
    }
}

impl Step {
    /// What it does, as the end of "iamwatch would …".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::DisableAccessKey { user, key } => format!("set access key {key} of user {user} Inactive"),
        }
    }

    /// What its undo does.
    #[must_use]
    pub fn undo_words(&self) -> String {
        match self {
            Self::DisableAccessKey { user, key } => format!("set access key {key} of user {user} Active again"),
        }
    }

    /// The user it acts on.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::DisableAccessKey { user, .. } => user,
        }
    }

    /// Whether IAM says that it is done.
    #[must_use]
    pub fn is_proven_by(&self, facts: &Facts) -> bool {
        match self {
            Self::DisableAccessKey { key, .. } => facts.keys.iter().any(|k| &k.id == key && !k.active),
        }
    }
}

impl Plan {
    fn refused(refusal: Refusal) -> Self {
        Self { steps: Vec::new(), refusal: Some(refusal) }
    }
}

/// The step that a finding asks for, if its names can be trusted to be names.
///
/// # Errors
///
/// The guard that stands against even looking.
pub fn step(finding: &Finding, own_account: &str) -> Result<Step, Refusal> {
    let Some(Ask::DisableAccessKey { user, key }) = &finding.asks else { return Err(Refusal::NothingAsked) };
    if finding.account != own_account {
        return Err(Refusal::AnotherAccount);
    }
    if finding.actor.is_root() {
        return Err(Refusal::ByRoot);
    }
    if finding.actor.is_service() {
        return Err(Refusal::ByService);
    }
    match (undo::name(user), undo::access_key(key)) {
        (Some(user), Some(key)) if key.starts_with("AKIA") => {
            Ok(Step::DisableAccessKey { user: user.to_owned(), key: key.to_owned() })
        }
        _ => Err(Refusal::Malformed),
    }
}

/// What would be done about a finding, given what IAM says of the user now.
#[must_use]
pub fn plan(finding: &Finding, step: &Step, facts: Option<&Facts>, config: &Config, now: Timestamp) -> Plan {
    let Step::DisableAccessKey { key, .. } = step;
    let Some(facts) = facts else { return Plan::refused(Refusal::NoSuchUser) };
    if config.quarantine.exempt.iter().any(|exempt| exempt.covers(&facts.arn)) {
        return Plan::refused(Refusal::Exempt);
    }
    let Some(key) = facts.keys.iter().find(|known| &known.id == key) else {
        return Plan::refused(Refusal::NoSuchKey);
    };
    let Some(time) = finding.event.time else { return Plan::refused(Refusal::AnotherAge) };
    if key.created.is_none_or(|created| (created.duration_since(time)).abs() > AGE_TOLERANCE) {
        return Plan::refused(Refusal::AnotherAge);
    }
    if !key.active {
        return Plan::refused(Refusal::AlreadyInactive);
    }
    if config.quarantine.mode == Mode::Enforce && now.duration_since(time) > STALE {
        return Plan::refused(Refusal::Stale);
    }
    Plan { steps: vec![step.clone()], refusal: None }
}

impl Exempt {
    /// Whether the user of this ARN is exempt. Paths match from the first slash: `/break-glass/` covers
    /// `user/break-glass/ann` and not `user/x/break-glass/ann`.
    #[must_use]
    pub fn covers(&self, user_arn: &str) -> bool {
        match self {
            Self::Arn(arn) => arn == user_arn,
            Self::Path(path) => {
                user_arn.split_once(":user").is_some_and(|(_, resource)| resource.starts_with(path.as_str()))
            }
        }
    }
}
