//! # Looked around for the first time
//!
//! A principal looked at something for the first time that few have to look at: the organization and its accounts, the
//! account's own settings and password policy, IAM's groups, the software on machines, the list of buckets. Needs calls
//! that only read.
//!
//! ## Why it matters
//!
//! A program asks for the same things every day. When it asks for the organization's accounts or the password policy for
//! once, somebody else may hold its credentials.
//!
//! ## False alarms
//!
//! Most of it: people who try something, new versions of programs. It is for the record. What the console asks for its
//! pages is left out, where AWS records that it was the console.
//!
//! ## What to do
//!
//! 1. Look for other findings about the same principal in the 24 hours before and after.
//! 2. If there are any: list all calls by that ARN in the hour after, by `userIdentity.arn`, and ask its owner.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "first-look-around",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[
        Technique { id: "T1087.004", was: None, name: "Account Discovery: Cloud Account" },
        Technique { id: "T1201", was: None, name: "Password Policy Discovery" },
        Technique { id: "T1518", was: None, name: "Software Discovery" },
    ],
    covers: &["RECN-06", "RECN-07", "RECN-08", "RECN-10", "RECN-12"],
    calls: &[
        Calls {
            source: "account.amazonaws.com",
            names: &["GetAlternateContact", "GetContactInformation", "GetPrimaryEmail"],
        },
        Calls {
            source: "iam.amazonaws.com",
            names: &[
                "GetAccountPasswordPolicy",
                "GetAccountSummary",
                "GetGroup",
                "GetGroupPolicy",
                "ListAccountAliases",
                "ListAttachedGroupPolicies",
                "ListGroupPolicies",
                "ListGroups",
                "ListGroupsForUser",
            ],
        },
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
        Calls {
            source: "ssm.amazonaws.com",
            names: &["DescribeInstanceInformation", "GetInventory", "GetInventorySchema", "ListInventoryEntries"],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("first_look_around.rs")),
    detect,
};

/// A principal and what it looks at.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "first-look-around", asked_by: &[&DETECTION], what: What::Habit(caller_and_matter) };

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let since = context.facts.first_since(REMEMBERS.id).filter(|_| !event.is_recorded_as_console())?;
    Some(
        DETECTION
            .finding(event, format!("looked at {} {}", matter(event), since.how_often()))
            .target(Target::account(&event.account))
            .evidence("First", format!("it did not since {since}")),
    )
}

fn matter(event: &Event) -> &'static str {
    match event.source.as_str() {
        "organizations.amazonaws.com" => "the organization",
        "s3.amazonaws.com" => "the list of buckets",
        "ssm.amazonaws.com" => "machines and their software",
        "iam.amazonaws.com" if event.name.contains("Group") => "IAM's groups",
        "iam.amazonaws.com" if event.name == "GetAccountPasswordPolicy" => "the password policy",
        _ => "the account's settings",
    }
}

fn caller_and_matter(event: &Event) -> Option<Pair> {
    Pair::of_caller(event, &[matter(event)])
}
