//! The ledger in memory, for replay and tests. It passes the same suite as the one in `DynamoDB`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{
    ABANDONED, Claim, Delivery, Due, HELD_AT_ONCE, LEASE, Ledger, LedgerError, MOST_MEMBERS, MemoryKey, Note, Progress,
    REMEMBERED, Standing, WINDOW, step,
};
use crate::cap::{Admission, Cap, Held, Message};
use crate::denials::{self, Dossier, Owed, Settled};
use crate::exceptions::Suppressions;
use crate::finding::{Finding, IncidentKey, Severity};
use crate::fingerprint;

/// A ledger that lives as long as the process.
#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    claims: HashMap<Delivery, Claimed>,
    incidents: HashMap<IncidentKey, Open>,
    /// The incidents that are not closed, by the end of their windows.
    ends: BTreeSet<(Timestamp, IncidentKey)>,
    notes: HashMap<MemoryKey, Note, BuildHasherDefault<AsItIs>>,
    /// What each exception suppressed.
    suppressed: HashMap<String, Suppressions>,
    cap: Cap,
    held: HashMap<String, Held>,
    /// When each ends, and its members by their fingerprints.
    tallies: HashMap<MemoryKey, (Timestamp, BTreeSet<[u8; 8]>), BuildHasherDefault<AsItIs>>,
    /// Without their incidents.
    dossiers: HashMap<IncidentKey, Dossier>,
}

/// The hash of a key that is a hash: replay looks up a few for every event.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug)]
struct Claimed {
    done: bool,
    /// The lease's end, or when a finished delivery is forgotten.
    until: Timestamp,
    progress: Progress,
}

#[derive(Debug)]
struct Open {
    due: Due,
    due_at: Timestamp,
    closed: bool,
    floor: Option<Floor>,
    /// Of a principal's denied calls: how loud the last alert was, and one that is not out yet.
    spoke: Option<Severity>,
    owed: Option<Owed>,
}

/// Who spoke last for an incident.
#[derive(Debug)]
struct Floor {
    loudness: Severity,
    step: u64,
    speaker: Delivery,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        // No method leaves the state half-changed, so a panic elsewhere has not spoilt it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are incidents to be looked at again.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state().ends.first().is_some_and(|(end, _)| *end <= now)
    }
}

impl Ledger for Memory {
    async fn claim(&self, delivery: &Delivery, now: Timestamp) -> Result<Claim, LedgerError> {
        let mut state = self.state();
        let progress = match state.claims.get(delivery) {
            Some(held) if held.until > now => return Ok(if held.done { Claim::Done } else { Claim::Busy }),
            Some(held) if !held.done => held.progress,
            _ => Progress::default(),
        };
        state.claims.insert(delivery.clone(), Claimed { done: false, until: now + LEASE, progress });
        Ok(Claim::Ours(progress))
    }

