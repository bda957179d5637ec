//! # SSH key or certificate uploaded
//!
//! An SSH public key or a signing certificate was added to an IAM user or switched on again, or a server certificate
//! was uploaded.
//!
//! ## Why it matters
//!
//! Whoever holds the private half can act as the user where such keys are taken: in CodeCommit, and in calls signed by
//! certificate. Few people look for them when they clean up.
//!
//! ## False alarms
//!
//! A developer's own SSH key for CodeCommit. Server certificates belong to load balancers and are recorded only.
//!
//! ## What to do
//!
//! 1. Ask the user whether the key or certificate is theirs.
//! 2. If not: set it Inactive with the command under Undo, and cut off the credentials of whoever is named under Who.
//! 3. List all calls by the user since the event, by `userIdentity.userName`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "ssh-key-or-certificate-uploaded",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.004", was: None, name: "Account Manipulation: SSH Authorized Keys" }],
    covers: &["CRED-18"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &[
            "UploadSSHPublicKey",
            "UpdateSSHPublicKey",
            "UploadSigningCertificate",
            "UpdateSigningCertificate",
            "UploadServerCertificate",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("ssh_key_or_certificate_uploaded.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.call() == "UploadServerCertificate" {
        let name = event.request("serverCertificateName").unwrap_or("without a name");
        return Some(DETECTION.finding(event, format!("uploaded server certificate {name}")).severity(Severity::Low));
    }
    let uploaded = event.call().starts_with("Upload");
    if !uploaded && event.request("status") != Some("Active") {
        return None;
    }
    let owner = event.owner()?;
    let ssh = event.call().ends_with("SSHPublicKey");
    let (what, id) = if ssh {
        ("an SSH key", event.response("sSHPublicKey.sSHPublicKeyId").or_else(|| event.request("sSHPublicKeyId")))
    } else {
        (
            "a signing certificate",
            event.response("certificate.certificateId").or_else(|| event.request("certificateId")),
        )
    };
    let act = if uploaded { format!("uploaded {what} for {owner}") } else { format!("switched {what} of {owner} on") };
    let takes_back = || {
        let (user, id) = (owner.user()?, id?);
        if ssh { undo::disable_ssh_key(user, id) } else { undo::disable_signing_certificate(user, id) }
    };
    Some(DETECTION.finding(event, act).target(owner.target(event)).evidence_if("Id", id).undo(takes_back()))
}
