//! # Other change in IAM
//!
//! Somebody changed something in IAM that no other detection looks at: tags, instance profiles, certificates, a group's name,
//! old versions of policies, virtual MFA devices that nobody has yet, requests for delegation, properties of the account.
//!
//! ## Why it matters
//!
//! Alone it is nothing. When something happened, it tells what else was touched, and nothing of IAM is left out.
//!
//! ## False alarms
//!
//! All of it is for the record, but for a group that got another name or path: policies and people that go by names then
//! mean another group.
//!
//! ## What to do
//!
//! 1. Read it with the other findings about the same principal in the 24 hours before and after.
//! 2. If a group was renamed: ask whoever is named under Who why, and look for policies that name its ARN, by
//!    `aws iam list-entities-for-policy`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "iam-changed-otherwise",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["IAMC-32"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &[
            "AcquireRole",
            "AssociateDelegationRequest",
            "CreateDelegationRequest",
            "CreateInstanceProfile",
            "CreateServiceLinkedRole",
            "CreateVirtualMFADevice",
            "DeleteInstanceProfile",
            "DeletePolicyVersion",
            "DeleteServerCertificate",
            "DisableOutboundWebIdentityFederation",
            "EnableOutboundWebIdentityFederation",
            "PutAccountProperties",
            "RejectDelegationRequest",
            "ResyncMFADevice",
            "TagInstanceProfile",
            "TagMFADevice",
            "TagOpenIDConnectProvider",
            "TagPolicy",
            "TagSAMLProvider",
            "TagServerCertificate",
            "UntagInstanceProfile",
            "UntagMFADevice",
            "UntagOpenIDConnectProvider",
            "UntagPolicy",
            "UntagSAMLProvider",
            "UntagServerCertificate",
            "UpdateDelegationRequest",
            "UpdateGroup",
            "UpdateServerCertificate",
        ],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("iam_changed_otherwise.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let target = event.target();
    let renamed = event.call() == "UpdateGroup";
    let (act, severity) = match event.request("newGroupName").filter(|_| renamed) {
        Some(name) => (format!("renamed {target} to {name}"), Severity::Medium),
        None if renamed => (format!("moved {target} to another path"), Severity::Medium),
        None => (format!("called {} on {target}", event.call()), Severity::Low),
    };
    let finding = DETECTION.finding(event, act).severity(severity).evidence("Call", event.name.as_str());
    Some(grant::unless_by_a_service(event, finding))
}
