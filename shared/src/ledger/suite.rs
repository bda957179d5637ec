//! What every ledger must hold, run against the one in memory and the one in `DynamoDB`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a check fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    ABANDONED, Claim, Delivery, Due, LEASE, LONGEST, Ledger, MOST_MEMBERS, MemoryKey, Note, Progress, REMEMBERED,
    Standing, WINDOW,
};
use crate::cap::{Admission, Held, Message, TURN};
use crate::config::Config;
use crate::denials::{Dossier, Open, Owed, Settled};
use crate::detect::{self, Context};
use crate::event::Event;
use crate::exceptions::Suppressions;
use crate::finding::{Finding, IncidentKey, Severity};
use crate::watcher::Watcher;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Runs every check, each with ids of its own, so that one ledger serves them all.
pub async fn run(ledger: &impl Ledger) {
    a_delivery_is_claimed_once(ledger).await;
    a_finished_delivery_is_done_for_its_time(ledger).await;
    a_lease_that_ran_out_is_taken_over_with_what_was_done(ledger).await;
    a_released_claim_need_not_wait(ledger).await;
    a_delivery_counts_once_however_often_it_is_tried(ledger).await;
    the_first_of_an_incident_speaks_and_the_next_is_counted(ledger).await;
    a_louder_finding_speaks_again(ledger).await;
    each_step_of_the_count_speaks_once(ledger).await;
    a_step_that_was_not_told_is_told_by_the_next_try(ledger).await;
    a_quieter_finding_takes_no_step(ledger).await;
    an_incident_below_its_quorum_is_silent(ledger).await;
    an_incident_is_due_when_its_window_is_over_and_not_before(ledger).await;
    an_incident_that_goes_on_is_put_off_and_stays_one(ledger).await;
    an_incident_that_goes_on_for_hours_ends_all_the_same(ledger).await;
    an_incident_below_its_quorum_ends_with_its_window(ledger).await;
    an_incident_that_grew_while_it_was_told_has_another_window(ledger).await;
    a_late_teller_takes_nothing_back(ledger).await;
    a_closed_incident_opens_anew(ledger).await;
    an_abandoned_incident_does_not_swallow_new_events(ledger).await;
    another_session_name_is_the_same_incident(ledger).await;
    what_an_exception_suppresses_is_counted_once_a_delivery(ledger).await;
    a_suppressed_delivery_whose_exception_ended_meanwhile_is_told(ledger).await;
    the_cap_holds_for_all_who_ask(ledger).await;
    what_is_critical_passes_a_flood(ledger).await;
    what_was_held_back_is_there_once_until_it_is_let_go(ledger).await;
    a_note_is_remembered_until_its_time_or_until_it_is_forgotten(ledger).await;
    an_older_note_does_not_replace_a_newer_one(ledger).await;
    a_tally_counts_each_member_once_until_it_ends(ledger).await;
    a_tally_is_bounded(ledger).await;
    a_dossier_is_kept_by_one_of_those_who_read_it(ledger).await;
    the_incident_of_a_dossier_is_due_and_closed_as_any_other(ledger).await;
    what_a_dossier_owes_is_settled_once(ledger).await;
    what_exceptions_suppress_is_counted_with_the_dossier_or_not_at_all(ledger).await;
}

/// An incident key that no other check shares, and an incident of it.
fn story(check: &str) -> (IncidentKey, Open) {
    let (_, finding) = sample(check, 1);
    (IncidentKey::of_story("test", check, ""), Open { count: 3, ..Open::with(finding, start()) })
}

async fn a_dossier_is_kept_by_one_of_those_who_read_it(ledger: &impl Ledger) {
    let (key, _) = story("dossier");
    let none = BTreeMap::new();
    let first = ledger.dossier(&key, start()).await.unwrap();
    assert_eq!(first, Dossier::default());
    let mut own = first.clone();
    Arc::make_mut(&mut own.denials).benign = 7;
    own.counted.add(&[1, u64::MAX], start());
    assert_eq!(ledger.keep(&key, &own, &none, start()).await, Ok(true));
    assert_eq!(ledger.keep(&key, &first, &none, start()).await, Ok(false), "another wrote meanwhile");
    let mut read = ledger.dossier(&key, start()).await.unwrap();
    assert_eq!((read.denials.benign, &read.counted), (7, &own.counted));
    read.counted.add(&[2], start());
    assert_eq!(ledger.keep(&key, &read, &none, start()).await, Ok(true));
}

