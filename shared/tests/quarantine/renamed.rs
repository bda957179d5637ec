//! A user who gets another name: everything goes on under it.

use iamwatch::config::{Config, Exempt, Mode};
use iamwatch::event::Event;
use iamwatch::quarantine::{Gave, KeyFacts, Refusal, State};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::world::*;

fn enforce() -> Config {
    config(Mode::Enforce)
}

/// Bob as a whole, or one new key of his.
fn contained(whole: bool) -> World {
    let world = World::with_leaked_user("bob");
    if whole {
        world.contain(&leak(&[&key_of("bob")]), &enforce(), start()).unwrap();
    } else {
        world.change("bob", |user| user.keys[0].created = Some(start()));
        world.contain(&finding("bob", start()), &enforce(), start()).unwrap();
    }
    assert_eq!(world.only_record().state, State::Verified);
    world.mails.borrow_mut().clear();
    world
}

fn renaming(world: &World, from: &str, to: &str) -> Event {
    call("UpdateUser", world.time(), &json!({"userName": from, "newUserName": to}), &Value::Null)
}

/// Whoever has the rights takes everything back from us.
fn undo(world: &World, name: &str) {
    world.change(name, |user| {
        user.attached.retain(|arn| arn != DENY);
        user.keys[0].active = true;
    });
}

#[test]
fn the_proof_goes_on_under_the_new_name_and_tells_it_once() {
    for whole in [true, false] {
        let world = contained(whole);
        world.rename("bob", "eve");
        undo(&world, "eve");
        world.until(seconds(900), &enforce(), |_| ());
        let record = world.only_record();
        assert_eq!((record.state, record.reapplied), (State::Verified, 1), "whole: {whole}");
        assert!(!world.is_active("eve") && world.user("eve").is_under(DENY) == whole);
        let said = world.said();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("somebody gave the name eve to user bob"), "{said:?}");
        let mail = world.mails.borrow()[0].clone();
        assert_eq!(mail.subject.to_string().starts_with("[CRITICAL]"), whole, "{}", mail.subject);
        assert!(mail.email.contains("aws iam update-user --user-name=eve --new-user-name=bob"), "{}", mail.email);
    }
}

#[test]
fn another_user_with_the_old_name_is_left_alone_and_proves_nothing() {
    let world = contained(true);
    world.rename("bob", "eve");
    undo(&world, "eve");
    world.add_user("bob", "/", start());
    world.change("bob", |user| {
        user.id = Some("AIDAANOTHER".to_owned());
        user.keys[0].id = "AKIAANOTHERXXEXAMPLE".to_owned();
    });
    world.until(seconds(900), &enforce(), |_| ());
    assert!(world.is_contained("eve"));
    assert!(world.is_active("bob") && !world.user("bob").is_under(DENY));
}

#[test]
fn who_is_exempt_by_the_new_name_gets_no_write_and_that_is_told() {
    let world = contained(true);
    world.rename("bob", "payroll");
    undo(&world, "payroll");
    let writes = world.writes.borrow().len();
    world.until(seconds(900), &enforce(), |_| ());
    assert_eq!((world.only_record().state, world.only_record().plan.refusal), (State::Partial, Some(Refusal::Exempt)));
    assert_eq!(world.writes.borrow().len(), writes);
    assert!(world.said().iter().any(|said| said.contains("exempt by configuration")), "{:?}", world.said());
}

#[test]
fn what_is_done_under_the_new_name_is_watched_and_under_the_old_one_only_what_came_before() {
    let world = contained(true);
    world.until(seconds(600), &enforce(), |_| ());
    world.rename("bob", "eve");
    let renamed = world.watch(&renaming(&world, "bob", "eve"), &enforce()).unwrap();
    assert_eq!((renamed.user(), renamed.arn()), (Some("eve"), Some("arn:aws:iam::111122223333:user/eve")));
    let told = |world: &World, user: &str, at: i64| {
        let event = call("CreateLoginProfile", start() + seconds(at), &json!({"userName": user}), &Value::Null);
        world.watch(&event, &enforce()).is_some()
    };
    assert!(told(&world, "bob", 590), "an event that came late");
    world.clock.set(seconds(5_000));
    assert!(told(&world, "eve", 4_000));
    assert!(!told(&world, "bob", 4_000), "somebody else has the name by now");
    let said = world.said();
    assert!(said[0].contains("user/mallory gave the name eve to user bob, who is contained"), "{said:?}");
    assert!(said[2].contains("made a password for user eve"), "{said:?}");
}

