//! Level 1: one key is set Inactive.

use iamwatch::cap::Message;
use iamwatch::config::{Config, Mode};
use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::finding::{Ask, Finding};
use iamwatch::ledger::Ledger;
use iamwatch::quarantine::{KeyFacts, Outcome, Record, Refusal, Restore, State};
use iamwatch::watcher::Watcher;
use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use serde_json::{Value, json};

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
fn the_record_keeps_the_event_without_its_secrets() {
    let mut event = call_as_json(
        "CreateAccessKey",
        start(),
        &json!({"userName": "bob"}),
        &json!({"accessKey": {"userName": "bob", "accessKeyId": key_of("bob"), "secretAccessKey": "wJalrXUtnFEMI"}}),
    );
    event["userAgent"] = json!("x".repeat(5_000));
    let made = detect::look(Watcher::AccessKeys, &Event::decode(event), &Context::new(&Config::default())).unwrap();
    let world = World::with_user("bob", "/", start());
    world.contain(&made, &config(Mode::Enforce), start()).unwrap();
    let kept = world.only_record().finding.event.redacted.unwrap();
    assert_eq!(kept["responseElements"]["accessKey"]["accessKeyId"], key_of("bob"));
    assert_eq!(kept["requestParameters"]["userName"], "bob");
    let text = kept.to_string();
    assert!(!text.contains("wJalrXUtnFEMI") && text.len() < 2_000, "{text}");
    // Where quarantine is not asked, nobody needs it.
    let on = call(
        "UpdateAccessKey",
        start(),
        &json!({"userName": "mallory", "accessKeyId": key_of("bob"), "status": "Active"}),
        &Value::Null,
    );
    let own = detect::look(Watcher::AccessKeys, &on, &Context::new(&Config::default())).unwrap();
    assert!(own.asks.is_none() && own.event.redacted.is_none());
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
fn nobody_is_exempt_by_a_path_that_looks_like_a_role_of_aws_or_of_the_stack() {
    let looks_like =
        [("/x:role/aws-service-role/", "bob"), ("/x:role/aws-reserved/", "bob"), ("/x:role/", "iamwatch-bob")];
    for (path, user) in looks_like {
        let world = World::with_user(user, path, start());
        world.contain(&finding(user, start()), &config(Mode::Enforce), start()).unwrap();
        assert!(!world.is_active(user), "{path}{user}");
    }
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
    let refused = world.restore(leaked_too()).unwrap_err();
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
fn whose_key_leaked_is_told_of_in_a_storm_of_new_keys_too() {
    let world = World::with_leaked_user("bob");
    let enforce = config(Mode::Enforce);
    for number in 0..10 {
        let user = format!("user{number}");
        world.add_user(&user, "/", start());
        world.contain(&finding(&user, start()), &enforce, start()).unwrap();
    }
    let before = world.mails.borrow().len();
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    assert_eq!(world.mails.borrow().len(), before + 1);
    let mail = world.mails.borrow().last().unwrap().email.clone();
    assert!(mail.contains("user bob") && mail.contains("iamwatch quarantine approve"), "{mail}");
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
    let storm = world.mails.borrow()[3].clone();
    assert!(storm.subject.to_string().starts_with("[CRITICAL]"), "{}", storm.subject);
}

#[test]
fn what_nobody_approved_after_a_storm_is_told_in_one_mail_that_names_all() {
    for reset in [false, true] {
        let world = World::default();
        let enforce = config(Mode::Enforce);
        for number in 0..50 {
            let user = format!("user{number}");
            let at = start() + seconds(number);
            world.add_user(&user, "/", at);
            world.contain(&finding(&user, at), &enforce, at).unwrap();
        }
        // A person says yes to the first of them that waits, to the last, and to one between.
        for user in ["user3", "user49", "user30"] {
            let of_user = |record: &&Record| record.user() == Some(user);
            let record = world.records.borrow().values().find(of_user).unwrap().clone();
            world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
        }
        world.until(seconds(400), &enforce, |_| ());
        assert!(!world.is_active("user49"));
        if reset {
            world.budget.borrow_mut().0.reset();
        }
        world.mails.borrow_mut().clear();
        world.clock.set(SignedDuration::from_hours(4) - seconds(5));
        world.until(SignedDuration::from_hours(4) + seconds(120), &enforce, |_| ());
        let states = |state| world.records.borrow().values().filter(|record| record.state == state).count();
        assert_eq!((states(State::Expired), states(State::Verified)), (44, 6));
        assert_eq!(world.mails.borrow().len(), 1, "{:?}", world.said());
        let mail = world.mails.borrow()[0].clone();
        assert!(mail.subject.to_string().starts_with("[CRITICAL]"), "{}", mail.subject);
        assert!(mail.email.contains("nobody approved it in four hours, nor 43 other plans"), "{}", mail.email);
        assert!(
            mail.email.contains(&format!("--user-name=user47 --access-key-id={}", key_of("user47"))),
            "{}",
            mail.email
        );
        assert!(mail.email.contains("Nor approved:"), "{}", mail.email);
    }
}

/// A storm: of six users three are contained, and d, e and f wait, ten minutes apart.
fn storm_of_six() -> World {
    let world = World::default();
    for (user, minutes) in [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 10), ("f", 20)] {
        let at = start() + SignedDuration::from_mins(minutes);
        world.add_user(user, "/", at);
        world.contain(&finding(user, at), &config(Mode::Enforce), at).unwrap();
    }
    world
}

fn of_user(world: &World, user: &str) -> Record {
    world.records.borrow().values().find(|record| record.user() == Some(user)).unwrap().clone()
}

#[test]
fn that_nobody_approved_it_is_told_though_a_later_one_is_approved_after_that() {
    let world = storm_of_six();
    let enforce = config(Mode::Enforce);
    let hours = |minutes| SignedDuration::from_hours(4) + SignedDuration::from_mins(minutes);
    world.mails.borrow_mut().clear();
    world.until(hours(5), &enforce, |_| ());
    assert_eq!(world.said().len(), 1, "{:?}", world.said());
    let mail = world.mails.borrow()[0].email.clone();
    assert!(mail.contains("nobody approved it in four hours, nor 2 other plans of that time so far"), "{mail}");
    world.until(hours(12), &enforce, |_| ());
    let last = of_user(&world, "f");
    world.approve(&last.id, &user_arn("ann"), &last.fingerprint()).unwrap();
    world.until(hours(60), &enforce, |_| ());
    let states = ["d", "e", "f"].map(|user| of_user(&world, user).state);
    assert_eq!(states, [State::Expired, State::Expired, State::Verified]);
    assert_eq!(world.said().len(), 2, "and that f is contained: {:?}", world.said());
    assert!(world.records.borrow().values().all(|record| record.told));
}

#[test]
fn of_more_than_one_mail_can_name_none_is_told_by_itself_when_it_ends() {
    let world = World::default();
    let enforce = config(Mode::Enforce);
    for number in 0..320 {
        let user = format!("user{number}");
        let at = start() + seconds(number);
        world.add_user(&user, "/", at);
        world.contain(&finding(&user, at), &enforce, at).unwrap();
    }
    world.mails.borrow_mut().clear();
    world.queue.borrow_mut().retain(|(_, id)| world.records.borrow()[id].state == State::Pending);
    world.clock.set(SignedDuration::from_hours(4) - seconds(5));
    world.until(SignedDuration::from_hours(4) + seconds(330), &enforce, |_| ());
    assert_eq!(world.said().len(), 1, "{:?}", world.said());
    let mail = world.mails.borrow()[0].email.clone();
    assert!(mail.contains("nor 299 other plans of that time so far; about 17 more waited"), "{mail}");
    assert!(mail.contains("(and 216 more: `iamwatch quarantine list` names them)"), "{mail}");
    assert!(world.records.borrow().values().all(|record| record.told));
}

#[test]
fn where_the_one_that_tells_of_all_cannot_another_does() {
    let world = storm_of_six();
    world.records.borrow_mut().values_mut().for_each(|record| record.received = start());
    world.mails.borrow_mut().clear();
    world.clock.set(SignedDuration::from_hours(4) - seconds(1));
    world.queue.borrow_mut().clear();
    for user in ["d", "e", "f"] {
        world.queue.borrow_mut().push((start() + SignedDuration::from_hours(4), of_user(&world, user).id));
    }
    world.unsent.set(1);
    world.until_with_retries(SignedDuration::from_hours(4) + seconds(300), &config(Mode::Enforce));
    assert_eq!(world.said().len(), 1, "{:?}", world.said());
    assert!(world.mails.borrow()[0].email.contains("nor 2 other plans"), "{:?}", world.said());
    assert!(world.records.borrow().values().all(|record| record.told));
}

#[test]
fn that_one_user_had_enough_is_told_of_each_user() {
    let world = World::default();
    let enforce = config(Mode::Enforce);
    for user in ["a", "b"] {
        world.add_user(user, "/", start());
        let mut budget = world.budget.borrow_mut();
        for minutes in [60, 40, 20] {
            budget
                .0
                .spend(&format!("{user}{minutes}"), user, false, start() - SignedDuration::from_mins(minutes))
                .unwrap();
        }
    }
    for user in ["a", "b"] {
        let refusal = refusal_of(world.contain(&finding(user, start()), &enforce, start()));
        assert_eq!(refusal, Some(Refusal::BudgetSpent));
    }
    let said = world.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("user a") && said[1].contains("user b"), "{said:?}");
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

/// Alice makes a second key for bob.
fn second_key(world: &World, made: Timestamp) -> Finding {
    let second = "AKIASECONDXXXEXAMPLE";
    world.change("bob", |user| {
        user.keys.push(KeyFacts { id: second.to_owned(), active: true, created: Some(made) });
    });
    let mut found = finding("bob", made);
    "event-of-the-second-key".clone_into(&mut found.event.id);
    found.asks = Some(Ask::DisableAccessKey { user: "bob".to_owned(), key: second.to_owned(), reactivated: false });
    found
}

#[test]
fn a_second_key_within_a_quarter_of_an_hour_waits_for_a_person_who_is_woken_and_later_it_is_switched_off() {
    for (minutes, waits) in [(14, true), (15, false)] {
        let world = World::with_user("bob", "/", start());
        let enforce = config(Mode::Enforce);
        world.contain(&finding("bob", start()), &enforce, start()).unwrap();
        world.mails.borrow_mut().clear();
        let made = start() + SignedDuration::from_mins(minutes);
        let found = second_key(&world, made);
        let refusal = refusal_of(world.contain(&found, &enforce, made));
        assert_eq!(refusal, waits.then_some(Refusal::TooSoon), "{minutes}");
        assert_eq!(world.user("bob").keys[1].active, waits);
        let mail = world.mails.borrow()[0].clone();
        assert_eq!(mail.subject.to_string().starts_with("[CRITICAL]"), waits, "{}", mail.subject);
        if waits {
            let text = mail.email.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                text.contains("until then this works on") && text.contains("iamwatch quarantine approve q-"),
                "{text}"
            );
            let record = world.records.borrow().values().find(|record| record.state == State::Pending).unwrap().clone();
            world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
            world.until(SignedDuration::from_mins(minutes) + seconds(30), &enforce, |_| ());
            assert!(!world.user("bob").keys[1].active, "and whoever is woken says yes");
        }
    }
}

