//! A resource opened to others: what the detections of it share. Who was let in, to what, to do what.

use std::fmt;

use serde_json::{Value, json};

use crate::arn;
use crate::config::Config;
use crate::detect::Context;
use crate::event::{Event, Target, is_account};
use crate::finding::{Finding, Severity};
use crate::policy::{Document, Illegal, Outsider, Permission, Whom};
use crate::undo;
use crate::watcher::Calls;

/// The calls that write the policy of a resource, or add to it.
pub(crate) static WRITES_A_POLICY: &[Calls] = &[
    Calls { source: "s3.amazonaws.com", names: &["PutBucketPolicy", "PutBucketAcl"] },
    Calls { source: "kms.amazonaws.com", names: &["CreateKey", "PutKeyPolicy", "ReplicateKey"] },
    Calls { source: "secretsmanager.amazonaws.com", names: &["PutResourcePolicy"] },
    Calls { source: "sns.amazonaws.com", names: &["SetTopicAttributes", "CreateTopic", "AddPermission"] },
    Calls { source: "sqs.amazonaws.com", names: &["SetQueueAttributes", "CreateQueue", "AddPermission"] },
    Calls { source: "lambda.amazonaws.com", names: &["AddPermission*", "AddLayerVersionPermission*"] },
    Calls { source: "ecr.amazonaws.com", names: &["SetRepositoryPolicy", "PutRegistryPolicy"] },
    Calls {
        source: "es.amazonaws.com",
        names: &["CreateDomain", "UpdateDomainConfig", "CreateElasticsearchDomain", "UpdateElasticsearchDomainConfig"],
    },
    Calls { source: "elasticfilesystem.amazonaws.com", names: &["PutFileSystemPolicy"] },
    Calls { source: "glacier.amazonaws.com", names: &["SetVaultAccessPolicy"] },
    Calls { source: "glue.amazonaws.com", names: &["PutResourcePolicy"] },
    Calls { source: "backup.amazonaws.com", names: &["PutBackupVaultAccessPolicy"] },
    Calls { source: "dynamodb.amazonaws.com", names: &["PutResourcePolicy"] },
    Calls { source: "kinesis.amazonaws.com", names: &["PutResourcePolicy"] },
    Calls { source: "events.amazonaws.com", names: &["PutPermission"] },
];

/// A policy that a call wrote, and the resource that it is for.
pub(crate) struct Opening {
    pub(crate) resource: Target,
    pub(crate) policy: Result<Document, Illegal>,
    /// Whether the call wrote it as such: of other calls it is put together here, and its statements have no numbers.
    pub(crate) is_a_document: bool,
}

