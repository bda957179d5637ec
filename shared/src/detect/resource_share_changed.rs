//! # Resources shared through Resource Access Manager
//!
//! Somebody shared resources with other accounts through AWS Resource Access Manager, added to a share, or let it share
//! with the whole organization.
//!
//! ## Why it matters
//!
//! Subnets, transit gateways, databases, images and much else can be used from another account while the share stands.
//! A stranger's account in it sees your network or your data, and puts machines of its own into it.
//!
//! ## False alarms
//!
//! Networks are shared within an organization like this every day. Accounts that have a name in the configuration,
//! organizations and their units are LOW.
//!
//! ## What to do
//!
//! 1. Find out whose account it is: ask for the contract or the ticket that names its number.
//! 2. If nobody knows it: take it out of the share with the command under Undo, or delete the share.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.
//! 4. List the `AcceptResourceShareInvitation` events since, by `requestParameters.resourceShareInvitationArn`.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Recipient};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "resource-share-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1537", was: None, name: "Transfer Data to Cloud Account" }],
    covers: &[],
    calls: &[Calls {
        source: "ram.amazonaws.com",
        names: &["CreateResourceShare", "AssociateResourceShare", "EnableSharingWithAwsOrganization"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("resource_share_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.call() == "EnableSharingWithAwsOrganization" {
        let act = "let Resource Access Manager share with the whole organization";
        return Some(DETECTION.finding(event, act).target(Target::account(&event.account)));
    }
    let arn = event.request("resourceShareArn").or_else(|| event.response("resourceShare.resourceShareArn"));
    let name = event.request("name").or(arn)?;
    let share = Target { arn: arn.map(str::to_owned), ..opening::target("resource share", name) };
    let named = opening::texts(event, "principals");
    let recipients: Vec<Recipient<'_>> = named.iter().filter_map(|text| Recipient::of(text, &event.account)).collect();
    let resources = opening::texts(event, "resourceArns");
    let (severity, act, with) = match opening::worst(&recipients, context.config, Severity::High, Severity::High) {
        Some((severity, worst, all)) => {
            (severity, format!("let {} into {share}", worst.named(context.config)), Some(all))
        }
        None if resources.is_empty() => return None,
        None => (Severity::Low, format!("put resources into {share}"), None),
    };
    let outsiders = event.request_value("allowExternalPrincipals").and_then(Value::as_bool);
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(share)
        .evidence_if("Shared with", with)
        .evidence_if("Resources", (!resources.is_empty()).then(|| resources.join(", ")))
        .evidence_if(
            "Outside the organization",
            outsiders.map(|may| if may { "may be added" } else { "cannot be added" }),
        )
        .undo(arn.and_then(|arn| undo::leave_share(arn, &strangers(&recipients), &event.region)));
    Some(grant::weigh(event, context, finding))
}

fn strangers<'a>(recipients: &[Recipient<'a>]) -> Vec<&'a str> {
    let account = |one: &Recipient<'a>| match one {
        Recipient::Account(account) => Some(*account),
        _ => None,
    };
    recipients.iter().filter_map(account).collect()
}
