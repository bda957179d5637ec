//! What iam-changes says of its sample events: how loud, in which words, and with which way back.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use iamwatch::config::Config;
use iamwatch::detect::{ALL, Context, look};
use iamwatch::event::Event;
use iamwatch::finding::{Finding, Severity};
use iamwatch::watcher::Watcher;
use serde_json::{Value, json};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events")
}

fn sample(name: &str) -> Value {
    let path = events().join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn said(sample: Value, config: &Config) -> Finding {
    look(Watcher::IamChanges, &Event::decode(sample), &Context::new(config)).unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "the list is what there is to read")]
fn what_is_said_of_each_event_that_fires() {
    let mut lines = String::new();
    for detection in ALL.iter().filter(|detection| detection.watcher == Watcher::IamChanges) {
        let mut names: Vec<PathBuf> =
            fs::read_dir(events().join(detection.id)).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("fires-")) {
            let sample: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            // What fires for what came before is told with a memory, which is not looked at here.
            if sample.is_array() {
                continue;
            }
            let event = Event::decode(sample);
            let config = Config { stack: "iamwatch".to_owned(), ..Config::default() };
            let finding = (detection.detect)(&event, &Context::new(&config)).unwrap();
            writeln!(lines, "{} {} {}", finding.severity, finding.actor.name, finding.act).unwrap();
        }
    }
    insta::assert_snapshot!(lines, @"
    MEDIUM AWSReservedSSO_IdentityAdmins_0123456789abcdef changed the attributes that Identity Center passes into sessions
    MEDIUM alice switched on access by attributes in Identity Center
    LOW AWSControlTowerAdmin assigned permission set ps-79a0dde74b95ed05 in account 123456789012 to a user
    MEDIUM AWSReservedSSO_IdentityAdmins_0123456789abcdef assigned permission set ps-79a0dde74b95ed05 in account 123456789012 to a group
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef assigned permission set ps-79a0dde74b95ed05 in account 123456789012 to a user
    HIGH alice assigned permission set ps-79a0dde74b95ed05 in account 111122223333 to a user
    MEDIUM AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b deleted the account's alias example-corp
    MEDIUM alice set the account's alias to example-corp-login
    LOW ci-deploy let every region take the global endpoint's tokens
    CRITICAL deploy-pipeline put administrator policy app-data on role app
    CRITICAL web-server put IAM administrator policy metrics on role web-server
    CRITICAL alice put administrator policy limits on user bob
    CRITICAL carol put administrator policy dev on group developers
    CRITICAL alice put administrator policy support on user bob
    CRITICAL alice attached AdministratorAccess to permission set ps-79a0dde74b95ed05
    HIGH deploy-pipeline put IAM administrator policy into permission set ps-79a0dde74b95ed05
    HIGH cfn-execution attached PowerUserAccess to permission set ps-79a0dde74b95ed05
    CRITICAL AWSReservedSSO_IdentityAdmins_0123456789abcdef put administrator policy into permission set ps-79a0dde74b95ed05
    LOW AWSReservedSSO_AdministratorAccess_0123456789abcdef attached AdministratorAccess to role AWSReservedSSO_AdministratorAccess_0123456789abcdef
    CRITICAL carol attached AdministratorAccess to group developers
    LOW AWSServiceRoleForSSO attached AdministratorAccess to role AWSReservedSSO_AdministratorAccess_0123456789abcdef
    CRITICAL web-server attached AdministratorAccess to role web-server
    CRITICAL deploy-pipeline attached AdministratorAccess to role ci
    CRITICAL alice attached AdministratorAccess to user bob
    CRITICAL root attached AdministratorAccess to user bob
    MEDIUM deploy-pipeline created IAM administrator policy people
    HIGH alice created administrator policy ops-tools
    CRITICAL alice gave policy developers a version with administrator rights
    HIGH build gave policy build a version with administrator rights
    HIGH alice gave policy developers a version with power user rights
    LOW alice attached AWSDenyAll to user deploy-bot
    LOW AWSReservedSSO_AdministratorAccess_0123456789abcdef attached SupportUser to group support
    LOW carol attached AWSLambdaBasicExecutionRole to role thumbnails-role-k3x9
    LOW carol attached AWSExampleServiceRole to role example-service
    LOW carol attached AWSBatchServiceRole to role batch-service
    CRITICAL iam.amazonaws.com quarantined user deploy-bot with AWSExposedCredentialPolicy_DO_NOT_REMOVE
    CRITICAL example-aws-support quarantined user deploy-bot with AWSCompromisedKeyQuarantineV2
    CRITICAL alice quarantined user deploy-bot with AWSCompromisedKeyQuarantineV3
    MEDIUM bob started a build of release with other commands
    HIGH alice started a build of release with other commands
    MEDIUM alice started a build of lint with other role
    LOW github-actions started a build of lint with other source
    MEDIUM alice gave developers AmazonEKSAdminPolicy in cluster shop
    HIGH bob gave bob AmazonEKSClusterAdminPolicy in cluster shop
    LOW deploy-pipeline gave platform AmazonEKSClusterAdminPolicy in cluster shop
    HIGH alice let auditor into cluster shop
    LOW deploy-pipeline gave developers AmazonEKSViewPolicy in cluster shop
    MEDIUM bob ran AWS-RunShellScript on all instances
    MEDIUM alice ran agent-install on instances by tag:env
    MEDIUM deploy-pipeline ran AWS-RunPowerShellScript on 50 instances
    MEDIUM mallory had AWS-RunShellScript run on all instances from now on
    LOW maintenance ran AWS-RunPatchBaseline on all instances
    LOW alice ran AWS-RunShellScript on instance i-0aaaabbbbccccdddd
    MEDIUM mallory started an instance of type g5.12xlarge in ap-southeast-1
    HIGH web-server started 10 instances of type p4d.24xlarge in sa-east-1
    HIGH bob started 4 instances of type c7a.48xlarge in us-east-1
    MEDIUM mallory started 40 instances of type g4dn.xlarge in us-east-1
    LOW alice attached policy AdministratorAccess to user bob
    MEDIUM web-server attached policy web-server-extra to role web-server
    LOW deploy-pipeline attached policy app-data to role app
    HIGH carol detached policy AWSDenyAll from role build
    CRITICAL deploy-bot detached policy AWSCompromisedKeyQuarantineV2 from user deploy-bot
    MEDIUM bob put an SSH key on Glue endpoint etl
    MEDIUM web-server put an SSH key on Glue endpoint etl
    MEDIUM bob gave function orders a layer of account 123456789012
    LOW deploy-pipeline gave function payments a layer of account 123456789012
    MEDIUM alice gave function probe a layer of account 123456789012
    LOW alice created group helpdesk
    LOW alice created group contractors
    LOW ci-deploy created group auditors
    MEDIUM alice renamed group auditors to administrators
    LOW terraform called CreateInstanceProfile on instance profile web
    LOW deployer called TagPolicy on policy app-data
    LOW alice created application analytics in Identity Center
    MEDIUM carol let application apl-a1b2c3d4e5f60718 get tokens for users
    MEDIUM deploy-pipeline changed who may speak for application apl-a1b2c3d4e5f60718
    MEDIUM deploy-pipeline added a user to a group of Identity Center
    MEDIUM AWSReservedSSO_IdentityAdmins_0123456789abcdef added a user to a group of Identity Center
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef added a user to a group of Identity Center
    HIGH carol deleted an instance of Identity Center
    MEDIUM alice created an instance of Identity Center in the account
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef switched on Identity Center
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef made another directory the identity source of Identity Center
    HIGH alice imported a certificate that Identity Center trusts for sign-ins
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef switched on an external identity provider for Identity Center
    MEDIUM mallory created a user in Identity Center
    MEDIUM AWSReservedSSO_PlatformAdmin_9d0f1e2a3b4c5d6e created a user in Identity Center
    LOW AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b deleted group contractors
    MEDIUM ops deleted service-linked role AWSServiceRoleForAmazonGuardDuty
    LOW AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b deleted user mail-sender
    MEDIUM alice deleted user deploy-bot
    MEDIUM deploy-pipeline let tokens for https://deploy.example.com in through OIDC provider gitlab.com
    LOW AWSServiceRoleForSSO replaced the metadata of SAML provider AWSSSO_0123456789abcdef_DO_NOT_DELETE
    HIGH web-server changed SAML provider okta
    HIGH alice replaced the metadata of SAML provider okta
    HIGH alice changed the certificate that OIDC provider login.example.net is known by
    LOW AWSServiceRoleForSSO created SAML provider AWSSSO_0123456789abcdef_DO_NOT_DELETE
    LOW AWSReservedSSO_AdministratorAccess_0123456789abcdef created SAML provider AWSSSO_0123456789abcdef_DO_NOT_DELETE
    MEDIUM deploy-pipeline created OIDC provider token.actions.githubusercontent.com
    HIGH web-server created OIDC provider login.example.net
    HIGH alice created OIDC provider oidc.eks.eu-west-1.amazonaws.com.example.net
    HIGH alice created SAML provider okta
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef deleted OIDC provider token.actions.githubusercontent.com
    LOW deploy-pipeline deleted OIDC provider oidc.eks.eu-west-1.amazonaws.com
    MEDIUM alice deleted SAML provider okta
    LOW ci-deploy put inline policy data on role orders
    MEDIUM deploy-pipeline put inline policy odd on role app
    HIGH cfn-execution put inline policy FunctionPolicy0 on role app-Function-1A2B3C4D, which opens escalation path PE-087
    MEDIUM deploy-bot put inline policy dq on user backup2
    HIGH web-server put inline policy metrics on role web-server
    LOW cfn-execution put inline policy FunctionPolicy0 on role app-Function-1A2B3C4D
    LOW cfn-execution put inline policy FunctionPolicy0 on role app-Function-1A2B3C4D
    MEDIUM carol put inline policy read-data on user bob
    HIGH app-server put role admin into instance profile app-server
    LOW alice took role bastion-readonly out of instance profile bastion
    LOW ci-deploy took role web out of instance profile web
    LOW AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b put role web-v2 into instance profile web
    HIGH web-server gave instance i-0aaaabbbbccccdddd the instance profile admin-bastion
    MEDIUM AWSReservedSSO_DataScientist_0123456789abcdef gave instance i-0aaaabbbbccccdddd the instance profile backup
    MEDIUM bob replaced the profile of instance i-0aaaabbbbccccdddd by admin-bastion
    LOW AWS-QuickSetup-StackSet-Local-ExecutionRole gave instance i-0aaaabbbbccccdddd the instance profile AmazonSSMRoleForInstancesQuickSetup
    LOW deploy-pipeline detached policy app-data from role app
    MEDIUM alice detached policy developers from user alice
    MEDIUM bob gave notebook churn startup script setup
    MEDIUM alice changed startup script auto-stop of notebooks
    HIGH bob wrote startup script setup for notebooks
    LOW deploy-pipeline wrote startup script packages for notebooks
    CRITICAL carol put another version in force of policy iamwatch-DenyEverything-1A2B3C4D5E6F, part of iamwatch
    CRITICAL carol rewrote policy iamwatch-DenyEverything-1A2B3C4D5E6F, part of iamwatch
    HIGH carol deleted a version of policy iamwatch-DenyEverything-1A2B3C4D5E6F, part of iamwatch
    LOW AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b changed the permissions of role iamwatch-QuarantineRole-1A2B3C4D5E6F, part of iamwatch
    LOW AWSReservedSSO_Deployer_1a2b3c4d5e6f7a8b deployed policy iamwatch-DenyEverything-1A2B3C4D5E6F, part of iamwatch
    HIGH bob changed the permissions of role iamwatch-QuarantineRole-1A2B3C4D5E6F, part of iamwatch
    HIGH bob changed who may assume role iamwatch-QuarantineRole-1A2B3C4D5E6F, part of iamwatch
    MEDIUM ops deleted the account's password policy
    LOW ci-deploy changed the account's password policy
    MEDIUM AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b changed the account's password policy
    HIGH alice made the account's password policy weaker than AWS's default
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef put boundary AdministratorAccess on permission set ps-79a0dde74b95ed05
    MEDIUM deploy-pipeline put boundary workforce-boundary on permission set ps-79a0dde74b95ed05
    HIGH alice removed the permissions boundary of permission set ps-79a0dde74b95ed05
    LOW AWSReservedSSO_IdentityAdmins_0123456789abcdef created permission set Auditors
    MEDIUM alice deleted permission set ps-79a0dde74b95ed05
    LOW deploy-pipeline provisioned permission set ps-79a0dde74b95ed05 to every account that has it
    LOW alice took permission set ps-79a0dde74b95ed05 from somebody in account 123456789012
    MEDIUM alice put an inline policy into permission set ps-79a0dde74b95ed05
    MEDIUM alice attached AmazonS3FullAccess to permission set ps-79a0dde74b95ed05
    MEDIUM deploy-pipeline put an inline policy into permission set ps-79a0dde74b95ed05
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef put an inline policy into permission set ps-79a0dde74b95ed05, which opens escalation path PE-087
    LOW deploy-pipeline attached the accounts' own policy developers to permission set ps-79a0dde74b95ed05
    HIGH alice put boundary AdministratorAccess on role sandbox
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef put boundary contractor on user contractor
    CRITICAL sandbox removed the permissions boundary of role sandbox
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef removed the permissions boundary of user contractor
    LOW deploy-pipeline created policy app-data
    MEDIUM alice created policy odd
    MEDIUM deploy-pipeline created policy app-data, which opens escalation path PE-023
    MEDIUM alice switched policy developers to version v1
    MEDIUM carol switched policy build to version v4
    LOW cfn-execution deleted inline policy FunctionPolicy0 of role app-Function-1A2B3C4D
    LOW deploy-pipeline deleted policy app-data
    MEDIUM alice deleted inline policy deny-billing of user alice
    LOW alice gave policy developers a new version
    LOW deploy-pipeline gave policy app-data a new version
    HIGH deploy-pipeline gave policy app-data a new version, which opens escalation path PE-013
    MEDIUM carol attached AmazonExampleServiceFullAccess to group builders
    MEDIUM carol attached AmazonS3FullAccess to group data
    MEDIUM cfn-execution attached AWSLambda_FullAccess to role app-Function-1A2B3C4D, which opens escalation path PE-084
    CRITICAL alice attached IAMFullAccess to user alice
    HIGH alice attached SecretsManagerReadWrite to user reporting, which opens escalation path PE-046
    HIGH carol attached AWSGlueServiceRole to group data-eng, which opens escalation path PE-111
    HIGH deploy-pipeline attached PowerUserAccess to role batch
    LOW ci-deploy set tags of role orders-api
    MEDIUM ops removed tags of role ops
    MEDIUM alice set tags of user alice
    HIGH alice called CreatePolicy with a policy too large for the log
    HIGH alice called PutUserPolicy with a policy too large for the log
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef called PutInlinePolicyToPermissionSet with a policy too large for the log
    HIGH build called CreatePolicyVersion with a policy too large for the log
    LOW AWSServiceRoleForSSO created role AWSReservedSSO_ReadOnly_fedcba9876543210
    LOW cfn-execution created role app-Function-1A2B3C4D
    MEDIUM alice created role odd
    HIGH alice let account 123456789012 assume role deploy
    CRITICAL web-server let account 123456789012 assume role web-server
    HIGH cfn-execution created role vendor-read, which account 123456789012 may assume
    CRITICAL build created role metrics, which everyone may assume
    HIGH carol let everyone assume role partner, with a condition
    MEDIUM deploy-pipeline let everyone assume role shared-read, with a condition
    CRITICAL alice let everyone assume role deploy
    HIGH bob passed role codebuild-deploy to CodeBuild
    LOW deploy-pipeline passed role orders-function to Lambda
    MEDIUM alice passed role app-backend to Cognito
    MEDIUM alice passed instance profile admin-bastion to EC2
    LOW AWSReservedSSO_DataScientist_0123456789abcdef passed role GlueInteractive to Glue
    LOW deploy-pipeline passed instance profile workers to EC2
    MEDIUM bob passed role hybrid-admin to Systems Manager
    MEDIUM AWSReservedSSO_DataScientist_0123456789abcdef passed role AmazonSageMaker-ExecutionRole-20260110T101010 to SageMaker
    LOW alice passed role rds-s3-export to RDS
    HIGH carol passed role iamwatch-QuarantineApprovalRole-4C1D9E7A2B30 to Lambda
    LOW deploy-pipeline passed role glue-etl to Glue
    LOW bob passed role cloudformation-administrator to CloudFormation
    MEDIUM deploy-pipeline passed role event-sender to EventBridge
    LOW alice changed the settings of role audit
    MEDIUM ops changed the settings of role ops
    LOW ci-deploy changed the settings of role orders-api
    MEDIUM alice created Roles Anywhere profile backup-servers
    HIGH web-server changed Roles Anywhere profile backup-servers
    MEDIUM carol changed Roles Anywhere profile backup-servers
    LOW bob opened a shell on task 0123456789abcdef0123456789abcdef
    LOW bob opened a shell on notebook churn
    LOW AWSReservedSSO_DataScientist_0123456789abcdef opened a shell on machine i-0aaaabbbbccccdddd
    LOW alice forwarded a port through machine i-0aaaabbbbccccdddd
    MEDIUM ci-deploy registered task definition reports, which takes its own credentials
    HIGH alice registered task definition billing, which takes its own credentials
    HIGH alice created trust anchor on-premises of Roles Anywhere
    HIGH carol changed trust anchor servers of Roles Anywhere
    MEDIUM deploy-pipeline created trust anchor servers of Roles Anywhere
    LOW deploy-pipeline imported the list revoked of revoked certificates
    HIGH alice switched off the list revoked of revoked certificates
    HIGH ci-deploy let themselves assume role payments-admin
    HIGH mallory let themselves assume role payments-admin
    CRITICAL AWSReservedSSO_AdministratorAccess_0123456789abcdef changed who may assume role deploy, open to anybody who gets a token there
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef changed who may assume role deploy
    HIGH web-server changed who may assume role web-server
    LOW deploy-pipeline changed who may assume role app
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef changed trusted token issuer tti-7d1a9c3e-5b2f-4e61-8c0d-9f3b2a1c4d5e
    HIGH alice made Identity Center trust tokens of issuer analytics
    MEDIUM carol added user bob to group read-only
    HIGH alice added user alice to group platform
    MEDIUM user-onboarding created user new-hire
    MEDIUM app-server created user svc-backup
    MEDIUM deploy-pipeline created user mailer
    MEDIUM AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b created user support-2
    MEDIUM carol created user backup-svc
    MEDIUM root created user backup-svc
    MEDIUM bob created user backup-4
    LOW deploy-pipeline changed the user data of instance i-0aaaabbbbccccdddd
    MEDIUM bob changed the user data of instance i-0aaaabbbbccccdddd
    LOW deploy-pipeline made a version of launch template workers with user data
    MEDIUM alice changed the user data of instance i-0aaaabbbbccccdddd
    LOW AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b removed user bob from group developers
    MEDIUM alice removed user alice from group require-mfa
    MEDIUM deploy-bot renamed user deploy-bot to emergency
    MEDIUM alice moved user bob to /break-glass/
    MEDIUM AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b renamed user deploy-bot to ci-bot
    HIGH alice replaced the code of build project release
    LOW deploy-pipeline replaced the code of application shop
    LOW mallory replaced the code of function orders
    LOW deploy-pipeline replaced the code of function orders
    MEDIUM alice replaced the code of function resize
    LOW bob changed which code function orders runs
    LOW deploy-pipeline replaced the code of job etl
    LOW alice replaced the code of service shop
    LOW alice gave stack network another template
    LOW bob replaced the code of state machine settle
    ");
}