#[test]
fn the_rename_is_followed_though_nobody_is_told_of_it_and_whatever_comes_first() {
    let world = contained(false);
    world.clock.set(SignedDuration::from_hours(30 * 24));
    world.rename("bob", "eve");
    world.rename("eve", "mal");
    assert!(
        world.watch(&renaming(&world, "bob", "eve"), &enforce()).is_none(),
        "of one key it is no news after a month"
    );
    assert_eq!(world.only_record().user(), Some("mal"));
    let on = json!({"userName": "mal", "accessKeyId": key_of("bob"), "status": "Active"});
    assert!(world.watch(&call("UpdateAccessKey", world.time(), &on, &Value::Null), &enforce()).is_some());
}

#[test]
fn a_user_without_keys_is_followed_by_its_id() {
    for stranger in [false, true] {
        let world = World::with_leaked_user("bob");
        world.contain(&leak(&["arn:aws:iam::111122223333:user/bob"]), &enforce(), start()).unwrap();
        let mut record = world.only_record();
        record.before.as_mut().unwrap().keys.clear();
        world.records.borrow_mut().insert(record.id.clone(), record);
        world.change("bob", |user| user.keys.clear());
        world.until(seconds(600), &enforce(), |_| ());
        world.rename("bob", "eve");
        let first = renaming(&world, "bob", "eve");
        world.clock.set(seconds(601));
        world.rename("eve", "mal");
        if stranger {
            world.add_user("eve", "/", start());
        }
        world.watch(&first, &enforce()).unwrap();
        assert_eq!(world.only_record().user(), Some("mal"), "whoever is called eve by now is somebody else");
        world.watch(&renaming(&world, "eve", "mal"), &enforce()).unwrap();
        assert_eq!(world.only_record().user(), Some("mal"));
    }
}

#[test]
fn a_restore_gives_back_to_the_user_under_the_new_name_whether_or_not_an_event_told_it() {
    for told in [false, true] {
        for whole in [false, true] {
            let world = contained(whole);
            world.until(seconds(600), &enforce(), |_| ());
            world.rename("bob", "eve");
            if told {
                world.watch(&renaming(&world, "bob", "eve"), &enforce()).unwrap();
            }
            let restored = world.restore(leaked_too()).unwrap();
            assert_eq!(restored.state, State::Restored);
            assert!(world.is_active("eve") && !world.user("eve").is_under(DENY), "told: {told}, whole: {whole}");
            assert!(world.watched().is_empty(), "{:?}", world.watched());
        }
    }
}

#[test]
fn the_deny_stays_while_another_record_needs_it_that_knows_the_user_by_the_old_name() {
    let world = contained(true);
    let mut other = world.only_record();
    other.id = "q-other".to_owned();
    world.open.borrow_mut().insert(("bob".to_owned(), other.id.clone()));
    world.records.borrow_mut().insert(other.id.clone(), other.clone());
    let first = world.records.borrow().values().find(|record| record.id != other.id).unwrap().clone();
    world.rename("bob", "eve");
    world.restore_of(&first, leaked_too()).unwrap();
    assert!(world.user("eve").is_under(DENY));
    world.restore_of(&other, leaked_too()).unwrap();
    assert!(!world.user("eve").is_under(DENY));
}

#[test]
fn a_claim_during_which_the_user_is_renamed_contains_it_under_the_new_name_wherever_it_happens_or_dies() {
    for whole in [false, true] {
        for at in 0..40 {
            for dies in [None, Some(3), Some(9)] {
                let world = World::with_leaked_user("bob");
                world.change("bob", |user| user.keys[0].created = Some(start()));
                let found = if whole { leak(&[&key_of("bob")]) } else { finding("bob", start()) };
                world.renames_before.replace(Some((at, "bob".to_owned(), "eve".to_owned())));
                world.dies_before.set(dies.map(|later| at + later));
                let _ = world.contain(&found, &enforce(), start());
                world.dies_before.set(None);
                world.until_with_retries(seconds(50), &enforce());
                world.contain(&found, &enforce(), start() + seconds(61)).unwrap();
                world.until_with_retries(seconds(900), &enforce());
                world.renames_before.take();
                let name = if world.users.borrow().contains_key("eve") { "eve" } else { "bob" };
                assert!(!world.is_active(name), "whole: {whole}, at {at}, dies {dies:?}");
                assert_eq!(world.is_contained(name), whole, "whole: {whole}, at {at}, dies {dies:?}");
                assert_eq!(world.only_record().state, State::Verified, "whole: {whole}, at {at}, dies {dies:?}");
                assert_eq!(world.restore(leaked_too()).unwrap().state, State::Restored);
                assert!(world.is_active(name) && !world.user(name).is_under(DENY));
            }
        }
    }
}

