//! The standing watch on users with an open record.

use iamwatch::config::Mode;
use iamwatch::event::Event;
use iamwatch::quarantine::{
    CredentialKind, Gave, Meddling, Record, Restore, SESSIONS_ENDED, State, Step, WATCHED, meddling,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::world::*;

fn contained() -> World {
    let world = World::with_leaked_user("bob");
    world.contain(&leak(&[&key_of("bob")]), &config(Mode::Enforce), start()).unwrap();
    world.until(seconds(600), &config(Mode::Enforce), |_| ());
    assert_eq!(world.only_record().state, State::Verified);
    world.mails.borrow_mut().clear();
    world
}

/// One of each call that gives something back, as CloudTrail writes it.
fn all() -> Vec<(&'static str, Value, Value)> {
    let bob = |more: Value| {
        let mut parameters = json!({"userName": "bob"});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        parameters
    };
    vec![
        (
            "CreateAccessKey",
            bob(json!({})),
            json!({"accessKey": {"userName": "bob", "accessKeyId": "AKIANEWNEWNEWEXAMPLE"}}),
        ),
        ("CreateLoginProfile", bob(json!({})), json!({})),
        ("CreateServiceSpecificCredential", bob(json!({"serviceName": "bedrock.amazonaws.com"})), json!({})),
        ("DeleteUserPermissionsBoundary", bob(json!({})), Value::Null),
        ("DetachUserPolicy", bob(json!({"policyArn": DENY})), Value::Null),
        (
            "PutUserPermissionsBoundary",
            bob(json!({"permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"})),
            Value::Null,
        ),
        ("UpdateAccessKey", bob(json!({"accessKeyId": "AKIAX", "status": "Active"})), Value::Null),
        ("UpdateLoginProfile", bob(json!({})), Value::Null),
        ("UpdateSSHPublicKey", bob(json!({"sSHPublicKeyId": "APKAX", "status": "Active"})), Value::Null),
        (
            "UpdateServiceSpecificCredential",
            bob(json!({"serviceSpecificCredentialId": "ACCAX", "status": "Active"})),
            Value::Null,
        ),
        ("UpdateSigningCertificate", bob(json!({"certificateId": "X", "status": "Active"})), Value::Null),
        ("UpdateUser", bob(json!({"newUserName": "robert"})), Value::Null),
        ("UploadSSHPublicKey", bob(json!({})), Value::Null),
        ("UploadSigningCertificate", bob(json!({})), Value::Null),
    ]
}

#[test]
fn whatever_gives_something_back_to_a_contained_user_is_told_once() {
    // What gives something back to a role is in the tests of roles.
    let of_users = WATCHED.into_iter().filter(|name| !name.contains("Role"));
    assert_eq!(all().iter().map(|(name, ..)| *name).collect::<Vec<_>>(), of_users.collect::<Vec<_>>());
    for (name, parameters, response) in all() {
        let world = contained();
        let event = call(name, world.time(), &parameters, &response);
        let told = world.watch(&event, &config(Mode::Enforce));
        assert!(told.is_some(), "{name}");
        assert!(world.watch(&event, &config(Mode::Enforce)).is_none(), "{name} is told once");
        let said = world.said();
        assert_eq!(said.len(), 1, "{name}");
        assert!(said[0].contains("user/mallory") && said[0].contains("user bob, who is contained"), "{said:?}");
        assert!(world.mails.borrow()[0].subject.to_string().starts_with("[CRITICAL]"), "{name}");
        assert_eq!(world.only_record().meddling.len(), 1);
    }
}

#[test]
fn what_takes_nothing_back_or_is_about_somebody_else_is_silent() {
    let world = contained();
    let silent = [
        ("UpdateAccessKey", json!({"userName": "bob", "accessKeyId": "AKIAX", "status": "Inactive"})),
        ("DetachUserPolicy", json!({"userName": "bob", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})),
        ("PutUserPermissionsBoundary", json!({"userName": "bob", "permissionsBoundary": DENY})),
        ("UpdateUser", json!({"userName": "bob", "newPath": "/x/"})),
        ("UpdateAccessKey", json!({"userName": "eve", "accessKeyId": "AKIAX", "status": "Active"})),
        ("TagUser", json!({"userName": "bob"})),
        ("DeleteRolePolicy", json!({"roleName": "bob", "policyName": SESSIONS_ENDED})),
    ];
    for (name, parameters) in silent {
        let event = call(name, world.time(), &parameters, &Value::Null);
        assert!(world.watch(&event, &config(Mode::Enforce)).is_none(), "{name} {parameters}");
    }
    let detach = json!({"userName": "bob", "policyArn": DENY});
    let mut failed = call_as_json("DetachUserPolicy", world.time(), &detach, &Value::Null);
    failed["errorCode"] = json!("AccessDenied");
    assert!(meddling(&Event::decode(failed), Some(DENY)).is_none());
    assert!(world.mails.borrow().is_empty());
}

#[test]
fn the_calls_of_a_restore_and_what_came_before_are_no_meddling() {
    let world = contained();
    let before = call("UpdateLoginProfile", start() - seconds(60), &json!({"userName": "bob"}), &Value::Null);
    assert!(world.watch(&before, &config(Mode::Enforce)).is_none());
    // Its calls arrive while it is under way or later, wherever it ended.
    for dies in 0..60 {
        let world = contained();
        world.dies_before.set(Some(dies));
        let survived = world.restore(leaked_too()).is_ok();
        world.dies_before.set(None);
        let writes = world.writes.borrow().len() - 5;
        for (number, step) in world.only_record().plan.steps.iter().rev().enumerate().take(writes) {
            let (name, parameters) = undoing(step);
            let mut event = call_as_json(name, world.time(), &parameters, &Value::Null);
            event["requestID"] = json!(format!("request-{}", 6 + number));
            assert!(
                world.watch(&Event::decode(event), &config(Mode::Enforce)).is_none(),
                "{name}, killed before call {dies}"
            );
        }
        if survived {
            world.clock.set(seconds(5_000));
            let later = call("CreateLoginProfile", world.time(), &json!({"userName": "bob"}), &Value::Null);
            assert!(world.watch(&later, &config(Mode::Enforce)).is_none(), "the record is closed");
            return;
        }
    }
    unreachable!("the loop went past the last call");
}

/// The call that takes a step of bob's back.
fn undoing(step: &Step) -> (&'static str, Value) {
    let on = |parameter: &str, id: &str| {
        let mut on = json!({"userName": "bob", "status": "Active"});
        on[parameter] = json!(id);
        on
    };
    match step {
        Step::DisableAccessKey { key, .. } => ("UpdateAccessKey", on("accessKeyId", key)),
        Step::DisableCredential { kind: CredentialKind::ServiceSpecific, id, .. } => {
            ("UpdateServiceSpecificCredential", on("serviceSpecificCredentialId", id))
        }
        Step::DisableCredential { kind: CredentialKind::SshKey, id, .. } => {
            ("UpdateSSHPublicKey", on("sSHPublicKeyId", id))
        }
        Step::DisableCredential { id, .. } => ("UpdateSigningCertificate", on("certificateId", id)),
        _ => ("DetachUserPolicy", json!({"userName": "bob", "policyArn": DENY})),
    }
}

#[test]
fn whatever_somebody_else_gives_back_while_a_restore_is_under_way_or_just_over_is_told() {
    // Killed anywhere, or over with the leaked key and the deny left.
    for dies in [Some(2), Some(5), Some(8), Some(12), None] {
        for (name, parameters, response) in [
            (
                "UpdateAccessKey",
                json!({"userName": "bob", "accessKeyId": key_of("bob"), "status": "Active"}),
                Value::Null,
            ),
            ("DetachUserPolicy", json!({"userName": "bob", "policyArn": DENY}), Value::Null),
            (
                "CreateAccessKey",
                json!({"userName": "bob"}),
                json!({"accessKey": {"userName": "bob", "accessKeyId": "AKIANEWNEWNEWEXAMPLE"}}),
            ),
        ] {
            let world = contained();
            world.dies_before.set(dies);
            let _ = world.restore(Restore::default());
            world.dies_before.set(None);
            world.clock.set(world.clock.get() + seconds(2));
            let mut event = call_as_json(name, world.time(), &parameters, &response);
            event["requestID"] = json!("of-somebody-else");
            assert!(world.watch(&Event::decode(event), &config(Mode::Enforce)).is_some(), "{name} {dies:?}");
            assert!(world.mails.borrow()[0].subject.to_string().starts_with("[CRITICAL]"));
        }
    }
}

#[test]
fn a_key_that_was_contained_and_is_switched_on_again_is_told() {
    let world = World::with_user("bob", "/", start());
    world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).unwrap();
    world.until(seconds(600), &config(Mode::Enforce), |_| ());
    let on = json!({"userName": "bob", "accessKeyId": key_of("bob"), "status": "Active"});
    let told = world.watch(&call("UpdateAccessKey", world.time(), &on, &Value::Null), &config(Mode::Enforce));
    assert_eq!(told.unwrap().meddling[0].by, "arn:aws:iam::111122223333:user/mallory");
    let mail = world.mails.borrow().last().unwrap().email.clone();
    assert!(mail.contains("iamwatch quarantine restore"), "{mail}");
}

