//! # Port opened to everyone
//!
//! A security group now lets in the whole internet to a port that is for administration or for data, such as SSH, remote
//! desktop or a database, or to all ports.
//!
//! ## Why it matters
//!
//! Whoever stole credentials opens a way in that needs them no longer, or a way out for the data. Such a port is found by
//! scanners within minutes.
//!
//! ## False alarms
//!
//! Tests, and machines that are built in haste. Ports for the web and for load balancers are silent. What the same principal
//! opened to everyone before is one step quieter, and so is what CloudFormation does. Whether anything stands
//! behind the group the event does not say.
//!
//! ## What to do
//!
//! 1. Close it with the command under Undo; without one, take the rule out of the group under Target.
//! 2. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 3. List the network interfaces with that group: `aws ec2 describe-network-interfaces --filters Name=group-id,Values=` and the
//!    group's id. For each, look into the flow logs since the event.
//! 4. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`, above all `RunInstances`,
//!    `ModifyInstanceAttribute` and `CreateKeyPair`.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{Context, Detection, Outcome, Page, Technique, anywhere};
use crate::blinding;
use crate::event::{Event, Target};
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "port-opened-to-everyone",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1686.001",
        was: Some("T1562.007"),
        name: "Disable or Modify System Firewall: Cloud Firewall",
    }],
    covers: &[],
    calls: &[Calls {
        source: "ec2.amazonaws.com",
        names: &["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("port_opened_to_everyone.rs")),
    detect,
};

/// Who opens which ports to everyone.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "port-opened-to-everyone", asked_by: &[&DETECTION], what: What::Habit(who_and_ports) };

/// Ports that are for whoever administers a machine, and for data: not for everyone.
const NOT_FOR_EVERYONE: [(u64, &str); 26] = [
    (21, "FTP"),
    (22, "SSH"),
    (23, "Telnet"),
    (135, "Windows RPC"),
    (139, "NetBIOS"),
    (445, "SMB"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2049, "NFS"),
    (2375, "Docker"),
    (2376, "Docker"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (3389, "remote desktop"),
    (5432, "PostgreSQL"),
    (5439, "Redshift"),
    (5900, "VNC"),
    (5985, "WinRM"),
    (5986, "WinRM"),
    (6379, "Redis"),
    (6443, "Kubernetes"),
    (9042, "Cassandra"),
    (9200, "OpenSearch"),
    (10250, "Kubernetes nodes"),
    (11211, "Memcached"),
    (27017, "MongoDB"),
];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let opened = Opened::of(event)?;
    let group = anywhere(event, "groupId").or_else(|| anywhere(event, "groupName")).unwrap_or("of unknown name");
    // What is changed may be a rule for what goes out, which is open to everyone as a rule: only its ports tell.
    let changed = event.call() == "ModifySecurityGroupRules";
    if changed && opened == Opened::All {
        return None;
    }
    let before = context.facts.was_seen(REMEMBERS.id);
    let severity = match opened {
        Opened::All if !before => Severity::High,
        Opened::Some { .. } if before => Severity::Low,
        Opened::All | Opened::Some { .. } => Severity::Medium,
    };
    let (what, ports) = match &opened {
        Opened::All => ("all ports".to_owned(), None),
        Opened::Some { ports, names } => (names.clone(), Some(ports.as_str())),
    };
    let finding = DETECTION
        .finding(event, format!("opened {what} of security group {group} to everyone"))
        .severity(severity)
        .target(Target { kind: "security group".to_owned(), name: group.to_owned(), arn: None })
        .evidence_if("Ports", ports)
        .evidence_if("Before", before.then_some("they opened the same ports to everyone before"))
        .undo(undo::revoke_ingress(group, &made(event), &event.region));
    blinding::weigh(event, finding)
}

/// What everybody on the internet gets to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Opened {
    All,
    Some { ports: String, names: String },
}

impl Opened {
    /// The worst of the rules; nothing where none lets everyone in to what is not for everyone.
    fn of(event: &Event) -> Option<Self> {
        let mut rules = Vec::new();
        collect(event.record().get("requestParameters")?, &mut rules);
        let opened: Vec<Self> = rules.into_iter().filter(|rule| is_for_everyone(rule)).filter_map(Self::by).collect();
        let all = opened.contains(&Self::All);
        if all { Some(Self::All) } else { opened.into_iter().next() }
    }

    fn by(rule: &Map<String, Value>) -> Option<Self> {
        let number = |key: &str| {
            let value = under(rule, key)?;
            value.as_i64().or_else(|| value.as_str()?.parse().ok())
        };
        match under(rule, "ipProtocol").and_then(Value::as_str)? {
            "-1" => return Some(Self::All),
            "tcp" | "udp" | "6" | "17" => {}
            _ => return None,
        }
        let (from, to) = (number("fromPort")?, number("toPort")?);
        if from <= 1 && to >= 65_535 {
            return Some(Self::All);
        }
        let within = |port: &u64| i64::try_from(*port).is_ok_and(|port| from <= port && port <= to);
        let names: Vec<&str> =
            NOT_FOR_EVERYONE.iter().filter(|(port, _)| within(port)).map(|(_, name)| *name).collect();
        if names.is_empty() {
            return None;
        }
        let ports = if from == to { from.to_string() } else { format!("{from} to {to}") };
        let names = if from == to { names.concat() } else { format!("ports {ports}") };
        Some(Self::Some { ports, names })
    }
}

/// The rules of a call, wherever its shape has them: each is an object that names a protocol.
fn collect<'a>(value: &'a Value, rules: &mut Vec<&'a Map<String, Value>>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, rules)),
        Value::Object(map) => {
            if under(map, "ipProtocol").is_some() {
                rules.push(map);
            }
            map.values().for_each(|value| collect(value, rules));
        }
        _ => {}
    }
}

fn under<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

fn is_for_everyone(rule: &Map<String, Value>) -> bool {
    fn any(value: &Value) -> bool {
        match value {
            Value::String(text) => is_nearly_everyone(text),
            Value::Array(list) => list.iter().any(any),
            Value::Object(map) => map.values().any(any),
            _ => false,
        }
    }
    // A call of old has one rule beside an empty list of them.
    rule.values().any(any)
}

/// Whether a range of addresses is the internet, or a large part of it: two halves are the whole.
fn is_nearly_everyone(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let addresses = address.parse::<IpAddr>().is_ok();
    addresses && length.parse::<u8>().is_ok_and(|length| length < 8)
}

/// The ids of the rules that the call made.
fn made(event: &Event) -> Vec<&str> {
    let items = event.record().get("responseElements").and_then(|made| made.get("securityGroupRuleSet")?.get("items"));
    let items = items.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.get("securityGroupRuleId")?.as_str()).collect()
}

fn who_and_ports(event: &Event) -> Option<Pair> {
    match Opened::of(event)? {
        Opened::All => Pair::of_caller(event, &["all"]),
        Opened::Some { ports, .. } => Pair::of_caller(event, &[&ports]),
    }
}
