use insta::assert_snapshot;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    Exception, Exceptions, Judged, Known, LONGEST_DAYS, LONGEST_JSON, Place, Stored, Suppressions, day,
    id_of_parameter, plan, read, read_all, report,
};
use crate::alert::text::is_unseen;
use crate::config::Config;
use crate::detect::{self, Context};
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::watcher::Watcher;

const DETECTION: &str = "access-key-created-for-another-user";

fn now() -> Timestamp {
    "2026-03-01T03:00:00Z".parse().unwrap()
}

fn today() -> Date {
    day(now())
}

/// An exception without a mistake, with some fields changed; null takes one out.
#[expect(clippy::needless_pass_by_value, reason = "its callers write it on the spot")]
fn said(changes: Value) -> Map<String, Value> {
    let mut said = json!({
        "id": "ci-makes-keys",
        "detections": [DETECTION],
        "actor": "arn:aws:iam::111122223333:role/ci/deploy",
        "reason": "the pipeline rotates the keys of its users",
        "owner": "platform team",
        "expires": "2026-05-30",
    });
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(said.as_object_mut().unwrap().remove(field)),
            value => said[field] = value.clone(),
        }
    }
    said.as_object().unwrap().clone()
}

fn exception(changes: Value) -> Exception {
    read(&said(changes), today()).unwrap()
}

fn mistakes(changes: Value) -> String {
    let said = said(changes);
    let found = read(&said, today()).unwrap_err();
    found.into_iter().map(|mistake| mistake.what + "\n").collect()
}

/// A key that a session of the role `ci/deploy` makes for a user.
fn key_made(user: &str) -> Value {
    json!({
        "eventID": "1", "eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com",
        "eventTime": "2026-03-01T02:59:30Z", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/run-17",
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "arn": "arn:aws:iam::111122223333:role/ci/deploy", "userName": "deploy",
            }},
        },
        "requestParameters": {"userName": user},
        "responseElements": {"accessKey": {"userName": user, "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}},
    })
}

fn finding(event: Value) -> Finding {
    let config = Config { stack: "iamwatch".to_owned(), ..Config::default() };
    let event = Event::decode(event);
    let look = |watcher| detect::look(watcher, &event, &Context::new(&config));
    Watcher::ALL.into_iter().find_map(look).unwrap()
}

fn weigh(changes: Value, finding: Finding) -> Judged {
    Exceptions::from_iter([exception(changes)]).weigh(finding, now())
}

fn suppresses(changes: Value, event: Value) -> bool {
    matches!(weigh(changes, finding(event)), Judged::Suppressed(_))
}

/// What an alert says of the exceptions that do not hold.
fn said_of(judged: Judged) -> Vec<String> {
    let Judged::Told(finding) = judged else { panic!("it is suppressed") };
    finding.evidence.into_iter().filter(|fact| fact.label == "Exception").map(|fact| fact.value).collect()
}

#[test]
fn an_exception_suppresses_what_it_names_and_quarantine_is_not_asked() {
    let before = finding(key_made("deploy-bot"));
    assert!(before.asks.is_some());
    let Judged::Suppressed(finding) = weigh(json!({}), before) else { panic!("it is told") };
    assert_eq!((finding.suppressed_by.as_deref(), finding.asks), (Some("ci-makes-keys"), None));
}

#[test]
fn an_actor_is_matched_by_its_whole_arn_or_by_its_path() {
    let actor = |actor: &str| suppresses(json!({"actor": actor}), key_made("deploy-bot"));
    assert!(actor("arn:aws:iam::111122223333:role/ci/deploy"));
    assert!(actor("arn:aws:iam::111122223333:role/ci/"));
    for other in [
        "arn:aws:iam::111122223333:role/deploy",
        "arn:aws:iam::111122223333:role/ci/deploy2",
        "arn:aws:iam::111122223333:role/ci/dep",
        "arn:aws:iam::111122223333:role/ci/deploy/",
        "arn:aws:iam::111122223333:role/other/",
        "arn:aws:iam::123456789012:role/ci/deploy",
        "arn:aws-cn:iam::111122223333:role/ci/deploy",
        "arn:aws:iam::111122223333:user/ci/deploy",
        "arn:aws:iam::111122223333:root",
    ] {
        assert!(!actor(other), "{other}");
    }
}

