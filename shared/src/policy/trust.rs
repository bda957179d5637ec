//! Whom a policy lets in, and above all a trust policy.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use super::wildcard::{matches, matches_in_any_case};
use super::{Condition, Document, Effect, Principal, PrincipalKind, Scope, Statement, some};
use crate::arn;
use crate::event::is_account;

/// Somebody whom a policy lets in, and the statement that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trusted<'a> {
    pub who: Who<'a>,
    pub statement: &'a Statement,
}

/// Somebody who is let in, and the denials that would keep them out under their conditions.
pub(super) struct LetIn<'a> {
    pub(super) trusted: Trusted<'a>,
    pub(super) denials: Vec<&'a Statement>,
}

/// Who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who<'a> {
    /// Every AWS account in the world, or all but a few.
    Everyone,
    /// A principal of another account, or that account as a whole.
    OtherAccount { account: &'a str, principal: &'a str },
    /// A principal of the own account of the role or resource, or that account as a whole.
    OwnAccount(&'a str),
    /// An AWS service, by its host.
    Service(&'a str),
    /// An identity provider: SAML, OIDC.
    Federated(&'a str),
    /// The id of a principal that was deleted, or a kind that is not known here.
    Unknown(&'a str),
}

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::OtherAccount { principal: name, .. }
            | Self::OwnAccount(name)
            | Self::Service(name)
            | Self::Federated(name)
            | Self::Unknown(name) => f.write_str(name),
        }
    }
}

/// The actions that open a session of the role.
const ASSUME: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// Keys that say who the caller is, in words the caller cannot choose.
const BINDING: [&str; 4] = ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalAccount", "aws:PrincipalArn"];

/// Operators that want one of their values. Those that end in `IfExists` or begin with `ForAllValues:` are also content
/// with a caller who has no such key.
const WANTING: [&str; 6] =
    ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];

impl Document {
    /// Everybody whom it lets open a session, in its order, less those whom it denies that without a condition. `own` is
    /// the account of the role.
    #[must_use]
    pub fn trusted(&self, own: &str) -> Vec<Trusted<'_>> {
        let let_in = self.let_in(own, Statement::lets_assume, Statement::denies_assuming);
        let_in.into_iter().map(|one| one.trusted).collect()
    }

    /// Everybody whom the statements that are `about` it let in, in their order and each once a statement, less those whom
    /// a denial that `covers` such a statement keeps out without a condition.
    pub(super) fn let_in(
        &self,
        own: &str,
        about: impl Fn(&Statement) -> bool,
        covers: impl Fn(&Statement, &Statement) -> bool,
    ) -> Vec<LetIn<'_>> {
        let mut let_in = Vec::new();
        for statement in self.statements.iter().filter(|s| s.effect == Effect::Allow && about(s)) {
            let denials = self.statements.iter().filter(|denial| denial.effect == Effect::Deny);
            // Once a statement, not once a principal: a document can hold many of both.
            let covering: Vec<&Statement> = denials.filter(|denial| covers(denial, statement)).collect();
            let mut waiting: VecDeque<Who<'_>> = match &statement.principals {
                Some(Scope::Only(principals)) => principals.iter().map(|one| one.who(own)).collect(),
                Some(Scope::AllBut(spared)) if !spared.iter().any(Principal::is_everyone) => [Who::Everyone].into(),
                Some(Scope::AllBut(_)) | None => VecDeque::new(),
            };
            let mut seen = HashSet::new();
            while let Some(who) = waiting.pop_front() {
                if !seen.insert(who) {
                    continue;
                }
                let denials: Vec<&Statement> =
                    covering.iter().copied().filter(|denial| denial.is_about(&who)).collect();
                match denials.iter().find(|denial| denial.conditions.is_empty()).map(|denial| &denial.principals) {
                    None => let_in.push(LetIn { trusted: Trusted { who, statement }, denials }),
                    // Of everyone it leaves those whom it spares.
                    Some(Some(Scope::AllBut(spared))) if who == Who::Everyone => {
                        waiting.extend(spared.iter().map(|one| one.who(own)));
                    }
                    Some(_) => {}
                }
            }
        }
        let_in
    }

    /// Whether it decides who may open a session of a role, by allowing it or by denying it. The policy of a resource may
    /// allow every action too, and then says on what.
    #[must_use]
    pub fn is_trust(&self) -> bool {
        self.statements.iter().any(|statement| statement.lets_assume() && statement.resources.is_none())
    }

    /// Whether somebody whom it lets in must be of a named organization, account or principal: by the statement that lets
    /// them in, or by a denial of all others.
    #[must_use]
    pub fn binds(&self, trusted: &Trusted<'_>) -> bool {
        let others_denied = |denial: &Statement| match denial.conditions.as_slice() {
            [condition] => condition.unless_binds_the_caller(),
            _ => false,
        };
        let denials = self.statements.iter().filter(|denial| {
            let denies = denial.effect == Effect::Deny && denial.is_about(&trusted.who);
            denies && denial.denies_assuming(trusted.statement)
        });
        trusted.statement.binds_the_caller() || { denials }.any(others_denied)
    }

    /// The same as text, as much as fits a line or two.
    #[must_use]
    pub fn trusted_in_words(&self, own: &str) -> String {
        match self.trusted(own) {
            trusted if trusted.is_empty() => "nobody".to_owned(),
            trusted => some(&trusted, 5, ", ", |trusted| trusted.who.to_string()),
        }
    }
}