async fn the_incident_of_a_dossier_is_due_and_closed_as_any_other(ledger: &impl Ledger) {
    let (key, open) = story("dossier-due");
    let none = BTreeMap::new();
    let dossier = Dossier { open: Some(open), ..Dossier::default() };
    assert_eq!(ledger.keep(&key, &dossier, &none, start()).await, Ok(true));
    let mut grown = ledger.dossier(&key, start()).await.unwrap();
    let open = grown.open.as_mut().unwrap();
    assert_eq!((open.count, open.is_new), (3, false));
    open.count = 5;
    open.last = start() + SECOND;
    assert_eq!(ledger.keep(&key, &grown, &none, start() + SECOND).await, Ok(true));
    let over = start() + WINDOW;
    let is_due = async || ledger.due(over).await.unwrap().into_iter().find(|due| due.incident == key);
    let due = is_due().await.unwrap();
    assert_eq!((due.count, due.last, due.opened), (5, start() + SECOND, start()));
    let stale = ledger.dossier(&key, over).await.unwrap();
    ledger.close(&due, over).await.unwrap();
    assert_eq!(is_due().await, None);
    assert_eq!(ledger.keep(&key, &stale, &none, over).await, Ok(false), "its incident was closed meanwhile");
    let anew = ledger.dossier(&key, over).await.unwrap();
    assert_eq!(anew.open, None, "what comes now opens a new one");
    let (_, open) = story("dossier-due");
    let anew = Dossier { open: Some(Open { opened: over, ..open }), ..anew };
    assert_eq!(ledger.keep(&key, &anew, &none, over).await, Ok(true));
    assert_eq!(ledger.dossier(&key, over).await.unwrap().open.map(|open| (open.opened, open.count)), Some((over, 3)));
}

async fn what_a_dossier_owes_is_settled_once(ledger: &impl Ledger) {
    let (key, mut open) = story("dossier-owes");
    let none = BTreeMap::new();
    open.spoke = Some(Severity::Medium);
    open.owe(Owed::of(Severity::Medium), start());
    let medium = open.clone();
    ledger.keep(&key, &Dossier { open: Some(open), ..Dossier::default() }, &none, start()).await.unwrap();
    let read = ledger.dossier(&key, start()).await.unwrap();
    let owed = read.open.as_ref().and_then(|open| open.owed).unwrap();
    assert_eq!((owed.severity, owed.until, owed.heard), (Severity::Medium, start() + LEASE, false));
    // Whoever only counts brings back nothing that was settled meanwhile.
    ledger.settle(&key, &medium, Settled::All(3)).await.unwrap();
    assert_eq!(ledger.keep(&key, &read, &none, start()).await, Ok(true));
    let mut read = ledger.dossier(&key, start()).await.unwrap();
    let open = read.open.as_mut().unwrap();
    assert_eq!((open.owed, open.told, open.spoke), (None, 3, Some(Severity::Medium)));
    open.count = 9;
    open.owe(Owed::of(Severity::High), start());
    let high = open.clone();
    assert_eq!(ledger.keep(&key, &read, &none, start()).await, Ok(true));
    ledger.settle(&key, &medium, Settled::Nothing).await.unwrap();
    let owed = async || ledger.dossier(&key, start()).await.unwrap().open.unwrap();
    assert_eq!(owed().await.owed.map(|owed| owed.until), Some(start() + LEASE), "it is another's to settle");
    ledger.settle(&key, &high, Settled::People(9)).await.unwrap();
    let left = owed().await;
    assert_eq!((left.told, left.owed.map(|owed| (owed.heard, owed.until <= start()))), (9, Some((true, true))));

    // What machines alone were to get, of which nobody heard.
    let (key, mut open) = story("dossier-owes-machines");
    (open.owed, open.owes) = (Some(Owed::to_machines(Severity::Low)), true);
    let machines = open.clone();
    ledger.keep(&key, &Dossier { open: Some(open), ..Dossier::default() }, &none, start()).await.unwrap();
    ledger.settle(&key, &machines, Settled::People(0)).await.unwrap();
    let owed = async || ledger.dossier(&key, start()).await.unwrap().open.unwrap();
    assert_eq!(owed().await.owed.map(|owed| owed.heard), Some(true));
    ledger.settle(&key, &machines, Settled::All(0)).await.unwrap();
    assert_eq!((owed().await.owed, owed().await.told), (None, 0));
}

