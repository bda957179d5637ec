//! Commands that take an act back, ready to paste.
//!
//! Names come from events, so from attackers: a command is given only where every name in it has the form that IAM
//! allows, and none where one has not. Values follow `=`, so that no name is taken for an option.

use crate::event::Target;

/// `aws iam update-access-key … Inactive`.
#[must_use]
pub fn disable_access_key(user: &str, key: &str) -> Option<String> {
    Some(format!(
        "aws iam update-access-key --user-name={} --access-key-id={} --status=Inactive",
        name(user)?,
        access_key(key)?
    ))
}

/// `aws iam update-access-key … Active`.
#[must_use]
pub fn enable_access_key(user: &str, key: &str) -> Option<String> {
    Some(format!(
        "aws iam update-access-key --user-name={} --access-key-id={} --status=Active",
        name(user)?,
        access_key(key)?
    ))
}

/// `aws iam delete-login-profile …`: takes a console password away.
#[must_use]
pub fn delete_login_profile(user: &str) -> Option<String> {
    Some(format!("aws iam delete-login-profile --user-name={}", name(user)?))
}

/// `aws iam deactivate-mfa-device …`.
#[must_use]
pub fn deactivate_mfa_device(user: &str, serial: &str) -> Option<String> {
    Some(format!("aws iam deactivate-mfa-device --user-name={} --serial-number={}", name(user)?, arn(serial)?))
}

/// `aws iam update-service-specific-credential … Inactive`.
#[must_use]
pub fn disable_service_credential(user: &str, credential: &str) -> Option<String> {
    Some(format!(
        "aws iam update-service-specific-credential --user-name={} --service-specific-credential-id={} --status=Inactive",
        name(user)?,
        unique_id(credential)?
    ))
}

/// `aws iam update-ssh-public-key … Inactive`.
#[must_use]
pub fn disable_ssh_key(user: &str, key: &str) -> Option<String> {
    Some(format!(
        "aws iam update-ssh-public-key --user-name={} --ssh-public-key-id={} --status=Inactive",
        name(user)?,
        unique_id(key)?
    ))
}

/// `aws iam update-signing-certificate … Inactive`.
#[must_use]
pub fn disable_signing_certificate(user: &str, certificate: &str) -> Option<String> {
    Some(format!(
        "aws iam update-signing-certificate --user-name={} --certificate-id={} --status=Inactive",
        name(user)?,
        unique_id(certificate)?
    ))
}

/// `aws cloudtrail start-logging …`. `trail` is a name or an ARN.
#[must_use]
pub fn start_logging(trail: &str, in_region: &str) -> Option<String> {
    let trail = name(trail).or_else(|| arn(trail))?;
    Some(format!("aws cloudtrail start-logging --name={trail} --region={}", region(in_region)?))
}

/// `aws events enable-rule …`.
#[must_use]
pub fn enable_rule(rule: &str, bus: Option<&str>, in_region: &str) -> Option<String> {
    let bus = bus.unwrap_or("default");
    let bus = name(bus).or_else(|| arn(bus))?;
    Some(format!(
        "aws events enable-rule --name={} --event-bus-name={bus} --region={}",
        name(rule)?,
        region(in_region)?
    ))
}

/// `aws lambda delete-function-concurrency …`: a function limited to no invocations runs again.
#[must_use]
pub fn unlimit_function(function: &str, in_region: &str) -> Option<String> {
    let function = name(function).or_else(|| arn(function))?;
    Some(format!("aws lambda delete-function-concurrency --function-name={function} --region={}", region(in_region)?))
}

/// `text`, if it has the form of a region's name.
#[must_use]
pub fn region(text: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(allowed))
        .then_some(text)
}

