//! What is weak about a trust policy: who gets in without having to show enough.

use super::{Document, Statement, Trusted, Who};
use crate::finding::Severity;

/// A weakness, and whom it lets in by which statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weak<'a> {
    pub flaw: Flaw,
    pub trusted: Trusted<'a>,
}

/// A kind of weakness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Every AWS account, without a condition.
    Public,
    /// Every AWS account, under a condition that does not say who the caller is.
    PublicIf,
    /// Every AWS account, of those that a condition names.
    PublicBound,
    /// Another account that names no external id and no organization.
    AccountWithoutExternalId,
    /// Another account, with an external id or an organization.
    Account,
    /// A provider that serves the whole world, and no condition on whose workload it is.
    PublicProviderWithoutSubject,
    /// A provider of one's own, and no condition on whose workload it is.
    ProviderWithoutSubject,
    /// `Cognito` pools of anybody.
    CognitoWithoutPool,
    /// Guests of a `Cognito` pool.
    CognitoGuests,
    /// SAML without `SAML:aud`: an answer meant for another service opens the role.
    SamlWithoutAudience,
    /// A service that works for many accounts, and no condition on whose work it is.
    ServiceWithoutSource,
    /// The role itself: whoever has one session can renew it for ever.
    Itself,
}

/// Providers that give anybody in the world a token.
const PUBLIC_PROVIDERS: [&str; 9] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "accounts.google.com",
    "graph.facebook.com",
    "www.amazon.com",
    "agent.buildkite.com",
    "api.bitbucket.org",
    "oidc.circleci.com",
];

/// Whether a provider, by its URL without the scheme, gives anybody in the world a token.
#[must_use]
pub fn is_public_provider(host: &str) -> bool {
    PUBLIC_PROVIDERS.iter().any(|public| host == *public || host.starts_with(&format!("{public}/")))
}

/// Services that get a role only by `iam:PassRole` within its account: nobody else can make them use it.
const PASSED_ONLY: [&str; 8] = ["ec2", "lambda", "ecs-tasks", "edgelambda", "pods.eks", "eks", "ssm", "codedeploy"];

/// What says whose work a service does.
const SOURCES: [&str; 4] = ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"];

impl Flaw {
    /// A word for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::PublicIf => "public-if",
            Self::PublicBound => "public-bound",
            Self::AccountWithoutExternalId => "account-without-external-id",
            Self::Account => "other-account",
            Self::PublicProviderWithoutSubject | Self::ProviderWithoutSubject => "oidc-without-sub",
            Self::CognitoWithoutPool => "cognito-without-aud",
            Self::CognitoGuests => "cognito-guests",
            Self::SamlWithoutAudience => "saml-without-audience",
            Self::ServiceWithoutSource => "service-without-source",
            Self::Itself => "trusts-itself",
        }
    }

    /// As the end of a sentence that begins with whom it lets in.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Public => "without a condition: every AWS account in the world",
            Self::PublicIf => "under a condition that does not say who the caller is",
            Self::PublicBound => "of the organization, account or principal that a condition names",
            Self::AccountWithoutExternalId => "without an external id or an organization",
            Self::Account => "another account, under a condition",
            Self::PublicProviderWithoutSubject => {
                "without a condition on `sub`: anybody in the world can get such a token"
            }
            Self::ProviderWithoutSubject => "without a condition on `sub`: everything that the provider knows",
            Self::CognitoWithoutPool => "without a condition on `aud`: the identity pools of every account",
            Self::CognitoGuests => "without a condition on `amr`: guests of the identity pool too",
            Self::SamlWithoutAudience => "without a condition on `SAML:aud`",
            Self::ServiceWithoutSource => "without a condition on whose work it does, such as `aws:SourceAccount`",
            Self::Itself => "the role itself: one session can be renewed for ever",
        }
    }

    /// How loud it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Public | Self::PublicProviderWithoutSubject | Self::CognitoWithoutPool => Severity::Critical,
            Self::PublicIf | Self::AccountWithoutExternalId | Self::ProviderWithoutSubject | Self::CognitoGuests => {
                Severity::High
            }
            Self::PublicBound | Self::Account | Self::SamlWithoutAudience | Self::Itself => Severity::Medium,
            Self::ServiceWithoutSource => Severity::Low,
        }
    }
}

