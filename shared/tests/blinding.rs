//! What is said of acts that leave an account seeing less: how loud, in which words, and with which way back.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use iamwatch::config::Config;
use iamwatch::detect::{Context, by_id};
use iamwatch::event::Event;
use iamwatch::finding::{Finding, Severity};
use serde_json::{Value, json};

const BLINDING: [&str; 35] = [
    "access-logs-switched-off",
    "account-safeguard-removed",
    "alarm-deleted-or-muted",
    "bucket-set-to-expire-soon",
    "config-recording-stopped",
    "config-rule-deleted",
    "data-copied-elsewhere",
    "database-or-cluster-made-public",
    "domain-control-changed",
    "encrypted-with-another-accounts-key",
    "event-data-store-weakened",
    "event-rule-stopped",
    "findings-archived",
    "findings-no-longer-delivered",
    "findings-suppressed-by-rule",
    "firewall-removed",
    "function-stopped",
    "guardduty-disabled",
    "guardduty-list-changed",
    "instance-metadata-weakened",
    "limit-raise-requested",
    "log-bucket-taken-away",
    "log-filter-deleted",
    "logs-deleted",
    "model-invocation-logging-stopped",
    "network-joined-to-another-account",
    "network-traffic-mirrored",
    "notification-cut-off",
    "port-opened-to-everyone",
    "recovery-weakened",
    "security-members-detached",
    "security-service-disabled",
    "traffic-logs-deleted",
    "trail-created",
    "trail-insights-switched-off",
];

/// The events of these detections that fire, each with its detection.
fn firing() -> Vec<(&'static str, Value)> {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events");
    let mut samples = Vec::new();
    for id in BLINDING {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(events.join(id)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("fires-")) {
            samples.push((id, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()));
        }
    }
    samples
}

fn said(id: &str, sample: Value) -> Option<Finding> {
    let config = Config::default();
    (by_id(id).unwrap().detect)(&Event::decode(sample), &Context::new(&config))
}

