//! What one may do with a resource that one is let in to, and how bad that is.

use super::{Scope, Statement};
use crate::finding::Severity::{self, Critical, High, Low, Medium};

/// What a statement lets one do with its resource, in words and by how bad it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uses {
    /// Before the resource's name: `read`, `read and write to`, `administer`.
    pub verbs: String,
    /// How bad it is if everyone may.
    pub by_everyone: Severity,
    /// How bad it is if an account that nobody knows may.
    pub by_account: Severity,
}

/// An action that stands for its kind.
struct Use {
    action: &'static str,
    verb: &'static str,
    by_everyone: Severity,
    by_account: Severity,
}

const fn by(action: &'static str, verb: &'static str, by_everyone: Severity, by_account: Severity) -> Use {
    Use { action, verb, by_everyone, by_account }
}

/// Who may do these can do all the rest, or let others in.
const ADMINISTER: &str = "administer";

/// The more telling first.
#[rustfmt::skip]
static USES: &[Use] = &[
    by("s3:PutBucketPolicy", ADMINISTER, Critical, High),
    by("s3:PutBucketAcl", ADMINISTER, Critical, High),
    by("s3:PutReplicationConfiguration", ADMINISTER, Critical, High),
    by("s3:DeleteBucket", ADMINISTER, Critical, High),
    by("s3:GetObject", "read", High, High),
    by("s3:GetObjectVersion", "read", High, High),
    by("s3:PutObject", "write to", Critical, High),
    by("s3:PutObjectAcl", "write to", Critical, High),
    by("s3:DeleteObject", "delete from", Critical, High),
    by("s3:DeleteObjectVersion", "delete from", Critical, High),
    by("s3:ListBucket", "list", High, Medium),
    by("kms:PutKeyPolicy", ADMINISTER, Critical, High),
    by("kms:ScheduleKeyDeletion", ADMINISTER, Critical, High),
    by("kms:DisableKey", ADMINISTER, Critical, High),
    by("kms:Decrypt", "decrypt with", Critical, High),
    by("kms:ReEncryptFrom", "decrypt with", Critical, High),
    by("kms:DeriveSharedSecret", "decrypt with", Critical, High),
    by("kms:Sign", "sign with", Critical, High),
    by("kms:GenerateMac", "sign with", Critical, High),
    by("kms:CreateGrant", "grant the use of", Critical, High),
    by("kms:Encrypt", "encrypt with", High, Medium),
    by("kms:ReEncryptTo", "encrypt with", High, Medium),
    by("kms:GenerateDataKey", "encrypt with", High, Medium),
    by("kms:GenerateDataKeyWithoutPlaintext", "encrypt with", High, Medium),
    by("secretsmanager:PutResourcePolicy", ADMINISTER, Critical, High),
    by("secretsmanager:DeleteSecret", ADMINISTER, Critical, High),
    by("secretsmanager:GetSecretValue", "read", Critical, High),
    by("secretsmanager:BatchGetSecretValue", "read", Critical, High),
    by("secretsmanager:PutSecretValue", "overwrite", Critical, High),
    by("secretsmanager:UpdateSecret", "overwrite", Critical, High),
    by("sns:AddPermission", ADMINISTER, High, High),
    by("sns:SetTopicAttributes", ADMINISTER, High, High),
    by("sns:DeleteTopic", ADMINISTER, High, High),
    by("sns:Subscribe", "subscribe to", High, Medium),
    by("sns:Publish", "publish to", High, Medium),
    by("sqs:AddPermission", ADMINISTER, High, High),
    by("sqs:SetQueueAttributes", ADMINISTER, High, High),
    by("sqs:DeleteQueue", ADMINISTER, High, High),
    by("sqs:ReceiveMessage", "receive from", High, High),
    by("sqs:SendMessage", "send to", High, Medium),
    by("sqs:DeleteMessage", "delete from", High, Medium),
    by("sqs:PurgeQueue", "delete from", High, Medium),
    by("lambda:UpdateFunctionCode", ADMINISTER, Critical, High),
    by("lambda:UpdateFunctionConfiguration", ADMINISTER, Critical, High),
    by("lambda:AddPermission", ADMINISTER, Critical, High),
    by("lambda:GetFunction", "read", High, High),
    by("lambda:InvokeFunction", "invoke", High, High),
    by("lambda:InvokeFunctionUrl", "invoke", High, High),
    by("lambda:GetLayerVersion", "use", High, Medium),
    by("ecr:SetRepositoryPolicy", ADMINISTER, Critical, High),
    by("ecr:DeleteRepository", ADMINISTER, Critical, High),
    by("ecr:BatchGetImage", "pull from", High, High),
    by("ecr:GetDownloadUrlForLayer", "pull from", High, High),
    by("ecr:PutImage", "push to", Critical, High),
    by("ecr:BatchDeleteImage", "delete from", Critical, High),
    by("ecr:ReplicateImage", "replicate to", High, Medium),
    by("es:UpdateDomainConfig", ADMINISTER, Critical, High),
    by("es:UpdateElasticsearchDomainConfig", ADMINISTER, Critical, High),
    by("es:DeleteDomain", ADMINISTER, Critical, High),
    by("es:ESHttpGet", "read", High, High),
    by("es:ESHttpPut", "write to", Critical, High),
    by("es:ESHttpPost", "write to", Critical, High),
    by("es:ESHttpDelete", "delete from", Critical, High),
    by("glacier:SetVaultAccessPolicy", ADMINISTER, Critical, High),
    by("glacier:InitiateJob", "read", High, High),
    by("glacier:GetJobOutput", "read", High, High),
    by("glacier:UploadArchive", "write to", High, Medium),
    by("glacier:DeleteArchive", "delete from", Critical, High),
    by("glue:PutResourcePolicy", ADMINISTER, Critical, High),
    by("glue:GetTable", "read", High, High),
    by("glue:GetTables", "read", High, High),
    by("glue:GetConnection", "read", High, High),
    by("glue:UpdateTable", "write to", Critical, High),
    by("glue:DeleteTable", "delete from", Critical, High),
    by("dynamodb:PutResourcePolicy", ADMINISTER, Critical, High),
    by("dynamodb:GetItem", "read", High, High),
    by("dynamodb:Query", "read", High, High),
    by("dynamodb:Scan", "read", High, High),
    by("dynamodb:PutItem", "write to", Critical, High),
    by("dynamodb:UpdateItem", "write to", Critical, High),
    by("dynamodb:DeleteItem", "delete from", Critical, High),
    by("events:PutEvents", "send to", High, Medium),
];

