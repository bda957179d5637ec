//! A user with another name: by the old one IAM knows nobody, and the keys still work.

use jiff::Timestamp;

use super::contain::{Containment, Failure, Iam, Later, Records};
use super::plan::{Answer, Fault};
use super::{Facts, Record, State, Subject};
use crate::flow::People;
use crate::ledger::Ledger;

/// How the reason begins.
const RENAMED: &str = "the user is not gone but renamed";

impl<I: Iam, R: Records, L: Ledger, P: People, W: Later> Containment<'_, I, R, L, P, W> {
    /// Whether nobody has any key of a user whom IAM does not know.
    ///
    /// # Errors
    ///
    /// Who has one, or why IAM could not be asked.
    pub(super) async fn gone(&self, record: &Record) -> Result<(), String> {
        let keys = record.before.iter().flat_map(|before| &before.keys).map(|key| key.id.as_str());
        let asked = match &record.subject {
            Subject::Key { key, .. } | Subject::Holder { key } => Some(key.as_str()),
            Subject::User { .. } | Subject::Sessions { .. } => None,
        };
        for key in keys.chain(asked) {
            if let Some(name) = self.iam.holder(key).await? {
                return Err(format!("{RENAMED}: {name} holds access key {key}; contain user {name}"));
            }
        }
        Ok(())
    }

    /// The record of a user whom IAM does not know, if that is because of another name.
    pub(super) async fn unless_gone(&self, record: Record, now: Timestamp) -> Result<Record, Failure> {
        match self.gone(&record).await {
            Err(why) if is_renamed(&why) => Ok(record.renamed(why, State::Failed, now)),
            gone => gone.map(|()| record).map_err(Failure),
        }
    }
}

impl Record {
    /// Whether IAM still shows the user by the name that it had.
    pub(super) fn is_about(&self, facts: &Facts) -> bool {
        let name = |facts: &Facts| facts.arn.rsplit('/').next().map(str::to_owned);
        self.before.as_ref().is_none_or(|before| name(before) == name(facts))
    }

    /// The same record, for a person at once, where the last proof found the user under another name.
    #[must_use]
    pub(super) fn unless_renamed(self, now: Timestamp) -> Self {
        match self.proofs.last().and_then(|proof| proof.error.clone()) {
            Some(why) if is_renamed(&why) => self.renamed(why, State::Partial, now),
            _ => self,
        }
    }

    /// Told once, whatever was told before.
    pub(super) fn renamed(mut self, why: String, state: State, now: Timestamp) -> Self {
        if self.calls.iter().filter_map(|call| call.error.as_deref()).any(is_renamed) {
            return self;
        }
        self.called("look for the user".to_owned(), Answer { request: None, result: Err(Fault::Other(why)) }, now);
        self.told = false;
        self.contained = None;
        self.moved(state, now).critical()
    }
}

fn is_renamed(why: &str) -> bool {
    why.starts_with(RENAMED)
}
