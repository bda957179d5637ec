//! Quarantine's IAM, its records, and the queue by which they are looked at again.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iam::error::SdkError;
use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::operation::get_user::GetUserError;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::StatusType;
use futures_util::future::{join, join3};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::serve::now;
use super::{CONDITION_FAILED, OnDemand, because, text};
use crate::quarantine::{
    Answer, Budget, Credential, CredentialKind, DISARMED, Facts, Fault, Iam, KeyFacts, Later, Moved, Record, Records,
    SESSIONS_ENDED, Step, ended_before, rewritten,
};
use crate::undo;

/// How long a record is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The one item that holds the budget.
const BUDGET: &str = "budget#users";
/// IAM's word for what is not there.
const NO_SUCH_ENTITY: &str = "NoSuchEntity";
/// IAM's word for what its caller may not do.
const ACCESS_DENIED: &str = "AccessDenied";
/// IAM's word for one too many, as the eleventh policy of a user.
const LIMIT_EXCEEDED: &str = "LimitExceeded";

const NOBODY_MAY: &str = "ending sessions of roles is not switched on";

/// IAM as quarantine uses it.
#[derive(Debug, Clone)]
pub struct AwsIam {
    pub users: OnDemand<aws_sdk_iam::Client>,
    /// Our deny policy, of which it is told whether it says what it must.
    pub deny: Option<String>,
    /// With the rights of the role that may end sessions of roles, if that is switched on.
    pub roles: Option<OnDemand<aws_sdk_iam::Client>>,
}

/// Records and budget in the stack's table.
#[derive(Debug, Clone)]
pub struct DynamoRecords {
    pub client: OnDemand<aws_sdk_dynamodb::Client>,
    pub table: String,
}

/// The queue whose messages wait until a record is to be looked at again.
#[derive(Debug, Clone)]
pub struct RecordsQueue {
    pub client: OnDemand<aws_sdk_sqs::Client>,
    pub url: String,
}

impl Later for RecordsQueue {
    async fn look_again(&self, record: &str, after: SignedDuration) -> Result<(), String> {
        let message = json!({"record": record}).to_string();
        let delay = i32::try_from(after.as_secs()).unwrap_or(0);
        let put =
            self.client.send_message().queue_url(&self.url).message_body(message).delay_seconds(delay).send().await;
        put.map(drop).map_err(|error| format!("the record is not looked at again: {}", because(&error)))
    }
}

impl Iam for AwsIam {
    async fn facts(&self, user: &str) -> Result<Option<Facts>, String> {
        let alone = join(self.user(user), self.password(user));
        let keys = self.keys(user);
        let others = join3(self.service_specific(user), self.ssh_keys(user), self.certificates(user));
        let disarmed = async {
            match &self.deny {
                Some(policy) => self.disarmed(policy).await,
                None => Ok(None),
            }
        };
        let policies = join(self.attached(user), disarmed);
        let ((alone, password), (keys, ((attached, disarmed), others))) =
            Box::pin(join(alone, join(keys, join(policies, others)))).await;
        // Whoever is deleted between two of these answers is found to be gone by the next look.
        let Some((arn, id, boundary)) = alone? else { return Ok(None) };
        let others = [others.0?, others.1?, others.2?].concat();
        let (password, keys, attached, disarmed) = (password?, keys?, attached?, disarmed?);
        let id = Some(id);
        Ok(Some(Facts { arn, id, keys, others, password, attached, boundary, disarmed, ..Facts::default() }))
    }

