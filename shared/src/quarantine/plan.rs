//! What would be done, as a value: each step knows what it does, its undo, its proof and the call it stands for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::Kind;
use super::{Facts, Refusal, Subject, guards};
use crate::config::{Config, Mode};
use crate::finding::Finding;
use crate::{fingerprint, undo};

/// The name of the inline policy that denies older sessions of a role.
pub const SESSIONS_ENDED: &str = "iamwatch-sessions-ended";

/// What would be done, and what stands against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// In the order they are carried out. Empty when a guard refused for good.
    pub steps: Vec<Step>,
    /// Why nothing is done, or nothing without a person.
    pub refusal: Option<Refusal>,
}

/// One change, with its undo and its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// Attach our deny-all to a user. It holds for the user's open sessions too.
    DenyUser { user: String, policy: String },
    /// Make our deny-all the user's boundary, where no more policies can be attached to it.
    BindUser { user: String, policy: String, was: Option<String> },
    /// Set one access key Inactive.
    DisableAccessKey { user: String, key: String },
    /// Set a credential of another kind Inactive.
    DisableCredential { user: String, kind: Kind, id: String },
    /// Deny every session of a role that was opened before this is done.
    EndSessions { role: String },
}

/// How a call to IAM ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// AWS's id of the request, by which CloudTrail knows it.
    pub request: Option<String>,
    pub result: Result<(), Fault>,
}

/// Why a call to IAM failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No more policies can be attached to the user.
    LimitExceeded(String),
    Other(String),
}

impl Fault {
    /// What the reader is told.
    #[must_use]
    pub fn words(self) -> String {
        let (Self::LimitExceeded(why) | Self::Other(why)) = self;
        why
    }
}

impl Step {
    /// What it does, as the end of "iamwatch would …".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::DenyUser { user, .. } => format!("deny user {user} everything, open sessions too"),
            Self::BindUser { user, .. } => format!("deny user {user} everything by its permissions boundary"),
            Self::DisableAccessKey { user, key } => format!("set access key {key} of user {user} Inactive"),
            Self::DisableCredential { user, kind, id } => format!("set {kind} {id} of user {user} Inactive"),
            Self::EndSessions { role } => {
                format!("end every open session of role {role}, workloads included; whoever may can assume it again")
            }
        }
    }

    /// What its undo does.
    #[must_use]
    pub fn undo_words(&self) -> String {
        match self {
            Self::DenyUser { user, .. } => format!("no longer deny user {user} everything"),
            Self::BindUser { user, was: None, .. } => format!("take the permissions boundary off user {user}"),
            Self::BindUser { user, was: Some(was), .. } => {
                format!("give user {user} back its permissions boundary {was}")
            }
            Self::DisableAccessKey { user, key } => format!("set access key {key} of user {user} Active again"),
            Self::DisableCredential { user, kind, id } => format!("set {kind} {id} of user {user} Active again"),
            Self::EndSessions { role } => format!("no longer deny older sessions of role {role}"),
        }
    }

    /// The call that it makes, as a person would make it.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        match self {
            Self::DenyUser { user, policy } => undo::attach_user_policy(user, policy),
            Self::BindUser { user, policy, .. } => undo::put_user_boundary(user, policy),
            Self::DisableAccessKey { user, key } => undo::disable_access_key(user, key),
            Self::DisableCredential { user, kind: Kind::ServiceSpecific, id } => {
                undo::disable_service_credential(user, id)
            }
            Self::DisableCredential { user, kind: Kind::SshKey, id } => undo::disable_ssh_key(user, id),
            Self::DisableCredential { user, kind: Kind::SigningCertificate, id } => {
                undo::disable_signing_certificate(user, id)
            }
            // The shell puts in the time at which it runs.
            Self::EndSessions { role } => undo::end_sessions(role, "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'", SESSIONS_ENDED),
        }
    }

    /// The user or role it acts on.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::DenyUser { user, .. }
            | Self::BindUser { user, .. }
            | Self::DisableAccessKey { user, .. }
            | Self::DisableCredential { user, .. } => user,
            Self::EndSessions { role } => role,
        }
    }

    /// Whether it takes rights from the user as a whole.
    #[must_use]
    pub fn denies(&self) -> bool {
        matches!(self, Self::DenyUser { .. } | Self::BindUser { .. })
    }

    /// The id of the credential that it switches off.
    #[must_use]
    pub fn credential(&self) -> Option<&str> {
        match self {
            Self::DisableAccessKey { key: id, .. } | Self::DisableCredential { id, .. } => Some(id),
            Self::DenyUser { .. } | Self::BindUser { .. } | Self::EndSessions { .. } => None,
        }
    }

    /// Whether IAM says that it is done. What is gone does not work either.
    #[must_use]
    pub fn is_proven_by(&self, facts: &Facts) -> bool {
        match self {
            // A boundary needs no attached policy beside it.
            Self::DenyUser { policy, .. } => facts.is_denied_by(policy),
            Self::BindUser { policy, .. } => facts.disarmed.is_none() && facts.boundary.as_ref() == Some(policy),
            Self::DisableAccessKey { key, .. } => !facts.keys.iter().any(|known| &known.id == key && known.active),
            Self::DisableCredential { kind, id, .. } => {
                !facts.others.iter().any(|known| known.kind == *kind && &known.id == id && known.active)
            }
            Self::EndSessions { .. } => facts.ended.is_some(),
        }
    }

    /// Whether IAM says that it was taken back, or that there is nothing left to take back.
    #[must_use]
    pub fn is_undone_in(&self, facts: &Facts) -> bool {
        match self {
            Self::DenyUser { policy, .. } => !facts.has_attached(policy),
            Self::BindUser { was, .. } => facts.boundary == *was,
            Self::DisableAccessKey { key, .. } => !facts.keys.iter().any(|known| &known.id == key && !known.active),
            Self::DisableCredential { kind, id, .. } => {
                !facts.others.iter().any(|known| known.kind == *kind && &known.id == id && !known.active)
            }
            Self::EndSessions { .. } => !facts.revoked,
        }
    }
}