/// One key of bob's is contained; what is left of the mails is none.
fn key_contained() -> World {
    let world = World::with_user("bob", "/", start());
    world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).unwrap();
    world.until(seconds(600), &config(Mode::Enforce), |_| ());
    world.mails.borrow_mut().clear();
    world
}

#[test]
fn of_a_user_with_one_key_contained_another_credential_is_louder_only_soon_or_by_whoever_made_the_key() {
    let later = SignedDuration::from_hours(25);
    for (name, parameters, response) in all() {
        for (after, by_the_same) in [(SignedDuration::from_hours(1), false), (later, false), (later, true)] {
            let world = key_contained();
            world.clock.set(after);
            let mut event = call_as_json(name, world.time(), &parameters, &response);
            if by_the_same {
                event["userIdentity"]["arn"] = json!("arn:aws:iam::111122223333:user/alice");
            }
            world.watch(&Event::decode(event), &config(Mode::Enforce));
            let gives =
                !["DetachUserPolicy", "DeleteUserPermissionsBoundary", "PutUserPermissionsBoundary"].contains(&name);
            let told = gives && (after < later || by_the_same);
            assert_eq!(world.mails.borrow().len(), usize::from(told), "{name} {after:?} {by_the_same}");
            if let Some(mail) = world.mails.borrow().first() {
                assert!(mail.subject.to_string().starts_with("[HIGH]"), "{name}: {}", mail.subject);
                assert!(mail.email.contains("user bob, whose access key AKIA"), "{name}: {}", mail.email);
            }
        }
    }
}

