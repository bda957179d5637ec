//! # Trust policy changed
//!
//! Somebody changed who may assume a role.
//!
//! ## Why it matters
//!
//! The trust policy is the door of a role. A change of it can let an attacker's user or provider in, or lock the
//! rightful ones out. An identity provider that is not asked whose workload it speaks for is HIGH, and CRITICAL where
//! anybody in the world can get a token from it. Whoever lets themselves in is HIGH, too: it is a way from few rights
//! to those of the role.
//!
//! ## False alarms
//!
//! Infrastructure code writes trust policies when it changes roles. If only AWS services are let in, it is LOW.
//!
//! ## What to do
//!
//! 1. Compare whom the role trusts, above, with whom it trusted before: the last `UpdateAssumeRolePolicy` or
//!    `CreateRole` call for this role.
//! 2. If it lets in somebody it should not: write the policy before it again.
//! 3. List all `AssumeRole*` calls for this role since the event, by `requestParameters.roleArn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Door};
use crate::policy::Who;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "trust-policy-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &["IAMC-18"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["UpdateAssumeRolePolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("trust_policy_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let role = event.request("roleName")?;
    let finding = DETECTION.finding(event, format!("changed who may assume role {role}"));
    let finding = match Door::of(event, context) {
        Err(illegal) => finding.evidence("Unreadable", illegal.to_string()),
        Ok(door) if door.is_unchanged() => return None,
        Ok(door) => {
            let mut trusted = door.document.trusted(&event.account);
            trusted.retain(|trusted| door.is_news(trusted));
            let quiet = trusted.iter().all(|trusted| match trusted.who {
                Who::Service(_) => true,
                Who::OtherAccount { account, .. } => {
                    context.config.vendors.contains_key(account) && door.document.asks_who(trusted)
                }
                _ => false,
            });
            let oneself = trusted
                .iter()
                .any(|trusted| matches!(trusted.who, Who::OwnAccount(who) if event.actor.is_named_by(who)));
            let severity = match (oneself, quiet) {
                (true, _) => Severity::High,
                (false, true) => Severity::Low,
                (false, false) => Severity::Medium,
            };
            let act = if oneself { format!("let themselves assume role {role}") } else { finding.act.clone() };
            let finding = Finding { act, ..finding };
            let finding = finding
                .severity(severity)
                .evidence_if("Own rights", oneself.then_some("the actor let itself in"))
                .evidence("Trusts", door.document.trusted_in_words(&event.account));
            grant::reaching(
                context,
                door.described(finding.undo(door.undo(role)), event, context),
                &format!("role {role}"),
            )
        }
    };
    Some(grant::weigh(event, context, finding))
}
