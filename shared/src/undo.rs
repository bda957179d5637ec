//! Commands that take an act back, ready to paste.
//!
//! Names come from events, so from attackers: a command is given only where every name in it has the form that IAM
//! allows, and none where one has not. Values follow `=`, so that no name is taken for an option.

use crate::event::{Target, is_account};

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

/// Nothing public, in any of the four ways.
const NOTHING_PUBLIC: &str =
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true";

/// `aws s3api put-public-access-block …`: whatever a bucket's policy and list say, the public is kept out.
#[must_use]
pub fn block_public_access(bucket: &str) -> Option<String> {
    Some(format!(
        "aws s3api put-public-access-block --bucket={} --public-access-block-configuration={NOTHING_PUBLIC}",
        name(bucket)?
    ))
}

/// `aws s3control put-public-access-block …`: the same for all buckets of an account.
#[must_use]
pub fn block_public_access_of_account(account: &str) -> Option<String> {
    let account = Some(account).filter(|account| is_account(account))?;
    Some(format!(
        "aws s3control put-public-access-block --account-id={account} --public-access-block-configuration={NOTHING_PUBLIC}"
    ))
}

/// `aws ec2 enable-snapshot-block-public-access …`, for a whole region.
#[must_use]
pub fn block_public_snapshots(in_region: &str) -> Option<String> {
    let region = region(in_region)?;
    Some(format!("aws ec2 enable-snapshot-block-public-access --state=block-all-sharing --region={region}"))
}

/// `aws ec2 enable-image-block-public-access …`, for a whole region.
#[must_use]
pub fn block_public_images(in_region: &str) -> Option<String> {
    let region = region(in_region)?;
    Some(format!(
        "aws ec2 enable-image-block-public-access --image-block-public-access-state=block-new-sharing --region={region}"
    ))
}

/// `aws lambda remove-permission …`: takes one statement out of a function's policy.
#[must_use]
pub fn remove_function_permission(function: &str, statement: &str, in_region: &str) -> Option<String> {
    let function = name(function).or_else(|| arn(function))?;
    Some(format!(
        "aws lambda remove-permission --function-name={function} --statement-id={} --region={}",
        name(statement)?,
        region(in_region)?
    ))
}

/// `aws sns remove-permission …`: takes one statement out of a topic's policy.
#[must_use]
pub fn remove_topic_permission(topic: &str, label: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws sns remove-permission --topic-arn={} --label={} --region={}",
        arn(topic)?,
        name(label)?,
        region(in_region)?
    ))
}

/// `aws lambda delete-function-url-config …`.
#[must_use]
pub fn delete_function_url(function: &str, in_region: &str) -> Option<String> {
    let function = name(function).or_else(|| arn(function))?;
    Some(format!("aws lambda delete-function-url-config --function-name={function} --region={}", region(in_region)?))
}

/// `aws ec2 modify-snapshot-attribute …`, and so for an image: no longer shares it with `accounts`, or with `all`.
#[must_use]
pub fn unshare_disk(id: &str, accounts: &[&str], in_region: &str) -> Option<String> {
    let (command, option, attribute, groups) = match id.split('-').next()? {
        "snap" => ("modify-snapshot-attribute", "--snapshot-id", "createVolumePermission", "--group-names"),
        "ami" => ("modify-image-attribute", "--image-id", "launchPermission", "--user-groups"),
        _ => return None,
    };
    let with = match accounts {
        ["all"] => format!("{groups}=all"),
        accounts => format!("--user-ids {}", all_accounts(accounts)?),
    };
    Some(format!(
        "aws ec2 {command} {option}={} --attribute={attribute} --operation-type=remove {with} --region={}",
        name(id)?,
        region(in_region)?
    ))
}

/// `aws rds modify-db-snapshot-attribute …`, and so for a cluster's snapshot.
#[must_use]
pub fn unshare_database_snapshot(snapshot: &str, cluster: bool, accounts: &[&str], in_region: &str) -> Option<String> {
    let kind = if cluster { "db-cluster-snapshot" } else { "db-snapshot" };
    let with = if accounts == ["all"] { "all".to_owned() } else { all_accounts(accounts)? };
    Some(format!(
        "aws rds modify-{kind}-attribute --{kind}-identifier={} --attribute-name=restore --values-to-remove {with} --region={}",
        name(snapshot)?,
        region(in_region)?
    ))
}