#[test]
fn a_session_name_that_looks_like_a_role_is_none() {
    let mut event = key_made("deploy-bot");
    event["userIdentity"] = json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/guest/arn:aws:iam::111122223333:role/ci/deploy",
    });
    assert!(!suppresses(json!({}), event));
}

#[test]
fn what_an_identity_provider_says_of_its_users_is_no_actor() {
    let mut event = key_made("deploy-bot");
    event["userIdentity"] = json!({"type": "WebIdentityUser", "userName": "arn:aws:iam::111122223333:role/ci/deploy"});
    assert!(!suppresses(json!({}), event));
}

#[test]
fn a_target_is_matched_by_its_whole_arn_also_where_the_record_has_its_name_only() {
    let target = |target: &str| suppresses(json!({"actor": null, "target": target}), key_made("deploy-bot"));
    assert!(target("arn:aws:iam::111122223333:user/deploy-bot"));
    // A user's name is its own, whatever its path.
    assert!(target("arn:aws:iam::111122223333:user/bots/deploy-bot"));
    for other in [
        "arn:aws:iam::111122223333:user/deploy-bot2",
        "arn:aws:iam::111122223333:role/deploy-bot",
        "arn:aws:iam::123456789012:user/deploy-bot",
        "arn:aws:iam::111122223333:user/bots/",
        "arn:aws:iam::111122223333:group/deploy-bot",
        "arn:aws:s3:::deploy-bot",
    ] {
        assert!(!target(other), "{other}");
    }
}

#[test]
fn the_target_of_a_regional_service_is_matched_in_its_region() {
    let stopped = json!({
        "eventID": "1", "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333", "requestParameters": {"name": "main"},
        "userIdentity": {"type": "IAMUser", "userName": "bob", "arn": "arn:aws:iam::111122223333:user/bob"},
    });
    let target = |target: &str| {
        let changes = json!({"detections": ["trail-logging-stopped"], "actor": null, "target": target});
        suppresses(changes, stopped.clone())
    };
    assert!(target("arn:aws:cloudtrail:us-east-1:111122223333:trail/main"));
    assert!(!target("arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"));
}

#[test]
fn both_must_match_where_both_are_said() {
    let both = |target: &str| suppresses(json!({"target": target}), key_made("deploy-bot"));
    assert!(both("arn:aws:iam::111122223333:user/deploy-bot"));
    assert!(!both("arn:aws:iam::111122223333:user/anna"));
}

#[test]
fn another_detection_is_told_without_a_word() {
    let judged = weigh(json!({"detections": ["user-created"]}), finding(key_made("deploy-bot")));
    assert_eq!(said_of(judged), Vec::<String>::new());
}

#[test]
fn an_act_that_is_something_besides_is_told_and_says_what() {
    let mut finding = finding(key_made("deploy-bot"));
    finding.also = vec!["request-parameters-omitted".to_owned()];
    let judged = weigh(json!({}), finding.clone());
    assert_snapshot!(said_of(judged)[0], @"ci-makes-keys does not hold: this is request-parameters-omitted too, which it does not name");
    let both = json!({"detections": [DETECTION, "request-parameters-omitted"]});
    assert!(matches!(weigh(both, finding), Judged::Suppressed(_)));
}

#[test]
fn an_expired_exception_resurfaces_in_the_alert() {
    let expired = json!({"expires": "2026-02-28"});
    let judged = weigh(expired, finding(key_made("deploy-bot")));
    assert_snapshot!(said_of(judged)[0], @"ci-makes-keys expired on 2026-02-28 (platform team, the pipeline rotates the keys of its users)");
    assert!(suppresses(json!({"expires": "2026-03-01"}), key_made("deploy-bot")), "its last day is its own");
}

