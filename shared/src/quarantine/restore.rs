//! The undo: it reads the plan backwards, so that credentials come back first and the deny goes last. A restore that stops
//! halfway leaves the user contained, and so does one of a user whose key leaked for as long as the key's sessions may live.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::contain::{Failure, Iam, Records};
use super::renamed::follow;
use super::{Facts, Moved, ROUNDS, Record, State, Step, Subject};
use crate::finding::Ask;
use crate::ledger::LEASE;

/// How long a session of a user may live, by `GetSessionToken` or `GetFederationToken`. It outlives its key.
const LONGEST_SESSION: SignedDuration = SignedDuration::from_hours(36);

/// What a person says to a restore.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restore {
    /// Give back, too, keys that AWS said have leaked, and what their sessions may do.
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
    if !matches!(record.subject, Subject::Sessions { .. }) {
        // By the old name it would seem that nothing is left to take back.
        follow(&mut record, iam, records, now).await?;
    }
    // Written first: what the watch sees from now on is this, and no look does again what is taken back.
    record.restoring = Some(now);
    record.denied_until = None;
    if left_behind {
        // Of a claim that is taken over the plan would be carried out again.
        record = record.moved(State::Partial, now);
    }
    written(&mut record, records).await?;
    let needed = needed_by(&record, records, now).await?;
    let mut all = true;
    for step in record.left().cloned().collect::<Vec<_>>().iter().rev() {
        let facts = truth(iam, step).await?;
        // Whoever gave it back, or deleted it, has left nothing to do.
        if facts.as_ref().is_none_or(|facts| step.is_undone_in(facts)) {
            record.given_back.push(step.clone());
            continue;
        }
        let why = record.kept_back(step, how, facts.as_ref(), now);
        if why.is_some() && step.denies() {
            record.denied_until = Some(record.sessions_end(now));
        }
        let why =
            why.or_else(|| needed.as_ref().filter(|_| step.is_shared()).map(|id| format!("record {id} needs it")));
        if let Some(why) = why {
            left(&mut record, step, &why, iam.now());
            all = false;
            continue;
        }
        if let Step::DisableAccessKey { key, .. } = step {
            // The event of it asks quarantine, too.
            records.remember(&restored(key), &record.id).await?;
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
        record.given_back.push(step.clone());
    }
    if !all {
        // It stays open: what is left can be taken back later, and is watched, but is not proven any more.
        record.round = ROUNDS.len();
        written(&mut record, records).await?;
        return Ok(record);
    }
    let mut record = record.moved(State::Restored, now);
    written(&mut record, records).await?;
    for name in record.names() {
        records.forget(&name, &record.id).await?;
    }
    Ok(record)
}

/// Under which name it is kept which records gave a key back. No user is named with a slash.
pub(super) fn restored(key: &str) -> String {
    format!("restored/{key}")
}

/// Another open record that needs what is about the user, or the role, as a whole. One that was to be taken back itself, and
/// only waits for others, does not: else two would wait for each other.
async fn needed_by<R: Records>(record: &Record, records: &R, now: Timestamp) -> Result<Option<String>, Failure> {
    let (mut waiting, mut others) = (Vec::new(), BTreeSet::new());
    for name in record.names() {
        others.extend(records.open_of(&name).await?);
    }
    for id in others.into_iter().filter(|id| id != &record.id) {
        let other = records.get(&id).await?;
        let Some(other) = other.filter(|other| other.state.is_open() && other.is_alike(record)) else { continue };
        if other.restoring.is_none() || other.denied_until.is_some_and(|until| now < until) {
            return Ok(Some(id));
        }
        waiting.push(other);
    }
    for mut other in waiting {
        // The calls of this restore give back what it keeps, too: that is nobody's meddling.
        other.restoring = Some(now);
        written(&mut other, records).await?;
    }
    Ok(None)
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

impl Step {
    /// Whether it is about the user or role as a whole, so that other records may need it too.
    fn is_shared(&self) -> bool {
        self.credential().is_none()
    }
}

impl Record {
    /// Whether both are about a whole user, or both about a role.
    fn is_alike(&self, other: &Self) -> bool {
        let kind = |record: &Self| match record.subject {
            Subject::User { .. } | Subject::Holder { .. } => Some(false),
            Subject::Sessions { .. } => Some(true),
            Subject::Key { .. } => None,
        };
        kind(self).is_some() && kind(self) == kind(other)
    }

    /// Why a restore leaves a step as it is, as far as the record and what IAM says now can tell. Where AWS named the user alone,
    /// by the finding or by its own quarantine, any of the keys may be the one that leaked.
    #[must_use]
    pub fn kept_back(&self, step: &Step, how: Restore, facts: Option<&Facts>, now: Timestamp) -> Option<String> {
        let by_aws = self.before.iter().chain(facts).any(Facts::is_quarantined_by_aws);
        let named = match &self.finding.asks {
            Some(Ask::ContainUsers { keys, .. }) => Some(keys),
            _ => None,
        };
        let until = self.sessions_end(now);
        match step {
            _ if how.leaked => None,
            Step::DisableAccessKey { key, .. } => {
                let leaked = by_aws || named.is_some_and(|keys| keys.is_empty() || keys.contains(key));
                leaked.then(|| "it leaked, or may have; `--leaked` does it".to_owned())
            }
            Step::DenyUser { .. } | Step::BindUser { .. } if (by_aws || named.is_some()) && now < until => {
                Some(format!(
                    "a key leaked, and sessions that were opened with it may live until {}; `--leaked` does it now",
                    until.strftime("%Y-%m-%d %H:%M UTC")
                ))
            }
            Step::DenyUser { .. }
            | Step::BindUser { .. }
            | Step::DisableCredential { .. }
            | Step::EndSessions { .. } => None,
        }
    }

    /// When no session that was opened before it was contained is left. What IAM never showed as contained may still open them.
    fn sessions_end(&self, now: Timestamp) -> Timestamp {
        self.contained.unwrap_or(now) + LONGEST_SESSION
    }
}
