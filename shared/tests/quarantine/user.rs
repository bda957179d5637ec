//! Level 2: a user is denied everything, then all its credentials are switched off.

use iamwatch::config::Mode;
use iamwatch::finding::{Ask, Finding};
use iamwatch::quarantine::{
    Credential, CredentialKind, Facts, Failure, KeyFacts, Outcome, Record, Refusal, Restore, State, Step, Subject,
};
use jiff::SignedDuration;

use super::world::*;

#[test]
fn a_user_whose_key_leaked_is_denied_first_and_then_loses_every_credential() {
    let world = World::with_leaked_user("bob");
    let outcome = world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    let Outcome::Recorded(record) = outcome else { panic!("{outcome:?}") };
    assert_eq!(record.state, State::Verified);
    assert!(world.is_contained("bob"));
    let writes = world.writes.borrow();
    assert_eq!(writes.len(), 5);
    assert!(writes[0].starts_with("deny user bob everything"), "{writes:?}");
    assert_eq!(world.said(), ["iamwatch contained user bob in 111122223333."]);
    let user = world.user("bob");
    assert_eq!((user.keys.len(), user.others.len()), (1, 3), "nothing is deleted");
}

#[test]
fn of_a_dry_run_the_report_shows_each_call() {
    let world = World::with_leaked_user("bob");
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::DryRun), start()).unwrap();
    assert_eq!(world.only_record().state, State::DryRun);
    assert!(world.writes.borrow().is_empty());
    let mail = world.mails.borrow()[0].email.clone();
    for call in world.only_record().plan.commands() {
        assert!(mail.contains(&call), "{call} is not in\n{mail}");
    }
    assert_eq!(world.only_record().plan.commands().len(), 5);
}

#[test]
fn all_entities_that_aws_names_are_dealt_with_each_by_itself() {
    let world = World::with_leaked_user("bob");
    world.add_user("eve", "/", start());
    world.add_user("ann", "/break-glass/", start());
    world.change("eve", |user| user.attached.push(AWS_QUARANTINE.to_owned()));
    let named = [&key_of("bob"), "arn:aws:iam::111122223333:user/eve", &key_of("ann"), "AKIAGONEGONEEXAMPLE0"];
    let outcomes = world.contain_all(&leak(&named), &config(Mode::Enforce), start()).unwrap();
    let mut states: Vec<(Option<String>, State, Option<Refusal>)> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Recorded(record) => (record.user().map(str::to_owned), record.state, record.plan.refusal),
            other => panic!("{other:?}"),
        })
        .collect();
    states.sort_by_key(|(user, ..)| user.clone());
    let user = |name: &str| Some(name.to_owned());
    assert_eq!(
        states,
        [
            (None, State::Refused, Some(Refusal::NoSuchHolder)),
            (user("ann"), State::Refused, Some(Refusal::Exempt)),
            (user("bob"), State::Verified, None),
            (user("eve"), State::Verified, None),
        ]
    );
    assert!(world.is_contained("bob") && world.is_contained("eve") && !world.is_contained("ann"));
    assert!(world.is_active("ann"));
}

#[test]
fn of_many_entities_in_one_message_each_is_asked_about_and_named_and_of_too_many_it_is_said() {
    let keys: Vec<String> = (0..501).map(|number| format!("AKIA{number:09}EXAMPLE")).collect();
    for many in [1, 120, 500, 501] {
        let named: Vec<&str> = keys[..many].iter().map(String::as_str).collect();
        let found = leak(&named);
        let Some(Ask::ContainUsers { keys: asked, .. }) = &found.asks else { panic!("{found:?}") };
        assert_eq!(asked.len(), many.min(500));
        let lines: Vec<&str> =
            found.evidence.iter().filter(|fact| fact.label == "Affected").map(|fact| fact.value.as_str()).collect();
        assert!(lines.iter().all(|line| line.len() <= 200), "people are shown 200 characters of each");
        assert_eq!(lines.join(", ").split(", ").count(), many.min(500));
        let more = found.evidence.iter().find(|fact| fact.label == "Not named here");
        assert_eq!(more.map(|fact| fact.value.starts_with("1 more")), (many == 501).then_some(true));
    }
}