#[test]
fn the_contained_key_switched_on_again_is_critical_after_months_and_the_mail_has_the_command() {
    let world = key_contained();
    world.clock.set(SignedDuration::from_hours(200 * 24));
    let on = json!({"userName": "bob", "accessKeyId": key_of("bob"), "status": "Active"});
    world.watch(&call("UpdateAccessKey", world.time(), &on, &Value::Null), &config(Mode::Enforce)).unwrap();
    let mail = world.mails.borrow()[0].clone();
    assert!(mail.subject.to_string().starts_with("[CRITICAL]"), "{}", mail.subject);
    let command =
        format!("aws iam update-access-key --user-name=bob --access-key-id={} --status=Inactive", key_of("bob"));
    assert!(mail.email.contains(&command), "{}", mail.email);
}

#[test]
fn of_two_records_the_one_for_which_it_is_louder_tells_it() {
    for whole in ["q-0", "q-z"] {
        let world = contained();
        let record = world.only_record();
        let key = key_contained().only_record();
        world.records.borrow_mut().clear();
        world.open.borrow_mut().clear();
        for record in [Record { id: whole.to_owned(), ..record }, Record { id: "q-m".to_owned(), ..key }] {
            world.open.borrow_mut().insert(("bob".to_owned(), record.id.clone()));
            world.records.borrow_mut().insert(record.id.clone(), record);
        }
        let event = call("CreateLoginProfile", world.time(), &json!({"userName": "bob"}), &Value::Null);
        world.watch(&event, &config(Mode::Enforce)).unwrap();
        assert_eq!(world.mails.borrow().len(), 1);
        assert!(world.mails.borrow()[0].subject.to_string().starts_with("[CRITICAL]"), "{whole}");
        assert!(world.records.borrow().values().all(|record| record.meddling.len() == 1));
        assert!(world.watch(&event, &config(Mode::Enforce)).is_none());
        assert_eq!(world.mails.borrow().len(), 1);
    }
}

