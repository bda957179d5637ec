//! A plan that waits for a person.

use iamwatch::config::{Config, Exempt, Mode};
use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::quarantine::{Record, Refusal, Restore, State};
use iamwatch::watcher::Watcher;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::world::*;

const ANN: &str = "arn:aws:iam::111122223333:user/ann";

fn waiting() -> (World, Config, Record) {
    let world = World::with_leaked_user("bob");
    let approve = config(Mode::Approve);
    world.contain(&leak(&[&key_of("bob")]), &approve, start()).unwrap();
    let record = world.only_record();
    assert_eq!((record.state, record.plan.refusal), (State::Pending, Some(Refusal::Approval)));
    assert!(world.writes.borrow().is_empty());
    (world, approve, record)
}

#[test]
fn what_a_person_approves_is_done_and_told_with_their_name() {
    let (world, approve, record) = waiting();
    world.until(seconds(60), &approve, |_| ());
    world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    world.until(seconds(900), &approve, |_| ());
    assert!(world.is_contained("bob"));
    let record = world.only_record();
    assert_eq!(record.state, State::Verified);
    assert_eq!(record.approval.as_ref().unwrap().by, ANN);
    assert_eq!(record.time_to_decide(), Some(seconds(60)));
    assert_eq!(world.said().len(), 2);
    assert!(world.mails.borrow()[1].email.contains(ANN));
}

#[test]
fn a_yes_counts_once() {
    let (world, approve, record) = waiting();
    world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    let again = world.approve(&record.id, "arn:aws:iam::111122223333:user/eve", &record.fingerprint()).unwrap_err();
    assert!(again.to_string().contains("was approved by arn:aws:iam::111122223333:user/ann"), "{again}");
    world.until(seconds(30), &approve, |_| ());
    let writes = world.writes.borrow().len();
    assert!(world.approve(&record.id, ANN, &record.fingerprint()).is_err());
    world.until(seconds(60), &approve, |_| ());
    assert_eq!(world.writes.borrow().len(), writes);
}

#[test]
fn a_yes_that_was_written_and_could_not_be_queued_may_be_said_again_by_the_same_person() {
    let (world, approve, record) = waiting();
    world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    world.queue.borrow_mut().clear();
    assert!(world.approve(&record.id, "arn:aws:iam::111122223333:user/eve", &record.fingerprint()).is_err());
    world.clock.set(seconds(60));
    let again = world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    assert_eq!(again.approval.unwrap().at, start(), "the first yes counts");
    world.until(seconds(90), &approve, |_| ());
    assert!(world.is_contained("bob"));
    assert_eq!(world.writes.borrow().len(), 5);
}

#[test]
fn nobody_approves_for_themselves_with_another_plan_or_from_elsewhere() {
    let (world, _, record) = waiting();
    let plan = record.fingerprint();
    for by in [
        "arn:aws:iam::111122223333:user/bob",
        "arn:aws:iam::111122223333:user/some/path/bob",
        "arn:aws:sts::111122223333:federated-user/ann",
        "arn:aws:iam::123456789012:user/ann",
        "anonymous",
        "ann; reboot",
        "",
    ] {
        assert!(world.approve(&record.id, by, &plan).is_err(), "{by}");
    }
    assert!(world.approve(&record.id, ANN, "0123456789abcdef").unwrap_err().to_string().contains("another plan"));
    assert!(world.approve("q-nothing", ANN, &plan).is_err());
    assert!(world.only_record().approval.is_none());
    let sso = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann@example.com";
    assert!(world.approve(&record.id, sso, &plan).is_ok());
}

#[test]
fn whoever_made_the_key_does_not_approve_its_plan() {
    let world = World::with_user("bob", "/", start());
    world.contain(&finding("bob", start()), &config(Mode::Approve), start()).unwrap();
    let record = world.only_record();
    assert!(world.approve(&record.id, "arn:aws:iam::111122223333:user/alice", &record.fingerprint()).is_err());
    assert!(world.approve(&record.id, ANN, &record.fingerprint()).is_ok());
}

