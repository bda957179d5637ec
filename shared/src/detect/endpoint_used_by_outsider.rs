//! # VPC endpoint used by an outsider
//!
//! Somebody of another account, or somebody with a public address, called AWS through an endpoint of your VPC. Needs network
//! activity events, which the owner of an endpoint has recorded by a trail. AWS does not say that it hands these to
//! EventBridge: a rule waits for them, and `iamwatch replay` sees them in a trail's files in any case.
//!
//! ## Why it matters
//!
//! An endpoint is a way out of the VPC that no firewall shows. Who has code inside uses credentials of an account of their
//! own to carry data there: in your account nothing else is recorded of it. And only machines inside should reach an endpoint,
//! with private addresses.
//!
//! ## False alarms
//!
//! Agents of a vendor that send with the vendor's credentials, and accounts of your own that share the VPC: those that the
//! configuration names are left out. Networks that use public addresses inside. What an account did there before is told once.
//! HIGH, if it moves data, secrets, keys or snapshots, or touches a trail.
//!
//! ## What to do
//!
//! 1. Find the machine: the address under From, in the flow logs of the VPC, in the hour before and after.
//! 2. Ask its owner whose account that is. If nobody knows: isolate the machine.
//! 3. List all events of the endpoint in the 24 hours before and after, by `vpcEndpointId` and `userIdentity.accountId`.
//! 4. Let the endpoint's policy allow only your organization, with `aws:PrincipalOrgID` and `aws:ResourceOrgID`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance::public_network;
use crate::event::{Event, Target, is_account};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::Watcher;

pub(super) static DETECTION: Detection = Detection {
    id: "endpoint-used-by-outsider",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[
        Technique { id: "T1567", was: None, name: "Exfiltration Over Web Service" },
        Technique { id: "T1599", was: None, name: "Network Boundary Bridging" },
    ],
    covers: &["EXTA-03", "EXTA-04"],
    // Any call: the watcher has a rule for these events.
    calls: &[],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("endpoint_used_by_outsider.rs")),
    detect,
};

/// An endpoint, and the accounts and public networks that use it.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "endpoint-used-by-outsider", asked_by: &[&DETECTION], what: What::Habit(endpoint_and_outsider) };

/// Calls that carry something away, open it or cover it up.
const TELLING: [(&str, &[&str]); 5] = [
    ("cloudtrail.amazonaws.com", &["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"]),
    (
        "ec2.amazonaws.com",
        &["CopySnapshot", "CreateSnapshot", "CreateStoreImageTask", "GetPasswordData", "ModifySnapshotAttribute"],
    ),
    ("kms.amazonaws.com", &["CreateGrant", "Decrypt", "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"]),
    ("s3.amazonaws.com", &["CopyObject", "DeleteObject", "GetObject", "PutBucketPolicy", "PutObject", "UploadPart"]),
    ("secretsmanager.amazonaws.com", &["BatchGetSecretValue", "GetSecretValue", "PutResourcePolicy", "PutSecretValue"]),
];

/// Who is an outsider about it.
struct Outsider {
    /// The account, or the public network.
    what: String,
    words: String,
}

impl Outsider {
    fn of(event: &Event) -> Option<Self> {
        let ours = event.is_seen_by_endpoint() && !event.actor.is_service();
        let account = event.actor.account.as_deref().filter(|account| is_account(account));
        if !ours || !is_account(&event.account) {
            return None;
        }
        if let Some(account) = account.filter(|account| *account != event.account) {
            return Some(Self { what: account.to_owned(), words: format!("it is of account {account}") });
        }
        let network = public_network(event)?;
        Some(Self { words: format!("it came from {network}, which is no private network"), what: network })
    }
}

fn endpoint_and_outsider(event: &Event) -> Option<Pair> {
    Some(Pair(vec![event.vpc_endpoint()?.to_owned(), Outsider::of(event)?.what]))
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let Outsider { what, words } = Outsider::of(event)?;
    let endpoint = event.vpc_endpoint().unwrap_or("of a VPC");
    let telling = TELLING.iter().any(|(source, names)| event.is(source, names));
    // What else they do is told as long as they are new.
    let told = context.facts.was_seen(REMEMBERS.id) && !(telling && context.facts.is_new(REMEMBERS.id));
    if told || context.config.name_of(&what).is_some() {
        return None;
    }
    Some(
        DETECTION
            .finding(event, format!("called {} through endpoint {endpoint} from outside", event.call()))
            .target(Target { kind: "endpoint".to_owned(), name: endpoint.to_owned(), arn: None })
            .severity(if telling { Severity::High } else { Severity::Medium })
            .evidence("Outsider", words)
            .evidence("Call", format!("{} of {}", event.name, event.source)),
    )
}
