//! # Systems Manager document shared outside
//!
//! A document of AWS Systems Manager was shared with another account or with everybody.
//!
//! ## Why it matters
//!
//! Documents hold scripts, and scripts hold addresses, account numbers and too often passwords. Whoever the document is
//! shared with can read it; who runs it in an account of their own runs what its owner writes into it next.
//!
//! ## False alarms
//!
//! Run books that are shared with the organization's other accounts: name these accounts in the configuration, and they
//! are LOW here.
//!
//! ## What to do
//!
//! 1. Stop sharing it with the command under Undo, unless somebody can say what it is shared for.
//! 2. Read the document for passwords, keys and addresses, and replace those that are in it.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Recipient};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "document-shared-outside",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1537", was: None, name: "Transfer Data to Cloud Account" }],
    covers: &["EXTA-15"],
    calls: &[Calls { source: "ssm.amazonaws.com", names: &["ModifyDocumentPermission"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("document_shared_outside.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let document = event.request("name")?;
    let added: Vec<&str> = opening::texts(event, "accountIdsToAdd")
        .into_iter()
        .filter(|text| Recipient::of(text, &event.account).is_some())
        .collect();
    let recipients: Vec<Recipient<'_>> = added.iter().filter_map(|text| Recipient::of(text, &event.account)).collect();
    let (severity, worst, all) = opening::worst(&recipients, context.config, Severity::High, Severity::Medium)?;
    let finding = DETECTION
        .finding(event, format!("shared document {document} with {}", worst.named(context.config)))
        .severity(severity)
        .target(opening::target("document", document))
        .evidence("Shared with", all)
        .undo(undo::unshare_document(document, &added, &event.region));
    Some(grant::weigh(event, context, finding))
}
