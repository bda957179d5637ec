//! What stands against acting. Every guard stands a second time as an explicit Deny in the function's role, where that can be
//! said in a policy.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AGE_TOLERANCE, Facts, STALE, Subject};
use crate::arn;
use crate::config::{Config, Exempt, Mode};
use crate::finding::{Ask, Finding};

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
    /// The user or role is exempt by configuration, or it is AWS's or our own.
    Exempt,
    /// The user does not exist.
    NoSuchUser,
    /// The user has no such key: it was deleted, or the event was forged.
    NoSuchKey,
    /// IAM names nobody who holds the key.
    NoSuchHolder,
    /// The key is older or younger than the event says: the event was forged, or is about another key.
    AnotherAge,
    /// The key is Inactive already.
    AlreadyInactive,
    /// The user is denied everything already, and has no credential that works.
    AlreadyContained,
    /// The event is too old to act on without a person.
    Stale,
    /// Too many were contained lately.
    BudgetSpent,
    /// The same user was contained a moment ago.
    TooSoon,
    /// Only the event says that the key was Inactive.
    Reactivated,
    /// A restore switched the key on.
    Restored,
    /// The mode says that a person approves each plan.
    Approval,
    /// Nothing of its kind is done without a person.
    NotAutomatic,
    /// IAM does not bear out what the finding says AWS found.
    NotBorneOut,
    /// Sessions of roles are left alone: that is not switched on.
    SessionsLeftAlone,
    /// The role does not exist.
    NoSuchRole,
}

impl Refusal {
    /// Whether a person may say yes to the plan all the same.
    #[must_use]
    pub fn waits(self) -> bool {
        matches!(
            self,
            Self::Stale
                | Self::BudgetSpent
                | Self::TooSoon
                | Self::Reactivated
                | Self::Approval
                | Self::NotAutomatic
                | Self::NotBorneOut
        )
    }

    /// Whether it says that all is done already.
    #[must_use]
    pub(super) fn is_nothing_left(self) -> bool {
        matches!(self, Self::AlreadyInactive | Self::AlreadyContained)
    }
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
            Self::NoSuchHolder => {
                "IAM names no user of this account that holds the key; it says no more of a key of another account, of one that is \
                 gone, and of any key to whoever may not ask"
            }
            Self::AnotherAge => "the key is not as old as the event says, so the event may be forged",
            Self::AlreadyInactive => "the key is Inactive already",
            Self::AlreadyContained => "the user is denied everything already, and no credential of theirs works",
            Self::Stale => "the event is more than 15 minutes old, so a person decides",
            Self::BudgetSpent => "too many users were contained lately, so a person decides",
            Self::TooSoon => {
                "this user was contained already less than 15 minutes ago, so a person decides; until then this works on"
            }
            Self::Reactivated => {
                "the key is no new one, and only the event says that it was off before, so a person decides; until then it works"
            }
            Self::Restored => "a restore gave the key back",
            Self::Approval => "a person decides",
            Self::NotAutomatic => "it cuts off a whole user, so a person decides",
            Self::SessionsLeftAlone => "ending sessions of roles is not switched on (`QuarantineRoleSessions`)",
            Self::NoSuchRole => "the role does not exist",
            Self::NotBorneOut => "IAM does not show AWS's own quarantine on the user, so a person decides",
        })
    }
}

/// How far quarantine goes for what a finding asks.
#[must_use]
pub(super) fn mode(finding: &Finding, config: &Config) -> Mode {
    config.quarantine.mode_for(finding.asks.as_ref())
}

/// What stands against a plan whatever anybody says.
pub(super) fn forbidden(finding: &Finding, subject: &Subject, facts: &Facts, config: &Config) -> Option<Refusal> {
    if is_exempt(&facts.arn, config) {
        return Some(Refusal::Exempt);
    }
    let Subject::Key { key, .. } = subject else { return None };
    let Some(key) = facts.keys.iter().find(|known| &known.id == key) else { return Some(Refusal::NoSuchKey) };
    if is_reactivated(finding) {
        return None;
    }
    let as_old =
        |time| key.created.is_some_and(|created: Timestamp| created.duration_since(time).abs() <= AGE_TOLERANCE);
    (!finding.event.time.is_some_and(as_old)).then_some(Refusal::AnotherAge)
}

/// Whether it asks about a key that is no new one.
pub(super) fn is_reactivated(finding: &Finding) -> bool {
    matches!(finding.asks, Some(Ask::DisableAccessKey { reactivated: true, .. }))
}

/// Whether a user or role is never touched: by configuration, or because it is AWS's or our own.
pub(super) fn is_exempt(arn: &str, config: &Config) -> bool {
    // A path may hold colons, and whoever makes a user chooses it.
    let role = arn::resource(arn).and_then(|resource| resource.strip_prefix("role/"));
    let name = role.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let own = !config.stack.is_empty() && name.strip_prefix(&config.stack).is_some_and(|rest| rest.starts_with('-'));
    let of_aws = role.is_some_and(|path| path.starts_with("aws-service-role/") || path.starts_with("aws-reserved/"));
    let emergency = config.break_glass_roles.iter().any(|known| known.eq_ignore_ascii_case(arn));
    own || of_aws || emergency || config.quarantine.exempt.iter().any(|exempt| exempt.covers(arn))
}

/// What stands against carrying a plan out without a person.
pub(super) fn not_alone(
    finding: &Finding,
    subject: &Subject,
    facts: &Facts,
    mode: Mode,
    now: Timestamp,
) -> Option<Refusal> {
    let whole_user = !subject.is_one_key();
    match mode {
        Mode::Approve => Some(Refusal::Approval),
        Mode::Enforce if whole_user && !finding.event.is_of_aws_health() => Some(Refusal::NotAutomatic),
        // A key that somebody uses every day looks the same to IAM.
        Mode::Enforce if is_reactivated(finding) => Some(Refusal::Reactivated),
        Mode::Enforce if whole_user && !facts.is_quarantined_by_aws() => Some(Refusal::NotBorneOut),
        Mode::Enforce if finding.event.time.is_none_or(|time| now.duration_since(time) > STALE) => Some(Refusal::Stale),
        Mode::Off | Mode::DryRun | Mode::Enforce => None,
    }
}

impl Exempt {
    /// Whether the user or role of this ARN is exempt. Paths match from the first slash: `/break-glass/` covers
    /// `user/break-glass/ann` and not `user/x/break-glass/ann`. IAM has no two names that differ in case alone, and people write
    /// them in any.
    #[must_use]
    pub fn covers(&self, of: &str) -> bool {
        match self {
            Self::Arn(arn) => arn.eq_ignore_ascii_case(of),
            Self::Path(path) => {
                let resource = arn::resource(of).unwrap_or_default();
                let below = resource.strip_prefix("user").or_else(|| resource.strip_prefix("role"));
                let begins = below.and_then(|below| below.get(..path.len()));
                begins.is_some_and(|begins| begins.eq_ignore_ascii_case(path))
            }
        }
    }
}
