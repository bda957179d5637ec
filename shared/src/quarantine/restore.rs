//! The undo: it reads the plan backwards, so that credentials come back first and the deny goes last. A restore that stops
//! halfway leaves the user contained.

use jiff::Timestamp;

use super::contain::{Failure, Iam, Records};
use super::{Facts, Moved, Record, State, Step};
use crate::finding::Ask;
use crate::ledger::LEASE;

/// What a person says to a restore.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restore {
    /// Give keys back too that AWS said have leaked.
    pub leaked: bool,
}

/// Takes back what a record says was done, and only that.
///
/// # Errors
///
/// What stands against it, in words that say what to do.
pub async fn restore<I: Iam, R: Records>(
    mut record: Record,
    how: Restore,
    iam: &I,
    records: &R,
    now: Timestamp,
) -> Result<Record, Failure> {
    let left_behind = record.state == State::Claimed && record.at + LEASE <= now;
    if !record.state.can_be_restored() && !left_behind {
        return Err(Failure(format!("record {} is {}: there is nothing to take back", record.id, record.state)));
    }
    if record.busy.is_some_and(|since| since + LEASE > now) {
        return Err(Failure::busy(&record.id));
    }
    let user = record.user().unwrap_or_default().to_owned();
    // Written first: what the watch sees from now on is this, and no look does again what is taken back.
    record.restoring = Some(now);
    if left_behind {
        // Of a claim that is taken over the plan would be carried out again.
        record = record.moved(State::Partial, now);
    }
    written(&mut record, records).await?;
    let others = records.open_of(&user).await?.into_iter().find(|id| id != &record.id);
    for step in record.plan.steps.clone().iter().rev() {
        if record.has_leaked(step) && !how.leaked {
            left(&mut record, step, "it leaked, and `--leaked` was not said", iam.now());
            continue;
        }
        if let (true, Some(other)) = (step.denies(), &others) {
            left(&mut record, step, &format!("record {other} needs it"), iam.now());
            continue;
        }
        // Whoever gave it back, or deleted it, has left nothing to do.
        if truth(iam, step).await?.is_none_or(|facts| step.is_undone_in(&facts)) {
            continue;
        }
        let answer = iam.revert(step).await;
        let failed = answer.result.is_err();
        record.called(step.undo_words(), answer, iam.now());
        written(&mut record, records).await?;
        if failed {
            let why = record.calls.last().and_then(|call| call.error.clone()).unwrap_or_default();
            return Err(Failure(format!("could not {}: {why}; what comes after it is as it was", step.undo_words())));
        }
        if truth(iam, step).await?.is_some_and(|facts| !step.is_undone_in(&facts)) {
            return Err(Failure(format!(
                "IAM was asked to {} and does not show it yet; run it again",
                step.undo_words()
            )));
        }
    }
    let mut record = record.moved(State::Restored, now);
    written(&mut record, records).await?;
    records.forget(&user, &record.id).await?;
    Ok(record)
}

async fn truth<I: Iam>(iam: &I, step: &Step) -> Result<Option<Facts>, String> {
    match step {
        Step::EndSessions { role } => iam.role(role).await,
        step => iam.facts(step.user()).await,
    }
}

fn left(record: &mut Record, step: &Step, why: &str, at: Timestamp) {
    let error = Some(format!("not done: {why}"));
    record.calls.push(super::Call { what: step.undo_words(), at, request: None, error });
}

async fn written<R: Records>(record: &mut Record, records: &R) -> Result<(), Failure> {
    match records.save(record).await? {
        Moved::Yes => Ok(()),
        Moved::No => Err(Failure(format!("record {} was moved by somebody else; look at it again", record.id))),
    }
}

impl Record {
    /// Whether the step is about a key that AWS said has leaked. Where AWS named the user alone, any of the keys may be it.
    #[must_use]
    pub fn has_leaked(&self, step: &Step) -> bool {
        match (&self.finding.asks, step) {
            (Some(Ask::ContainUsers { keys, .. }), Step::DisableAccessKey { key, .. }) => {
                keys.is_empty() || keys.contains(key)
            }
            _ => false,
        }
    }
}