#[test]
fn of_many_users_who_leaked_at_once_those_who_wait_are_told_in_one_mail_and_in_one_when_nobody_approved() {
    let world = World::default();
    let enforce = config(Mode::Enforce);
    let users: Vec<String> = (0..30).map(|number| format!("user{number:02}")).collect();
    for user in &users {
        world.add_user(user, "/", start());
        world.change(user, |user| user.attached.push(AWS_QUARANTINE.to_owned()));
    }
    let keys: Vec<String> = users.iter().map(|user| key_of(user)).collect();
    let named: Vec<&str> = keys.iter().map(String::as_str).collect();
    world.contain_all(&leak(&named), &enforce, start()).unwrap();
    assert_eq!(users.iter().filter(|user| world.is_contained(user)).count(), 3);
    assert_eq!(world.said().len(), 4, "three are contained, and a person is asked: {:?}", world.said());
    let mail = world.mails.borrow()[3].clone();
    assert!(mail.subject.to_string().starts_with("[CRITICAL]"), "{}", mail.subject);
    world.until(SignedDuration::from_hours(4) + seconds(120), &enforce, |_| ());
    assert_eq!(world.said().len(), 5, "{:?}", world.said());
    let mail = world.mails.borrow()[4].email.clone();
    assert!(mail.contains("nobody approved it in four hours, nor 26 other plans"), "{mail}");
    for user in users.iter().filter(|user| !world.is_contained(user)) {
        assert!(mail.contains(&format!("aws iam attach-user-policy --user-name={user} ")), "{user}: {mail}");
    }
}

#[test]
fn without_aws_own_quarantine_in_iam_a_person_decides_since_anybody_could_have_sent_the_finding() {
    let world = World::with_leaked_user("bob");
    world.change("bob", |user| user.attached.clear());
    let refusal = refusal_of(world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()));
    assert_eq!(refusal, Some(Refusal::NotBorneOut));
    assert_eq!(world.only_record().state, State::Pending);
    assert!(world.writes.borrow().is_empty());
}

#[test]
fn a_quarantine_by_aws_that_only_cloudtrail_tells_of_waits_for_a_person() {
    let world = World::with_leaked_user("bob");
    let refusal = refusal_of(world.contain(&quarantined_by_aws("bob"), &config(Mode::Enforce), start()));
    assert_eq!(refusal, Some(Refusal::NotAutomatic));
    assert!(world.writes.borrow().is_empty());
    assert_eq!(world.only_record().plan.steps.len(), 5, "the plan is ready");
}

#[test]
fn where_no_policy_can_be_attached_the_boundary_denies_and_restore_gives_the_old_one_back() {
    let world = World::with_leaked_user("bob");
    let old = "arn:aws:iam::111122223333:policy/old-boundary";
    world.change("bob", |user| user.boundary = Some(old.to_owned()));
    world.full.set(true);
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    let record = world.only_record();
    assert_eq!(record.state, State::Verified);
    assert_eq!(world.user("bob").boundary.as_deref(), Some(DENY));
    assert!(matches!(&record.plan.steps[0], Step::BindUser { was: Some(was), .. } if was == old));
    assert!(record.calls[0].error.as_deref().is_some_and(|error| error.contains("LimitExceeded")));

    world.restore(leaked_too()).unwrap();
    assert_eq!(world.user("bob").boundary.as_deref(), Some(old));
    assert!(world.is_active("bob"));
}

#[test]
fn where_nothing_can_deny_the_keys_go_and_it_is_critical() {
    let world = World::with_leaked_user("bob");
    world.full.set(true);
    world.unbound.set(true);
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    let record = world.only_record();
    assert_eq!(record.state, State::Partial);
    assert!(!world.is_active("bob"));
    assert!(world.mails.borrow()[0].subject.to_string().starts_with("[CRITICAL]"));
}