    async fn role(&self, role: &str) -> Result<Option<Facts>, String> {
        // Not "gone": of a role that nobody can ask for nothing is known.
        let Some(iam) = &self.roles else { return Err(NOBODY_MAY.to_owned()) };
        let arn = match iam.get_role().role_name(role).send().await {
            Ok(answer) => answer.role().map(|role| role.arn().to_owned()).unwrap_or_default(),
            Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(None),
            Err(error) => return Err(format!("`iam:GetRole` of {role} failed: {}", because(&error))),
        };
        let policy = match iam.get_role_policy().role_name(role).policy_name(SESSIONS_ENDED).send().await {
            Ok(answer) => Some(answer.policy_document().to_owned()),
            Err(error) if error.code() == Some(NO_SUCH_ENTITY) => None,
            Err(error) => return Err(format!("`iam:GetRolePolicy` of {role} failed: {}", because(&error))),
        };
        let ended = policy.as_deref().and_then(ended_before);
        Ok(Some(Facts { arn, revoked: policy.is_some(), ended, ..Facts::default() }))
    }

    async fn named(&self, id: &str) -> Result<Option<String>, String> {
        let mut pages = self.users.list_users().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("`iam:ListUsers` failed: {}", because(&error)))?;
            if let Some(user) = page.users().iter().find(|user| user.user_id() == id) {
                return Ok(Some(user.user_name().to_owned()));
            }
        }
        Ok(None)
    }

    async fn holder(&self, key: &str) -> Result<Option<String>, String> {
        match self.users.get_access_key_last_used().access_key_id(key).send().await {
            Ok(answer) => Ok(answer.user_name().filter(|name| !name.is_empty()).map(str::to_owned)),
            // Of a key that no user of the account holds IAM says that nobody may ask for it.
            Err(error) if matches!(error.code(), Some(NO_SUCH_ENTITY | ACCESS_DENIED)) => Ok(None),
            Err(error) => Err(format!("`iam:GetAccessKeyLastUsed` of {key} failed: {}", because(&error))),
        }
    }

    async fn disarmed(&self, policy: &str) -> Result<Option<String>, String> {
        let untrusted = |call: &str, code: Option<&str>, why: String| match code {
            Some(NO_SUCH_ENTITY) => Ok(Some(format!("{DISARMED} is gone"))),
            Some(ACCESS_DENIED) => Ok(Some(format!("{DISARMED} was not read: {why}"))),
            _ => Err(format!("`iam:{call}` of {policy} failed: {why}")),
        };
        let version = match self.users.get_policy().policy_arn(policy).send().await {
            Ok(answer) => answer.policy().and_then(|policy| policy.default_version_id()).map(str::to_owned),
            Err(error) => return untrusted("GetPolicy", error.code(), because(&error)),
        };
        let get = self.users.get_policy_version().policy_arn(policy).set_version_id(version);
        match get.send().await {
            Ok(answer) => {
                let said = answer.policy_version().and_then(|version| version.document()).unwrap_or_default();
                Ok(rewritten(said))
            }
            Err(error) => untrusted("GetPolicyVersion", error.code(), because(&error)),
        }
    }

    async fn apply(&self, step: &Step) -> Answer {
        let iam = &self.users;
        match step {
            Step::DenyUser { user, policy } => answer(
                "AttachUserPolicy",
                user,
                iam.attach_user_policy().user_name(user).policy_arn(policy).send().await,
            ),
            Step::BindUser { user, policy, .. } => self.bind(user, policy).await,
            Step::EndSessions { role } => {
                let Some(iam) = &self.roles else { return nobody_may() };
                let document = undo::sessions_ended(&now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                let put = iam.put_role_policy().role_name(role).policy_name(SESSIONS_ENDED).policy_document(document);
                answer("PutRolePolicy", role, put.send().await)
            }
            Step::DisableAccessKey { .. } | Step::DisableCredential { .. } => {
                self.set(step, StatusType::Inactive).await
            }
        }
    }

    async fn revert(&self, step: &Step) -> Answer {
        let iam = &self.users;
        match step {
            Step::DenyUser { user, policy } => answer(
                "DetachUserPolicy",
                user,
                iam.detach_user_policy().user_name(user).policy_arn(policy).send().await,
            ),
            Step::BindUser { user, was: Some(was), .. } => self.bind(user, was).await,
            Step::EndSessions { role } => {
                let Some(iam) = &self.roles else { return nobody_may() };
                let deleted = iam.delete_role_policy().role_name(role).policy_name(SESSIONS_ENDED).send().await;
                answer("DeleteRolePolicy", role, deleted)
            }
            Step::BindUser { user, was: None, .. } => {
                let freed = iam.delete_user_permissions_boundary().user_name(user).send().await;
                answer("DeleteUserPermissionsBoundary", user, freed)
            }
            Step::DisableAccessKey { .. } | Step::DisableCredential { .. } => self.set(step, StatusType::Active).await,
        }
    }

    fn now(&self) -> Timestamp {
        now()
    }
}

