//! Proof at 0, 5, 15, 60 s and 5 min, and somebody who undoes what was done.

use iamwatch::config::Mode;
use iamwatch::quarantine::{Proof, REAPPLIED_AT_MOST, ROUNDS, Restore, State, Step};
use jiff::SignedDuration;

use super::world::*;

#[test]
fn iam_is_asked_five_times_in_five_minutes_and_then_no_more() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    world.until(seconds(900), &enforce, |_| ());
    let record = world.only_record();
    let asked: Vec<i64> = record.proofs.iter().map(|proof| proof.at.duration_since(start()).as_secs()).collect();
    assert_eq!(asked, [0, 5, 15, 60, 300]);
    assert!(record.proofs.iter().all(Proof::holds));
    assert_eq!((record.state, world.mails.borrow().len()), (State::Verified, 1));
    assert!(world.queue.borrow().is_empty());
    assert_eq!(record.time_to_contain(), Some(seconds(0)));
}

#[test]
fn messages_that_arrive_twice_or_early_use_no_round_up() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    let id = world.only_record().id;
    for _ in 0..20 {
        world.look(&id, &enforce).unwrap();
    }
    world.until(seconds(900), &enforce, |world| {
        if world.clock.get() == seconds(6) {
            world.look(&id, &enforce).unwrap();
        }
    });
    let asked: Vec<i64> =
        world.only_record().proofs.iter().map(|proof| proof.at.duration_since(start()).as_secs()).collect();
    assert_eq!(asked, [0, 5, 15, 60, 300]);
}

#[test]
fn the_look_that_follows_a_claim_whatever_becomes_of_it_never_comes_due_with_another() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    world.until(seconds(900), &enforce, |world| {
        let mut due: Vec<_> = world.queue.borrow().iter().map(|(at, _)| *at).collect();
        due.sort();
        assert!(due.windows(2).all(|two| two[0] != two[1]), "{due:?} at {}", world.time());
    });
    assert_eq!(world.only_record().state, State::Verified);
}

#[test]
fn a_look_that_comes_right_after_it_was_done_again_does_nothing_again_by_what_iam_showed_before() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    let id = world.only_record().id;
    world.change("bob", |user| user.keys[0].active = true);
    world.until(seconds(5), &enforce, |_| ());
    assert_eq!((world.only_record().reapplied, world.is_active("bob")), (1, false));
    // IAM shows the old state for a moment.
    world.change("bob", |user| user.keys[0].active = true);
    world.look(&id, &enforce).unwrap();
    world.clock.set(seconds(5) + SignedDuration::from_millis(500));
    world.look(&id, &enforce).unwrap();
    assert_eq!(world.only_record().reapplied, 1);
    world.change("bob", |user| user.keys[0].active = false);
    world.until(seconds(900), &enforce, |_| ());
    assert_eq!((world.only_record().state, world.only_record().reapplied), (State::Verified, 1));
}

#[test]
fn who_undoes_it_every_half_second_is_answered_three_times_and_then_told_of_within_fifteen_seconds() {
    let world = World::with_leaked_user("bob");
    let enforce = config(Mode::Enforce);
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    let before = world.writes.borrow().len();
    let mut told_at = None;
    world.until(seconds(900), &enforce, |world| {
        world.change("bob", |user| {
            user.attached.retain(|arn| arn != DENY);
            user.keys[0].active = true;
        });
        if told_at.is_none() && world.mails.borrow().len() > 1 {
            told_at = Some(world.clock.get());
        }
    });
    assert!(told_at.unwrap() <= seconds(15), "{told_at:?}");
    let record = world.only_record();
    assert_eq!((record.state, record.reapplied), (State::UndoneByOther, REAPPLIED_AT_MOST));
    assert_eq!(world.writes.borrow().len() - before, 2 * 3, "three times the two steps that were undone");
    assert_eq!(world.mails.borrow().len(), 2, "no endless loop of mails");
    assert!(world.queue.borrow().is_empty(), "and none of looks");
    let mail = world.mails.borrow()[1].clone();
    assert!(mail.subject.to_string().starts_with("[CRITICAL]"), "{}", mail.subject);
    assert!(mail.email.contains("containment is being undone by somebody"), "{}", mail.email);
    assert!(mail.email.contains(r#""aws:PrincipalArn": "arn:aws:iam::111122223333:user/bob""#), "{}", mail.email);
}

#[test]
fn an_adversary_who_stops_is_beaten_and_the_proof_goes_on() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    world.until(seconds(900), &enforce, |world| {
        if world.clock.get() == seconds(3) || world.clock.get() == seconds(40) {
            world.change("bob", |user| user.keys[0].active = true);
        }
    });
    let record = world.only_record();
    assert_eq!((record.state, record.reapplied), (State::Verified, 2));
    assert!(!world.is_active("bob"));
    assert_eq!(record.proofs.iter().filter(|proof| !proof.holds()).count(), 2);
    assert_eq!(world.mails.borrow().len(), 1);
}

#[test]
fn a_user_that_is_deleted_meanwhile_is_contained() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    world.users.borrow_mut().clear();
    world.until(seconds(900), &enforce, |_| ());
    assert_eq!(world.only_record().state, State::Verified);
}