#[test]
fn another_name_makes_nobody_another_person() {
    let (world, _, record) = waiting();
    let plan = record.fingerprint();
    for by in ["user/renamed", "user/other/path/bob", "user/BOB"] {
        let no =
            world.approve_as(&record.id, (&format!("arn:aws:iam::111122223333:{by}"), "AIDAbob"), &plan).unwrap_err();
        assert!(no.to_string().contains("about themselves"), "{by}: {no}");
    }
    assert!(world.approve(&record.id, "arn:aws:iam::111122223333:user/BOB", &plan).is_err(), "whatever the case");

    // Whoever acted, as a user or as a role.
    for (identity, by, caller) in [
        (
            json!({"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice",
                "principalId": "AIDAALICEEXAMPLE", "accountId": ACCOUNT}),
            "arn:aws:iam::111122223333:user/not-alice",
            "AIDAALICEEXAMPLE",
        ),
        (
            json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/ops/one", "accountId": ACCOUNT,
                "principalId": "AROAOPSEXAMPLE:one", "sessionContext": {"sessionIssuer": {"type": "Role",
                "userName": "ops", "arn": "arn:aws:iam::111122223333:role/ops", "accountId": ACCOUNT}}}),
            "arn:aws:sts::111122223333:assumed-role/OPS/two",
            "AROAOPSEXAMPLE:two",
        ),
    ] {
        let world = World::with_user("bob", "/", start());
        let response = json!({"accessKey": {"userName": "bob", "accessKeyId": key_of("bob")}});
        let mut made = call_as_json("CreateAccessKey", start(), &json!({"userName": "bob"}), &response);
        made["userIdentity"] = identity;
        let made = detect::look(Watcher::AccessKeys, &Event::decode(made), &Context::new(&Config::default())).unwrap();
        world.contain(&made, &config(Mode::Approve), start()).unwrap();
        let record = world.only_record();
        let no = world.approve_as(&record.id, (by, caller), &record.fingerprint()).unwrap_err();
        assert!(no.to_string().contains("what they did"), "{by}: {no}");
        assert!(world.approve(&record.id, ANN, &record.fingerprint()).is_ok());
    }
}

#[test]
fn root_approves_a_plan_about_what_a_federated_session_did_unless_it_is_its_own() {
    let root = "arn:aws:iam::111122223333:root";
    for (issuer, may) in [("arn:aws:iam::111122223333:user/alice", true), (root, false)] {
        let world = World::with_user("bob", "/", start());
        let response = json!({"accessKey": {"userName": "bob", "accessKeyId": key_of("bob")}});
        let mut made = call_as_json("CreateAccessKey", start(), &json!({"userName": "bob"}), &response);
        made["userIdentity"] = json!({"type": "FederatedUser", "accountId": ACCOUNT,
            "arn": "arn:aws:sts::111122223333:federated-user/helper", "principalId": "111122223333:helper",
            "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": issuer, "accountId": ACCOUNT}}});
        let made = detect::look(Watcher::AccessKeys, &Event::decode(made), &Context::new(&Config::default())).unwrap();
        world.contain(&made, &config(Mode::Approve), start()).unwrap();
        let record = world.only_record();
        let approved = world.approve_as(&record.id, (root, ACCOUNT), &record.fingerprint());
        assert_eq!(approved.is_ok(), may, "{issuer}: {approved:?}");
    }
}

