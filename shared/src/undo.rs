//! Commands that take an act back, ready to paste.
//!
//! Names come from events, so from attackers: a command is given only where every name in it has the form that IAM
//! allows, and none where one has not. Values follow `=`, so that no name is taken for an option.

use crate::event::{Target, is_account};
use crate::policy::Document;
use crate::quarantine::DENY_EVERYTHING;

/// The longest document that a command is given with, in characters: what is longer fills an alert.
const LONGEST_DOCUMENT: usize = 1_500;

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

/// `aws iam attach-user-policy …`.
#[must_use]
pub fn attach_user_policy(user: &str, policy: &str) -> Option<String> {
    Some(format!("aws iam attach-user-policy --user-name={} --policy-arn={}", name(user)?, arn(policy)?))
}

/// `aws iam put-user-permissions-boundary …`.
#[must_use]
pub fn put_user_boundary(user: &str, policy: &str) -> Option<String> {
    let (user, policy) = (name(user)?, arn(policy)?);
    Some(format!("aws iam put-user-permissions-boundary --user-name={user} --permissions-boundary={policy}"))
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

/// `aws cloudtrail delete-trail …`. What the trail delivered so far stays in its bucket.
#[must_use]
pub fn delete_trail(trail: &str, in_region: &str) -> Option<String> {
    let trail = name(trail).or_else(|| arn(trail))?;
    Some(format!("aws cloudtrail delete-trail --name={trail} --region={}", region(in_region)?))
}

/// `aws cloudtrail restore-event-data-store …`: possible for seven days after it was deleted.
#[must_use]
pub fn restore_event_data_store(store: &str, in_region: &str) -> Option<String> {
    let store = name(store).or_else(|| arn(store))?;
    Some(format!("aws cloudtrail restore-event-data-store --event-data-store={store} --region={}", region(in_region)?))
}

/// `aws cloudtrail start-event-data-store-ingestion …`.
#[must_use]
pub fn start_ingestion(store: &str, in_region: &str) -> Option<String> {
    let store = name(store).or_else(|| arn(store))?;
    Some(format!(
        "aws cloudtrail start-event-data-store-ingestion --event-data-store={store} --region={}",
        region(in_region)?
    ))
}

/// `aws guardduty update-detector … --enable`.
#[must_use]
pub fn enable_detector(detector: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws guardduty update-detector --detector-id={} --enable --region={}",
        name(detector)?,
        region(in_region)?
    ))
}

/// `aws guardduty delete-ip-set …`: a list of trusted addresses.
#[must_use]
pub fn delete_trusted_addresses(detector: &str, list: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws guardduty delete-ip-set --detector-id={} --ip-set-id={} --region={}",
        name(detector)?,
        name(list)?,
        region(in_region)?
    ))
}

/// `aws guardduty delete-filter …`.
#[must_use]
pub fn delete_finding_filter(detector: &str, filter: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws guardduty delete-filter --detector-id={} --filter-name={} --region={}",
        name(detector)?,
        name(filter)?,
        region(in_region)?
    ))
}

/// `aws accessanalyzer delete-archive-rule …`. What the rule archived stays archived.
#[must_use]
pub fn delete_archive_rule(analyzer: &str, rule: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws accessanalyzer delete-archive-rule --analyzer-name={} --rule-name={} --region={}",
        name(analyzer)?,
        name(rule)?,
        region(in_region)?
    ))
}

/// `aws configservice start-configuration-recorder …`.
#[must_use]
pub fn start_recorder(recorder: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws configservice start-configuration-recorder --configuration-recorder-name={} --region={}",
        name(recorder)?,
        region(in_region)?
    ))
}

/// `aws securityhub enable-security-hub …`. The standards that were on have to be switched on again.
#[must_use]
pub fn enable_security_hub(in_region: &str) -> Option<String> {
    Some(format!("aws securityhub enable-security-hub --region={}", region(in_region)?))
}

/// `aws macie2 enable-macie …`.
#[must_use]
pub fn enable_macie(in_region: &str) -> Option<String> {
    Some(format!("aws macie2 enable-macie --region={}", region(in_region)?))
}

