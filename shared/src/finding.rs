//! What was found: one judgement of one event.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::detect::Detection;
use crate::event::{Actor, Event, HEALTH, Origin, Target};
use crate::fingerprint;

/// How much it matters to be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// For the record; not mailed by default.
    Low,
    /// To be looked at on a working day.
    Medium,
    /// To be looked at today.
    High,
    /// Wakes a person.
    Critical,
}

impl Severity {
    /// All of them, quietest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// One step louder.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }

    /// One step quieter.
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Self::Low | Self::Medium => Self::Low,
            Self::High => Self::Medium,
            Self::Critical => Self::High,
        }
    }

    /// The word used everywhere: in subjects, attributes, JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How likely it is that whoever did it should not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Confidence {
    /// Mostly it is honest work, and told for what it would mean if it were not.
    Low,
    /// Honest work and intruders do it alike.
    Medium,
    /// Honest work hardly ever does it.
    High,
}

impl Confidence {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// That of a finding which is as severe as that, where one of `usual` severity has this: what makes a finding louder or
    /// quieter is what is known of who did it, and from where.
    #[must_use]
    pub fn at(self, severity: Severity, usual: Severity) -> Self {
        match (severity.cmp(&usual), self) {
            (Ordering::Equal, same) => same,
            (Ordering::Greater, Self::Low) | (Ordering::Less, Self::High) => Self::Medium,
            (Ordering::Greater, _) => Self::High,
            (Ordering::Less, _) => Self::Low,
        }
    }

    /// The word used everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }

    /// What it means to the reader of an alert.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Low => "mostly this is honest work",
            Self::Medium => "honest work and intruders look alike here",
            Self::High => "honest work hardly ever looks like this",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|severity| severity.word().eq_ignore_ascii_case(text));
        known.ok_or_else(|| format!("`{text}` is no severity; use LOW, MEDIUM, HIGH or CRITICAL"))
    }
}

/// Bytes of one text of an event that a finding keeps. ARNs have at most 2,048; what people read is cut shorter still.
const LONGEST_TEXT: usize = 2_048;

/// One judgement of one event, complete in itself: it travels as JSON to the ledger, to the findings bus and to
/// quarantine, which never see the event again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The id of the detection that speaks.
    pub detection: String,
    pub severity: Severity,
    /// What was done, as the end of a sentence that begins with the actor: `created access key AKIA… for user bob`.
    pub act: String,
    pub actor: Actor,
    pub target: Target,
    pub origin: Origin,
    /// The account it happened in, 12 digits.
    pub account: String,
    pub region: String,
    pub event: EventRef,
    /// What the reader needs to judge it, in the order of its worth.
    pub evidence: Vec<Evidence>,
    /// The command that takes the act back, where one does.
    pub undo: Option<String>,
    /// What quarantine is asked to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asks: Option<Ask>,
    /// The exception that keeps it from people and quarantine.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub suppressed_by: Option<String>,
    /// Other detections that saw the same event.
    #[serde(default)]
    pub also: Vec<String>,
    /// The incident speaks once it has counted this many: 1 speaks at once.
    pub speaks_at: u64,
    /// How severe it is at least if somebody else may hold the key that signed the call: asked only once there is a
    /// finding.
    #[serde(skip)]
    pub in_doubt: Option<Severity>,
}

/// Which CloudTrail record a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRef {
    pub id: String,
    pub name: String,
    pub source: String,
    pub time: Option<Timestamp>,
    /// SHA-256 of the event as it was received, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// The event without secrets and policies, where quarantine is asked: its record is complete with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub redacted: Option<Value>,
}

/// One labelled fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub label: String,
    pub value: String,
}

/// What quarantine is asked to do about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Ask {
    /// Set this one key of this user Inactive: it was just made, or `reactivated`, as only the event says.
    DisableAccessKey {
        user: String,
        key: String,
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        reactivated: bool,
    },
    /// AWS says that these keys, or keys of these users, have leaked: cut off the users, each with all credentials.
    /// `case` is the same however often AWS tells of it: who was given back is not cut off again for it.
    ContainUsers { users: Vec<String>, keys: Vec<String>, case: String },
    /// Cut off whoever did it, by the ARN of the user or role: what was done is surely an attack. Of a user, `id` is the unique id, by
    /// which another name does not help.
    ContainActor {
        principal: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        id: Option<String>,
    },
}

impl Ask {
    /// The word the quarantine rule matches on.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::DisableAccessKey { .. } => "disable-access-key",
            Self::ContainUsers { .. } => "contain-users",
            Self::ContainActor { .. } => "contain-actor",
        }
    }
}

impl EventRef {
    /// Whether AWS Health sent it: it tells what AWS itself found.
    #[must_use]
    pub fn is_of_aws_health(&self) -> bool {
        self.source == HEALTH
    }
}

/// Many events are one incident: the same detection, account, actor and target. The session name, which the actor
/// chooses, is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentKey(String);

impl IncidentKey {
    /// 32 hexadecimal digits, the same for the same incident in every run and function.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of all that one principal of an account does in one story, whatever single findings say of it.
    #[must_use]
    pub(crate) fn of_story(story: &str, account: &str, principal: &str) -> Self {
        Self(fingerprint::of(["story", story, account, principal], 16))
    }

