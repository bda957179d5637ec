//! Who acted, and the human behind it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Top, members, text};
use crate::arn;

/// What kind of principal acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The account's root user with its own credentials.
    Root,
    /// A session that central root access opened in a member account through `sts:AssumeRoot`.
    CentralRoot,
    IamUser,
    /// A session of an IAM role.
    Role,
    /// A session of a role that Identity Center manages: a person of the workforce directory.
    SsoUser,
    /// A caller known to Identity Center alone, without an IAM principal.
    IdentityCenterUser,
    /// An OIDC identity, before it has a role.
    WebIdentity,
    /// A SAML identity, before it has a role.
    SamlUser,
    /// A session made by `sts:GetFederationToken`.
    FederatedUser,
    /// Another AWS account, of which nothing more is known.
    OtherAccount,
    /// An AWS service on its own behalf.
    Service,
    /// The record does not say, or says something new.
    Unknown,
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub kind: Kind,
    /// The name within the kind: user name, role name, service host, subject. Empty when the record has none.
    pub name: String,
    /// The principal that stays the same over all its sessions: the user's, role's or root's ARN, a service's host.
    /// It never holds the session name, which the caller chooses.
    pub principal: String,
    /// The account of the actor, 12 digits.
    pub account: Option<String>,
    /// The name of a role session: chosen by the caller, or the Identity Center user name for [`Kind::SsoUser`].
    pub session: Option<String>,
    /// The access key that signed the call: `AKIA…` is long-term, `ASIA…` temporary.
    pub access_key: Option<String>,
    /// The person behind it, as far as the record says.
    pub human: Option<Human>,
    /// The AWS service that made the call for the actor. A call that a person makes in the console carries
    /// `signin.amazonaws.com` here at times, which is no service and is left out.
    pub invoked_by: Option<String>,
    /// Whether the session was opened with MFA, where the record says so.
    pub mfa: Option<bool>,
    /// `principalId`: for a role session `ROLE-ID:SESSION-NAME`.
    pub principal_id: Option<String>,
}

/// The person behind a principal, and which field of the record names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Human {
    pub name: String,
    pub told_by: ToldBy,
}

/// The field that names the human, most trustworthy first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToldBy {
    /// Set when the role was assumed, and not to be changed by role chaining.
    SourceIdentity,
    /// Identity Center writes its user name into the session name of the roles it manages.
    IdentityCenter,
    /// Trusted identity propagation: the Identity Center user id on whose behalf the call was made.
    OnBehalfOf,
    /// Whoever assumed the role chose it: a hint, not a proof.
    SessionName,
}

impl fmt::Display for ToldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SourceIdentity => "source identity",
            Self::IdentityCenter => "Identity Center user name",
            Self::OnBehalfOf => "Identity Center user id",
            Self::SessionName => "session name, which the caller chose",
        })
    }
}

/// What `userIdentity` says, found in one pass as [`Top`] is.
#[derive(Debug, Default)]
struct Identity<'a> {
    access_key: Option<&'a str>,
    account: Option<&'a str>,
    arn: Option<&'a str>,
    assumed_root: Option<&'a str>,
    invoked_by: Option<&'a str>,
    issuer_account: Option<&'a str>,
    issuer_arn: Option<&'a str>,
    issuer_name: Option<&'a str>,
    kind: Option<&'a str>,
    mfa: Option<&'a str>,
    on_behalf_of: Option<&'a str>,
    principal: Option<&'a str>,
    source_name: Option<&'a str>,
    user: Option<&'a str>,
}

impl<'a> Identity<'a> {
    fn of(identity: Option<&'a Value>) -> Self {
        let mut said = Self::default();
        for (key, value) in members(identity) {
            let value = Some(value);
            match key {
                "accessKeyId" => said.access_key = text(value),
                "accountId" => said.account = text(value),
                "arn" => said.arn = text(value),
                "invokedBy" => said.invoked_by = text(value),
                "onBehalfOf" => said.on_behalf_of = text(value.and_then(|value| value.get("userId"))),
                "principalId" => said.principal = text(value),
                "sessionContext" => said.add_session(value),
                "type" => said.kind = text(value),
                "userName" => said.user = text(value),
                _ => {}
            }
        }
        said
    }

    fn add_session(&mut self, session: Option<&'a Value>) {
        for (key, value) in members(session) {
            match key {
                "assumedRoot" => self.assumed_root = text(Some(value)),
                "attributes" => self.mfa = text(value.get("mfaAuthenticated")),
                "sourceIdentity" => self.source_name = text(Some(value)),
                "sessionIssuer" => {
                    self.issuer_account = text(value.get("accountId"));
                    self.issuer_arn = text(value.get("arn"));
                    self.issuer_name = text(value.get("userName"));
                }
                _ => {}
            }
        }
    }
}

