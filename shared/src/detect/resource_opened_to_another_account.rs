//! # Resource opened to another account
//!
//! Somebody wrote a policy that lets another AWS account use a bucket, key, secret, queue, topic, function, image
//! repository, search domain, vault, table, stream or event bus: by its number, by a principal of it, by a condition,
//! or through a service that works for it.
//!
//! ## Why it matters
//!
//! Whoever controls that account can use the resource for as long as the policy stands, with credentials that you can
//! neither see nor switch off. It is a quiet way to carry data away, and to come back.
//!
//! ## False alarms
//!
//! Vendors, backups and the organization's own accounts get in this way. An account that has a name in the
//! configuration, and a whole organization, are LOW here. Infrastructure code writes the same policy again with each
//! deployment.
//!
//! ## What to do
//!
//! 1. Find out whose account it is: ask for the contract or the ticket that names its number.
//! 2. If nobody knows it: use the command under Undo, or write the policy before it again, the last call of the same
//!    name for this resource.
//! 3. List all calls on this resource since the event whose `userIdentity.accountId` is that account: of buckets and
//!    functions they are data events.
//! 4. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Opening};
use crate::policy::Whom;
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "resource-opened-to-another-account",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1537", was: None, name: "Transfer Data to Cloud Account" }],
    covers: &["EXTA-06", "EXTA-11", "EXTA-13"],
    calls: opening::WRITES_A_POLICY,
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("resource_opened_to_another_account.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let opening = Opening::of(event)?;
    if opening.is_unchanged(context) {
        return None;
    }
    let others =
        |whom: &Whom<'_>| matches!(whom, Whom::Account { .. } | Whom::Organization(_) | Whom::CanonicalUser(_));
    let outsiders = opening.outsiders(event, context.config, others);
    let (severity, worst) = outsiders.first()?;
    let whom = match worst.whom {
        Whom::Account { account, .. } => format!("account {}", context.config.account_name(account)),
        Whom::CanonicalUser(_) => "another account".to_owned(),
        other => other.to_string(),
    };
    let act = format!("let {whom} {} {}", worst.uses.verbs, opening.resource);
    let finding = DETECTION
        .finding(event, act)
        .severity(*severity)
        .target(opening.resource.clone())
        .undo(opening::remove_permission(event));
    Some(grant::weigh(event, context, opening.told(finding, &outsiders)))
}
