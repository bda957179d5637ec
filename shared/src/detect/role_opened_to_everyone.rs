//! # Role opened to everyone
//!
//! Somebody wrote a trust policy that lets every AWS account in the world assume a role, or made a role with such a
//! policy.
//!
//! ## Why it matters
//!
//! Anybody with any AWS account can now act as this role, without a credential of yours. Open roles are searched for,
//! and found within hours. A condition helps only if it says who the caller is.
//!
//! ## False alarms
//!
//! A `*` under a condition on the own organization is common, and MEDIUM here. Without such a condition there is no
//! good reason.
//!
//! ## What to do
//!
//! 1. Rewrite the role's trust policy now, to name the accounts or services it is for. A role made just now goes with
//!    the command under Undo.
//! 2. List all `AssumeRole` calls for this role since the event, by `requestParameters.roleArn`, and their
//!    `userIdentity.accountId`.
//! 3. List all calls by the role since the event, by `sessionContext.sessionIssuer.arn`.
//! 4. Ask whoever is named under Who whether they did it, over a channel that is not their mail.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Door};
use crate::policy::Who;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-opened-to-everyone",
    watcher: Watcher::IamChanges,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-19"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["UpdateAssumeRolePolicy", "CreateRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_opened_to_everyone.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let role = event.request("roleName")?;
    let door = Door::of(event, context).ok()?;
    let trusted = door.document.trusted(&event.account);
    let open = trusted.iter().filter(|trusted| trusted.who == Who::Everyone && door.is_news(trusted));
    // The statement with the least in its way decides.
    let (severity, statement) = open
        .map(|trusted| match trusted.statement {
            statement if door.document.binds(trusted) => (Severity::Medium, statement),
            statement if statement.conditions.is_empty() => (Severity::Critical, statement),
            statement => (Severity::High, statement),
        })
        .max_by_key(|(severity, _)| *severity)?;
    let conditions = statement.condition_keys();
    let plain = conditions.is_empty() && severity == Severity::Critical;
    let condition = if plain { "" } else { ", with a condition" };
    let (act, undo) = match event.call() {
        "CreateRole" => (format!("created role {role}, which everyone may assume{condition}"), undo::delete_role(role)),
        _ => (format!("let everyone assume role {role}{condition}"), door.undo(role)),
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .evidence("Trusts", format!("every AWS account, by {statement}"))
        .evidence_if("Conditions", Some(conditions).filter(|keys| !keys.is_empty()))
        .undo(undo);
    Some(grant::reaching(context, finding, &format!("role {role}")))
}