async fn what_exceptions_suppress_is_counted_with_the_dossier_or_not_at_all(ledger: &impl Ledger) {
    let (key, _) = story("dossier-suppressed");
    let suppressed = BTreeMap::from([("batch".to_owned(), 40), ("other".to_owned(), 2)]);
    let first = ledger.dossier(&key, start()).await.unwrap();
    for kept in [true, false] {
        assert_eq!(ledger.keep(&key, &first, &suppressed, start()).await, Ok(kept));
    }
    let tally = Suppressions { count: 40, since: start(), last: start() };
    assert_eq!(ledger.suppressed("batch").await, Ok(Some(tally)));
    assert_eq!(ledger.suppressed("other").await.unwrap().map(|tally| tally.count), Some(2));
}

async fn a_tally_counts_each_member_once_until_it_ends(ledger: &impl Ledger) {
    let key = MemoryKey::of("test", &["tally"]);
    let add = async |member: &str, at: Timestamp| ledger.tally(&key, member, at + WINDOW, at).await.unwrap();
    assert_eq!(add("a", start()).await, 1);
    assert_eq!(add("b", start() + SECOND).await, 2);
    assert_eq!(add("a", start() + SECOND).await, 2, "a member that is there already");
    assert_eq!(add("c", start() + WINDOW - SECOND).await, 3, "the window begins with the first");
    assert_eq!(add("d", start() + WINDOW).await, 1, "the window is over");
    let other = MemoryKey::of("test", &["another tally"]);
    assert_eq!(ledger.tally(&other, "a", start() + WINDOW, start()).await.unwrap(), 1);
}

async fn a_tally_is_bounded(ledger: &impl Ledger) {
    let key = MemoryKey::of("test", &["bounded"]);
    for member in 0..MOST_MEMBERS + 3 {
        let members = ledger.tally(&key, &member.to_string(), start() + WINDOW, start()).await.unwrap();
        assert_eq!(members, (member + 1).min(MOST_MEMBERS));
    }
}

// There is one cap in a ledger: these two checks have hours of their own.

async fn the_cap_holds_for_all_who_ask(ledger: &impl Ledger) {
    let hour = start() + LONGEST;
    let mut turns = Vec::new();
    for second in 0..12 {
        for _ in 0..10 {
            let now = hour + SECOND * second;
            if let Admission::Turn(turn) = ledger.admit(Message::Alert, now, now).await.unwrap() {
                turns.push(turn);
            }
        }
    }
    // The last that is waited for asks after eleven seconds and waits for six, and each has a second and a half.
    let expected: Vec<Timestamp> = (0..12).map(|turn| hour + TURN * turn).collect();
    assert_eq!(turns, expected);
    let digest = async |seconds: i32| {
        let now = hour + SECOND * seconds;
        ledger.admit(Message::Digest, now, now).await.unwrap()
    };
    assert_eq!(digest(20).await, Admission::Turn(hour + SECOND * 20));
    assert_eq!(digest(80).await, Admission::HeldBack);
}

async fn what_is_critical_passes_a_flood(ledger: &impl Ledger) {
    let hour = start() + LONGEST + LONGEST;
    for _ in 0..20 {
        ledger.admit(Message::Alert, hour, hour).await.unwrap();
    }
    assert_eq!(ledger.admit(Message::Alert, hour, hour).await, Ok(Admission::HeldBack));
    for turn in 0..5 {
        assert_eq!(ledger.admit(Message::Critical, hour, hour).await, Ok(Admission::Turn(hour + TURN * turn)));
    }
    assert_eq!(ledger.admit(Message::Critical, hour, hour).await, Ok(Admission::HeldBack), "the reserve ends too");
}

async fn what_was_held_back_is_there_once_until_it_is_let_go(ledger: &impl Ledger) {
    let mut all = Vec::new();
    for number in 0..30 {
        let (_, finding) = sample("held", number);
        let standing = Standing::unclaimed(&finding);
        let at = start() + SECOND * i32::try_from(number).unwrap();
        all.push(Held::finding(&finding, &standing, format!("alert {number}"), at));
    }
    for held in all.iter().rev().chain(&all) {
        ledger.hold(held).await.unwrap();
    }
    assert_eq!(ledger.held().await.unwrap(), all, "oldest first, each once");
    let (first, rest) = all.split_at(27);
    ledger.let_go(first).await.unwrap();
    assert_eq!(ledger.held().await.unwrap(), rest);
    ledger.let_go(&all).await.unwrap();
    assert_eq!(ledger.held().await.unwrap(), []);
}

