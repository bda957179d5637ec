//! What a document lets its holder do, as far as a first look tells: everything, everything in IAM, or everything but
//! IAM.

use super::wildcard::{matches, matches_in_any_case};
use super::{Document, Effect, Scope, Statement};
use crate::event::is_account;

/// Rights without an edge, the weaker first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Every action but those of IAM, as AWS's `PowerUserAccess`.
    AllButIam,
    /// Every action of IAM: its holder can give itself the rest.
    Iam,
    /// Every action on every resource.
    Everything,
}

/// A privilege, and the statement that gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant<'a> {
    pub privilege: Privilege,
    pub statement: &'a Statement,
}

impl Privilege {
    /// What its holder is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Everything => "administrator",
            Self::Iam => "IAM administrator",
            Self::AllButIam => "power user",
        }
    }

    /// A word for programs.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Everything => "administrator",
            Self::Iam => "iam-administrator",
            Self::AllButIam => "power-user",
        }
    }

    /// As the end of a sentence that begins with "allows".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Everything => "every action on every resource",
            Self::Iam => "every action of IAM, and so to take every other right",
            Self::AllButIam => "nearly every action outside IAM",
        }
    }
}

impl Grant<'_> {
    /// What it allows, by which statement, and if what: `every action on every resource, by statement 2`.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { privilege, statement } = self;
        match statement.condition_keys() {
            keys if keys.is_empty() => format!("{}, by {statement}", privilege.words()),
            keys => format!("{}, by {statement}, if {keys} allows it", privilege.words()),
        }
    }
}

impl Document {
    /// The strongest privilege that it gives without a condition, less what it denies without a condition.
    #[must_use]
    pub fn privilege(&self) -> Option<Grant<'_>> {
        self.strongest(|statement| statement.conditions.is_empty())
    }

    /// The strongest privilege that it gives only if a condition holds.
    #[must_use]
    pub fn privilege_if(&self) -> Option<Grant<'_>> {
        self.strongest(|statement| !statement.conditions.is_empty())
    }

    /// As [`Document::privilege`], by a statement that is of no other document: see [`Document::called`].
    #[must_use]
    pub fn own_privilege(&self) -> Option<Grant<'_>> {
        self.strongest(|statement| statement.conditions.is_empty() && statement.of.is_none())
    }

    /// As [`Document::privilege_if`], by a statement that is of no other document.
    #[must_use]
    pub fn own_privilege_if(&self) -> Option<Grant<'_>> {
        self.strongest(|statement| !statement.conditions.is_empty() && statement.of.is_none())
    }

    fn strongest(&self, candidate: impl Fn(&Statement) -> bool) -> Option<Grant<'_>> {
        let denied = self
            .statements
            .iter()
            .filter(|statement| statement.effect == Effect::Deny && statement.conditions.is_empty())
            .filter_map(Statement::denied)
            .max();
        let mut found: Option<Grant<'_>> = None;
        for statement in self.statements.iter().filter(|s| s.effect == Effect::Allow && candidate(s)) {
            let Some(privilege) = statement.allowed().and_then(|privilege| less(privilege, denied)) else { continue };
            if found.is_none_or(|found| found.privilege < privilege) {
                found = Some(Grant { privilege, statement });
            }
        }
        found
    }
}

/// What is left of a privilege. Denials of less than all of IAM leave it as it is: too much is said, never too little.
fn less(allowed: Privilege, denied: Option<Privilege>) -> Option<Privilege> {
    match (allowed, denied) {
        (_, Some(Privilege::Everything)) | (Privilege::Iam, Some(_)) => None,
        (Privilege::Everything, Some(_)) => Some(Privilege::AllButIam),
        (kept, _) => Some(kept),
    }
}