#[test]
fn the_names_of_those_who_undo_it_are_in_the_alarm_where_events_told_them() {
    let world = World::with_user("bob", "/", start());
    let mut enforce = config(Mode::Enforce);
    enforce.quarantine.restore_role =
        Some("arn:aws:iam::111122223333:role/iamwatch-QuarantineRestoreRole-1".to_owned());
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    world.until(seconds(60), &enforce, |world| {
        world.change("bob", |user| user.keys[0].active = true);
        if world.clock.get() == seconds(2) {
            let on = serde_json::json!({"userName": "bob", "accessKeyId": key_of("bob"), "status": "Active"});
            world.watch(&call("UpdateAccessKey", world.time(), &on, &serde_json::Value::Null), &enforce).unwrap();
        }
    });
    assert_eq!(world.only_record().state, State::UndoneByOther);
    let said = world.said();
    assert!(said.last().unwrap().contains("is being undone by arn:aws:iam::111122223333:user/mallory"), "{said:?}");
    let mail = world.mails.borrow().last().unwrap().email.clone();
    let text = mail.split_whitespace().collect::<Vec<_>>().join(" ");
    let places = ["Set the key Inactive", "attach the service control policy"].map(|words| text.find(words).unwrap());
    assert!(places.is_sorted(), "what the policy keeps everybody from comes before it");
    assert!(mail.contains(r#""aws:PrincipalArn": "arn:aws:iam::111122223333:role/iamwatch-QuarantineRestoreRole-1""#));
    assert!(
        mail.contains("KeepTheKeyOff") && !mail.contains("DenyTheUserEverything"),
        "the user's rest goes on working"
    );
}

#[test]
fn killed_while_it_answers_somebody_who_undoes_it_the_next_look_goes_on() {
    for calls in 0..40 {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        world.change("bob", |user| {
            user.attached.retain(|arn| arn != DENY);
            user.keys[0].active = true;
        });
        world.clock.set(seconds(5));
        let id = world.only_record().id;
        world.dies_before.set(Some(calls));
        let survived = world.look(&id, &enforce).is_ok();
        world.dies_before.set(None);
        world.clock.set(seconds(45));
        world.look(&id, &enforce).unwrap();
        world.until(seconds(900), &enforce, |_| ());
        assert!(world.is_contained("bob"), "killed before call {calls}");
        let record = world.only_record();
        assert_eq!(record.state, State::Verified, "killed before call {calls}");
        assert!(record.reapplied <= REAPPLIED_AT_MOST);
        if survived {
            return;
        }
    }
    panic!("the loop went past the last call");
}

#[test]
fn when_the_table_is_out_of_reach_nothing_is_done_and_it_is_tried_again() {
    let world = World::with_user("bob", "/", start());
    world.dies_before.set(Some(0));
    assert!(world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).is_err());
    assert!(world.is_active("bob") && world.writes.borrow().is_empty());
}

#[test]
fn an_alarm_that_could_not_be_sent_when_it_was_undone_is_sent_by_the_next_delivery() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    world.mails.borrow_mut().clear();
    world.unsent.set(1);
    let id = world.only_record().id;
    for second in [5, 7, 9] {
        world.change("bob", |user| user.keys[0].active = true);
        world.clock.set(seconds(second));
        world.look(&id, &enforce).unwrap();
    }
    world.change("bob", |user| user.keys[0].active = true);
    world.clock.set(seconds(11));
    world.look(&id, &enforce).unwrap_err();
    assert_eq!((world.only_record().state, world.said().len()), (State::UndoneByOther, 0));
    world.clock.set(seconds(71));
    world.look(&id, &enforce).unwrap();
    assert!(world.said()[0].contains("is being undone by"), "{:?}", world.said());
    assert!(world.look(&id, &enforce).unwrap().is_none());
    assert_eq!(world.said().len(), 1, "it is told once");
}