impl Statement {
    fn lets_assume(&self) -> bool {
        ASSUME.iter().any(|call| self.lets(call))
    }

    /// Whether it is about somebody.
    fn is_about(&self, who: &Who<'_>) -> bool {
        let is = |principal: &Principal| principal.is_everyone() || who.is_named(&principal.name);
        match &self.principals {
            None => false,
            Some(Scope::Only(principals)) => principals.iter().any(is),
            Some(Scope::AllBut(principals)) => !principals.iter().any(is),
        }
    }

    /// Whether this denial takes every way to open a session that the other statement gives.
    fn denies_assuming(&self, allowance: &Self) -> bool {
        ASSUME.iter().all(|call| !allowance.lets(call) || self.lets(call))
    }

    /// Whether it is about that call.
    pub(super) fn lets(&self, call: &str) -> bool {
        let named = |actions: &[String]| actions.iter().any(|action| matches_in_any_case(action, call));
        match &self.actions {
            Scope::Only(actions) => named(actions),
            Scope::AllBut(actions) => !named(actions),
        }
    }

    /// Whether a condition names organizations, accounts or principals that the caller must be of.
    #[must_use]
    pub fn binds_the_caller(&self) -> bool {
        self.conditions.iter().any(Condition::binds_the_caller)
    }
}

impl Condition {
    fn binds_the_caller(&self) -> bool {
        self.is_wanting() && self.names(&BINDING)
    }

    /// In a denial: whether it lets only callers through that it names, as `StringNotEquals` does.
    fn unless_binds_the_caller(&self) -> bool {
        self.is_unless() && self.names(&BINDING)
    }

    /// Whether it holds only for a caller who has one of its values.
    pub(super) fn is_wanting(&self) -> bool {
        let operator = match self.operator.split_once(':') {
            Some((set, operator)) if set.eq_ignore_ascii_case("ForAnyValue") => operator,
            _ => &self.operator,
        };
        is_one_of(&WANTING, operator)
    }

    /// In a denial: whether it spares only a caller who has one of its values, as `StringNotEquals` does.
    pub(super) fn is_unless(&self) -> bool {
        let bare = self.operator.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let bare = bare.strip_suffix("ifexists").unwrap_or(&bare);
        let wanting = bare.replacen("not", "", 1);
        wanting != bare && is_one_of(&WANTING, &wanting)
    }