    async fn count(
        &self,
        delivery: &Delivery,
        progress: Progress,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<Standing, LedgerError> {
        let mut state = self.state();
        let key = finding.incident();
        if !progress.counted || !state.incidents.contains_key(&key) {
            if state.incidents.get(&key).is_none_or(|open| open.is_over(now)) {
                let open = Open::new(&key, finding, now);
                state.ends.insert((open.due_at, key.clone()));
                if let Some(old) = state.incidents.insert(key.clone(), open) {
                    state.ends.remove(&(old.due_at, key.clone()));
                }
            }
            if let Some(open) = state.incidents.get_mut(&key) {
                open.due.count += 1;
                open.due.last = open.due.last.max(now);
            }
            if let Some(held) = state.claims.get_mut(delivery) {
                held.progress.counted = true;
            }
        }
        let Some(open) = state.incidents.get_mut(&key) else { return Ok(Standing::unclaimed(finding)) };
        let Due { count, told, opened, .. } = open.due;
        let takes = |floor: &Floor| {
            let louder = floor.loudness < finding.severity;
            louder || (floor.loudness == finding.severity && floor.step < step(count)) || floor.speaker == *delivery
        };
        let takes_floor = count >= finding.speaks_at && open.floor.as_ref().is_none_or(takes);
        if takes_floor {
            open.due.finding = finding.clone();
            open.floor = Some(Floor { loudness: finding.severity, step: step(count), speaker: delivery.clone() });
        }
        let speaks = takes_floor && !progress.told;
        Ok(Standing { incident: key, count, told, opened: Some(opened), speaks, unclaimed: false })
    }

    async fn told(&self, delivery: &Delivery, standing: &Standing) -> Result<(), LedgerError> {
        let mut state = self.state();
        if let Some(held) = state.claims.get_mut(delivery) {
            held.progress.told = true;
        }
        if let Some(open) = state.incidents.get_mut(&standing.incident) {
            open.due.told = open.due.told.max(standing.count);
        }
        Ok(())
    }

    async fn suppress(&self, delivery: &Delivery, exception: &str, now: Timestamp) -> Result<(), LedgerError> {
        let state = &mut *self.state();
        if let Some(held) = state.claims.get_mut(delivery)
            && !std::mem::replace(&mut held.progress.counted, true)
        {
            let first = Suppressions { count: 0, since: now, last: now };
            let all = state.suppressed.entry(exception.to_owned()).or_insert(first);
            *all = Suppressions { count: all.count + 1, last: now, ..*all };
        }
        Ok(())
    }

    async fn suppressed(&self, exception: &str) -> Result<Option<Suppressions>, LedgerError> {
        Ok(self.state().suppressed.get(exception).copied())
    }

    async fn confirm(&self, delivery: &Delivery, now: Timestamp) -> Result<(), LedgerError> {
        let held = Claimed { done: true, until: now + REMEMBERED, progress: Progress { counted: true, told: true } };
        let mut state = self.state();
        match state.claims.get_mut(delivery) {
            Some(claim) => *claim = held,
            None => drop(state.claims.insert(delivery.clone(), held)),
        }
        Ok(())
    }

    async fn release(&self, delivery: &Delivery) -> Result<(), LedgerError> {
        if let Some(held) = self.state().claims.get_mut(delivery)
            && !held.done
        {
            held.until = Timestamp::UNIX_EPOCH;
        }
        Ok(())
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, LedgerError> {
        let state = self.state();
        let over = state.ends.iter().take_while(|(end, _)| *end <= now).take(100);
        Ok(over.filter_map(|(_, key)| state.incidents.get(key)).map(|open| open.due.clone()).collect())
    }

    async fn put_off(&self, due: &Due) -> Result<(), LedgerError> {
        let state = &mut *self.state();
        if let Some(open) = state.incidents.get_mut(&due.incident).filter(|open| open.due.opened == due.opened) {
            state.ends.remove(&(open.due_at, due.incident.clone()));
            open.due_at = due.end();
            state.ends.insert((open.due_at, due.incident.clone()));
        }
        Ok(())
    }

    async fn close(&self, due: &Due, now: Timestamp) -> Result<(), LedgerError> {
        let state = &mut *self.state();
        if let Some(open) = state.incidents.get_mut(&due.incident).filter(|open| open.due.opened == due.opened) {
            state.ends.remove(&(open.due_at, due.incident.clone()));
            open.due.told = due.count;
            open.closed = open.due.count == due.count;
            if !open.closed {
                open.due_at = now + WINDOW;
                state.ends.insert((open.due_at, due.incident.clone()));
            }
        }
        Ok(())
    }

    async fn admit(&self, message: Message, received: Timestamp, now: Timestamp) -> Result<Admission, LedgerError> {
        Ok(self.state().cap.admit(message, received, now))
    }

    async fn hold(&self, held: &Held) -> Result<(), LedgerError> {
        self.state().held.insert(held.id.clone(), held.clone());
        Ok(())
    }

    async fn held(&self) -> Result<Vec<Held>, LedgerError> {
        let mut held: Vec<Held> = self.state().held.values().cloned().collect();
        held.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        held.truncate(HELD_AT_ONCE);
        Ok(held)
    }

    async fn let_go(&self, held: &[Held]) -> Result<(), LedgerError> {
        let mut state = self.state();
        for held in held {
            state.held.remove(&held.id);
        }
        Ok(())
    }

    async fn recall(&self, key: &MemoryKey, now: Timestamp) -> Result<Option<Note>, LedgerError> {
        Ok(self.state().notes.get(key).filter(|note| note.until > now).cloned())
    }

    async fn remember(&self, key: &MemoryKey, note: &Note, now: Timestamp) -> Result<(), LedgerError> {
        let notes = &mut self.state().notes;
        if notes.get(key).is_none_or(|known| known.until <= now || known.at <= note.at) {
            notes.insert(*key, note.clone());
        }
        Ok(())
    }

    async fn tally(
        &self,
        key: &MemoryKey,
        member: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let mut state = self.state();
        let (end, members) = state.tallies.entry(*key).or_insert_with(|| (until, BTreeSet::new()));
        if *end <= now {
            (*end, *members) = (until, BTreeSet::new());
        }
        if members.len() < MOST_MEMBERS {
            members.insert(fingerprint::bytes([member]));
        }
        Ok(members.len())
    }

    async fn dossier(&self, key: &IncidentKey, now: Timestamp) -> Result<Dossier, LedgerError> {
        let state = self.state();
        let mut dossier = state.dossiers.get(key).cloned().unwrap_or_default();
        dossier.open = state.incidents.get(key).filter(|open| !open.is_over(now)).map(Open::as_told);
        Ok(dossier)
    }

    async fn keep(
        &self,
        key: &IncidentKey,
        dossier: &Dossier,
        suppressed: &BTreeMap<String, u64>,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let state = &mut *self.state();
        if state.dossiers.get(key).map_or(0, |known| known.version) != dossier.version {
            return Ok(false);
        }
        if let Some(open) = &dossier.open {
            let known = state.incidents.get_mut(key).filter(|known| !known.is_over(now));
            match known {
                Some(known) if !open.is_new && known.due.opened == open.opened => known.take(open),
                None if open.is_new => {
                    let mut new = Open::new(key, &open.finding, open.opened);
                    new.take(open);
                    state.ends.insert((new.due_at, key.clone()));
                    if let Some(old) = state.incidents.insert(key.clone(), new) {
                        state.ends.remove(&(old.due_at, key.clone()));
                    }
                }
                _ => return Ok(false),
            }
        }
        for (exception, count) in suppressed {
            let first = Suppressions { count: 0, since: now, last: now };
            let all = state.suppressed.entry(exception.clone()).or_insert(first);
            *all = Suppressions { count: all.count + count, last: now, ..*all };
        }
        let Dossier { version, denials, counted, .. } = dossier;
        let kept = Dossier { version: version + 1, denials: Arc::clone(denials), counted: counted.clone(), open: None };
        state.dossiers.insert(key.clone(), kept);
        Ok(true)
    }

    async fn settle(&self, key: &IncidentKey, open: &denials::Open, settled: Settled) -> Result<(), LedgerError> {
        let state = &mut *self.state();
        if let Some(known) = state.incidents.get_mut(key).filter(|known| known.due.opened == open.opened) {
            known.due.told = known.due.told.max(settled.told());
            if known.owed == open.owed {
                known.owed = open.owed.and_then(|owed| owed.after(settled));
            }
        }
        Ok(())
    }

    async fn forget(&self, key: &MemoryKey) -> Result<(), LedgerError> {
        self.state().notes.remove(key);
        Ok(())
    }
}

impl Open {
    fn new(key: &IncidentKey, finding: &Finding, now: Timestamp) -> Self {
        let due = Due { incident: key.clone(), finding: finding.clone(), opened: now, last: now, count: 0, told: 0 };
        Self { due, due_at: now + WINDOW, closed: false, floor: None, spoke: None, owed: None }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.closed || self.due_at + ABANDONED <= now
    }

    /// The incident of a dossier.
    fn as_told(&self) -> denials::Open {
        let Due { opened, last, count, told, ref finding, .. } = self.due;
        let (is_new, owes) = (false, false);
        denials::Open {
            is_new,
            owes,
            opened,
            last,
            count,
            told,
            finding: finding.clone(),
            spoke: self.spoke,
            owed: self.owed,
        }
    }

    /// Takes what a dossier says of it, but for what others tell of it meanwhile.
    fn take(&mut self, open: &denials::Open) {
        self.due.count = open.count;
        self.due.last = open.last;
        // Mostly it is the same: then a copy would cost more than the look.
        if self.due.finding != open.finding {
            self.due.finding = open.finding.clone();
        }
        self.spoke = open.spoke;
        // What was owed when it was read may be settled by now.
        if open.owes {
            self.owed = open.owed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::ledger::suite;

    #[test]
    fn the_ledger_in_memory_passes_the_suite() {
        pollster::block_on(suite::run(&Memory::default()));
    }
}
