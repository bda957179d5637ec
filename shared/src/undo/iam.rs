//! Users, groups, roles and policies of IAM, and what they sign in with.

use super::{Command, access_key, arn, aws, name};
use crate::event::Target;
use crate::policy::Document;
use crate::quarantine::DENY_EVERYTHING;

/// `aws iam update-access-key … Inactive`.
#[must_use]
pub fn disable_access_key(user: &str, key: &str) -> Option<String> {
    set_access_key(user, key, "Inactive")
}

/// `aws iam update-access-key … Active`.
#[must_use]
pub fn enable_access_key(user: &str, key: &str) -> Option<String> {
    set_access_key(user, key, "Active")
}

fn set_access_key(user: &str, key: &str, status: &'static str) -> Option<String> {
    aws("iam update-access-key")
        .name("user-name", user)
        .with("access-key-id", access_key(key))
        .is("status", status)
        .done()
}

/// `aws iam update-service-specific-credential … Inactive`.
#[must_use]
pub fn disable_service_credential(user: &str, credential: &str) -> Option<String> {
    aws("iam update-service-specific-credential")
        .name("user-name", user)
        .unique_id("service-specific-credential-id", credential)
        .is("status", "Inactive")
        .done()
}

/// `aws iam update-ssh-public-key … Inactive`.
#[must_use]
pub fn disable_ssh_key(user: &str, key: &str) -> Option<String> {
    aws("iam update-ssh-public-key")
        .name("user-name", user)
        .unique_id("ssh-public-key-id", key)
        .is("status", "Inactive")
        .done()
}

/// `aws iam update-signing-certificate … Inactive`.
#[must_use]
pub fn disable_signing_certificate(user: &str, certificate: &str) -> Option<String> {
    aws("iam update-signing-certificate")
        .name("user-name", user)
        .unique_id("certificate-id", certificate)
        .is("status", "Inactive")
        .done()
}

/// `aws iam delete-login-profile …`: takes a console password away.
#[must_use]
pub fn delete_login_profile(user: &str) -> Option<String> {
    aws("iam delete-login-profile").name("user-name", user).done()
}

/// `aws iam deactivate-mfa-device …`.
#[must_use]
pub fn deactivate_mfa_device(user: &str, serial: &str) -> Option<String> {
    aws("iam deactivate-mfa-device").name("user-name", user).arn("serial-number", serial).done()
}

/// `aws iam delete-user …`. IAM refuses while the user has keys, policies or groups.
#[must_use]
pub fn delete_user(user: &str) -> Option<String> {
    aws("iam delete-user").name("user-name", user).done()
}

/// `aws iam update-user …`: gives the user `from` the name `to`.
#[must_use]
pub fn rename_user(from: &str, to: &str) -> Option<String> {
    aws("iam update-user").name("user-name", from).name("new-user-name", to).done()
}

/// `aws iam add-user-to-group …`.
#[must_use]
pub fn add_user_to_group(user: &str, group: &str) -> Option<String> {
    aws("iam add-user-to-group").name("user-name", user).name("group-name", group).done()
}

/// `aws iam remove-user-from-group …`.
#[must_use]
pub fn remove_user_from_group(user: &str, group: &str) -> Option<String> {
    aws("iam remove-user-from-group").name("user-name", user).name("group-name", group).done()
}

/// `aws iam delete-group …`. IAM refuses while the group has members or policies.
#[must_use]
pub fn delete_group(group: &str) -> Option<String> {
    aws("iam delete-group").name("group-name", group).done()
}

/// `aws iam delete-role …`. IAM refuses while the role has policies.
#[must_use]
pub fn delete_role(role: &str) -> Option<String> {
    aws("iam delete-role").name("role-name", role).done()
}

/// `aws iam update-assume-role-policy …`: writes who may assume a role as it was.
#[must_use]
pub fn update_trust(role: &str, was: &Document) -> Option<String> {
    aws("iam update-assume-role-policy").name("role-name", role).document(was).done()
}

/// `aws iam add-role-to-instance-profile …`.
#[must_use]
pub fn add_role_to_instance_profile(role: &str, profile: &str) -> Option<String> {
    aws("iam add-role-to-instance-profile").name("instance-profile-name", profile).name("role-name", role).done()
}

/// `aws iam remove-role-from-instance-profile …`.
#[must_use]
pub fn remove_role_from_instance_profile(role: &str, profile: &str) -> Option<String> {
    aws("iam remove-role-from-instance-profile").name("instance-profile-name", profile).name("role-name", role).done()
}

