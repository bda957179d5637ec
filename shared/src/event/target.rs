//! What a call acted on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Event, Kind};

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
            .or_else(|| event.denial()?.resource.map(|arn| Self::from_arn(&arn)))
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
        let (value, kind) = event
            .response("accessKey.userName")
            .map(|name| (name, "user"))
            .or_else(|| NAMED_BY.iter().find_map(|(key, kind)| Some((event.request(key)?, *kind))))?;
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

    /// What an ARN names: the resource type before the first `/` or `:`, the name after the last. A user's ARN carries
    /// its path: `user/eng/bob` is the user `bob`.
    #[must_use]
    pub fn from_arn(arn: &str) -> Self {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
        let (kind, name) = resource.split_once(['/', ':']).unwrap_or(("resource", resource));
        let name = if matches!(kind, "user" | "role" | "group" | "policy") {
            name.rsplit('/').next().unwrap_or(name)
        } else {
            name
        };
        Self { kind: kind.to_owned(), name: name.to_owned(), arn: Some(arn.to_owned()) }
    }
}
