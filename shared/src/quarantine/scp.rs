//! The service control policy that ends a fight: nobody in the account can undo it.

use serde_json::json;

use super::Record;

/// What is to be attached to the account, in the organization's management account, to keep the user of a record contained.
/// Lines of JSON, ready to paste.
#[must_use]
pub fn scp(record: &Record) -> Option<String> {
    let user = &record.before.as_ref()?.arn;
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyTheUserEverything",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": user}},
            },
            {
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
            },
        ],
    });
    serde_json::to_string_pretty(&document).ok()
}
