//! # Sensitive call denied
//!
//! A call was denied that would have given its caller rights, credentials or an MFA device, taken a policy off, taken a
//! secret, started machines, bought the use of models, or switched monitoring off.
//!
//! ## Why it matters
//!
//! Nobody makes such a call by chance. The permissions held this time; whoever tried may try elsewhere.
//!
//! ## False alarms
//!
//! A pipeline that lacks a permission it needs, often right after a change. Reads of secrets are lowered, and so are machines,
//! models, deleted groups, and MFA devices: a policy may only let users have one of their own name.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they made the call.
//! 2. If not: cut the credentials off.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`, and look for the same call without an
//!    `errorCode`.
//! 4. If a pipeline lacks the permission: give it to the pipeline, not to people.

use super::{Context, Detection, Outcome, Page, Technique, denied, with_denials};
use crate::denials::Score;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "sensitive-call-denied",
    watcher: Watcher::AccessDenied,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1526", was: None, name: "Cloud Service Discovery" }],
    covers: &["DENY-05", "DENY-06", "DENY-09", "DENY-11", "DENY-12", "DENY-13", "DENY-14"],
    calls: CALLS,
    outcome: Outcome::Failed,
    page: Page::of(include_str!("sensitive_call_denied.rs")),
    detect,
};

pub(crate) const CALLS: &[Calls] = &[
    Calls {
        source: "iam.amazonaws.com",
        names: &[
            "AddUserToGroup",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreateAccessKey",
            "CreateLoginProfile",
            "CreateOpenIDConnectProvider",
            "CreatePolicyVersion",
            "CreateSAMLProvider",
            "CreateServiceSpecificCredential",
            "CreateUser",
            "CreateVirtualMFADevice",
            "DeactivateMFADevice",
            "DeleteGroup",
            "DeleteGroupPolicy",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DeleteUserPermissionsBoundary",
            "DeleteUserPolicy",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "EnableMFADevice",
            "PutGroupPolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "PutUserPermissionsBoundary",
            "PutUserPolicy",
            "SetDefaultPolicyVersion",
            "UpdateAssumeRolePolicy",
            "UpdateLoginProfile",
            "UpdateSAMLProvider",
        ],
    },
    Calls { source: "sts.amazonaws.com", names: &["AssumeRoot"] },
    Calls {
        source: "cloudtrail.amazonaws.com",
        names: &["DeleteEventDataStore", "DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"],
    },
    Calls { source: "guardduty.amazonaws.com", names: &["DeleteDetector", "DisassociateFromAdministratorAccount"] },
    Calls { source: "config.amazonaws.com", names: &["DeleteConfigurationRecorder", "StopConfigurationRecorder"] },
    Calls {
        source: "organizations.amazonaws.com",
        names: &["DetachPolicy", "DisablePolicyType", "LeaveOrganization", "RemoveAccountFromOrganization"],
    },
    Calls { source: "secretsmanager.amazonaws.com", names: &["BatchGetSecretValue", "GetSecretValue"] },
    Calls { source: "ec2.amazonaws.com", names: &["GetPasswordData", "RunInstances"] },
    Calls {
        source: "bedrock.amazonaws.com",
        names: &[
            "CreateFoundationModelAgreement",
            "DeleteModelInvocationLoggingConfiguration",
            "PutFoundationModelEntitlement",
            "PutModelInvocationLoggingConfiguration",
            "PutResourcePolicy",
            "PutUseCaseForModelAccess",
        ],
    },
];

/// A program that lacks a permission asks for its secret at every start, and a user whose device must have the user's name
/// is refused another.
pub(crate) const LESS: [&str; 11] = [
    "BatchGetSecretValue",
    "CreateFoundationModelAgreement",
    "CreateVirtualMFADevice",
    "DeleteGroup",
    "EnableMFADevice",
    "GetPasswordData",
    "GetSecretValue",
    "PutFoundationModelEntitlement",
    "PutResourcePolicy",
    "PutUseCaseForModelAccess",
    "RunInstances",
];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let denial = event.denial()?;
    let denials = context.facts.denials_with(event);
    let score = Score::of(&denials, event, context);
    let severity = if LESS.contains(&event.call()) { Severity::Medium } else { Severity::High };
    let finding = DETECTION
        .finding(event, denied(event, &denial))
        // One incident for each principal, whatever it asks for.
        .target(Target::account(&event.account))
        .severity(score.severity(event).map_or(severity, |level| level.max(severity)));
    let without_mfa = (event.actor.mfa == Some(false)).then_some("the session was opened without");
    Some(with_denials(finding, &denial, &denials, &score).evidence_if("MFA", without_mfa))
}