#[test]
fn a_good_end_that_could_not_be_told_is_told_by_the_next_delivery_in_any_round() {
    for last in [false, true] {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        world.full.set(true);
        world.unbound.set(true);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        assert_eq!(world.only_record().state, State::Partial);
        world.mails.borrow_mut().clear();
        if last {
            let mut record = world.only_record();
            record.round = ROUNDS.len() - 1;
            world.queue.borrow_mut().push((start() + seconds(300), record.id.clone()));
            world.records.borrow_mut().insert(record.id.clone(), record);
        }
        // Somebody does by hand what could not be done.
        let bound = world.only_record().plan.steps[0].clone();
        world.change("bob", |user| match bound {
            Step::BindUser { .. } => user.boundary = Some(DENY.to_owned()),
            _ => user.attached.push(DENY.to_owned()),
        });
        world.unsent.set(1);
        world.until_with_retries(seconds(900), &enforce);
        assert_eq!((world.only_record().state, world.only_record().told), (State::Verified, true), "last: {last}");
        assert_eq!(world.said(), ["iamwatch contained user bob in 111122223333."], "last: {last}");
    }
}

#[test]
fn a_look_that_comes_due_while_it_is_taken_back_does_nothing_again() {
    for calls in 2..60 {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        world.dies_before.set(Some(calls));
        let survived = world.restore(leaked_too()).is_ok();
        world.dies_before.set(None);
        let (writes, mails) = (world.writes.borrow().len(), world.mails.borrow().len());
        world.until(seconds(800), &enforce, |_| ());
        assert_eq!(world.writes.borrow().len(), writes, "killed before call {calls}");
        assert_eq!((world.only_record().reapplied, world.mails.borrow().len()), (0, mails));
        if survived {
            assert_eq!(world.only_record().state, State::Restored);
            return;
        }
        if world.only_record().state == State::Restored {
            continue;
        }
        world.restore(leaked_too()).unwrap();
        world.until(seconds(3_000), &enforce, |_| ());
        assert!(world.is_active("bob") && !world.user("bob").is_under(DENY), "killed before call {calls}");
    }
    panic!("the loop went past the last call");
}

#[test]
fn nobody_takes_back_what_a_look_is_just_doing_again() {
    let world = World::with_leaked_user("bob");
    let enforce = config(Mode::Enforce);
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    world.change("bob", |user| user.keys[0].active = true);
    world.clock.set(seconds(5));
    // Read, asked, and written; not yet done.
    world.dies_before.set(Some(3));
    world.look(&world.only_record().id, &enforce).unwrap_err();
    world.dies_before.set(None);
    assert_eq!(world.only_record().reapplied, 1);
    let busy = world.restore(leaked_too()).unwrap_err();
    assert!(busy.to_string().contains("is being worked on"), "{busy}");
    world.clock.set(seconds(51));
    world.restore(leaked_too()).unwrap();
    assert!(!world.user("bob").is_under(DENY));
}

#[test]
fn a_claim_that_was_left_behind_and_is_taken_back_is_not_taken_over() {
    let world = World::with_leaked_user("bob");
    let (enforce, found) = (config(Mode::Enforce), leak(&[&key_of("bob")]));
    world.dies_before.set(Some(9));
    world.contain(&found, &enforce, start()).unwrap_err();
    assert_eq!(world.only_record().state, State::Claimed);
    world.clock.set(seconds(60));
    world.dies_before.set(Some(3));
    world.restore(leaked_too()).unwrap_err();
    world.dies_before.set(None);
    let writes = world.writes.borrow().len();
    world.look(&world.only_record().id, &enforce).unwrap();
    world.contain(&found, &enforce, start() + seconds(120)).unwrap();
    assert_eq!(world.writes.borrow().len(), writes, "nothing is done again");
}