#[test]
fn that_the_user_leaked_is_acted_on_though_a_key_of_theirs_was_just_contained() {
    let world = World::with_leaked_user("bob");
    world.change("bob", |user| user.keys[0].created = Some(start()));
    world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).unwrap();
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    assert!(world.is_contained("bob"));
}

/// Somebody switches bob's key on again.
fn switched_on(by: &str, at: Timestamp, config: &Config) -> Option<Finding> {
    let on = json!({"userName": "bob", "accessKeyId": key_of("bob"), "status": "Active"});
    let mut event = call_as_json("UpdateAccessKey", at, &on, &Value::Null);
    event["userIdentity"] = match by.split_once('/') {
        Some((role, _)) => json!({"type": "AssumedRole", "accountId": ACCOUNT,
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{by}"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role, "accountId": ACCOUNT,
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}")}}}),
        None => json!({"type": "IAMUser", "userName": by, "accountId": ACCOUNT, "arn": user_arn(by)}),
    };
    detect::look(Watcher::AccessKeys, &Event::decode(event), &Context::new(config))
}

#[test]
fn an_old_key_that_somebody_switches_on_again_is_planned_and_a_person_decides_in_every_mode() {
    for mode in [Mode::Approve, Mode::Enforce] {
        let config = config(mode);
        let world = World::with_user("bob", "/", start() - SignedDuration::from_hours(9_000));
        for seconds in 0..20 {
            let at = start() + SignedDuration::from_secs(seconds);
            let found = switched_on("mallory", at, &config).unwrap();
            world.contain(&found, &config, at).unwrap();
        }
        let record = world.only_record();
        assert_eq!((record.state, record.plan.steps.len()), (State::Pending, 1), "one plan, however often it is done");
        assert_eq!(
            record.plan.refusal,
            Some(if mode == Mode::Enforce { Refusal::Reactivated } else { Refusal::Approval })
        );
        assert_eq!((world.writes.borrow().len(), world.mails.borrow().len()), (0, 1));
        world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
        world.until(seconds(60), &config, |_| ());
        assert!(!world.is_active("bob"));
        assert_eq!(world.only_record().state, State::Verified);
    }
}

#[test]
fn of_a_key_switched_on_by_its_own_user_by_a_restore_of_an_exempt_user_or_made_up_nothing_is_planned() {
    let mut enforce = config(Mode::Enforce);
    enforce.quarantine.restore_role =
        Some("arn:aws:iam::111122223333:role/iamwatch-QuarantineRestoreRole-1".to_owned());
    let asks = |by: &str| switched_on(by, start(), &enforce).unwrap().asks;
    assert!(asks("mallory").is_some());
    assert_eq!(asks("bob"), None, "everybody may switch their own key on");
    assert_eq!(asks("iamwatch-QuarantineRestoreRole-1/ann"), None);
    for looks_like in ["iamwatch-mallory", "iamwatch-QuarantineRestoreRole-2/ann", "iamwatch-x/ann"] {
        assert!(asks(looks_like).is_some(), "anybody may take the name {looks_like}");
    }

    let found = switched_on("mallory", start(), &enforce).unwrap();
    for path in ["/break-glass/", "/"] {
        let world = World::with_user("bob", path, start());
        if path == "/" {
            world.change("bob", |user| user.keys[0].id = "AKIAANOTHERXXEXAMPLE".to_owned());
        }
        let refused = refusal_of(world.contain(&found, &enforce, start()));
        assert_eq!(refused, Some(if path == "/" { Refusal::NoSuchKey } else { Refusal::Exempt }));
        assert!(world.only_record().plan.steps.is_empty());
    }
}

#[test]
fn whoever_restores_with_their_own_rights_is_not_asked_about_the_key_that_they_gave_back() {
    for config in [config(Mode::Approve), config(Mode::Enforce)] {
        let world = World::with_user("bob", "/", start());
        world.contain(&finding("bob", start()), &config, start()).unwrap();
        if world.only_record().state == State::Pending {
            let record = world.only_record();
            world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
        }
        world.until(seconds(600), &config, |_| ());
        world.restore(Restore::default()).unwrap();
        let found = switched_on("ann", world.time(), &config).unwrap();
        let later = world.time() + SignedDuration::from_mins(5);
        assert_eq!(world.contain(&found, &config, later), Ok(Outcome::Ignored(Refusal::Restored)));
        let again = switched_on("mallory", world.time() + SignedDuration::from_hours(1), &config).unwrap();
        let later = later + SignedDuration::from_hours(1);
        assert!(matches!(world.contain(&again, &config, later), Ok(Outcome::Recorded(_))));
    }
}
