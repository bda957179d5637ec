//! IAM has no two names that differ in case alone, and finds a name in any case: events and people write them as they like.

use iamwatch::config::{Exempt, Mode};
use iamwatch::quarantine::{Refusal, State};
use serde_json::json;

use super::world::*;

#[test]
fn who_is_exempt_is_so_in_whatever_case_it_was_written() {
    for exempt in [Exempt::Arn("arn:aws:iam::111122223333:user/ops/BOB".to_owned()), Exempt::Path("/OPS/".to_owned())] {
        let world = World::with_user("bob", "/ops/", start());
        let mut enforce = config(Mode::Enforce);
        enforce.quarantine.exempt = vec![exempt.clone()];
        let outcome = world.contain(&finding("Bob", start()), &enforce, start());
        assert_eq!(refusal_of(outcome), Some(Refusal::Exempt), "{exempt:?}");
        assert!(world.writes.borrow().is_empty());
    }
    // Letters of more than one byte are no reason to fail.
    assert!(!Exempt::Path("/ops/".to_owned()).covers("arn:aws:iam::111122223333:user/öps/bob"));
}

#[test]
fn a_user_who_is_named_in_another_case_is_contained_and_watched_under_its_own_name() {
    let world = World::with_user("bob", "/", start());
    world.contain(&finding("BOB", start()), &config(Mode::Enforce), start()).unwrap();
    let record = world.only_record();
    assert_eq!((record.state, record.user()), (State::Verified, Some("bob")));
    assert_eq!(record.plan.steps[0].user(), "bob");
    assert_eq!((world.watched(), record.former.len()), (vec!["bob".to_owned()], 0));
    assert!(!world.said().iter().any(|said| said.contains("name")), "nobody was renamed: {:?}", world.said());
}

#[test]
fn whoever_undoes_it_under_another_spelling_is_told_of() {
    let (enforce, later) = (config(Mode::Enforce), start() + seconds(60));
    for (name, parameters) in [
        ("DetachUserPolicy", json!({"userName": "BOB", "policyArn": DENY.replace("iamwatch", "IamWatch")})),
        ("UpdateAccessKey", json!({"userName": "bOb", "accessKeyId": key_of("bob"), "status": "Active"})),
        ("CreateLoginProfile", json!({"userName": "Bob"})),
    ] {
        let world = World::with_leaked_user("bob");
        world.contain(&leak(&[&key_of("bob")]), &enforce, start()).unwrap();
        world.clock.set(seconds(61));
        assert!(world.watch(&call(name, later, &parameters, &json!(null)), &enforce).is_some(), "{name}");
    }
}