async fn a_note_is_remembered_until_its_time_or_until_it_is_forgotten(ledger: &impl Ledger) {
    let key = MemoryKey::of("test", &["until"]);
    assert_eq!(ledger.recall(&key, start()).await.unwrap(), None);
    let note = Note { text: String::new(), at: start(), until: start() + WINDOW };
    ledger.remember(&key, &note, start()).await.unwrap();
    assert_eq!(ledger.recall(&key, start() + SECOND).await.unwrap(), Some(note.clone()));
    assert_eq!(ledger.recall(&key, start() + WINDOW).await.unwrap(), None, "expiry is decided here");
    let other = MemoryKey::of("test", &["until", ""]);
    assert_eq!(ledger.recall(&other, start()).await.unwrap(), None);
    ledger.forget(&key).await.unwrap();
    assert_eq!(ledger.recall(&key, start()).await.unwrap(), None);
    ledger.forget(&key).await.unwrap();
}

async fn an_older_note_does_not_replace_a_newer_one(ledger: &impl Ledger) {
    let key = MemoryKey::of("test", &["order"]);
    let note = |text: &str, at| Note { text: text.to_owned(), at, until: start() + WINDOW };
    let later = note("later", start() + SECOND);
    ledger.remember(&key, &later, start()).await.unwrap();
    ledger.remember(&key, &note("earlier", start()), start()).await.unwrap();
    assert_eq!(ledger.recall(&key, start()).await.unwrap(), Some(later));
    let again = note("again", start() + SECOND);
    ledger.remember(&key, &again, start()).await.unwrap();
    assert_eq!(ledger.recall(&key, start()).await.unwrap(), Some(again));
    // One whose time is over keeps nobody out.
    let old = Note { text: "old".to_owned(), at: start() - SECOND, until: start() + WINDOW + WINDOW };
    ledger.remember(&key, &old, start() + WINDOW).await.unwrap();
    assert_eq!(ledger.recall(&key, start() + WINDOW).await.unwrap(), Some(old));
}

async fn a_delivery_is_claimed_once(ledger: &impl Ledger) {
    let (delivery, _) = sample("claimed-once", 1);
    assert_eq!(claim(ledger, &delivery, start()).await, Claim::Ours(Progress::default()));
    assert_eq!(claim(ledger, &delivery, start() + SECOND).await, Claim::Busy);
}

async fn a_finished_delivery_is_done_for_its_time(ledger: &impl Ledger) {
    let (delivery, _) = sample("finished", 1);
    claim(ledger, &delivery, start()).await;
    ledger.confirm(&delivery, start()).await.unwrap();
    assert_eq!(claim(ledger, &delivery, start() + SignedDuration::from_hours(25)).await, Claim::Done);
    let forgotten = claim(ledger, &delivery, start() + REMEMBERED + SECOND).await;
    assert_eq!(forgotten, Claim::Ours(Progress::default()), "expiry is decided here, not by the table's clean-up");
}

async fn a_lease_that_ran_out_is_taken_over_with_what_was_done(ledger: &impl Ledger) {
    let (delivery, finding) = sample("taken-over", 1);
    claim(ledger, &delivery, start()).await;
    let standing = ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap();
    ledger.told(&delivery, &standing).await.unwrap();
    let taken = claim(ledger, &delivery, start() + LEASE + SECOND).await;
    assert_eq!(taken, Claim::Ours(Progress { counted: true, told: true }));
    let Claim::Ours(progress) = taken else { panic!("{taken:?}") };
    let again = ledger.count(&delivery, progress, &finding, start() + LEASE + SECOND).await.unwrap();
    assert_eq!((again.count, again.speaks), (1, false), "people were told already");
}

async fn a_released_claim_need_not_wait(ledger: &impl Ledger) {
    let (delivery, _) = sample("released", 1);
    claim(ledger, &delivery, start()).await;
    ledger.release(&delivery).await.unwrap();
    assert_eq!(claim(ledger, &delivery, start() + SECOND).await, Claim::Ours(Progress::default()));
    ledger.confirm(&delivery, start()).await.unwrap();
    ledger.release(&delivery).await.unwrap();
    assert_eq!(claim(ledger, &delivery, start() + SECOND).await, Claim::Done, "a finished delivery stays finished");
}