/// All pages of a list of IAM, as what the reader wants of them.
macro_rules! listed {
    ($call:expr, $named:literal, $user:expr, $items:ident, $read:expr) => {{
        let mut found = Vec::new();
        let mut pages = $call.user_name($user).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("`iam:{}` of {} failed: {}", $named, $user, because(&error)))?;
            found.extend(page.$items().iter().map($read));
        }
        Ok(found)
    }};
}

impl AwsIam {
    async fn user(&self, user: &str) -> Result<Option<(String, String, Option<String>)>, String> {
        match self.users.get_user().user_name(user).send().await {
            Ok(answer) => Ok(answer.user().map(|user| {
                let boundary = user.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
                (user.arn().to_owned(), user.user_id().to_owned(), boundary.map(str::to_owned))
            })),
            Err(error) if matches!(error.as_service_error(), Some(GetUserError::NoSuchEntityException(_))) => Ok(None),
            Err(error) => Err(format!("`iam:GetUser` of {user} failed: {}", because(&error))),
        }
    }

    async fn password(&self, user: &str) -> Result<Option<Timestamp>, String> {
        match self.users.get_login_profile().user_name(user).send().await {
            Ok(answer) => Ok(answer.login_profile().and_then(|profile| timestamp(profile.create_date()))),
            Err(error) if error.code() == Some(NO_SUCH_ENTITY) => Ok(None),
            Err(error) => Err(format!("`iam:GetLoginProfile` of {user} failed: {}", because(&error))),
        }
    }

    async fn keys(&self, user: &str) -> Result<Vec<KeyFacts>, String> {
        listed!(self.users.list_access_keys(), "ListAccessKeys", user, access_key_metadata, |key| KeyFacts {
            id: key.access_key_id().unwrap_or_default().to_owned(),
            active: key.status() == Some(&StatusType::Active),
            created: key.create_date().and_then(timestamp),
        })
    }

    async fn attached(&self, user: &str) -> Result<Vec<String>, String> {
        listed!(
            self.users.list_attached_user_policies(),
            "ListAttachedUserPolicies",
            user,
            attached_policies,
            |policy| { policy.policy_arn().unwrap_or_default().to_owned() }
        )
    }

    async fn ssh_keys(&self, user: &str) -> Result<Vec<Credential>, String> {
        listed!(self.users.list_ssh_public_keys(), "ListSSHPublicKeys", user, ssh_public_keys, |key| Credential {
            kind: CredentialKind::SshKey,
            id: key.ssh_public_key_id().to_owned(),
            active: *key.status() == StatusType::Active,
            created: timestamp(key.upload_date()),
        })
    }

    async fn certificates(&self, user: &str) -> Result<Vec<Credential>, String> {
        listed!(self.users.list_signing_certificates(), "ListSigningCertificates", user, certificates, |one| {
            Credential {
                kind: CredentialKind::SigningCertificate,
                id: one.certificate_id().to_owned(),
                active: *one.status() == StatusType::Active,
                created: one.upload_date().and_then(timestamp),
            }
        })
    }

