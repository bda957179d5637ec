//! # Resource opened to everyone
//!
//! Somebody wrote a policy that lets everybody in the world use a bucket, key, secret, queue, topic, function, image
//! repository, search domain, vault, table, stream or event bus. The policy itself is read: its principals, its
//! conditions and its denials.
//!
//! ## Why it matters
//!
//! Anybody can now do what the policy says, with any AWS account and often without one. Open buckets, registries and
//! search domains are searched for all day and found within hours. A condition helps only if it says who the caller is:
//! a referer, a tag or TLS does not.
//!
//! ## False alarms
//!
//! Websites and downloads that are meant for everybody, and function URLs. What only comes from a named network is
//! MEDIUM here: look whose network it is. What is bound to the own account or organization is not told here.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether it is meant for everybody. If it is not, use the command under Undo, or
//!    write the policy before it again: the last call of the same name for this resource.
//! 2. List the reads of this resource since the event: of a bucket its server access logs or data events, of others
//!    their calls by `resources.ARN`, and look for a `userIdentity.accountId` that is not yours.
//! 3. List all calls by the actor's ARN in the 24 hours before the event, by `userIdentity.arn`.
//! 4. What a secret or a key protected counts as known to others: replace it.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::opening::{self, Opening};
use crate::policy::Whom;
use crate::undo;
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "resource-opened-to-everyone",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[
        Technique { id: "T1537", was: None, name: "Transfer Data to Cloud Account" },
        Technique { id: "T1530", was: None, name: "Data from Cloud Storage" },
    ],
    covers: &["EXTA-05", "EXTA-07", "EXTA-08", "EXTA-11", "EXTA-13"],
    calls: opening::WRITES_A_POLICY,
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("resource_opened_to_everyone.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let opening = Opening::of(event)?;
    if opening.is_unchanged(context) {
        return None;
    }
    let everyone = |whom: &Whom<'_>| matches!(whom, Whom::Everyone | Whom::EveryoneIf | Whom::EveryoneFrom(_));
    let outsiders = opening.outsiders(event, context.config, everyone);
    let (severity, worst) = outsiders.first()?;
    let condition = if worst.whom == Whom::EveryoneIf { ", under a condition" } else { "" };
    let act = format!("let {} {} {}{condition}", worst.whom, worst.uses.verbs, opening.resource);
    let undo = match event.call() {
        "PutBucketPolicy" | "PutBucketAcl" => event.request("bucketName").and_then(undo::block_public_access),
        _ => opening::remove_permission(event),
    };
    let finding = DETECTION.finding(event, act).severity(*severity).target(opening.resource.clone()).undo(undo);
    let finding = if is_in_a_vpc(event) {
        let severity = finding.severity.min(Severity::Medium);
        finding.severity(severity).evidence("Network", "the domain can be reached from its VPC only")
    } else {
        finding
    };
    Some(grant::weigh(event, context, opening.told(finding, &outsiders)))
}

/// Search domains are on the internet or in a VPC, from when they are made.
fn is_in_a_vpc(event: &Event) -> bool {
    event.source == "es.amazonaws.com" && !opening::texts(event, "vPCOptions.subnetIds").is_empty()
}