async fn a_delivery_counts_once_however_often_it_is_tried(ledger: &impl Ledger) {
    let (delivery, finding) = sample("counted-once", 1);
    claim(ledger, &delivery, start()).await;
    let first = ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap();
    ledger.release(&delivery).await.unwrap();
    let Claim::Ours(progress) = claim(ledger, &delivery, start() + SECOND).await else { panic!("not ours") };
    let second = ledger.count(&delivery, progress, &finding, start() + SECOND).await.unwrap();
    assert_eq!((first.count, first.speaks), (1, true));
    assert_eq!((second.count, second.speaks), (1, true), "the alert was never sent, so the next try sends it");
}

async fn the_first_of_an_incident_speaks_and_the_next_is_counted(ledger: &impl Ledger) {
    for (number, speaks) in [(1, true), (2, false), (3, false)] {
        let (delivery, finding) = sample("incident", number);
        claim(ledger, &delivery, start()).await;
        let standing = ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap();
        assert_eq!((standing.count, standing.speaks), (number, speaks));
    }
}

async fn a_louder_finding_speaks_again(ledger: &impl Ledger) {
    let severities = [Severity::Medium, Severity::Medium, Severity::Critical, Severity::High];
    let mut spoke = Vec::new();
    for (number, severity) in (1..).zip(severities) {
        let (delivery, finding) = sample("louder", number);
        claim(ledger, &delivery, start()).await;
        let finding = finding.severity(severity);
        spoke.push(ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap().speaks);
    }
    assert_eq!(spoke, [true, false, true, false]);
}

async fn each_step_of_the_count_speaks_once(ledger: &impl Ledger) {
    let mut spoke = Vec::new();
    for number in 1..=101 {
        let (delivery, finding) = sample("steps", number);
        let standing = counted(ledger, &delivery, &finding, start()).await;
        if standing.speaks {
            ledger.told(&delivery, &standing).await.unwrap();
            spoke.push((standing.count, standing.told));
        }
    }
    assert_eq!(spoke, [(1, 0), (10, 1), (100, 10)]);
}

async fn a_step_that_was_not_told_is_told_by_the_next_try(ledger: &impl Ledger) {
    for number in 1..=9 {
        let (delivery, finding) = sample("untold-step", number);
        counted(ledger, &delivery, &finding, start()).await;
    }
    let (tenth, finding) = sample("untold-step", 10);
    assert!(counted(ledger, &tenth, &finding, start()).await.speaks);
    ledger.release(&tenth).await.unwrap();
    let (other, finding) = sample("untold-step", 11);
    assert!(!counted(ledger, &other, &finding, start()).await.speaks, "it is the tenth one's to tell");
    let Claim::Ours(progress) = claim(ledger, &tenth, start() + SECOND).await else { panic!("not ours") };
    let again = ledger.count(&tenth, progress, &finding, start() + SECOND).await.unwrap();
    assert_eq!((again.count, again.speaks), (11, true));
}

async fn a_quieter_finding_takes_no_step(ledger: &impl Ledger) {
    let mut spoke = Vec::new();
    for number in 1..=12 {
        let (delivery, finding) = sample("quieter", number);
        let severity = if [1, 12].contains(&number) { Severity::High } else { Severity::Low };
        let standing = counted(ledger, &delivery, &finding.severity(severity), start()).await;
        if standing.speaks {
            spoke.push(number);
        }
    }
    assert_eq!(spoke, [1, 12]);
}

async fn an_incident_that_goes_on_is_put_off_and_stays_one(ledger: &impl Ledger) {
    let half = WINDOW / 2;
    for number in 1..=3 {
        let (delivery, finding) = sample("goes-on", number);
        let at = start() + half * i32::try_from(number - 1).unwrap();
        let standing = counted(ledger, &delivery, &finding, at).await;
        assert_eq!((standing.count, standing.opened), (number, Some(start())));
    }
    let (_, finding) = sample("goes-on", 1);
    let due = due(ledger, &finding, start() + WINDOW).await.unwrap();
    assert_eq!((due.last, due.end()), (start() + WINDOW, start() + WINDOW + WINDOW));
    ledger.put_off(&due).await.unwrap();
    assert_eq!(self::due(ledger, &finding, due.end() - SECOND).await, None);
    assert_eq!(self::due(ledger, &finding, due.end()).await, Some(due));
}