#[test]
fn a_person_of_identity_center_does_not_approve_what_they_did_under_any_permission_set() {
    let by = |role: &str, name: &str| format!("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_{role}/{name}");
    let world = World::with_user("bob", "/", start());
    let mut found = call_as_json(
        "CreateAccessKey",
        start(),
        &json!({"userName": "bob"}),
        &json!({"accessKey": {
        "userName": "bob", "accessKeyId": key_of("bob")}}),
    );
    found["userIdentity"] = json!({"type": "AssumedRole", "accountId": ACCOUNT,
        "arn": by("Admin_0123456789abcdef", "ann@example.com"),
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "AWSReservedSSO_Admin_0123456789abcdef",
            "accountId": ACCOUNT, "arn": "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/\
                AWSReservedSSO_Admin_0123456789abcdef"}}});
    let event = Event::decode(found);
    let made = detect::look(Watcher::AccessKeys, &event, &Context::new(&Config::default())).unwrap();
    world.contain(&made, &config(Mode::Approve), start()).unwrap();
    let record = world.only_record();
    let plan = record.fingerprint();
    for (role, name) in [
        ("Admin_0123456789abcdef", "ann@example.com"),
        ("Admin_0123456789abcdef", "Ann@Example.com"),
        ("Billing_fedcba9876543210", "ann@example.com"),
    ] {
        let no = world.approve(&record.id, &by(role, name), &plan).unwrap_err();
        assert!(no.to_string().contains("what they did"), "{role} {name}: {no}");
    }
    assert!(world.approve(&record.id, &by("Admin_0123456789abcdef", "joe@example.com"), &plan).is_ok());
}

#[test]
fn after_four_hours_nobody_can_approve_it_and_that_is_told() {
    let (world, approve, record) = waiting();
    world.until(SignedDuration::from_hours(4) - seconds(1), &approve, |_| ());
    assert_eq!(world.only_record().state, State::Pending);
    world.until(SignedDuration::from_hours(4) + seconds(2), &approve, |_| ());
    assert_eq!(world.only_record().state, State::Expired);
    assert_eq!(world.said().len(), 2);
    assert!(world.said()[1].contains("nobody approved it in four hours"), "{:?}", world.said());
    assert!(world.approve(&record.id, ANN, &record.fingerprint()).is_err());
    assert!(world.writes.borrow().is_empty());
    assert!(world.queue.borrow().is_empty());
}

#[test]
fn a_yes_that_comes_too_late_moves_the_record_itself() {
    let (world, _, record) = waiting();
    world.clock.set(SignedDuration::from_hours(5));
    let late = world.approve(&record.id, ANN, &record.fingerprint()).unwrap_err();
    assert!(late.to_string().contains("EXPIRED"), "{late}");
    assert_eq!(world.only_record().state, State::Expired);
}

#[test]
fn what_became_exempt_while_it_waited_is_not_touched() {
    let (world, mut approve, record) = waiting();
    world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    approve.quarantine.exempt.push(Exempt::Arn("arn:aws:iam::111122223333:user/bob".to_owned()));
    world.until(seconds(60), &approve, |_| ());
    assert_eq!((world.only_record().state, world.only_record().plan.refusal), (State::Refused, Some(Refusal::Exempt)));
    assert!(world.writes.borrow().is_empty());
}

#[test]
fn a_mode_that_was_taken_back_while_it_waited_holds() {
    let (world, _, record) = waiting();
    world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    world.until(seconds(60), &config(Mode::DryRun), |_| ());
    assert_eq!(world.only_record().state, State::Refused);
    assert!(world.writes.borrow().is_empty());
}

#[test]
fn no_more_is_done_than_was_approved() {
    let (world, approve, record) = waiting();
    world.change("bob", |user| {
        user.keys[0].active = false;
        user.keys.push(iamwatch::quarantine::KeyFacts {
            id: "AKIANEWNEWNEWEXAMPLE".to_owned(),
            active: true,
            created: Some(start()),
        });
    });
    world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    world.until(seconds(30), &approve, |_| ());
    let user = world.user("bob");
    assert!(user.keys[1].active, "the new key stood in no plan");
    assert!(user.is_under(DENY), "and is of no use");
    let record = world.only_record();
    assert_eq!((record.plan.steps.len(), record.found.len()), (5, 1), "what was done already is on record");
    assert_eq!(record.state, State::Verified);
    let every = Restore { leaked: true, made_meanwhile: true };
    assert_eq!(world.restore(every).unwrap().state, State::Restored);
    assert!(!world.is_active("bob"), "and not taken back");
}