    async fn service_specific(&self, user: &str) -> Result<Vec<Credential>, String> {
        let (mut found, mut marker) = (Vec::new(), None);
        loop {
            let ask = self.users.list_service_specific_credentials().user_name(user).set_marker(marker).send().await;
            let page = ask.map_err(|error| {
                format!("`iam:ListServiceSpecificCredentials` of {user} failed: {}", because(&error))
            })?;
            found.extend(page.service_specific_credentials().iter().map(|one| Credential {
                kind: CredentialKind::ServiceSpecific,
                id: one.service_specific_credential_id().to_owned(),
                active: *one.status() == StatusType::Active,
                created: timestamp(one.create_date()),
            }));
            marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
            if marker.is_none() {
                return Ok(found);
            }
        }
    }

    async fn bind(&self, user: &str, policy: &str) -> Answer {
        let bound =
            self.users.put_user_permissions_boundary().user_name(user).permissions_boundary(policy).send().await;
        answer("PutUserPermissionsBoundary", user, bound)
    }

    async fn set(&self, step: &Step, status: StatusType) -> Answer {
        let iam = &self.users;
        match step {
            Step::DisableAccessKey { user, key } => {
                let set = iam.update_access_key().user_name(user).access_key_id(key).status(status).send().await;
                answer("UpdateAccessKey", key, set)
            }
            Step::DisableCredential { user, kind: CredentialKind::ServiceSpecific, id } => {
                let set = iam.update_service_specific_credential().user_name(user).service_specific_credential_id(id);
                answer("UpdateServiceSpecificCredential", id, set.status(status).send().await)
            }
            Step::DisableCredential { user, kind: CredentialKind::SshKey, id } => {
                let set = iam.update_ssh_public_key().user_name(user).ssh_public_key_id(id).status(status).send().await;
                answer("UpdateSSHPublicKey", id, set)
            }
            Step::DisableCredential { user, kind: CredentialKind::SigningCertificate, id } => {
                let set =
                    iam.update_signing_certificate().user_name(user).certificate_id(id).status(status).send().await;
                answer("UpdateSigningCertificate", id, set)
            }
            // These have no status.
            Step::DenyUser { .. } | Step::BindUser { .. } | Step::EndSessions { .. } => {
                Answer { request: None, result: Err(Fault::Other("it has no status".to_owned())) }
            }
        }
    }
}

fn timestamp(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(at.secs()).ok()
}

fn nobody_may() -> Answer {
    Answer { request: None, result: Err(Fault::Other(NOBODY_MAY.to_owned())) }
}

/// How a call ended: what IAM answers is of no interest, but for its request id.
fn answer<T: RequestId, E, R>(call: &str, of: &str, answered: Result<T, SdkError<E, R>>) -> Answer
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
    SdkError<E, R>: RequestId,
{
    match answered {
        Ok(done) => Answer { request: done.request_id().map(str::to_owned), result: Ok(()) },
        Err(error) => {
            let said = format!("`iam:{call}` of {of} failed: {}", because(&error));
            let limit = error.code() == Some(LIMIT_EXCEEDED);
            let fault = if limit { Fault::LimitExceeded(said) } else { Fault::Other(said) };
            Answer { request: error.request_id().map(str::to_owned), result: Err(fault) }
        }
    }
}

