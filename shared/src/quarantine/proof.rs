//! Proof that it holds: IAM is asked again after 5, 15, 60 seconds and 5 minutes, each time by a message that waits in a
//! queue. What somebody undid is done again three times; then it is told, and nobody is fought without end.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::contain::{Containment, Failure, Iam, Later, Records};
use super::plan::{Answer, Fault};
use super::renamed::follow;
use super::{Facts, Record, Refusal, State, Step, Subject, plan};
use crate::flow::People;
use crate::ledger::{LEASE, Ledger};

/// When IAM is asked again, from when the last call was made. It enforces a change about four seconds after it shows it.
pub const ROUNDS: [SignedDuration; 4] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(15),
    SignedDuration::from_secs(60),
    SignedDuration::from_mins(5),
];
/// How often what was undone is done again.
pub const REAPPLIED_AT_MOST: u32 = 3;
/// How soon it is looked at then.
const SOON: SignedDuration = SignedDuration::from_secs(2);
/// How many looks in a row IAM may leave without an answer before people are told.
const UNANSWERED_AT_MOST: usize = 4;
/// A message waits in a queue for a quarter of an hour at most.
const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);
const AT_ONCE: SignedDuration = SignedDuration::ZERO;
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// IAM was asked whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub at: Timestamp,
    /// What IAM did not show: empty where it holds.
    pub missing: Vec<String>,
    /// Why IAM could not be asked.
    pub error: Option<String>,
}

impl Proof {
    /// Whether IAM showed everything.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.error.is_none() && self.missing.is_empty()
    }
}

impl<I: Iam, R: Records, L: Ledger, P: People, W: Later> Containment<'_, I, R, L, P, W> {
    /// Looks at a record because its time has come: acts on a plan that was approved, lets one expire, or proves that what was
    /// done holds.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it must be tried again.
    pub async fn look(&self, id: &str, now: Timestamp) -> Result<Option<Record>, Failure> {
        let Some(record) = self.records.get(id).await? else { return Ok(None) };
        let looked_at = match record.state {
            State::Pending if record.approval.is_some() => self.carry_out(record, now).await?,
            State::Pending if record.expires() <= now => {
                let mut expired = record.moved(State::Expired, now);
                expired.told = false;
                self.go_on(self.saved(expired).await?, now).await?
            }
            // Whoever claimed it may have died.
            State::Claimed if record.at + LEASE <= now => {
                let ours = self.take_over(record, now).await?;
                self.go_on(ours, now).await?
            }
            State::Pending | State::Claimed => self.wait(record, now).await?,
            State::Applied | State::Verified | State::Partial | State::Failed => self.prove(record, now).await?,
            State::DryRun | State::Refused | State::Expired | State::UndoneByOther | State::Restored if record.told => {
                return Ok(None);
            }
            // An earlier look ended between writing the outcome and telling it.
            State::DryRun | State::Refused | State::Expired | State::UndoneByOther | State::Restored => {
                self.tell(record, now).await?
            }
        };
        Ok(Some(looked_at))
    }

    async fn wait(&self, record: Record, now: Timestamp) -> Result<Record, Failure> {
        if let Some(after) = record.next_look(now) {
            // Not at once where it is only just due: messages may be early by a second.
            self.later.look_again(&record.id, after.max(SECOND)).await?;
        }
        Ok(record)
    }

    /// Acts on what a person approved: never more than that, and only what is still left to do. The guards that hold whatever
    /// anybody says are asked again.
    async fn carry_out(&self, mut record: Record, now: Timestamp) -> Result<Record, Failure> {
        // The steps are about the user that was shown, under whatever name.
        let facts = self.truth_of(&mut record, now).await?;
        let fresh = plan(&record.finding, &record.subject, facts.as_ref(), self.context.config, now);
        let forbids = |refusal: &Refusal| !refusal.waits();
        // The mode was changed while it waited.
        let off = (!self.mode(&record.finding).acts()).then_some(Refusal::Off);
        if let Some(refusal) = fresh.refusal.filter(forbids).or(off) {
            record.plan.refusal = Some(refusal);
            record = record.moved(State::Refused, now);
        } else {
            record.plan.steps.retain(|step| fresh.steps.contains(step));
            record.plan.refusal = None;
            record.before = facts;
            record.decided = record.approval.as_ref().map(|approval| approval.at);
            record = record.moved(State::Claimed, now);
        }
        record.told = false;
        let record = self.saved(record).await?;
        self.go_on(record, now).await
    }

    /// Asks IAM whether it holds, and writes the answer down.
    ///
    /// # Errors
    ///
    /// [`Failure`] where the user got another name and people could not be told of it.
    pub(super) async fn proof(&self, record: &mut Record, now: Timestamp) -> Result<Option<Facts>, Failure> {
        let was = record.user().map(str::to_owned);
        let asked = match &record.subject {
            Subject::Sessions { role } => self.iam.role(role).await.map_err(Failure),
            _ => follow(record, self.iam, self.records, now).await,
        };
        self.tell_of_name(record, was.as_deref(), now).await?;
        let at = self.iam.now();
        // Of a user that is gone nothing works.
        let (facts, error) = match asked {
            Ok(facts) => (Some(facts.unwrap_or_default().since(record.decided.unwrap_or(record.received))), None),
            Err(why) => (None, Some(why.0)),
        };
        let missing = facts.as_ref().map(|facts| record.missing(facts)).unwrap_or_default();
        let proof = Proof { at, missing: missing.iter().map(Step::words).collect(), error };
        if proof.holds() && record.contained.is_none() {
            record.contained = Some(at);
        }
        record.proofs.push(proof);
        Ok(facts)
    }

    async fn prove(&self, mut record: Record, now: Timestamp) -> Result<Record, Failure> {
        if record.round >= ROUNDS.len() || record.is_early(now) {
            // The look that came to this outcome may have ended before it asked for the next one, or before it was told.
            return self.go_on(record, now).await;
        }
        // What a person takes back is not done again under their hands.
        if let Some(left) = record.restoring_for(now) {
            self.later.look_again(&record.id, left.clamp(SECOND, LONGEST_DELAY)).await?;
            return self.tell(record, now).await;
        }
        let Some(facts) = self.proof(&mut record, now).await? else {
            // The last look is taken again until IAM answers: else nobody would know whether it holds.
            let is_last = record.round + 1 == ROUNDS.len();
            let gives_up = record.unanswered() >= UNANSWERED_AT_MOST;
            record.round += usize::from(!is_last || gives_up);
            if is_last && gives_up {
                record.told &= record.state == State::Applied;
                record = record.moved(State::Applied, now).critical();
            }
            return self.go_on(self.saved(record).await?, now).await;
        };
        let missing = record.missing(&facts);
        // A policy that was rewritten is put on nobody: that nothing but it is missing is no reason to end the rounds.
        let (disarmed, missing): (Vec<Step>, Vec<Step>) =
            missing.into_iter().partition(|step| step.denies() && facts.disarmed.is_some());
        if let (Some(why), Some(step), true) = (&facts.disarmed, disarmed.first(), missing.is_empty()) {
            if !record.is_disarmed() {
                record.called(step.words(), Answer { request: None, result: Err(Fault::Other(why.clone())) }, now);
            }
            record.round += 1;
            record.told &= record.state == State::Partial;
            record = record.moved(State::Partial, now).critical();
            return self.go_on(self.saved(record).await?, now).await;
        }
        if missing.is_empty() {
            record.round += 1;
            // Who was told that it is not certain is told that it is.
            record.told &= record.state == State::Verified;
            record = record.moved(State::Verified, now);
            return self.go_on(self.saved(record).await?, now).await;
        }
        if let Some(refusal) = self.forbids(&record, Some(&facts)) {
            let stopped = record.stopped(refusal, Some(&facts), now);
            return self.go_on(self.saved(stopped).await?, now).await;
        }
        if record.reapplied < REAPPLIED_AT_MOST {
            record.reapplied += 1;
            // Written before it is done: whoever dies in between has used it up, and whoever began to take it back
            // wrote first.
            record.busy = Some(self.iam.now());
            self.written(&mut record).await?;
            for step in missing {
                self.apply(&mut record, &step).await?;
            }
            record.busy = None;
            self.written(&mut record).await?;
            self.later.look_again(&record.id, SOON).await?;
            return Ok(record);
        }
        let state = match record.state_by(Some(&facts)) {
            // Each call worked, and IAM does not show it.
            State::Applied => State::UndoneByOther,
            state => state,
        };
        record.round = ROUNDS.len();
        record.told &= record.state == state;
        record = record.moved(state, now).critical();
        self.go_on(self.saved(record).await?, now).await
    }
}

