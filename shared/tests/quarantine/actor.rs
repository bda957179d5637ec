//! Whoever did something CRITICAL: never without a person, and each kind of principal in its way.

use iamwatch::config::{Config, Mode};
use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::finding::{Ask, Finding, Severity};
use iamwatch::quarantine::{Outcome, Refusal, Restore, SESSIONS_ENDED, State, Step};
use iamwatch::watcher::Watcher;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::world::*;

fn user(name: &str, key: &str) -> Value {
    json!({"type": "IAMUser", "userName": name, "accountId": ACCOUNT, "accessKeyId": key,
        "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}")})
}

pub(crate) fn session(role_path: &str) -> Value {
    let role = role_path.rsplit('/').next().unwrap();
    json!({"type": "AssumedRole", "accountId": ACCOUNT, "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/some-session"),
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role, "accountId": ACCOUNT,
            "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role_path}")}}})
}

/// Somebody stops the trail, which is CRITICAL.
fn stops_the_trail(identity: &Value, at: Timestamp, more: &Value, config: &Config) -> Option<Finding> {
    let mut record = json!({
        "eventID": format!("stop-{at}"), "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com",
        "eventTime": at.to_string(), "recipientAccountId": ACCOUNT, "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7", "eventType": "AwsApiCall", "readOnly": false, "userIdentity": identity,
        "requestParameters": {"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"},
    });
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let finding = detect::look(Watcher::Guardrails, &Event::decode(record), &Context::new(config))?;
    assert_eq!(finding.severity, Severity::Critical);
    Some(finding)
}

pub(crate) fn finding_by(identity: &Value, config: &Config) -> Finding {
    stops_the_trail(identity, start(), &json!({}), config).unwrap()
}

pub(crate) fn role(world: &World, path: &str) {
    let name = path.rsplit('/').next().unwrap().to_owned();
    let facts = iamwatch::quarantine::Facts {
        arn: format!("arn:aws:iam::{ACCOUNT}:role/{path}"),
        ..iamwatch::quarantine::Facts::default()
    };
    world.roles.borrow_mut().insert(name, facts);
}

#[test]
fn a_user_who_did_it_is_cut_off_once_a_person_says_so_whatever_key_signed() {
    for key in ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"] {
        for mode in [Mode::Approve, Mode::Enforce] {
            let world = World::with_leaked_user("mallory");
            let config = config(mode);
            world.contain(&finding_by(&user("mallory", key), &config), &config, start()).unwrap();
            let record = world.only_record();
            assert_eq!((record.state, record.plan.refusal), (State::Pending, Some(Refusal::Approval)));
            assert!(world.writes.borrow().is_empty());
            assert!(
                world.approve(&record.id, "arn:aws:iam::111122223333:user/mallory", &record.fingerprint()).is_err()
            );
            world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
            world.until(seconds(30), &config, |_| ());
            assert!(world.is_contained("mallory"), "{key}");
        }
    }
}

#[test]
fn a_user_who_took_another_name_after_the_act_is_found_by_id_and_whoever_has_the_old_name_is_left_alone() {
    let mut with_key = user("mallory", &key_of("mallory"));
    let mut in_session = user("mallory", "ASIAIOSFODNN7EXAMPLE");
    with_key["principalId"] = json!("AIDAmallory");
    in_session["principalId"] = json!("AIDAmallory");
    let federated = json!({"type": "FederatedUser", "accountId": ACCOUNT, "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "principalId": format!("{ACCOUNT}:prod-app"), "arn": format!("arn:aws:sts::{ACCOUNT}:federated-user/prod-app"),
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "mallory", "accountId": ACCOUNT,
            "principalId": "AIDAmallory", "arn": format!("arn:aws:iam::{ACCOUNT}:user/mallory")}}});
    let all = [with_key, in_session, federated].map(|identity| [(identity.clone(), false), (identity, true)]);
    for (identity, decoy) in all.into_iter().flatten() {
        let world = World::with_leaked_user("mallory");
        let config = config(Mode::Approve);
        world.rename("mallory", "eve");
        if decoy {
            world.add_user("mallory", "/", start());
            world.change("mallory", |user| {
                user.id = Some("AIDAANOTHER".to_owned());
                user.keys[0].id = "AKIAANOTHERXXEXAMPLE".to_owned();
            });
        }
        world.contain(&finding_by(&identity, &config), &config, start()).unwrap();
        let record = world.only_record();
        assert_eq!((record.state, record.user()), (State::Pending, Some("eve")), "{identity} {decoy}");
        assert!(!world.mails.borrow()[0].email.contains("--user-name=mallory"), "{}", world.mails.borrow()[0].email);
        world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
        world.until(seconds(30), &config, |_| ());
        assert!(world.is_contained("eve"), "{identity} {decoy}");
        assert!(!decoy || world.is_active("mallory") && !world.user("mallory").is_under(DENY));
    }
}