#[test]
fn restore_gives_back_only_what_was_taken_credentials_first_and_no_leaked_key() {
    let world = World::with_leaked_user("bob");
    world.change("bob", |user| user.others[0].active = false);
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    world.writes.borrow_mut().clear();
    let record = world.restore(Restore::default()).unwrap();
    assert_eq!(record.state, State::Verified, "something is left to take back");
    let user = world.user("bob");
    assert!(!user.keys[0].active, "the key leaked");
    assert!(!user.others[0].active, "it was off before");
    assert!(user.others[1].active && user.others[2].active);
    assert!(user.is_under(DENY), "sessions of the leaked key may live for 36 hours");
    let says = |record: &Record, what: &str| {
        record.calls.iter().any(|call| call.error.as_deref().is_some_and(|why| why.contains(what)))
    };
    assert!(says(&record, "2026-03-02 15:00 UTC"), "and it says so: {:?}", record.calls);
    world.clock.set(seconds(36 * 3_600 - 1));
    world.restore(Restore::default()).unwrap();
    assert!(world.user("bob").is_under(DENY));
    world.clock.set(seconds(36 * 3_600));
    world.restore(Restore::default()).unwrap();
    assert_eq!(world.user("bob").attached, [AWS_QUARANTINE], "what others attached stays");
    let writes = world.writes.borrow();
    assert!(writes.last().unwrap().starts_with("no longer deny"), "{writes:?}");
    assert!(says(&record, "--leaked"));
    drop(writes);
    let on = |id: &str| serde_json::json!({"userName": "bob", "accessKeyId": id, "status": "Active"});
    world.clock.set(seconds(40 * 3_600));
    let told = |name, parameters| {
        let event = call(name, world.time(), &parameters, &serde_json::Value::Null);
        world.watch(&event, &config(Mode::Enforce)).is_some()
    };
    assert!(!told("CreateLoginProfile", on("")), "nobody keeps the user from a new password");
    assert!(told("UpdateAccessKey", on(&key_of("bob"))), "the leaked key is watched");
    assert_eq!(world.restore(leaked_too()).unwrap().state, State::Restored);
    assert!(world.is_active("bob"));
}

#[test]
fn a_restore_that_dies_halfway_leaves_the_user_denied_and_a_second_one_ends_it() {
    for calls in 0..60 {
        let world = World::with_leaked_user("bob");
        world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
        world.dies_before.set(Some(calls));
        let survived = world.restore(leaked_too()).is_ok();
        world.dies_before.set(None);
        let any_off = |world: &World| {
            let user = world.user("bob");
            user.keys.iter().any(|key| !key.active) || user.others.iter().any(|other| !other.active)
        };
        assert!(!any_off(&world) || world.user("bob").is_under(DENY), "killed before call {calls}");
        if survived {
            return;
        }
        if world.only_record().state != State::Restored {
            world.restore(leaked_too()).unwrap();
        }
        assert!(!any_off(&world) && !world.user("bob").is_under(DENY), "killed before call {calls}");
    }
    panic!("the loop went past the last call");
}

/// Bob is contained by two records: for a leak, and for what he did.
fn contained_twice() -> (World, [Record; 2]) {
    let world = World::with_leaked_user("bob");
    let enforce = config(Mode::Enforce);
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    let first = world.only_record();
    // Undone by somebody, so that the second plans it all, too.
    world.change("bob", |user| {
        user.keys[0].active = true;
        user.attached.retain(|arn| arn != DENY);
    });
    let mut second = leak_told("fedcba9876543210", start(), &[]);
    second.asks = Some(Ask::ContainActor { principal: user_arn("bob"), id: None });
    world.contain(&second, &enforce, start()).unwrap();
    let second = world.records.borrow().values().find(|record| record.id != first.id).unwrap().clone();
    world.approve(&second.id, &user_arn("ann"), &second.fingerprint()).unwrap();
    world.until(seconds(900), &enforce, |_| ());
    assert!(world.is_contained("bob"));
    let now = |record: &Record| world.records.borrow()[&record.id].clone();
    let both = [now(&first), now(&second)];
    (world, both)
}

