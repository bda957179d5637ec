//! Whom a finding asks to contain, and what kind of principal a name is.

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::config::{Config, Mode};
use crate::event::{Event, Kind, is_account};
use crate::finding::{Ask, Finding, Severity};
use crate::undo;

/// What is contained by itself, with a record and an undo of its own. The names have the form of IAM names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Subject {
    /// One access key of a user, and nothing else of the user: else anybody who makes a key for `prod-app` takes it down.
    Key { user: String, key: String },
    /// A user with all credentials.
    User { user: String },
    /// The user that holds this access key, whoever that is: IAM is asked.
    Holder { key: String },
    /// The sessions of a role that are open: workloads and attackers alike, and both can assume the role again.
    Sessions { role: String },
}

impl Subject {
    /// The user that IAM is asked about; none for the holder of a key, who is still to be found.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Key { user, .. } | Self::User { user } => Some(user),
            Self::Holder { .. } | Self::Sessions { .. } => None,
        }
    }

    /// Takes over the spelling of IAM, which finds a name in any case and events repeat as whoever called wrote it.
    pub(super) fn spell(&mut self, arn: &str) {
        let name = arn.rsplit('/').next().unwrap_or_default();
        match self {
            Self::Key { user: own, .. } | Self::User { user: own } | Self::Sessions { role: own }
                if own.eq_ignore_ascii_case(name) =>
            {
                name.clone_into(own);
            }
            _ => {}
        }
    }

    /// Whether both name the same user.
    pub(super) fn is_named_as(&self, other: &Self) -> bool {
        let (one, other) = (self.user().unwrap_or_default(), other.user().unwrap_or_default());
        one.eq_ignore_ascii_case(other)
    }

    /// Whether it is one key: the user's other credentials, and the user's work, go on.
    #[must_use]
    pub fn is_one_key(&self) -> bool {
        matches!(self, Self::Key { .. })
    }

    /// The parts by which it differs from others.
    pub(super) fn parts(&self) -> [&str; 2] {
        match self {
            Self::Key { user, key } => [user, key],
            Self::User { user } => [user, ""],
            Self::Holder { key } => ["", key],
            // No user is named so.
            Self::Sessions { role } => ["role/", role],
        }
    }
}

/// What a finding asks to contain, each by itself.
///
/// # Errors
///
/// The guard that stands against even looking.
pub fn subjects(finding: &Finding, own_account: &str) -> Result<Vec<Subject>, Refusal> {
    let asks = finding.asks.as_ref().ok_or(Refusal::NothingAsked)?;
    if finding.account != own_account {
        return Err(Refusal::AnotherAccount);
    }
    match asks {
        Ask::DisableAccessKey { .. } if finding.actor.is_root() => Err(Refusal::ByRoot),
        Ask::DisableAccessKey { .. } if finding.actor.is_service() => Err(Refusal::ByService),
        Ask::DisableAccessKey { user, key, .. } => match (undo::name(user), long_term(key)) {
            (Some(user), Some(key)) => Ok(vec![Subject::Key { user: user.to_owned(), key: key.to_owned() }]),
            _ => Err(Refusal::Malformed),
        },
        Ask::ContainUsers { users, keys, .. } => {
            let users = users.iter().map(|user| Some(Subject::User { user: undo::name(user)?.to_owned() }));
            // A temporary key cannot be asked for, and IAM does not say whose it is.
            let keys = keys.iter().map(|key| Some(Subject::Holder { key: long_term(key)?.to_owned() }));
            let mut subjects: Vec<Subject> = users.chain(keys).flatten().collect();
            subjects.sort_unstable();
            subjects.dedup();
            if subjects.is_empty() { Err(Refusal::Malformed) } else { Ok(subjects) }
        }
        Ask::ContainActor { principal, .. } => match Principal::read(principal, own_account) {
            Principal::User(user) => Ok(vec![Subject::User { user }]),
            Principal::Role(role) => Ok(vec![Subject::Sessions { role }]),
            Principal::AnotherAccount => Err(Refusal::AnotherAccount),
            Principal::Root => Err(Refusal::ByRoot),
            Principal::ServiceRole => Err(Refusal::ByService),
            _ => Err(Refusal::Malformed),
        },
    }
}

/// What is asked about whoever did something CRITICAL: to be cut off, if a person says so. What was denied, what only read and what
/// root did never asks for it: anybody can provoke those. A session of a user, and a federated one, ends with the user.
#[must_use]
pub(crate) fn actor_ask(event: &Event, finding: &Finding, config: &Config) -> Option<Ask> {
    let actor = &finding.actor;
    let asked = config.quarantine.actors != Mode::Off && finding.severity == Severity::Critical;
    let done = event.succeeded() && !event.read_only() && actor.is_in_person();
    let own = actor.account.as_deref() == Some(finding.account.as_str());
    let kind = matches!(actor.kind, Kind::IamUser | Kind::FederatedUser | Kind::Role);
    (asked && done && own && kind)
        .then(|| Ask::ContainActor { principal: actor.principal.clone(), id: event.user_id().map(str::to_owned) })
}

