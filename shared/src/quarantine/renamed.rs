//! A user with another name: by the old one IAM knows nobody, or somebody else, and the keys still work. Everything that goes by the
//! name follows it from here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::contain::{Containment, Failure, Iam, Later, Records};
use super::writing::TRIES;
use super::{Call, Facts, Gave, Meddling, Moved, Record, Step, Subject};
use crate::flow::People;
use crate::ledger::Ledger;

/// Former names that a record keeps, and names that only events gave: whoever renames a user without end hides nothing by it.
const NAMES: usize = 20;
const ALIASES: usize = 5;

/// A name that the user had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    pub name: String,
    /// Until when, as far as it is known: later somebody else may have it.
    pub until: Timestamp,
}

/// Where IAM has the user of a record now.
pub(super) enum Found {
    /// Under the name that the record knows.
    Here(Facts),
    Renamed(String, Facts),
    Gone,
}

/// Asks IAM for the user of a record, by its keys and by its unique id where that is known: a name can be given to somebody else, and
/// those cannot.
///
/// # Errors
///
/// Why IAM could not be asked.
pub(super) async fn find<I: Iam>(iam: &I, record: &Record) -> Result<Found, String> {
    let Some(known) = record.user() else { return Ok(Found::Gone) };
    let id = record.before.as_ref().and_then(|before| before.id.as_deref());
    let other = |facts: &Facts| facts.id.as_deref().zip(id).is_some_and(|(one, other)| one != other);
    if let Some(facts) = iam.facts(known).await?.filter(|facts| !other(facts)) {
        return Ok(Found::Here(facts));
    }
    let keys = record.before.iter().flat_map(|before| &before.keys).map(|key| key.id.as_str());
    let asked = match &record.subject {
        Subject::Key { key, .. } | Subject::Holder { key } => Some(key.as_str()),
        Subject::User { .. } | Subject::Sessions { .. } => None,
    };
    for key in keys.chain(asked) {
        let Some(name) = iam.holder(key).await?.filter(|name| name != known) else { continue };
        match iam.facts(&name).await? {
            Some(facts) if other(&facts) => {}
            Some(facts) => return Ok(Found::Renamed(name, facts)),
            // Renamed once more or deleted since: IAM knows when it is asked again.
            None => return Err(format!("user {name}, who holds access key {key}, is not there")),
        }
    }
    let Some(id) = id else { return Ok(Found::Gone) };
    let Some(name) = iam.named(id).await?.filter(|name| name != known) else { return Ok(Found::Gone) };
    match iam.facts(&name).await?.filter(|facts| !other(facts)) {
        Some(facts) => Ok(Found::Renamed(name, facts)),
        None => Err(format!("user {name}, who has the id {id}, is not there")),
    }
}

/// The user of a record as IAM has it now; the record goes on under the name that it has there.
///
/// # Errors
///
/// Why IAM or the table could not be asked.
pub(super) async fn follow<I: Iam, R: Records>(
    record: &mut Record,
    iam: &I,
    records: &R,
    until: Timestamp,
) -> Result<Option<Facts>, Failure> {
    let facts = match find(iam, record).await? {
        Found::Gone => return Ok(None),
        Found::Here(facts) => facts,
        Found::Renamed(name, facts) => {
            if record.state.is_open() {
                // Known first: an act under the new name is seen, whatever becomes of this.
                records.remember(&name, &record.id).await?;
            }
            record.rename(&name, until, iam.now());
            facts
        }
    };
    record.arn = Some(facts.arn.clone());
    Ok(Some(facts))
}

