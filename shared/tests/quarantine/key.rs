//! Level 1: one key is set Inactive.

use iamwatch::cap::Message;
use iamwatch::config::Mode;
use iamwatch::ledger::{LEASE, Ledger};
use iamwatch::quarantine::{Outcome, Record, Refusal, Restore, State};
use jiff::SignedDuration;
use pollster::block_on;

use super::world::*;

#[test]
fn enforce_sets_the_new_key_inactive_proves_it_and_tells() {
    let world = World::with_user("deploy-bot", "/", start());
    let outcome = world.contain(&finding("deploy-bot", start()), &config(Mode::Enforce), start()).unwrap();
    let Outcome::Recorded(record) = outcome else { panic!("{outcome:?}") };
    assert_eq!(record.state, State::Verified);
    assert!(!world.is_active("deploy-bot"));
    assert_eq!(world.mails.borrow().len(), 1);
    assert!(world.mails.borrow()[0].email.contains(&record.id), "the mail names the record that undoes it");
    assert_eq!(record.calls[0].request.as_deref(), Some("request-1"), "CloudTrail knows the call by it");
}

#[test]
fn dry_run_records_and_touches_nothing() {
    let world = World::with_user("deploy-bot", "/", start());
    world.contain(&finding("deploy-bot", start()), &config(Mode::DryRun), start()).unwrap();
    assert_eq!(world.only_record().state, State::DryRun);
    assert!(world.writes.borrow().is_empty());
    assert!(world.mails.borrow().is_empty(), "the alert itself shows what would be done");
    assert!(world.queue.borrow().is_empty(), "there is nothing to prove");
}

#[test]
fn off_looks_at_nothing() {
    let world = World::with_user("deploy-bot", "/", start());
    let outcome = world.contain(&finding("deploy-bot", start()), &config(Mode::Off), start());
    assert_eq!(outcome, Ok(Outcome::Ignored(Refusal::Off)));
    assert!(world.records.borrow().is_empty());
}

#[test]
fn the_exempt_the_foreign_the_forged_and_the_gone_are_never_written_to() {
    for mode in [Mode::Enforce, Mode::Approve] {
        let config = config(mode);
        let hours = SignedDuration::from_hours;
        let refused = |world: &World, finding: &_| {
            let refusal = refusal_of(world.contain(finding, &config, start()));
            assert!(world.writes.borrow().is_empty());
            assert!(world.records.borrow().values().all(|record| record.plan.steps.is_empty()), "nothing to approve");
            refusal.unwrap()
        };
        let made = start() - SignedDuration::from_secs(30);

        let world = World::with_user("ann", "/break-glass/", made);
        assert_eq!(refused(&world, &finding("ann", made)), Refusal::Exempt);
        let world = World::with_user("payroll", "/", made);
        assert_eq!(refused(&world, &finding("payroll", made)), Refusal::Exempt);
        let world = World::with_user("bob", "/", made);
        assert_eq!(refused(&world, &finding_in("bob", made, "123456789012")), Refusal::AnotherAccount);
        let world = World::with_user("bob", "/", made - hours(1000));
        assert_eq!(refused(&world, &finding("bob", made)), Refusal::AnotherAge, "an old key named by a forged event");
        let world = World::default();
        assert_eq!(refused(&world, &finding("bob", made)), Refusal::NoSuchUser);
        let world = World::with_user("bob", "/", made);
        world.change("bob", |user| user.keys.clear());
        let before = "deleted before its creation was heard of";
        assert_eq!(refused(&world, &finding("bob", made)), Refusal::NoSuchKey, "{before}");
        let world = World::with_user("bob", "/", made);
        world.change("bob", |user| user.keys[0].active = false);
        assert_eq!(refused(&world, &finding("bob", made)), Refusal::AlreadyInactive);
    }
}

