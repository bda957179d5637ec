//! What machines read: OCSF 1.6, class Detection Finding (2004), with the profiles `cloud` and `host`.
//!
//! Only what a finding can fill is here. Names are as in <https://schema.ocsf.io/1.6.0/classes/detection_finding>.
//! OCSF has no place for the source address of a finding but in its evidence, and none at all for grouping and quarantine:
//! the latter stand under `unmapped`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::text::clean_to;
use super::words::Words;
use crate::detect::Technique;
use crate::event::{Kind, is_account};
use crate::finding::{Confidence, Finding, Severity};

/// Machines compare whole ARNs, which IAM lets grow far beyond what a person is shown.
const FIELD: usize = 1_024;
/// Labelled facts that are handed on.
const EVIDENCE: usize = 50;
const CLASS: u32 = 2004;

#[derive(Serialize)]
struct DetectionFinding {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: String,
    /// All times are milliseconds since 1970.
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<i64>,
    severity_id: u32,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<&'static str>,
    status_id: u32,
    status: &'static str,
    is_alert: bool,
    count: u64,
    message: String,
    metadata: Metadata,
    finding_info: FindingInfo,
    cloud: Cloud,
    actor: Actor,
    api: Api,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Resource>,
    evidences: Vec<Evidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation>,
    unmapped: Value,
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
    profiles: [&'static str; 2],
    /// Of this message; one finding may have several.
    uid: String,
    correlation_uid: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    event_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_time: Option<String>,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct FindingInfo {
    uid: String,
    title: String,
    desc: String,
    types: Vec<String>,
    created_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen_time: Option<i64>,
    analytic: Analytic,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
}

#[derive(Serialize)]
struct Analytic {
    uid: String,
    name: String,
    type_id: u32,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Attack {
    technique: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_technique: Option<Named>,
}

#[derive(Serialize)]
struct Named {
    uid: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Cloud {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
    #[serde(skip_serializing_if = "String::is_empty")]
    region: String,
}

#[derive(Clone, Serialize)]
struct Account {
    uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    type_id: u32,
    r#type: &'static str,
}

#[derive(Clone, Serialize)]
struct Actor {
    user: User,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session>,
    /// The AWS service that made the call for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<String>,
}

#[derive(Clone, Serialize)]
struct User {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid_alt: Option<String>,
    /// The person behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
    type_id: u32,
    r#type: &'static str,
}

#[derive(Clone, Serialize)]
struct Session {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_mfa: Option<bool>,
}

#[derive(Clone, Serialize)]
struct Api {
    operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
}

#[derive(Clone, Serialize)]
struct Service {
    name: String,
}

#[derive(Serialize)]
struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    name: String,
    r#type: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    region: String,
}

#[derive(Serialize)]
struct Evidence {
    actor: Actor,
    api: Api,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_endpoint: Option<Endpoint>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    data: Map<String, Value>,
}

#[derive(Serialize)]
struct Endpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// What stands where an address should: a service's host, or `AWS Internal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize)]
struct Remediation {
    desc: String,
}

/// The finding as JSON.
pub(super) fn of(words: &Words<'_>) -> String {
    serde_json::to_string(&finding(words)).unwrap_or_else(|_| "{}".to_owned())
}

/// The same finding without its labelled facts.
pub(super) fn without_evidence(machine: &str) -> String {
    let Ok(mut finding) = serde_json::from_str::<Value>(machine) else { return "{}".to_owned() };
    for evidence in finding.get_mut("evidences").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(evidence) = evidence.as_object_mut() {
            evidence.remove("data");
        }
    }
    finding.to_string()
}

fn finding(words: &Words<'_>) -> DetectionFinding {
    let finding = words.finding;
    // What people were never told of is new to machines as well.
    let known = words.record.is_some() || words.grown.is_some_and(|grown| grown.told > 0);
    let (activity_id, activity_name) = if known { (2, "Update") } else { (1, "Create") };
    let (severity_id, severity) = severity(finding.severity);
    let opened = words.grown.map(|grown| millis(grown.opened));
    let happened = finding.event.time.map(millis);
    let uid = if finding.event.id.is_empty() {
        words.incident.to_string()
    } else {
        format!("{}/{}", words.incident, clean(&finding.event.id))
    };
    let actor = actor(words);
    let api = api(finding);
    let confidence = words.confidence().map(confidence);
    DetectionFinding {
        activity_id,
        activity_name,
        category_uid: 2,
        category_name: "Findings",
        class_uid: CLASS,
        class_name: "Detection Finding",
        type_uid: CLASS * 100 + activity_id,
        type_name: format!("Detection Finding: {activity_name}"),
        time: millis(words.now),
        start_time: happened,
        severity_id,
        severity,
        confidence_id: confidence.map(|(id, _)| id),
        confidence: confidence.map(|(_, word)| word),
        status_id: 1,
        status: "New",
        is_alert: true,
        count: words.count,
        message: words.sentence(),
        metadata: Metadata {
            version: "1.6.0",
            product: Product { name: "iamwatch", vendor_name: "iamwatch", version: env!("CARGO_PKG_VERSION") },
            profiles: ["cloud", "host"],
            uid: format!("{uid}/{}", words.record.map_or_else(|| words.count.to_string(), |record| record.id.clone())),
            correlation_uid: words.incident.to_string(),
            event_code: clean(&finding.event.name),
            original_time: finding.event.time.map(|time| time.to_string()),
        },
        finding_info: FindingInfo {
            uid,
            title: words.title(),
            desc: words.cause(),
            types: vec![clean(&finding.detection)],
            created_time: opened.unwrap_or_else(|| millis(words.now)),
            modified_time: known.then(|| millis(words.now)),
            first_seen_time: happened,
            analytic: Analytic { uid: clean(&finding.detection), name: words.title(), type_id: 1, r#type: "Rule" },
            attacks: words.detection.map(|detection| detection.mitre.iter().map(attack).collect()).unwrap_or_default(),
        },
        cloud: Cloud { provider: "AWS", account: account(words, &finding.account), region: clean(&finding.region) },
        resources: resources(finding),
        evidences: vec![Evidence {
            actor: actor.clone(),
            api: api.clone(),
            src_endpoint: endpoint(finding),
            data: facts(finding),
        }],
        actor,
        api,
        remediation: Some(words.steps().join("\n")).filter(|desc| !desc.is_empty()).map(|desc| Remediation { desc }),
        unmapped: unmapped(words),
    }
}

fn actor(words: &Words<'_>) -> Actor {
    let actor = &words.finding.actor;
    let (type_id, r#type) = match actor.kind {
        Kind::Root | Kind::CentralRoot => (2, "Admin"),
        Kind::Service => (3, "System"),
        Kind::Unknown => (0, "Unknown"),
        _ => (1, "User"),
    };
    let session = Session { uid: actor.session.as_deref().map(clean), is_mfa: actor.mfa };
    Actor {
        user: User {
            name: if actor.name.is_empty() { words.actor() } else { clean(&actor.name) },
            uid: clean(&actor.principal),
            uid_alt: actor.principal_id.as_deref().map(clean),
            full_name: actor.human.as_ref().map(|human| clean(&human.name)),
            credential_uid: actor.access_key.as_deref().map(clean),
            account: actor.account.as_deref().and_then(|id| account(words, id)),
            type_id,
            r#type,
        },
        session: (session.uid.is_some() || session.is_mfa.is_some()).then_some(session),
        app_name: actor.invoked_by.as_deref().map(clean),
    }
}

fn api(finding: &Finding) -> Api {
    let source = clean(&finding.event.source);
    Api { operation: clean(&finding.event.name), service: (!source.is_empty()).then_some(Service { name: source }) }
}

fn account(words: &Words<'_>, id: &str) -> Option<Account> {
    let name = words.config.name_of(id).map(clean);
    is_account(id).then(|| Account { uid: id.to_owned(), name, type_id: 10, r#type: "AWS Account" })
}

fn resources(finding: &Finding) -> Vec<Resource> {
    let target = &finding.target;
    let resource = Resource {
        uid: target.arn.as_deref().map(clean),
        name: clean(&target.name),
        r#type: clean(&target.kind),
        region: clean(&finding.region),
    };
    if resource.name.is_empty() { Vec::new() } else { vec![resource] }
}

fn endpoint(finding: &Finding) -> Option<Endpoint> {
    let origin = &finding.origin;
    match origin.ip {
        Some(ip) => Some(Endpoint { ip: Some(ip.to_string()), name: None }),
        None => Some(Endpoint { ip: None, name: Some(clean(origin.address.as_deref()?)) }),
    }
}

/// Facts under their labels; a label that comes twice is told apart by a number.
fn facts(finding: &Finding) -> Map<String, Value> {
    let mut facts = Map::new();
    if let Some(agent) = &finding.origin.user_agent {
        facts.insert("User agent".to_owned(), Value::String(clean(agent)));
    }
    for (nth, fact) in (2..).zip(finding.evidence.iter().take(EVIDENCE)) {
        let label = clean(&fact.label);
        let label = if facts.contains_key(&label) { format!("{label} {nth}") } else { label };
        facts.insert(label, Value::String(clean(&fact.value)));
    }
    facts
}

/// `Account Manipulation: Additional Cloud Credentials` is a technique and its sub-technique.
fn attack(technique: &Technique) -> Attack {
    let parent = technique.id.split_once('.').map(|(parent, _)| parent);
    let (name, sub_name) = technique.name.split_once(": ").unwrap_or((technique.name, technique.name));
    Attack {
        technique: Named { uid: parent.unwrap_or(technique.id), name },
        sub_technique: parent.map(|_| Named { uid: technique.id, name: sub_name }),
    }
}

fn unmapped(words: &Words<'_>) -> Value {
    let finding = words.finding;
    let was: Vec<&str> =
        words.detection.iter().flat_map(|detection| detection.mitre).filter_map(|technique| technique.was).collect();
    json!({
        "iamwatch": {
            "incident": words.incident.as_str(),
            "count": words.count,
            "unclaimed": words.unclaimed,
            "event_id": clean(&finding.event.id),
            "asks": finding.asks.as_ref().map(crate::finding::Ask::word),
            "quarantine": words.record.map(|record| json!({
                "record": record.id,
                "state": record.state,
                "refusal": record.plan.refusal,
            })),
            "quarantine_mode": words.config.quarantine.mode.to_string(),
            "human_told_by": finding.actor.human.as_ref().map(|human| human.told_by),
            "console": finding.origin.console,
            "undo": finding.undo.as_deref().map(clean),
            "also": finding.also.iter().take(EVIDENCE).map(|id| clean(id)).collect::<Vec<_>>(),
            "attack_was": was,
        }
    })
}

fn confidence(confidence: Confidence) -> (u32, &'static str) {
    match confidence {
        Confidence::Low => (1, "Low"),
        Confidence::Medium => (2, "Medium"),
        Confidence::High => (3, "High"),
    }
}

pub(super) fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn clean(text: &str) -> String {
    clean_to(text, FIELD)
}

fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}
