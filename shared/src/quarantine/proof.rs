//! Proof that it holds: IAM is asked again after 5, 15, 60 seconds and 5 minutes, each time by a message that waits in a
//! queue. What somebody undid is done again three times; then it is told, and nobody is fought without end.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::contain::{Containment, Failure, Iam, Later, Records};
use super::plan::{Answer, Fault};
use super::renamed::follow;
use super::writing::{TRIES, written};
use super::{Call, Facts, Record, Refusal, State, Step, Subject, plan};
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
        for _ in 1..TRIES {
            match self.look_once(id, now).await {
                // Somebody else moved it on: what is left to do stands there.
                Err(Failure::Busy(_)) => {}
                looked_at => return looked_at,
            }
        }
        self.look_once(id, now).await
    }

    async fn look_once(&self, id: &str, now: Timestamp) -> Result<Option<Record>, Failure> {
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
        let decided = record.approval.as_ref().map(|approval| approval.at);
        let shown = facts.clone().map(|facts| facts.since(decided.unwrap_or(now)));
        let done = |step: &&Step| shown.as_ref().is_some_and(|facts| step.is_proven_by(facts));
        let found: Vec<Step> = record.plan.steps.iter().filter(done).cloned().collect();
        // That others have done it all is a good end of a plan to which somebody said yes.
        let forbids = |refusal: &Refusal| !refusal.waits() && (found.is_empty() || !refusal.is_nothing_left());
        // The mode was changed while it waited.
        let off = (!self.mode(&record.finding).acts()).then_some(Refusal::Off);
        if let Some(refusal) = fresh.refusal.filter(forbids).or(off) {
            record.plan.refusal = Some(refusal);
            record = record.moved(State::Refused, now);
        } else {
            record.plan.steps.retain(|step| fresh.steps.contains(step) || found.contains(step));
            record.plan.refusal = None;
            record.found = found;
            record.planned = record.planned.or(record.before);
            record.before = facts;
            record.decided = decided;
            record = record.moved(State::Claimed, now);
        }
        record.told = false;
        let record = self.saved(record).await?;
        self.go_on(record, now).await
    }

    /// Asks IAM whether it holds, and notes the answer, and another name of the user.
    ///
    /// # Errors
    ///
    /// [`Failure`] where the table was out of reach.
    pub(super) async fn proof(&self, record: &mut Record, now: Timestamp) -> Result<Option<Facts>, Failure> {
        let was = record.user().map(str::to_owned);
        let asked = match &record.subject {
            Subject::Sessions { role } => self.iam.role(role).await.map_err(Failure::Other),
            _ => follow(record, self.iam, self.records, now).await,
        };
        record.note_name(was.as_deref());
        let at = self.iam.now();
        // Of a user that is gone nothing works.
        let (facts, error) = match asked {
            Ok(facts) => (Some(facts.unwrap_or_default().since(record.decided.unwrap_or(record.received))), None),
            Err(why) => (None, Some(why.to_string())),
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
        // The look that came to this outcome may have ended before it was told, or before it asked for the next one.
        if record.round >= ROUNDS.len() {
            return self.go_on(record, now).await;
        }
        if record.is_early(now) {
            // This one follows the look that is due, in case that is lost: two at once would get in each other's way.
            let after = record.next_look(self.iam.now()).unwrap_or_default() + LEASE;
            let again = self.later.look_again(&record.id, after.min(LONGEST_DELAY)).await;
            let record = self.tell(record, now).await?;
            again?;
            return Ok(record);
        }
        // What a person takes back is not done again under their hands, and two looks do nothing again at once.
        if let Some(left) = record.restoring_for(now).or(record.busy_for(now)) {
            self.later.look_again(&record.id, left.clamp(SECOND, LONGEST_DELAY)).await?;
            return self.tell(record, now).await;
        }
        let died = record.busy.take();
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
        if let Some(since) = died {
            record.note_doing(since, &facts);
        }
        record.settle_giving(&facts, now);
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
        // What a call failed to do nobody undid: it takes nothing of what is kept for those who undo.
        if missing.iter().all(|step| record.failed(step)) {
            return self.try_again(record, &missing, now).await;
        }
        if record.reapplied < REAPPLIED_AT_MOST {
            record.reapplied += 1;
            // Written before it is done: whoever dies in between has used it up, and whoever began to take it back
            // wrote first.
            self.do_again(&mut record, &missing).await?;
            let again = self.later.look_again(&record.id, SOON).await;
            // What is told of it is told when it is done.
            let record = self.tell_of_names(record, now).await?;
            again?;
            return Ok(record);
        }
        record.round = ROUNDS.len();
        record.told = false;
        record = record.moved(State::UndoneByOther, now).critical();
        self.go_on(self.saved(record).await?, now).await
    }

    /// Does steps once more that IAM does not show. While it does, nobody takes them back.
    async fn do_again(&self, record: &mut Record, steps: &[Step]) -> Result<(), Failure> {
        record.busy = Some(self.iam.now());
        record.doing = steps.to_vec();
        written(record, self.records).await?;
        for step in steps {
            self.apply(record, step).await?;
        }
        record.busy = None;
        record.doing.clear();
        written(record, self.records).await
    }

    /// Tries again what no call did, with each look up to the last one; then people are told that it stays so. What worked at last
    /// is proven in rounds of its own.
    async fn try_again(&self, mut record: Record, steps: &[Step], now: Timestamp) -> Result<Record, Failure> {
        self.do_again(&mut record, steps).await?;
        let facts = self.proof(&mut record, now).await?;
        let missing = facts.as_ref().map_or_else(|| steps.to_vec(), |facts| record.missing(facts));
        let failed = missing.iter().any(|step| record.failed(step));
        record.round += 1;
        if !failed {
            record.round = 0;
            record.acted = Some(self.iam.now());
        }
        let state = record.state_by(facts.as_ref());
        let ends = failed && record.round >= ROUNDS.len();
        record.told &= record.state == state && !ends;
        record = record.moved(state, now);
        if failed {
            record = record.critical();
        }
        self.go_on(self.saved(record).await?, now).await
    }
}