#[test]
fn an_exception_that_holds_beside_one_that_expired_suppresses() {
    let all = [json!({"id": "a", "expires": "2026-01-01"}), json!({"id": "b"})].map(exception);
    let Judged::Suppressed(finding) = Exceptions::from_iter(all).weigh(finding(key_made("deploy-bot")), now()) else {
        panic!("it is told")
    };
    assert_eq!(finding.suppressed_by.as_deref(), Some("b"));
}

#[test]
fn an_alert_names_few_exceptions_that_do_not_hold() {
    let all = (0..9).map(|number| exception(json!({"id": format!("e{number}"), "expires": "2026-01-01"})));
    let judged = all.collect::<Exceptions>().weigh(finding(key_made("deploy-bot")), now());
    assert_eq!(said_of(judged).len(), 3);
}

#[test]
fn what_is_critical_about_root_is_told_whatever_is_excepted() {
    let root = json!({
        "eventID": "1", "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333", "requestParameters": {"name": "main"},
        "userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"},
    });
    let found = finding(root);
    let seen: Vec<String> = std::iter::once(&found.detection).chain(&found.also).cloned().collect();
    let changes = json!({"detections": seen, "actor": "arn:aws:iam::111122223333:root"});
    let critical = found.clone().severity(Severity::Critical);
    assert_snapshot!(said_of(weigh(changes.clone(), critical))[0], @"ci-makes-keys does not hold: what is CRITICAL about root is always told");
    assert!(matches!(weigh(changes, found.severity(Severity::Medium)), Judged::Suppressed(_)));
}

#[test]
fn what_is_done_to_iamwatch_is_told_whatever_is_excepted() {
    let mut finding = finding(key_made("deploy-bot"));
    finding.also = vec!["own-stack-changed".to_owned()];
    assert_snapshot!(said_of(weigh(json!({}), finding))[0], @"ci-makes-keys does not hold: what is done to iamwatch is always told");
}

#[test]
fn every_detection_about_iamwatch_itself_begins_with_own() {
    let own: Vec<&str> = detect::ALL.iter().map(|detection| detection.id).filter(|id| super::is_own(id)).collect();
    assert_eq!(own, ["own-exceptions-changed", "own-role-changed", "own-role-misused", "own-stack-changed"]);
    for id in own {
        assert!(mistakes(json!({"detections": [id]})).contains("always told"), "{id}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    assert_snapshot!(mistakes(json!({
        "id": "CI keys", "detections": ["access-key-made", DETECTION, DETECTION, 7, "own-stack-changed", "root-mfa-deactivated"],
        "actor": "deploy", "target": "arn:aws:iam::111122223333:user/*", "reason": " ", "owner": null,
        "expires": "2026-13-01", "user-agent": "Terraform", "session_name": "gh-*", "until": "tomorrow",
    })), @"
    `session_name` is not matched on: whoever acts can choose it; name the whole ARN in `actor` or `target`
    `until` is no field of an exception; there are `id`, `detections`, `actor`, `target`, `reason`, `owner`, `expires`, `long`
    `user-agent` is not matched on: whoever acts can choose it; name the whole ARN in `actor` or `target`
    `CI keys` is no id; write small letters, digits and hyphens, at most 64: `ci-makes-keys`
    `access-key-made` is no detection; `iamwatch detections` lists all
    `access-key-created-for-another-user` stands twice
    a detection is a number; write its id
    `own-stack-changed` tells of changes to iamwatch itself: whoever wants to silence it would begin there, so it is always told
    `root-mfa-deactivated` is CRITICAL about root: nobody can stop root, so somebody must always hear of it
    `deploy` is no ARN: a part of a name is borne by whoever likes to; write the whole, as `arn:aws:iam::111122223333:role/ci/deploy`
    `arn:aws:iam::111122223333:user/*` has a wildcard, which also matches names that somebody else will make; write the whole ARN, or an IAM path that ends in `/`
    `reason` is empty
    it has no `owner`
    `2026-13-01` is no date; write it as `2027-01-31`
    ");
}

