//! The organization, its accounts, Identity Center and Roles Anywhere.

use super::{Command, aws, region};

/// `aws organizations attach-policy …`.
#[must_use]
pub fn attach_organization_policy(policy: &str, target: &str) -> Option<String> {
    aws("organizations attach-policy").name("policy-id", policy).name("target-id", target).done()
}

/// `aws organizations detach-policy …`.
#[must_use]
pub fn detach_organization_policy(policy: &str, target: &str) -> Option<String> {
    aws("organizations detach-policy").name("policy-id", policy).name("target-id", target).done()
}

/// `aws organizations enable-policy-type …`. It attaches nothing again.
#[must_use]
pub fn enable_policy_type(root: &str, policy_type: &str) -> Option<String> {
    aws("organizations enable-policy-type").name("root-id", root).name("policy-type", policy_type).done()
}

/// `aws organizations move-account …`.
#[must_use]
pub fn move_account(account: &str, from: &str, to: &str) -> Option<String> {
    aws("organizations move-account")
        .name("account-id", account)
        .name("source-parent-id", from)
        .name("destination-parent-id", to)
        .done()
}

/// `aws organizations register-delegated-administrator …`, and `deregister-…`.
#[must_use]
pub fn delegated_administrator(call: &'static str, account: &str, service: &str) -> Option<String> {
    aws(&format!("organizations {call}")).name("account-id", account).name("service-principal", service).done()
}

/// `aws organizations enable-aws-service-access …`, and `disable-…`.
#[must_use]
pub fn service_access(call: &'static str, service: &str) -> Option<String> {
    aws(&format!("organizations {call}")).name("service-principal", service).done()
}

/// `aws account disable-region …`, and `enable-…`, for the caller's own account or a member of its organization.
#[must_use]
pub fn opt_region(call: &'static str, which: &str, member: Option<&str>) -> Option<String> {
    let command = aws(&format!("account {call}")).with("region-name", region(which));
    match member {
        Some(member) => command.name("account-id", member).done(),
        None => command.done(),
    }
}

/// `aws rolesanywhere disable-trust-anchor …`.
#[must_use]
pub fn disable_trust_anchor(id: &str, in_region: &str) -> Option<String> {
    aws("rolesanywhere disable-trust-anchor").name("trust-anchor-id", id).region(in_region).done()
}

/// `aws rolesanywhere enable-crl …`.
#[must_use]
pub fn enable_crl(id: &str, in_region: &str) -> Option<String> {
    aws("rolesanywhere enable-crl").name("crl-id", id).region(in_region).done()
}

/// `aws rolesanywhere disable-profile …`.
#[must_use]
pub fn disable_roles_anywhere_profile(id: &str, in_region: &str) -> Option<String> {
    aws("rolesanywhere disable-profile").name("profile-id", id).region(in_region).done()
}

/// `aws sso-admin CALL … ` on a permission set, with more options as name and value.
#[must_use]
pub fn permission_set(
    call: &'static str,
    instance: &str,
    set: &str,
    more: &[(&'static str, &str)],
    in_region: &str,
) -> Option<String> {
    let of_set = aws(&format!("sso-admin {call}")).arn("instance-arn", instance).arn("permission-set-arn", set);
    let with_more = |command: Command, (option, value): &(&'static str, &str)| command.name_or_arn(option, value);
    more.iter().fold(of_set, with_more).region(in_region).done()
}

/// `aws sso-admin delete-trusted-token-issuer …`.
#[must_use]
pub fn delete_trusted_token_issuer(issuer: &str, in_region: &str) -> Option<String> {
    aws("sso-admin delete-trusted-token-issuer").arn("trusted-token-issuer-arn", issuer).region(in_region).done()
}

/// `aws identitystore delete-group-membership …`.
#[must_use]
pub fn delete_group_membership(store: &str, membership: &str, in_region: &str) -> Option<String> {
    aws("identitystore delete-group-membership")
        .name("identity-store-id", store)
        .name("membership-id", membership)
        .region(in_region)
        .done()
}
