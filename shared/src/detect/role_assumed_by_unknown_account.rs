//! # Role assumed by an account that is not known
//!
//! Somebody of another account assumed a role of this account for the first time. The account is named neither among your
//! own nor among your vendors'. Where no own account is named, it is told once iamwatch has learned for as many days as
//! the stack is told.
//!
//! ## Why it matters
//!
//! A role that lets a foreign account in is a lasting way in: it needs no key, and nothing shows until it is used. This is
//! its use.
//!
//! ## False alarms
//!
//! A vendor or an own account that is not yet named in the configuration. Name it there. Again within the day it is for the
//! record.
//!
//! ## What to do
//!
//! 1. Look for the account's number in your own records and your vendors' documentation.
//! 2. If nobody knows it: rewrite the role's trust policy without that account, and revoke the role's active sessions.
//! 3. Find who let it in: `CreateRole` and `UpdateAssumeRolePolicy` for this role, by `requestParameters.roleName`, as far
//!    back as the trail goes.
//! 4. List all calls by the session since, by `userIdentity.accessKeyId`, which is under Session key.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::event::{Event, Target, is_account};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-assumed-by-unknown-account",
    watcher: Watcher::SignIn,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    mitre: &[
        Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" },
        Technique { id: "T1199", was: None, name: "Trusted Relationship" },
    ],
    covers: &["EXTA-01", "EXTA-02"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_assumed_by_unknown_account.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering =
    Remembering { id: "role-assumed-by-unknown-account", asked_by: &[&DETECTION], what: What::Habit(account_and_role) };

fn account_and_role(event: &Event) -> Option<Pair> {
    let role = event.request("roleArn")?;
    let account = stranger(event)?;
    Some(Pair(vec![account.to_owned(), role.to_owned()]))
}

/// The account of whoever acts from outside on a role of this account.
fn stranger(event: &Event) -> Option<&str> {
    let role = arn::account(event.request("roleArn")?)?;
    let account = event.actor.account.as_deref().filter(|account| is_account(account))?;
    (role == event.account && account != event.account && !event.actor.is_service()).then_some(account)
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let account = stranger(event).filter(|account| context.config.name_of(account).is_none())?;
    // Where nobody named any account, the days of learning have to say who comes here.
    let since = context.facts.first_since(REMEMBERS.id);
    let named = !context.config.account_names.is_empty() && context.facts.is_new(REMEMBERS.id);
    if since.is_none() && !named {
        return None;
    }
    let again = context.facts.was_seen(REMEMBERS.id);
    let role = Target::from_arn(event.request("roleArn")?);
    // People were told of the first.
    let severity = if again { Severity::Low } else { Severity::Medium };
    let first = match since {
        Some(since) => format!("the account was not seen to assume this role before, since {since}"),
        None if again => "the account was not seen to assume this role until today".to_owned(),
        None => "the account was not seen to assume this role before".to_owned(),
    };
    Some(
        DETECTION
            .finding(event, format!("assumed role {} from an account that is not known", role.name))
            .target(role)
            .severity(severity)
            .evidence("Account", format!("{account}: named neither among your own nor among your vendors'"))
            .evidence("First", first)
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