impl<I: Iam, R: Records, L: Ledger, P: People, W: Later> Containment<'_, I, R, L, P, W> {
    /// Tells of names that were noted and not told yet.
    pub(super) async fn tell_of_names(&self, mut record: Record, now: Timestamp) -> Result<Record, Failure> {
        for place in 0..record.meddling.len() {
            let Some(hidden) = record.meddling.get(place).filter(|hidden| hidden.untold).cloned() else { continue };
            let mut news = Record { news: Some(hidden), ..record.clone() };
            news.finding.severity = record.loudness_of_more();
            self.say(&news, now).await?;
            if let Some(told) = record.meddling.get_mut(place) {
                told.untold = false;
            }
            self.remembered(&mut record).await?;
        }
        Ok(record)
    }

    /// Goes on with all records of a user under the name that an event gave it.
    pub(super) async fn follow_event(&self, meddling: &Meddling, now: Timestamp) -> Result<(), Failure> {
        let Gave::Name(name) = &meddling.gave else { return Ok(()) };
        for id in self.records.open_of(&meddling.user).await? {
            for tried in 0..=TRIES {
                if tried == TRIES {
                    return Err(Failure::Busy(id));
                }
                let Some(mut record) = self.records.get(&id).await? else { break };
                if !record.state.is_open() || !record.goes_by(&meddling.user, meddling.at) {
                    break;
                }
                // Whoever has no key is known by it alone, even if IAM shows a third name by now.
                self.records.remember(name, &id).await?;
                let new = record.user() != Some(name) && record.also_named(name);
                let was = record.user().map(str::to_owned);
                follow(&mut record, self.iam, self.records, meddling.at.unwrap_or(now)).await?;
                let renamed = record.user() != was.as_deref();
                // Whoever works on it under the old name must see it.
                record.turn += u64::from(renamed);
                if !new && !renamed || self.records.save(&mut record).await? == Moved::Yes {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Record {
    /// Notes that the user has another name than it had when this began, unless an event has told it. Of what is still to be told
    /// the outcome names both.
    pub(super) fn note_name(&mut self, was: Option<&str>) {
        let (Some(was), Some(name)) = (was, self.user()) else { return };
        let gave = Gave::Name(name.to_owned());
        let known = self.meddling.iter().any(|known| known.gave == gave);
        if was == name || known || !self.state.can_be_restored() {
            return;
        }
        let (what, by, user) = (format!("gave the name {name} to"), "somebody".to_owned(), was.to_owned());
        self.meddling.push(Meddling {
            what,
            by,
            event: String::new(),
            at: None,
            gave,
            request: None,
            untold: true,
            user,
        });
    }

    /// Keeps a name that an event gave. False where it is known.
    pub(super) fn also_named(&mut self, name: &str) -> bool {
        if self.aliases.iter().any(|known| known == name) {
            return false;
        }
        self.aliases.push(name.to_owned());
        let many = self.aliases.len().saturating_sub(ALIASES);
        self.aliases.drain(..many);
        true
    }

    /// Goes on under another name.
    fn rename(&mut self, name: &str, until: Timestamp, now: Timestamp) {
        let was = self.user().unwrap_or_default().to_owned();
        if self.former.len() < NAMES {
            let what = format!("go on with user {was} under its new name {name}");
            self.calls.push(Call { what, at: now, request: None, error: None });
        } else {
            self.former.remove(0);
        }
        self.former.push(Former { name: was, until });
        let steps =
            self.plan.steps.iter_mut().chain(&mut self.given_back).chain(&mut self.found).chain(&mut self.doing);
        for step in steps.chain(&mut self.giving) {
            match step {
                Step::DenyUser { user, .. }
                | Step::BindUser { user, .. }
                | Step::DisableAccessKey { user, .. }
                | Step::DisableCredential { user, .. } => name.clone_into(user),
                Step::EndSessions { .. } => {}
            }
        }
        if let Subject::Key { user, .. } | Subject::User { user } = &mut self.subject {
            name.clone_into(user);
        }
    }

    /// All names under which it may be kept while it is open.
    pub(super) fn names(&self) -> Vec<String> {
        let former = self.former.iter().map(|former| former.name.clone());
        let mut names: Vec<String> = self.kept_under().into_iter().chain(former).chain(self.aliases.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether what was done to a user of that name, in whatever case, then was done to this one.
    pub(super) fn goes_by(&self, name: &str, at: Option<Timestamp>) -> bool {
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        let then = |former: &Former| {
            same(&former.name) && at.is_none_or(|at| at <= former.until + SignedDuration::from_secs(1))
        };
        self.kept_under().as_deref().is_some_and(same)
            || self.aliases.iter().any(|alias| same(alias))
            || self.former.iter().any(then)
    }
}
