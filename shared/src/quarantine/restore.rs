//! The undo: it reads the plan backwards, so that credentials come back first and the deny goes last. A restore that stops
//! halfway leaves the user contained, and so does one of a user whose key leaked for as long as the key's sessions may live.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::contain::{Failure, Iam, Records};
use super::renamed::follow;
use super::writing::written;
use super::{Call, Facts, Gave, Record, State, Step, Subject};
use crate::finding::Ask;
use crate::ledger::LEASE;

/// How long a session of a user may live, by `GetSessionToken` or `GetFederationToken`. It outlives its key.
const LONGEST_SESSION: SignedDuration = SignedDuration::from_hours(36);

/// What a person says to a restore.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restore {
    /// Give back, too, keys that AWS said have leaked, and what their sessions may do.
    pub leaked: bool,
    /// End the deny though credentials were made while it held: whoever has them may use them then.
    pub made_meanwhile: bool,
}

/// Takes back what a record says was done, and only that.
///
/// # Errors
///
/// What stands against it, in words that say what to do.
pub async fn restore<I: Iam, R: Records>(
    record: Record,
    how: Restore,
    iam: &I,
    records: &R,
    now: Timestamp,
) -> Result<Record, Failure> {
    // A person took some time to say yes.
    let mut record = records.get(&record.id).await?.unwrap_or(record);
    if record.state == State::Restored {
        // An earlier restore may have ended before it came to this.
        forget(&record, records).await?;
    }
    let left_behind = record.state == State::Claimed && record.at + LEASE <= now;
    if !record.state.can_be_restored() && !left_behind {
        return Err(Failure::Other(format!("record {} is {}: there is nothing to take back", record.id, record.state)));
    }
    if record.busy_for(now).is_some() {
        return Err(Failure::Busy(record.id));
    }
    if !matches!(record.subject, Subject::Sessions { .. }) {
        // By the old name it would seem that nothing is left to take back.
        follow(&mut record, iam, records, now).await?;
    }
    // Written first: no look does again what is taken back.
    record.restoring = Some(now);
    record.taken_back = None;
    record.denied_until = None;
    if left_behind {
        // Of a claim that is taken over the plan would be carried out again.
        record = record.moved(State::Partial, now);
    }
    written(&mut record, records).await?;
    match give_back(&mut record, how, iam, records, now).await {
        // Somebody else works on this one, and wrote it.
        Err(Failure::Busy(id)) if id == record.id => Err(Failure::Busy(id)),
        Err(why) => {
            // The looks go on at once; if this cannot be written, they do when nobody can be at it any more.
            record.taken_back = Some(iam.now());
            let _ = written(&mut record, records).await;
            Err(why)
        }
        Ok(all) => {
            record.taken_back = Some(iam.now());
            if !all {
                // It stays open: what is left is proven and watched, and can be taken back later.
                written(&mut record, records).await?;
                return Ok(record);
            }
            let mut record = record.moved(State::Restored, now);
            written(&mut record, records).await?;
            forget(&record, records).await?;
            Ok(record)
        }
    }
}

/// Nothing of its user is watched any more.
async fn forget<R: Records>(record: &Record, records: &R) -> Result<(), Failure> {
    for name in record.names() {
        records.forget(&name, &record.id).await?;
    }
    Ok(())
}

