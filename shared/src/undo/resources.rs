//! What services hold: buckets, disks, functions, topics, keys, clusters.

use super::{account, aws, name, unique_id};

/// Nothing public, in any of the four ways.
const NOTHING_PUBLIC: &str =
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true";

/// `aws s3api delete-bucket-lifecycle …`: all of the bucket's lifecycle rules. Nothing expires any more.
#[must_use]
pub fn delete_lifecycle(bucket: &str, in_region: &str) -> Option<String> {
    aws("s3api delete-bucket-lifecycle").name("bucket", bucket).region(in_region).done()
}

/// `aws s3api put-public-access-block …`: whatever a bucket's policy and list say, the public is kept out.
#[must_use]
pub fn block_public_access(bucket: &str) -> Option<String> {
    aws("s3api put-public-access-block")
        .name("bucket", bucket)
        .is("public-access-block-configuration", NOTHING_PUBLIC)
        .done()
}

/// `aws s3control put-public-access-block …`: the same for all buckets of an account.
#[must_use]
pub fn block_public_access_of_account(of_account: &str) -> Option<String> {
    aws("s3control put-public-access-block")
        .with("account-id", account(of_account))
        .is("public-access-block-configuration", NOTHING_PUBLIC)
        .done()
}

/// `aws ec2 enable-snapshot-block-public-access …`.
#[must_use]
pub fn block_public_snapshots(in_region: &str) -> Option<String> {
    aws("ec2 enable-snapshot-block-public-access").is("state", "block-all-sharing").region(in_region).done()
}

/// `aws ec2 enable-image-block-public-access …`.
#[must_use]
pub fn block_public_images(in_region: &str) -> Option<String> {
    aws("ec2 enable-image-block-public-access")
        .is("image-block-public-access-state", "block-new-sharing")
        .region(in_region)
        .done()
}

/// `aws ec2 enable-ebs-encryption-by-default …`.
#[must_use]
pub fn encrypt_volumes_by_default(in_region: &str) -> Option<String> {
    aws("ec2 enable-ebs-encryption-by-default").region(in_region).done()
}

/// `aws ec2 disassociate-iam-instance-profile …`: takes its role from an instance.
#[must_use]
pub fn disassociate_instance_profile(association: &str, in_region: &str) -> Option<String> {
    let of_instance = association.strip_prefix("iip-assoc-").and_then(unique_id).map(|_| association);
    aws("ec2 disassociate-iam-instance-profile").with("association-id", of_instance).region(in_region).done()
}

/// `aws ec2 delete-key-pair …`.
#[must_use]
pub fn delete_key_pair(key_pair: &str, in_region: &str) -> Option<String> {
    aws("ec2 delete-key-pair").name("key-name", key_pair).region(in_region).done()
}

/// `aws ec2 revoke-security-group-ingress …`: takes rules out of a security group by their ids.
#[must_use]
pub fn revoke_ingress(group: &str, rules: &[&str], in_region: &str) -> Option<String> {
    aws("ec2 revoke-security-group-ingress")
        .with("group-id", of_kind(group, "sg-"))
        .list("security-group-rule-ids", rules, |rule| of_kind(rule, "sgr-"))
        .region(in_region)
        .done()
}

/// `aws ec2 modify-instance-metadata-options …`: the role's credentials only to who has a token.
#[must_use]
pub fn require_metadata_token(instance: &str, in_region: &str) -> Option<String> {
    aws("ec2 modify-instance-metadata-options")
        .with("instance-id", of_kind(instance, "i-"))
        .is("http-tokens", "required")
        .region(in_region)
        .done()
}

/// `aws ec2 disable-serial-console-access …`.
#[must_use]
pub fn disable_serial_console(in_region: &str) -> Option<String> {
    aws("ec2 disable-serial-console-access").region(in_region).done()
}

/// An id of EC2 that says what it is of.
fn of_kind<'a>(id: &'a str, prefix: &str) -> Option<&'a str> {
    name(id).filter(|id| id.starts_with(prefix))
}

/// `aws ec2 modify-snapshot-attribute …`, and so for an image: no longer shares it with `accounts`, or with `all`.
#[must_use]
pub fn unshare_disk(id: &str, accounts: &[&str], in_region: &str) -> Option<String> {
    let (call, option, attribute, groups) = match id.split('-').next()? {
        "snap" => ("ec2 modify-snapshot-attribute", "snapshot-id", "createVolumePermission", "group-names"),
        "ami" => ("ec2 modify-image-attribute", "image-id", "launchPermission", "user-groups"),
        _ => return None,
    };
    let removal = aws(call).name(option, id).is("attribute", attribute).is("operation-type", "remove");
    let removal = match accounts {
        ["all"] => removal.is(groups, "all"),
        accounts => removal.accounts("user-ids", accounts),
    };
    removal.region(in_region).done()
}

