//! What was done, when, why, and how to undo it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Approval, Facts, Former, Gave, LONGEST_WAIT, Plan, Proof, Step, Subject};
use crate::finding::{Ask, Finding, Severity};
use crate::fingerprint;
use crate::ledger::LEASE;

/// One containment, from the first look to its undo. It holds no secret: IAM gives none to whoever only asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The same for the same event and subject, however often it is delivered.
    pub id: String,
    /// Counts the writes: each is made under the condition that nobody wrote in between.
    pub rev: u64,
    /// Counts those of whoever works on it: what others only note moves nothing on.
    #[serde(default)]
    pub turn: u64,
    pub state: State,
    pub subject: Subject,
    pub finding: Finding,
    /// The fingerprint of the finding as it came.
    pub evidence: String,
    pub plan: Plan,
    /// What IAM said before anything was done.
    pub before: Option<Facts>,
    /// What it said when the plan was made, where that waited for a person.
    #[serde(default)]
    pub planned: Option<Facts>,
    /// The user's ARN as IAM had it last.
    #[serde(default)]
    pub arn: Option<String>,
    /// Names that the user had while this was open.
    #[serde(default)]
    pub former: Vec<Former>,
    /// Names that events gave the user and IAM did not show.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Every call that changed something, or tried to.
    pub calls: Vec<Call>,
    /// Every time that IAM was asked whether it holds.
    pub proofs: Vec<Proof>,
    /// Steps of the plan that somebody else had done before a person said yes to them: they are proven, and not taken back.
    #[serde(default)]
    pub found: Vec<Step>,
    /// How often somebody took over a claim whose holder died.
    #[serde(default)]
    pub taken_over: u32,
    /// Rounds of proof that are over.
    pub round: usize,
    /// How often it was done again because somebody had undone it.
    pub reapplied: u32,
    /// Who said yes, where somebody had to.
    pub approval: Option<Approval>,
    /// The record of what the same actor did after this one was over.
    pub followed_by: Option<String>,
    /// What others did to what is contained.
    pub meddling: Vec<Meddling>,
    pub received: Timestamp,
    /// When it was decided to act.
    pub decided: Option<Timestamp>,
    /// When the last call of the plan was made: the rounds of proof are counted from it.
    pub acted: Option<Timestamp>,
    /// When IAM first showed that it holds.
    pub contained: Option<Timestamp>,
    /// When somebody began to take it back, or took the last step of it in hand.
    pub restoring: Option<Timestamp>,
    /// When that was over, with or without something left; none while it is under way.
    #[serde(default)]
    pub taken_back: Option<Timestamp>,
    /// The step that is just taken back: nobody knows yet how its call ended.
    #[serde(default)]
    pub giving: Option<Step>,
    /// The steps that were taken back, while others are left.
    #[serde(default)]
    pub given_back: Vec<Step>,
    /// Until when a restore left the user denied, since sessions of a leaked key may live.
    pub denied_until: Option<Timestamp>,
    /// Since when a look does again what was undone. Nobody takes it back meanwhile: the two would work against each other.
    pub busy: Option<Timestamp>,
    /// What it does again.
    #[serde(default)]
    pub doing: Vec<Step>,
    /// When the last state was reached.
    pub at: Timestamp,
    /// Whether people were told of the outcome.
    pub told: bool,
    /// What somebody has just done to what is contained, where that is what is told.
    #[serde(skip)]
    pub news: Option<Meddling>,
    /// Other records that nobody approved in time, where one mail is about all of them.
    #[serde(skip)]
    pub with: Vec<Self>,
    /// About how many more waited with them.
    #[serde(skip)]
    pub with_more: usize,
}

