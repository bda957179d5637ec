//! Records as AWS really sends them, and as it never should.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking"
)]

use iamwatch::event::{Event, Kind, Layer, ToldBy, without_api_date};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[test]
fn the_hash_is_that_of_the_text_as_it_came_and_the_text_with_its_secrets_is_shown_nowhere() {
    let text = r#"{"eventName":"GetSessionToken", "eventSource":"sts.amazonaws.com","responseElements":{"credentials":{"sessionToken":"hidden"}}}"#;
    let event = Event::decode(serde_json::from_str(text).unwrap());
    assert_eq!(event.sha256(), None, "what was not received by a function has none");
    let event = event.received_as(text);
    assert_eq!(event.sha256().as_deref(), Some("52aa51524948d7a49f9fffc5cf1bf4e55bcba2542f267b08e92e2660867f2956"));
    assert!(!format!("{event:?}").contains("hidden"));
}

fn by(identity: Value) -> Event {
    Event::decode(json!({
        "eventID": "e1",
        "eventName": "CreateUser",
        "eventSource": "iam.amazonaws.com",
        "recipientAccountId": "111122223333",
        "userIdentity": identity,
    }))
}

#[test]
fn an_iam_user_is_known_by_its_name_whatever_its_path_or_name() {
    let event = by(json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eng/FooRoot",
        "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}));
    let actor = &event.actor;
    assert_eq!((actor.kind, actor.name.as_str()), (Kind::IamUser, "FooRoot"));
    assert!(!actor.is_root() && actor.long_term_key());
    assert_eq!(actor.principal, "arn:aws:iam::111122223333:user/eng/FooRoot");
}

#[test]
fn a_role_session_is_its_role_and_never_its_session_name() {
    let identity = json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/admin",
        "principalId": "AROAEXAMPLE:admin",
        "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/ci/deploy", "userName": "deploy"}}});
    let actor = by(identity).actor;
    assert_eq!((actor.kind, actor.name.as_str()), (Kind::Role, "deploy"));
    assert_eq!(actor.principal, "arn:aws:iam::111122223333:role/ci/deploy");
    assert_eq!(actor.session.as_deref(), Some("admin"));
    let bare = by(json!({"type": "AssumedRole", "arn": "arn:aws-cn:sts::111122223333:assumed-role/deploy/x"})).actor;
    assert_eq!(bare.principal, "arn:aws-cn:iam::111122223333:role/deploy");
}

#[test]
fn the_human_is_named_by_the_most_trustworthy_field() {
    let sso = json!({"type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@example.com"});
    let human = by(sso).actor.human.unwrap();
    assert_eq!((human.name.as_str(), human.told_by), ("alice@example.com", ToldBy::IdentityCenter));

    let role = |session: &str, context: Value| {
        by(json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/deploy/{session}"),
            "sessionContext": context}))
        .actor
        .human
        .map(|human| (human.name, human.told_by))
    };
    let said = json!({"sourceIdentity": "bob"});
    assert_eq!(role("mallory@example.com", said), Some(("bob".to_owned(), ToldBy::SourceIdentity)));
    let address = "mallory@example.com".to_owned();
    assert_eq!(role("mallory@example.com", json!({})), Some((address, ToldBy::SessionName)));
    assert_eq!(role("botocore-session-1700000000", json!({})), None, "a tool's session name is no human");

    let propagated = json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "906-x"}});
    assert_eq!(by(propagated).actor.name, "906-x");
}

#[test]
fn services_other_accounts_and_federated_users_are_told_apart() {
    let kinds = [
        (json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}), Kind::Service),
        (json!({"type": "AWSAccount", "accountId": "123456789012"}), Kind::OtherAccount),
        (json!({"type": "WebIdentityUser", "userName": "repo:example/app:ref:refs/heads/main"}), Kind::WebIdentity),
        (json!({"type": "SAMLUser"}), Kind::SamlUser),
        (json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/bob"}), Kind::FederatedUser),
        (json!({"type": "Directory"}), Kind::Unknown),
        (json!({}), Kind::Unknown),
        (json!(null), Kind::Unknown),
    ];
    for (identity, kind) in kinds {
        assert_eq!(by(identity.clone()).actor.kind, kind, "{identity}");
    }
    let service_event = json!({"eventName": "x", "eventSource": "s3.amazonaws.com", "eventType": "AwsServiceEvent",
        "userIdentity": {"accountId": "111122223333", "invokedBy": "s3.amazonaws.com"}});
    assert_eq!(Event::decode(service_event).actor.kind, Kind::Service);
}

#[test]
fn the_consoles_sign_in_is_a_person_and_not_a_service() {
    let root = by(json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "userName": "acme-prod",
        "invokedBy": "signin.amazonaws.com", "sessionContext": {"sessionIssuer": {}}}));
    assert_eq!(root.actor.kind, Kind::Root);
    assert!(!root.actor.is_service());
    assert_eq!(root.actor.name, "root", "the account's alias is not the name of root");
    let service = by(json!({"type": "Root", "invokedBy": "backup.amazonaws.com"}));
    assert!(service.actor.is_service());
}

#[test]
fn a_central_root_session_is_told_from_root_in_the_console() {
    let session = json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}});
    assert_eq!(by(session.clone()).actor.kind, Kind::CentralRoot);
    let mut console =
        json!({"eventName": "x", "eventSource": "s3.amazonaws.com", "sessionCredentialFromConsole": "true"});
    console["userIdentity"] = session;
    assert_eq!(Event::decode(console).actor.kind, Kind::Root);
}