/// `aws ssm modify-document-permission …`.
#[must_use]
pub fn unshare_document(document: &str, accounts: &[&str], in_region: &str) -> Option<String> {
    let with = if accounts == ["all"] { "all".to_owned() } else { all_accounts(accounts)? };
    Some(format!(
        "aws ssm modify-document-permission --name={} --permission-type=Share --account-ids-to-remove {with} --region={}",
        name(document)?,
        region(in_region)?
    ))
}

/// Account ids with blanks between them: nothing but digits can be part of it.
fn all_accounts(accounts: &[&str]) -> Option<String> {
    (!accounts.is_empty() && accounts.iter().all(|account| is_account(account))).then(|| accounts.join(" "))
}

/// `aws kms enable-key …`.
#[must_use]
pub fn enable_key(key: &str, in_region: &str) -> Option<String> {
    let key = name(key).or_else(|| arn(key))?;
    Some(format!("aws kms enable-key --key-id={key} --region={}", region(in_region)?))
}

/// `aws kms cancel-key-deletion …`, which leaves the key disabled, and then `aws kms enable-key …`.
#[must_use]
pub fn cancel_key_deletion(key: &str, in_region: &str) -> Option<String> {
    let enable = enable_key(key, in_region)?;
    let key = name(key).or_else(|| arn(key))?;
    Some(format!("aws kms cancel-key-deletion --key-id={key} --region={} && {enable}", region(in_region)?))
}

/// `aws kms enable-key-rotation …`.
#[must_use]
pub fn enable_key_rotation(key: &str, in_region: &str) -> Option<String> {
    let key = name(key).or_else(|| arn(key))?;
    Some(format!("aws kms enable-key-rotation --key-id={key} --region={}", region(in_region)?))
}

/// `aws kms revoke-grant …`.
#[must_use]
pub fn revoke_grant(key: &str, grant: &str, in_region: &str) -> Option<String> {
    let key = name(key).or_else(|| arn(key))?;
    Some(format!(
        "aws kms revoke-grant --key-id={key} --grant-id={} --region={}",
        unique_id(grant)?,
        region(in_region)?
    ))
}

/// `aws ram disassociate-resource-share …`: takes accounts out of a share.
#[must_use]
pub fn leave_share(share: &str, accounts: &[&str], in_region: &str) -> Option<String> {
    Some(format!(
        "aws ram disassociate-resource-share --resource-share-arn={} --principals {} --region={}",
        arn(share)?,
        all_accounts(accounts)?,
        region(in_region)?
    ))
}

/// `aws ecr put-image-scanning-configuration …`.
#[must_use]
pub fn scan_images(repository: &str, in_region: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
    let repository =
        Some(repository).filter(|name| !name.is_empty() && name.len() <= 256 && name.bytes().all(plain))?;
    Some(format!(
        "aws ecr put-image-scanning-configuration --repository-name={repository} --image-scanning-configuration=scanOnPush=true --region={}",
        region(in_region)?
    ))
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
            assert_eq!(super::block_public_access(name), None, "{name}");
            assert_eq!(super::block_public_access_of_account(name), None, "{name}");
            assert_eq!(super::remove_function_permission("function", name, "us-east-1"), None, "{name}");
            assert_eq!(super::remove_topic_permission("arn:aws:sns:us-east-1:1:t", name, "us-east-1"), None, "{name}");
            assert_eq!(super::delete_function_url(name, "us-east-1"), None, "{name}");
            assert_eq!(super::unshare_disk("snap-0a1b2c3d", &[name], "us-east-1"), None, "{name}");
            assert_eq!(super::unshare_disk(&format!("ami-{name};"), &["all"], "us-east-1"), None, "{name}");
            assert_eq!(super::unshare_database_snapshot(name, false, &["all"], "us-east-1"), None, "{name}");
            assert_eq!(super::unshare_document("doc", &["111122223333", name], "us-east-1"), None, "{name}");
            assert_eq!(super::cancel_key_deletion(name, "us-east-1"), None, "{name}");
            assert_eq!(super::enable_key_rotation("key", name), None, "{name}");
            assert_eq!(super::revoke_grant("key", name, "us-east-1"), None, "{name}");
            assert_eq!(super::leave_share("arn:aws:ram:us-east-1:1:s/1", &[name], "us-east-1"), None, "{name}");
            assert_eq!(super::scan_images(name, "us-east-1"), None, "{name}");
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
