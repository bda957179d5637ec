//! # SSH key pushed to an instance
//!
//! Somebody pushed an SSH public key to an EC2 instance with EC2 Instance Connect, or to its serial console.
//!
//! ## Why it matters
//!
//! For the next minute whoever holds the private half can sign in to the instance. The serial console needs no network
//! path and no security group, so it reaches machines that nothing else does.
//!
//! ## False alarms
//!
//! Engineers who connect this way: that is recorded only. As root, or over the serial console, is rare; a machine that
//! pushes a key to another is rarer.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they connected to the instance.
//! 2. If not: cut off their credentials and isolate the instance.
//! 3. List the pushes by that ARN to other instances in the 24 hours before and after, by
//!    `requestParameters.instanceId`.
//! 4. List the calls by the instance's role since, by `userIdentity.arn` ending in the instance's id: whoever is on it
//!    has its role.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance;
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "ssh-key-pushed-to-instance",
    watcher: Watcher::AccessKeys,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[
        Technique { id: "T1098.004", was: None, name: "Account Manipulation: SSH Authorized Keys" },
        Technique { id: "T1021.008", was: None, name: "Remote Services: Direct Cloud VM Connections" },
    ],
    covers: &["CRED-42"],
    calls: &[Calls {
        source: "ec2-instance-connect.amazonaws.com",
        names: &["SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("ssh_key_pushed_to_instance.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let instance = event.request("instanceId")?;
    let serial = event.call() == "SendSerialConsoleSSHPublicKey";
    let user = event.request("instanceOSUser").or_else(|| event.request("osUser"));
    let by_machine = circumstance::is_instance(event);
    let severity = match (by_machine, serial || user == Some("root")) {
        (true, _) => Severity::High,
        (false, true) => Severity::Medium,
        (false, false) => Severity::Low,
    };
    let onto = if serial { "the serial console of " } else { "" };
    Some(
        DETECTION
            .finding(event, format!("pushed an SSH key to {onto}instance {instance}"))
            .severity(severity)
            .evidence_if("As", user)
            .evidence_if("From instance", event.actor.session.as_deref().filter(|_| by_machine)),
    )
}