impl Opening {
    /// What a call wrote; nothing where it wrote no policy.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        let text = |path: &str| event.request_value(path).filter(|value| !is_empty(value)).cloned();
        let service = event.source.split('.').next().unwrap_or_default();
        let (resource, policy) = match (service, event.call()) {
            ("s3", "PutBucketPolicy") => ("bucket", text("bucketPolicy")),
            ("s3", "PutBucketAcl") => ("bucket", acl(event)),
            ("kms", "CreateKey" | "PutKeyPolicy" | "ReplicateKey") => ("key", text("policy")),
            ("secretsmanager", "PutResourcePolicy") => ("secret", text("resourcePolicy")),
            ("sns", "SetTopicAttributes") if event.request("attributeName") == Some("Policy") => {
                ("topic", text("attributeValue"))
            }
            ("sns", "CreateTopic") => ("topic", text("attributes.Policy")),
            ("sns", "AddPermission") => ("topic", added(event, "sns")),
            ("sqs", "SetQueueAttributes" | "CreateQueue") => ("queue", text("attributes.Policy")),
            ("sqs", "AddPermission") => ("queue", added(event, "sqs")),
            ("lambda", "AddPermission") => ("function", permitted(event)),
            ("lambda", "AddLayerVersionPermission") => ("layer", permitted(event)),
            ("ecr", "SetRepositoryPolicy") => ("repository", text("policyText")),
            ("ecr", "PutRegistryPolicy") => ("registry", text("policyText")),
            ("es", _) => ("domain", text("accessPolicies")),
            ("elasticfilesystem", "PutFileSystemPolicy") => ("file system", text("policy")),
            ("glacier", "SetVaultAccessPolicy") => ("vault", text("policy.policy").or_else(|| text("policy"))),
            ("glue", "PutResourcePolicy") => ("catalog", text("policyInJson")),
            ("backup", "PutBackupVaultAccessPolicy") => ("backup vault", text("policy")),
            ("dynamodb", "PutResourcePolicy") => ("table", text("policy")),
            ("kinesis", "PutResourcePolicy") => ("stream", text("policy")),
            ("events", "PutPermission") => ("event bus", text("policy").or_else(|| permitted(event))),
            _ => return None,
        };
        let added = ["PutBucketAcl", "AddPermission", "AddLayerVersionPermission", "PutPermission"];
        let is_a_document = !added.contains(&event.call());
        Some(Self { resource: named(event, resource), policy: Document::from_value(&policy?), is_a_document })
    }

    /// Whether the resource had the same policy before: infrastructure code puts its policies again.
    pub(crate) fn is_unchanged(&self, context: &Context<'_>) -> bool {
        let before = context.facts.before.known().and_then(Option::as_ref);
        self.is_a_document
            && before.zip(self.policy.as_ref().ok()).is_some_and(|(before, now)| now.says_the_same_as(before))
    }

    /// Those whom it lets in that `wanted` asks for, the worst first, each with how bad it is.
    pub(crate) fn outsiders<'a>(
        &'a self,
        event: &Event,
        config: &Config,
        wanted: impl Fn(&Whom<'_>) -> bool,
    ) -> Vec<(Severity, Outsider<'a>)> {
        let Ok(document) = &self.policy else { return Vec::new() };
        let weighed = |outsider: Outsider<'a>| {
            let known =
                matches!(outsider.whom, Whom::Account { account, .. } if config.account_names.contains_key(account));
            (if known { Severity::Low } else { outsider.severity() }, outsider)
        };
        let outsiders = document.outsiders(&event.account).into_iter().filter(|outsider| wanted(&outsider.whom));
        let mut outsiders: Vec<(Severity, Outsider<'a>)> = outsiders.map(weighed).collect();
        outsiders.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        outsiders
    }

    /// Says of each outsider what it may do, and by which statement.
    pub(crate) fn told(&self, mut finding: Finding, outsiders: &[(Severity, Outsider<'_>)]) -> Finding {
        for (_, outsider) in outsiders.iter().take(4) {
            let Outsider { whom, uses, statement, .. } = outsider;
            let by = if self.is_a_document { format!(", by {statement}") } else { String::new() };
            let words = format!("{whom} may {} it{by}{}", uses.verbs, outsider.under());
            finding = finding.evidence("Lets in", words);
        }
        let more = outsiders.len().saturating_sub(4);
        let finding = finding.evidence_if("And", (more > 0).then(|| format!("{more} more")));
        match outsiders.first() {
            Some((_, worst)) => finding.evidence("Says", worst.statement.in_words()),
            None => finding,
        }
    }
}

/// The resource by its short name: what ARNs and URLs put before it says nothing to a reader.
fn named(event: &Event, kind: &str) -> Target {
    let keys: &[&str] = match kind {
        "bucket" => &["bucketName"],
        "key" => &["keyId"],
        "secret" => &["secretId"],
        "topic" => &["topicArn", "name"],
        "queue" => &["queueUrl", "queueName"],
        "function" => &["functionName"],
        "layer" => &["layerName"],
        "repository" => &["repositoryName"],
        "domain" => &["domainName"],
        "file system" => &["fileSystemId"],
        "vault" => &["vaultName"],
        "backup vault" => &["backupVaultName"],
        "table" => &["resourceArn"],
        "stream" => &["resourceARN"],
        "event bus" => &["eventBusName"],
        _ => &[],
    };
    let made = ["keyMetadata.arn", "keyMetadata.keyId", "topicArn"];
    let name =
        keys.iter().find_map(|key| event.request(key)).or_else(|| made.iter().find_map(|key| event.response(key)));
    match name {
        Some(name) => target(kind, name),
        None => Target { kind: kind.to_owned(), name: format!("of {}", event.account), arn: None },
    }
}

/// A resource by its name, ARN or URL.
pub(crate) fn target(kind: &str, name: &str) -> Target {
    let is_arn = name.starts_with("arn:");
    // Topics and queues have nothing but the name behind the account, others have their kind before it.
    let short = match arn::resource(name) {
        Some(rest) if is_arn => {
            let as_arns_say_it = kind.replace(' ', "-");
            rest.strip_prefix(&as_arns_say_it).and_then(|rest| rest.strip_prefix(['/', ':'])).unwrap_or(rest)
        }
        _ if name.starts_with("https://") => name.rsplit('/').next().unwrap_or(name),
        _ => name,
    };
    Target { kind: kind.to_owned(), name: short.to_owned(), arn: is_arn.then(|| name.to_owned()) }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// The texts of a list, or of one text.
pub(crate) fn texts<'a>(event: &'a Event, path: &str) -> Vec<&'a str> {
    match event.request_value(path) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) if !text.is_empty() => vec![text],
        _ => Vec::new(),
    }
}