impl Record {
    /// Notes what a look did that died before it wrote that down, as IAM shows.
    fn note_doing(&mut self, since: Timestamp, facts: &Facts) {
        for step in std::mem::take(&mut self.doing) {
            let words = step.words();
            let called = self.calls.iter().any(|call| call.what == words && call.at >= since);
            if !called && step.is_proven_by(facts) {
                let what = format!("{words}: a look that died did, as IAM shows");
                self.calls.push(Call {
                    what,
                    at: self.proofs.last().map_or(since, |proof| proof.at),
                    request: None,
                    error: None,
                });
            }
        }
    }

    /// What a restore had in hand that died is as it was where IAM shows it still: by then its call would be seen.
    fn settle_giving(&mut self, facts: &Facts, now: Timestamp) {
        if self.restoring.is_some_and(|began| began + LEASE <= now) {
            self.giving.take_if(|step| !step.is_undone_in(facts));
        }
    }

    /// The steps that IAM does not show.
    fn missing(&self, facts: &Facts) -> Vec<Step> {
        // A user that is gone needs no deny, and what somebody is just taking back is theirs.
        let gone = facts.arn.is_empty();
        let left = self.left().filter(|step| self.giving.as_ref() != Some(step));
        left.filter(|step| !gone && !step.is_proven_by(facts)).cloned().collect()
    }

    /// How many of the last looks IAM did not answer.
    fn unanswered(&self) -> usize {
        self.proofs.iter().rev().take_while(|proof| proof.error.is_some()).count()
    }

    /// Whether this look comes before its time: messages arrive twice, and each round is to be one.
    fn is_early(&self, now: Timestamp) -> bool {
        let missing = |step: &Step| self.proofs.last().is_some_and(|proof| proof.missing.contains(&step.words()));
        // What was undone and done again is looked at soon; before that IAM may still show it undone.
        let soon = self.reapplied > 0 && self.left().any(|step| missing(step) && !self.failed(step));
        let left = match self.proofs.last().filter(|_| soon) {
            Some(proof) => Some((proof.at + SOON).duration_since(now)),
            None => self.next_look(now),
        };
        left.is_some_and(|left| left > SECOND)
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