#[test]
fn the_deny_stays_while_another_record_needs_it_and_the_record_that_left_it_stays_open() {
    let (world, [first, second]) = contained_twice();
    let half = world.restore_of(&first, leaked_too()).unwrap();
    assert!(world.user("bob").is_under(DENY));
    assert!(half.state.can_be_restored(), "{}", half.state);
    assert!(half.calls.iter().any(|call| call.error.as_deref().is_some_and(|why| why.contains(&second.id))));
    assert_eq!(world.restore_of(&second, leaked_too()).unwrap().state, State::Restored);
    let ended = world.restore_of(&half, leaked_too()).unwrap();
    assert_eq!(ended.state, State::Restored);
    assert!(!world.user("bob").is_under(DENY) && world.is_active("bob"));
    assert!(world.watched().is_empty());
}

#[test]
fn of_two_records_that_deny_the_same_user_neither_waits_for_the_other_for_ever() {
    let (world, [first, second]) = contained_twice();
    world.restore_of(&second, leaked_too()).unwrap();
    assert!(world.user("bob").is_under(DENY), "the first needs it");
    assert_eq!(world.restore_of(&first, leaked_too()).unwrap().state, State::Restored);
    assert!(!world.user("bob").is_under(DENY));
}

#[test]
fn of_records_that_wait_for_one_that_was_refused_each_is_watched_as_before() {
    let (world, [first, second]) = contained_twice();
    world.restore_of(&second, leaked_too()).unwrap();
    world.held.set(true);
    world.restore_of(&first, leaked_too()).unwrap_err();
    assert!(world.records.borrow().values().all(|record| record.giving.is_none()), "nothing is being given back");
    world.held.set(false);
    assert_eq!(world.restore_of(&first, leaked_too()).unwrap().state, State::Restored);
    assert!(!world.user("bob").is_under(DENY));
}

#[test]
fn where_another_record_is_being_worked_on_a_restore_is_over_and_says_so() {
    let (world, [first, second]) = contained_twice();
    world.restore_of(&second, leaked_too()).unwrap();
    world.written_by_others.replace(Some(second.id.clone()));
    let busy = world.restore_of(&first, leaked_too()).unwrap_err();
    assert_eq!(busy, Failure::Busy(second.id));
    assert!(world.records.borrow()[&first.id].taken_back.is_some(), "the looks go on");
    world.written_by_others.replace(None);
    assert_eq!(world.restore_of(&first, leaked_too()).unwrap().state, State::Restored);
}

#[test]
fn an_open_record_that_denies_the_user_nothing_keeps_no_deny() {
    let world = World::with_leaked_user("bob");
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    let record = world.only_record();
    // Of a role that is named as the user is, of one key, and one that is gone.
    let role = Record {
        id: "q-role".to_owned(),
        subject: Subject::Sessions { role: "bob".to_owned() },
        restoring: None,
        ..record.clone()
    };
    let key = Subject::Key { user: "bob".to_owned(), key: key_of("bob") };
    let key = Record { id: "q-key".to_owned(), subject: key, ..record.clone() };
    for other in [role, key] {
        world.open.borrow_mut().insert(("bob".to_owned(), other.id.clone()));
        world.records.borrow_mut().insert(other.id.clone(), other);
    }
    world.open.borrow_mut().insert(("bob".to_owned(), "q-gone".to_owned()));
    let restored = world.restore_of(&record, leaked_too()).unwrap();
    assert_eq!(restored.state, State::Restored);
    assert!(!world.user("bob").is_under(DENY));
}