/// What `AddPermission` of Amazon SNS and SQS adds: accounts and actions by their bare names.
fn added(event: &Event, service: &str) -> Option<Value> {
    let first = |paths: [&str; 3]| paths.iter().map(|path| texts(event, path)).find(|list| !list.is_empty());
    let accounts = first(["aWSAccountIds", "aWSAccountId", "awsAccountIds"])?;
    let actions = first(["actions", "actionNames", "actionName"])?;
    let actions: Vec<String> = actions.iter().map(|action| format!("{service}:{action}")).collect();
    Some(json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": actions, "Resource": "*"}}))
}

/// What `AddPermission` of AWS Lambda adds, and `PutPermission` of an event bus, whose only condition is the organization.
fn permitted(event: &Event) -> Option<Value> {
    let organization = ["principalOrgID", "organizationId", "condition.value"];
    let permission = Permission {
        principal: event.request("principal")?,
        action: event.request("action")?,
        resource: None,
        source_arn: event.request("sourceArn"),
        source_account: event.request("sourceAccount"),
        organization: organization.iter().find_map(|key| event.request(key)),
        url_auth: event.request("functionUrlAuthType"),
    };
    Some(permission.policy())
}

/// The access control list of a bucket as a policy: as much of it as lets somebody else in than its owner.
fn acl(event: &Event) -> Option<Value> {
    let mut grants = Vec::new();
    let owner = event.request("AccessControlPolicy.Owner.ID");
    collect_grants(event.record().get("requestParameters")?, &mut grants);
    let statements: Vec<Value> = grants
        .iter()
        .filter(|(grantee, _)| Some(grantee.as_str()) != owner)
        .filter_map(|(grantee, permission)| {
            let principal = match grantee.rsplit('/').next() {
                // Everybody who has an AWS account is everybody who cares to open one.
                Some("AllUsers" | "AuthenticatedUsers") => json!({"AWS": "*"}),
                Some(id) if id == grantee && !id.contains('@') => json!({"CanonicalUser": id}),
                _ => return None,
            };
            let actions: &[&str] = match permission.as_str() {
                "READ" => &["s3:ListBucket"],
                "WRITE" => &["s3:PutObject", "s3:DeleteObject"],
                "READ_ACP" => &["s3:GetBucketAcl"],
                "WRITE_ACP" => &["s3:PutBucketAcl"],
                "FULL_CONTROL" => &["s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:PutBucketAcl"],
                _ => return None,
            };
            Some(json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}))
        })
        .collect();
    Some(json!({"Statement": statements}))
}