/// What Identity Center names the roles it manages.
const SSO_ROLE: &str = "AWSReservedSSO_";

impl Actor {
    /// Reads `userIdentity`, which may be missing. What lies beside it supplies the rest.
    pub(super) fn from_identity(top: &Top<'_>) -> Self {
        let identity = Identity::of(top.identity);
        let arn = identity.arn.unwrap_or_default();
        let resource = arn::resource(arn).unwrap_or_default();
        let issuer_arn = identity.issuer_arn;
        let role = assumed_role(resource).map(|(role, _)| role).or(identity.issuer_name);
        let session = assumed_role(resource).map(|(_, session)| session.to_owned());
        let access_key = identity.access_key.map(str::to_owned);
        let invoked_by = identity.invoked_by.filter(|by| *by != "signin.amazonaws.com").map(str::to_owned);

        let kind = match identity.kind.unwrap_or_default() {
            "Root" if central_root(&identity, invoked_by.as_deref(), top) => Kind::CentralRoot,
            "Root" => Kind::Root,
            "IAMUser" => Kind::IamUser,
            "AssumedRole" if role.is_some_and(|role| role.starts_with(SSO_ROLE)) => Kind::SsoUser,
            "AssumedRole" => Kind::Role,
            "IdentityCenterUser" => Kind::IdentityCenterUser,
            "WebIdentityUser" => Kind::WebIdentity,
            "SAMLUser" => Kind::SamlUser,
            "FederatedUser" => Kind::FederatedUser,
            "AWSAccount" => Kind::OtherAccount,
            "AWSService" => Kind::Service,
            _ if top.kind.and_then(Value::as_str) == Some("AwsServiceEvent") => Kind::Service,
            _ => Kind::Unknown,
        };
        let account = identity
            .account
            .or_else(|| arn::account(arn))
            .or(identity.issuer_account)
            .filter(|account| is_account(account))
            .map(str::to_owned);
        let name = match kind {
            Kind::Root | Kind::CentralRoot => Some("root"),
            Kind::IamUser => identity.user.or_else(|| resource.rsplit('/').next()),
            Kind::Role | Kind::SsoUser => role,
            Kind::Service => identity.invoked_by.or(text(top.source)),
            Kind::FederatedUser => resource.strip_prefix("federated-user/").or(identity.user),
            Kind::IdentityCenterUser => identity.on_behalf_of.or(identity.user),
            Kind::OtherAccount => identity.account.or(identity.principal),
            Kind::WebIdentity | Kind::SamlUser | Kind::Unknown => identity.user.or(identity.principal),
        }
        .unwrap_or_default()
        .to_owned();
        let principal = match kind {
            Kind::Role | Kind::SsoUser => issuer_arn.map(str::to_owned).or_else(|| role_arn(arn, role?)),
            // Whoever asks for a federation token chooses the name in its ARN; the user behind it stays the same.
            Kind::FederatedUser => issuer_arn.or(Some(arn).filter(|arn| !arn.is_empty())).map(str::to_owned),
            Kind::Service => Some(name.clone()),
            Kind::OtherAccount => account.as_ref().map(|account| format!("arn:aws:iam::{account}:root")),
            _ if arn.is_empty() => None,
            _ => Some(arn.to_owned()),
        }
        .or_else(|| identity.principal.map(|id| id.split(':').next().unwrap_or(id).to_owned()))
        .unwrap_or_else(|| name.clone());

        Self {
            human: human(kind, session.as_deref(), &identity),
            mfa: mfa(identity.mfa, top),
            principal_id: identity.principal.map(str::to_owned),
            kind,
            name,
            principal,
            account,
            session,
            access_key,
            invoked_by,
        }
    }