/// Takes the steps back, one after the other. Answers whether nothing is left.
async fn give_back<I: Iam, R: Records>(
    record: &mut Record,
    how: Restore,
    iam: &I,
    records: &R,
    now: Timestamp,
) -> Result<bool, Failure> {
    let mut needed = needed_by(record, records, now).await?;
    let mut all = true;
    for step in record.left().cloned().collect::<Vec<_>>().iter().rev() {
        if record.found.contains(step) {
            left(record, step, "it was so before iamwatch acted", iam.now());
            record.given_back.push(step.clone());
            continue;
        }
        let facts = truth(iam, step).await?;
        // Whoever gave it back, or deleted it, has left nothing to do.
        if facts.as_ref().is_none_or(|facts| step.is_undone_in(facts)) {
            if record.giving.as_ref() == Some(step) {
                let what = format!("{}: an earlier restore did, as IAM shows", step.undo_words());
                record.calls.push(Call { what, at: iam.now(), request: None, error: None });
                record.giving = None;
            } else {
                left(record, step, "IAM shows nothing to take back", iam.now());
            }
            record.given_back.push(step.clone());
            continue;
        }
        let mut why = record.kept_back(step, how, facts.as_ref(), now);
        if let (Some(facts), None, true, false) = (&facts, &why, step.denies(), how.made_meanwhile) {
            why = made_meanwhile(record, how, facts, records, now).await?;
        }
        if step.denies() && record.sessions_may_live(how, facts.as_ref(), now) {
            record.denied_until = Some(record.sessions_end(now));
        }
        let why =
            why.or_else(|| needed.by.as_ref().filter(|_| step.is_shared()).map(|id| format!("record {id} needs it")));
        if let Some(why) = why {
            left(record, step, &why, iam.now());
            all = false;
            continue;
        }
        let mut waiting = Vec::new();
        if step.is_shared() {
            // The call gives back what they keep, too: that is nobody's meddling.
            for mut other in std::mem::take(&mut needed.waiting) {
                other.restoring = Some(iam.now());
                let shared = other.left().find(|step| step.is_shared()).cloned();
                other.giving = shared;
                if let Err(why) = written(&mut other, records).await {
                    hold_on(waiting, records).await;
                    return Err(why);
                }
                waiting.push(other);
            }
        }
        if let Some(id) = step.credential() {
            // The event of a key asks quarantine, too, and other restores ask who switched it on.
            records.remember(&restored(id), &record.id).await?;
        }
        // The watch knows the call by it until its id is on record.
        record.giving = Some(step.clone());
        record.restoring = Some(iam.now());
        written(record, records).await?;
        let answer = iam.revert(step).await;
        let failed = answer.result.is_err();
        record.called(step.undo_words(), answer, iam.now());
        written(record, records).await?;
        if failed {
            // What was refused is as it was. Of a call that may have worked nobody else is blamed.
            if truth(iam, step).await.is_ok_and(|facts| facts.is_some_and(|facts| !step.is_undone_in(&facts))) {
                record.giving = None;
                hold_on(waiting, records).await;
            }
            let why = record.calls.last().and_then(|call| call.error.clone()).unwrap_or_default();
            return Err(Failure::Other(format!(
                "could not {}: {why}; what comes after it is as it was",
                step.undo_words()
            )));
        }
        if truth(iam, step).await?.is_some_and(|facts| !step.is_undone_in(&facts)) {
            return Err(Failure::Other(format!(
                "IAM was asked to {} and does not show it yet; run it again",
                step.undo_words()
            )));
        }
        record.given_back.push(step.clone());
        record.giving = None;
    }
    Ok(all)
}

/// Under which name it is kept which records gave a credential back. No user is named with a slash.
pub(super) fn restored(credential: &str) -> String {
    format!("restored/{credential}")
}

/// Why the deny stays: whoever could gave the user something while it held. What restores gave back is none of it.
async fn made_meanwhile<R: Records>(
    record: &Record,
    how: Restore,
    facts: &Facts,
    records: &R,
    now: Timestamp,
) -> Result<Option<String>, Failure> {
    let mut made = Vec::new();
    for (id, name) in record.made_meanwhile(how, facts, now) {
        let mut by_restore = false;
        for other in records.open_of(&restored(&id)).await? {
            let since = |other: Record| other.restoring.is_some_and(|began| began >= record.received);
            by_restore |= records.get(&other).await?.is_some_and(since);
        }
        if !by_restore {
            made.push(name);
        }
    }
    Ok((!made.is_empty()).then(|| {
        format!(
            "the user got meanwhile: {}; delete or switch off what nobody can explain, then `--made-meanwhile` does it",
            made.join(", ")
        )
    }))
}

/// Other open records about the same user, or the same role, as a whole.
#[derive(Default)]
struct Needed {
    /// One that needs what they share.
    by: Option<String>,
    /// Those that were to be taken back themselves, and only wait for others.
    waiting: Vec<Record>,
}

/// Who else needs what is about the user, or the role, as a whole. One that was to be taken back itself does not: else two would
/// wait for each other.
async fn needed_by<R: Records>(record: &Record, records: &R, now: Timestamp) -> Result<Needed, Failure> {
    let (mut needed, mut others) = (Needed::default(), BTreeSet::new());
    for name in record.names() {
        others.extend(records.open_of(&name).await?);
    }
    for id in others.into_iter().filter(|id| id != &record.id) {
        let other = records.get(&id).await?;
        let Some(other) = other.filter(|other| other.state.is_open() && other.is_alike(record)) else { continue };
        if other.restoring.is_none() || other.denied_until.is_some_and(|until| now < until) {
            needed.by = Some(id);
            break;
        }
        needed.waiting.push(other);
    }
    Ok(needed)
}