impl Record {
    /// The steps that IAM does not show.
    fn missing(&self, facts: &Facts) -> Vec<Step> {
        // A boundary needs no attached policy beside it, and a user that is gone no deny.
        let gone = facts.arn.is_empty();
        self.left().filter(|step| !gone && !step.is_proven_by(facts)).cloned().collect()
    }

    /// How many of the last looks IAM did not answer.
    fn unanswered(&self) -> usize {
        self.proofs.iter().rev().take_while(|proof| proof.error.is_some()).count()
    }

    /// Whether this look comes before its time: messages arrive twice, and each round is to be one.
    fn is_early(&self, now: Timestamp) -> bool {
        let held = self.proofs.last().is_none_or(Proof::holds) || self.reapplied == 0;
        held && self.next_look(now).is_some_and(|left| left > SECOND)
    }

    /// After what time it must be looked at again, if it must.
    pub(super) fn next_look(&self, now: Timestamp) -> Option<SignedDuration> {
        let at = match self.state {
            State::Pending if self.approval.is_some() => now,
            State::Pending => self.expires(),
            State::Claimed => self.at + LEASE,
            State::Applied | State::Verified | State::Partial | State::Failed => {
                let acted = self.acted.or(self.decided).unwrap_or(self.received);
                let due = *ROUNDS.get(self.round)?;
                let before = self.round.checked_sub(1).and_then(|before| ROUNDS.get(before)).copied();
                // After a look that came late the others follow at their distance, not all at once.
                let last = self.proofs.last().map(|proof| proof.at + (due - before.unwrap_or_default()));
                last.map_or(acted + due, |last| last.max(acted + due))
            }
            State::DryRun | State::Refused | State::Expired | State::UndoneByOther | State::Restored => return None,
        };
        Some(at.duration_since(now).clamp(AT_ONCE, LONGEST_DELAY))
    }
}