    /// Whether it is about one of these keys and leaves none of its values open: a value of wildcards alone, one that
    /// leaves an ARN's account open, or one that is the caller's own binds nobody.
    pub(super) fn names(&self, keys: &[&str]) -> bool {
        let open = |value: &String| {
            let wildcards = value.contains(['*', '?']);
            wildcards && (matches(value, "o-a1b2c3d4e5") || matches(value, "000000000000"))
                || arn::account(value).is_some_and(|account| account.contains(['*', '?']))
                || value.starts_with('*')
                || value.contains("${aws:Principal")
        };
        is_one_of(keys, &self.key) && !self.values.is_empty() && !self.values.iter().any(open)
    }

    /// Whether it wants a value of that key, and not just any.
    pub(super) fn wants(&self, key: &str) -> bool {
        let bare = self.operator.rsplit(':').next().unwrap_or_default();
        let all = self.operator.to_ascii_lowercase().starts_with("forallvalues:");
        let open = |value: &String| value.bytes().all(|byte| byte == b'*' || byte == b'?');
        !all && is_one_of(&WANTING, bare)
            && self.key.eq_ignore_ascii_case(key)
            && !self.values.is_empty()
            && !self.values.iter().any(open)
    }
}

fn is_one_of(known: &[&str], word: &str) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(word))
}

impl Who<'_> {
    fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Everyone => false,
            Self::OtherAccount { account, principal } => {
                *principal == name || *account == name || name.ends_with(&format!("::{account}:root"))
            }
            Self::OwnAccount(own) | Self::Service(own) | Self::Federated(own) | Self::Unknown(own) => *own == name,
        }
    }
}

impl Principal {
    pub(super) fn is_everyone(&self) -> bool {
        self.kind == PrincipalKind::Aws && self.name.bytes().all(|byte| byte == b'*')
    }