#[test]
fn who_was_given_back_is_not_cut_off_again_when_aws_tells_of_the_same_leak_once_more() {
    let world = World::with_leaked_user("bob");
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    world.restore(leaked_too()).unwrap();
    let later = start() + SignedDuration::from_hours(30);
    let again = leak_told("fedcba9876543210", later, &[&key_of("bob")]);
    assert_eq!(world.contain(&again, &config(Mode::Enforce), later), Ok(Outcome::Known));
    assert!(world.is_active("bob"));
    world.add_user("eve", "/", start());
    world.change("eve", |user| user.attached.push(AWS_QUARANTINE.to_owned()));
    let grown = leak_told("0011223344556677", later, &[&key_of("bob"), &key_of("eve")]);
    world.contain_all(&grown, &config(Mode::Enforce), later).unwrap();
    assert!(world.is_active("bob") && world.is_contained("eve"), "what is new in it counts");
}

#[test]
fn what_aws_said_an_hour_ago_waits_for_a_person() {
    let world = World::with_leaked_user("bob");
    let later = start() + SignedDuration::from_hours(1);
    let refusal = refusal_of(world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), later));
    assert_eq!(refusal, Some(Refusal::Stale));
}

#[test]
fn nobody_whom_aws_names_badly_is_looked_for() {
    let world = World::with_leaked_user("bob");
    for named in ["ASIAIOSFODNN7EXAMPLE", "bob; reboot", "arn:aws:iam::123456789012:user/bob", ""] {
        let outcomes = world.contain_all(&leak(&[named]), &config(Mode::Enforce), start()).unwrap();
        assert!(matches!(outcomes.as_slice(), [Outcome::Ignored(_)]), "{named}: {outcomes:?}");
    }
    assert!(world.writes.borrow().is_empty() && world.records.borrow().is_empty());
}

#[test]
fn who_bears_aws_own_quarantine_has_a_key_that_leaked_whatever_the_record_is_about() {
    for before in [true, false] {
        let world = World::with_leaked_user("bob");
        if !before {
            world.change("bob", |user| user.attached.clear());
        }
        let acted = Finding { asks: Some(Ask::ContainActor { principal: user_arn("bob"), id: None }), ..leak(&[]) };
        world.contain(&acted, &config(Mode::Approve), start()).unwrap();
        let record = world.only_record();
        world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
        world.until(seconds(30), &config(Mode::Approve), |_| ());
        assert!(world.is_contained("bob"));
        if !before {
            world.change("bob", |user| user.attached.push(AWS_QUARANTINE.to_owned()));
        }
        world.restore(Restore::default()).unwrap();
        assert!(!world.is_active("bob") && world.user("bob").is_under(DENY), "before: {before}");
        assert!(world.user("bob").others[0].active);
    }
}

#[test]
fn another_record_of_the_user_does_not_take_off_the_deny_that_a_leak_needs() {
    let (world, [leaked, acted]) = contained_twice();
    world.restore_of(&leaked, Restore::default()).unwrap();
    let half = world.restore_of(&acted, leaked_too()).unwrap();
    assert!(half.state.can_be_restored() && world.user("bob").is_under(DENY));
}

#[test]
fn a_leak_that_nobody_answered_in_time_is_asked_about_anew_when_aws_tells_of_it_again() {
    let world = World::with_leaked_user("bob");
    let approve = config(Mode::Approve);
    world.contain(&leak(&[&key_of("bob")]), &approve, start()).unwrap();
    world.until(seconds(5 * 3_600), &approve, |_| ());
    assert_eq!(world.only_record().state, State::Expired);
    let told = world.mails.borrow().len();
    let again = leak_told("fedcba9876543210", world.time(), &[&key_of("bob")]);
    for _ in 0..2 {
        world.contain(&again, &approve, world.time()).unwrap();
    }
    let states: Vec<State> = world.records.borrow().values().map(|record| record.state).collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&State::Expired) && states.contains(&State::Pending), "{states:?}");
    assert_eq!(world.mails.borrow().len(), told + 1);
}

