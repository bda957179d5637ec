//! # Role opened to another account
//!
//! Somebody wrote a trust policy that lets another AWS account assume a role, or made a role with such a policy.
//!
//! ## Why it matters
//!
//! Whoever controls that account can act as this role, for as long as the policy stands. Changed passwords and keys do
//! not end it, which makes it a favourite way to stay.
//!
//! ## False alarms
//!
//! Vendors and the organization's own accounts get in this way. An account that has a name in the configuration is
//! MEDIUM here.
//!
//! ## What to do
//!
//! 1. Find out whose account it is: ask for the contract or the ticket that names its number.
//! 2. If nobody knows it: rewrite the role's trust policy without it. A role made just now goes with the command under
//!    Undo.
//! 3. List all `AssumeRole` calls for this role since the event, by `requestParameters.roleArn`, and their
//!    `userIdentity.accountId`.
//! 4. List all calls by the role since the event, by `sessionContext.sessionIssuer.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Door};
use crate::policy::Who;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-opened-to-another-account",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-19"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["UpdateAssumeRolePolicy", "CreateRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_opened_to_another_account.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let role = event.request("roleName")?;
    let door = Door::of(event, context).ok()?;
    let config = context.config;
    let mut others = Vec::new();
    let mut conditions = Vec::new();
    for trusted in door.document.trusted(&event.account).into_iter().filter(|trusted| door.is_news(trusted)) {
        if let Who::OtherAccount { account, principal } = trusted.who {
            let severity = match account {
                account if config.account_names.contains_key(account) => Severity::Medium,
                account if config.vendors.contains_key(account) && door.document.asks_who(&trusted) => Severity::Low,
                _ => Severity::High,
            };
            others.push((severity, account, principal));
            conditions.extend(trusted.statement.conditions.iter().map(|condition| condition.key.clone()));
        }
    }
    let (severity, account, _) = others.iter().max_by_key(|(severity, ..)| *severity)?;
    let principals: Vec<&str> = others.iter().map(|(.., principal)| *principal).collect();
    conditions.dedup();
    let account = config.account_name(account);
    let (act, undo) = match event.call() {
        "CreateRole" => (format!("created role {role}, which account {account} may assume"), undo::delete_role(role)),
        _ => (format!("let account {account} assume role {role}"), door.undo(role)),
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(*severity)
        .evidence("Trusts", principals.join(", "))
        .evidence("Conditions", if conditions.is_empty() { "none".to_owned() } else { conditions.join(", ") })
        .undo(undo);
    Some(grant::weigh(event, context, grant::reaching(context, finding, &format!("role {role}"))))
}
