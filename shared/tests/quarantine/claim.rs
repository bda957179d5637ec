//! A claim whose holder died: whoever takes it over asks the guards again.

use iamwatch::config::{Config, Exempt, Mode};
use iamwatch::quarantine::{Record, Refusal, State};
use jiff::SignedDuration;

use super::world::*;

/// Claimed at the start, by a process that died before or after its first write to IAM.
fn left_behind(begun: bool) -> World {
    for calls in 0.. {
        let world = World::with_leaked_user("bob");
        world.dies_before.set(Some(calls));
        world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap_err();
        world.dies_before.set(None);
        let claimed = world.records.borrow().values().any(|record| record.state == State::Claimed);
        if claimed && world.writes.borrow().is_empty() != begun {
            return world;
        }
    }
    unreachable!()
}

/// Taken over after that time, by the event that comes again or by a look.
fn taken_over(world: &World, by_look: bool, after: SignedDuration, config: &Config) -> Record {
    let id = world.only_record().id;
    world.clock.set(after);
    if by_look {
        world.look(&id, config).unwrap();
    } else {
        world.contain(&leak(&[&key_of("bob")]), config, start() + after).unwrap();
    }
    world.only_record()
}

fn exempting() -> Config {
    let mut config = config(Mode::Enforce);
    config.quarantine.exempt.push(Exempt::Arn(user_arn("bob")));
    config
}

#[test]
fn whoever_became_exempt_gets_no_write_by_the_one_who_takes_over() {
    for (begun, by_look) in [(false, false), (false, true), (true, false), (true, true)] {
        let world = left_behind(begun);
        let writes = world.writes.borrow().len();
        let record = taken_over(&world, by_look, seconds(60), &exempting());
        world.until(seconds(900), &exempting(), |_| ());
        assert_eq!(world.writes.borrow().len(), writes, "begun: {begun}");
        assert_eq!(record.plan.refusal, Some(Refusal::Exempt));
        assert_eq!(record.state, if begun { State::Partial } else { State::Refused });
        let mail = world.mails.borrow().last().unwrap().clone();
        assert!(mail.email.contains("exempt by configuration"), "{}", mail.email);
        assert_eq!(
            mail.subject.to_string().starts_with("[CRITICAL]"),
            begun || record.finding.severity.word() == "CRITICAL"
        );
        assert_eq!(world.said().len(), 1, "it is told once");
    }
}

#[test]
fn what_became_old_or_another_mode_waits_for_a_person_unless_it_was_begun() {
    let cases = [
        (SignedDuration::from_mins(20), Mode::Enforce, Refusal::Stale, State::Pending),
        (seconds(60), Mode::Approve, Refusal::Approval, State::Pending),
        (seconds(60), Mode::DryRun, Refusal::Off, State::Refused),
    ];
    for (after, mode, refusal, state) in cases {
        for begun in [false, true] {
            let world = left_behind(begun);
            let writes = world.writes.borrow().len();
            let record = taken_over(&world, true, after, &config(mode));
            assert_eq!(world.writes.borrow().len(), writes, "{refusal}");
            assert_eq!(record.plan.refusal, Some(refusal));
            assert_eq!(record.state, if begun { State::Partial } else { state }, "{refusal}");
            assert_eq!(world.said().len(), 1);
        }
    }
}

#[test]
fn a_claim_of_another_account_is_not_taken_over() {
    let world = left_behind(false);
    world.records.borrow_mut().values_mut().for_each(|record| record.finding.account = "123456789012".to_owned());
    let record = taken_over(&world, true, seconds(60), &config(Mode::Enforce));
    assert_eq!((record.state, record.plan.refusal), (State::Refused, Some(Refusal::AnotherAccount)));
    assert!(world.writes.borrow().is_empty());
}

#[test]
fn a_budget_that_others_spent_meanwhile_holds_unless_it_was_spent_on_this_record() {
    let world = left_behind(false);
    let mut storm = world.budget.borrow().0.clone();
    for user in ["a", "b", "c", "d"] {
        let _ = storm.spend(user, user, true, start());
    }
    assert!(storm.storm().is_some());
    world.budget.borrow_mut().0 = storm.clone();
    assert_eq!(taken_over(&world, true, seconds(60), &config(Mode::Enforce)).state, State::Verified);

    let world = left_behind(false);
    storm.reset();
    for user in ["a", "b", "c", "d"] {
        let _ = storm.spend(user, user, true, start());
    }
    world.budget.borrow_mut().0 = storm;
    let record = taken_over(&world, true, seconds(60), &config(Mode::Enforce));
    assert_eq!((record.state, record.plan.refusal), (State::Pending, Some(Refusal::BudgetSpent)));
    assert!(world.writes.borrow().is_empty());
}