#[test]
fn a_restore_that_is_over_is_no_meddling_with_what_another_record_contains() {
    let world = World::with_leaked_user("bob");
    world.change("bob", |user| user.keys[0].created = Some(start()));
    let enforce = config(Mode::Enforce);
    world.contain(&finding("bob", start()), &enforce, start()).unwrap();
    let of_key = world.only_record();
    world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
    world.until(seconds(600), &enforce, |_| ());
    let restored = world.restore_of(&of_key, leaked_too()).unwrap();
    assert_eq!((restored.state, world.is_active("bob")), (State::Restored, true));
    world.mails.borrow_mut().clear();
    let request = restored.calls.last().and_then(|call| call.request.clone()).unwrap();
    for (request, told) in [(request.as_str(), false), ("of-somebody-else", true)] {
        let on = json!({"userName": "bob", "accessKeyId": key_of("bob"), "status": "Active"});
        let mut event = call_as_json("UpdateAccessKey", world.time(), &on, &Value::Null);
        event["requestID"] = json!(request);
        assert_eq!(world.watch(&Event::decode(event), &enforce).is_some(), told, "{request}");
        assert_eq!(world.mails.borrow().len(), usize::from(told), "{request}");
    }
}

/// What counts comes after fifty acts of one kind, as much as a record keeps.
fn after_noise(gave: &Gave) -> World {
    let world = contained();
    world.change("bob", |user| user.password = Some(start() - seconds(60)));
    let mut record = world.only_record();
    let noise = |number| Meddling {
        what: "did something to".to_owned(),
        by: "arn:aws:iam::111122223333:user/mallory".to_owned(),
        event: format!("noise-{number}"),
        at: None,
        gave: gave.clone(),
        request: None,
        untold: false,
        user: "bob".to_owned(),
    };
    record.meddling = (0..50).map(noise).collect();
    world.records.borrow_mut().insert(record.id.clone(), record);
    world
}

#[test]
fn noise_made_on_purpose_hides_neither_that_the_deny_is_taken_off_nor_that_a_password_is_set() {
    let (password, detach) = ("UpdateLoginProfile", "DetachUserPolicy");
    let parameters = json!({"userName": "bob", "policyArn": DENY});
    for (noise, told) in [
        (Gave::New(None), vec![password, detach, detach]),
        (Gave::Password, vec![detach, detach]),
        // Each is told fifty times at most.
        (Gave::DenyOff, vec![password]),
    ] {
        let world = after_noise(&noise);
        for name in [password, detach, password, detach] {
            world.clock.set(world.clock.get() + seconds(1));
            world.watch(&call(name, world.time(), &parameters, &Value::Null), &config(Mode::Enforce));
        }
        let record = world.only_record();
        let kept = record.meddling.iter().filter(|meddling| !meddling.event.starts_with("noise"));
        let kept: Vec<&str> = kept.map(|meddling| meddling.event.split_once('-').unwrap().0).collect();
        assert_eq!((kept, world.mails.borrow().len(), record.meddling.len()), (told.clone(), told.len(), 50));
        let restored = world.restore(leaked_too()).unwrap();
        assert!(world.user("bob").is_under(DENY), "a password was set, after fifty of {noise:?}");
        assert!(restored.calls.last().unwrap().error.as_deref().is_some_and(|why| why.contains("a password")));
    }
}