impl Records for DynamoRecords {
    async fn get(&self, id: &str) -> Result<Option<Record>, String> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(record_key(id))).consistent_read(true);
        let answer = read.send().await.map_err(|error| format!("the record was not read: {}", because(&error)))?;
        answer.item().map(readable).transpose()
    }

    async fn open(&self, record: &Record) -> Result<Moved, String> {
        let put = self.put(record)?.condition_expression("attribute_not_exists(pk)");
        moved(put.send().await)
    }

    async fn save(&self, record: &mut Record) -> Result<Moved, String> {
        let was = record.rev;
        record.rev += 1;
        let put = self
            .put(record)?
            .condition_expression("rev = :was")
            .expression_attribute_values(":was", AttributeValue::N(was.to_string()));
        moved(put.send().await)
    }

    async fn open_of(&self, user: &str) -> Result<Vec<String>, String> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(open_key(user))).consistent_read(true);
        let answer =
            read.send().await.map_err(|error| format!("the open records were not read: {}", because(&error)))?;
        let records = answer.item().and_then(|item| item.get("records")).and_then(|records| records.as_ss().ok());
        Ok(records.cloned().unwrap_or_default())
    }

    async fn remember(&self, user: &str, record: &str) -> Result<(), String> {
        self.note(user, record, "ADD records :record").await
    }

    async fn forget(&self, user: &str, record: &str) -> Result<(), String> {
        self.note(user, record, "DELETE records :record").await
    }

    async fn budget(&self) -> Result<(Budget, u64), String> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(BUDGET)).consistent_read(true);
        let answer = read.send().await.map_err(|error| format!("the budget was not read: {}", because(&error)))?;
        let Some(item) = answer.item() else { return Ok((Budget::default(), 0)) };
        let budget = item.get("budget").and_then(|json| serde_json::from_str(json.as_s().ok()?).ok());
        let version = item.get("version").and_then(|version| version.as_n().ok()?.parse().ok());
        budget
            .zip(version)
            .ok_or_else(|| format!("the item `{BUDGET}` in the table cannot be read; delete it to start anew"))
    }

    async fn put_budget(&self, budget: &Budget, version: u64) -> Result<Moved, String> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(BUDGET))
            .item("budget", text(serde_json::to_string(budget).map_err(|error| error.to_string())?))
            .item("version", AttributeValue::N((version + 1).to_string()))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        moved(put.send().await)
    }
}

impl DynamoRecords {
    /// All records, the latest first. For a person: it reads the whole table.
    pub async fn list(&self) -> Result<Vec<Record>, String> {
        let mut records: Vec<Record> = Vec::new();
        let scan = self.client.scan().table_name(&self.table).filter_expression("begins_with(pk, :record)");
        let mut pages = scan.expression_attribute_values(":record", text("record#")).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("the records were not read: {}", because(&error)))?;
            for item in page.items() {
                records.push(readable(item)?);
            }
        }
        records.sort_by(|a, b| (b.received, &b.id).cmp(&(a.received, &a.id)));
        Ok(records)
    }

    async fn note(&self, user: &str, record: &str, change: &str) -> Result<(), String> {
        let expires = (now() + KEPT).as_second().to_string();
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(open_key(user)))
            .update_expression(format!("{change} SET expires = :expires"))
            .expression_attribute_values(":record", AttributeValue::Ss(vec![record.to_owned()]))
            .expression_attribute_values(":expires", AttributeValue::N(expires))
            .send()
            .await;
        noted.map(drop).map_err(|error| format!("the open record was not noted: {}", because(&error)))
    }

    fn put(
        &self,
        record: &Record,
    ) -> Result<aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder, String> {
        let json = serde_json::to_string(record).map_err(|error| error.to_string())?;
        let expires = (record.received + KEPT).as_second().to_string();
        Ok(self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(record_key(&record.id)))
            .item("record", text(json))
            .item("state", text(record.state.to_string()))
            .item("rev", AttributeValue::N(record.rev.to_string()))
            .item("at", text(record.at.to_string()))
            .item("expires", AttributeValue::N(expires)))
    }
}

/// IAM has no two names that differ in case alone, and events write them as whoever called did.
fn open_key(user: &str) -> String {
    format!("open#{}", user.to_ascii_lowercase())
}

fn record_key(id: &str) -> String {
    format!("record#{id}")
}

fn readable(item: &std::collections::HashMap<String, AttributeValue>) -> Result<Record, String> {
    let json = item.get("record").and_then(|json| json.as_s().ok()).ok_or("a record in the table has no `record`")?;
    serde_json::from_str(json).map_err(|error| format!("a record in the table cannot be read: {error}"))
}

fn moved<T, E, R>(written: Result<T, SdkError<E, R>>) -> Result<Moved, String>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    match written {
        Ok(_) => Ok(Moved::Yes),
        Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(Moved::No),
        Err(error) => Err(format!("the table was not written: {}", because(&error))),
    }
}
