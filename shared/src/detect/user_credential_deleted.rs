//! # User's password, SSH key, certificate or MFA device deleted
//!
//! Somebody deleted an IAM user's console password, an SSH key, a signing certificate, or a virtual MFA device that
//! nobody uses any more. Access keys are a detection of their own.
//!
//! ## Why it matters
//!
//! A user whose credentials are gone is locked out: so are people whom an intruder does not want around.
//!
//! ## False alarms
//!
//! Nearly all of them: it is how people clean up. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Ask the user whether they expected it.
//! 2. If not: list all calls by the actor's ARN in the 24 hours before and after, by `userIdentity.arn`, and look for
//!    others who were locked out.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "user-credential-deleted",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1531", was: None, name: "Account Access Removal" }],
    covers: &[],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["DeleteLoginProfile", "DeleteSSHPublicKey", "DeleteSigningCertificate", "DeleteVirtualMFADevice"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("user_credential_deleted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.call() == "DeleteVirtualMFADevice" {
        let device = event.request("serialNumber")?;
        let name = device.rsplit('/').next().unwrap_or(device);
        return Some(DETECTION.finding(event, format!("deleted virtual MFA device {name}")).evidence("Device", device));
    }
    let owner = event.owner()?;
    let (what, id) = match event.call() {
        "DeleteLoginProfile" => ("the console password", None),
        "DeleteSSHPublicKey" => ("an SSH key", event.request("sSHPublicKeyId")),
        _ => ("a signing certificate", event.request("certificateId")),
    };
    Some(
        DETECTION
            .finding(event, format!("deleted {what} of {owner}"))
            .target(owner.target(event))
            .evidence_if("Id", id),
    )
}