#[test]
fn what_a_person_approved_is_taken_over_however_old_it_is_but_not_of_the_exempt() {
    for exempt in [false, true] {
        let world = World::with_leaked_user("bob");
        let approve = config(Mode::Approve);
        world.contain(&leak(&[&key_of("bob")]), &approve, start()).unwrap();
        let record = world.only_record();
        world.clock.set(SignedDuration::from_mins(30));
        world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
        let mut calls = 0;
        while world.only_record().state == State::Pending {
            world.dies_before.set(Some(calls));
            let _ = world.look(&record.id, &approve);
            calls += 1;
        }
        world.dies_before.set(None);
        assert_eq!((world.only_record().state, world.writes.borrow().len()), (State::Claimed, 0));
        let config = if exempt { exempting() } else { approve };
        world.clock.set(SignedDuration::from_mins(31));
        world.look(&record.id, &config).unwrap();
        assert_eq!(world.is_contained("bob"), !exempt);
        assert_eq!(world.writes.borrow().is_empty(), exempt);
    }
}

#[test]
fn whoever_became_exempt_is_not_contained_again_by_a_proof() {
    let world = World::with_leaked_user("bob");
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    world.change("bob", |user| user.keys[0].active = true);
    let writes = world.writes.borrow().len();
    world.until(seconds(900), &exempting(), |_| ());
    assert_eq!((world.only_record().state, world.only_record().plan.refusal), (State::Partial, Some(Refusal::Exempt)));
    assert_eq!(world.writes.borrow().len(), writes);
    assert!(world.said().last().unwrap().contains("exempt by configuration"), "{:?}", world.said());
}

#[test]
fn a_claim_of_which_all_holders_died_ends_and_wakes_a_person_with_what_iam_shows() {
    // Each dies before its nth call of those that change something or write that down.
    for done in 0..=5 {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        // Whoever is at it dies when so many steps were carried out.
        let dying = |taken_over: u32, run: &dyn Fn() -> bool| {
            for calls in 0.. {
                let before = (
                    world.users.borrow().clone(),
                    world.records.borrow().clone(),
                    world.open.borrow().clone(),
                    world.queue.borrow().clone(),
                );
                let budget = world.budget.borrow().clone();
                let writes = world.writes.borrow().len();
                world.dies_before.set(Some(calls));
                let survived = run();
                world.dies_before.set(None);
                let claimed = |record: &Record| record.state == State::Claimed && record.taken_over == taken_over;
                let claimed = world.records.borrow().values().any(claimed);
                if claimed && world.writes.borrow().len() == writes + done {
                    return;
                }
                assert!(!survived, "{done}");
                (
                    *world.users.borrow_mut(),
                    *world.records.borrow_mut(),
                    *world.open.borrow_mut(),
                    *world.queue.borrow_mut(),
                ) = before;
                *world.budget.borrow_mut() = budget;
                world.writes.borrow_mut().truncate(writes);
            }
        };
        dying(0, &|| world.contain(&leak(&[&key_of("bob")]), &enforce, start()).is_ok());
        let id = world.only_record().id;
        for taken_over in 1..=2 {
            world.clock.set(seconds(50 * i64::from(taken_over)));
            dying(taken_over, &|| world.look(&id, &enforce).is_ok());
        }
        assert_eq!((world.only_record().state, world.said().len()), (State::Claimed, 0));
        // Nobody comes but by the message that was there before the claim.
        assert!(!world.queue.borrow().is_empty());
        world.until(seconds(900), &enforce, |_| ());
        let record = world.only_record();
        assert_eq!(world.said().len(), 1, "{done}");
        let mail = world.mails.borrow()[0].clone();
        if done == 5 {
            assert_eq!(record.state, State::Verified, "it was all done");
            continue;
        }
        assert_eq!((record.state, record.told), (State::Failed, true), "{done}");
        assert!(mail.subject.to_string().starts_with("[CRITICAL]"), "{}", mail.subject);
        let (is, not) = mail.email.split_once("Not in force: ").unwrap();
        assert_eq!(is.contains("In force: "), done > 0, "{}", mail.email);
        assert!(not.contains("signing certificate"), "{}", mail.email);
        for words in [
            "whoever was at it came to no end",
            "aws iam attach-user-policy --user-name=bob",
            "iamwatch quarantine restore",
        ] {
            assert!(mail.email.contains(words), "{words}: {}", mail.email);
        }
        world.restore(leaked_too()).unwrap();
        assert!(world.is_active("bob") && !world.user("bob").is_under(DENY));
    }
}

#[test]
fn whoever_dies_of_what_it_asks_of_a_dead_claim_leaves_it_to_be_told_all_the_same() {
    let world = left_behind(false);
    let enforce = config(Mode::Enforce);
    let mut record = world.only_record();
    record.taken_over = 2;
    world.records.borrow_mut().insert(record.id.clone(), record.clone());
    world.clock.set(seconds(60));
    // Read and written, then asked of IAM.
    world.dies_before.set(Some(2));
    world.look(&record.id, &enforce).unwrap_err();
    assert_eq!(world.only_record().state, State::Claimed);
    world.dies_before.set(None);
    world.silent.set(true);
    world.clock.set(seconds(120));
    world.look(&record.id, &enforce).unwrap();
    assert_eq!(world.only_record().state, State::Failed);
    let mail = world.mails.borrow()[0].email.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(mail.contains("could not be asked: whoever asked last died of it"), "{mail}");
}
