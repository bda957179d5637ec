//! # Temporary access of a partner accepted
//!
//! Somebody accepted a delegation request: a product provider outside asked for temporary access to this account, or was
//! sent the token that opens it.
//!
//! ## Why it matters
//!
//! The provider then acts in the name of whoever accepted, with the rights that the request asked for. A request is a
//! link in a message like any other: it takes one administrator who trusts it. A token that was sent cannot be called
//! back.
//!
//! ## False alarms
//!
//! A partner's product that somebody is setting up, now.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who which product they are setting up, and where the link came from.
//! 2. If they do not know it: reject the request while its token is not sent, in IAM under temporary delegation
//!    requests; else take the rights from whoever accepted until the session ends.
//! 3. List all calls under the acceptor's ARN since, by `userIdentity.arn`, and users, roles and keys made meanwhile.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "temporary-delegation-accepted",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1199", was: None, name: "Trusted Relationship" }],
    covers: &[],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["AcceptDelegationRequest", "SendDelegationToken"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("temporary_delegation_accepted.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let request = event.request("delegationRequestId")?;
    let act = if event.call() == "AcceptDelegationRequest" {
        "accepted a partner's request for temporary access"
    } else {
        "sent a partner the token for temporary access"
    };
    Some(
        DETECTION
            .finding(event, act)
            .target(Target { kind: "delegation request".to_owned(), name: request.to_owned(), arn: None })
            .evidence("Request", request),
    )
}