#[test]
fn of_a_user_who_is_gone_and_whose_name_another_has_nobody_is_cut_off() {
    let world = World::with_leaked_user("mallory");
    let config = config(Mode::Approve);
    let mut identity = user("mallory", "ASIAIOSFODNN7EXAMPLE");
    identity["principalId"] = json!("AIDAGONE");
    world.contain(&finding_by(&identity, &config), &config, start()).unwrap();
    assert_eq!(
        (world.only_record().state, world.only_record().plan.refusal),
        (State::Refused, Some(Refusal::NoSuchUser))
    );
}

#[test]
fn a_federated_session_is_cut_off_by_its_user() {
    let world = World::with_leaked_user("mallory");
    let config = config(Mode::Approve);
    let federated = json!({"type": "FederatedUser", "accountId": ACCOUNT, "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "arn": format!("arn:aws:sts::{ACCOUNT}:federated-user/prod-app"),
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "mallory", "accountId": ACCOUNT,
            "arn": format!("arn:aws:iam::{ACCOUNT}:user/mallory")}}});
    world.contain(&finding_by(&federated, &config), &config, start()).unwrap();
    assert_eq!(world.only_record().user(), Some("mallory"));
}

#[test]
fn sessions_of_a_role_are_ended_once_a_person_says_so_and_the_undo_takes_the_policy_off() {
    let world = World::default();
    role(&world, "ci/app");
    let config = config(Mode::Approve);
    world.contain(&finding_by(&session("ci/app"), &config), &config, start()).unwrap();
    let record = world.only_record();
    assert_eq!(record.state, State::Pending);
    assert_eq!(record.plan.steps, [Step::EndSessions { role: "app".to_owned() }]);
    assert!(world.mails.borrow()[0].email.contains("aws iam put-role-policy --role-name=app"));
    let own = "arn:aws:sts::111122223333:assumed-role/app/another-session";
    assert!(world.approve(&record.id, own, &record.fingerprint()).is_err(), "the role approves nothing about itself");
    world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
    world.until(seconds(900), &config, |_| ());
    assert!(world.roles.borrow()["app"].revoked);
    assert_eq!(world.only_record().state, State::Verified);
    let kept: Vec<String> = world.open.borrow().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(kept, ["role/app"], "a user may be named so too");
    world.restore(Restore::default()).unwrap();
    assert!(!world.roles.borrow()["app"].revoked && world.open.borrow().is_empty());
}

#[test]
fn a_policy_of_our_name_that_ends_nothing_or_ended_others_proves_nothing() {
    for stale in [None, Some(start() - SignedDuration::from_hours(1))] {
        let world = World::default();
        role(&world, "app");
        let config = config(Mode::Approve);
        world.contain(&finding_by(&session("app"), &config), &config, start()).unwrap();
        let record = world.only_record();
        world.clock.set(seconds(60));
        world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
        world.until(seconds(900), &config, |world| {
            // An attacker writes their own under our name, as often as it is written.
            let mut roles = world.roles.borrow_mut();
            let app = roles.get_mut("app").unwrap();
            (app.revoked, app.ended) = (true, stale);
        });
        assert_eq!(world.only_record().state, State::UndoneByOther, "{stale:?}");
        assert!(world.mails.borrow().last().unwrap().subject.to_string().starts_with("[CRITICAL]"));
    }
}

