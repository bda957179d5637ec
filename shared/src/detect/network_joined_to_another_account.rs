//! # Network joined to another account
//!
//! A private network was joined to one of another account: a peering connection was asked for or accepted.
//!
//! ## Why it matters
//!
//! What only the own network reaches, the other one reaches too, once a route leads there. Data leaves by it without
//! passing the internet and its firewalls.
//!
//! ## False alarms
//!
//! Partners and accounts of your own. Give those a name in `AccountNames`: they are for the record.
//!
//! ## What to do
//!
//! 1. Find out whose account it is. If nobody knows: delete the connection with `aws ec2 delete-vpc-peering-connection`, and cut off
//!    the credentials of whoever is named under Who.
//! 2. List `CreateRoute`, `AuthorizeSecurityGroupIngress` and `ModifyVpcPeeringConnectionOptions` by that ARN in the 24 hours
//!    around, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding;
use crate::event::{Event, Target, is_account};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "network-joined-to-another-account",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1599", was: None, name: "Network Boundary Bridging" }],
    covers: &[],
    calls: &[Calls {
        source: "ec2.amazonaws.com",
        names: &["AcceptVpcPeeringConnection", "CreateVpcPeeringConnection"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("network_joined_to_another_account.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let made = |path: &str| event.response(&format!("vpcPeeringConnection.{path}"));
    let accepts = event.call() == "AcceptVpcPeeringConnection";
    let (other, own) =
        if accepts { ("requesterVpcInfo", "accepterVpcInfo") } else { ("accepterVpcInfo", "requesterVpcInfo") };
    let account = event.request("peerOwnerId").or_else(|| made(&format!("{other}.ownerId")))?;
    if !is_account(account) || account == event.account {
        return None;
    }
    let vpc = event.request("vpcId").or_else(|| made(&format!("{own}.vpcId"))).unwrap_or("of unknown id");
    let name = context.config.account_name(account);
    let act = if accepts {
        format!("let account {name} peer with network {vpc}")
    } else {
        format!("asked account {name} to peer with network {vpc}")
    };
    let named = context.config.account_names.contains_key(account);
    let finding = DETECTION
        .finding(event, act)
        .severity(if named { Severity::Low } else { Severity::Medium })
        .target(Target { kind: "network".to_owned(), name: vpc.to_owned(), arn: None })
        .evidence_if("Connection", event.request("vpcPeeringConnectionId").or_else(|| made("vpcPeeringConnectionId")));
    blinding::weigh(event, finding)
}
