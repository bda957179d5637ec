//! What a call acted on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Event, Kind, text};
use crate::arn;

/// What a call acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it is: `user`, `role`, `trail`, …
    pub kind: String,
    /// Its name within the account. The caller's words.
    pub name: String,
    /// Its ARN, where the record has it.
    pub arn: Option<String>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Which request parameter names which kind of thing, the more telling first: a call that names a user and a policy
/// acts on the user.
const NAMED_BY: [(&str, &str); 31] = [
    ("userName", "user"),
    ("roleName", "role"),
    ("groupName", "group"),
    ("instanceProfileName", "instance profile"),
    ("policyArn", "policy"),
    ("policyName", "policy"),
    ("sAMLProviderArn", "SAML provider"),
    ("openIDConnectProviderArn", "OIDC provider"),
    ("serialNumber", "MFA device"),
    ("virtualMFADeviceName", "MFA device"),
    ("targetPrincipal", "account"),
    ("roleArn", "role"),
    ("trailName", "trail"),
    ("eventDataStore", "event data store"),
    ("detectorId", "detector"),
    ("functionName", "function"),
    ("stackName", "stack"),
    ("topicArn", "topic"),
    ("queueUrl", "queue"),
    ("tableName", "table"),
    ("eventBusName", "event bus"),
    ("rule", "rule"),
    ("logGroupName", "log group"),
    ("analyzerName", "analyzer"),
    ("configurationRecorderName", "recorder"),
    ("bucketName", "bucket"),
    ("keyId", "key"),
    ("secretId", "secret"),
    ("instanceId", "instance"),
    ("accessKeyId", "access key"),
    ("name", "resource"),
];

impl Target {
    pub(super) fn of(event: &Event) -> Self {
        Self::named_by_call(event)
            .or_else(|| Self::self_service(event))
            .or_else(|| event.denial()?.resource.map(|resource| Self::refused(&resource)))
            .unwrap_or_else(|| Self::account(&event.account))
    }

    /// An account as a whole.
    #[must_use]
    pub fn account(id: &str) -> Self {
        Self { kind: "account".to_owned(), name: id.to_owned(), arn: None }
    }

    /// The IAM user of that name.
    #[must_use]
    pub fn user(name: &str) -> Self {
        Self { kind: "user".to_owned(), name: name.to_owned(), arn: None }
    }

    fn named_by_call(event: &Event) -> Option<Self> {
        let (value, kind) = event.response("accessKey.userName").map(|name| (name, "user")).or_else(|| {
            let named = event.record().get("requestParameters")?.as_object().filter(|named| !named.is_empty())?;
            NAMED_BY.iter().find_map(|(key, kind)| Some((text(named.get(*key))?, *kind)))
        })?;
        let kind = match (event.source.as_str(), kind) {
            ("cloudtrail.amazonaws.com", "resource") => "trail",
            ("events.amazonaws.com", "resource") => "rule",
            (_, kind) => kind,
        };
        if !value.starts_with("arn:") {
            return Some(Self { kind: kind.to_owned(), name: value.to_owned(), arn: None });
        }
        Some(Self { kind: kind.to_owned(), ..Self::from_arn(value) })
    }

    /// IAM lets a user leave out its own name: the parameters are null then, and the target is the actor. The same call
    /// by root acts on root.
    fn self_service(event: &Event) -> Option<Self> {
        let own_credentials =
            ["CreateAccessKey", "CreateLoginProfile", "ChangePassword", "DeleteAccessKey", "UpdateAccessKey"];
        if !event.is("iam.amazonaws.com", &own_credentials) || event.error_code.is_some() {
            return None;
        }
        let actor = &event.actor;
        let kind = match actor.kind {
            Kind::Root | Kind::CentralRoot | Kind::IamUser => "user",
            _ => return None,
        };
        Some(Self { kind: kind.to_owned(), name: actor.name.clone(), arn: Some(actor.principal.clone()) })
    }

    /// What a refusal names: an ARN, or IAM's `user bob`.
    fn refused(resource: &str) -> Self {
        match resource.split_once(' ') {
            Some((kind, name)) => Self { kind: kind.to_owned(), name: name.to_owned(), arn: None },
            None => Self::from_arn(resource),
        }
    }

    /// What an ARN names: the resource type before the first `/` or `:`, the name after the last. A user's ARN carries
    /// its path: `user/eng/bob` is the user `bob`. A permission set's carries its instance.
    #[must_use]
    pub fn from_arn(arn: &str) -> Self {
        let resource = arn::resource(arn).unwrap_or(arn);
        let (kind, name) = resource.split_once(['/', ':']).unwrap_or(("resource", resource));
        let name = if matches!(kind, "user" | "role" | "group" | "policy" | "permissionSet") {
            name.rsplit('/').next().unwrap_or(name)
        } else {
            name
        };
        let kind = if kind == "permissionSet" { "permission set" } else { kind };
        Self { kind: kind.to_owned(), name: name.to_owned(), arn: Some(arn.to_owned()) }
    }
}

/// Whose credentials a call of IAM changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The account's root user.
    Root,
    /// The IAM user that makes the call.
    Caller(&'a str),
    /// An IAM user other than the caller.
    Other(&'a str),
}

/// How IAM's console names root where a user name is asked for.
const ROOT_USER: &str = "AWS ROOT USER";

impl<'a> Owner<'a> {
    /// A call that names nobody changes the caller's own credentials: the user's, or root's.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        let actor = &event.actor;
        let named = event.request("userName").filter(|name| *name != ROOT_USER);
        if actor.is_root() {
            return Some(named.map_or(Self::Root, Self::Other));
        }
        match named.or_else(|| event.response("accessKey.userName")) {
            Some(name) if actor.is_user(name) => Some(Self::Caller(name)),
            Some(name) => Some(Self::Other(name)),
            None => (actor.kind == Kind::IamUser).then_some(Self::Caller(&actor.name)),
        }
    }

    /// The user's name, if it is no root.
    #[must_use]
    pub fn user(self) -> Option<&'a str> {
        match self {
            Self::Root => None,
            Self::Caller(name) | Self::Other(name) => Some(name),
        }
    }
}

impl Owner<'_> {
    /// The owner as what the call acted on: the user, or for root the account.
    #[must_use]
    pub fn target(self, event: &Event) -> Target {
        self.user().map_or_else(|| Target::account(&event.account), Target::user)
    }
}

/// As in "access key … of user bob".
impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::Caller(name) | Self::Other(name) => write!(f, "user {name}"),
        }
    }
}
