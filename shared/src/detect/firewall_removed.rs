//! # A firewall was taken away
//!
//! A web access control list, a group of rules, a network firewall or a protection against floods was deleted, or taken
//! from what it protected.
//!
//! ## Why it matters
//!
//! What it kept out gets in, and what it noticed is not noticed any more.
//!
//! ## False alarms
//!
//! Applications that are taken down, and rules that are replaced. What CloudFormation deletes is one step quieter,
//! and whoever did the same before is for the record, but for a network firewall.
//!
//! ## What to do
//!
//! 1. See whether what stood behind it still answers: the load balancer, the distribution, the network.
//! 2. If it does, ask whoever is named under Who; if they do not know of it, put it back and cut off their credentials.
//! 3. List all calls by that ARN in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_if_done_before};
use crate::arn;
use crate::blinding::{self, text};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "firewall-removed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1686.001",
        was: Some("T1562.007"),
        name: "Disable or Modify System Firewall: Cloud Firewall",
    }],
    covers: &["TAMP-25"],
    calls: &[
        Calls {
            source: "network-firewall.amazonaws.com",
            names: &["DeleteFirewall", "DeleteFirewallPolicy", "DeleteRuleGroup"],
        },
        Calls { source: "shield.amazonaws.com", names: &["DeleteProtection"] },
        Calls { source: "waf-regional.amazonaws.com", names: WAF_CLASSIC },
        Calls { source: "waf.amazonaws.com", names: WAF_CLASSIC },
        Calls {
            source: "wafv2.amazonaws.com",
            names: &["DeleteIPSet", "DeleteRuleGroup", "DeleteWebACL", "DisassociateWebACL"],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("firewall_removed.rs")),
    detect,
};

const WAF_CLASSIC: &[&str] = &["DeleteIPSet", "DeleteRule", "DeleteRuleGroup", "DeleteWebACL"];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let names = [
        "name",
        "firewallName",
        "firewallPolicyName",
        "ruleGroupName",
        "webACLId",
        "ruleGroupId",
        "ruleId",
        "iPSetId",
        "protectionId",
        "firewallArn",
        "firewallPolicyArn",
        "ruleGroupArn",
    ];
    let name = names.iter().find_map(|key| text(event, key)).unwrap_or("of unknown name");
    // An ARN fills a line; the end of it says which.
    let name = name.rsplit('/').next().unwrap_or(name);
    let behind = text(event, "resourceArn").map_or("what it was on", |arn| arn::resource(arn).unwrap_or(arn));
    let (severity, kind, act) = match event.call() {
        "DeleteWebACL" => (Severity::Medium, "web ACL", format!("deleted web ACL {name}")),
        "DisassociateWebACL" => (Severity::Medium, "resource", format!("took the web ACL from {behind}")),
        "DeleteFirewall" => (Severity::High, "firewall", format!("deleted network firewall {name}")),
        "DeleteFirewallPolicy" => (Severity::Medium, "firewall policy", format!("deleted firewall policy {name}")),
        "DeleteProtection" => (Severity::Medium, "protection", format!("deleted Shield's protection {name}")),
        // A group or a set must be out of use before it can be deleted.
        "DeleteRuleGroup" => (Severity::Medium, "rule group", format!("deleted rule group {name} of a firewall")),
        "DeleteIPSet" => (Severity::Low, "address list", format!("deleted address list {name} of a firewall")),
        _ => (Severity::Low, "rule", format!("deleted rule {name} of a firewall")),
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(severity)
        .target(Target {
            kind: kind.to_owned(),
            name: if kind == "resource" { behind } else { name }.to_owned(),
            arn: None,
        })
        .evidence_if("Scope", text(event, "scope"))
        .evidence_if("Of", text(event, "resourceArn"));
    blinding::weigh(event, for_the_record_if_done_before(context, finding))
}