#[test]
fn an_instance_is_known_by_its_session_and_a_look_alike_is_not() {
    let session = |name: &str| {
        by(json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/web/{name}")})).actor
    };
    assert!(session("i-0123456789abcdef0").is_instance());
    assert!(!session("i-am-not-an-instance").is_instance());
}

#[test]
fn empty_null_and_null_as_text_mean_nothing() {
    let event = Event::decode(json!({"eventName": "X", "eventSource": "iam.amazonaws.com", "errorCode": "",
        "errorMessage": "null", "requestParameters": null, "userIdentity": {"type": "IAMUser", "arn": "", "accessKeyId": ""}}));
    assert_eq!((&event.error_code, &event.error_message, &event.actor.access_key), (&None, &None, &None));
    assert!(event.succeeded() && event.fault().is_none());
}

#[test]
fn the_target_of_a_key_for_oneself_is_the_actor_and_the_new_key_is_not_the_actors() {
    let event = Event::decode(json!({"eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com",
        "requestParameters": null,
        "responseElements": {"accessKey": {"accessKeyId": "AKIAI44QH8DHBEXAMPLE", "userName": "bob"}},
        "userIdentity": {"type": "IAMUser", "userName": "bob", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}}));
    assert_eq!(event.target().to_string(), "user bob");
    assert_eq!(event.response("accessKey.accessKeyId"), Some("AKIAI44QH8DHBEXAMPLE"));
    assert_eq!(event.actor.access_key.as_deref(), Some("AKIAIOSFODNN7EXAMPLE"));
}

#[test]
fn a_denial_says_what_was_denied_where_and_by_which_layer() {
    let denied = |code: &str, message: &str| {
        Event::decode(json!({"eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com", "errorCode": code,
            "errorMessage": message, "requestParameters": null}))
    };
    let event = denied(
        "AccessDenied",
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: iam:CreateAccessKey on resource: \
         user deploy-bot with an explicit deny in a service control policy",
    );
    let denial = event.denial().unwrap();
    assert_eq!((denial.action.as_str(), denial.layer), ("iam:CreateAccessKey", Some(Layer::ServiceControlPolicy)));
    let event = denied(
        "AccessDenied",
        "User: x is not authorized to perform: iam:CreateAccessKey on resource: arn:aws:iam::111122223333:user/eng/bob \
         because no identity-based policy allows the iam:CreateAccessKey action",
    );
    assert_eq!(event.target().to_string(), "user bob");
    assert_eq!(denied("Client.UnauthorizedOperation", "").denial().unwrap().action, "iam:CreateAccessKey");
    for other in ["Client.DryRunOperation", "ThrottlingException", "NoSuchEntityException", "NotAuthorizedException"] {
        assert_eq!(denied(other, "").denial(), None, "{other}");
    }
}

#[test]
fn api_dates_are_no_part_of_a_calls_name() {
    let bare = [
        ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
        ("ListFunctions20150331", "ListFunctions"),
        ("CreateFunction2020_05_31", "CreateFunction"),
        ("CreateUser", "CreateUser"),
        ("GetObjectV2", "GetObjectV2"),
        ("CreateEC2", "CreateEC2"),
    ];
    for (name, call) in bare {
        assert_eq!(without_api_date(name), call);
    }
}

#[test]
fn what_cannot_be_read_says_why_and_is_told_once() {
    let fault = |value: Value| Event::decode(value).fault().map(str::to_owned);
    assert_eq!(fault(json!("text")).unwrap(), "the record is a string, not an object");
    assert_eq!(fault(json!({"eventSource": "x"})).unwrap(), "the record has no `eventName`");
    assert_eq!(fault(json!({"eventName": 7, "eventSource": "x"})).unwrap(), "`eventName` is a number, not a string");
    let list = json!({"eventName": "x", "eventSource": "y", "userIdentity": []});
    assert_eq!(fault(list).unwrap(), "`userIdentity` is a list, not an object");
    assert_eq!(fault(json!({"insightDetails": {}})), None, "an Insights event has no name and is no fault");
    assert_eq!(Event::decode(json!({"a": 1})).id, Event::decode(json!({"a": 1})).id);
    assert_ne!(Event::decode(json!({"a": 1})).id, Event::decode(json!({"a": 2})).id);
}

#[test]
fn an_envelope_lends_what_its_record_lacks() {
    let event = Event::decode(json!({"detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
        "region": "us-east-1", "id": "envelope", "detail": {"eventName": "X", "eventSource": "y.amazonaws.com"}}));
    assert_eq!(
        (event.account.as_str(), event.region.as_str(), event.id.as_str()),
        ("111122223333", "us-east-1", "envelope")
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("null")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_in_any_field_is_read_without_panic(values in prop::collection::vec(any_json(), 13)) {
        let fields = ["userIdentity", "eventName", "eventSource", "eventTime", "requestParameters", "responseElements",
            "errorCode", "errorMessage", "sourceIPAddress", "userAgent", "additionalEventData", "eventID", "readOnly"];
        let record: Map<String, Value> = fields.iter().map(|field| (*field).to_owned()).zip(values).collect();
        let event = Event::decode(Value::Object(record));
        let _ = (event.target(), event.denial(), event.succeeded(), event.read_only(), event.parameters_omitted());
    }

    #[test]
    fn any_text_in_an_identity_is_read_without_panic(arn in ".{0,60}", kind in "Root|IAMUser|AssumedRole|FederatedUser") {
        let event = by(json!({"type": kind, "arn": arn, "principalId": arn, "accessKeyId": arn}));
        let _ = (event.actor.is_instance(), event.target());
    }
}