    /// A key as the ledger stored it.
    #[cfg(feature = "aws")]
    pub(crate) fn from_stored(key: &str) -> Self {
        Self(key.to_owned())
    }
}

impl fmt::Display for IncidentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Finding {
    /// A finding of `detection` about `event` with what every finding has: the methods below refine it. `act` is
    /// what was done, see [`Finding::act`].
    #[must_use]
    pub fn new(detection: &Detection, event: &Event, act: impl Into<String>) -> Self {
        Self {
            detection: detection.id.to_owned(),
            severity: detection.severity,
            act: act.into(),
            actor: event.actor.clone(),
            target: event.target(),
            origin: event.origin.clone(),
            account: event.account.clone(),
            region: event.region.clone(),
            event: EventRef {
                id: event.id.clone(),
                name: event.name.clone(),
                source: event.source.clone(),
                time: event.time,
                sha256: event.sha256(),
                redacted: None,
            },
            evidence: Vec::new(),
            undo: None,
            asks: None,
            suppressed_by: None,
            also: Vec::new(),
            speaks_at: 1,
            in_doubt: None,
        }
    }

    /// Raises or lowers the detection's usual severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says how severe it is at least if somebody else may hold the long-term key that signed the call.
    #[must_use]
    pub(crate) fn if_key_is_in_doubt(mut self, severity: Severity) -> Self {
        self.in_doubt = Some(severity);
        self
    }

    /// Says that it is about something other than what the call's parameters name.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Adds a labelled fact.
    #[must_use]
    pub fn evidence(mut self, label: &str, value: impl Into<String>) -> Self {
        self.evidence.push(Evidence { label: label.to_owned(), value: value.into() });
        self
    }

    /// Adds a labelled fact, if there is one.
    #[must_use]
    pub fn evidence_if(self, label: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.evidence(label, value),
            None => self,
        }
    }

    /// Gives the command that takes the act back.
    #[must_use]
    pub fn undo(mut self, command: Option<String>) -> Self {
        self.undo = command;
        self
    }

    /// Asks quarantine to act.
    #[must_use]
    pub fn asks(mut self, ask: Ask) -> Self {
        self.asks = Some(ask);
        self
    }

    /// Stays silent until the incident has counted `count` events.
    #[must_use]
    pub fn speaks_at(mut self, count: u64) -> Self {
        self.speaks_at = count;
        self
    }

    /// The same with every text of the event cut to what a reader needs: a finding must fit into an item of the ledger and
    /// an entry on the bus, whatever the event holds.
    #[must_use]
    pub(crate) fn capped(mut self) -> Self {
        let actor = &mut self.actor;
        let target = &mut self.target;
        let texts = [&mut self.act, &mut actor.name, &mut actor.principal, &mut target.kind, &mut target.name];
        let event = [&mut self.event.id, &mut self.event.name, &mut self.event.source];
        let places = [&mut self.account, &mut self.region];
        let optional = [
            &mut actor.account,
            &mut actor.session,
            &mut actor.access_key,
            &mut actor.invoked_by,
            &mut actor.principal_id,
            &mut target.arn,
            &mut self.origin.address,
            &mut self.origin.user_agent,
            &mut self.origin.via,
        ];
        let human = actor.human.as_mut().map(|human| &mut human.name);
        let facts = self.evidence.iter_mut().map(|fact| &mut fact.value);
        let texts = texts.into_iter().chain(event).chain(places);
        for text in texts.chain(optional.into_iter().flatten()).chain(human).chain(facts) {
            if text.len() > LONGEST_TEXT {
                text.truncate(text.floor_char_boundary(LONGEST_TEXT));
            }
        }
        self
    }

    /// Which incident it belongs to.
    #[must_use]
    pub fn incident(&self) -> IncidentKey {
        let target = self.target.arn.as_deref().unwrap_or(&self.target.name);
        // Each key that quarantine is asked about is a case of its own, with an undo of its own; and what is counted up to
        // different numbers is not counted together.
        let case = match &self.asks {
            Some(Ask::DisableAccessKey { key, .. }) => key.clone(),
            Some(Ask::ContainUsers { case, .. }) => case.clone(),
            Some(Ask::ContainActor { .. }) | None => self.speaks_at.to_string(),
        };
        let parts = [&self.detection, &self.account, &self.actor.principal, &self.target.kind, target, &case];
        IncidentKey(fingerprint::of(parts.map(|part: &str| part), 16))
    }
}

#[cfg(test)]
mod tests {
    use super::{Confidence, Severity};

    #[test]
    fn what_is_louder_than_usual_is_surer_and_what_is_quieter_is_less_so() {
        let told = |confidence: Confidence, severity| confidence.at(severity, Severity::Medium);
        for confidence in Confidence::ALL {
            assert_eq!(told(confidence, Severity::Medium), confidence);
            assert!(told(confidence, Severity::High) > Confidence::Low);
            assert!(told(confidence, Severity::Low) < Confidence::High);
        }
        assert_eq!(told(Confidence::Low, Severity::Critical), Confidence::Medium);
        assert_eq!(told(Confidence::High, Severity::Low), Confidence::Medium);
    }
}