/// `aws macie2 update-macie-session --status=ENABLED …`.
#[must_use]
pub fn resume_macie(in_region: &str) -> Option<String> {
    Some(format!("aws macie2 update-macie-session --status=ENABLED --region={}", region(in_region)?))
}

/// `aws cloudwatch enable-alarm-actions …`. An alarm with a blank in its name has to be put in by hand.
#[must_use]
pub fn enable_alarms(alarms: &[&str], in_region: &str) -> Option<String> {
    let named: Option<Vec<&str>> =
        alarms.iter().map(|alarm| name(alarm).filter(|name| !name.starts_with('-'))).collect();
    let named = named.filter(|named| !named.is_empty())?.join(" ");
    Some(format!("aws cloudwatch enable-alarm-actions --alarm-names {named} --region={}", region(in_region)?))
}

/// `aws s3api delete-bucket-lifecycle …`: all of the bucket's lifecycle rules. Nothing expires any more.
#[must_use]
pub fn delete_lifecycle(bucket: &str, in_region: &str) -> Option<String> {
    Some(format!("aws s3api delete-bucket-lifecycle --bucket={} --region={}", name(bucket)?, region(in_region)?))
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

/// `aws ec2 enable-snapshot-block-public-access …`.
#[must_use]
pub fn block_public_snapshots(in_region: &str) -> Option<String> {
    let region = region(in_region)?;
    Some(format!("aws ec2 enable-snapshot-block-public-access --state=block-all-sharing --region={region}"))
}

/// `aws ec2 enable-image-block-public-access …`.
#[must_use]
pub fn block_public_images(in_region: &str) -> Option<String> {
    let region = region(in_region)?;
    Some(format!(
        "aws ec2 enable-image-block-public-access --image-block-public-access-state=block-new-sharing --region={region}"
    ))
}

/// `aws ec2 enable-ebs-encryption-by-default …`.
#[must_use]
pub fn encrypt_volumes_by_default(in_region: &str) -> Option<String> {
    Some(format!("aws ec2 enable-ebs-encryption-by-default --region={}", region(in_region)?))
}

/// `aws ec2 disassociate-iam-instance-profile …`: takes its role from an instance.
#[must_use]
pub fn disassociate_instance_profile(association: &str, in_region: &str) -> Option<String> {
    let id = association.strip_prefix("iip-assoc-")?;
    let region = region(in_region)?;
    unique_id(id).map(|id| {
        format!("aws ec2 disassociate-iam-instance-profile --association-id=iip-assoc-{id} --region={region}")
    })
}

/// `aws eks disassociate-access-policy …`.
#[must_use]
pub fn disassociate_access_policy(cluster: &str, principal: &str, policy: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws eks disassociate-access-policy --cluster-name={} --principal-arn={} --policy-arn={} --region={}",
        name(cluster)?,
        arn(principal)?,
        arn(policy)?,
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

/// `aws iam put-user-policy …`, and so for roles and groups: writes the inline policy as it was.
#[must_use]
pub fn put_inline_policy(holder: &Target, policy: &str, was: &Document) -> Option<String> {
    let (kind, holder) = kind_and_name(holder)?;
    let (policy, document) = (name(policy)?, document(was)?);
    Some(format!(
        "aws iam put-{kind}-policy --{kind}-name={holder} --policy-name={policy} --policy-document={document}"
    ))
}

/// `aws iam update-assume-role-policy …`: writes who may assume a role as it was.
#[must_use]
pub fn update_trust(role: &str, was: &Document) -> Option<String> {
    Some(format!("aws iam update-assume-role-policy --role-name={} --policy-document={}", name(role)?, document(was)?))
}

/// `aws iam set-default-policy-version …`.
#[must_use]
pub fn set_default_version(policy_arn: &str, version: &str) -> Option<String> {
    let version = policy_version(version)?;
    Some(format!("aws iam set-default-policy-version --policy-arn={} --version-id={version}", arn(policy_arn)?))
}

/// A document between single quotes, if it is short enough to be pasted.
fn document(document: &Document) -> Option<String> {
    let text = document.to_text();
    (text.len() <= LONGEST_DOCUMENT).then(|| format!("'{text}'"))
}

/// `aws iam delete-policy …`. IAM refuses while the policy is attached to anything.
#[must_use]
pub fn delete_policy(policy_arn: &str) -> Option<String> {
    Some(format!("aws iam delete-policy --policy-arn={}", arn(policy_arn)?))
}

/// What makes our deny policy deny everything again; then whom it is attached to, and its versions.
#[must_use]
pub fn repair_policy(policy_arn: Option<&str>) -> Vec<String> {
    let Some(policy) = policy_arn.and_then(arn) else { return Vec::new() };
    vec![
        format!(
            "aws iam create-policy-version --policy-arn={policy} --policy-document='{DENY_EVERYTHING}' --set-as-default"
        ),
        format!("aws iam list-entities-for-policy --policy-arn={policy}"),
        format!("aws iam list-policy-versions --policy-arn={policy}"),
    ]
}

/// `aws iam delete-policy-version …`. IAM refuses while the version is the default.
#[must_use]
pub fn delete_policy_version(policy_arn: &str, version: &str) -> Option<String> {
    let version = policy_version(version)?;
    Some(format!("aws iam delete-policy-version --policy-arn={} --version-id={version}", arn(policy_arn)?))
}

/// `text`, if it has the form of a policy version: `v12`.
fn policy_version(text: &str) -> Option<&str> {
    let number = text.strip_prefix('v')?;
    (!number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// `aws iam remove-user-from-group …`.
#[must_use]
pub fn remove_user_from_group(user: &str, group: &str) -> Option<String> {
    Some(format!("aws iam remove-user-from-group --user-name={} --group-name={}", name(user)?, name(group)?))
}

/// `aws iam add-user-to-group …`.
#[must_use]
pub fn add_user_to_group(user: &str, group: &str) -> Option<String> {
    Some(format!("aws iam add-user-to-group --user-name={} --group-name={}", name(user)?, name(group)?))
}

/// `aws iam delete-group …`. IAM refuses while the group has members or policies.
#[must_use]
pub fn delete_group(group: &str) -> Option<String> {
    Some(format!("aws iam delete-group --group-name={}", name(group)?))
}

/// `aws iam update-user …`: gives the user `from` the name `to`.
#[must_use]
pub fn rename_user(from: &str, to: &str) -> Option<String> {
    Some(format!("aws iam update-user --user-name={} --new-user-name={}", name(from)?, name(to)?))
}

/// `aws iam add-role-to-instance-profile …`.
#[must_use]
pub fn add_role_to_instance_profile(role: &str, profile: &str) -> Option<String> {
    Some(format!(
        "aws iam add-role-to-instance-profile --instance-profile-name={} --role-name={}",
        name(profile)?,
        name(role)?
    ))
}

/// `aws iam remove-role-from-instance-profile …`.
#[must_use]
pub fn remove_role_from_instance_profile(role: &str, profile: &str) -> Option<String> {
    Some(format!(
        "aws iam remove-role-from-instance-profile --instance-profile-name={} --role-name={}",
        name(profile)?,
        name(role)?
    ))
}

/// `aws ec2 delete-key-pair …`.
#[must_use]
pub fn delete_key_pair(key_pair: &str, in_region: &str) -> Option<String> {
    Some(format!("aws ec2 delete-key-pair --key-name={} --region={}", name(key_pair)?, region(in_region)?))
}

/// `aws ecs deregister-task-definition …`. Tasks that run go on.
#[must_use]
pub fn deregister_task_definition(task_definition: &str, in_region: &str) -> Option<String> {
    Some(format!(
        "aws ecs deregister-task-definition --task-definition={} --region={}",
        arn(task_definition)?,
        region(in_region)?
    ))
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

/// `aws s3control put-public-access-block …`: the same for all buckets of an account.
#[must_use]
pub fn block_public_access_of_account(account: &str) -> Option<String> {
    let account = Some(account).filter(|account| is_account(account))?;
    Some(format!(
        "aws s3control put-public-access-block --account-id={account} --public-access-block-configuration={NOTHING_PUBLIC}"
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

/// `aws ec2 revoke-security-group-ingress …`: takes rules out of a security group by their ids.
#[must_use]
pub fn revoke_ingress(group: &str, rules: &[&str], in_region: &str) -> Option<String> {
    let forms = !rules.is_empty() && rules.iter().all(|rule| rule.starts_with("sgr-") && name(rule).is_some());
    let group = name(group).filter(|group| forms && group.starts_with("sg-"))?;
    Some(format!(
        "aws ec2 revoke-security-group-ingress --group-id={group} --region={} --security-group-rule-ids {}",
        region(in_region)?,
        rules.join(" ")
    ))
}

/// `aws ec2 modify-instance-metadata-options …`: the role's credentials only to who has a token.
#[must_use]
pub fn require_metadata_token(instance: &str, in_region: &str) -> Option<String> {
    let instance = name(instance).filter(|instance| instance.starts_with("i-"))?;
    Some(format!(
        "aws ec2 modify-instance-metadata-options --instance-id={instance} --http-tokens=required --region={}",
        region(in_region)?
    ))
}

/// `aws ec2 disable-serial-console-access …`.
#[must_use]
pub fn disable_serial_console(in_region: &str) -> Option<String> {
    Some(format!("aws ec2 disable-serial-console-access --region={}", region(in_region)?))
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
            assert_eq!(super::revoke_ingress(&format!("sg-{name} "), &["sgr-1"], "us-east-1"), None, "{name}");
            assert_eq!(super::revoke_ingress("sg-1", &["sgr-1", name], "us-east-1"), None, "{name}");
            assert_eq!(super::require_metadata_token(name, "us-east-1"), None, "{name}");
            assert_eq!(super::disable_serial_console(name), None, "{name}");
            assert_eq!(super::scan_images(name, "us-east-1"), None, "{name}");
            assert_eq!(super::enable_detector(name, "us-east-1"), None, "{name}");
            assert_eq!(super::delete_finding_filter("d", name, "us-east-1"), None, "{name}");
            assert_eq!(super::delete_lifecycle(name, "us-east-1"), None, "{name}");
            assert_eq!(super::block_public_access(name), None, "{name}");
            assert_eq!(super::enable_alarms(&["cpu", name], "us-east-1"), None, "{name}");
            assert_eq!(super::disassociate_instance_profile(&format!("iip-assoc-{name}"), "us-east-1"), None, "{name}");
            let (role, policy) = ("arn:aws:iam::111122223333:role/a", "arn:aws:eks::aws:cluster-access-policy/b");
            assert_eq!(super::disassociate_access_policy(name, role, policy, "us-east-1"), None, "{name}");
            assert_eq!(super::disassociate_access_policy("c", &format!("{role}{name} "), policy, "us-east-1"), None);
        }
    }

    #[test]
    fn a_name_never_becomes_an_option() {
        let command = super::delete_login_profile("--debug");
        assert_eq!(command.as_deref(), Some("aws iam delete-login-profile --user-name=--debug"));
    }

    #[test]
    fn an_alarm_is_no_option_either_though_it_follows_a_blank() {
        assert_eq!(super::enable_alarms(&["--debug"], "us-east-1"), None);
        assert_eq!(super::enable_alarms(&[], "us-east-1"), None);
        let command = super::enable_alarms(&["cpu", "root-use"], "us-east-1");
        let expected = "aws cloudwatch enable-alarm-actions --alarm-names cpu root-use --region=us-east-1";
        assert_eq!(command.as_deref(), Some(expected));
    }

    #[test]
    fn a_disabled_rule_is_enabled_on_the_bus_it_was_on() {
        let command = super::enable_rule("calls", None, "eu-west-1");
        let expected = "aws events enable-rule --name=calls --event-bus-name=default --region=eu-west-1";
        assert_eq!(command.as_deref(), Some(expected));
    }
}