    pub(super) fn who<'a>(&'a self, own: &str) -> Who<'a> {
        match self.kind {
            PrincipalKind::Aws => {}
            PrincipalKind::Service => return Who::Service(&self.name),
            PrincipalKind::Federated => return Who::Federated(&self.name),
            PrincipalKind::CanonicalUser | PrincipalKind::Other => return Who::Unknown(&self.name),
        }
        let account = if is_account(&self.name) { Some(self.name.as_str()) } else { arn::account(&self.name) };
        match account {
            _ if self.name.bytes().all(|byte| byte == b'*') => Who::Everyone,
            Some("*") => Who::Everyone,
            Some(account) if account == own => Who::OwnAccount(&self.name),
            Some(account) if is_account(account) => Who::OtherAccount { account, principal: &self.name },
            _ => Who::Unknown(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document(principal: &Value, condition: &Value) -> Document {
        let statement =
            json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition});
        Document::from_value(&json!({"Statement": statement})).unwrap()
    }

    fn who(principal: &Value) -> String {
        let document = document(principal, &json!({}));
        let trusted = document.trusted("111122223333");
        trusted.iter().map(|trusted| format!("{:?}", trusted.who)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn everyone_is_recognised_in_every_form() {
        for principal in [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["*"]}), json!({"AWS": "arn:aws:iam::*:root"})]
        {
            assert_eq!(who(&principal), "Everyone", "{principal}");
        }
        let all_but = json!({"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"});
        let document = Document::from_value(&json!({"Statement": all_but})).unwrap();
        assert_eq!(document.trusted("111122223333")[0].who, Who::Everyone);
    }

    #[test]
    fn accounts_are_told_apart_in_every_form() {
        for own in ["111122223333", "arn:aws:iam::111122223333:root", "arn:aws-cn:iam::111122223333:role/eng/deploy"] {
            assert_eq!(who(&json!({"AWS": own})), format!("OwnAccount({own:?})"));
        }
        for other in [
            "123456789012",
            "arn:aws:iam::123456789012:user/111122223333",
            "arn:aws:sts::123456789012:assumed-role/a/b",
        ] {
            let expected = format!("OtherAccount {{ account: \"123456789012\", principal: {other:?} }}");
            assert_eq!(who(&json!({"AWS": other})), expected);
        }
        assert_eq!(who(&json!({"AWS": "AROAIOSFODNN7EXAMPLE"})), "Unknown(\"AROAIOSFODNN7EXAMPLE\")");
    }

    #[test]
    fn services_and_providers_are_no_accounts() {
        let principal = json!({"Service": "ec2.amazonaws.com", "Federated": "accounts.google.com"});
        assert_eq!(who(&principal), "Federated(\"accounts.google.com\"); Service(\"ec2.amazonaws.com\")");
    }

    #[test]
    fn a_statement_that_opens_no_session_lets_nobody_in() {
        let lets_in = |effect: &str, action: &str, value: Value| {
            let mut statement = json!({"Effect": effect, "Principal": "*"});
            statement[action] = value;
            !Document::from_value(&json!({"Statement": statement})).unwrap().trusted("111122223333").is_empty()
        };
        assert!(lets_in("Allow", "Action", json!("STS:assumerole*")));
        assert!(lets_in("Allow", "Action", json!(["sts:TagSession", "*"])));
        assert!(lets_in("Allow", "NotAction", json!("sts:TagSession")));
        assert!(!lets_in("Allow", "Action", json!("sts:TagSession")));
        assert!(!lets_in("Allow", "NotAction", json!("sts:*")));
        assert!(!lets_in("Deny", "Action", json!("sts:AssumeRole")));
    }

    #[test]
    fn whom_the_document_denies_is_not_let_in() {
        let allow = json!({"Effect": "Allow", "Principal": {"AWS": ["123456789012", "111122223333"]}, "Action": "sts:AssumeRole"});
        let left = |deny: Value| {
            let document = Document::from_value(&json!({"Statement": [allow, deny]})).unwrap();
            document.trusted_in_words("111122223333")
        };
        let deny = |principal: Value, action: &str| json!({"Effect": "Deny", "Principal": principal, "Action": action});
        assert_eq!(left(deny(json!("*"), "sts:*")), "nobody");
        assert_eq!(left(deny(json!({"AWS": "arn:aws:iam::123456789012:root"}), "sts:AssumeRole")), "111122223333");
        assert_eq!(left(deny(json!("*"), "sts:TagSession")), "123456789012, 111122223333");
        let others = json!({"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*"});
        assert_eq!(left(others), "111122223333");
        let document = Document::from_value(&json!({"Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
            {"Effect": "Deny", "NotPrincipal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"},
        ]}))
        .unwrap();
        assert_eq!(document.trusted_in_words("111122223333"), "123456789012");
    }

    #[test]
    fn a_denial_of_all_outside_the_organization_binds_the_caller() {
        let binds = |operator: &str, value: &str| {
            let document = Document::from_value(&json!({"Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
                {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {operator: {"aws:PrincipalOrgID": value}}},
            ]}))
            .unwrap();
            let trusted = document.trusted("111122223333");
            document.binds(&trusted[0])
        };
        assert!(binds("StringNotEquals", "o-exampleorgid"));
        assert!(binds("StringNotEqualsIfExists", "o-exampleorgid"));
        assert!(!binds("StringEquals", "o-exampleorgid"));
        assert!(!binds("StringNotLike", "o-*"));
    }

    #[test]
    fn only_a_condition_on_who_the_caller_is_binds_the_caller() {
        let binds = |condition: &Value| document(&json!("*"), condition).statements[0].binds_the_caller();
        for condition in [
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            // What `AWS::AccountId` stands as.
            json!({"StringEquals": {"aws:PrincipalAccount": "000000000000"}}),
            json!({"StringLike": {"aws:principalarn": ["arn:aws:iam::111122223333:role/ci-*"]}}),
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-exampleorgid/r-ab12/*"}}),
            json!({"Bool": {"aws:MultiFactorAuthPresent": true}, "StringEquals": {"aws:PrincipalAccount": 111_122_223_333_u64}}),
        ] {
            assert!(binds(&condition), "{condition}");
        }
        for condition in [
            json!({}),
            json!({"StringEquals": {"sts:ExternalId": "shared"}}),
            json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-exampleorgid/*"}}),
            json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),
            json!({"StringLike": {"aws:PrincipalArn": "*/admin"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": []}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/admin"}}),
        ] {
            assert!(!binds(&condition), "{condition}");
        }
    }
}