#[test]
fn a_key_that_was_inactive_before_its_creation_was_heard_of_is_not_resurrected() {
    let world = World::with_user("bob", "/", start());
    world.change("bob", |user| user.keys[0].active = false);
    world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).unwrap();
    let refused = world.restore(Restore { leaked: true }).unwrap_err();
    assert!(refused.to_string().contains("nothing to take back"), "{refused}");
    assert!(!world.is_active("bob"));
}

#[test]
fn a_path_that_only_contains_the_exempt_one_is_not_exempt() {
    let world = World::with_user("mallory", "/x/break-glass/", start());
    world.contain(&finding("mallory", start()), &config(Mode::Enforce), start()).unwrap();
    assert!(!world.is_active("mallory"));
}

#[test]
fn an_event_sixteen_minutes_old_waits_for_a_person() {
    let made = start() - SignedDuration::from_mins(16);
    let world = World::with_user("deploy-bot", "/", made);
    let refusal = refusal_of(world.contain(&finding("deploy-bot", made), &config(Mode::Enforce), start()));
    assert_eq!(refusal, Some(Refusal::Stale));
    let record = world.only_record();
    assert_eq!(record.state, State::Pending);
    assert!(world.writes.borrow().is_empty());
    assert!(world.mails.borrow()[0].email.contains(&format!("iamwatch quarantine approve {}", record.id)));
}

#[test]
fn of_fifty_new_keys_in_a_minute_three_are_acted_on_and_one_storm_is_told() {
    let world = World::default();
    for number in 0..50 {
        let user = format!("user{number}");
        world.add_user(&user, "/", start());
        world.contain(&finding(&user, start()), &config(Mode::Enforce), start()).unwrap();
    }
    assert_eq!(world.writes.borrow().len(), 3);
    let waits = |record: &&Record| record.state == State::Pending && !record.plan.steps.is_empty();
    assert_eq!(world.records.borrow().values().filter(waits).count(), 47, "each can be approved");
    assert_eq!(world.mails.borrow().len(), 4, "three containments and one storm");
    assert!(world.budget.borrow().0.storm().is_some());
}

#[test]
fn what_is_undone_after_the_mode_went_back_to_dry_run_is_told() {
    let world = World::with_user("deploy-bot", "/", start());
    world.contain(&finding("deploy-bot", start()), &config(Mode::Enforce), start()).unwrap();
    assert_eq!(world.mails.borrow().len(), 1);
    world.until(SignedDuration::from_mins(15), &config(Mode::DryRun), |world| {
        world.change("deploy-bot", |user| user.keys[0].active = true);
    });
    assert!(matches!(world.only_record().state, State::UndoneByOther | State::Partial));
    let last = world.mails.borrow().last().unwrap().clone();
    assert_eq!(world.mails.borrow().len(), 2);
    assert!(last.subject.to_string().starts_with("[CRITICAL]"), "{}", last.subject);
}

#[test]
fn a_plan_that_waits_when_the_mode_goes_back_to_dry_run_is_told_to_be_over() {
    for approved in [false, true] {
        let world = World::with_user("deploy-bot", "/", start());
        world.contain(&finding("deploy-bot", start()), &config(Mode::Approve), start()).unwrap();
        let record = world.only_record();
        if approved {
            world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
        }
        world.until(SignedDuration::from_hours(5), &config(Mode::DryRun), |_| ());
        assert_eq!(world.only_record().state, if approved { State::Refused } else { State::Expired });
        assert!(world.is_active("deploy-bot"));
        assert_eq!(world.mails.borrow().len(), 2, "approved: {approved}");
    }
}

