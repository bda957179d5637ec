use iamwatch::finding::Severity;

use super::*;

fn check() -> Check {
    Check { files: Vec::new(), format: Form::Text, fail_on: Severity::High, account: None, known: Vec::new() }
}

fn said(text: &str) -> String {
    let findings = check().judge("file", text).unwrap();
    let mut out = Vec::new();
    print::text(&mut out, &findings, 1).unwrap();
    String::from_utf8(out).unwrap()
}

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"},
    {
      "Sid": "Deploy",
      "Effect": "Allow",
      "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
      "Resource": "*"
    }
  ]
}"#;

const TEMPLATE: &str = "
Resources:
  Deploy:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {Federated: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com'}
            Action: sts:AssumeRoleWithWebIdentity
      ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/IAMFullAccess']
      Policies:
        - PolicyName: keys
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - Effect: Allow
                Action: iam:CreateAccessKey
                Resource: !Sub arn:aws:iam::${AWS::AccountId}:user/${!aws:username}
              - Effect: Allow
                Action: iam:PutUserPolicy
                Resource: !If [All, '*', !GetAtt User.Arn]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - AdministratorAccess
        - S3ReadPolicy: {BucketName: !Ref Bucket}
        - Statement: {Effect: Allow, Action: 'sts:AssumeRole', Resource: {'Fn::Join': [':', ['arn:aws:iam:', !Ref 'AWS::AccountId', 'role/*']]}}
  Bucket:
    Type: AWS::S3::BucketPolicy
    Properties: {PolicyDocument: {Statement: {Effect: Allow, Principal: '*', Action: '*', Resource: '*'}}}
";

const RESOURCES: &str = "
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'kms:*', Resource: '*'}
          - {Effect: Allow, Principal: '*', Action: 'kms:Decrypt', Resource: '*', Condition: {StringEquals: {'kms:ViaService': s3.us-east-1.amazonaws.com}}}
  Queue:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Jobs]
      PolicyDocument:
        Statement: {Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'sqs:SendMessage', Resource: !GetAtt Jobs.Arn}
  Topic:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref News]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: '*', Action: 'sns:Publish', Resource: !Ref News, Condition: {StringEquals: {'AWS:SourceOwner': !Ref 'AWS::AccountId'}}}
          - {Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: 'sns:Publish', Resource: !Ref News}
  Secret:
    Type: AWS::SecretsManager::ResourcePolicy
    Properties:
      SecretId: !Ref Db
      ResourcePolicy: {Statement: {Effect: Allow, Principal: '*', Action: 'secretsmanager:*', Resource: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': !Ref Organization}}}}
  Hook:
    Type: AWS::Lambda::Permission
    Properties: {Action: 'lambda:InvokeFunctionUrl', FunctionName: !Ref App, Principal: '*', FunctionUrlAuthType: NONE}
";

#[test]
fn a_policy_is_judged_with_the_lines_of_its_statements() {
    insta::assert_snapshot!(said(POLICY), @r#"
    file:5: HIGH escalation (PE-087): its holder can make and invoke a function with a strong role: iam:PassRole on * + lambda:CreateFunction + lambda:InvokeFunction, by statement 2 "Deploy"
    file:5: MEDIUM pass-any-role: its holder can pass any role to any service: iam:PassRole, by statement 2 "Deploy"
    2 findings in 1 file: 1 HIGH, 1 MEDIUM
    "#);
}

#[test]
fn a_template_is_judged_with_its_functions_worked_out() {
    insta::assert_snapshot!(said(TEMPLATE), @"
    file:8: CRITICAL oidc-without-sub: Deploy.AssumeRolePolicyDocument: trusts arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com, without a condition on `sub`: anybody in the world can get such a token
    file:11: CRITICAL iam-administrator (PE-001): Deploy.ManagedPolicyArns: allows every action of IAM, and so to take every other right, by arn:aws:iam::aws:policy/IAMFullAccess
    file:20: HIGH escalation (PE-018): Deploy.Policies: its holder can write an inline policy into oneself: iam:PutUserPolicy on *, by statement 2
    file:27: CRITICAL administrator: Function.Policies: allows every action on every resource, by arn:aws:iam::aws:policy/AdministratorAccess
    file:29: HIGH escalation (PE-038): Function.Policies: its holder can assume any role that trusts the account: sts:AssumeRole on arn:aws:iam::${AWS::AccountId}:role/*, by statement 1
    file:32: CRITICAL open-to-everyone: Bucket.PolicyDocument: lets everyone administer it: *
    6 findings in 1 file: 4 CRITICAL, 2 HIGH
    ");
}

#[test]
fn a_managed_policy_of_awss_is_judged_by_the_list_of_them() {
    let template = "
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Policies: [AWSLambda_FullAccess, AmazonS3ReadOnlyAccess, AWSXRayDaemonWriteAccess, AmazonMadeLaterFullAccess]
";
    insta::assert_snapshot!(said(template), @r"
    file:6: HIGH escalation (PE-084): Function.Policies: its holder can make a function with a strong role and let oneself invoke it (also PE-085, PE-087, PE-112, PE-115, PE-113, PE-114), by arn:aws:iam::aws:policy/AWSLambda_FullAccess
    file:6: MEDIUM exposure: Function.Policies: its holder can read every object in every bucket, by arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess
    2 findings in 1 file: 1 HIGH, 1 MEDIUM
    ");
}

#[test]
fn a_plan_is_judged_in_all_its_modules() {
    let plan = serde_json::json!({
        "planned_values": {"root_module": {
            "resources": [{"address": "aws_iam_role.ci", "type": "aws_iam_role", "values": {
                "name": "ci",
                "assume_role_policy": "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}}",
            }}],
            "child_modules": [{"resources": [
                {"address": "module.a.aws_iam_policy.p", "type": "aws_iam_policy", "values": {
                    "policy": "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}",
                }},
                {"address": "module.a.aws_iam_role_policy_attachment.b", "type": "aws_iam_role_policy_attachment", "values": {
                    "policy_arn": "arn:aws:iam::aws:policy/PowerUserAccess",
                }},
                {"address": "module.a.aws_iam_user_policy.c", "type": "aws_iam_user_policy", "values": {}},
            ]}],
        }},
        "resource_changes": [
            {"address": "module.a.aws_iam_user_policy.c", "type": "aws_iam_user_policy", "change": {"after_unknown": {"policy": true}}},
        ],
    });
    insta::assert_snapshot!(said(&plan.to_string()), @r"
    file: CRITICAL public: aws_iam_role.ci.assume_role_policy: trusts everyone, without a condition: every AWS account in the world
    file: CRITICAL administrator: module.a.aws_iam_policy.p.policy: allows every action on every resource, by statement 1
    file: HIGH power-user: module.a.aws_iam_role_policy_attachment.b.policy_arn: allows nearly every action outside IAM, by arn:aws:iam::aws:policy/PowerUserAccess
    file: LOW unknown: module.a.aws_iam_user_policy.c.policy: is not known before the plan is applied, and cannot be judged
    4 findings in 1 file: 2 CRITICAL, 1 HIGH, 1 LOW
    ");
}

#[test]
fn a_trust_policy_is_recognised_by_its_principal_and_the_account_is_asked_for() {
    let trust = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}}"#;
    let verdicts = |check: &Check| -> Vec<&'static str> {
        check.judge("file", trust).unwrap().iter().map(|finding| finding.verdict).collect()
    };
    assert_eq!(verdicts(&check()), ["account-without-external-id"]);
    assert!(verdicts(&Check { account: Some("123456789012".to_owned()), ..check() }).is_empty());
    assert!(verdicts(&Check { known: vec!["123456789012".to_owned()], ..check() }).is_empty());
}

#[test]
fn a_policy_is_read_in_the_forms_that_iam_answers() {
    let plain = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let encoded = plain.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
    let answer = format!(r#"{{"PolicyVersion": {{"Document": {plain}, "VersionId": "v1"}}}}"#);
    for text in [plain, &encoded, &serde_json::Value::from(plain).to_string(), &answer] {
        let verdicts: Vec<_> = check().judge("file", text).unwrap().iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, ["administrator"], "{text}");
    }
}

#[test]
fn policies_of_resources_are_judged_by_whom_they_let_in() {
    let bucket = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::app/*"}}"#;
    insta::assert_snapshot!(said(bucket), @"
    file:1: HIGH open-to-everyone: lets everyone read it: s3:GetObject
    1 finding in 1 file: 1 HIGH
    ");
    insta::assert_snapshot!(said(RESOURCES), @"
    file:9: HIGH open-to-everyone-if: Key.KeyPolicy: lets everyone decrypt with it: kms:Decrypt, under a condition that names nobody, if kms:ViaService (StringEquals: s3.us-east-1.amazonaws.com)
    file:15: MEDIUM open-to-account: Queue.PolicyDocument: lets account 123456789012 send to it: sqs:SendMessage
    file:23: LOW service-without-source: Topic.PolicyDocument: lets s3.amazonaws.com publish to it: sns:Publish, without a condition on whose work it does, such as `aws:SourceAccount`
    file:28: LOW open-to-organization: Secret.ResourcePolicy: lets organization ${Organization} administer it: secretsmanager:*, if aws:PrincipalOrgID (StringEquals: ${Organization})
    file:31: HIGH open-to-everyone: Hook: lets everyone invoke it: lambda:InvokeFunctionUrl, if lambda:FunctionUrlAuthType (StringEquals: NONE)
    5 findings in 1 file: 2 HIGH, 1 MEDIUM, 2 LOW
    ");
}

#[test]
fn policies_of_resources_in_a_plan_are_judged() {
    let open = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
    let plan = serde_json::json!({
        "planned_values": {"root_module": {"resources": [
            {"address": "aws_kms_key.open", "type": "aws_kms_key", "values": {"policy": open}},
            {"address": "aws_kms_key.default", "type": "aws_kms_key", "values": {}},
            {"address": "aws_sqs_queue.default", "type": "aws_sqs_queue", "values": {"policy": ""}},
            {"address": "aws_lambda_permission.api", "type": "aws_lambda_permission", "values": {
                "principal": "apigateway.amazonaws.com", "action": "lambda:InvokeFunction", "function_name": "app",
                "source_arn": "arn:aws:execute-api:us-east-1:123456789012:abc/*",
            }},
        ]}},
        "resource_changes": [
            {"address": "aws_kms_key.default", "type": "aws_kms_key", "change": {"after_unknown": {"policy": true}}},
            {"address": "aws_s3_bucket_policy.a", "type": "aws_s3_bucket_policy", "change": {"after_unknown": {"policy": true}}},
        ],
    });
    insta::assert_snapshot!(said(&plan.to_string()), @"
    file: CRITICAL open-to-everyone: aws_kms_key.open.policy: lets everyone administer it: kms:*
    file: HIGH open-to-account: aws_lambda_permission.api.principal: lets apigateway.amazonaws.com for account 123456789012 invoke it: lambda:InvokeFunction, if aws:SourceArn (ArnLike: arn:aws:execute-api:us-east-1:123456789012:abc/*)
    file: LOW unknown: aws_s3_bucket_policy.a.policy: is not known before the plan is applied, and cannot be judged
    3 findings in 1 file: 1 CRITICAL, 1 HIGH, 1 LOW
    ");
}

#[test]
fn what_cannot_be_read_is_said() {
    let error = |text: &str| check().judge("file", text).unwrap_err();
    assert_eq!(error("{\"Statement\": "), "it is no JSON: EOF while parsing a value at line 1 column 14");
    assert_eq!(error("hello"), "it is no policy, no `CloudFormation` template and no Terraform plan");
    assert!(error("a: [").starts_with("it is neither JSON nor YAML: "));
    assert_eq!(
        said(r#"{"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}"#),
        "file:1: HIGH unreadable: cannot be read: statement 1: `Effect` is `allow`, not `Allow` or `Deny`\n1 finding in 1 file: 1 HIGH\n"
    );
}

#[test]
fn sarif_names_the_rule_and_the_line() {
    let findings = check().judge("infra/my policy.json", POLICY).unwrap();
    let mut out = Vec::new();
    print::sarif(&mut out, &findings).unwrap();
    let log: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "PE-087");
    assert_eq!(result["level"], "error");
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "infra/my%20policy.json");
    assert_eq!(location["region"]["startLine"], 5);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-a-zA-Z:{}\\[\\]\", \n!&*$0-9%]{0,80}") {
        let _ = check().judge("file", &text);
    }
}
