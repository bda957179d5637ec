//! # Account surveyed
//!
//! One principal made twelve or more different calls within ten minutes that list what an account has: its users, roles
//! and policies, its organization, buckets, secrets, keys, limits. Needs calls that only read.
//!
//! ## Why it matters
//!
//! Whoever comes with stolen credentials does not know the account, and a tool lists all of it in a minute. It is the
//! last quiet moment before they act.
//!
//! ## False alarms
//!
//! Scanners of an account's security do the same every day: calls that the principal made before are for the record. From an
//! EC2 instance's role it is HIGH: its programs know what they need. The
//! console asks for much by itself (a page of IAM makes five to eight such calls), so in a session that AWS records as the
//! console's it takes 30. What infrastructure tools ask about each of their roles, and monitoring every minute, such as
//! `GetRole` and `DescribeInstances`, is not counted.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they ran an audit or a scanner.
//! 2. If not: cut off the credentials.
//! 3. List all calls by that ARN in the hour before and after, in every region, by `eventName`: what it was denied, and
//!    what it did with what it learned.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance;
use crate::event::{Event, Target};
use crate::facts::past::{Member, Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-surveyed",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[
        Technique { id: "T1580", was: None, name: "Cloud Infrastructure Discovery" },
        Technique { id: "T1087.004", was: None, name: "Account Discovery: Cloud Account" },
    ],
    covers: &["RECN-02", "RECN-03", "RECN-12"],
    calls: &[
        Calls {
            source: "account.amazonaws.com",
            names: &["GetAlternateContact", "GetContactInformation", "GetPrimaryEmail", "ListRegions"],
        },
        Calls { source: "bedrock.amazonaws.com", names: &["ListFoundationModels"] },
        Calls { source: "ce.amazonaws.com", names: &["GetCostAndUsage"] },
        Calls { source: "cloudtrail.amazonaws.com", names: &["DescribeTrails", "ListTrails"] },
        Calls { source: "dynamodb.amazonaws.com", names: &["ListTables"] },
        Calls { source: "eks.amazonaws.com", names: &["ListClusters"] },
        Calls { source: "guardduty.amazonaws.com", names: &["ListDetectors"] },
        Calls {
            source: "iam.amazonaws.com",
            names: &[
                "GetAccessKeyLastUsed",
                "GetAccountPasswordPolicy",
                "GetAccountSummary",
                "GetGroup",
                "GetGroupPolicy",
                "GetLoginProfile",
                "GetServiceLastAccessedDetails",
                "GetUserPolicy",
                "ListAccessKeys",
                "ListAccountAliases",
                "ListAttachedGroupPolicies",
                "ListAttachedUserPolicies",
                "ListEntitiesForPolicy",
                "ListGroupPolicies",
                "ListGroups",
                "ListGroupsForUser",
                "ListInstanceProfiles",
                "ListMFADevices",
                "ListOpenIDConnectProviders",
                "ListPolicies",
                "ListRoles",
                "ListSAMLProviders",
                "ListSSHPublicKeys",
                "ListServerCertificates",
                "ListServiceSpecificCredentials",
                "ListSigningCertificates",
                "ListUserPolicies",
                "ListUsers",
                "ListVirtualMFADevices",
            ],
        },
        Calls { source: "kms.amazonaws.com", names: &["ListKeys"] },
        Calls { source: "lambda.amazonaws.com", names: &["ListFunctions20150331"] },
        Calls {
            source: "organizations.amazonaws.com",
            names: &[
                "DescribeOrganization",
                "ListAWSServiceAccessForOrganization",
                "ListAccounts",
                "ListDelegatedAdministrators",
                "ListOrganizationalUnitsForParent",
                "ListPolicies",
                "ListRoots",
            ],
        },
        Calls { source: "s3.amazonaws.com", names: &["ListBuckets"] },
        Calls { source: "secretsmanager.amazonaws.com", names: &["ListSecrets"] },
        Calls { source: "servicequotas.amazonaws.com", names: &["GetServiceQuota", "ListServiceQuotas"] },
        Calls {
            source: "ses.amazonaws.com",
            names: &["GetAccount", "GetSendQuota", "ListEmailIdentities", "ListIdentities"],
        },
        Calls {
            source: "ssm.amazonaws.com",
            names: &["DescribeInstanceInformation", "DescribeParameters", "GetInventory"],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_surveyed.rs")),
    detect,
};

/// Different calls of one principal.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "account-surveyed",
    asked_by: &[&DETECTION],
    what: What::Tally { of: call, window: SignedDuration::from_mins(10), speaks_from: MANY },
};

/// A principal and each of these calls that it makes.
pub(super) static ASKED_BEFORE: Remembering =
    Remembering { id: "asked-before", asked_by: &[&DETECTION], what: What::Habit(caller_and_call) };

const MANY: usize = 12;
const MANY_IN_THE_CONSOLE: usize = 30;

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let facts = context.facts;
    let many = facts.tally(REMEMBERS.id);
    if many < if event.is_recorded_as_console() { MANY_IN_THE_CONSOLE } else { MANY } {
        return None;
    }
    let usual = facts.was_seen(ASKED_BEFORE.id);
    let severity = match (usual, circumstance::is_instance(event)) {
        (true, _) => Severity::Low,
        (false, true) => Severity::High,
        (false, false) => Severity::Medium,
    };
    Some(
        DETECTION
            .finding(event, format!("listed the account by {many} different calls within ten minutes"))
            .target(Target::account(&event.account))
            .severity(severity)
            .evidence("The last", format!("{} of {}", event.name, event.source))
            .evidence_if("Usual", usual.then_some("it made this call before")),
    )
}

fn call(event: &Event) -> Option<Member> {
    Member::of_caller(event, format!("{} {}", event.source, event.name))
}

fn caller_and_call(event: &Event) -> Option<Pair> {
    Pair::of_caller(event, &[&event.source, &event.name])
}
