//! # Account moved within the organization
//!
//! Somebody moved an account to another place in the organization, or created, renamed or deleted an OU.
//!
//! ## Why it matters
//!
//! The place decides which policies hold. An account that is moved out of its OU loses that OU's guardrails without
//! any policy being touched; at the root only what is attached there is left.
//!
//! ## False alarms
//!
//! New accounts are moved from the root to their OU. OUs are LOW: only an empty one can be deleted.
//!
//! ## What to do
//!
//! 1. Compare the policies at both places: what may the account do now that it could not do before?
//! 2. Ask whoever is named under Who; if they do not know of it, move the account back with the command under Undo.
//! 3. List all calls in the moved account since the event, by `recipientAccountId`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::organization;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "organization-tree-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1666", was: None, name: "Modify Cloud Resource Hierarchy" }],
    covers: &["ORGG-04"],
    calls: &[Calls {
        source: "organizations.amazonaws.com",
        names: &["CreateOrganizationalUnit", "DeleteOrganizationalUnit", "MoveAccount", "UpdateOrganizationalUnit"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("organization_tree_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let finding = if event.call() == "MoveAccount" {
        let account = event.request("accountId")?;
        let (from, to) = (event.request("sourceParentId")?, event.request("destinationParentId")?);
        let name = context.config.account_name(account);
        let (severity, place) = if to.starts_with("r-") {
            (Severity::High, "out of its OU, to the root".to_owned())
        } else {
            (Severity::Medium, format!("to {}", organization::place(to, context.config)))
        };
        // A new account lies at the root.
        let severity = if from.starts_with("r-") { Severity::Low } else { severity };
        DETECTION
            .finding(event, format!("moved account {name} {place}"))
            .target(Target::account(account))
            .severity(severity)
            .evidence("From", from)
            .evidence("To", to)
            .undo(undo::move_account(account, to, from))
    } else {
        let unit = event.request("organizationalUnitId").or_else(|| event.response("organizationalUnit.id"));
        let name = event.request("name").or(unit)?;
        let did = match event.call() {
            "CreateOrganizationalUnit" => "created",
            "DeleteOrganizationalUnit" => "deleted",
            _ => "renamed",
        };
        DETECTION
            .finding(event, format!("{did} OU {name}"))
            .target(Target { kind: "OU".to_owned(), name: unit.unwrap_or(name).to_owned(), arn: None })
            .severity(Severity::Low)
            .evidence_if("Under", event.request("parentId"))
    };
    Some(grant::unless_by_a_service(event, finding))
}