async fn an_incident_that_goes_on_for_hours_ends_all_the_same(ledger: &impl Ledger) {
    let (delivery, finding) = sample("for-hours", 1);
    counted(ledger, &delivery, &finding, start()).await;
    let (delivery, _) = sample("for-hours", 2);
    counted(ledger, &delivery, &finding, start() + LONGEST / 6).await;
    let open = due(ledger, &finding, start() + LONGEST / 6).await.unwrap();
    assert_eq!(Due { last: start() + LONGEST - SECOND, ..open }.end(), start() + LONGEST);
}

async fn an_incident_below_its_quorum_ends_with_its_window(ledger: &impl Ledger) {
    for (number, over) in [(1, true), (2, true), (3, false)] {
        let (delivery, finding) = sample("slowly", number);
        let finding = finding.speaks_at(3);
        counted(ledger, &delivery, &finding, start() + WINDOW / 2).await;
        let due = due(ledger, &finding, start() + WINDOW + WINDOW).await.unwrap();
        assert_eq!(Due { opened: start(), ..due }.end() == start() + WINDOW, over);
    }
}

async fn an_incident_below_its_quorum_is_silent(ledger: &impl Ledger) {
    let mut spoke = Vec::new();
    for number in 1..=4 {
        let (delivery, finding) = sample("quorum", number);
        claim(ledger, &delivery, start()).await;
        let finding = finding.speaks_at(3);
        spoke.push(ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap().speaks);
    }
    assert_eq!(spoke, [false, false, true, false]);
}

async fn an_incident_is_due_when_its_window_is_over_and_not_before(ledger: &impl Ledger) {
    let (delivery, finding) = sample("due", 1);
    claim(ledger, &delivery, start()).await;
    ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap();
    let is_due = async |at| ledger.due(at).await.unwrap().iter().any(|due| due.incident == finding.incident());
    assert!(!is_due(start() + WINDOW - SECOND).await);
    assert!(is_due(start() + WINDOW).await);
}

async fn an_incident_that_grew_while_it_was_told_has_another_window(ledger: &impl Ledger) {
    let over = start() + WINDOW;
    let (first, finding) = sample("grew", 1);
    claim(ledger, &first, start()).await;
    ledger.count(&first, Progress::default(), &finding, start()).await.unwrap();
    let find = async |at| ledger.due(at).await.unwrap().into_iter().find(|due| due.incident == finding.incident());
    let due = find(over).await.unwrap();
    let (second, finding) = sample("grew", 2);
    claim(ledger, &second, over).await;
    ledger.count(&second, Progress::default(), &finding, over).await.unwrap();
    ledger.close(&due, over).await.unwrap();
    assert_eq!(find(over + WINDOW - SECOND).await, None, "a steady incident is not told every minute");
    let still = find(over + WINDOW).await.unwrap();
    assert_eq!((still.count, still.told), (2, 1));
    ledger.close(&still, over + WINDOW).await.unwrap();
    assert_eq!(find(over + WINDOW).await, None);
}

async fn a_late_teller_takes_nothing_back(ledger: &impl Ledger) {
    let mut standings = Vec::new();
    for number in 1..=3 {
        let (delivery, finding) = sample("late-teller", number);
        claim(ledger, &delivery, start()).await;
        let standing = ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap();
        standings.push((delivery, standing));
    }
    for (delivery, standing) in standings.iter().rev() {
        ledger.told(delivery, standing).await.unwrap();
    }
    let due = ledger.due(start() + WINDOW).await.unwrap();
    let due = due.iter().find(|due| Some(&due.incident) == standings.first().map(|(_, s)| &s.incident)).unwrap();
    assert_eq!((due.count, due.told), (3, 3));
}

async fn a_closed_incident_opens_anew(ledger: &impl Ledger) {
    let (first, finding) = sample("anew", 1);
    claim(ledger, &first, start()).await;
    ledger.count(&first, Progress::default(), &finding, start()).await.unwrap();
    let due = ledger.due(start() + WINDOW).await.unwrap();
    let due = due.iter().find(|due| due.incident == finding.incident()).unwrap();
    ledger.close(due, start() + WINDOW).await.unwrap();
    let (second, finding) = sample("anew", 2);
    claim(ledger, &second, start() + WINDOW).await;
    let standing = ledger.count(&second, Progress::default(), &finding, start() + WINDOW).await.unwrap();
    assert_eq!((standing.count, standing.speaks), (1, true));
}

