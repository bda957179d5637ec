//! # Role assumed by somebody for the first time
//!
//! A user, a role or somebody of another account assumed a role that they were not seen to assume, once iamwatch has
//! learned for as many days as the stack is told. What AWS services assume for their work is left out.
//!
//! ## Why it matters
//!
//! Intruders try which roles they can get, and go from role to role to the one they want. Who assumes what changes
//! rarely.
//!
//! ## False alarms
//!
//! New people, new pipelines, a new role. It is kept for the record. HIGH, if a long-term key assumed it that came from
//! another network than the user's, or that somebody else just made. MEDIUM, if the one who assumed it had just written
//! who may.
//! Where until now only services and what they run were seen with the role, the alert says so under Workload: at least
//! MEDIUM, if a person shows. Again within the day it is for the record.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they work with this role.
//! 2. If not: cut off their credentials, then revoke the role's active sessions.
//! 3. List all calls by the session since, by `userIdentity.accessKeyId`, which is under Session key.
//! 4. List all `AssumeRole` calls by the same principal in the 24 hours before, also failed ones, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::arn;
use crate::event::{Event, Kind, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-assumed-for-the-first-time",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1550.001",
        was: None,
        name: "Use Alternate Authentication Material: Application Access Token",
    }],
    covers: &["EXTA-02", "IAMC-44", "IAMC-46"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_assumed_for_the_first_time.rs")),
    detect,
};

pub(super) static REMEMBERS: Remembering = Remembering {
    id: "role-assumed-for-the-first-time",
    asked_by: &[&DETECTION],
    what: What::Habit(principal_and_role),
};

fn principal_and_role(event: &Event) -> Option<Pair> {
    let actor = &event.actor;
    let role = event.request("roleArn")?;
    let in_person = actor.is_in_person() && !actor.principal.is_empty();
    in_person.then(|| Pair(vec![actor.principal.clone(), role.to_owned()]))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let since = context.facts.first_since(REMEMBERS.id)?;
    let role = Target::from_arn(event.request("roleArn")?);
    let account = arn::account(event.request("roleArn")?).filter(|account| *account != event.account);
    let first = match event.actor.kind {
        Kind::Role => "this role was not seen to assume it before, since",
        Kind::OtherAccount => "this account was not seen to assume it before, since",
        _ => "this principal was not seen to assume it before, since",
    };
    Some(
        DETECTION
            .finding(event, format!("assumed role {} {}", role.name, since.how_often()))
            .target(role)
            .if_key_is_in_doubt(Severity::High)
            .evidence("First", format!("{first} {since}"))
            .evidence_if("Role of", account.map(|account| context.config.account(account)))
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