#[test]
fn whoever_gives_ended_sessions_back_is_told_and_our_own_policy_is_not() {
    let ends = |minutes: i64| {
        let until = start() + SignedDuration::from_mins(10 - minutes);
        let condition =
            json!({"DateLessThan": {"aws:TokenIssueTime": until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()}});
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
        json!({"Version": "2012-10-17", "Statement": [deny]}).to_string()
    };
    let anything = r#"{"Version": "2012-10-17", "Statement": []}"#.to_owned();
    let put = |document: String| {
        ("PutRolePolicy", json!({"roleName": "app", "policyName": SESSIONS_ENDED, "policyDocument": document}))
    };
    let off = |role: &str, policy: &str| ("DeleteRolePolicy", json!({"roleName": role, "policyName": policy}));
    let cases = [
        (off("app", SESSIONS_ENDED), Some("took iamwatch's end of sessions off role app, whose sessions it ended")),
        (put(anything), Some("rewrote iamwatch's end of sessions on role app, whose sessions it ended")),
        (put(ends(5)), Some("rewrote iamwatch's end of sessions on role app")),
        (put(ends(0)), None),
        (off("app", "another"), None),
        (off("other", SESSIONS_ENDED), None),
    ];
    for ((name, parameters), told) in cases {
        let world = World::default();
        role(&world, "app");
        let config = config(Mode::Approve);
        world.contain(&finding_by(&session("app"), &config), &config, start()).unwrap();
        let record = world.only_record();
        world.approve(&record.id, "arn:aws:iam::111122223333:user/ann", &record.fingerprint()).unwrap();
        world.until(SignedDuration::from_mins(10), &config, |_| ());
        world.mails.borrow_mut().clear();
        let event = call(name, world.time(), &parameters, &Value::Null);
        assert_eq!(world.watch(&event, &config).is_some(), told.is_some(), "{name} {parameters}");
        assert_eq!(world.said().len(), usize::from(told.is_some()));
        if let Some(told) = told {
            let mail = world.mails.borrow()[0].clone();
            assert!(mail.subject.to_string().starts_with("[CRITICAL]") && mail.email.contains(told), "{}", mail.email);
            assert!(mail.email.contains("aws iam put-role-policy --role-name=app"), "{}", mail.email);
        }
    }
}

#[test]
fn roles_of_aws_of_the_stack_for_emergencies_and_where_it_is_not_switched_on_are_left_alone() {
    let approve = config(Mode::Approve);
    for path in ["iamwatch-QuarantineRole-1", "emergency", "break-glass/anna"] {
        let world = World::default();
        role(&world, path);
        let refusal = refusal_of(world.contain(&finding_by(&session(path), &approve), &approve, start()));
        assert_eq!(refusal, Some(Refusal::Exempt), "{path}");
        assert!(world.only_record().plan.steps.is_empty());
    }
    let mut off = approve;
    off.quarantine.sessions_role = None;
    let world = World::default();
    let refusal = refusal_of(world.contain(&finding_by(&session("app"), &off), &off, start()));
    assert_eq!(refusal, Some(Refusal::SessionsLeftAlone));
}

#[test]
fn nothing_is_asked_about_those_who_are_cut_off_elsewhere_or_whom_anybody_can_provoke() {
    let approve = config(Mode::Approve);
    let asks = |identity: Value, more: Value| {
        stops_the_trail(&identity, start(), &more, &approve).and_then(|finding| finding.asks)
    };
    assert!(asks(user("mallory", "AKIAIOSFODNN7EXAMPLE"), json!({})).is_some());
    let root = json!({"type": "Root", "accountId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root")});
    let sso = session("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef");
    let mut foreign = user("mallory", "AKIAIOSFODNN7EXAMPLE");
    foreign["accountId"] = json!("123456789012");
    let mut service = user("mallory", "AKIAIOSFODNN7EXAMPLE");
    service["invokedBy"] = json!("cloudformation.amazonaws.com");
    for identity in [root, sso, foreign, service, json!({"type": "AWSService", "invokedBy": "config.amazonaws.com"})] {
        assert_eq!(asks(identity.clone(), json!({})), None, "{identity}");
    }
    assert_eq!(asks(user("mallory", "AKIAIOSFODNN7EXAMPLE"), json!({"errorCode": "AccessDenied"})), None);
    let off = Config::default();
    assert_eq!(finding_by(&user("mallory", "AKIAIOSFODNN7EXAMPLE"), &off).asks, None, "off is the default");
}

