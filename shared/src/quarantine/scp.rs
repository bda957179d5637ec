//! The service control policy that ends a fight: nobody in the account can undo it.

use serde_json::{Value, json};

use super::{Record, Subject};

/// What is to be attached to the account, in the organization's management account, to keep contained what a record contains.
/// JSON, ready to paste; `restorer` is the role with which people take back what was done.
#[must_use]
pub fn scp(record: &Record, restorer: Option<&str>) -> Option<String> {
    let user = record.arn()?;
    let statements = match &record.subject {
        Subject::Key { .. } => vec![keep_the_key_off(user, restorer.unwrap_or("REPLACE-WITH-YOUR-OWN-ARN"))],
        Subject::User { .. } | Subject::Holder { .. } => vec![deny_everything(user), keep_contained(user)],
        Subject::Sessions { .. } => return None,
    };
    serde_json::to_string_pretty(&json!({"Version": "2012-10-17", "Statement": statements})).ok()
}

/// Of a user with one bad key the rest goes on working. Nobody switches keys on any more, and nobody off: the key must be Inactive
/// before this is attached.
fn keep_the_key_off(user: &str, but_for: &str) -> Value {
    json!({
        "Sid": "KeepTheKeyOff",
        "Effect": "Deny",
        "Action": ["iam:CreateAccessKey", "iam:UpdateAccessKey"],
        "Resource": user,
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": but_for}},
    })
}

fn deny_everything(user: &str) -> Value {
    json!({
        "Sid": "DenyTheUserEverything",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": user}},
    })
}

fn keep_contained(user: &str) -> Value {
    json!({
        "Sid": "KeepTheUserContained",
        "Effect": "Deny",
        "Action": [
            "iam:CreateAccessKey",
            "iam:CreateLoginProfile",
            "iam:CreateServiceSpecificCredential",
            "iam:DeleteUserPermissionsBoundary",
            "iam:DetachUserPolicy",
            "iam:PutUserPermissionsBoundary",
            "iam:UpdateLoginProfile",
            "iam:UpdateUser",
            "iam:UploadSSHPublicKey",
            "iam:UploadSigningCertificate",
        ],
        "Resource": user,
    })
}