/// What the statement lets one do.
pub(super) fn uses_of(statement: &Statement) -> Uses {
    let found: Vec<&Use> = USES.iter().filter(|one| statement.lets(one.action)).collect();
    let mut verbs: Vec<&str> = Vec::new();
    for verb in found.iter().map(|one| one.verb) {
        if !verbs.contains(&verb) {
            verbs.push(verb);
        }
    }
    if verbs.contains(&ADMINISTER) {
        verbs = vec![ADMINISTER];
    }
    if let (Some(by_everyone), Some(by_account)) =
        (found.iter().map(|one| one.by_everyone).max(), found.iter().map(|one| one.by_account).max())
    {
        verbs.truncate(2);
        return Uses { verbs: verbs.join(" and "), by_everyone, by_account };
    }
    let (verb, by_everyone, by_account) =
        if only_looks(statement) { ("look at", Medium, Low) } else { ("use", High, Medium) };
    Uses { verbs: verb.to_owned(), by_everyone, by_account }
}

/// Whether all that it allows are actions of services in the list above, which do no more than describe.
fn only_looks(statement: &Statement) -> bool {
    let Scope::Only(actions) = &statement.actions else { return false };
    actions.iter().all(|action| {
        let (service, name) = action.split_once(':').unwrap_or_default();
        let known = USES
            .iter()
            .any(|one| one.action.split_once(':').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(service)));
        let looks = ["get", "list", "describe", "check", "head"];
        known && looks.iter().any(|verb| name.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb)))
    })
}
