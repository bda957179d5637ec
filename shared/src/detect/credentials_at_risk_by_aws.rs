//! # AWS reports credentials at risk
//!
//! AWS Health says that credentials of this account were found in public, are used by somebody else, or are suspected of it.
//!
//! ## Why it matters
//!
//! AWS looks for access keys where people publish them by mistake, and thieves look there too: a key found in public is
//! usually tried within minutes. What AWS does about it only blocks what such thieves do most: the key still works.
//!
//! ## False alarms
//!
//! A key that was published on purpose, as bait. AWS is rarely wrong about the rest.
//!
//! ## What to do
//!
//! 1. Set the access keys that are named under Affected Inactive, now. If users are named, set all of theirs Inactive.
//! 2. List all calls signed by these keys in the 7 days before, by `userIdentity.accessKeyId`, and look for new users, keys,
//!    roles and instances, in every region.
//! 3. List all calls by the same users in the 36 hours before, by `userIdentity.arn`: sessions that were opened with
//!    `GetSessionToken` or `GetFederationToken` outlive the key.
//! 4. Read the event in the AWS Health Dashboard: it says where the key was found. Answer the support case that AWS opened.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, HEALTH, is_account};
use crate::finding::{Ask, Confidence, Finding, Severity};
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "credentials-at-risk-by-aws",
    watcher: Watcher::AccessKeys,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1552.001", was: None, name: "Unsecured Credentials: Credentials In Files" }],
    covers: &[],
    calls: &[Calls { source: HEALTH, names: &["AWS_RISK_*"] }],
    outcome: Outcome::Any,
    page: Page::of(include_str!("credentials_at_risk_by_aws.rs")),
    detect,
};

/// Entities that a finding names and asks about: of more it says how many they are.
const NAMED: usize = 500;
/// Characters of them on one line: people are shown 200.
const LINE: usize = 190;

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let said = |key: &str| event.record().get(key).and_then(Value::as_str);
    if said("service") != Some("RISK") {
        return None;
    }
    let code = &event.name;
    let entities = event.record().get("affectedEntities").and_then(Value::as_array);
    let entities = entities.into_iter().flatten().filter_map(|entity| entity.get("entityValue")?.as_str());
    let entities: Vec<&str> = entities.filter(|entity| !entity.is_empty()).collect();
    if said("statusCode") == Some("closed") {
        let finding = DETECTION.finding(event, format!("closed its report {code}"));
        return Some(named(finding.severity(Severity::Low), &entities));
    }
    let about = match entities.as_slice() {
        [] => String::new(),
        [one] => format!(" about {one}"),
        [first, rest @ ..] => format!(" about {first} and {} more", rest.len()),
    };
    let finding = DETECTION
        .finding(event, format!("reported {code}{about}"))
        .evidence_if("Began", said("startTime"))
        .evidence_if("Health event", said("eventArn"));
    let finding = named(finding, &entities);
    let keys = entities.iter().take(NAMED).filter(|entity| undo::access_key(entity).is_some());
    let users = entities.iter().take(NAMED).filter_map(|entity| user(entity, &event.account));
    let (users, keys): (Vec<String>, Vec<String>) = (users.collect(), keys.map(|key| (*key).to_owned()).collect());
    if users.is_empty() && keys.is_empty() {
        return Some(finding);
    }
    // Each message about an event has an id of its own.
    let case = said("eventArn").unwrap_or(&event.id).to_owned();
    Some(finding.asks(Ask::ContainUsers { users, keys, case }))
}

/// The finding with the entities, in lines that people are shown whole.
fn named(finding: Finding, entities: &[&str]) -> Finding {
    let more = entities.len().checked_sub(NAMED).filter(|more| *more > 0);
    let more = more.map(|more| format!("{more} more: the AWS Health Dashboard names them"));
    let mut finding = finding.evidence_if("Not named here", more);
    let mut line = String::new();
    for entity in entities.iter().take(NAMED) {
        if !line.is_empty() && line.len() + entity.len() > LINE {
            finding = finding.evidence("Affected", std::mem::take(&mut line));
        }
        line.push_str(if line.is_empty() { "" } else { ", " });
        line.push_str(entity);
    }
    finding.evidence_if("Affected", (!line.is_empty()).then_some(line))
}

/// The user that an entity names, by its ARN in this account or by its name.
fn user(entity: &str, account: &str) -> Option<String> {
    let name = match entity.strip_prefix("arn:") {
        Some(arn) => {
            let (_, resource) = arn.split_once(":iam::")?;
            let (of, path) = resource.split_once(":user/")?;
            path.rsplit('/').next().filter(|_| of == account)?
        }
        None => entity,
    };
    let other = undo::access_key(name).is_some() || is_account(name);
    undo::name(name).filter(|_| !other).map(str::to_owned)
}