async fn an_abandoned_incident_does_not_swallow_new_events(ledger: &impl Ledger) {
    let (first, finding) = sample("abandoned", 1);
    claim(ledger, &first, start()).await;
    ledger.count(&first, Progress::default(), &finding, start()).await.unwrap();
    let later = start() + WINDOW + ABANDONED;
    let (second, finding) = sample("abandoned", 2);
    claim(ledger, &second, later).await;
    let standing = ledger.count(&second, Progress::default(), &finding, later).await.unwrap();
    assert_eq!((standing.count, standing.speaks), (1, true));
}

async fn another_session_name_is_the_same_incident(ledger: &impl Ledger) {
    let mut counts = Vec::new();
    for session in ["one", "two", "three"] {
        let event = event("sessions", session, &format!("arn:aws:sts::111122223333:assumed-role/deploy/{session}"));
        let finding = look(&event);
        let delivery = Delivery::of(Watcher::AccessKeys, &finding);
        claim(ledger, &delivery, start()).await;
        counts.push(ledger.count(&delivery, Progress::default(), &finding, start()).await.unwrap().count);
    }
    assert_eq!(counts, [1, 2, 3]);
}

async fn what_an_exception_suppresses_is_counted_once_a_delivery(ledger: &impl Ledger) {
    let (first, _) = sample("suppressed", 1);
    let (second, _) = sample("suppressed", 2);
    let later = start() + WINDOW;
    claim(ledger, &first, start()).await;
    for _ in 0..3 {
        ledger.suppress(&first, "ci", start()).await.unwrap();
    }
    claim(ledger, &second, later).await;
    ledger.suppress(&second, "ci", later).await.unwrap();
    let tally = Suppressions { count: 2, since: start(), last: later };
    assert_eq!(ledger.suppressed("ci").await, Ok(Some(tally)));
    assert_eq!(ledger.suppressed("another").await, Ok(None));
    let due = ledger.due(later + WINDOW).await.unwrap();
    assert!(due.iter().all(|due| due.finding.event.id != "suppressed-1"), "it opens no incident");
}

async fn a_suppressed_delivery_whose_exception_ended_meanwhile_is_told(ledger: &impl Ledger) {
    let (delivery, finding) = sample("resurfaced", 1);
    claim(ledger, &delivery, start()).await;
    ledger.suppress(&delivery, "ended", start()).await.unwrap();
    let Claim::Ours(progress) = claim(ledger, &delivery, start() + LEASE).await else { panic!("the lease is over") };
    let standing = ledger.count(&delivery, progress, &finding, start() + LEASE).await.unwrap();
    assert!(standing.speaks);
}

/// Claims and counts.
async fn counted(ledger: &impl Ledger, delivery: &Delivery, finding: &Finding, now: Timestamp) -> Standing {
    claim(ledger, delivery, now).await;
    ledger.count(delivery, Progress::default(), finding, now).await.unwrap()
}

/// The incident of a finding, if it is due.
async fn due(ledger: &impl Ledger, finding: &Finding, now: Timestamp) -> Option<Due> {
    ledger.due(now).await.unwrap().into_iter().find(|due| due.incident == finding.incident())
}

async fn claim(ledger: &impl Ledger, delivery: &Delivery, now: Timestamp) -> Claim {
    ledger.claim(delivery, now).await.unwrap()
}

fn start() -> Timestamp {
    "2026-03-01T03:00:00Z".parse().unwrap()
}

/// The `number`th delivery of an incident that no other check shares.
fn sample(check: &str, number: u64) -> (Delivery, Finding) {
    let event = event(check, &number.to_string(), "arn:aws:sts::111122223333:assumed-role/deploy/session");
    let finding = look(&event);
    (Delivery::of(Watcher::AccessKeys, &finding), finding)
}

fn look(event: &Event) -> Finding {
    detect::look(Watcher::AccessKeys, event, &Context::new(&Config::default())).unwrap()
}

fn event(check: &str, number: &str, actor: &str) -> Event {
    Event::decode(json!({
        "eventID": format!("{check}-{number}"),
        "eventName": "CreateAccessKey",
        "eventSource": "iam.amazonaws.com",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "AssumedRole", "arn": actor},
        "responseElements": {"accessKey": {"userName": check, "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}},
    }))
}