#[test]
fn what_was_switched_on_or_set_while_the_plan_waited_keeps_the_deny_on() {
    let second = |active| iamwatch::quarantine::KeyFacts {
        id: "AKIASECONDXXXEXAMPLE".to_owned(),
        active,
        created: Some(start() - seconds(9_000)),
    };
    for (what, named) in [
        ("nothing", None),
        ("key", Some("access key AKIASECONDXXXEXAMPLE;")),
        ("password", Some("a password that may have been set while the plan waited;")),
    ] {
        let world = World::with_leaked_user("bob");
        let approve = config(Mode::Approve);
        world.change("bob", |user| user.keys.push(second(false)));
        if what == "password" {
            world.change("bob", |user| user.password = Some(start() - seconds(9_000)));
        }
        world.contain(&leak(&[&key_of("bob")]), &approve, start()).unwrap();
        world.clock.set(seconds(1_800));
        if what == "key" {
            world.change("bob", |user| user.keys[1].active = true);
        }
        world.clock.set(seconds(3_600));
        let record = world.only_record();
        world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
        world.until(seconds(4_000), &approve, |_| ());
        let record = world.restore(leaked_too()).unwrap();
        assert_eq!(world.user("bob").is_under(DENY), named.is_some(), "{what}");
        let why = record.calls.last().and_then(|call| call.error.clone()).unwrap_or_default();
        assert!(why.contains(named.unwrap_or_default()), "{what}: {why}");
        if named.is_some() {
            let every = Restore { leaked: true, made_meanwhile: true };
            assert_eq!(world.restore(every).unwrap().state, State::Restored);
        }
    }
}

#[test]
fn what_others_did_before_the_yes_is_on_record_with_who_said_it() {
    for dies in 0..40 {
        let (world, approve, record) = waiting();
        world.change("bob", |user| {
            user.keys[0].active = false;
            user.others.iter_mut().for_each(|other| other.active = false);
            user.attached.push(DENY.to_owned());
        });
        world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
        world.dies_before.set(Some(dies));
        let survived = world.look(&record.id, &approve).is_ok();
        world.dies_before.set(None);
        world.clock.set(seconds(60));
        world.look(&record.id, &approve).unwrap();
        world.until(seconds(900), &approve, |_| ());
        let record = world.only_record();
        assert_eq!((record.state, &record.plan.steps), (State::Verified, &record.found), "killed before call {dies}");
        assert_eq!(
            record.approval.as_ref().map(|approval| (approval.by.as_str(), &approval.plan)),
            Some((ANN, &record.fingerprint()))
        );
        assert_eq!((record.found.len(), world.writes.borrow().len(), record.calls.len()), (5, 0, 0));
        let mail = world.mails.borrow().last().unwrap().email.clone();
        assert!(mail.starts_with("iamwatch found user bob contained already in"), "{mail}");
        assert!(mail.contains(ANN) && mail.contains("Found done:"), "{mail}");
        // Whoever undoes what others did undoes what somebody said yes to.
        let on = json!({"userName": "bob", "accessKeyId": key_of("bob"), "status": "Active"});
        assert!(world.watch(&call("UpdateAccessKey", world.time(), &on, &Value::Null), &approve).is_some());
        world.restore(leaked_too()).unwrap();
        assert!(world.is_contained("bob") && world.writes.borrow().is_empty());
        if survived {
            return;
        }
    }
    panic!("the loop went past the last call");
}

#[test]
fn that_nobody_approved_it_or_that_it_may_not_be_any_more_is_told_though_a_mail_failed() {
    let (world, approve, _) = waiting();
    world.unsent.set(1);
    world.until_with_retries(SignedDuration::from_hours(4) + seconds(120), &approve);
    assert_eq!(world.only_record().state, State::Expired);
    assert!(world.said()[1].contains("nobody approved it in four hours"), "{:?}", world.said());

    let (world, _, record) = waiting();
    world.approve(&record.id, ANN, &record.fingerprint()).unwrap();
    world.unsent.set(1);
    world.until_with_retries(seconds(120), &config(Mode::DryRun));
    assert_eq!((world.only_record().state, world.said().len()), (State::Refused, 2));
}