fn long_term(key: &str) -> Option<&str> {
    undo::access_key(key).filter(|key| key.starts_with("AKIA"))
}

/// What kind of principal a name means: only IAM users can be contained, and what to do about the others is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    User(String),
    /// A long-term key: its holder is to be asked for.
    Key(String),
    /// A temporary key: there is no such key to switch off.
    TemporaryKey,
    /// A session of `GetFederationToken`: what it may do ends with the user that made it.
    FederatedUser,
    Role(String),
    /// A role that Identity Center manages.
    SsoRole,
    /// A service-linked role.
    ServiceRole,
    Root,
    AnotherAccount,
    Unknown,
}

impl Principal {
    /// Reads an ARN, an access key id, or a user's name.
    #[must_use]
    pub fn read(text: &str, own_account: &str) -> Self {
        if let Some(key) = undo::access_key(text).filter(|key| key.len() >= 20) {
            return if key.starts_with("AKIA") { Self::Key(key.to_owned()) } else { Self::TemporaryKey };
        }
        let Some(rest) = text.strip_prefix("arn:") else {
            return undo::name(text).map_or(Self::Unknown, |name| Self::User(name.to_owned()));
        };
        let mut parts = rest.splitn(5, ':').skip(1);
        let (Some(service), Some(_), Some(account), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Self::Unknown;
        };
        if !is_account(account) {
            return Self::Unknown;
        }
        if account != own_account {
            return Self::AnotherAccount;
        }
        match (service, resource.split_once('/')) {
            ("iam", None) if resource == "root" => Self::Root,
            ("iam", Some(("user", path))) => named(path, Self::User),
            ("iam", Some(("role", path))) if path.starts_with("aws-service-role/") => Self::ServiceRole,
            ("iam", Some(("role", path))) if path.starts_with("aws-reserved/") => Self::SsoRole,
            ("iam", Some(("role", path))) => named(path, Self::Role),
            ("sts", Some(("assumed-role", session))) => match session.split('/').next().unwrap_or_default() {
                role if role.starts_with("AWSReservedSSO_") => Self::SsoRole,
                role if role.starts_with("AWSServiceRoleFor") => Self::ServiceRole,
                role => named(role, Self::Role),
            },
            ("sts", Some(("federated-user", _))) => Self::FederatedUser,
            _ => Self::Unknown,
        }
    }

    /// What can be done about a principal that is not contained, for the reader.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::User(_) | Self::Key(_) => "it can be contained",
            Self::TemporaryKey => {
                "a temporary key cannot be switched off: contain the user that opened the session, which denies its sessions \
                 too, or end the sessions of the role"
            }
            Self::FederatedUser => {
                "a federated user's session ends with the user that called `GetFederationToken`: contain that user"
            }
            Self::Role(_) => {
                "an inline policy on `aws:TokenIssueTime` ends every session of the role, workloads included; they, and an \
                 attacker who still may, can assume it again"
            }
            Self::SsoRole => "people of Identity Center are cut off there: disable the user and end their sessions",
            Self::ServiceRole => "service-linked roles are AWS's own: nothing of them is ever touched",
            Self::Root => {
                "root is never touched: change its password and delete its keys, or from the management account use central \
                 root access (`sts:AssumeRoot` with the task policy `IAMDeleteRootUserCredentials`)"
            }
            Self::AnotherAccount => "it belongs to another account, which is never touched",
            Self::Unknown => "it is no principal that is known here",
        }
    }
}

/// The last part of a path, if it is an IAM name.
fn named(path: &str, principal: fn(String) -> Principal) -> Principal {
    let name = path.rsplit('/').next().and_then(undo::name);
    name.map_or(Principal::Unknown, |name| principal(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Principal::{self, *};

    #[test]
    fn a_name_is_taken_for_what_it_is() {
        let cases = [
            ("bob", User("bob".to_owned())),
            ("arn:aws:iam::111122223333:user/eng/bob", User("bob".to_owned())),
            ("arn:aws-cn:iam::111122223333:user/bob", User("bob".to_owned())),
            ("AKIAIOSFODNN7EXAMPLE", Key("AKIAIOSFODNN7EXAMPLE".to_owned())),
            ("ASIAIOSFODNN7EXAMPLE", TemporaryKey),
            ("arn:aws:sts::111122223333:assumed-role/app/session", Role("app".to_owned())),
            ("arn:aws:iam::111122223333:role/ci/app", Role("app".to_owned())),
            ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann@example.com", SsoRole),
            ("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123", SsoRole),
            ("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", ServiceRole),
            ("arn:aws:sts::111122223333:federated-user/bob", FederatedUser),
            ("arn:aws:iam::111122223333:root", Root),
            ("arn:aws:iam::123456789012:user/bob", AnotherAccount),
            ("arn:aws:iam::123456789012:root", AnotherAccount),
            ("arn:aws:iam::111122223333:group/admins", Unknown),
            ("arn:aws:iam::111122223333:user/bob;reboot", Unknown),
            ("bob; reboot", Unknown),
            ("", Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(Principal::read(text, "111122223333"), expected, "{text}");
        }
    }
}