#[test]
#[expect(clippy::too_many_lines, reason = "all of what is said is read in one place")]
fn what_is_said_of_each_event_that_fires() {
    let mut lines = String::new();
    for (id, sample) in firing() {
        let finding = said(id, sample).unwrap();
        writeln!(lines, "{} {} {}", finding.severity, finding.actor.name, finding.act).unwrap();
    }
    insta::assert_snapshot!(lines, @"
    MEDIUM mallory switched off the access logs of bucket acme-orders
    HIGH web-server switched off the access logs of cluster prod
    MEDIUM mallory switched off the access logs of data warehouse dwh
    MEDIUM AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e switched off the access logs of load balancer shop
    MEDIUM root switched off the encryption of new volumes
    MEDIUM bob switched off the encryption of new volumes
    HIGH AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b opened the account's block on public buckets
    HIGH ops took away the account's block on public images
    HIGH backup took away the account's block on public buckets
    MEDIUM mallory opened the serial consoles of all instances
    HIGH backup took away the account's block on public snapshots
    MEDIUM mallory deleted budget monthly-total
    MEDIUM AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e deleted what tells of unusual cost
    MEDIUM backup deleted alarm billing-over-1000 and 1 more
    LOW AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b deleted alarm shop-orders-errors-1A2B
    MEDIUM bob muted alarm RootUse
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b muted alarm orders-5xx and 3 more
    HIGH bob muted alarm security-console-login-without-mfa
    MEDIUM backup made bucket customer-documents-prod delete all objects after a day
    LOW ci-deploy made bucket app-data-prod delete objects under tmp/ after 3 days
    HIGH backup made bucket aws-cloudtrail-logs-111122223333-4f5e6d7c delete all objects after a day
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b made bucket example-audit-archive delete all objects after 30 days
    HIGH web-server made bucket example-central delete objects under org/AWSLogs/ within a day
    HIGH bob deleted AWS Config's delivery channel default
    MEDIUM backup made AWS Config leave out AWS::IAM::User, AWS::IAM::Role, AWS::IAM::Policy and 1 more
    MEDIUM ci-deploy made AWS Config record only AWS::EC2::EIP
    HIGH bob deleted AWS Config's recorder
    HIGH backup stopped AWS Config's recorder default
    MEDIUM ci-deploy deleted aggregator organization of AWS Config
    HIGH backup deleted the organization's rule root-mfa of AWS Config
    MEDIUM bob made AWS Config keep records for 30 days
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b deleted what rule s3-public-read-prohibited of AWS Config found
    MEDIUM bob deleted rule iam-user-no-policies of AWS Config
    HIGH web-server copied a backup from backup vault prod to account 123456789012
    HIGH mallory made bucket acme-orders copy its objects to account 123456789012
    MEDIUM mallory wrote snapshot orders-last into bucket drop-zone
    MEDIUM mallory made rule everything send events to account 123456789012
    MEDIUM bob wrote image ami-0123456789abcdef0 into bucket images-for-later
    MEDIUM AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e made log group /aws/lambda/orders send its logs to account 123456789012
    HIGH mallory made the registry copy its images to account 123456789012
    MEDIUM ci-deploy made cluster prod reachable from the internet
    MEDIUM web-server made data warehouse dwh reachable from the internet
    MEDIUM mallory made database orders-prod reachable from the internet
    LOW AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e made database orders-prod reachable from the internet
    MEDIUM ci-deploy switched off the signing of a zone's DNS answers
    MEDIUM web-server took the transfer lock off domain example.com
    HIGH AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e gave domain example.com other name servers
    HIGH mallory transferred domain example.com to account 123456789012
    HIGH mallory encrypted bucket acme-orders with a key of account 123456789012
    HIGH web-server encrypted all new volumes in us-east-1 with a key of account 123456789012
    HIGH mallory encrypted table orders with a key of account 123456789012
    HIGH backup deleted event data store 0a1b2c3d-1111-4222-8333-44445555aaaa
    HIGH bob stopped event data store 0a1b2c3d-1111-4222-8333-44445555aaaa
    MEDIUM web-server made event data store 0a1b2c3d-1111-4222-8333-44445555aaaa keep events for less than a year
    MEDIUM backup made event data store 0a1b2c3d-1111-4222-8333-44445555aaaa deletable
    HIGH ci-deploy made event data store lake leave out other regions
    MEDIUM ci-deploy deleted rule nightly-import
    LOW AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b deleted rule shop-OrdersRule-1A2B3C
    HIGH backup disabled rule guardduty-to-oncall
    HIGH bob disabled rule findings
    HIGH backup took a target from rule AutoScalingManagedRule
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b disabled rule nightly-import
    MEDIUM bob took a target from rule nightly-import
    MEDIUM backup archived 50 findings
    LOW bob deleted an insight of Security Hub
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b archived a finding
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b suppressed a finding
    HIGH backup stopped GuardDuty's export of findings
    HIGH bob turned GuardDuty's export of findings elsewhere
    HIGH backup made Security Hub take no more findings from aws/guardduty
    LOW AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b stopped Security Hub gathering findings from other regions
    HIGH backup made Access Analyzer hide findings by rule known-partners
    HIGH bob made GuardDuty hide findings by rule noise
    HIGH backup made GuardDuty hide findings by rule noise
    MEDIUM ci-deploy changed what filter noise selects in GuardDuty
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b made Inspector hide findings by rule wont-fix
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b made Macie hide findings by rule test-buckets
    MEDIUM bob made Security Hub hide findings by rule quiet
    LOW bob deleted rule 21ee4be6-2d0a-58ce-a1a3-695825c5b842 of a firewall
    HIGH backup deleted network firewall egress
    MEDIUM ci-deploy deleted rule group block-miners of a firewall
    MEDIUM bob took the web ACL from loadbalancer/app/shop/50dc6c495c0c9188
    MEDIUM backup deleted web ACL shop
    LOW ci-deploy deleted function invoice-render
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b stopped function invoice-render
    HIGH backup stopped function guardduty-responder
    CRITICAL root deleted GuardDuty's detector 12abc34d567e8fa901bc2d34e56789f0
    CRITICAL backup deleted GuardDuty's detector 12abc34d567e8fa901bc2d34e56789f0
    HIGH AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b deleted GuardDuty's detector 12abc34d567e8fa901bc2d34e56789f0
    HIGH ci-deploy made GuardDuty look no longer at S3_DATA_EVENTS, EKS_AUDIT_LOGS of a member account
    HIGH AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b made GuardDuty look no longer at S3_DATA_EVENTS
    CRITICAL bob switched off GuardDuty's detector 12abc34d567e8fa901bc2d34e56789f0
    HIGH backup made GuardDuty trust list offices
    HIGH bob deleted list 2cb0141ab9fbde177613ab9436212e90, which GuardDuty hunted
    HIGH AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b made GuardDuty hunt list 2cb0141ab9fbde177613ab9436212e90 no longer
    MEDIUM ci-deploy made list scanners, for GuardDuty to trust later
    HIGH bob changed list 0cb0141ab9fbde177613ab9436212e90, which GuardDuty trusts
    MEDIUM AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e let new instances in us-east-1 give out credentials without a token
    MEDIUM mallory let instance i-0f3d2c1b0a9e87654 give out credentials without a token
    MEDIUM mallory asked for a higher limit on EC2 in eu-west-3
    MEDIUM ses-smtp asked to send mail to anybody with SES
    MEDIUM web-server asked for a higher limit on SageMaker in us-east-1
    MEDIUM mallory set what text messages may cost a month to 1000 USD
    HIGH AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e deleted log bucket acme-security-audit
    HIGH mallory deleted the policy of log bucket acme-cloudtrail-logs
    HIGH backup deleted subscription filter central of all log groups
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b deleted metric filter errors of log group /aws/lambda/invoice-render
    HIGH backup deleted metric filter RootUse of log group CloudTrail/DefaultLogGroup
    HIGH bob deleted subscription filter to-siem of log group /org/all
    MEDIUM ci-deploy deleted log group /aws/lambda/invoice-render
    MEDIUM web-server made log group /aws/eks/prod/cluster keep its logs for a day
    LOW AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b deleted log group /aws/lambda/shop-orders-4KX2
    HIGH backup deleted log group /aws/vpc/prod-flow-logs
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b deleted a log stream of log group /aws/codebuild/web
    HIGH backup deleted a log stream of log group central
    HIGH backup switched off the logging of model invocations
    HIGH bob made Bedrock log model invocations nowhere
    HIGH backup made Bedrock log no text of model invocations
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b set how Bedrock logs model invocations
    MEDIUM AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e let account 123456789012 peer with network vpc-0f1e2d3c4b5a69788
    MEDIUM mallory asked account 123456789012 to peer with network vpc-0a1b2c3d4e5f60718
    MEDIUM mallory had the traffic of network interface eni-0a1b2c3d4e5f60718 mirrored
    MEDIUM web-server sent the traffic of mirror session tms-0a1b2c3d4e5f60718 to tmt-0ffeeddccbbaa9988
    MEDIUM bob made a subscriber get only some messages of topic security-alerts
    MEDIUM backup took a subscriber from topic security-alerts
    LOW ci-deploy deleted topic orders
    HIGH AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e opened all ports of security group sg-0a1b2c3d4e5f60718 to everyone
    MEDIUM bob opened SSH of security group default to everyone
    MEDIUM ci-deploy opened ports 3000 to 6000 of security group sg-0a1b2c3d4e5f60718 to everyone
    MEDIUM web-server opened remote desktop of security group sg-0a1b2c3d4e5f60718 to everyone
    MEDIUM mallory opened PostgreSQL of security group sg-0a1b2c3d4e5f60718 to everyone
    MEDIUM mallory opened SSH of security group sg-0a1b2c3d4e5f60718 to everyone
    MEDIUM mallory switched off the automated backups of database orders-prod
    MEDIUM mallory switched off the continuous backups of table orders
    MEDIUM mallory deleted database orders-prod without a last copy
    HIGH AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e took the lock off backup vault prod
    MEDIUM mallory deleted backup vault prod
    MEDIUM web-server made bucket acme-orders keep no more versions
    HIGH mallory made bucket acme-cloudtrail-logs keep no more versions
    HIGH backup detached this account from its administrator in GuardDuty
    MEDIUM ci-deploy paused Macie in account 123456789012
    HIGH bob stopped GuardDuty in 2 accounts
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b made GuardDuty take in new accounts no longer
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b took the organization's Inspector from its administrator
    HIGH AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b detached account 123456789012 from this administrator in Security Hub
    HIGH bob deleted Access Analyzer's analyzer account
    HIGH backup deleted Detective's behavior graph
    MEDIUM ci-deploy switched off Inspector for EC2, ECR
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b paused Macie
    HIGH bob switched off Macie
    HIGH backup switched off Security Hub
    MEDIUM AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b switched off cis-aws-foundations-benchmark/v/1.4.0 in Security Hub
    HIGH backup deleted a log of DNS queries
    HIGH backup deleted flow log fl-0a1b2c3d4e5f60718
    HIGH AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b stopped the logs of a network firewall
    MEDIUM AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b stopped logging the DNS queries of vpc-0a1b2c3d4e5f60718
    HIGH bob deleted flow logs fl-0a1b2c3d4e5f60718, fl-1a1b2c3d4e5f60718, fl-2a1b2c3d4e5f60718 and 1 more
    HIGH bob stopped the logs of a web firewall
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b created trail audit-2026
    LOW root created trail organization
    HIGH backup created trail backup, encrypted with another account's key
    MEDIUM bob switched off Insights of event data store 5a1b2c3d-1111-4222-8333-44445555aaaa
    MEDIUM backup switched off Insights of trail main
    LOW AWSReservedSSO_Administrator_1a2b3c4d5e6f7a8b made Insights of trail main leave out rates of errors
    ");
}

#[test]
fn each_way_back_is_a_command_for_the_region_or_the_account_of_the_event() {
    let mut commands: Vec<String> = firing().into_iter().filter_map(|(id, sample)| said(id, sample)?.undo).collect();
    commands.sort();
    commands.dedup();
    for command in &commands {
        assert!(command.contains("--region=us-east-1") || command.contains("--account-id=111122223333"), "{command}");
    }
    let mut calls: Vec<String> =
        commands.iter().map(|command| command.split(' ').skip(1).take(2).collect::<Vec<_>>().join(" ")).collect();
    calls.dedup();
    insta::assert_snapshot!(calls.join("\n"), @"
    accessanalyzer delete-archive-rule
    cloudtrail delete-trail
    cloudtrail restore-event-data-store
    cloudtrail start-event-data-store-ingestion
    cloudwatch enable-alarm-actions
    configservice start-configuration-recorder
    ec2 disable-serial-console-access
    ec2 enable-ebs-encryption-by-default
    ec2 enable-image-block-public-access
    ec2 enable-snapshot-block-public-access
    ec2 modify-instance-metadata-options
    ec2 revoke-security-group-ingress
    events enable-rule
    guardduty delete-filter
    guardduty delete-ip-set
    guardduty update-detector
    lambda delete-function-concurrency
    macie2 enable-macie
    macie2 update-macie-session
    s3api delete-bucket-lifecycle
    s3control put-public-access-block
    securityhub enable-security-hub
    ");
}

#[test]
fn what_cloudformation_does_for_somebody_is_at_most_one_step_quieter_and_never_louder() {
    for (id, mut sample) in firing() {
        let by_hand = said(id, sample.clone()).unwrap();
        sample["detail"]["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
        let deployed = said(id, sample).unwrap();
        assert!(deployed.severity <= by_hand.severity, "{id}: {}", by_hand.act);
        assert!(deployed.severity >= by_hand.severity.lowered(), "{id}: {}", by_hand.act);
    }
}

#[test]
fn what_a_service_does_on_its_own_is_not_told() {
    for (id, mut sample) in firing() {
        sample["detail"]["userIdentity"] = json!({"type": "AWSService", "invokedBy": "guardduty.amazonaws.com"});
        assert_eq!(said(id, sample), None, "{id}");
    }
}

#[test]
fn what_the_caller_says_of_itself_lowers_nothing() {
    for (id, mut sample) in firing() {
        let before = said(id, sample.clone()).unwrap();
        sample["detail"]["userAgent"] = json!("console.amazonaws.com");
        sample["detail"]["sourceIPAddress"] = json!("cloudformation.amazonaws.com");
        if let Some(session) = sample["detail"]["userIdentity"].get_mut("principalId") {
            *session = json!("AROAXTEZVPDTOEXAMPLE:terraform-security-scanner");
        }
        assert_eq!(said(id, sample).unwrap().severity, before.severity, "{id}: {}", before.act);
    }
}

#[test]
fn a_record_without_parameters_is_told_in_whole_sentences_or_not_at_all() {
    for (id, mut sample) in firing() {
        sample["detail"]["requestParameters"] = Value::Null;
        if let Some(finding) = said(id, sample) {
            assert!(!finding.act.contains("  ") && !finding.act.ends_with(' '), "{id}: `{}`", finding.act);
        }
    }
}

#[test]
fn a_trail_moved_by_hand_is_louder_than_one_whose_every_setting_is_sent_along() {
    let detail = |parameters: Value, console: &str| {
        json!({
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "UpdateTrail",
            "recipientAccountId": "111122223333",
            "sessionCredentialFromConsole": console,
            "userAgent": "console.amazonaws.com",
            "requestParameters": parameters,
        })
    };
    let every = json!({"name": "main", "s3BucketName": "example-logs", "isMultiRegionTrail": true});
    let loud = |detail: Value| said("trail-updated", detail).unwrap().severity;
    assert_eq!(loud(detail(every.clone(), "true")), Severity::Medium);
    assert_eq!(loud(detail(every, "")), Severity::High);
    assert_eq!(loud(detail(json!({"name": "main", "kmsKeyId": "alias/own"}), "")), Severity::High);
    assert_eq!(loud(detail(json!({"name": "main", "enableLogFileValidation": true}), "")), Severity::Medium);
}

#[test]
fn a_lifecycle_rule_is_judged_by_what_it_deletes_and_how_soon() {
    let rule = |bucket: &str, rule: Value| {
        let finding = said(
            "bucket-set-to-expire-soon",
            json!({
                "eventSource": "s3.amazonaws.com",
                "eventName": "PutBucketLifecycle",
                "eventTime": "2026-03-11T12:00:00Z",
                "requestParameters": {"bucketName": bucket, "LifecycleConfiguration": {"Rule": rule}},
            }),
        );
        finding.map(|finding| finding.severity)
    };
    let days = |days: u64, filter: Value| json!({"Status": "Enabled", "Filter": filter, "Expiration": {"Days": days}});
    let on = |date: &str| json!({"Status": "Enabled", "Prefix": "", "Expiration": {"Date": date}});
    assert_eq!(rule("data", days(7, json!({"Prefix": ""}))), Some(Severity::Medium));
    assert_eq!(rule("data", days(8, json!({"Prefix": ""}))), None);
    assert_eq!(rule("data", days(1, json!({"Prefix": "*"}))), Some(Severity::Medium));
    assert_eq!(rule("data", days(1, json!({"Prefix": "tmp/"}))), Some(Severity::Low));
    assert_eq!(rule("data", days(1, json!({"Tag": {"Key": "temporary", "Value": "yes"}}))), Some(Severity::Low));
    assert_eq!(rule("data", days(7, json!({"Prefix": "AWSLogs/111122223333/"}))), Some(Severity::High));
    assert_eq!(rule("my-CloudTrail-logs", days(89, json!({}))), Some(Severity::Medium));
    assert_eq!(rule("my-CloudTrail-logs", days(90, json!({}))), None);
    assert_eq!(rule("data", on("2020-01-01T00:00:00Z")), Some(Severity::Medium));
    assert_eq!(rule("data", on("2027-01-01T00:00:00.000Z")), None);
    assert_eq!(rule("data", json!([days(365, json!({})), days(2, json!({}))])), Some(Severity::Medium));
    assert_eq!(rule("data", json!("Enabled")), None);
}