/// `text`, if it has the form of an id that IAM gives: letters and digits, 16 to 128 in all.
#[must_use]
pub fn unique_id(text: &str) -> Option<&str> {
    ((16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(text)
}

/// `aws iam detach-user-policy …`, and so for roles and groups.
#[must_use]
pub fn detach_policy(holder: &Target, policy_arn: &str) -> Option<String> {
    let (kind, holder) = kind_and_name(holder)?;
    Some(format!("aws iam detach-{kind}-policy --{kind}-name={holder} --policy-arn={}", arn(policy_arn)?))
}

/// `aws iam attach-user-policy …`, and so for roles and groups.
#[must_use]
pub fn attach_policy(holder: &Target, policy_arn: &str) -> Option<String> {
    let (kind, holder) = kind_and_name(holder)?;
    Some(format!("aws iam attach-{kind}-policy --{kind}-name={holder} --policy-arn={}", arn(policy_arn)?))
}

/// `aws iam delete-user-policy …`, and so for roles and groups: deletes an inline policy.
#[must_use]
pub fn delete_inline_policy(holder: &Target, policy: &str) -> Option<String> {
    let (kind, holder) = kind_and_name(holder)?;
    Some(format!("aws iam delete-{kind}-policy --{kind}-name={holder} --policy-name={}", name(policy)?))
}

/// `aws iam delete-policy …`. IAM refuses while the policy is attached to anything.
#[must_use]
pub fn delete_policy(policy_arn: &str) -> Option<String> {
    Some(format!("aws iam delete-policy --policy-arn={}", arn(policy_arn)?))
}

/// `aws iam delete-policy-version …`. IAM refuses while the version is the default.
#[must_use]
pub fn delete_policy_version(policy_arn: &str, version: &str) -> Option<String> {
    let number = version.strip_prefix('v').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let policy = arn(policy_arn)?;
    (!number.is_empty()).then(|| format!("aws iam delete-policy-version --policy-arn={policy} --version-id={version}"))
}

/// `aws iam remove-user-from-group …`.
#[must_use]
pub fn remove_user_from_group(user: &str, group: &str) -> Option<String> {
    Some(format!("aws iam remove-user-from-group --user-name={} --group-name={}", name(user)?, name(group)?))
}

/// `aws iam delete-user …`. IAM refuses while the user has keys, policies or groups.
#[must_use]
pub fn delete_user(user: &str) -> Option<String> {
    Some(format!("aws iam delete-user --user-name={}", name(user)?))
}

/// `aws iam delete-role …`. IAM refuses while the role has policies.
#[must_use]
pub fn delete_role(role: &str) -> Option<String> {
    Some(format!("aws iam delete-role --role-name={}", name(role)?))
}

/// `aws iam delete-saml-provider …` or `aws iam delete-open-id-connect-provider …`, by the provider's ARN.
#[must_use]
pub fn delete_identity_provider(provider: &str) -> Option<String> {
    let provider = arn(provider)?;
    if provider.contains(":saml-provider/") {
        Some(format!("aws iam delete-saml-provider --saml-provider-arn={provider}"))
    } else {
        Some(format!("aws iam delete-open-id-connect-provider --open-id-connect-provider-arn={provider}"))
    }
}

/// `aws iam disable-organizations-root-sessions`, and so for the other calls about central root access.
#[must_use]
pub fn central_root_access(call: &'static str) -> Option<String> {
    Some(format!("aws iam {call}"))
}

/// `aws organizations attach-policy …`.
#[must_use]
pub fn attach_organization_policy(policy: &str, target: &str) -> Option<String> {
    Some(format!("aws organizations attach-policy --policy-id={} --target-id={}", name(policy)?, name(target)?))
}

/// `aws organizations detach-policy …`.
#[must_use]
pub fn detach_organization_policy(policy: &str, target: &str) -> Option<String> {
    Some(format!("aws organizations detach-policy --policy-id={} --target-id={}", name(policy)?, name(target)?))
}

/// `aws organizations enable-policy-type …`. It attaches nothing again.
#[must_use]
pub fn enable_policy_type(root: &str, policy_type: &str) -> Option<String> {
    Some(format!("aws organizations enable-policy-type --root-id={} --policy-type={}", name(root)?, name(policy_type)?))
}

/// `aws organizations move-account …`.
#[must_use]
pub fn move_account(account: &str, from: &str, to: &str) -> Option<String> {
    Some(format!(
        "aws organizations move-account --account-id={} --source-parent-id={} --destination-parent-id={}",
        name(account)?,
        name(from)?,
        name(to)?
    ))
}

/// `aws organizations register-delegated-administrator …`, and `deregister-…`.
#[must_use]
pub fn delegated_administrator(call: &'static str, account: &str, service: &str) -> Option<String> {
    let (account, service) = (name(account)?, name(service)?);
    Some(format!("aws organizations {call} --account-id={account} --service-principal={service}"))
}

/// `aws organizations enable-aws-service-access …`, and `disable-…`.
#[must_use]
pub fn service_access(call: &'static str, service: &str) -> Option<String> {
    Some(format!("aws organizations {call} --service-principal={}", name(service)?))
}

/// `aws account disable-region …`, and `enable-…`, for the caller's own account or a member of its organization.
#[must_use]
pub fn opt_region(call: &'static str, which: &str, member: Option<&str>) -> Option<String> {
    let of = match member {
        Some(member) => format!(" --account-id={}", name(member)?),
        None => String::new(),
    };
    Some(format!("aws account {call} --region-name={}{of}", region(which)?))
}

/// `aws rolesanywhere disable-trust-anchor …`.
#[must_use]
pub fn disable_trust_anchor(id: &str, in_region: &str) -> Option<String> {
    let region = region(in_region)?;
    Some(format!("aws rolesanywhere disable-trust-anchor --trust-anchor-id={} --region={region}", name(id)?))
}

/// `aws rolesanywhere enable-crl …`.
#[must_use]
pub fn enable_crl(id: &str, in_region: &str) -> Option<String> {
    Some(format!("aws rolesanywhere enable-crl --crl-id={} --region={}", name(id)?, region(in_region)?))
}

/// `aws rolesanywhere disable-profile …`.
#[must_use]
pub fn disable_roles_anywhere_profile(id: &str, in_region: &str) -> Option<String> {
    Some(format!("aws rolesanywhere disable-profile --profile-id={} --region={}", name(id)?, region(in_region)?))
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
    let mut command =
        format!("aws sso-admin {call} --instance-arn={} --permission-set-arn={}", arn(instance)?, arn(set)?);
    for (option, value) in more {
        let value = name(value).or_else(|| arn(value))?;
        command = format!("{command} --{option}={value}");
    }
    Some(format!("{command} --region={}", region(in_region)?))
}

/// `aws sso-admin delete-trusted-token-issuer …`.
#[must_use]
pub fn delete_trusted_token_issuer(issuer: &str, in_region: &str) -> Option<String> {
    let region = region(in_region)?;
    Some(format!(
        "aws sso-admin delete-trusted-token-issuer --trusted-token-issuer-arn={} --region={region}",
        arn(issuer)?
    ))
}

/// `aws identitystore delete-group-membership …`.
#[must_use]
pub fn delete_group_membership(store: &str, membership: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws identitystore delete-group-membership --identity-store-id={} --membership-id={} --region={}",
        name(store)?,
        name(membership)?,
        region(in_region)?
    ))
}