impl Statement {
    /// What it would allow its holder. A statement with principals speaks of others than its holder.
    fn allowed(&self) -> Option<Privilege> {
        if self.principals.is_some() {
            return None;
        }
        let privilege = match &self.actions {
            Scope::Only(actions) => actions.iter().filter_map(|action| reach(action)).max()?,
            Scope::AllBut(spared) => match spared.iter().filter_map(|action| reach(action)).max() {
                None => Privilege::Everything,
                Some(Privilege::Iam) => Privilege::AllButIam,
                Some(_) => return None,
            },
        };
        let everywhere = match self.resources.as_ref()? {
            Scope::Only(resources) => resources.iter().any(|resource| is_every_resource(resource)),
            Scope::AllBut(spared) => !spared.iter().any(|resource| is_all_of_iam(resource)),
        };
        let all_of_iam = match self.resources.as_ref()? {
            Scope::Only(resources) => resources.iter().any(|resource| is_all_of_iam(resource)),
            Scope::AllBut(_) => everywhere,
        };
        match privilege {
            privilege if everywhere => Some(privilege),
            Privilege::Everything | Privilege::Iam if all_of_iam => Some(Privilege::Iam),
            _ => None,
        }
    }

    /// What it denies for certain: `NotResource` leaves something, and so does `NotAction`, unless what it leaves is no
    /// action of IAM, without which there is no privilege to speak of.
    fn denied(&self) -> Option<Privilege> {
        let Some(Scope::Only(resources)) = &self.resources else { return None };
        let everywhere = resources.iter().any(|resource| is_every_resource(resource));
        let all_of_iam = resources.iter().any(|resource| is_all_of_iam(resource));
        let privilege = match &self.actions {
            Scope::Only(actions) => actions.iter().filter_map(|action| reach(action)).max()?,
            Scope::AllBut(spared) if spared.iter().any(|action| touches_iam(action)) => return None,
            Scope::AllBut(_) => Privilege::Everything,
        };
        match privilege {
            privilege if everywhere => Some(privilege),
            Privilege::Everything | Privilege::Iam if all_of_iam => Some(Privilege::Iam),
            _ => None,
        }
    }
}

/// What an action pattern covers: everything, as `*` and `*:*`, or all of IAM, as `iam:*`.
fn reach(action: &str) -> Option<Privilege> {
    // The shortest action that is a way up: a pattern of wildcards that lets it through lets all of them through.
    let any_name = |name: &str| only_wildcards(name) && matches(name, "PassRole");
    match action.split_once(':') {
        None => (only_wildcards(action) && matches(action, "iam:PassRole")).then_some(Privilege::Everything),
        Some((service, name)) if any_name(name) => match service {
            service if only_wildcards(service) && service.contains('*') => Some(Privilege::Everything),
            service => matches_in_any_case(service, "iam").then_some(Privilege::Iam),
        },
        Some(_) => None,
    }
}

pub(super) fn only_wildcards(pattern: &str) -> bool {
    pattern.contains('*') && pattern.bytes().all(|byte| byte == b'*' || byte == b'?')
}

fn touches_iam(action: &str) -> bool {
    let service = action.split_once(':').map_or(action, |(service, _)| service);
    matches_in_any_case(service, "iam")
}

/// `*`, and what comes to the same, as `arn:aws:*`.
pub(super) fn is_every_resource(pattern: &str) -> bool {
    is_all_of_iam(pattern)
        && (only_wildcards(pattern)
            || in_its_partition(pattern, &["s3:::bucket/key", "ec2:eu-west-1:{account}:instance/i-0"]))
}

/// `*`, `arn:aws:iam::*`, `arn:aws:iam::111122223333:*`, …
fn is_all_of_iam(pattern: &str) -> bool {
    only_wildcards(pattern)
        || in_its_partition(
            pattern,
            &["iam::{account}:user/u", "iam::{account}:group/g", "iam::{account}:role/r", "iam::{account}:policy/p"],
        )
}