#[test]
fn an_escalation_path_is_named_with_what_opens_it() {
    let evidence = |name| {
        let finding = said(sample(name), &Config::default());
        finding.evidence.iter().fold(String::new(), |text, fact| text + &fact.label + ": " + &fact.value + "\n")
    };
    insta::assert_snapshot!(evidence("inline-policy-put/fires-escalation-path"), @r#"
    Policy: FunctionPolicy0
    Escalation: its holder can make and invoke a function with a strong role (path PE-087): iam:PassRole on * + lambda:CreateFunction + lambda:InvokeFunction, by statement 2 "Deploy"
    Exposes: its holder can pass any role to any service: iam:PassRole, by statement 2 "Deploy"
    Says: allow logs:CreateLogGroup, logs:PutLogEvents on *; allow iam:PassRole, lambda:CreateFunction, lambda:InvokeFunction on *
    "#);
    insta::assert_snapshot!(evidence("inline-policy-put/fires-path-on-named-roles-for-the-record"), @r"
    Policy: FunctionPolicy0
    Escalation: if the named ones are strong, its holder can make and invoke a function with a strong role (path PE-087): iam:PassRole on arn:aws:iam::111122223333:role/app-* + lambda:CreateFunction + lambda:InvokeFunction, by statement 1 and statement 2
    Says: allow iam:PassRole on arn:aws:iam::111122223333:role/app-* if iam:PassedToService; allow lambda:CreateFunction, lambda:InvokeFunction on arn:aws:lambda:*:111122223333:function:app-*
    ");
    insta::assert_snapshot!(evidence("policy-version-created/fires-escalation-path"), @r"
    Version: v7
    In force: at once
    Escalation: its holder can write any inline policy and any boundary (path PE-013): iam:PutUserPolicy on * + iam:PutRolePolicy on * + iam:PutGroupPolicy on * + iam:PutUserPermissionsBoundary on * + iam:PutRolePermissionsBoundary on *, by statement 1
    Other paths: PE-014, PE-015, PE-016, PE-017, PE-018
    Says: allow iam:Put* on *
    ");
    insta::assert_snapshot!(evidence("trust-policy-changed/fires-identity-provider-without-subject"), @r"
    Trusts: arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com
    Weak: arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com, without a condition on `sub`: anybody in the world can get such a token, by statement 1
    ");
}

#[test]
fn rights_given_to_oneself_are_one_step_louder() {
    let mut event = sample("inline-policy-put/fires-user-in-the-console");
    assert_eq!(said(event.clone(), &Config::default()).severity, Severity::Medium);
    event["detail"]["requestParameters"]["userName"] = json!("carol");
    assert_eq!(said(event, &Config::default()).severity, Severity::High);
}

#[test]
fn a_user_of_the_same_name_in_another_account_is_not_oneself() {
    let mut event = sample("user-added-to-group/fires-oneself");
    assert_eq!(said(event.clone(), &Config::default()).severity, Severity::High);
    event["detail"]["userIdentity"]["accountId"] = json!("123456789012");
    assert_eq!(said(event, &Config::default()).severity, Severity::Medium);
}

#[test]
fn what_a_service_does_with_its_own_role_is_for_the_record_and_has_no_undo() {
    let mut event = sample("administrator-policy-attached/fires-identity-center-for-the-record");
    let finding = said(event.clone(), &Config::default());
    assert_eq!((finding.severity, finding.undo), (Severity::Low, None));

    // A role that merely bears the name has another path, and no service speaks for it.
    event["detail"]["userIdentity"].as_object_mut().unwrap().remove("invokedBy");
    event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] =
        json!("arn:aws:iam::111122223333:role/AWSServiceRoleForSSO");
    assert_eq!(said(event, &Config::default()).severity, Severity::Critical);
}

#[test]
fn an_account_with_a_name_in_the_configuration_is_quieter_and_is_called_by_it() {
    let account_names = [("123456789012".to_owned(), "backup-vault".to_owned())].into();
    let finding = said(
        sample("role-opened-to-another-account/fires-account-root"),
        &Config { account_names, ..Config::default() },
    );
    assert_eq!(
        (finding.severity, finding.act.as_str()),
        (Severity::Medium, "let account backup-vault assume role deploy")
    );
}

#[test]
fn no_command_is_built_from_a_name_that_a_shell_would_read() {
    for (name, key) in [
        ("administrator-policy-attached/fires-user-by-another-user", "userName"),
        ("administrator-inline-policy-put/fires-star-on-star", "policyName"),
        ("powerful-policy-attached/fires-full-access-to-one-service", "groupName"),
        ("user-added-to-group/fires-oneself", "groupName"),
        ("user-created/fires-in-the-console", "userName"),
        ("role-created/fires-for-a-function", "roleName"),
    ] {
        let mut event = sample(name);
        assert!(said(event.clone(), &Config::default()).undo.is_some(), "{name}");
        for hostile in ["bob$(id)", "bob; id", "bob\nid", "bob id", "'bob'", "bob`id`", "böb"] {
            event["detail"]["requestParameters"][key] = json!(hostile);
            assert_eq!(said(event.clone(), &Config::default()).undo, None, "{name} with {hostile:?}");
        }
    }
}

#[test]
fn a_new_policy_version_is_undone_only_while_it_is_not_in_force() {
    let undo = |name| said(sample(name), &Config::default()).undo;
    assert_eq!(undo("administrator-policy-version-created/fires-in-force-at-once"), None);
    assert_eq!(
        undo("administrator-policy-version-created/fires-not-yet-the-default").unwrap(),
        "aws iam delete-policy-version --policy-arn=arn:aws:iam::111122223333:policy/team/build --version-id=v2"
    );
}

#[test]
fn a_policy_of_awss_says_what_it_opens_and_a_newer_one_that_it_is_not_known() {
    let evidence = |name| {
        let finding = said(sample(name), &Config::default());
        let lines = finding.evidence.iter().map(|evidence| format!("{}: {}", evidence.label, evidence.value));
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(evidence("powerful-policy-attached/fires-path-opened-without-a-strong-name"), @r"
    Policy: arn:aws:iam::aws:policy/SecretsManagerReadWrite
    Escalation: its holder can change a stack whose role is strong, by a change set (path PE-046), by v6 of the policy
    Exposes: its holder can read every secret
    Whole services: secretsmanager
    ");
    insta::assert_snapshot!(evidence("powerful-policy-attached/fires-full-access-newer-than-the-list"), @r"
    Policy: arn:aws:iam::aws:policy/AmazonExampleServiceFullAccess
    Allows: what AWS calls full access to a service
    Not known: AWS made it after 2026-09-30, the day of iamwatch's list, or has withdrawn it
    ");
    insta::assert_snapshot!(evidence("aws-managed-policy-attached/fires-strong-policy-of-a-service-for-its-role"), @r"
    Policy: arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole
    Escalation: its holder can run a container with a strong role in place of its own (path PE-050), by v14 of the policy
    Other paths: PE-051, PE-069, PE-039, PE-040, PE-057, PE-073, PE-074, PE-071
    ");
}