    /// Whether this is root, with its own credentials or through central root access.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self.kind, Kind::Root | Kind::CentralRoot)
    }

    /// Whether an AWS service acted, on its own behalf or for somebody.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.kind == Kind::Service || self.invoked_by.is_some()
    }

    /// Whether a service acts by itself, or with a role that only it can assume: nobody else decided it.
    #[must_use]
    pub fn is_service_by_itself(&self) -> bool {
        self.kind == Kind::Service || self.is_service_linked_role()
    }

    /// Whether no service made the call, neither by itself nor for somebody.
    #[must_use]
    pub fn is_in_person(&self) -> bool {
        !self.is_service() && !self.is_service_linked_role()
    }

    /// Whether `CloudFormation` made the call for somebody: their deployment. Nobody else can write its name there.
    #[must_use]
    pub fn is_deployment(&self) -> bool {
        self.invoked_by.as_deref() == Some("cloudformation.amazonaws.com")
    }

    /// Whether the record hides the name, as `CloudTrail` does for a sign-in as a user that does not exist: people type
    /// passwords there.
    #[must_use]
    pub fn is_nameless(&self) -> bool {
        self.name.is_empty() || self.name == "HIDDEN_DUE_TO_SECURITY_REASONS"
    }

    /// Whether a long-term access key signed the call.
    #[must_use]
    pub fn long_term_key(&self) -> bool {
        self.access_key.as_deref().is_some_and(|key| key.starts_with("AKIA"))
    }

    /// Whether the session belongs to an EC2 instance: the instance metadata service names it after the instance.
    #[must_use]
    pub fn is_instance(&self) -> bool {
        let session = self.session.as_deref().or_else(|| self.principal_id.as_deref()?.split_once(':').map(|(_, s)| s));
        session
            .and_then(|session| session.strip_prefix("i-"))
            .is_some_and(|id| (id.len() == 8 || id.len() == 17) && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// Whether nothing shows a person behind it: a role's session that names none and was opened without MFA.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.kind == Kind::Role && self.human.is_none() && self.mfa != Some(true)
    }

    /// Whether this is an AWS service with its own role in the account. IAM lets nobody else have a role under that path.
    #[must_use]
    pub fn is_service_linked_role(&self) -> bool {
        let path = || arn::resource(&self.principal).unwrap_or_default();
        self.kind == Kind::Role && path().starts_with("role/aws-service-role/")
    }

    /// Whether a policy that names this principal means the actor, itself or its session.
    #[must_use]
    pub fn is_named_by(&self, principal: &str) -> bool {
        let of_session = || {
            let (_, rest) = principal.split_once(":assumed-role/")?;
            rest.split('/').next().filter(|role| self.is_role(role))
        };
        !self.principal.is_empty() && (principal == self.principal || of_session().is_some())
    }

    /// Whether this is the role of that name.
    #[must_use]
    pub fn is_role(&self, name: &str) -> bool {
        matches!(self.kind, Kind::Role | Kind::SsoUser) && self.name == name
    }

    /// Whether this is the IAM user of that name. IAM takes it in any case, and records repeat it as it was given.
    #[must_use]
    pub fn is_user(&self, name: &str) -> bool {
        self.kind == Kind::IamUser && self.name.eq_ignore_ascii_case(name)
    }
}

/// Whether `text` has the form of an account id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `assumed-role/ROLE/SESSION`. A session name cannot hold a slash, and the role has lost its path here.
fn assumed_role(resource: &str) -> Option<(&str, &str)> {
    resource.strip_prefix("assumed-role/")?.split_once('/')
}

/// The role's ARN as far as an assumed-role ARN tells it: without its path.
fn role_arn(session_arn: &str, role: &str) -> Option<String> {
    let mut parts = session_arn.splitn(6, ':');
    let partition = parts.nth(1)?;
    let account = parts.nth(2)?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// In a member account a central root session is of type Root with a temporary key, opened outside the console, without
/// MFA and used by no service. `assumedRoot` says so where it is present.
fn central_root(identity: &Identity<'_>, invoked_by: Option<&str>, top: &Top<'_>) -> bool {
    let temporary = identity.access_key.is_some_and(|key| key.starts_with("ASIA"));
    let console = super::origin::from_console(top);
    let mfa = identity.mfa == Some("true");
    let said = identity.assumed_root == Some("true");
    invoked_by.is_none() && temporary && (said || !console && !mfa)
}

fn mfa(session: Option<&str>, top: &Top<'_>) -> Option<bool> {
    let sign_in = || text(top.additional?.get("MFAUsed"));
    session.map(|mfa| mfa == "true").or_else(|| sign_in().map(|mfa| mfa.eq_ignore_ascii_case("yes")))
}

fn human(kind: Kind, session: Option<&str>, identity: &Identity<'_>) -> Option<Human> {
    let told = |name: &str, told_by| Some(Human { name: name.to_owned(), told_by });
    if let Some(name) = identity.source_name {
        return told(name, ToldBy::SourceIdentity);
    }
    match (kind, session) {
        (Kind::SsoUser, Some(name)) => return told(name, ToldBy::IdentityCenter),
        (Kind::IdentityCenterUser, _) => return None,
        _ => {}
    }
    if let Some(id) = identity.on_behalf_of {
        return told(id, ToldBy::OnBehalfOf);
    }
    // Tools name their sessions after themselves; only what looks like an address is worth calling a person.
    session.filter(|name| name.contains('@')).and_then(|name| told(name, ToldBy::SessionName))
}
