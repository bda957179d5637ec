//! Several write one record: whoever works on it, and others who only note what they saw. Nobody who works fails since somebody
//! noted something, and what was called is on record whoever goes on.

use super::contain::{Failure, Records};
use super::{Moved, Record};

/// How often a record is read anew where others write it.
pub(super) const TRIES: usize = 8;

/// Writes a record for whoever works on it, with what others noted in it meanwhile. Where somebody else works on it by now, only what
/// was called and seen here is noted there.
///
/// # Errors
///
/// [`Failure::Busy`] where somebody else works on it: whoever reads it anew finds what is left to do.
pub(super) async fn written<R: Records>(record: &mut Record, records: &R) -> Result<(), Failure> {
    let turn = record.turn;
    record.turn += 1;
    let mut ours = true;
    let busy = Failure::Busy(record.id.clone());
    for _ in 0..TRIES {
        if records.save(record).await? == Moved::Yes {
            return if ours { Ok(()) } else { Err(busy) };
        }
        let Some(mut there) = records.get(&record.id).await? else { break };
        record.rev = there.rev;
        // A call whose answer was lost is made again, and finds what the first wrote.
        if there == *record {
            return if ours { Ok(()) } else { Err(busy) };
        }
        ours &= there.turn == turn;
        if ours {
            record.take_notes(&there);
        } else {
            let news = there.take_notes(record);
            *record = there;
            if !news {
                break;
            }
        }
    }
    Err(busy)
}

impl Record {
    /// Takes over what another copy of the record has beside it: calls, proofs, what others did, names. Answers whether that was
    /// anything.
    fn take_notes(&mut self, other: &Self) -> bool {
        let had = (self.calls.len(), self.proofs.len(), self.aliases.len(), self.followed_by.is_some());
        add(&mut self.calls, &other.calls);
        self.calls.sort_by_key(|call| call.at);
        add(&mut self.proofs, &other.proofs);
        self.proofs.sort_by_key(|proof| proof.at);
        for alias in &other.aliases {
            self.also_named(alias);
        }
        if self.followed_by.is_none() {
            self.followed_by.clone_from(&other.followed_by);
        }
        let mut news = false;
        for meddling in &other.meddling {
            news |= self.meddled(meddling);
        }
        news || had != (self.calls.len(), self.proofs.len(), self.aliases.len(), self.followed_by.is_some())
    }
}

fn add<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}