/// The word of the command line for a holder of policies, and its name.
fn kind_and_name(holder: &Target) -> Option<(&'static str, &str)> {
    let kind = ["user", "role", "group"].into_iter().find(|kind| *kind == holder.kind)?;
    Some((kind, name(&holder.name)?))
}

/// `text`, if it has the form of an IAM user, role, group or policy name: letters, digits and `_+=,.@-`, at most 128.
#[must_use]
pub fn name(text: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (!text.is_empty() && text.len() <= 128 && text.bytes().all(allowed)).then_some(text)
}

/// `text`, if it has the form of an access key id: `AKIA` or `ASIA` and upper-case letters and digits, 16 to 128 in all.
#[must_use]
pub fn access_key(text: &str) -> Option<&str> {
    let form = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let known = text.starts_with("AKIA") || text.starts_with("ASIA");
    (known && form && (16..=128).contains(&text.len())).then_some(text)
}

/// `text`, if it has the form of an ARN that is safe to paste: no blank, quote, or character that a shell reads.
#[must_use]
pub fn arn(text: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-:/".contains(&byte);
    (text.starts_with("arn:") && text.len() <= 512 && text.bytes().all(allowed)).then_some(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_command_is_given_with_a_name_that_a_shell_would_read() {
        for name in ["bob;reboot", "bob bob", "$(id)", "`id`", "bob\n", "", "--profile x", "b\u{f6}b"] {
            assert_eq!(super::delete_login_profile(name), None, "{name}");
            assert_eq!(super::start_logging(name, "us-east-1"), None, "{name}");
            assert_eq!(super::enable_rule("rule", Some(name), "us-east-1"), None, "{name}");
            assert_eq!(super::enable_rule(name, None, "us-east-1"), None, "{name}");
            assert_eq!(super::unlimit_function("function", name), None, "{name}");
            assert_eq!(super::disable_ssh_key("bob", name), None, "{name}");
        }
    }

    #[test]
    fn a_name_never_becomes_an_option() {
        let command = super::delete_login_profile("--debug");
        assert_eq!(command.as_deref(), Some("aws iam delete-login-profile --user-name=--debug"));
    }

    #[test]
    fn a_disabled_rule_is_enabled_on_the_bus_it_was_on() {
        let command = super::enable_rule("calls", None, "eu-west-1");
        let expected = "aws events enable-rule --name=calls --event-bus-name=default --region=eu-west-1";
        assert_eq!(command.as_deref(), Some(expected));
    }
}