#[test]
fn what_no_exception_names_is_said_field_by_field() {
    let nothing = read(&Map::new(), today()).unwrap_err();
    let what: Vec<&str> = nothing.iter().map(|mistake| mistake.what.as_str()).collect();
    assert!(nothing.iter().all(|mistake| mistake.place == Place::Whole));
    assert_snapshot!(what.join("\n"), @"
    it has no `id`
    it has no `detections`; `iamwatch detections` lists them
    it names neither `actor` nor `target`, and would hold for everything; name one
    it has no `reason`
    it has no `owner`
    it has no `expires`
    ");
}

#[test]
fn actors_and_targets_that_others_could_bear_are_refused_with_the_reason() {
    let actors = [
        "arn:aws:iam::111122223333:role/ci-*",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role//",
        "arn:aws:iam::111122223333:role",
        "arn:aws:iam::*:role/ci/deploy",
        "arn:aws:iam:::role/ci/deploy",
        "arn:aws:sts::111122223333:assumed-role/deploy/run-17",
        "arn:aws:s3:::bucket",
        "arn:aws:iam::111122223333:group/admins",
        "arn:aws:iam::111122223333:role/a b",
        "role/ci/deploy",
        "*",
    ];
    let told: String = actors.iter().map(|actor| mistakes(json!({"actor": actor}))).collect();
    assert_eq!(told.lines().count(), actors.len());
    assert_snapshot!(told, @"
    `arn:aws:iam::111122223333:role/ci-*` has a wildcard, which also matches names that somebody else will make; write the whole ARN, or an IAM path that ends in `/`
    `arn:aws:iam::111122223333:role/` is no IAM path; write one with a name in it, as `arn:aws:iam::111122223333:role/ci/`
    `arn:aws:iam::111122223333:role//` is no IAM path; write one with a name in it, as `arn:aws:iam::111122223333:role/ci/`
    `arn:aws:iam::111122223333:role` acts nowhere; write the ARN or path of an IAM user or role, as `arn:aws:iam::111122223333:role/ci/deploy`
    `arn:aws:iam::*:role/ci/deploy` has a wildcard, which also matches names that somebody else will make; write the whole ARN, or an IAM path that ends in `/`
    `arn:aws:iam:::role/ci/deploy` acts nowhere; write the ARN or path of an IAM user or role, as `arn:aws:iam::111122223333:role/ci/deploy`
    `arn:aws:sts::111122223333:assumed-role/deploy/run-17` is a session, whose name whoever opens it chooses; write the ARN of its role or user, with its path, as `arn:aws:iam::111122223333:role/ci/deploy`
    `arn:aws:s3:::bucket` acts nowhere; write the ARN or path of an IAM user or role, as `arn:aws:iam::111122223333:role/ci/deploy`
    `arn:aws:iam::111122223333:group/admins` acts nowhere; write the ARN or path of an IAM user or role, as `arn:aws:iam::111122223333:role/ci/deploy`
    `arn:aws:iam::111122223333:role/a b` has not the form of an ARN; write it as `arn:aws:iam::111122223333:role/ci/deploy`
    `role/ci/deploy` is no ARN: a part of a name is borne by whoever likes to; write the whole, as `arn:aws:iam::111122223333:role/ci/deploy`
    `*` has a wildcard, which also matches names that somebody else will make; write the whole ARN, or an IAM path that ends in `/`
    ");
    for target in [
        "arn:aws:ec2:us-east-1:111122223333:instance/",
        "arn:aws:iam::111122223333:user/",
        "deploy-bot",
        "arn:aws:iam::111122223333:user/b?t",
    ] {
        assert_eq!(mistakes(json!({"target": target})).lines().count(), 1, "{target}");
    }
}

#[test]
fn an_end_is_near_or_says_why_it_is_far() {
    let latest = today().checked_add(LONGEST_DAYS.days()).unwrap();
    assert!(read(&said(json!({"expires": latest.to_string()})), today()).is_ok());
    let later = latest.tomorrow().unwrap().to_string();
    assert_snapshot!(mistakes(json!({"expires": later})), @"2026-05-31 is more than 90 days ahead; write 2026-05-30 or earlier, or say why in `long`");
    assert!(read(&said(json!({"expires": later, "long": "the audit of 2027 asks for it"})), today()).is_ok());
    assert!(read(&said(json!({"expires": later, "long": ""})), today()).is_err());
    for no_date in ["2026-05-30T00:00:00", "20260530", "30.05.2026", "soon"] {
        assert!(mistakes(json!({"expires": no_date})).contains("is no date"), "{no_date}");
    }
}

#[test]
fn an_exception_fits_into_a_parameter_or_is_refused() {
    let fits = LONGEST_JSON - exception(json!({"reason": "x"})).to_json().len() + 1;
    assert_eq!(exception(json!({"reason": "x".repeat(fits)})).to_json().len(), LONGEST_JSON);
    assert_snapshot!(mistakes(json!({"reason": "x".repeat(fits + 1)})), @"it has 4097 bytes as JSON, and a parameter holds 4096; divide it or shorten its texts");
    assert!(mistakes(json!({"reason": "see {{ssm:other}}"})).contains("doubled braces"));
}

#[test]
fn two_of_one_name_are_refused() {
    let found = read_all(&[said(json!({})), said(json!({"owner": "others"}))], today()).unwrap_err();
    assert_eq!(found[0].0, 1);
    assert_snapshot!(found[0].1.what, @"`ci-makes-keys` stands twice; give each exception a name of its own");
}

#[test]
fn what_is_stored_is_read_as_what_was_written() {
    let written = exception(
        json!({"target": "arn:aws:iam::111122223333:user/bots/", "long": "an audit", "expires": "2027-05-30"}),
    );
    let stored: Map<String, Value> = serde_json::from_str(&written.to_json()).unwrap();
    assert_eq!(read(&stored, today()), Ok(written));
}

#[test]
fn what_was_read_is_believed_for_a_minute_and_kept_while_nobody_answers() {
    let second = |seconds| now() + SignedDuration::from_secs(seconds);
    let mut known = Known::default();
    assert!(known.is_stale(now()));
    assert_snapshot!(known.learn(Err("no answer".to_owned()), now()).join("\n"), @"the exceptions were not read, and nothing is suppressed until they are: no answer");
    assert_eq!((known.is_stale(second(59)), known.is_stale(second(60))), (false, true));
    assert_eq!(known.exceptions().count(), 0);

    let stored = vec![stored(&exception(json!({}))), Stored::of("junk", "{", today())];
    assert_snapshot!(known.learn(Ok(stored), second(60)).join("\n"), @"exception `junk` suppresses nothing: it is no JSON object: EOF while parsing an object at line 1 column 1");
    assert_eq!(known.exceptions().count(), 1);

    assert_snapshot!(known.learn(Err("no answer".to_owned()), second(120)).join("\n"), @"the exceptions were not read again, those read before stay in use: no answer");
    assert_eq!(known.exceptions().count(), 1);
    assert!(known.is_stale(now()), "a clock that was set back");

    assert_eq!(known.learn(Ok(Vec::new()), second(180)), Vec::<String>::new());
    assert_eq!(known.exceptions().count(), 0, "what was deleted is gone");
}

#[test]
fn a_parameter_is_held_to_the_rules_of_the_file() {
    let of = |id: &str, changes: Value| Stored::of(id, &json!(said(changes)).to_string(), today()).read;
    assert!(of("ci-makes-keys", json!({})).is_ok());
    assert_snapshot!(of("another", json!({})).unwrap_err(), @"it says that it is `ci-makes-keys`");
    let wide =
        json!({"detections": ["own-stack-changed"], "actor": "arn:aws:iam::111122223333:*", "expires": "2099-01-01"});
    assert_snapshot!(of("ci-makes-keys", wide).unwrap_err(), @"`own-stack-changed` tells of changes to iamwatch itself: whoever wants to silence it would begin there, so it is always told; `arn:aws:iam::111122223333:*` has a wildcard, which also matches names that somebody else will make; write the whole ARN, or an IAM path that ends in `/`; 2099-01-01 is more than 90 days ahead; write 2026-05-30 or earlier, or say why in `long`");
}

#[test]
fn a_parameter_is_an_exception_of_this_stack_or_none() {
    let id = |name| id_of_parameter(name, "iamwatch");
    assert_eq!(id("/iamwatch/exceptions/ci-makes-keys"), Some("ci-makes-keys"));
    assert_eq!(id("arn:aws:ssm:us-east-1:111122223333:parameter/iamwatch/exceptions/a"), Some("a"));
    for other in
        ["/iamwatch/exceptions", "/iamwatch2/exceptions/a", "iamwatch/exceptions/a", "/x/iamwatch/exceptions/a", "arn:"]
    {
        assert_eq!(id(other), None, "{other}");
    }
    assert_eq!(id_of_parameter("//exceptions/a", ""), None);
}

fn stored(exception: &Exception) -> Stored {
    Stored { id: exception.id.clone(), text: exception.to_json(), read: Ok(exception.clone()) }
}

fn unused(id: &str) -> Stored {
    Stored { id: id.to_owned(), text: "{".to_owned(), read: Err("it is no JSON object".to_owned()) }
}

#[test]
fn a_plan_says_what_changes() {
    let kept = exception(json!({"id": "kept"}));
    let renewed = exception(json!({"id": "renewed", "target": "arn:aws:iam::111122223333:user/deploy-bot"}));
    let before = exception(json!({"id": "renewed", "expires": "2026-03-03"}));
    let written = [kept.clone(), renewed, exception(json!({"id": "broken"})), exception(json!({"id": "added"}))];
    let stored =
        [stored(&kept), stored(&before), unused("broken"), stored(&exception(json!({"id": "gone"}))), unused("junk")];
    assert_snapshot!(plan(&written, &stored), @"
    + added
        detections  access-key-created-for-another-user
        actor       arn:aws:iam::111122223333:role/ci/deploy
        reason      the pipeline rotates the keys of its users
        owner       platform team
        expires     2026-05-30
    ~ broken
        what is stored is not used: it is no JSON object
        detections  not said -> access-key-created-for-another-user
        actor       not said -> arn:aws:iam::111122223333:role/ci/deploy
        reason      not said -> the pipeline rotates the keys of its users
        owner       not said -> platform team
        expires     not said -> 2026-05-30
    - gone
        detections  access-key-created-for-another-user
        actor       arn:aws:iam::111122223333:role/ci/deploy
        reason      the pipeline rotates the keys of its users
        owner       platform team
        expires     2026-05-30
    - junk
    ~ renewed
        target      not said -> arn:aws:iam::111122223333:user/deploy-bot
        expires     2026-03-03 -> 2026-05-30
    1 to add, 2 to change, 2 to remove, 1 as they should be
    ");
    assert_snapshot!(plan(&[], &[]), @"0 to add, 0 to change, 0 to remove, 0 as they should be");
}

#[test]
fn a_report_begins_with_what_needs_somebody() {
    let tally = Suppressions { count: 37, since: now(), last: "2026-03-11T14:05:00Z".parse().unwrap() };
    let one = |id: &str, expires: &str| stored(&exception(json!({"id": id, "expires": expires})));
    let rows = [
        (one("far", "2026-05-30"), Some(tally)),
        (one("last-day", "2026-03-12"), None),
        (one("gone", "2026-02-11"), Some(Suppressions { count: 1, ..tally })),
        (one("soon", "2026-03-26"), None),
        (one("tomorrow", "2026-03-13"), None),
        (one("later", "2026-03-27"), None),
        (unused("broken"), None),
    ];
    assert_snapshot!(report(&rows, date(2026, 3, 12)), @"
    EXCEPTION  STATE                  SUPPRESSED  SINCE       LAST               OWNER
    broken     NOT USED               0                       never
    gone       EXPIRED on 2026-02-11  1           2026-03-01  2026-03-11 14:05Z  platform team
    last-day   expires TODAY          0                       never              platform team
    tomorrow   expires TOMORROW       0                       never              platform team
    soon       expires in 14 days     0                       never              platform team
    later      until 2026-03-27       0                       never              platform team
    far        until 2026-05-30       37          2026-03-01  2026-03-11 14:05Z  platform team
    broken suppresses nothing: it is no JSON object
    ");
    assert_snapshot!(report(&[], today()), @"there are no exceptions: everything is told");
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[a-z0-9-]{0,70}",
        "arn:aws(-cn)?:(iam|sts|s3)::(111122223333)?:(role|user|root)/?[a-z*?/ ]{0,8}",
        "2026-0[1-9]-[0-3][0-9]",
        prop::sample::select(detect::ALL.iter().map(|detection| detection.id.to_owned()).collect::<Vec<_>>()),
    ];
    let leaf = prop_oneof![
        text.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from)
    ];
    prop_oneof![leaf.clone(), prop::collection::vec(leaf, 0..4).prop_map(Value::from)]
}

fn any_said() -> impl Strategy<Value = Map<String, Value>> {
    let fields = ["id", "detections", "actor", "target", "reason", "owner", "expires", "long", "user_agent"];
    let changes = prop::collection::vec((prop::sample::select(fields.to_vec()), any_value()), 0..4);
    changes.prop_map(|changes| {
        let mut said = said(json!({}));
        said.extend(changes.into_iter().map(|(field, value)| (field.to_owned(), value)));
        said
    })
}

proptest! {
    #[test]
    fn whatever_is_said_is_refused_or_safe(said in any_said()) {
        match read(&said, today()) {
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                prop_assert!(mistakes.iter().all(|mistake| !mistake.what.is_empty()));
            }
            Ok(exception) => {
                let json = exception.to_json();
                let named: Vec<_> = [&exception.actor, &exception.target].into_iter().flatten().collect();
                prop_assert!(named.iter().all(|scope| !scope.as_str().contains(['*', '?', ' '])));
                prop_assert!(json.len() <= LONGEST_JSON);
                prop_assert!(!json.chars().any(is_unseen));
                prop_assert!(exception.actor.is_some() || exception.target.is_some());
                prop_assert!(exception.detections.iter().all(|id| detect::by_id(id).is_some() && !super::is_own(id)));
                let stored: Map<String, Value> = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(read(&stored, today()), Ok(exception.clone()));
                let words = plan(&[exception], &[]).to_string();
                prop_assert!(words.chars().all(|c| c == '\n' || !is_unseen(c)));
            }
        }
    }

    #[test]
    fn no_name_that_somebody_chose_is_taken_for_another(name in "[A-Za-z0-9+=,.@_-]{1,64}", path in "(/[a-z]{1,8}){0,2}/") {
        let arn = format!("arn:aws:iam::111122223333:role{path}{name}");
        let mut event = key_made("deploy-bot");
        event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = json!(arn);
        let same = arn == "arn:aws:iam::111122223333:role/ci/deploy";
        prop_assert_eq!(suppresses(json!({}), event.clone()), same);
        prop_assert_eq!(suppresses(json!({"actor": "arn:aws:iam::111122223333:role/ci/"}), event), path.starts_with("/ci/"));
    }

    #[test]
    fn hostile_parameters_never_break_a_report(id in any::<String>(), text in prop_oneof![any::<String>(), any_said().prop_map(|said| json!(said).to_string())]) {
        let row = Stored::of(&id, &text, today());
        let words = report(&[(row.clone(), None)], today()) + &plan(&[], &[row]).to_string();
        prop_assert!(words.chars().all(|c| c == '\n' || !is_unseen(c)));
    }
}