impl Document {
    /// What is weak about it as a trust policy, in its order. `own` is the account of the role, `role` its name where it
    /// is known, and `known` says which other accounts have a name: nothing is said of these.
    #[must_use]
    pub fn weaknesses(&self, own: &str, role: Option<&str>, known: impl Fn(&str) -> bool) -> Vec<Weak<'_>> {
        let mut weak = Vec::new();
        for trusted in self.trusted(own) {
            let flaw = match trusted.who {
                Who::Everyone if self.binds(&trusted) => Some(Flaw::PublicBound),
                Who::Everyone if trusted.statement.conditions.is_empty() => Some(Flaw::Public),
                Who::Everyone => Some(Flaw::PublicIf),
                Who::OtherAccount { account, .. } if known(account) => None,
                Who::OtherAccount { .. } => {
                    Some(if self.asks_who(&trusted) { Flaw::Account } else { Flaw::AccountWithoutExternalId })
                }
                Who::OwnAccount(name) => role.filter(|role| is_role(name, role)).map(|_| Flaw::Itself),
                Who::Service(host) => trusted.statement.service_flaw(host),
                Who::Federated(provider) => trusted.statement.provider_flaw(provider),
                Who::Unknown(_) => None,
            };
            weak.extend(flaw.map(|flaw| Weak { flaw, trusted }));
        }
        weak
    }

    /// Whether somebody of another account must show an external id, or be of a named organization, account or principal.
    #[must_use]
    pub fn asks_who(&self, trusted: &Trusted<'_>) -> bool {
        self.binds(trusted) || trusted.statement.wants("sts:ExternalId")
    }
}

/// Whether it is that role, or a session of it.
fn is_role(arn: &str, role: &str) -> bool {
    arn.split_once(":role/").is_some_and(|(_, path)| path.rsplit('/').next() == Some(role))
        || arn.split_once(":assumed-role/").is_some_and(|(_, path)| path.split('/').next() == Some(role))
}

impl Statement {
    fn wants(&self, key: &str) -> bool {
        self.conditions.iter().any(|condition| condition.wants(key))
    }

    fn service_flaw(&self, host: &str) -> Option<Flaw> {
        let name = host.split(".amazonaws.com").next().unwrap_or(host);
        let sourced = PASSED_ONLY.contains(&name) || SOURCES.iter().any(|key| self.wants(key));
        (!sourced).then_some(Flaw::ServiceWithoutSource)
    }