fn with(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts::default();
    change(&mut facts);
    facts
}

#[test]
fn what_the_user_got_while_contained_keeps_the_deny_on_until_a_person_says_that_it_may() {
    let key = |id: &str, created| KeyFacts { id: id.to_owned(), active: true, created };
    let other = |kind, active| Credential { kind, id: "ANOTHER".to_owned(), active, created: None };
    let (later, before) = (Some(start() + seconds(60)), Some(start() - seconds(60)));
    let got: [(&str, Facts, bool); 6] = [
        ("access key AKIANEWNEWNEWEXAMPLE", with(|got| got.keys.push(key("AKIANEWNEWNEWEXAMPLE", later))), true),
        ("access key AKIAOLDOLDOLDEXAMPLE", with(|got| got.keys.push(key("AKIAOLDOLDOLDEXAMPLE", None))), true),
        (
            "service-specific credential ANOTHER",
            with(|got| got.others.push(other(CredentialKind::ServiceSpecific, true))),
            true,
        ),
        ("a password", with(|got| got.password = later), true),
        ("an older password", with(|got| got.password = before), false),
        ("one that is off", with(|got| got.others.push(other(CredentialKind::SshKey, false))), false),
    ];
    for (name, got, keeps) in got {
        let world = World::with_leaked_user("bob");
        world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
        world.change("bob", |user| {
            user.keys.extend(got.keys);
            user.others.extend(got.others);
            user.password = got.password;
        });
        world.clock.set(seconds(40 * 3_600));
        let record = world.restore(leaked_too()).unwrap();
        assert_eq!((record.state == State::Restored, world.user("bob").is_under(DENY)), (!keeps, keeps), "{name}");
        if keeps {
            let why = record.calls.last().unwrap().error.clone().unwrap();
            assert!(
                why.contains(&format!("the user got meanwhile: {name};")) && why.contains("--made-meanwhile"),
                "{why}"
            );
            assert!(world.user("bob").is_under(DENY));
            let record = world.restore(Restore { leaked: true, made_meanwhile: true }).unwrap();
            assert_eq!((record.state, world.user("bob").is_under(DENY)), (State::Restored, false));
        }
    }
}

#[test]
fn a_leaked_key_that_somebody_else_switched_on_keeps_the_deny_on() {
    let world = World::with_leaked_user("bob");
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    world.until(seconds(600), &config(Mode::Enforce), |_| ());
    world.change("bob", |user| user.keys[0].active = true);
    world.clock.set(seconds(40 * 3_600));
    let record = world.restore(Restore::default()).unwrap();
    assert!(world.user("bob").is_under(DENY) && record.state != State::Restored);
    let why = record.calls.last().unwrap().error.clone().unwrap();
    assert!(why.contains(&key_of("bob")), "{why}");
}

#[test]
fn a_password_that_somebody_set_to_another_one_is_known_by_the_event() {
    let world = World::with_leaked_user("bob");
    world.change("bob", |user| user.password = Some(start() - seconds(60)));
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    world.clock.set(seconds(60));
    let set =
        call("UpdateLoginProfile", world.time(), &serde_json::json!({"userName": "bob"}), &serde_json::Value::Null);
    world.watch(&set, &config(Mode::Enforce)).unwrap();
    let record = world.restore(leaked_too()).unwrap();
    assert!(world.user("bob").is_under(DENY), "{record:?}");
    assert!(record.calls.last().unwrap().error.as_deref().is_some_and(|why| why.contains("a password")));
}

#[test]
fn of_one_key_that_is_given_back_new_credentials_are_no_matter() {
    let world = World::with_user("bob", "/", start());
    world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).unwrap();
    world.change("bob", |user| user.password = Some(start() + seconds(60)));
    assert_eq!(world.restore(Restore::default()).unwrap().state, State::Restored);
}