/// The seconds at which IAM was asked.
fn asked(world: &World) -> Vec<i64> {
    world.only_record().proofs.iter().map(|proof| proof.at.duration_since(start()).as_secs()).collect()
}

#[test]
fn the_rounds_are_counted_from_when_it_was_done_not_from_the_yes() {
    let world = World::with_user("bob", "/", start());
    let approve = config(Mode::Approve);
    world.contain(&finding("bob", start()), &approve, start()).unwrap();
    let record = world.only_record();
    world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
    // The queue was out of reach for ten minutes.
    world.queue.borrow_mut().clear();
    world.clock.set(seconds(600));
    world.look(&record.id, &approve).unwrap();
    world.until(seconds(1_800), &approve, |_| ());
    assert_eq!(asked(&world), [600, 605, 615, 660, 900]);
    assert_eq!(world.only_record().state, State::Verified);
}

#[test]
fn after_a_look_that_came_late_the_others_keep_their_distance() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    let id = world.only_record().id;
    world.queue.borrow_mut().clear();
    world.clock.set(seconds(600));
    world.look(&id, &enforce).unwrap();
    world.until(seconds(1_800), &enforce, |_| ());
    assert_eq!(asked(&world), [0, 600, 610, 655, 895]);
}

#[test]
fn no_look_is_lost_that_could_not_be_put_into_the_queue_or_before_which_the_process_died() {
    for undone in [false, true] {
        for queue in [true, false] {
            // The queue is out of reach for its nth message, or the process dies before its nth call.
            for nth in 0..14 {
                let world = World::with_user("bob", "/", start());
                let enforce = config(Mode::Enforce);
                world.contain(&finding("bob", start()), &enforce, start()).unwrap();
                if undone {
                    world.change("bob", |user| user.keys[0].active = true);
                }
                for round in 0..2 {
                    let id = world.only_record().id;
                    let due = world.queue.borrow().iter().map(|(at, _)| *at).min().unwrap();
                    world.clock.set(due.duration_since(start()));
                    world.queue.borrow_mut().clear();
                    if queue {
                        world.unqueued.set(u32::from(nth % 2 == round));
                    } else {
                        world.dies_before.set(Some(nth));
                    }
                    if world.look(&id, &enforce).is_err() {
                        // The message comes back.
                        world.queue.borrow_mut().push((world.time() + seconds(40), id));
                    }
                    world.unqueued.set(0);
                    world.dies_before.set(None);
                }
                world.until(seconds(2_000), &enforce, |_| ());
                let record = world.only_record();
                let held = record.proofs.iter().filter(|proof| proof.holds()).count();
                assert_eq!((record.state, record.round), (State::Verified, ROUNDS.len()), "{undone} {queue} {nth}");
                assert!(held >= ROUNDS.len(), "{undone} {queue} {nth}: {held}");
                assert_eq!(world.said().len(), 1);
            }
        }
    }
}

#[test]
fn whoever_did_something_else_meanwhile_is_not_blamed_for_undoing_it() {
    for known in [false, true] {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        world.until(seconds(60), &enforce, |world| {
            world.change("bob", |user| user.attached.retain(|arn| arn != DENY));
            let event = |name, by: &str, parameters: &serde_json::Value| {
                let mut event = call_as_json(name, world.time(), parameters, &serde_json::Value::Null);
                event["userIdentity"]["arn"] = serde_json::json!(format!("arn:aws:iam::111122223333:user/{by}"));
                world.watch(&iamwatch::event::Event::decode(event), &enforce);
            };
            if known && world.clock.get() == seconds(2) {
                event("DetachUserPolicy", "mallory", &serde_json::json!({"userName": "bob", "policyArn": DENY}));
            }
            if world.clock.get() == seconds(3) {
                event("CreateLoginProfile", "helpdesk", &serde_json::json!({"userName": "bob"}));
            }
        });
        assert_eq!(world.only_record().state, State::UndoneByOther);
        let said = world.said().last().unwrap().clone();
        let who =
            if known { "by arn:aws:iam::111122223333:user/mallory, who detached" } else { "by somebody; no event" };
        assert!(said.contains(who) && !said.contains("helpdesk"), "{said}");
    }
}

