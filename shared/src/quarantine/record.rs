//! What was done, when, why, and how to undo it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Facts, Plan};
use crate::finding::{Ask, Finding};
use crate::fingerprint;

/// One containment, from the first look to its undo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The same for the same event, however often it is delivered.
    pub id: String,
    pub state: State,
    pub finding: Finding,
    pub plan: Plan,
    /// What IAM said before anything was done.
    pub before: Option<Facts>,
    /// Every call that changed something, or tried to.
    pub calls: Vec<Call>,
    pub received: Timestamp,
    /// When the last state was reached.
    pub at: Timestamp,
    /// Whether people were told of the outcome.
    pub told: bool,
}

/// One call to IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub what: String,
    pub at: Timestamp,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// How far a containment is. It moves only by conditional writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It would have been done.
    DryRun,
    /// A guard stood against it; nothing was done.
    Refused,
    /// It is for a person to decide; nothing was done.
    Pending,
    /// Somebody is at it.
    Claimed,
    /// It was done; IAM does not show it yet.
    Applied,
    /// It was done, and IAM says so.
    Verified,
    /// It could not be done.
    Failed,
    /// It was taken back.
    Restored,
}

/// Whether a record could be moved to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    Yes,
    /// Somebody else moved it first.
    No,
}

impl Record {
    /// The record of a finding that was just received.
    #[must_use]
    pub(super) fn new(finding: &Finding, plan: Plan, before: Option<Facts>, state: State, now: Timestamp) -> Self {
        Self {
            id: Self::id_of(finding),
            state,
            finding: finding.clone(),
            plan,
            before,
            calls: Vec::new(),
            received: now,
            at: now,
            told: false,
        }
    }

    /// The id of a finding's record: the same for the same event, however often it is delivered.
    #[must_use]
    pub fn id_of(finding: &Finding) -> String {
        // With what is asked: a made-up finding about the same event is another record.
        let asks = match &finding.asks {
            Some(Ask::DisableAccessKey { user, key }) => [user.as_str(), key.as_str()],
            None => ["", ""],
        };
        let finding = [finding.account.as_str(), &finding.event.id, &finding.detection];
        format!("q-{}", fingerprint::of(finding.into_iter().chain(asks), 6))
    }

    /// The same record, moved on.
    #[must_use]
    pub(super) fn moved(mut self, state: State, now: Timestamp) -> Self {
        self.state = state;
        self.at = now;
        self
    }
}

impl State {
    /// Whether something was changed that can be taken back, or may have been: a call that failed may have worked.
    #[must_use]
    pub fn can_be_restored(self) -> bool {
        matches!(self, Self::Applied | Self::Verified | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DryRun => "DRY_RUN",
            Self::Refused => "REFUSED",
            Self::Pending => "PENDING",
            Self::Claimed => "CLAIMED",
            Self::Applied => "APPLIED",
            Self::Verified => "VERIFIED",
            Self::Failed => "FAILED",
            Self::Restored => "RESTORED",
        })
    }
}
