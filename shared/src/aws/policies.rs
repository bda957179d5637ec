//! IAM as it is read: documents of policies, and what principals hold.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyVersion;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::{OnDemand, because};
use crate::facts::{Fact, Held, Holder, HolderKind, Holdings, Policies};
use crate::policy::Document;

/// IAM, asked for what the event does not hold.
#[derive(Debug, Clone)]
pub struct IamPolicies(pub OnDemand<Client>);

/// How long one question may take: the alert does not wait longer for what would only make it better.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long all questions about one event may take: there must be time left to tell people, and to be tried again.
const ALL_PATIENCE: Duration = Duration::from_secs(8);
/// How many policies of each kind are read of one principal: IAM's own quotas are 20 managed policies and some inline ones.
const MOST: usize = 40;

impl Policies for IamPolicies {
    async fn managed(&self, arn: &str, version: Option<&str>) -> Fact<Document> {
        patiently(async {
            match version {
                Some(version) => self.version(arn, version).await,
                None => self.in_force(arn).await,
            }
        })
        .await
    }

    async fn only_other(&self, arn: &str, version: &str) -> Fact<Option<(String, Document)>> {
        patiently(async {
            let versions = self.0.list_policy_versions().policy_arn(arn).send().await;
            let versions = versions.map_err(|error| failed("ListPolicyVersions", arn, &error))?;
            let others: Vec<&str> =
                versions.versions().iter().filter_map(PolicyVersion::version_id).filter(|id| *id != version).collect();
            match others.as_slice() {
                [] => Ok(None),
                [other] => self.version(arn, other).await.map(|document| Some(((*other).to_owned(), document))),
                _ => Err("which of its other versions was in force, IAM does not say".to_owned()),
            }
        })
        .await
    }

    async fn in_time<T>(&self, gathered: impl Future<Output = T>) -> Option<T> {
        timeout(ALL_PATIENCE, Box::pin(gathered)).await.ok()
    }

    async fn holdings(&self, holder: &Holder) -> Fact<Holdings> {
        patiently(async {
            let mut holdings = Holdings::default();
            self.own(holder, "", &mut holdings).await?;
            if holder.kind == HolderKind::User {
                let groups = self.0.list_groups_for_user().user_name(&holder.name).send().await;
                match groups {
                    Ok(groups) => {
                        holdings.groups = groups.groups().iter().map(|group| group.group_name().to_owned()).collect();
                    }
                    Err(error) => holdings.unseen.push(failed("ListGroupsForUser", &holder.to_string(), &error)),
                }
                for name in holdings.groups.clone() {
                    let group = Holder { kind: HolderKind::Group, name };
                    if let Err(why) = self.own(&group, &format!(" of {group}"), &mut holdings).await {
                        holdings.unseen.push(why);
                    }
                }
            }
            Ok(holdings)
        })
        .await
    }

    async fn role_in_profile(&self, profile: &str) -> Fact<String> {
        patiently(async {
            let answer = self.0.get_instance_profile().instance_profile_name(profile).send().await;
            let answer = answer.map_err(|error| failed("GetInstanceProfile", profile, &error))?;
            let role = answer.instance_profile().and_then(|profile| profile.roles().first());
            role.map(|role| role.role_name().to_owned())
                .ok_or_else(|| format!("instance profile {profile} holds no role"))
        })
        .await
    }
}

/// Waits for an answer, but not for ever.
async fn patiently<T>(asked: impl Future<Output = Result<T, String>>) -> Fact<T> {
    match timeout(PATIENCE, Box::pin(asked)).await {
        Ok(Ok(answer)) => Fact::Known(answer),
        Ok(Err(why)) => Fact::Unseen(why),
        Err(_) => Fact::Unseen(format!("IAM did not answer within {} seconds", PATIENCE.as_secs())),
    }
}

impl IamPolicies {
    /// The document of the default version.
    async fn in_force(&self, arn: &str) -> Result<Document, String> {
        self.version(arn, &self.default_version(arn).await?).await
    }

    async fn default_version(&self, arn: &str) -> Result<String, String> {
        let policy = self.0.get_policy().policy_arn(arn).send().await;
        let policy = policy.map_err(|error| failed("GetPolicy", arn, &error))?;
        let version = policy.policy().and_then(|policy| policy.default_version_id());
        version.map(str::to_owned).ok_or_else(|| format!("`iam:GetPolicy` of {arn} names no default version"))
    }

    async fn version(&self, arn: &str, version: &str) -> Result<Document, String> {
        let answer = self.0.get_policy_version().policy_arn(arn).version_id(version).send().await;
        let answer = answer.map_err(|error| failed("GetPolicyVersion", arn, &error))?;
        let text = answer.policy_version().and_then(PolicyVersion::document).unwrap_or_default();
        read(text, arn)
    }

