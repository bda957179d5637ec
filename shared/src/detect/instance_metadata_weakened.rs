//! # Instance gives its credentials to anybody who asks
//!
//! An instance, or all new instances of a region, answer requests for their role's credentials again without a session token
//! (version 1 of the metadata service).
//!
//! ## Why it matters
//!
//! Without the token one flaw in a web application is enough to read the credentials of the role from outside. Intruders
//! switch it back to have a way in that looks like a mistake.
//!
//! ## False alarms
//!
//! Old software that cannot ask for the token. It is a reason to change the software.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what needs it. If nobody knows: take it back with the command under Undo, and cut off their
//!    credentials.
//! 2. List all calls by the instance's role since the event, by `sessionContext.sessionIssuer.arn`, from addresses that are not
//!    the instance's.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, anywhere};
use crate::blinding;
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "instance-metadata-weakened",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1552.005", was: None, name: "Unsecured Credentials: Cloud Instance Metadata API" }],
    covers: &[],
    calls: &[Calls {
        source: "ec2.amazonaws.com",
        names: &["ModifyInstanceMetadataDefaults", "ModifyInstanceMetadataOptions"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("instance_metadata_weakened.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if anywhere(event, "httpTokens") != Some("optional") || anywhere(event, "httpEndpoint") == Some("disabled") {
        return None;
    }
    let target = match anywhere(event, "instanceId") {
        Some(instance) => Target { kind: "instance".to_owned(), name: instance.to_owned(), arn: None },
        None => Target { kind: "new instances".to_owned(), name: format!("in {}", event.region), arn: None },
    };
    let finding = DETECTION
        .finding(event, format!("let {target} give out credentials without a token"))
        .target(target)
        .undo(anywhere(event, "instanceId").and_then(|instance| undo::require_metadata_token(instance, &event.region)));
    blinding::weigh(event, finding)
}