#[test]
fn whoever_approved_it_approved_it_for_the_user_whatever_its_name() {
    let world = World::with_leaked_user("bob");
    let approve = config(Mode::Approve);
    world.contain(&leak(&[&key_of("bob")]), &approve, start()).unwrap();
    let record = world.only_record();
    world.rename("bob", "eve");
    world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
    world.until(seconds(900), &approve, |_| ());
    assert_eq!(world.only_record().state, State::Verified);
    assert!(world.is_contained("eve"));
    assert!(world.said()[1].contains("contained user eve (named bob before)"), "{:?}", world.said());
}

#[test]
fn a_user_renamed_at_once_after_the_key_was_made_loses_the_key_unless_the_new_name_is_exempt() {
    for (name, decoy) in [("eve", false), ("eve", true), ("payroll", false), ("payroll", true)] {
        let world = World::with_user("bob", "/", start());
        world.rename("bob", name);
        if decoy {
            world.add_user("bob", "/", start());
            world.change("bob", |user| user.keys[0].id = "AKIAANOTHERXXEXAMPLE".to_owned());
        }
        world.contain(&finding("bob", start()), &enforce(), start()).unwrap();
        let record = world.only_record();
        assert_eq!(record.state, if name == "eve" { State::Verified } else { State::Refused });
        assert_eq!(world.is_active(name), name == "payroll");
        assert!(world.said()[0].contains(&format!("user {name} (named bob before)")), "{:?}", world.said());
    }
}

#[test]
fn a_name_that_could_not_be_told_is_told_by_the_next_delivery() {
    let world = contained(true);
    world.rename("bob", "eve");
    world.unsent.set(2);
    world.until_with_retries(seconds(900), &enforce());
    assert_eq!(world.said().len(), 1);
    assert_eq!(world.only_record().state, State::Verified);
    assert_eq!(world.only_record().meddling[0].gave, Gave::Name("eve".to_owned()));
}

#[test]
fn the_policy_that_ends_a_fight_binds_the_user_under_the_new_name() {
    let world = contained(true);
    world.rename("bob", "eve");
    world.until(seconds(900), &enforce(), |world| undo(world, "eve"));
    assert_eq!(world.only_record().state, State::UndoneByOther);
    let mail = world.mails.borrow().last().unwrap().email.clone();
    assert!(mail.contains(r#""aws:PrincipalArn": "arn:aws:iam::111122223333:user/eve""#), "{mail}");
}

#[test]
fn whoever_renames_without_end_neither_hides_nor_fills_the_record() {
    let world = contained(true);
    world.until(seconds(600), &enforce(), |_| ());
    let mut name = "bob".to_owned();
    for number in 0..100 {
        let next = format!("n{number}");
        world.clock.set(seconds(700 + number));
        world.rename(&name, &next);
        let told = world.watch(&renaming(&world, &name, &next), &enforce());
        assert_eq!(told.is_some(), number < 50, "{number}");
        name = next;
    }
    let record = world.only_record();
    assert_eq!(record.user(), Some("n99"));
    assert!(record.former.len() <= 20 && record.calls.len() < 40 && record.meddling.len() <= 50);
    world.restore(leaked_too()).unwrap();
    assert!(world.is_active("n99") && !world.user("n99").is_under(DENY));
}

#[test]
fn a_key_made_under_the_new_name_stays_of_no_use() {
    let world = contained(true);
    world.rename("bob", "eve");
    world.change("eve", |user| {
        user.keys.push(KeyFacts { id: "AKIANEWNEWNEWEXAMPLE".to_owned(), active: true, created: Some(start()) });
    });
    world.until(seconds(900), &enforce(), |_| ());
    assert!(world.user("eve").is_under(DENY));
    let mut exempting = enforce();
    exempting.quarantine.exempt.push(Exempt::Arn(user_arn("bob")));
    let made = json!({"userName": "eve"});
    let told = world.watch(&call("CreateAccessKey", world.time(), &made, &Value::Null), &exempting);
    assert!(told.is_some());
}

#[test]
fn nobody_who_can_be_told_keeps_it_from_being_done_again_under_the_new_name() {
    for (unsent, said) in [(u32::MAX, 0), (3, 1)] {
        let world = contained(true);
        world.rename("bob", "eve");
        undo(&world, "eve");
        world.unsent.set(unsent);
        world.until_with_retries(seconds(12), &enforce());
        assert!(world.is_contained("eve"), "the first look does it again");
        world.until_with_retries(seconds(900), &enforce());
        assert!(world.is_contained("eve"));
        assert_eq!((world.only_record().state, world.said().len()), (State::Verified, said));
        // What could not be told stands in the record, until the digest has it.
        let held = !pollster::block_on(iamwatch::ledger::Ledger::held(&world.ledger)).unwrap().is_empty();
        assert_eq!(world.only_record().meddling[0].untold || held, said == 0);
    }
}
