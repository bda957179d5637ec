//! What is said of resources opened to others: how loud, in which words, and with which way back.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use iamwatch::config::Config;
use iamwatch::detect::{Context, by_id, look};
use iamwatch::event::Event;
use iamwatch::finding::{Finding, Severity};
use iamwatch::watcher::Watcher;
use serde_json::{Value, json};

const DETECTIONS: [&str; 16] = [
    "resource-opened-to-everyone",
    "resource-opened-to-another-account",
    "resource-policy-unreadable",
    "function-url-opened-to-everyone",
    "snapshot-shared-outside",
    "document-shared-outside",
    "public-access-block-removed",
    "key-policy-changed",
    "key-put-out-of-use",
    "key-material-changed",
    "key-granted-to-another-account",
    "database-sign-in-changed",
    "resource-share-changed",
    "vpc-endpoint-changed",
    "image-scanning-switched-off",
    "secret-updated",
];

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events")
}

fn sample(name: &str) -> Value {
    let path = events().join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn said(sample: Value, config: &Config) -> Option<Finding> {
    look(Watcher::Guardrails, &Event::decode(sample), &Context::new(config))
}

fn names_that_fire(detection: &str) -> Vec<String> {
    let entries = fs::read_dir(events().join(detection)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("fires-")).collect();
    names.sort();
    names.iter().map(|name| format!("{detection}/{}", name.trim_end_matches(".json"))).collect()
}

#[test]
fn what_is_said_of_each_event_that_fires() {
    let mut lines = String::new();
    for name in DETECTIONS.iter().flat_map(|detection| names_that_fire(detection)) {
        let detection = by_id(name.split('/').next().unwrap()).unwrap();
        let config = Config::default();
        let finding = (detection.detect)(&Event::decode(sample(&name)), &Context::new(&config)).unwrap();
        writeln!(lines, "{} {} {}", finding.severity, finding.actor.name, finding.act).unwrap();
    }
    insta::assert_snapshot!(lines, @"
    HIGH bob let everyone list bucket example-reports
    CRITICAL ops let everyone write to and delete from bucket example-drop
    HIGH alice let everyone read bucket example-app-assets
    CRITICAL deploy-pipeline let everyone read and write to bucket example-uploads
    HIGH alice let everyone send to event bus orders
    HIGH mallory let everyone use file system fs-0a1b2c3d4e5f60718
    HIGH alice let everyone invoke function hook
    CRITICAL alice let everyone decrypt with key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    HIGH carol let everyone use layer common
    HIGH app let everyone encrypt with key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    HIGH deploy-pipeline let everyone administer queue jobs, under a condition
    CRITICAL ci let everyone pull from and push to repository team/app
    MEDIUM alice let everyone from 203.0.113.9/32 administer domain search
    MEDIUM deploy-pipeline let everyone administer domain logs
    CRITICAL bob let everyone read secret prod/db-AbCdEf
    HIGH alice let everyone subscribe to and publish to topic orders
    HIGH bob let everyone read vault archive-2019
    HIGH bob let another account administer bucket example-reports
    LOW deploy-pipeline let organization o-exampleorgid read bucket example-shared
    HIGH bob let account 123456789012 administer bucket example-backups
    HIGH alice let account 123456789012 read and list bucket example-backups
    HIGH bob let account 123456789012 administer function payments
    HIGH bob let account 123456789012 invoke function payments
    HIGH ops let account 123456789012 decrypt with key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    MEDIUM alice let account 123456789012 send to queue jobs
    HIGH app let account 123456789012 read table customers
    MEDIUM alice let account 123456789012 subscribe to and publish to topic orders
    MEDIUM ops wrote a policy for domain search that cannot be read
    HIGH bob called PutBucketPolicy with more than the log takes
    HIGH ops made the URL of function payments ask nobody who they are
    HIGH alice gave function hook a URL that asks nobody who they are
    CRITICAL bob shared cluster snapshot orders-final with everyone
    HIGH mallory shared data warehouse snapshot dwh-last with account 123456789012
    HIGH alice shared database snapshot customers-2026-03 with account 123456789012
    HIGH alice shared snapshot snap-0a1b2c3d4e5f60718 with account 123456789012
    CRITICAL ops shared snapshot snap-0f1e2d3c4b5a69788 with everyone
    LOW AWSBackupDefaultServiceRole shared cluster snapshot awsbackup:job-1 with account 123456789012
    LOW image-builder shared image ami-0fedcba9876543210 with organization o-exampleorgid
    HIGH bob shared image ami-0123456789abcdef0 with everyone
    MEDIUM ops shared document patch-hosts with account 123456789012
    HIGH alice shared document bootstrap with everyone
    MEDIUM alice removed the block on public access of bucket example-app-assets
    LOW deploy-pipeline removed the block on public access of bucket example-site
    MEDIUM ops weakened the block on public access of bucket example-app-assets
    MEDIUM bob left the account out of key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab's policy
    LOW deploy-pipeline wrote the policy of key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    HIGH bob left the account out of key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab's policy
    HIGH bob scheduled key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab for deletion
    LOW deploy-pipeline scheduled key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab for deletion
    MEDIUM alice disabled key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    HIGH ops deleted the imported material of key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    MEDIUM bob imported material that expires into key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    LOW alice switched the rotation of key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab off
    HIGH bob granted account 123456789012 the use of key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    MEDIUM ops granted account 123456789012 the use of key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    MEDIUM alice switched signing in to database cluster orders with IAM off
    MEDIUM bob set a new master password for database customers
    HIGH ops set a new master password for database customers
    HIGH alice let account 123456789012 into resource share network
    LOW alice let Resource Access Manager share with the whole organization
    HIGH ops let account 123456789012 into resource share 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab
    LOW deploy-pipeline let organizational unit ou-ab12-abcdefgh into resource share transit
    MEDIUM alice let everything through VPC endpoint vpce-0a1b2c3d4e5f60718
    MEDIUM alice let everything through VPC endpoint vpce-0a1b2c3d4e5f60718
    MEDIUM bob made an endpoint in vpc-0a1b2c3d4e5f60718 to a service of another account
    LOW deploy-pipeline made an endpoint in vpc-0a1b2c3d4e5f60718 to com.amazonaws.us-east-1.s3
    LOW bob switched the scanning of images in repository team/app off
    LOW ci switched the scanning of images in repository base off
    HIGH bob had secret prod/db-AbCdEf encrypted with a key of account 123456789012
    LOW alice updated secret prod/db
    LOW deploy-pipeline updated secret prod/db-AbCdEf
    ");
}

#[test]
fn the_ways_back() {
    let mut lines = String::new();
    for name in DETECTIONS.iter().flat_map(|detection| names_that_fire(detection)) {
        if let Some(undo) = said(sample(&name), &Config::default()).and_then(|finding| finding.undo) {
            writeln!(lines, "{undo}").unwrap();
        }
    }
    insta::assert_snapshot!(lines, @"
    aws s3api put-public-access-block --bucket=example-reports --public-access-block-configuration=BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws s3api put-public-access-block --bucket=example-drop --public-access-block-configuration=BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws s3api put-public-access-block --bucket=example-app-assets --public-access-block-configuration=BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws s3api put-public-access-block --bucket=example-uploads --public-access-block-configuration=BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws lambda remove-permission --function-name=hook --statement-id=FunctionURLAllowPublicAccess --region=us-east-1
    aws lambda remove-permission --function-name=arn:aws:lambda:us-east-1:111122223333:function:payments --statement-id=backdoor --region=us-east-1
    aws lambda remove-permission --function-name=payments --statement-id=tick --region=us-east-1
    aws sns remove-permission --topic-arn=arn:aws:sns:us-east-1:111122223333:orders --label=partner --region=us-east-1
    aws lambda delete-function-url-config --function-name=hook --region=us-east-1
    aws rds modify-db-cluster-snapshot-attribute --db-cluster-snapshot-identifier=orders-final --attribute-name=restore --values-to-remove all --region=us-east-1
    aws rds modify-db-snapshot-attribute --db-snapshot-identifier=customers-2026-03 --attribute-name=restore --values-to-remove 123456789012 --region=us-east-1
    aws ec2 modify-snapshot-attribute --snapshot-id=snap-0a1b2c3d4e5f60718 --attribute=createVolumePermission --operation-type=remove --user-ids 123456789012 --region=us-east-1
    aws ec2 modify-snapshot-attribute --snapshot-id=snap-0f1e2d3c4b5a69788 --attribute=createVolumePermission --operation-type=remove --group-names=all --region=eu-west-1
    aws ec2 modify-image-attribute --image-id=ami-0123456789abcdef0 --attribute=launchPermission --operation-type=remove --user-groups=all --region=us-east-1
    aws ssm modify-document-permission --name=patch-hosts --permission-type=Share --account-ids-to-remove 123456789012 --region=us-east-1
    aws ssm modify-document-permission --name=bootstrap --permission-type=Share --account-ids-to-remove all --region=us-east-1
    aws s3api put-public-access-block --bucket=example-app-assets --public-access-block-configuration=BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws s3api put-public-access-block --bucket=example-site --public-access-block-configuration=BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws s3api put-public-access-block --bucket=example-app-assets --public-access-block-configuration=BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws kms cancel-key-deletion --key-id=1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --region=us-east-1 && aws kms enable-key --key-id=1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --region=us-east-1
    aws kms cancel-key-deletion --key-id=1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --region=us-east-1 && aws kms enable-key --key-id=1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --region=us-east-1
    aws kms enable-key --key-id=arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --region=us-east-1
    aws kms enable-key-rotation --key-id=1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --region=us-east-1
    aws kms revoke-grant --key-id=arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --grant-id=0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60 --region=us-east-1
    aws kms revoke-grant --key-id=1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --grant-id=1d348587c4af9cd55f56323f19509fcf4262416141837d16a1ee9e4fa04e7b71 --region=us-east-1
    aws ram disassociate-resource-share --resource-share-arn=arn:aws:ram:us-east-1:111122223333:resource-share/1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --principals 123456789012 --region=us-east-1
    aws ram disassociate-resource-share --resource-share-arn=arn:aws:ram:us-east-1:111122223333:resource-share/1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab --principals 123456789012 --region=us-east-1
    aws ecr put-image-scanning-configuration --repository-name=team/app --image-scanning-configuration=scanOnPush=true --region=us-east-1
    aws ecr put-image-scanning-configuration --repository-name=base --image-scanning-configuration=scanOnPush=true --region=us-east-1
    ");
}

#[test]
fn what_the_reader_needs_to_judge_it() {
    let mut lines = String::new();
    for name in [
        "resource-opened-to-everyone/fires-bucket-to-write-to-behind-a-referer",
        "resource-opened-to-everyone/fires-queue-under-a-tag-that-anyone-can-have",
        "resource-opened-to-everyone/fires-key-that-decrypts-for-anyone",
        "resource-opened-to-another-account/fires-function-through-a-rule-of-the-other-account",
        "snapshot-shared-outside/fires-database-with-two-accounts",
        "key-put-out-of-use/fires-deletion-in-seven-days",
        "vpc-endpoint-changed/fires-policy-opened",
    ] {
        let finding = said(sample(name), &Config::default()).unwrap();
        writeln!(lines, "{} {}, also {:?}", finding.severity, finding.act, finding.also).unwrap();
        for fact in finding.evidence {
            writeln!(lines, "    {}: {}", fact.label, fact.value).unwrap();
        }
    }
    insta::assert_snapshot!(lines, @r#"
    CRITICAL let everyone read and write to bucket example-uploads, also []
        Lets in: everyone may read and write to it, by statement 1, if aws:Referer (StringLike: https://www.example.com/*)
        Says: allow s3:GetObject, s3:PutObject on arn:aws:s3:::example-uploads/* if aws:Referer
    HIGH let everyone administer queue jobs, under a condition, also []
        Lets in: everyone may administer it, by statement 1, under a condition that names nobody, if aws:PrincipalTag/team (StringEquals: jobs)
        Says: allow sqs:* on arn:aws:sqs:us-east-1:111122223333:jobs if aws:PrincipalTag/team
    CRITICAL let everyone decrypt with key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab, also ["key-policy-changed"]
        Lets in: everyone may decrypt with it, by statement 2 "Support"
        Says: allow kms:Decrypt, kms:DescribeKey on *
    HIGH let account 123456789012 invoke function payments, also []
        Lets in: events.amazonaws.com for account 123456789012 may invoke it, if aws:SourceArn (ArnLike: arn:aws:events:us-east-1:123456789012:rule/tick)
        Says: allow lambda:InvokeFunction on * if aws:SourceArn
    HIGH shared database snapshot customers-2026-03 with account 123456789012, also []
        Shared with: 123456789012
    HIGH scheduled key 1a2b3c4d-5e6f-4a1b-8c2d-0123456789ab for deletion, also []
        Deleted for good: Mar 24, 2026, 12:00:00 AM
    MEDIUM let everything through VPC endpoint vpce-0a1b2c3d4e5f60718, also []
        Policy: allow * on *
    "#);
}

#[test]
fn an_account_that_has_a_name_is_for_the_record() {
    let named =
        Config { account_names: [("123456789012".to_owned(), "backup".to_owned())].into(), ..Config::default() };
    for name in [
        "resource-opened-to-another-account/fires-bucket",
        "resource-opened-to-another-account/fires-bucket-through-a-condition",
        "resource-opened-to-another-account/fires-function-through-a-rule-of-the-other-account",
        "snapshot-shared-outside/fires-disk-with-a-stranger",
        "document-shared-outside/fires-a-stranger",
        "key-granted-to-another-account/fires-decryption",
        "resource-share-changed/fires-stranger-added",
        "secret-updated/fires-key-of-a-stranger",
    ] {
        let stranger = said(sample(name), &Config::default()).unwrap();
        let finding = said(sample(name), &named).unwrap();
        assert!(stranger.severity >= Severity::Medium && finding.severity == Severity::Low, "{name}");
        assert!(finding.act.contains("account backup"), "{}", finding.act);
    }
}

#[test]
fn a_stranger_among_accounts_that_have_names_is_not_hidden_by_them() {
    let mut event = sample("snapshot-shared-outside/fires-disk-with-a-stranger");
    let items = json!([{"userId": "210987654321"}, {"userId": "123456789012"}]);
    event["detail"]["requestParameters"]["createVolumePermission"]["add"]["items"] = items;
    let named =
        Config { account_names: [("210987654321".to_owned(), "backup".to_owned())].into(), ..Config::default() };
    let finding = said(event, &named).unwrap();
    assert_eq!((finding.severity, finding.act.contains("123456789012")), (Severity::High, true), "{}", finding.act);
}

#[test]
fn no_command_is_given_for_a_name_that_a_shell_would_read() {
    for (name, parameter) in [
        ("resource-opened-to-everyone/fires-bucket-of-a-website", "bucketName"),
        ("resource-opened-to-everyone/fires-function-for-anyone", "statementId"),
        ("document-shared-outside/fires-everybody", "name"),
        ("key-put-out-of-use/fires-disabled-in-the-console", "keyId"),
        ("image-scanning-switched-off/fires-by-a-person", "repositoryName"),
    ] {
        let mut event = sample(name);
        event["detail"]["requestParameters"][parameter] = json!("a; rm -rf ~");
        assert_eq!(said(event, &Config::default()).unwrap().undo, None, "{name}");
    }
}

#[test]
fn the_policy_of_a_bucket_is_read_as_an_object_and_as_text() {
    let name = "resource-opened-to-everyone/fires-bucket-of-a-website";
    let mut event = sample(name);
    let policy = &mut event["detail"]["requestParameters"]["bucketPolicy"];
    *policy = json!(policy.to_string());
    let asked = |event| said(event, &Config::default()).unwrap().act;
    assert_eq!(asked(event), asked(sample(name)));
}
