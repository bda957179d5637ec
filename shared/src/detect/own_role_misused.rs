//! # A role of quarantine was used for something else
//!
//! A role with which iamwatch changes IAM, or takes back what it changed, called what iamwatch never calls with it, or was used
//! from elsewhere than quarantine's function, with or without success.
//!
//! ## Why it matters
//!
//! These roles can switch credentials of users off and on, and deny users everything. iamwatch makes a handful of calls with them,
//! each known by name. Anything else is somebody who holds the role's credentials, or who wrote into the function.
//!
//! ## False alarms
//!
//! None of quarantine's function. Of the role that people assume to restore, only calls that change something are told: somebody
//! who assumed it did more with it than to restore.
//!
//! ## What to do
//!
//! 1. Set the function's reserved concurrency to 0 (`aws lambda put-function-concurrency`), so that nobody gets new credentials
//!    through it, and end the sessions of the role with the command below.
//! 2. In CloudTrail, list all calls by that role in the 24 hours before, by `sessionContext.sessionIssuer.arn`: which of them were
//!    not iamwatch's? Take each back.
//! 3. List who changed the function, its role or its trust in the 7 days before: `UpdateFunctionCode`, `UpdateFunctionConfiguration`,
//!    `UpdateAssumeRolePolicy`, and `AssumeRole` with this role.
//! 4. Deploy the stack again from its source, then allow the function to run.

use super::{Context, Detection, Outcome, Page, Technique, if_refused, own_name};
use crate::circumstance::is_instance;
use crate::event::{Event, Kind};
use crate::finding::{Confidence, Finding, Severity};
use crate::quarantine::SESSIONS_ENDED;
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "own-role-misused",
    watcher: Watcher::AccessDenied,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &[],
    calls: &[],
    outcome: Outcome::Any,
    page: Page::of(include_str!("own_role_misused.rs")),
    detect,
};

/// The roles of the stack that may write to IAM, by the names that the template gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// That of quarantine's function.
    Quarantine,
    /// What the function assumes to end sessions of a role.
    Sessions,
    /// What people assume who take back what was done.
    Restore,
}

/// What is asked of IAM before and after acting.
const ASKED: [&str; 11] = [
    "GetAccessKeyLastUsed",
    "GetLoginProfile",
    "GetPolicy",
    "GetPolicyVersion",
    "GetUser",
    "ListAccessKeys",
    "ListAttachedUserPolicies",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
    "ListUsers",
];
const SWITCHED: [&str; 4] =
    ["UpdateAccessKey", "UpdateSSHPublicKey", "UpdateServiceSpecificCredential", "UpdateSigningCertificate"];
/// What a restore calls, also what the role may not do and only its user's own rights allow.
const TAKEN_BACK: [&str; 4] =
    ["DeleteRolePolicy", "DeleteUserPermissionsBoundary", "DetachUserPolicy", "PutUserPermissionsBoundary"];
/// What a function does beside it: its log, the table, the queues, the topic, and their keys.
const BESIDE: [(&str, &[&str]); 5] = [
    ("dynamodb.amazonaws.com", &["GetItem", "PutItem", "UpdateItem"]),
    ("kms.amazonaws.com", &["Decrypt", "GenerateDataKey"]),
    ("logs.amazonaws.com", &["CreateLogStream", "PutLogEvents"]),
    ("sns.amazonaws.com", &["Publish"]),
    (
        "sqs.amazonaws.com",
        &["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"],
    ),
];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    if actor.kind != Kind::Role || actor.account.as_deref() != Some(event.account.as_str()) {
        return None;
    }
    let stack = &context.config.stack;
    let role = Own::of(&actor.name, stack)?;
    let refused = if_refused(event);
    let act = if !role.calls(event, stack) {
        format!("called {}{refused}: iamwatch never does", event.name)
    } else if let Some(place) = role.elsewhere(event, stack) {
        format!("called {}{refused} {place}, not in iamwatch's function", event.name)
    } else {
        return None;
    };
    Some(
        DETECTION
            .finding(event, act)
            .evidence("Call", event.name.as_str())
            .evidence_if("Session", actor.session.as_deref())
            .evidence_if("Error", event.error_code.as_deref()),
    )
}

impl Own {
    /// `CloudFormation` names a role by the stack, the template's name for it, and some letters.
    fn of(role: &str, stack: &str) -> Option<Self> {
        let logical = own_name(role, stack)?.strip_prefix(stack)?.strip_prefix('-')?.split('-').next()?;
        match logical {
            "QuarantineRole" => Some(Self::Quarantine),
            "QuarantineSessionsRole" => Some(Self::Sessions),
            "QuarantineRestoreRole" => Some(Self::Restore),
            _ => None,
        }
    }

    /// Whether iamwatch makes the call with the role. CloudTrail leaves the parameters of many refused calls out.
    fn calls(self, event: &Event, stack: &str) -> bool {
        let (source, call) = (event.source.as_str(), event.call());
        let iam = source == "iam.amazonaws.com";
        let with =
            |parameter: &str, fits: &dyn Fn(&str) -> bool| event.request(parameter).map_or(!event.succeeded(), fits);
        let deny = |policy: &str| own_name(policy, stack).is_some_and(|name| name.contains("-DenyEverything-"));
        let beside = BESIDE.iter().any(|(service, names)| *service == source && names.contains(&call));
        match self {
            Self::Quarantine if iam => match call {
                "AttachUserPolicy" => with("policyArn", &deny),
                "PutUserPermissionsBoundary" => with("permissionsBoundary", &deny),
                _ if SWITCHED.contains(&call) => with("status", &|status| status == "Inactive"),
                _ => ASKED.contains(&call),
            },
            Self::Quarantine if source == "sts.amazonaws.com" => {
                let sessions =
                    |role: &str| own_name(role, stack).and_then(|name| Self::of(name, stack)) == Some(Self::Sessions);
                call == "AssumeRole" && with("roleArn", &sessions)
            }
            Self::Quarantine => beside,
            Self::Sessions => match call {
                "PutRolePolicy" => iam && with("policyName", &|name| name == SESSIONS_ENDED),
                _ => iam && ["GetRole", "GetRolePolicy"].contains(&call),
            },
            // Whoever assumed it may look around.
            Self::Restore => {
                let back = SWITCHED.contains(&call) || TAKEN_BACK.contains(&call);
                event.read_only() || beside || iam && back
            }
        }
    }

    /// From where it was called, if that is not quarantine's function. Services act for the function under names of their own.
    fn elsewhere(self, event: &Event, stack: &str) -> Option<String> {
        let person = event.source == "iam.amazonaws.com" || event.source == "sts.amazonaws.com";
        if self == Self::Restore || event.actor.is_service() || !person {
            return None;
        }
        let session = event.actor.session.as_deref();
        // Lambda names sessions after the function; the other role's are named by the function itself.
        let own = match self {
            Self::Sessions => "iamwatch-quarantine".to_owned(),
            Self::Quarantine | Self::Restore => format!("{stack}-quarantine"),
        };
        if event.is_recorded_as_console() {
            Some("in the console".to_owned())
        } else if is_instance(event) {
            Some("on an EC2 instance".to_owned())
        } else {
            session.filter(|session| *session != own).map(|session| format!("in session {session}"))
        }
    }
}