/// Who is granted what, wherever it stands: as a canned list, as a header, or in the body.
fn collect_grants(value: &Value, grants: &mut Vec<(String, String)>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect_grants(value, grants)),
        Value::Object(map) => {
            if let (Some(grantee), Some(permission)) =
                (map.get("Grantee"), map.get("Permission").and_then(Value::as_str))
            {
                let who = ["URI", "ID", "EmailAddress"].iter().find_map(|key| grantee.get(key)?.as_str());
                grants.extend(who.map(|who| (who.to_owned(), permission.to_owned())));
            }
            for (key, value) in map {
                let said: Vec<&str> = match value {
                    Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                    one => one.as_str().into_iter().collect(),
                };
                match (key.strip_prefix("x-amz-grant-"), key.as_str()) {
                    (Some(permission), _) => {
                        let permission = permission.replace('-', "_").to_ascii_uppercase();
                        let grantees =
                            said.iter().flat_map(|text| text.split(',')).filter_map(|one| one.split_once('='));
                        grants.extend(grantees.map(|(_, who)| (who.trim_matches('"').to_owned(), permission.clone())));
                    }
                    (None, "x-amz-acl") => {
                        let canned: &[(&str, &str)] = match said.first().copied() {
                            Some("public-read") => &[("AllUsers", "READ")],
                            Some("public-read-write") => &[("AllUsers", "READ"), ("AllUsers", "WRITE")],
                            Some("authenticated-read") => &[("AuthenticatedUsers", "READ")],
                            _ => &[],
                        };
                        grants.extend(canned.iter().map(|(who, what)| ((*who).to_owned(), (*what).to_owned())));
                    }
                    _ => collect_grants(value, grants),
                }
            }
        }
        _ => {}
    }
}

/// Somebody to whom a copy of something was offered: a snapshot, an image, a document, a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipient<'a> {
    Everyone,
    Account(&'a str),
    /// An organization or a part of it, by its ARN.
    Organization(&'a str),
}

impl<'a> Recipient<'a> {
    /// Who an account id, an ARN or the word `all` is; nothing for the own account and for what is none of these.
    pub(crate) fn of(text: &'a str, own: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("all") {
            return Some(Self::Everyone);
        }
        if text.contains(":organizations:") {
            return Some(Self::Organization(text));
        }
        let account = if is_account(text) { text } else { arn::account(text)? };
        (is_account(account) && account != own).then_some(Self::Account(account))
    }

    /// As in "shared with account backup": by the account's name where it has one.
    pub(crate) fn named(self, config: &Config) -> String {
        match self {
            Self::Account(account) => format!("account {}", config.account_name(account)),
            other => other.to_string(),
        }
    }

    /// How bad it is: for everyone, for an account that nobody knows; else it is for the record.
    pub(crate) fn severity(self, config: &Config, everyone: Severity, stranger: Severity) -> Severity {
        match self {
            Self::Everyone => everyone,
            Self::Account(account) if !config.account_names.contains_key(account) => stranger,
            Self::Account(_) | Self::Organization(_) => Severity::Low,
        }
    }
}

impl fmt::Display for Recipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::Organization(arn) => {
                let kind = if arn.contains(":ou/") { "organizational unit" } else { "organization" };
                let id = arn.rsplit('/').next().unwrap_or(arn);
                write!(f, "{kind} {id}")
            }
        }
    }
}

/// The worst of the recipients, and all of them in words.
pub(crate) fn worst<'a>(
    recipients: &[Recipient<'a>],
    config: &Config,
    everyone: Severity,
    stranger: Severity,
) -> Option<(Severity, Recipient<'a>, String)> {
    let weighed = recipients.iter().map(|one| (one.severity(config, everyone, stranger), *one));
    let (severity, worst) = weighed.rev().max_by_key(|(severity, _)| *severity)?;
    let all: Vec<String> = recipients
        .iter()
        .take(10)
        .map(|one| match one {
            Recipient::Account(account) => config.account(account),
            other => other.to_string(),
        })
        .collect();
    Some((severity, worst, all.join(", ")))
}

/// The command that takes one added statement out again, where the call added just one.
pub(crate) fn remove_permission(event: &Event) -> Option<String> {
    match (event.source.as_str(), event.call()) {
        ("lambda.amazonaws.com", "AddPermission") if event.request("qualifier").is_none() => {
            undo::remove_function_permission(
                event.request("functionName")?,
                event.request("statementId")?,
                &event.region,
            )
        }
        ("sns.amazonaws.com", "AddPermission") => {
            undo::remove_topic_permission(event.request("topicArn")?, event.request("label")?, &event.region)
        }
        _ => None,
    }
}