/// Whether the pattern matches an ARN of every kind given, in the partition and the account that it speaks of.
fn in_its_partition(pattern: &str, kinds: &[&str]) -> bool {
    let mut parts = pattern.split(':');
    let partition = parts.nth(1).filter(|partition| !partition.contains(['*', '?'])).unwrap_or("aws");
    let account = parts.nth(2).filter(|account| is_account(account)).unwrap_or("000000000000");
    kinds.iter().all(|kind| matches(pattern, &format!("arn:{partition}:{}", kind.replace("{account}", account))))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn privilege(statements: &Value) -> Option<Privilege> {
        Document::from_value(&json!({"Statement": statements})).unwrap().privilege().map(|grant| grant.privilege)
    }

    fn allow(action: &Value, resource: &Value) -> Option<Privilege> {
        privilege(&json!({"Effect": "Allow", "Action": action, "Resource": resource}))
    }

    #[test]
    fn everything_is_recognised_in_every_form() {
        for action in [json!("*"), json!("*:*"), json!(["s3:GetObject", "*"]), json!("**"), json!("*:?*"), json!("?*")]
        {
            for resource in
                [json!("*"), json!(["arn:aws:s3:::b", "*"]), json!("arn:aws:*"), json!("arn:*:*:*:*:*"), json!("**")]
            {
                assert_eq!(allow(&action, &resource), Some(Privilege::Everything), "{action} on {resource}");
            }
        }
    }

    #[test]
    fn all_of_iam_is_recognised_in_every_form() {
        for action in [json!("iam:*"), json!("IAM:*"), json!("i*:*"), json!(["ia?:?*"]), json!("???:*")] {
            for resource in
                [json!("*"), json!("arn:aws:iam::*"), json!("arn:aws-cn:iam::111122223333:*"), json!("arn:aws:iam")]
            {
                assert_eq!(allow(&action, &resource), Some(Privilege::Iam), "{action} on {resource}");
            }
        }
        assert_eq!(allow(&json!("*"), &json!("arn:aws:iam::111122223333:*")), Some(Privilege::Iam));
    }

    #[test]
    fn what_is_not_action_leaves_counts() {
        let all_but = |action: &Value| privilege(&json!({"Effect": "Allow", "NotAction": action, "Resource": "*"}));
        assert_eq!(all_but(&json!("aws-portal:*")), Some(Privilege::Everything));
        assert_eq!(all_but(&json!(["iam:DeleteUser"])), Some(Privilege::Everything));
        assert_eq!(all_but(&json!(["organizations:*", "iam:*"])), Some(Privilege::AllButIam));
        assert_eq!(all_but(&json!("*")), None);
        let elsewhere = json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::audit/*"});
        assert_eq!(privilege(&elsewhere), Some(Privilege::Everything));
        let nowhere = json!({"Effect": "Allow", "Action": "*", "NotResource": "*"});
        assert_eq!(privilege(&nowhere), None);
    }

    #[test]
    fn what_has_an_edge_is_none() {
        for (action, resource) in [
            (json!("s3:*"), json!("*")),
            (json!("iam:Get*"), json!("*")),
            (json!("iam:?"), json!("*")),
            (json!("*"), json!("arn:aws:s3:::bucket/*")),
            (json!("*"), json!("arn:aws:ec2:*:*:*")),
            (json!("iam:*"), json!("arn:aws:iam::*:user/${aws:username}")),
            (json!("iam*"), json!("*")),
            (json!("*:Get*"), json!("*")),
            (json!([]), json!("*")),
            (json!(""), json!("")),
        ] {
            assert_eq!(allow(&action, &resource), None, "{action} on {resource}");
        }
    }

    #[test]
    fn a_condition_makes_it_an_if() {
        let statement = json!({
            "Sid": "WithMfa", "Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        });
        let document = Document::from_value(&json!({"Statement": statement})).unwrap();
        assert_eq!(document.privilege(), None);
        assert_eq!(
            document.privilege_if().unwrap().words(),
            "every action on every resource, by statement 1 \"WithMfa\", if aws:MultiFactorAuthPresent allows it"
        );
    }

    #[test]
    fn what_the_same_document_denies_is_taken_off() {
        let everything_but =
            |deny: Value| privilege(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}, deny]));
        let deny = |action: &str| json!({"Effect": "Deny", "Action": action, "Resource": "*"});
        assert_eq!(everything_but(deny("*")), None);
        assert_eq!(everything_but(deny("iam:*")), Some(Privilege::AllButIam));
        assert_eq!(everything_but(deny("iam:DeleteUser")), Some(Privilege::Everything));
        assert_eq!(everything_but(json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})), None);
        let unless_mfa = json!({
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        });
        assert_eq!(everything_but(unless_mfa), Some(Privilege::Everything));
    }

    #[test]
    fn the_policy_of_a_resource_gives_its_holder_nothing() {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        assert_eq!(privilege(&statement), None);
    }

    #[test]
    fn the_strongest_statement_is_named() {
        let document = Document::from_value(&json!({"Statement": [
            {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
            {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"},
        ]}));
        assert_eq!(
            document.unwrap().privilege().unwrap().words(),
            "every action on every resource, by statement 2 \"Everything\""
        );
    }
}
