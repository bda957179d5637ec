//! # All identities of the account read
//!
//! Somebody read all users, roles and policies of the account in one call, or had a report of them made. All but the
//! making needs calls that only read.
//!
//! ## Why it matters
//!
//! It is the map of the account: who may do what, who has no MFA, which keys are old. Intruders take it first, to find
//! the way up.
//!
//! ## False alarms
//!
//! Tools that audit the account, and AWS's own. A role that does it is recorded only; a person, or an instance's role,
//! is not. The credential report is recorded only.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they audit the account.
//! 2. If not: cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours after, by `userIdentity.arn`: above all `AssumeRole`, and calls with an
//!    `errorCode`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "all-identities-read",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1087.004", was: None, name: "Account Discovery: Cloud Account" }],
    covers: &["RECN-04"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &[
            "GenerateCredentialReport",
            "GenerateOrganizationsAccessReport",
            "GetAccountAuthorizationDetails",
            "GetCredentialReport",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("all_identities_read.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    if !actor.is_in_person() {
        return None;
    }
    let (act, everything) = match event.call() {
        "GetAccountAuthorizationDetails" => ("read all users, roles and policies of the account", true),
        "GenerateOrganizationsAccessReport" => ("asked which services the organization's accounts use", false),
        "GenerateCredentialReport" => ("asked for the account's credential report", false),
        _ => ("read the account's credential report", false),
    };
    let audits = actor.is_program() && !circumstance::is_instance(event);
    Some(DETECTION.finding(event, act).target(Target::account(&event.account)).severity(if everything && !audits {
        Severity::Medium
    } else {
        Severity::Low
    }))
}
