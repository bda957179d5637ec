//! Reads again the records of which only what came before them tells whether anything is found in them.
//!
//! Most events that are counted are the daily work of programs, and of too few kinds to say anything of. So as to hold a
//! few words of each instead of all its text, the memory goes through all events once by itself.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    let mut by_file: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for number in pollster::block_on(telling(found, config)) {
        let Some(Found { what, .. }) = found.get_mut(number) else { continue };
        match std::mem::replace(what, What::Judged(None)) {
            What::Unread { text: Text::Held(text), questions } => *what = What::Waiting { text, questions },
            other => {
                if let What::Unread { text: Text::At(Place { file, record }), .. } = other {
                    by_file.entry(file).or_default().push(record);
                }
                *what = other;
            }
        }
    }
    // Two watchers may look at one event.
    for records in by_file.values_mut() {
        records.sort_unstable();
        records.dedup();
    }
    let by_file: Vec<(usize, Vec<u64>)> = by_file.into_iter().collect();
    let (next, texts, broken) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    let work = || {
        let mut reader = Reader::new();
        while let Some((number, records)) = by_file.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(file) = files.get(*number) else { continue };
            let read = records_of(file, records, &mut reader);
            if read.len() < records.len() {
                let gone = records.len() - read.len();
                let what = format!("changed while it was read: {gone} of its records could not be read again");
                lock(&broken).push((file.path(), vec![Flaw { place: None, what }]));
            }
            lock(&texts).extend(read.into_iter().map(|(record, text)| (Place { file: *number, record }, text)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.get().min(by_file.len()) {
            scope.spawn(work);
        }
    });
    let texts = lock(&texts);
    for found in found {
        if let What::Unread { text: Text::At(place), questions } = &mut found.what
            && let Some(text) = texts.get(place)
        {
            found.what = What::Waiting { text: text.clone(), questions: std::mem::take(questions) };
        }
    }
    std::mem::take(&mut lock(&broken))
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
            What::Judged(_) => (false, &[][..]),
            What::Waiting { questions, .. } => (false, questions.as_slice()),
            What::Unread { questions, .. } => (true, questions.as_slice()),
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

/// The text of some records of a file, by their numbers, which are in order.
fn records_of(file: &Input, records: &[u64], reader: &mut Reader) -> Vec<(u64, Box<[u8]>)> {
    let mut read = Vec::new();
    let Ok(mut file) = file.open() else { return read };
    let mut number = 0;
    reader.read(&mut file, &mut |raw| {
        number += 1;
        if records.binary_search(&number).is_ok() {
            read.push((number, Box::from(raw.text)));
        }
        None
    });
    read
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