    fn provider_flaw(&self, provider: &str) -> Option<Flaw> {
        if provider.contains(":saml-provider/") {
            return (self.lets("sts:AssumeRoleWithSAML") && !self.wants("SAML:aud"))
                .then_some(Flaw::SamlWithoutAudience);
        }
        if !self.lets("sts:AssumeRoleWithWebIdentity") {
            return None;
        }
        let host = provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host);
        if host == "cognito-identity.amazonaws.com" {
            return if !self.wants("cognito-identity.amazonaws.com:aud") {
                Some(Flaw::CognitoWithoutPool)
            } else if !self.wants("cognito-identity.amazonaws.com:amr")
                && !self.wants("cognito-identity.amazonaws.com:sub")
            {
                Some(Flaw::CognitoGuests)
            } else {
                None
            };
        }
        if self.names_a_subject(host) {
            return None;
        }
        Some(if is_public_provider(host) { Flaw::PublicProviderWithoutSubject } else { Flaw::ProviderWithoutSubject })
    }

    /// Whether a claim says whose workload it is. The audience says nothing: whoever asks for a token chooses it, but for
    /// the providers whose audience is an application of one's own.
    fn names_a_subject(&self, host: &str) -> bool {
        let audience_is_own = matches!(host, "accounts.google.com" | "graph.facebook.com" | "www.amazon.com");
        self.conditions.iter().any(|condition| {
            let Some((provider, claim)) = condition.key.rsplit_once(':') else { return false };
            let claim = claim.to_ascii_lowercase();
            let says = claim != "amr" && (claim != "aud" || audience_is_own);
            // `repo:*` and `*:ref:refs/heads/main` leave open whose it is.
            let open = |value: &String| {
                let from = value.split_once(':').map_or(value.as_str(), |(_, rest)| rest);
                value.starts_with(['*', '?']) || claim == "sub" && from.starts_with(['*', '?'])
            };
            provider.eq_ignore_ascii_case(host)
                && says
                && condition.wants(&condition.key)
                && !condition.values.iter().any(open)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn flaws(action: &str, principal: &Value, condition: &Value) -> String {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition});
        let document = Document::from_value(&json!({"Version": "2012-10-17", "Statement": statement})).unwrap();
        let weak = document.weaknesses("111122223333", Some("deploy"), |account| account == "210987654321");
        weak.iter().map(|weak| weak.flaw.word()).collect::<Vec<_>>().join(" ")
    }

    fn oidc(host: &str, condition: &Value) -> String {
        let provider = json!({"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{host}")});
        flaws("sts:AssumeRoleWithWebIdentity", &provider, condition)
    }

    #[test]
    fn a_token_provider_must_be_asked_whose_workload_it_is() {
        for host in [
            "token.actions.githubusercontent.com",
            "gitlab.com",
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
        ] {
            let sub = format!("{host}:sub");
            for condition in [
                json!({}),
                json!({"StringEquals": {format!("{host}:aud"): "sts.amazonaws.com"}}),
                json!({"StringLike": {sub.clone(): "*"}}),
                json!({"StringLike": {sub.clone(): "repo:*"}}),
                json!({"StringEqualsIfExists": {sub.clone(): "repo:example/app:ref:refs/heads/main"}}),
                json!({"StringNotEquals": {sub.clone(): "repo:example/app:ref:refs/heads/main"}}),
                json!({"StringEquals": {"other.example.com:sub": "repo:example/app:ref:refs/heads/main"}}),
            ] {
                assert_eq!(oidc(host, &condition), "oidc-without-sub", "{host} {condition}");
            }
            for condition in [
                json!({"StringEquals": {sub.clone(): "repo:example/app:ref:refs/heads/main"}}),
                json!({"StringLike": {sub.clone(): ["repo:example/*", "system:serviceaccount:default:*"]}}),
                json!({"ForAnyValue:StringLike": {sub.clone(): "project_path:example/app:*"}}),
            ] {
                assert_eq!(oidc(host, &condition), "", "{host} {condition}");
            }
        }
    }

    #[test]
    fn a_cognito_pool_and_its_guests_must_be_told_apart() {
        let pool = |condition: Value| {
            flaws("sts:AssumeRoleWithWebIdentity", &json!({"Federated": "cognito-identity.amazonaws.com"}), &condition)
        };
        let aud = "cognito-identity.amazonaws.com:aud";
        assert_eq!(pool(json!({})), "cognito-without-aud");
        assert_eq!(pool(json!({"StringEquals": {aud: "us-east-1:example"}})), "cognito-guests");
        let both = json!({
            "StringEquals": {aud: "us-east-1:example"},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
        });
        assert_eq!(pool(both), "");
    }

    #[test]
    fn saml_and_services_must_say_whom_they_work_for() {
        let saml = json!({"Federated": "arn:aws:iam::111122223333:saml-provider/corp"});
        let aud = json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
        assert_eq!(flaws("sts:AssumeRoleWithSAML", &saml, &json!({})), "saml-without-audience");
        assert_eq!(flaws("sts:AssumeRoleWithSAML", &saml, &aud), "");
        let service = |host: &str, condition: Value| flaws("sts:AssumeRole", &json!({"Service": host}), &condition);
        assert_eq!(service("cloudtrail.amazonaws.com", json!({})), "service-without-source");
        assert_eq!(
            service("cloudtrail.amazonaws.com", json!({"StringEquals": {"aws:SourceAccount": "111122223333"}})),
            ""
        );
        assert_eq!(service("lambda.amazonaws.com", json!({})), "");
    }

    #[test]
    fn other_accounts_must_show_who_they_are_unless_they_are_known() {
        let account = |account: &str, condition: Value| flaws("sts:AssumeRole", &json!({"AWS": account}), &condition);
        assert_eq!(account("123456789012", json!({})), "account-without-external-id");
        assert_eq!(account("123456789012", json!({"StringEquals": {"sts:ExternalId": "example"}})), "other-account");
        assert_eq!(
            account("123456789012", json!({"StringLike": {"sts:ExternalId": "*"}})),
            "account-without-external-id"
        );
        assert_eq!(
            account("123456789012", json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}})),
            "other-account"
        );
        assert_eq!(account("210987654321", json!({})), "");
        assert_eq!(account("111122223333", json!({})), "");
        assert_eq!(account("arn:aws:iam::111122223333:role/ci/deploy", json!({})), "trusts-itself");
        assert_eq!(account("arn:aws:iam::111122223333:role/deploy/ci", json!({})), "");
    }

    #[test]
    fn everyone_is_weak_by_what_the_condition_says() {
        assert_eq!(flaws("sts:AssumeRole", &json!("*"), &json!({})), "public");
        assert_eq!(
            flaws("sts:AssumeRole", &json!("*"), &json!({"StringEquals": {"sts:ExternalId": "a"}})),
            "public-if"
        );
        let bound = json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}});
        assert_eq!(flaws("sts:AssumeRole", &json!("*"), &bound), "public-bound");
    }
}