#[test]
fn where_iam_does_not_answer_the_last_look_is_taken_again_and_at_last_people_are_told_that_nobody_knows() {
    for (answers_at, state, mails) in [(400, State::Verified, 1), (2_000, State::Applied, 2)] {
        let world = World::with_user("deploy-bot", "/", start());
        let enforce = config(Mode::Enforce);
        world.contain(&finding("deploy-bot", start()), &enforce, start()).unwrap();
        world.until(seconds(1_800), &enforce, |world| {
            world.silent.set(world.clock.get() > seconds(30) && world.clock.get() < seconds(answers_at));
        });
        assert_eq!(world.only_record().state, state, "{answers_at}");
        assert_eq!(world.mails.borrow().len(), mails);
        let last = world.mails.borrow().last().unwrap().clone();
        let nobody_knows = last.email.contains("IAM could not be asked whether it holds: IAM is out of reach");
        let says_what_to_do = last.email.contains("1. Look in IAM yourself, now");
        assert_eq!(says_what_to_do, mails == 2, "{}", last.email);
        assert_eq!(nobody_knows && last.subject.to_string().starts_with("[CRITICAL]"), mails == 2, "{}", last.email);
    }
}

#[test]
fn whoever_writes_the_same_record_meanwhile_keeps_nobody_from_going_on_and_no_call_is_lost() {
    for works in [false, true] {
        let mut met = 0;
        for nth in 0..30 {
            let world = World::with_leaked_user("bob");
            let enforce = config(Mode::Enforce);
            world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
            world.change("bob", |user| {
                user.attached.retain(|arn| arn != DENY);
                user.keys[0].active = true;
            });
            world.writes_before.set(Some((nth, works)));
            // No look fails.
            world.until(seconds(900), &enforce, |_| ());
            let record = world.only_record();
            assert_eq!(record.state, State::Verified, "{works} {nth}");
            assert!(world.is_contained("bob") && record.reapplied <= REAPPLIED_AT_MOST);
            assert_eq!(record.calls.len(), world.writes.borrow().len(), "{works} {nth}: each call is on record");
            let was_met = world.writes_before.get().is_none();
            assert_eq!(record.meddling.len(), usize::from(was_met), "what was noted is not lost");
            met += u32::from(was_met);
            assert_eq!(world.said().len(), 1, "{works} {nth}");
            world.writes_before.set(Some((nth % 8, false)));
            world.restore(leaked_too()).unwrap();
            assert!(world.is_active("bob") && !world.user("bob").is_under(DENY));
        }
        assert!(met > 5, "{met}");
    }
}

#[test]
fn what_a_call_fails_to_do_is_tried_at_each_look_and_told_at_once_and_at_the_end() {
    for (full, stuck) in [(true, false), (false, true), (true, true)] {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        world.full.set(full);
        world.unbound.set(full);
        world.stuck.set(stuck);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        let text = |mail: usize| world.mails.borrow()[mail].email.split_whitespace().collect::<Vec<_>>().join(" ");
        let told_first = text(0);
        assert!(told_first.contains("iamwatch tries again for five minutes"), "{told_first}");
        world.until(seconds(1_200), &enforce, |_| ());
        let record = world.only_record();
        assert_eq!((record.state, record.reapplied, record.round), (State::Partial, 0, ROUNDS.len()));
        let key = record.plan.steps.iter().find(|step| matches!(step, Step::DisableAccessKey { .. })).unwrap();
        let tried = |step: &Step| record.calls.iter().filter(|call| call.what == step.words()).count();
        assert_eq!((tried(&record.plan.steps[0]), tried(key)), (if full { 5 } else { 1 }, if stuck { 5 } else { 1 }));
        assert_eq!(world.mails.borrow().len(), 2);
        let mail = world.mails.borrow()[1].clone();
        assert!(mail.subject.to_string().starts_with("[CRITICAL]"), "{}", mail.subject);
        for words in ["iamwatch does not try again", "Not in force: ", "To do it yourself"] {
            assert!(text(1).contains(words), "{words}: {}", mail.email);
        }
        assert!(world.queue.borrow().is_empty());
    }
}