/// One call to IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub what: String,
    pub at: Timestamp,
    /// AWS's id of the request.
    pub request: Option<String>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// What somebody did to a user that is contained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meddling {
    /// The end of a sentence that begins with who did it.
    pub what: String,
    pub by: String,
    pub event: String,
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub gave: Gave,
    /// AWS's id of the request, by which a restore knows its own calls.
    #[serde(default)]
    pub request: Option<String>,
    /// Nobody was told of it yet.
    #[serde(default)]
    pub untold: bool,
    /// The name that the user had; of a role, `role/` and its name.
    #[serde(default)]
    pub user: String,
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
    /// Nobody decided in time; nothing was done.
    Expired,
    /// Somebody is at it.
    Claimed,
    /// It was done; IAM does not show it yet.
    Applied,
    /// It was done, and IAM says so.
    Verified,
    /// Some of it could not be done.
    Partial,
    /// It could not be done.
    Failed,
    /// It was done, again and again, and somebody undoes it.
    UndoneByOther,
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
    pub(super) fn new(
        finding: &Finding,
        subject: &Subject,
        plan: Plan,
        before: Option<Facts>,
        state: State,
        now: Timestamp,
    ) -> Self {
        let json = serde_json::to_string(finding).unwrap_or_default();
        Self {
            id: Self::id_of(finding, subject),
            rev: 0,
            turn: 0,
            state,
            subject: subject.clone(),
            finding: finding.clone(),
            evidence: fingerprint::of([json.as_str()], 32),
            plan,
            before,
            planned: None,
            arn: None,
            former: Vec::new(),
            aliases: Vec::new(),
            calls: Vec::new(),
            proofs: Vec::new(),
            found: Vec::new(),
            taken_over: 0,
            round: 0,
            reapplied: 0,
            approval: None,
            followed_by: None,
            meddling: Vec::new(),
            received: now,
            decided: None,
            acted: None,
            contained: None,
            restoring: None,
            taken_back: None,
            giving: None,
            given_back: Vec::new(),
            denied_until: None,
            busy: None,
            doing: Vec::new(),
            at: now,
            told: false,
            news: None,
            with: Vec::new(),
            with_more: 0,
        }
    }

    /// The id of a record: the same for the same event and subject, however often it is delivered, and for the same leak and
    /// subject, however often AWS tells of it.
    #[must_use]
    pub fn id_of(finding: &Finding, subject: &Subject) -> String {
        // With what is asked: a made-up finding about the same event is another record.
        let day_part;
        let (case, detection) = match &finding.asks {
            Some(Ask::ContainUsers { case, .. }) => (case, finding.detection.as_str()),
            // Who does one thing after another is asked about once, for as long as the plan waits.
            // So is a key that is switched on again and again.
            Some(ask @ (Ask::ContainActor { .. } | Ask::DisableAccessKey { reactivated: true, .. })) => {
                let time = finding.event.time.map_or(0, |time| time.as_second() / LONGEST_WAIT.as_secs());
                day_part = time.to_string();
                let word = match ask {
                    Ask::ContainActor { .. } => ask.word(),
                    _ => finding.detection.as_str(),
                };
                (&day_part, word)
            }
            Some(Ask::DisableAccessKey { .. }) | None => (&finding.event.id, finding.detection.as_str()),
        };
        let finding = [finding.account.as_str(), case, detection];
        format!("q-{}", fingerprint::of(finding.into_iter().chain(subject.parts()), 6))
    }

    /// The id of the record of what an actor did after an earlier record about them was over: what is over asks nobody any more.
    pub(super) fn id_after(finding: &Finding, subject: &Subject) -> String {
        let word = finding.asks.as_ref().map_or("", Ask::word);
        let finding = [finding.account.as_str(), finding.event.id.as_str(), word];
        format!("q-{}", fingerprint::of(finding.into_iter().chain(subject.parts()), 6))
    }

    /// Whether nobody is asked by it any more, and it goes on: an actor acts again, or AWS says once more that a key leaked. What
    /// a guard refused, it would refuse again, and what a person gave back of a leak is given back.
    pub(super) fn is_over_for(&self, finding: &Finding) -> bool {
        let over = match (&finding.asks, self.state) {
            (Some(Ask::ContainActor { .. } | Ask::ContainUsers { .. }), State::Expired | State::UndoneByOther)
            | (Some(Ask::ContainActor { .. }), State::Restored) => true,
            (Some(Ask::ContainActor { .. }), State::Refused) => self.approval.is_some(),
            _ => false,
        };
        over && self.finding.event.id != finding.event.id
    }

    /// The user or role that it is about, as far as IAM knew.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        let of_arn = || self.arn()?.rsplit('/').next();
        self.subject.user().or_else(of_arn)
    }

    /// The ARN of the user or role, as IAM had it last.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        self.arn.as_deref().or_else(|| Some(self.before.as_ref()?.arn.as_str()))
    }

    /// Under which name it is kept while it is open: roles and users may be named alike. No user is named with a slash.
    #[must_use]
    pub(super) fn kept_under(&self) -> Option<String> {
        match &self.subject {
            Subject::Sessions { role } => Some(format!("role/{role}")),
            Subject::Key { .. } | Subject::User { .. } | Subject::Holder { .. } => self.user().map(str::to_owned),
        }
    }

    /// The steps that were not taken back.
    pub fn left(&self) -> impl Iterator<Item = &Step> {
        self.plan.steps.iter().filter(|step| !self.given_back.contains(step))
    }

    /// What a person approves.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.plan.fingerprint(&self.id)
    }

    /// When nobody may approve it any more.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.received + LONGEST_WAIT
    }

    /// The same record, moved on. A write that moves it says so by `rev`.
    #[must_use]
    pub(super) fn moved(mut self, state: State, now: Timestamp) -> Self {
        self.state = state;
        self.at = now;
        self
    }

    /// How much longer whoever takes it back may be at it: nothing is done again until then.
    pub(super) fn restoring_for(&self, now: Timestamp) -> Option<SignedDuration> {
        let left = (self.restoring.filter(|_| self.taken_back.is_none())? + LEASE).duration_since(now);
        left.is_positive().then_some(left)
    }

    /// How much longer a look may be at it.
    pub(super) fn busy_for(&self, now: Timestamp) -> Option<SignedDuration> {
        let left = (self.busy? + LEASE).duration_since(now);
        left.is_positive().then_some(left)
    }

    /// The same record, louder: what is not contained as it should be wakes a person.
    #[must_use]
    pub(super) fn critical(mut self) -> Self {
        self.finding.severity = Severity::Critical;
        self
    }

    /// From the event until iamwatch knew of it.
    #[must_use]
    pub fn time_to_detect(&self) -> Option<SignedDuration> {
        Some(self.received.duration_since(self.finding.event.time?))
    }

    /// From then until it was decided to act: a person may have been asked.
    #[must_use]
    pub fn time_to_decide(&self) -> Option<SignedDuration> {
        Some(self.decided?.duration_since(self.received))
    }

    /// From then until IAM showed it.
    #[must_use]
    pub fn time_to_contain(&self) -> Option<SignedDuration> {
        Some(self.contained?.duration_since(self.decided?))
    }
}

impl State {
    /// Whether something was changed that can be taken back, or may have been: a call that failed may have worked.
    #[must_use]
    pub fn can_be_restored(self) -> bool {
        matches!(self, Self::Applied | Self::Verified | Self::Partial | Self::Failed | Self::UndoneByOther)
    }

    /// Whether what others do to its user is told.
    #[must_use]
    pub fn is_open(self) -> bool {
        self == Self::Claimed || self.can_be_restored()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DryRun => "DRY_RUN",
            Self::Refused => "REFUSED",
            Self::Pending => "PENDING",
            Self::Expired => "EXPIRED",
            Self::Claimed => "CLAIMED",
            Self::Applied => "APPLIED",
            Self::Verified => "VERIFIED",
            Self::Partial => "PARTIAL",
            Self::Failed => "FAILED",
            Self::UndoneByOther => "UNDONE_BY_OTHER",
            Self::Restored => "RESTORED",
        })
    }
}
