//! An attacker writes a new version of our deny policy: attached, it would hand out what it was to take.

use iamwatch::config::Mode;
use iamwatch::quarantine::{DENY_EVERYTHING, State};

use super::world::*;

fn rewrite(world: &World) {
    *world.rewritten.borrow_mut() = Some(DENY_EVERYTHING.replace("Deny", "Allow"));
}

fn put_back(world: &World) {
    *world.rewritten.borrow_mut() = None;
}

#[test]
fn a_deny_policy_that_was_rewritten_is_put_on_nobody_and_the_keys_go() {
    for full in [false, true] {
        let world = World::with_leaked_user("bob");
        world.full.set(full);
        rewrite(&world);
        let enforce = config(Mode::Enforce);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        world.until(seconds(900), &enforce, |_| ());
        let (bob, record) = (world.user("bob"), world.only_record());
        assert!(!bob.is_under(DENY), "it allows everything");
        assert!(!bob.keys[0].active && bob.others.iter().all(|other| !other.active));
        assert_eq!(record.state, State::Partial);
        let mail = world.mails.borrow()[0].clone();
        assert!(mail.subject.to_string().starts_with("[CRITICAL]"), "{}", mail.subject);
        assert!(mail.email.contains("our deny policy was rewritten and says: allow *"), "{}", mail.email);
        assert!(mail.email.contains("arn:aws:iam::aws:policy/AWSDenyAll"), "{}", mail.email);
        assert!(!mail.email.contains(&format!("--policy-arn={DENY}")), "nobody pastes it either: {}", mail.email);
        assert!(world.queue.borrow().is_empty());
    }
}

#[test]
fn rewritten_after_it_was_attached_it_proves_nothing_and_that_is_critical() {
    let world = World::with_leaked_user("bob");
    let enforce = config(Mode::Enforce);
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    assert_eq!(world.only_record().state, State::Verified);
    let writes = world.writes.borrow().len();
    rewrite(&world);
    world.until(seconds(900), &enforce, |_| ());
    assert_eq!(world.only_record().state, State::Partial);
    assert_eq!(world.writes.borrow().len(), writes, "it is not attached anew");
    let last = world.mails.borrow().last().unwrap().clone();
    assert!(last.subject.to_string().starts_with("[CRITICAL]") && last.email.contains("rewritten"), "{}", last.email);
}

#[test]
fn rewritten_between_the_reading_and_the_yes_it_is_not_used() {
    let world = World::with_leaked_user("bob");
    let approve = config(Mode::Approve);
    world.contain(&leak(&[&key_of("bob")]), &approve, start()).unwrap();
    let record = world.only_record();
    world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
    rewrite(&world);
    world.until(seconds(900), &approve, |_| ());
    assert!(!world.user("bob").is_under(DENY) && !world.is_active("bob"));
    assert_eq!(world.only_record().state, State::Partial);
}

#[test]
fn a_plan_that_waits_says_at_once_that_it_was_rewritten_and_once_put_back_it_denies() {
    let world = World::with_leaked_user("bob");
    let approve = config(Mode::Approve);
    rewrite(&world);
    world.contain(&leak(&[&key_of("bob")]), &approve, start()).unwrap();
    let mail = world.mails.borrow()[0].clone();
    assert!(mail.subject.to_string().starts_with("[CRITICAL]") && mail.email.contains("rewritten"), "{}", mail.email);
    put_back(&world);
    let record = world.only_record();
    world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
    world.until(seconds(900), &approve, |_| ());
    assert!(world.is_contained("bob"));
    assert_eq!(world.only_record().state, State::Verified);
}

#[test]
fn rewritten_in_a_storm_that_was_told_it_is_told_once_more() {
    let world = World::default();
    let enforce = config(Mode::Enforce);
    let storm = |from: u32, to: u32| {
        for number in from..to {
            let user = format!("user{number}");
            world.add_user(&user, "/", start());
            world.contain(&finding(&user, start()), &enforce, start()).unwrap();
        }
        world.mails.borrow().len()
    };
    assert_eq!(storm(0, 6), 4, "three containments and one storm");
    rewrite(&world);
    assert_eq!(storm(6, 12), 5);
    let mail = world.mails.borrow()[4].clone();
    assert!(mail.subject.to_string().starts_with("[CRITICAL]") && mail.email.contains("rewritten"), "{}", mail.email);
}