#[test]
fn after_a_storm_nothing_is_done_alone_until_a_person_resets_it() {
    let world = World::default();
    for user in ["a", "b", "c", "d"] {
        world.add_user(user, "/", start());
        world.contain(&finding(user, start()), &config(Mode::Enforce), start()).unwrap();
    }
    let days_later = start() + SignedDuration::from_hours(72);
    world.add_user("e", "/", days_later);
    let refusal = refusal_of(world.contain(&finding("e", days_later), &config(Mode::Enforce), days_later));
    assert_eq!(refusal, Some(Refusal::BudgetSpent));
    world.budget.borrow_mut().0.reset();
    world.add_user("f", "/", days_later);
    let outcome = world.contain(&finding("f", days_later), &config(Mode::Enforce), days_later);
    assert_eq!(refusal_of(outcome), None);
    assert!(!world.is_active("f"));
}

#[test]
fn the_same_event_again_acts_once() {
    let world = World::with_user("deploy-bot", "/", start());
    let finding = finding("deploy-bot", start());
    world.contain(&finding, &config(Mode::Enforce), start()).unwrap();
    for later in [seconds(0), seconds(1), seconds(400), SignedDuration::from_hours(25)] {
        world.until(later, &config(Mode::Enforce), |_| ());
        assert_eq!(world.contain(&finding, &config(Mode::Enforce), start() + later), Ok(Outcome::Known));
    }
    assert_eq!(world.writes.borrow().len(), 1);
    assert_eq!(world.mails.borrow().len(), 1);
}

#[test]
fn killed_before_any_call_a_second_try_converges_and_the_record_is_complete() {
    let finding = finding("deploy-bot", start());
    let mut survived = false;
    for calls in 0..30 {
        let world = World::with_user("deploy-bot", "/", start());
        world.dies_before.set(Some(calls));
        survived = world.contain(&finding, &config(Mode::Enforce), start()).is_ok();
        world.dies_before.set(None);
        let again = start() + LEASE + SignedDuration::from_secs(15);
        world.contain(&finding, &config(Mode::Enforce), again).unwrap();
        assert!(!world.is_active("deploy-bot"), "killed before call {calls}");
        let record = world.only_record();
        assert_eq!((record.state, record.told), (State::Verified, true), "killed before call {calls}");
        assert!(record.before.unwrap().keys[0].active, "the snapshot shows the state before");
        assert!(!world.queue.borrow().is_empty(), "killed before call {calls}: nothing proves it");
        let mails = world.mails.borrow().len();
        assert!((1..=2).contains(&mails), "killed before call {calls}: {mails} mails");
        if survived {
            break;
        }
    }
    assert!(survived, "the loop went past the last call");
}

#[test]
fn a_restored_key_is_not_contained_again_for_the_same_event() {
    let world = World::with_user("deploy-bot", "/", start());
    let finding = finding("deploy-bot", start());
    world.contain(&finding, &config(Mode::Enforce), start()).unwrap();
    let record = world.restore(Restore::default()).unwrap();
    assert_eq!(record.state, State::Restored);
    assert!(world.is_active("deploy-bot"));
    assert_eq!(world.contain(&finding, &config(Mode::Enforce), start()), Ok(Outcome::Known));
    world.until(seconds(600), &config(Mode::Enforce), |_| ());
    assert!(world.is_active("deploy-bot"), "no proof that is still due contains it again");
    let twice = world.restore(Restore::default()).unwrap_err();
    assert!(twice.to_string().contains("nothing to take back"), "{twice}");
}

#[test]
fn in_a_flood_a_report_waits_for_the_digest_unless_the_key_may_still_work() {
    let world = World::with_user("bob", "/", start());
    for _ in 0..5 {
        block_on(world.ledger.admit(Message::Alert, start(), start())).unwrap();
    }
    world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).unwrap();
    assert_eq!(world.only_record().state, State::Verified);
    assert!(world.only_record().told, "the digest names it");
    assert_eq!(world.mails.borrow().len(), 0);
    let held = block_on(world.ledger.held()).unwrap();
    assert!(held[0].statement.starts_with("iamwatch set access key"), "{held:?}");
    assert_eq!(Message::of_record(&Record { state: State::Failed, ..world.only_record() }), Message::Critical);
}