/// What they share was not taken back: each proves and watches it again. Where that cannot be written, a look finds it out.
async fn hold_on<R: Records>(waiting: Vec<Record>, records: &R) {
    for mut other in waiting {
        other.giving = None;
        let _ = written(&mut other, records).await;
    }
}

async fn truth<I: Iam>(iam: &I, step: &Step) -> Result<Option<Facts>, String> {
    match step {
        Step::EndSessions { role } => iam.role(role).await,
        step => iam.facts(step.user()).await,
    }
}

fn left(record: &mut Record, step: &Step, why: &str, at: Timestamp) {
    let error = Some(format!("not done: {why}"));
    record.calls.push(Call { what: step.undo_words(), at, request: None, error });
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
        match step {
            Step::DisableAccessKey { key, .. } if !how.leaked => {
                let named = self.leaked_keys().is_some_and(|keys| keys.is_empty() || keys.contains(key));
                (named || self.is_quarantined_by_aws(facts))
                    .then(|| "it leaked, or may have; `--leaked` does it".to_owned())
            }
            step if step.denies() && self.sessions_may_live(how, facts, now) => Some(format!(
                "a key leaked, and sessions that were opened with it may live until {}; `--leaked` does it now",
                self.sessions_end(now).strftime("%Y-%m-%d %H:%M UTC")
            )),
            _ => None,
        }
    }

    /// What works, but for the deny, and did not when the user was contained: made, set or switched on since, by whoever could. Each
    /// with its id, which a password has not.
    fn made_meanwhile(&self, how: Restore, facts: &Facts, now: Timestamp) -> Vec<(String, String)> {
        let since = |made: Option<Timestamp>| made.is_some_and(|made| made.as_second() >= self.received.as_second());
        let step_of = |id: &str| self.plan.steps.iter().find(|step| step.credential() == Some(id));
        // Given back by this restore or an earlier one, unless that was to stay off.
        let ours = |step: &Step| !self.found.contains(step) && self.kept_back(step, how, Some(facts), now).is_none();
        // While a plan waits whoever is to be contained goes on.
        let before = self.planned.as_ref().or(self.before.as_ref());
        let worked = |id: &str| {
            let keys = before.is_some_and(|before| before.keys.iter().any(|key| key.active && key.id == id));
            keys || before.is_some_and(|before| before.others.iter().any(|other| other.active && other.id == id))
        };
        let new = |id: &str, active: bool, made| match step_of(id) {
            Some(step) => active && !ours(step),
            None => active && (!worked(id) || since(made)),
        };
        let keys = facts.keys.iter().filter(|key| new(&key.id, key.active, key.created));
        let keys = keys.map(|key| (key.id.clone(), format!("access key {}", key.id)));
        let others = facts.others.iter().filter(|other| new(&other.id, other.active, other.created));
        let others = others.map(|other| (other.id.clone(), format!("{} {}", other.kind, other.id)));
        // When a password was set to another one only events tell, and nobody notes them while a plan waits.
        let set = self.meddling.iter().any(|meddling| meddling.gave == Gave::Password);
        let password = facts.password.and_then(|made| match (set || since(Some(made)), &self.planned) {
            (true, _) => Some("a password"),
            (false, Some(_)) => Some("a password that may have been set while the plan waited"),
            (false, None) => None,
        });
        let password = password.map(|name| (String::new(), name.to_owned()));
        keys.chain(others).chain(password).collect()
    }

    /// The keys that AWS named, where it said that some leaked: none where it named the user alone.
    fn leaked_keys(&self) -> Option<&[String]> {
        match &self.finding.asks {
            Some(Ask::ContainUsers { keys, .. }) => Some(keys),
            _ => None,
        }
    }

    fn is_quarantined_by_aws(&self, facts: Option<&Facts>) -> bool {
        self.before.iter().chain(facts).any(Facts::is_quarantined_by_aws)
    }

    /// Whether the deny must stay since sessions of a leaked key may live.
    fn sessions_may_live(&self, how: Restore, facts: Option<&Facts>, now: Timestamp) -> bool {
        let leaked = self.leaked_keys().is_some() || self.is_quarantined_by_aws(facts);
        !how.leaked && leaked && now < self.sessions_end(now)
    }

    /// When no session that was opened before it was contained is left. What IAM never showed as contained may still open them.
    fn sessions_end(&self, now: Timestamp) -> Timestamp {
        self.contained.unwrap_or(now) + LONGEST_SESSION
    }
}
