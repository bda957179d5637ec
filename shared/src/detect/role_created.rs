//! # IAM role created
//!
//! Somebody made an IAM role. Whom it trusts is in the event; what it may do is decided by policies that follow.
//!
//! ## Why it matters
//!
//! A role is an identity of its own that outlives its maker's session. Who may assume it is its door, and stays open when
//! passwords and keys are changed.
//!
//! ## False alarms
//!
//! Nearly all of them: infrastructure code and the console make roles for functions and machines. It is kept for the
//! record.
//!
//! ## What to do
//!
//! 1. Compare whom the role trusts, above, with its name.
//! 2. List all calls that name the role since the event, by `requestParameters.roleName`: which policies did it get?
//! 3. If nobody needs it: delete the role with the command under Undo. IAM refuses while it has policies: remove these
//!    first.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant::{self, Door};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "role-created",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1136.003", was: None, name: "Create Account: Cloud Account" }],
    covers: &["IAMC-20", "IAMC-27"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["CreateRole"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("role_created.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let role = event.request("roleName")?;
    let finding = DETECTION.finding(event, format!("created role {role}")).undo(undo::delete_role(role));
    let finding = match Door::of(event, context) {
        // A door that nobody could read is worth a look.
        Err(illegal) => finding.severity(Severity::Medium).evidence("Unreadable", illegal.to_string()),
        Ok(door) => {
            let finding = finding.evidence("Trusts", door.document.trusted_in_words(&event.account));
            door.described(finding, event, context)
        }
    };
    Some(grant::weigh(event, context, finding.evidence_if("Boundary", event.request("permissionsBoundary"))))
}