/// `aws iam put-user-permissions-boundary …`.
#[must_use]
pub fn put_user_boundary(user: &str, policy: &str) -> Option<String> {
    aws("iam put-user-permissions-boundary").name("user-name", user).arn("permissions-boundary", policy).done()
}

/// `aws iam attach-user-policy …`.
#[must_use]
pub fn attach_user_policy(user: &str, policy: &str) -> Option<String> {
    aws("iam attach-user-policy").name("user-name", user).arn("policy-arn", policy).done()
}

/// `aws iam attach-user-policy …`, and so for roles and groups.
#[must_use]
pub fn attach_policy(holder: &Target, policy: &str) -> Option<String> {
    of_holder("attach", holder)?.arn("policy-arn", policy).done()
}

/// `aws iam detach-user-policy …`, and so for roles and groups.
#[must_use]
pub fn detach_policy(holder: &Target, policy: &str) -> Option<String> {
    of_holder("detach", holder)?.arn("policy-arn", policy).done()
}

/// `aws iam delete-user-policy …`, and so for roles and groups: deletes an inline policy.
#[must_use]
pub fn delete_inline_policy(holder: &Target, policy: &str) -> Option<String> {
    of_holder("delete", holder)?.name("policy-name", policy).done()
}

/// `aws iam put-user-policy …`, and so for roles and groups: writes the inline policy as it was.
#[must_use]
pub fn put_inline_policy(holder: &Target, policy: &str, was: &Document) -> Option<String> {
    of_holder("put", holder)?.name("policy-name", policy).document(was).done()
}

/// `iam VERB-user-policy`, and so for roles and groups, with the holder's name; nothing for what holds no policies.
fn of_holder(verb: &'static str, holder: &Target) -> Option<Command> {
    let kind = ["user", "role", "group"].into_iter().find(|kind| *kind == holder.kind)?;
    Some(aws(&format!("iam {verb}-{kind}-policy")).name(&format!("{kind}-name"), &holder.name))
}

/// `aws iam delete-policy …`. IAM refuses while the policy is attached to anything.
#[must_use]
pub fn delete_policy(policy: &str) -> Option<String> {
    aws("iam delete-policy").arn("policy-arn", policy).done()
}

/// `aws iam delete-policy-version …`. IAM refuses while the version is the default.
#[must_use]
pub fn delete_policy_version(policy: &str, version: &str) -> Option<String> {
    aws("iam delete-policy-version").arn("policy-arn", policy).version(version).done()
}

/// `aws iam set-default-policy-version …`.
#[must_use]
pub fn set_default_version(policy: &str, version: &str) -> Option<String> {
    aws("iam set-default-policy-version").arn("policy-arn", policy).version(version).done()
}

/// What makes our deny policy deny everything again; then whom it is attached to, and its versions.
#[must_use]
pub fn repair_policy(policy: Option<&str>) -> Vec<String> {
    let Some(policy) = policy.and_then(arn) else { return Vec::new() };
    vec![
        format!(
            "aws iam create-policy-version --policy-arn={policy} --policy-document='{DENY_EVERYTHING}' --set-as-default"
        ),
        format!("aws iam list-entities-for-policy --policy-arn={policy}"),
        format!("aws iam list-policy-versions --policy-arn={policy}"),
    ]
}

/// `aws iam put-role-policy …`: denies every session of a role that was opened before `time`. What the IAM console does under
/// "Revoke active sessions".
#[must_use]
pub fn end_sessions(role: &str, time: &str, policy: &'static str) -> Option<String> {
    let (role, document) = (name(role)?, sessions_ended(time));
    Some(format!("aws iam put-role-policy --role-name={role} --policy-name={policy} --policy-document='{document}'"))
}

/// The document that denies sessions that were opened before `time`.
#[must_use]
pub fn sessions_ended(time: &str) -> String {
    let condition = format!(r#""Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{time}"}}}}"#);
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*",{condition}}}]}}"#)
}

/// `aws iam delete-saml-provider …` or `aws iam delete-open-id-connect-provider …`, by the provider's ARN.
#[must_use]
pub fn delete_identity_provider(provider: &str) -> Option<String> {
    if provider.contains(":saml-provider/") {
        aws("iam delete-saml-provider").arn("saml-provider-arn", provider).done()
    } else {
        aws("iam delete-open-id-connect-provider").arn("open-id-connect-provider-arn", provider).done()
    }
}

/// `aws iam disable-organizations-root-sessions`, and so for the other calls about central root access.
#[must_use]
pub fn central_root_access(call: &'static str) -> Option<String> {
    aws(&format!("iam {call}")).done()
}
