//! # Root's MFA device deactivated
//!
//! An MFA device of the account's root user was switched off.
//!
//! ## Why it matters
//!
//! Root's password alone may now be enough to own the account. Attackers do it to stay, or to lock the owners out with
//! a device of their own.
//!
//! ## False alarms
//!
//! A holder of root who changes devices: a new one is registered within minutes. Central root access that removes
//! root's credentials on purpose.
//!
//! ## What to do
//!
//! 1. Ask the people who hold root's credentials whether one of them did this, over a channel that is not mail.
//! 2. If not: change root's password, delete its access keys and re-register its MFA device, from a clean machine.
//! 3. If so: see that another device is registered, in `EnableMFADevice` events of the next hour.
//! 4. List all calls by root in the hour after this event, by `userIdentity.type` `Root`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Owner, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "root-mfa-deactivated",
    watcher: Watcher::RootUsage,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1556.006",
        was: None,
        name: "Modify Authentication Process: Multi-Factor Authentication",
    }],
    covers: &["ROOT-10"],
    calls: &[],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("root_mfa_deactivated.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if !event.is("iam.amazonaws.com", &["DeactivateMFADevice"]) || event.owner() != Some(Owner::Root) {
        return None;
    }
    Some(
        DETECTION
            .finding(event, "deactivated root's MFA device")
            .target(Target::account(&event.account))
            .evidence_if("Device", event.request("serialNumber")),
    )
}