/// `aws rds modify-db-snapshot-attribute …`, and so for a cluster's snapshot.
#[must_use]
pub fn unshare_database_snapshot(snapshot: &str, cluster: bool, accounts: &[&str], in_region: &str) -> Option<String> {
    let kind = if cluster { "db-cluster-snapshot" } else { "db-snapshot" };
    aws(&format!("rds modify-{kind}-attribute"))
        .name(&format!("{kind}-identifier"), snapshot)
        .is("attribute-name", "restore")
        .list("values-to-remove", accounts, account_or_all)
        .region(in_region)
        .done()
}

/// `aws ssm modify-document-permission …`.
#[must_use]
pub fn unshare_document(document: &str, accounts: &[&str], in_region: &str) -> Option<String> {
    aws("ssm modify-document-permission")
        .name("name", document)
        .is("permission-type", "Share")
        .list("account-ids-to-remove", accounts, account_or_all)
        .region(in_region)
        .done()
}

/// How RDS and Systems Manager name whom something is shared with.
fn account_or_all(text: &str) -> Option<&str> {
    if text == "all" { Some(text) } else { account(text) }
}

/// `aws ram disassociate-resource-share …`: takes accounts out of a share.
#[must_use]
pub fn leave_share(share: &str, accounts: &[&str], in_region: &str) -> Option<String> {
    aws("ram disassociate-resource-share")
        .arn("resource-share-arn", share)
        .accounts("principals", accounts)
        .region(in_region)
        .done()
}

/// `aws lambda remove-permission …`: takes one statement out of a function's policy.
#[must_use]
pub fn remove_function_permission(function: &str, statement: &str, in_region: &str) -> Option<String> {
    aws("lambda remove-permission")
        .name_or_arn("function-name", function)
        .name("statement-id", statement)
        .region(in_region)
        .done()
}

/// `aws lambda delete-function-url-config …`.
#[must_use]
pub fn delete_function_url(function: &str, in_region: &str) -> Option<String> {
    aws("lambda delete-function-url-config").name_or_arn("function-name", function).region(in_region).done()
}

/// `aws sns remove-permission …`: takes one statement out of a topic's policy.
#[must_use]
pub fn remove_topic_permission(topic: &str, label: &str, in_region: &str) -> Option<String> {
    aws("sns remove-permission").arn("topic-arn", topic).name("label", label).region(in_region).done()
}

/// `aws kms enable-key …`.
#[must_use]
pub fn enable_key(key: &str, in_region: &str) -> Option<String> {
    aws("kms enable-key").name_or_arn("key-id", key).region(in_region).done()
}

/// `aws kms cancel-key-deletion …`, which leaves the key disabled, and then `aws kms enable-key …`.
#[must_use]
pub fn cancel_key_deletion(key: &str, in_region: &str) -> Option<String> {
    let cancel = aws("kms cancel-key-deletion").name_or_arn("key-id", key).region(in_region).done()?;
    Some(format!("{cancel} && {}", enable_key(key, in_region)?))
}

/// `aws kms enable-key-rotation …`.
#[must_use]
pub fn enable_key_rotation(key: &str, in_region: &str) -> Option<String> {
    aws("kms enable-key-rotation").name_or_arn("key-id", key).region(in_region).done()
}

/// `aws kms revoke-grant …`.
#[must_use]
pub fn revoke_grant(key: &str, grant: &str, in_region: &str) -> Option<String> {
    aws("kms revoke-grant").name_or_arn("key-id", key).unique_id("grant-id", grant).region(in_region).done()
}

/// `aws ecr put-image-scanning-configuration …`.
#[must_use]
pub fn scan_images(repository: &str, in_region: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
    let formed = !repository.is_empty() && repository.len() <= 256 && repository.bytes().all(plain);
    aws("ecr put-image-scanning-configuration")
        .with("repository-name", formed.then_some(repository))
        .is("image-scanning-configuration", "scanOnPush=true")
        .region(in_region)
        .done()
}

/// `aws ecs deregister-task-definition …`. Tasks that run go on.
#[must_use]
pub fn deregister_task_definition(task_definition: &str, in_region: &str) -> Option<String> {
    aws("ecs deregister-task-definition").arn("task-definition", task_definition).region(in_region).done()
}

/// `aws eks disassociate-access-policy …`.
#[must_use]
pub fn disassociate_access_policy(cluster: &str, principal: &str, policy: &str, in_region: &str) -> Option<String> {
    aws("eks disassociate-access-policy")
        .name("cluster-name", cluster)
        .arn("principal-arn", principal)
        .arn("policy-arn", policy)
        .region(in_region)
        .done()
}