impl Plan {
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self { steps: Vec::new(), refusal: Some(refusal) }
    }

    /// What a person approves: the same for the same steps of the same record, and for no others.
    #[must_use]
    pub fn fingerprint(&self, record: &str) -> String {
        let steps = serde_json::to_string(&self.steps).unwrap_or_default();
        fingerprint::of([record, steps.as_str()], 16)
    }

    /// The calls that it would make, as a person would make them.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.steps.iter().filter_map(Step::command).collect()
    }
}

/// What would be done about a finding, given what IAM says of the user now.
#[must_use]
pub fn plan(finding: &Finding, subject: &Subject, facts: Option<&Facts>, config: &Config, now: Timestamp) -> Plan {
    let Some(facts) = facts else {
        return Plan::refused(match subject {
            Subject::Holder { .. } => Refusal::NoSuchHolder,
            Subject::Sessions { .. } if config.quarantine.sessions_role.is_none() => Refusal::SessionsLeftAlone,
            Subject::Sessions { .. } => Refusal::NoSuchRole,
            Subject::Key { .. } | Subject::User { .. } => Refusal::NoSuchUser,
        });
    };
    if let Some(refusal) = guards::forbidden(finding, subject, facts, config) {
        return Plan::refused(refusal);
    }
    let steps = steps(subject, facts, config.quarantine.deny_policy.as_deref());
    if steps.is_empty() {
        return Plan::refused(nothing_left(subject));
    }
    let mode = guards::mode(finding, config);
    Plan { steps, refusal: guards::not_alone(finding, subject, facts, mode, now) }
}

/// What would be done about a subject if something asked for it now: what stands against acting on an event is left out.
#[must_use]
pub fn simulate(subject: &Subject, facts: &Facts, config: &Config) -> Plan {
    if guards::is_exempt(&facts.arn, config) {
        return Plan::refused(Refusal::Exempt);
    }
    let steps = steps(subject, facts, config.quarantine.deny_policy.as_deref());
    let refusal = match subject {
        Subject::Sessions { .. } => config.quarantine.sessions_role.is_none().then_some(Refusal::SessionsLeftAlone),
        _ => steps.is_empty().then(|| nothing_left(subject)),
    };
    Plan { steps, refusal }
}

/// Why there is nothing to do.
fn nothing_left(subject: &Subject) -> Refusal {
    if subject.is_one_key() { Refusal::AlreadyInactive } else { Refusal::AlreadyContained }
}

/// The steps that are left to do. For a whole user the deny comes first: it also cuts off sessions of up to 36 hours, which
/// outlive the key that opened them.
#[must_use]
pub(super) fn steps(subject: &Subject, facts: &Facts, deny: Option<&str>) -> Vec<Step> {
    if let Subject::Sessions { role } = subject {
        return vec![Step::EndSessions { role: role.clone() }];
    }
    let user = user_of(subject, facts);
    let of_this_subject = |key: &str| match subject {
        Subject::Key { key: only, .. } => only == key,
        Subject::User { .. } | Subject::Holder { .. } | Subject::Sessions { .. } => true,
    };
    let keys = facts.keys.iter().filter(|key| key.active && of_this_subject(&key.id));
    let keys = keys.map(|key| Step::DisableAccessKey { user: user.clone(), key: key.id.clone() });
    if subject.is_one_key() {
        return keys.collect();
    }
    let deny = deny.filter(|policy| !facts.is_denied_by(policy));
    let deny = deny.map(|policy| Step::DenyUser { user: user.clone(), policy: policy.to_owned() });
    let others = facts.others.iter().filter(|credential| credential.active).map(|credential| Step::DisableCredential {
        user: user.clone(),
        kind: credential.kind,
        id: credential.id.clone(),
    });
    deny.into_iter().chain(keys).chain(others).collect()
}

/// The user's name, by the ARN where only a key was known.
fn user_of(subject: &Subject, facts: &Facts) -> String {
    let of_arn = || facts.arn.rsplit('/').next().unwrap_or_default();
    subject.user().unwrap_or_else(of_arn).to_owned()
}

impl Mode {
    /// Whether a plan may be carried out in it, at once or when a person said yes.
    #[must_use]
    pub fn acts(self) -> bool {
        matches!(self, Self::Approve | Self::Enforce)
    }
}