#[test]
fn what_works_when_it_is_tried_again_is_told_and_proven_in_rounds_of_its_own() {
    let world = World::with_user("bob", "/", start());
    let enforce = config(Mode::Enforce);
    world.stuck.set(true);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    assert_eq!(world.only_record().state, State::Failed);
    world.until(seconds(1_200), &enforce, |world| world.stuck.set(world.clock.get() < seconds(30)));
    assert_eq!((world.only_record().state, world.is_active("bob")), (State::Verified, false));
    assert_eq!(world.said().len(), 2);
    assert_eq!(asked(&world).into_iter().filter(|at| *at > 15).collect::<Vec<_>>(), [60, 60, 65, 75, 120, 360]);
}

#[test]
fn whoever_undoes_it_is_told_in_time_though_something_else_fails_all_along() {
    let world = World::with_leaked_user("bob");
    let enforce = config(Mode::Enforce);
    world.stuck.set(true);
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    world.until(seconds(15), &enforce, |world| {
        world.change("bob", |user| user.attached.retain(|arn| arn != DENY));
    });
    assert_eq!((world.only_record().state, world.only_record().reapplied), (State::UndoneByOther, REAPPLIED_AT_MOST));
    let mail = world.mails.borrow().last().unwrap().email.clone();
    assert!(mail.contains("containment is being undone by somebody"), "{mail}");
    assert!(mail.contains("aws iam update-access-key --user-name=bob"), "{mail}");
}

#[test]
fn what_a_restore_left_is_proven_and_done_again_where_somebody_undoes_it_at_once() {
    let world = World::with_leaked_user("bob");
    let enforce = config(Mode::Enforce);
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    world.clock.set(seconds(10));
    world.restore(Restore::default()).unwrap();
    world.change("bob", |user| {
        user.attached.retain(|arn| arn != DENY);
        user.keys[0].active = true;
    });
    world.until(seconds(20), &enforce, |_| ());
    assert!(!world.is_active("bob") && world.user("bob").is_under(DENY));
    world.until(seconds(900), &enforce, |_| ());
    let user = world.user("bob");
    assert!(user.others.iter().all(|other| other.active), "what was given back is not taken again");
    assert_eq!((world.only_record().state, world.only_record().reapplied), (State::Verified, 1));
}

#[test]
fn what_a_restore_was_refused_or_died_before_is_done_again_where_somebody_else_undoes_it() {
    let mut met = 0;
    for dies in (0..60).map(Some).chain([None]) {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        world.clock.set(seconds(10));
        world.dies_before.set(dies);
        world.held.set(dies.is_none());
        let _ = world.restore(leaked_too());
        world.dies_before.set(None);
        let in_hand = world.only_record().giving.is_some_and(|step| step.denies());
        if dies.is_some() && !(in_hand && world.user("bob").is_under(DENY)) {
            continue;
        }
        met += 1;
        // By now nobody can be at it any more.
        world.until(seconds(70), &enforce, |_| ());
        world.change("bob", |user| user.attached.retain(|arn| arn != DENY));
        let parameters = serde_json::json!({"userName": "bob", "policyArn": DENY});
        let mut detach = call_as_json("DetachUserPolicy", world.time(), &parameters, &serde_json::Value::Null);
        detach["requestID"] = serde_json::json!("of-somebody-else");
        let told = world.watch(&iamwatch::event::Event::decode(detach), &enforce);
        assert!(told.is_some(), "killed before call {dies:?}");
        world.until(seconds(900), &enforce, |_| ());
        assert!(world.user("bob").is_under(DENY), "killed before call {dies:?}");
        assert_eq!((world.only_record().state, world.only_record().reapplied), (State::Verified, 1));
    }
    assert!(met > 1, "{met}");
}

#[test]
fn a_write_that_is_heard_twice_is_ones_own() {
    let mut met = 0;
    for nth in 0..60 {
        let world = World::with_leaked_user("bob");
        let enforce = config(Mode::Enforce);
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        world.unanswered.set(Some(nth));
        let restored = world.restore(leaked_too()).unwrap();
        assert_eq!(restored.state, State::Restored, "{nth}");
        assert_eq!(restored, world.only_record(), "{nth}");
        met += u32::from(world.unanswered.get().is_none());
    }
    assert!(met > 5, "{met}");
}