    /// Adds what a principal holds by itself. `of` says whose it is, where that is not plain.
    async fn own(&self, holder: &Holder, of: &str, holdings: &mut Holdings) -> Result<(), String> {
        let (attached, inline) = (self.attached(holder).await?, self.inline_names(holder).await?);
        let left_out = attached.len().saturating_sub(MOST) + inline.len().saturating_sub(MOST);
        if left_out > 0 {
            holdings.unseen.push(format!("{left_out} more policies of {holder}"));
        }
        let managed = join_all(attached.into_iter().take(MOST).map(|arn| async move {
            let read = self.in_force(&arn).await;
            let name = arn.rsplit('/').next().unwrap_or(&arn).to_owned();
            (arn, format!("policy {name}{of}"), read)
        }));
        let written = join_all(inline.into_iter().take(MOST).map(|name| async move {
            let read = self.inline(holder, &name).await;
            (format!("{name}{of}"), format!("inline policy {name}{of}"), read)
        }));
        for (id, title, read) in managed.await.into_iter().chain(written.await) {
            match read {
                Ok(document) => holdings.policies.push(Held { id, document: document.called(&title) }),
                Err(why) => holdings.unseen.push(why),
            }
        }
        if let Some(arn) = self.boundary(holder).await? {
            match self.default_version(&arn).await {
                Ok(version) => holdings.boundary = Some(self.version(&arn, &version).await?),
                Err(why) => holdings.unseen.push(why),
            }
        }
        Ok(())
    }

    async fn attached(&self, Holder { kind, name }: &Holder) -> Result<Vec<String>, String> {
        let policies = match kind {
            HolderKind::User => {
                let answer = self.0.list_attached_user_policies().user_name(name).send().await;
                answer.map_err(|error| failed("ListAttachedUserPolicies", name, &error))?.attached_policies
            }
            HolderKind::Group => {
                let answer = self.0.list_attached_group_policies().group_name(name).send().await;
                answer.map_err(|error| failed("ListAttachedGroupPolicies", name, &error))?.attached_policies
            }
            HolderKind::Role => {
                let answer = self.0.list_attached_role_policies().role_name(name).send().await;
                answer.map_err(|error| failed("ListAttachedRolePolicies", name, &error))?.attached_policies
            }
        };
        Ok(policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn).collect())
    }

    async fn inline_names(&self, Holder { kind, name }: &Holder) -> Result<Vec<String>, String> {
        match kind {
            HolderKind::User => {
                let answer = self.0.list_user_policies().user_name(name).send().await;
                answer.map(|list| list.policy_names).map_err(|error| failed("ListUserPolicies", name, &error))
            }
            HolderKind::Group => {
                let answer = self.0.list_group_policies().group_name(name).send().await;
                answer.map(|list| list.policy_names).map_err(|error| failed("ListGroupPolicies", name, &error))
            }
            HolderKind::Role => {
                let answer = self.0.list_role_policies().role_name(name).send().await;
                answer.map(|list| list.policy_names).map_err(|error| failed("ListRolePolicies", name, &error))
            }
        }
    }

    async fn inline(&self, Holder { kind, name }: &Holder, policy: &str) -> Result<Document, String> {
        let text = match kind {
            HolderKind::User => {
                let answer = self.0.get_user_policy().user_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| failed("GetUserPolicy", policy, &error))
            }
            HolderKind::Group => {
                let answer = self.0.get_group_policy().group_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| failed("GetGroupPolicy", policy, &error))
            }
            HolderKind::Role => {
                let answer = self.0.get_role_policy().role_name(name).policy_name(policy).send().await;
                answer.map(|answer| answer.policy_document).map_err(|error| failed("GetRolePolicy", policy, &error))
            }
        };
        read(&text?, policy)
    }

    /// The ARN of the boundary; groups have none.
    async fn boundary(&self, Holder { kind, name }: &Holder) -> Result<Option<String>, String> {
        let boundary = match kind {
            HolderKind::User => {
                let answer = self.0.get_user().user_name(name).send().await;
                answer.map_err(|error| failed("GetUser", name, &error))?.user.and_then(|user| user.permissions_boundary)
            }
            HolderKind::Group => None,
            HolderKind::Role => {
                let answer = self.0.get_role().role_name(name).send().await;
                answer.map_err(|error| failed("GetRole", name, &error))?.role.and_then(|role| role.permissions_boundary)
            }
        };
        Ok(boundary.and_then(|boundary| boundary.permissions_boundary_arn))
    }
}

fn read(text: &str, of: &str) -> Result<Document, String> {
    Document::parse(text).map_err(|illegal| format!("the document of {of} cannot be read: {illegal}"))
}

fn failed(call: &str, of: &str, error: &(dyn std::error::Error + 'static)) -> String {
    format!("`iam:{call}` of {of} failed: {}", because(error))
}
