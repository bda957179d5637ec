//! What is said of the sample events about the organization, the account, root and Identity Center: how loud, in which
//! words, and with which way back.

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

/// What `iam-changes` says of Identity Center is shown with the rest of what it says.
const SOURCES: [&str; 4] =
    ["organizations.amazonaws.com", "account.amazonaws.com", "sso.amazonaws.com", "sso-directory.amazonaws.com"];

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events")
}

fn sample(name: &str) -> Value {
    let path = events().join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn said(watcher: Watcher, sample: Value) -> Finding {
    look(watcher, &Event::decode(sample), &Context::new(&Config::default())).unwrap()
}

#[test]
fn what_is_said_of_each_event_that_fires() {
    let mut lines = String::new();
    let of_these = |source: &str| SOURCES.contains(&source);
    for detection in ALL.iter().filter(|detection| detection.calls.iter().any(|calls| of_these(calls.source))) {
        let mut names: Vec<PathBuf> =
            fs::read_dir(events().join(detection.id)).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("fires-")) {
            let event = Event::decode(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap());
            let elsewhere = [Watcher::IamChanges, Watcher::AccessDenied].contains(&detection.watcher);
            if of_these(&event.source) && !elsewhere {
                let finding = (detection.detect)(&event, &Context::new(&Config::default())).unwrap();
                writeln!(lines, "{} {} {}", finding.severity, finding.actor.name, finding.act).unwrap();
            }
        }
    }
    insta::assert_snapshot!(lines, @"
    MEDIUM carol created an account in the organization
    MEDIUM alice invited account 123456789012 into the organization
    LOW AWSControlTowerAdmin created an account in the organization
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef invited an account by its mail address into the organization
    MEDIUM organizations.amazonaws.com says that account 123456789012 joined the organization
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef closed account 123456789012
    HIGH root closed account 111122223333
    LOW alice set the billing contact
    MEDIUM root changed the account's own contact
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef deleted the security contact of account 123456789012
    MEDIUM alice set the security contact
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef switched off region af-south-1 of account 123456789012
    MEDIUM alice switched on region me-south-1
    HIGH organizations.amazonaws.com says that account 123456789012 left the organization
    HIGH deploy-pipeline removed account 123456789012 from the organization
    LOW organizations.amazonaws.com says that account 123456789012 is closed for good and gone from the organization
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef removed account 123456789012 from the organization
    MEDIUM alice switched on provisioning of users into Identity Center
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef created a token that provisions users into Identity Center
    MEDIUM alice deleted an MFA device of an Identity Center user
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef changed when Identity Center asks for MFA
    HIGH carol switched MFA off in Identity Center
    HIGH AWSReservedSSO_IdentityAdmins_0123456789abcdef reset the password of an Identity Center user
    HIGH alice reset the password of an Identity Center user
    HIGH alice made account 123456789012 administrator of sso
    MEDIUM alice let other accounts use AWS Organizations
    HIGH carol no longer lets cloudtrail act in the whole organization
    LOW AdminRole let guardduty act in the whole organization
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef took the administration of guardduty from account 123456789012
    MEDIUM deploy-pipeline let member.org.stacksets.cloudformation act in the whole organization
    HIGH alice took the account into an organization
    MEDIUM alice agreed that the organization governs the account with all features
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef took the account into an organization
    CRITICAL root took the account out of its organization
    CRITICAL AWSReservedSSO_AdministratorAccess_0123456789abcdef took the account out of its organization
    HIGH alice deleted the organization
    LOW deploy-pipeline attached policy p-a1b2c3d4e5 to OU ou-ab12-cdefgh34
    MEDIUM alice attached policy p-a1b2c3d4e5 to the whole organization
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef attached policy p-FullAWSAccess to OU ou-ab12-cdefgh34
    LOW alice switched on resource control policies in the organization
    MEDIUM deploy-pipeline deleted policy p-a1b2c3d4e5 of the organization
    HIGH alice detached policy p-a1b2c3d4e5 from OU ou-ab12-cdefgh34
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef detached policy p-a1b2c3d4e5 from the whole organization
    MEDIUM alice detached policy p-FullAWSAccess from account 123456789012
    HIGH carol switched off service control policies in the whole organization
    MEDIUM carol switched off tag policies in the whole organization
    MEDIUM deploy-pipeline changed service control policy baseline of the organization
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef changed service control policy baseline of the organization, which now denies everything
    HIGH alice changed service control policy baseline of the organization, which now denies nothing
    LOW alice changed service control policy baseline-2026 of the organization
    LOW carol created resource control policy data-perimeter of the organization
    LOW deploy-pipeline changed tag policy tags of the organization
    MEDIUM AWSReservedSSO_AdministratorAccess_0123456789abcdef moved account 123456789012 to OU ou-ab12-ijklmn56
    HIGH alice moved account 123456789012 out of its OU, to the root
    LOW deploy-pipeline moved account 123456789012 to OU ou-ab12-cdefgh34
    LOW alice created OU sandbox
    HIGH root began to change root's mail address
    HIGH AWSReservedSSO_AdministratorAccess_0123456789abcdef began to change root's mail address in account 123456789012
    CRITICAL AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7a8b changed root's mail address in account 123456789012
    ");
}

#[test]
fn what_can_be_taken_back_says_how() {
    let mut commands = String::new();
    for (watcher, name) in [
        (Watcher::Guardrails, "organization-policy-lifted/fires-detached-from-an-ou"),
        (Watcher::Guardrails, "organization-policy-lifted/fires-service-control-policies-switched-off"),
        (Watcher::Guardrails, "organization-policy-attached/fires-attached-to-the-root"),
        (Watcher::Guardrails, "organization-tree-changed/fires-account-moved-to-the-root"),
        (Watcher::Guardrails, "organization-delegation-changed/fires-guardduty-loses-its-administrator"),
        (Watcher::Guardrails, "organization-delegation-changed/fires-cloudtrail-loses-its-access"),
        (Watcher::Guardrails, "account-region-changed/fires-switched-off-in-a-member"),
        (Watcher::RootUsage, "central-root-access-changed/fires-root-sessions-on"),
        (Watcher::IamChanges, "identity-provider-created/fires-saml"),
        (Watcher::IamChanges, "identity-provider-created/fires-oidc-of-nobody-known"),
        (Watcher::IamChanges, "trust-anchor-changed/fires-external-authority"),
        (Watcher::IamChanges, "trust-anchor-changed/fires-revocations-switched-off"),
        (Watcher::IamChanges, "roles-anywhere-profile-changed/fires-created-for-one-role"),
        (Watcher::IamChanges, "administrator-permission-set-policy-put/fires-administrator-access-attached"),
        (Watcher::IamChanges, "permission-set-policy-put/fires-one-bucket-inline"),
        (Watcher::IamChanges, "account-assignment-created/fires-group-in-a-member-account"),
        (Watcher::IamChanges, "identity-center-group-member-added/fires-by-a-script"),
        (Watcher::IamChanges, "trusted-token-issuer-changed/fires-created"),
    ] {
        writeln!(commands, "{}", said(watcher, sample(name)).undo.unwrap()).unwrap();
    }
    insta::assert_snapshot!(commands, @"
    aws organizations attach-policy --policy-id=p-a1b2c3d4e5 --target-id=ou-ab12-cdefgh34
    aws organizations enable-policy-type --root-id=r-ab12 --policy-type=SERVICE_CONTROL_POLICY
    aws organizations detach-policy --policy-id=p-a1b2c3d4e5 --target-id=r-ab12
    aws organizations move-account --account-id=123456789012 --source-parent-id=r-ab12 --destination-parent-id=ou-ab12-cdefgh34
    aws organizations register-delegated-administrator --account-id=123456789012 --service-principal=guardduty.amazonaws.com
    aws organizations enable-aws-service-access --service-principal=cloudtrail.amazonaws.com
    aws account enable-region --region-name=af-south-1 --account-id=123456789012
    aws iam disable-organizations-root-sessions
    aws iam delete-saml-provider --saml-provider-arn=arn:aws:iam::111122223333:saml-provider/okta
    aws iam delete-open-id-connect-provider --open-id-connect-provider-arn=arn:aws:iam::111122223333:oidc-provider/login.example.net
    aws rolesanywhere disable-trust-anchor --trust-anchor-id=0ace5b12-24b9-427e-a483-c55884852fbf --region=us-east-1
    aws rolesanywhere enable-crl --crl-id=7d1a9c3e-5b2f-4e61-8c0d-9f3b2a1c4d5e --region=us-east-1
    aws rolesanywhere disable-profile --profile-id=3f2504e0-4f89-41d3-9a0c-0305e82c3301 --region=us-east-1
    aws sso-admin detach-managed-policy-from-permission-set --instance-arn=arn:aws:sso:::instance/ssoins-7223b02aa6cbd9e6 --permission-set-arn=arn:aws:sso:::permissionSet/ssoins-7223b02aa6cbd9e6/ps-79a0dde74b95ed05 --managed-policy-arn=arn:aws:iam::aws:policy/AdministratorAccess --region=us-east-1
    aws sso-admin delete-inline-policy-from-permission-set --instance-arn=arn:aws:sso:::instance/ssoins-7223b02aa6cbd9e6 --permission-set-arn=arn:aws:sso:::permissionSet/ssoins-7223b02aa6cbd9e6/ps-79a0dde74b95ed05 --region=us-east-1
    aws sso-admin delete-account-assignment --instance-arn=arn:aws:sso:::instance/ssoins-7223b02aa6cbd9e6 --permission-set-arn=arn:aws:sso:::permissionSet/ssoins-7223b02aa6cbd9e6/ps-79a0dde74b95ed05 --target-id=123456789012 --target-type=AWS_ACCOUNT --principal-type=GROUP --principal-id=34887428-4081-7042-c3c6-928d413009e7 --region=us-east-1
    aws identitystore delete-group-membership --identity-store-id=d-9067f3a1c2 --membership-id=c4f87428-a0b1-70c2-1d3e-4f5a6b7c8d9e --region=us-east-1
    aws sso-admin delete-trusted-token-issuer --trusted-token-issuer-arn=arn:aws:sso::111122223333:trustedTokenIssuer/ssoins-7223b02aa6cbd9e6/tti-7d1a9c3e-5b2f-4e61-8c0d-9f3b2a1c4d5e --region=us-east-1
    ");
}

#[test]
fn no_command_is_built_from_a_name_that_a_shell_would_read() {
    for (watcher, name, key) in [
        (Watcher::Guardrails, "organization-policy-lifted/fires-detached-from-an-ou", "policyId"),
        (Watcher::Guardrails, "organization-tree-changed/fires-account-moved-to-the-root", "sourceParentId"),
        (Watcher::Guardrails, "organization-delegation-changed/fires-cloudtrail-loses-its-access", "servicePrincipal"),
        (Watcher::Guardrails, "account-region-changed/fires-switched-on", "regionName"),
        (Watcher::IamChanges, "permission-set-policy-put/fires-one-bucket-inline", "permissionSetArn"),
        (Watcher::IamChanges, "account-assignment-created/fires-group-in-a-member-account", "principalId"),
        (Watcher::IamChanges, "trust-anchor-changed/fires-revocations-switched-off", "crlId"),
    ] {
        let mut event = sample(name);
        assert!(said(watcher, event.clone()).undo.is_some(), "{name}");
        for hostile in ["p-1$(id)", "p-1; id", "p-1\nid", "p-1 id", "'p-1'", "p-1`id`", "p-\u{f6}"] {
            event["detail"]["requestParameters"][key] = json!(hostile);
            assert_eq!(said(watcher, event.clone()).undo, None, "{name} with {hostile:?}");
        }
    }
}

#[test]
fn a_saml_provider_is_told_by_its_entity() {
    let finding = said(Watcher::IamChanges, sample("identity-provider-created/fires-saml"));
    let provider = finding.evidence.iter().find(|fact| fact.label == "Provider").unwrap();
    assert_eq!(provider.value, "https://idp.example.com/saml2");
}

#[test]
fn a_service_that_does_what_it_is_told_makes_nothing_quieter() {
    let mut event = sample("organization-policy-lifted/fires-detached-from-an-ou");
    let heard = |event: &Value| said(Watcher::Guardrails, event.clone()).severity;
    assert_eq!(heard(&event), Severity::High);
    for told in ["cloudformation.amazonaws.com", "cloudcontrolapi.amazonaws.com", "ssm.amazonaws.com"] {
        event["detail"]["userIdentity"]["invokedBy"] = json!(told);
        assert_eq!(heard(&event), Severity::High, "{told}");
    }
    event["detail"]["userIdentity"]["invokedBy"] = json!("controltower.amazonaws.com");
    assert_eq!(heard(&event), Severity::Low);
}

#[test]
fn an_account_that_left_is_told_whatever_its_details_look_like() {
    let event = sample("account-removed-from-organization/fires-account-left-by-itself");
    for details in [json!({}), json!(null), json!({"account": {"id": "123456789012"}}), json!(["123456789012"])] {
        let mut event = event.clone();
        event["detail"]["serviceEventDetails"] = details;
        assert_eq!(said(Watcher::Guardrails, event).severity, Severity::High);
    }
}