#[test]
fn who_does_one_thing_after_another_is_asked_about_once_while_the_plan_waits() {
    let world = World::with_leaked_user("mallory");
    let config = config(Mode::Approve);
    let mallory = user("mallory", "AKIAIOSFODNN7EXAMPLE");
    for minute in 0..20 {
        let at = start() + SignedDuration::from_mins(minute);
        let finding = stops_the_trail(&mallory, at, &json!({}), &config).unwrap();
        assert!(matches!(finding.asks, Some(Ask::ContainActor { .. })));
        world.contain(&finding, &config, at).unwrap();
    }
    assert_eq!((world.records.borrow().len(), world.mails.borrow().len()), (1, 1));
}

#[test]
fn who_goes_on_after_the_record_is_over_is_asked_about_again_once() {
    let config = config(Mode::Approve);
    let mallory = user("mallory", "AKIAIOSFODNN7EXAMPLE");
    // The record is over since nobody said yes, and since it was taken back. Both within four hours of the first act.
    for expires in [true, false] {
        let world = World::with_leaked_user("mallory");
        world.change("mallory", |user| user.attached.clear());
        // The four hours are counted by the clock.
        let first = "2026-03-01T04:00:00Z".parse::<Timestamp>().unwrap();
        let act = |at: Timestamp| {
            let finding = stops_the_trail(&mallory, at, &json!({}), &config).unwrap();
            world.contain(&finding, &config, at).unwrap()
        };
        act(first);
        let record = world.only_record();
        if expires {
            let mut over = record.clone();
            over.state = State::Expired;
            world.records.borrow_mut().insert(over.id.clone(), over);
        } else {
            world.approve(&record.id, &user_arn("ann"), &record.fingerprint()).unwrap();
            world.until(SignedDuration::from_mins(70), &config, |_| ());
            assert_eq!(world.restore(Restore::default()).unwrap().state, State::Restored);
        }
        let mails = world.mails.borrow().len();
        for minute in 0..20 {
            act(first + SignedDuration::from_mins(100 + minute));
        }
        assert_eq!((world.records.borrow().len(), world.mails.borrow().len()), (2, mails + 1), "expires: {expires}");
        // The same event again is known, by either record.
        for at in [first, first + SignedDuration::from_mins(100)] {
            assert_eq!(act(at), Outcome::Known);
        }
        let second = world.records.borrow().values().find(|other| other.id != record.id).unwrap().clone();
        assert_eq!(second.state, State::Pending);
        world.approve(&second.id, &user_arn("ann"), &second.fingerprint()).unwrap();
        let later = world.clock.get() + seconds(30);
        world.until(later, &config, |_| ());
        assert!(world.is_contained("mallory"), "expires: {expires}");
    }
}

#[test]
fn acts_whose_records_were_lost_on_the_way_lead_to_an_end() {
    let config = config(Mode::Approve);
    let mallory = user("mallory", "AKIAIOSFODNN7EXAMPLE");
    let world = World::with_leaked_user("mallory");
    let end_all = || world.records.borrow_mut().values_mut().for_each(|record| record.state = State::Expired);
    let act = |minute: i64| {
        let at = start() + SignedDuration::from_mins(minute);
        let finding = stops_the_trail(&mallory, at, &json!({}), &config).unwrap();
        world.contain(&finding, &config, at)
    };
    act(0).unwrap();
    end_all();
    // Died after it was said which record follows; the next act opens it.
    world.dies_before.set(Some(2));
    act(1).unwrap_err();
    world.dies_before.set(None);
    for minute in 2..6 {
        act(minute).unwrap();
        end_all();
    }
    for minute in 0..6 {
        act(minute).unwrap();
    }
    assert!(world.records.borrow().len() <= 6, "{}", world.records.borrow().len());
}

#[test]
fn an_ask_that_names_nobody_who_can_be_contained_is_not_looked_at() {
    let world = World::with_leaked_user("bob");
    let config = config(Mode::Approve);
    let finding = finding_by(&user("mallory", "AKIAIOSFODNN7EXAMPLE"), &config);
    for principal in ["arn:aws:iam::111122223333:root", "arn:aws:iam::123456789012:user/bob", "bob; reboot", ""] {
        let asks = Some(Ask::ContainActor { principal: principal.to_owned(), id: None });
        let outcome = world.contain(&Finding { asks, ..finding.clone() }, &config, start());
        assert!(matches!(outcome, Ok(Outcome::Ignored(_))), "{principal}: {outcome:?}");
    }
}
