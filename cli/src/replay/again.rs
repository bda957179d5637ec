//! Reads again the records of which only what came before them tells whether anything is found in them.
//!
//! Most events that are counted are the daily work of programs, and of too few kinds to say anything of. So as to hold a
//! few words of each instead of all its text, the memory goes through all events once by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use iamwatch::config::Config;
use iamwatch::facts;
use iamwatch::ledger::Memory;

use super::read::{Found, Place, Text, What};
use super::records::{Flaw, Reader};
use super::walk::Input;

/// Gives their text to all events in which something may be found by what came before them. `found` is in order. Returns
/// the files that are no longer what they were.
pub(super) fn read(
    found: &mut [Found],
    files: &[Input],
    config: &Config,
    threads: NonZeroUsize,
) -> Vec<(PathBuf, Vec<Flaw>)> {
    let telling = pollster::block_on(telling(found, config));
    let place = |number: &usize| match found.get(*number)?.what {
        What::Unread { text: Text::At(place), .. } => Some(place),
        _ => None,
    };
    // Two watchers may look at one event.
    let places: BTreeSet<Place> = telling.iter().filter_map(place).collect();
    let texts = texts(&places, files, threads);
    let mut gone: BTreeMap<u32, BTreeSet<Place>> = BTreeMap::new();
    for number in telling {
        let Some(found) = found.get_mut(number) else { continue };
        let What::Unread { text, questions } = std::mem::replace(&mut found.what, What::Quiet) else { continue };
        found.what = match text {
            Text::Held(text) => What::Waiting { text, questions },
            Text::At(place) => match texts.get(&place) {
                Some(text) if found.is_of(text) => What::Waiting { text: text.clone(), questions },
                _ => {
                    gone.entry(place.file).or_default().insert(place);
                    What::Unread { text: Text::At(place), questions }
                }
            },
        };
    }
    let changed = |(number, places): (u32, BTreeSet<Place>)| {
        let what = format!("changed while it was read: {} of its records could not be read again", places.len());
        Some((file(files, number)?.path(), vec![Flaw { place: None, what }]))
    };
    gone.into_iter().filter_map(changed).collect()
}

fn file(files: &[Input], number: u32) -> Option<&Input> {
    files.get(usize::try_from(number).ok()?)
}

/// The text in each of the places, as far as it can be read.
fn texts(places: &BTreeSet<Place>, files: &[Input], threads: NonZeroUsize) -> BTreeMap<Place, Box<[u8]>> {
    let places: Vec<Place> = places.iter().copied().collect();
    let by_file: Vec<&[Place]> = places.chunk_by(|one, other| one.file == other.file).collect();
    let (next, texts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        let mut reader = Reader::new();
        while let Some(places) = by_file.get(next.fetch_add(1, Ordering::Relaxed)) {
            let file = places.first().and_then(|place| file(files, place.file));
            let Some(Ok(mut file)) = file.map(Input::open) else { continue };
            let pieces = reader.pieces(&mut file, places.iter().map(Place::span));
            texts.lock().unwrap_or_else(PoisonError::into_inner).extend(places.iter().copied().zip(pieces));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.get().min(by_file.len()) {
            scope.spawn(work);
        }
    });
    texts.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The events, by their numbers, in which something may be found.
async fn telling(found: &[Found], config: &Config) -> Vec<usize> {
    let mut telling = Vec::new();
    if !found.iter().any(|found| matches!(found.what, What::Unread { .. })) {
        return telling;
    }
    let ledger = Memory::default();
    for (number, Found { now, what, lessons, .. }) in found.iter().enumerate() {
        let (unread, questions) = match what {
            What::Quiet | What::Denied(_) => (false, &[][..]),
            What::Waiting { questions, .. } => (false, &questions[..]),
            What::Unread { questions, .. } => (true, &questions[..]),
        };
        let mut tells = false;
        for question in questions {
            // Memory is always in reach.
            let Ok(answer) = question.put(Some(*now), config, &ledger, *now).await else { continue };
            tells |= unread && question.is_telling(&answer);
        }
        telling.extend(tells.then_some(number));
        facts::learn_all(lessons.iter().cloned(), &ledger, *now).await;
    }
    telling
}
