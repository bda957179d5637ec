//! A document beside the one that stood in its place, and beside others that the same principal holds: what it adds, and
//! what it no longer holds back.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::paths::PATHS;
use super::reach::may_meet;
use super::wildcard::contains;
use super::{Certainty, Condition, Document, Effect, Privilege, Scope, Statement};
use crate::finding::Severity;

/// How strong its holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    Ordinary,
    /// It can get more rights by this path.
    Escalates(&'static str),
    /// It has that privilege as long as a condition holds, such as MFA.
    PrivilegedIf(Privilege),
    Privileged(Privilege),
}

/// Something that the document before asked for or denied, and the one now does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loosening<'a> {
    what: Loosened<'a>,
    /// The statement of the document before.
    before: &'a Statement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loosened<'a> {
    Denial,
    /// A condition that is gone.
    Gone(&'a Condition),
    /// A condition that takes more values than before.
    Wider(&'a Condition),
    /// A condition that takes other values than before.
    Other(&'a Condition),
}

/// Conditions on who asks, or from where: without them, others get in.
const BINDING: [&str; 15] = [
    "sts:ExternalId",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "SAML:aud",
];

/// What whoever does not want to be seen calls.
const BLINDING: [&str; 6] = [
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "guardduty:DeleteDetector",
    "config:StopConfigurationRecorder",
    "organizations:LeaveOrganization",
];

/// More pairs of statements than IAM's quotas let anybody write are not compared: the work grows with their product.
const MOST_PAIRS: usize = 40_000;

impl Document {
    /// The same document with a name for its statements to be told by: `policy deploy`.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        let name: Arc<str> = Arc::from(name);
        for statement in &mut self.statements {
            statement.of = Some(Arc::clone(&name));
        }
        self
    }

    /// All that a principal holds as one document: what one of them allows is allowed, what one denies is denied. Where one
    /// has policy variables, all are taken to have them, so that too much is said rather than too little.
    #[must_use]
    pub fn joined<'d>(documents: impl IntoIterator<Item = &'d Self>) -> Self {
        let mut joined = Self::default();
        for document in documents {
            if document.has_variables() || joined.version.is_none() {
                joined.version.clone_from(&document.version);
            }
            joined.statements.extend(document.statements.iter().cloned());
        }
        joined
    }

    /// Whether both say the same, whatever the order and the names of their statements.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let said = |document: &Self| document.statements.iter().map(Statement::normal).collect::<BTreeSet<_>>();
        self.has_variables() == other.has_variables() && said(self) == said(other)
    }

    /// Whether it allows nothing that the other one did not allow under the same conditions or fewer.
    #[must_use]
    pub fn adds_nothing_to(&self, before: &Self) -> bool {
        if self.statements.len() * before.statements.len() > MOST_PAIRS {
            return false;
        }
        let allowed = |new: &Statement| {
            before.statements.iter().any(|old| {
                old.effect == Effect::Allow
                    && old.covers(new)
                    && old.conditions.iter().all(|asked| new.is_held_by(asked))
            })
        };
        self.statements.iter().filter(|statement| statement.effect == Effect::Allow).all(allowed)
            && before.statements.iter().filter(|old| old.effect == Effect::Deny).all(|old| self.still_denies(old))
    }

    /// How strong it makes its holder.
    #[must_use]
    pub fn strength(&self) -> Strength {
        if let Some(grant) = self.privilege() {
            return Strength::Privileged(grant.privilege);
        }
        if let Some(grant) = self.privilege_if() {
            return Strength::PrivilegedIf(grant.privilege);
        }
        let opens = self.opens();
        let plain = opens.ways.iter().find(|way| way.certainty() == Certainty::Plain);
        plain.map_or(Strength::Ordinary, |way| Strength::Escalates(way.path.reference))
    }

    /// What it no longer holds back, compared with the document `before`, the worst first. What it allows that nothing
    /// allowed before is no loosening: it is new.
    #[must_use]
    pub fn looser_than<'a>(&self, before: &'a Self) -> Vec<Loosening<'a>> {
        if self.statements.len() * before.statements.len() > MOST_PAIRS {
            return Vec::new();
        }
        let mut loosened: Vec<Loosening<'a>> = before
            .statements
            .iter()
            .filter(|old| old.effect == Effect::Deny && !self.still_denies(old))
            .map(|before| Loosening { what: Loosened::Denial, before })
            .collect();
        for new in self.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
            let of_each = before.statements.iter().filter(|old| old.effect == Effect::Allow && old.covers(new));
            // The one that asked least is the one to compare with.
            let least = of_each.map(|old| old.asks_more_than(new)).min_by_key(Vec::len);
            loosened.extend(least.into_iter().flatten());
        }
        loosened.sort_by_key(|loosening| std::cmp::Reverse(loosening.severity()));
        loosened.dedup_by_key(|loosening| loosening.to_string());
        loosened
    }

    /// What it denies, as what is lost when it is taken away.
    pub fn what_it_denies(&self) -> impl Iterator<Item = Loosening<'_>> {
        let denials = self.statements.iter().filter(|statement| statement.effect == Effect::Deny);
        denials.map(|before| Loosening { what: Loosened::Denial, before })
    }

    /// Whether all that a statement denied is denied still. Each of its actions and resources may be denied by another
    /// statement now.
    fn still_denies(&self, old: &Statement) -> bool {
        let denials: Vec<&Statement> = self
            .statements
            .iter()
            .filter(|new| {
                new.effect == Effect::Deny
                    && new.principals_cover(old)
                    && new.conditions.iter().all(|condition| old.is_held_by(condition))
            })
            .collect();
        if denials.iter().any(|new| new.covers(old)) {
            return true;
        }
        let (Scope::Only(actions), Some(Scope::Only(resources))) = (&old.actions, &old.resources) else { return false };
        actions.iter().all(|action| {
            resources
                .iter()
                .all(|resource| denials.iter().any(|new| new.about_action(action) && new.about_resource(resource)))
        })
    }
}

impl Statement {
    /// What it says, in a form that two statements share when they say the same.
    fn normal(&self) -> String {
        fn sorted<T>(list: &[T], text: impl Fn(&T) -> String) -> Vec<String> {
            let mut texts: Vec<String> = list.iter().map(text).collect();
            texts.sort_unstable();
            texts.dedup();
            texts
        }
        fn scope<T>(scope: &Scope<T>, text: impl Fn(&T) -> String) -> String {
            match scope {
                Scope::Only(list) => format!("only {:?}", sorted(list, text)),
                Scope::AllBut(list) => format!("all but {:?}", sorted(list, text)),
            }
        }
        let principals = self.principals.as_ref().map(|list| scope(list, |one| format!("{:?} {}", one.kind, one.name)));
        let actions = scope(&self.actions, |action| action.to_ascii_lowercase());
        let resources = self.resources.as_ref().map(|list| scope(list, Clone::clone));
        let conditions = sorted(&self.conditions, Condition::normal);
        format!("{:?} {principals:?} {actions} {resources:?} {conditions:?}", self.effect)
    }

    /// Whether it is about everything that the other one is about, conditions aside.
    fn covers(&self, other: &Self) -> bool {
        self.principals_cover(other) && self.actions_cover(other) && self.resources_cover(other)
    }

    fn principals_cover(&self, other: &Self) -> bool {
        match (&self.principals, &other.principals) {
            (None, None) => true,
            (Some(Scope::Only(own)), Some(Scope::Only(others))) => {
                others.iter().all(|other| own.iter().any(|one| one == other || one.is_everyone()))
            }
            (own, others) => own == others && own.is_some(),
        }
    }

    fn actions_cover(&self, other: &Self) -> bool {
        match &other.actions {
            Scope::Only(actions) => actions.iter().all(|action| self.about_action(action)),
            Scope::AllBut(spared) => match &self.actions {
                Scope::Only(patterns) => patterns.iter().any(|pattern| pattern == "*" || pattern == "*:*"),
                Scope::AllBut(own) => own.iter().all(|own| spared.iter().any(|spared| holds(spared, own))),
            },
        }
    }

    fn resources_cover(&self, other: &Self) -> bool {
        match &other.resources {
            None => self.resources.is_none() || self.about_resource("*"),
            Some(Scope::Only(resources)) => resources.iter().all(|resource| self.about_resource(resource)),
            Some(Scope::AllBut(spared)) => match &self.resources {
                Some(Scope::Only(patterns)) => patterns.iter().any(|pattern| pattern == "*"),
                Some(Scope::AllBut(own)) => own.iter().all(|own| spared.iter().any(|spared| contains(spared, own))),
                None => false,
            },
        }
    }

    /// Whether it is about all that an action pattern stands for. A yes is certain where it names actions; `NotAction` is
    /// about all that is not spared.
    fn about_action(&self, action: &str) -> bool {
        match &self.actions {
            Scope::Only(patterns) => patterns.iter().any(|pattern| holds(pattern, action)),
            Scope::AllBut(spared) => {
                let action = action.to_ascii_lowercase();
                !spared.iter().any(|spared| may_meet(&spared.to_ascii_lowercase(), &action))
            }
        }
    }

    fn about_resource(&self, resource: &str) -> bool {
        match &self.resources {
            None => false,
            Some(Scope::Only(patterns)) => patterns.iter().any(|pattern| contains(pattern, resource)),
            Some(Scope::AllBut(spared)) => !spared.iter().any(|spared| may_meet(spared, resource)),
        }
    }

    fn has(&self, condition: &Condition) -> bool {
        let normal = condition.normal();
        self.conditions.iter().any(|own| own.normal() == normal)
    }

    /// Whether it asks for everything that the other one asks for, or for more.
    pub(crate) fn asks_as_much_as(&self, other: &Self) -> bool {
        let rotated = |asked: &Condition| {
            let same = |own: &&Condition| own.is_same_test_as(asked);
            asked.key.eq_ignore_ascii_case("sts:ExternalId") && self.conditions.iter().any(|own| same(&own))
        };
        other.conditions.iter().all(|asked| self.is_held_by(asked) || rotated(asked))
    }

    /// Whether a condition holds wherever its own conditions do.
    fn is_held_by(&self, condition: &Condition) -> bool {
        let own = |own: &Condition| condition.is_same_test_as(own) && condition.takes_as_much_as(own);
        self.has(condition) || self.conditions.iter().any(own)
    }

    /// Its conditions that the other one does not have, or has with more values.
    fn asks_more_than<'a>(&'a self, other: &Self) -> Vec<Loosening<'a>> {
        let asked = self.conditions.iter().filter(|condition| !other.has(condition));
        asked
            .filter_map(|condition| {
                let same = other.conditions.iter().find(|new| new.is_same_test_as(condition));
                let what = match same {
                    None => Loosened::Gone(condition),
                    Some(new) if new.takes_as_much_as(condition) && condition.takes_as_much_as(new) => return None,
                    Some(new) if new.takes_as_much_as(condition) => Loosened::Wider(condition),
                    Some(new) if condition.takes_as_much_as(new) => return None,
                    // An external id is a secret that is to be changed now and then.
                    Some(_) if condition.key.eq_ignore_ascii_case("sts:ExternalId") => return None,
                    Some(_) => Loosened::Other(condition),
                };
                Some(Loosening { what, before: self })
            })
            .collect()
    }
}

impl Condition {
    fn normal(&self) -> String {
        let mut values = self.values.clone();
        values.sort_unstable();
        values.dedup();
        format!("{} {} {values:?}", self.operator.to_ascii_lowercase(), self.key.to_ascii_lowercase())
    }

    fn is_same_test_as(&self, other: &Self) -> bool {
        self.key.eq_ignore_ascii_case(&other.key) && self.test() == other.test()
    }

    /// The operator, where two compare alike: a pattern without a wildcard is a value.
    fn test(&self) -> String {
        self.operator.to_ascii_lowercase().replace("like", "equals")
    }

    /// Whether it lets through all that the other one does.
    fn takes_as_much_as(&self, other: &Self) -> bool {
        let negates = self.operator.to_ascii_lowercase().contains("not");
        let (wide, narrow) = if negates { (other, self) } else { (self, other) };
        narrow.values.iter().all(|value| wide.values.iter().any(|wide| contains(wide, value)))
    }
}

/// Whether a pattern of actions stands for all that the other one stands for.
fn holds(pattern: &str, action: &str) -> bool {
    contains(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

impl Strength {
    /// Whether its holder can do more than the other's. Nothing is said between two who can escalate.
    #[must_use]
    pub fn exceeds(self, other: Self) -> bool {
        let rank = |strength: Self| match strength {
            Self::Ordinary => 0,
            Self::Escalates(_) => 1,
            Self::PrivilegedIf(_) => 2,
            Self::Privileged(Privilege::AllButIam) => 3,
            Self::Privileged(Privilege::Iam) => 4,
            Self::Privileged(Privilege::Everything) => 5,
        };
        rank(self) > rank(other)
    }
}

fn title(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Everything => "an administrator",
        Privilege::Iam => "an IAM administrator",
        Privilege::AllButIam => "a power user",
    }
}

/// As in "which is an administrator".
impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinary => f.write_str("an ordinary one, as far as its policies tell"),
            Self::Escalates(path) => write!(f, "one that can get more rights (path {path})"),
            Self::Privileged(privilege) => f.write_str(title(*privilege)),
            Self::PrivilegedIf(privilege) => write!(f, "{}, under a condition", title(*privilege)),
        }
    }
}

impl Loosening<'_> {
    /// HIGH where it kept somebody from more rights or let only certain callers in, else MEDIUM.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let high = match self.what {
            Loosened::Denial => {
                let by_rights = PATHS.iter().filter(|path| path.is_by_rights()).flat_map(|path| path.actions);
                by_rights.chain(&BLINDING).any(|action| self.before.about_action(action))
            }
            Loosened::Gone(condition) => condition.binds(),
            // Networks come and go; who may ask does not.
            Loosened::Other(condition) => condition.binds() && !condition.key.to_ascii_lowercase().contains("source"),
            Loosened::Wider(_) => false,
        };
        if high { Severity::High } else { Severity::Medium }
    }
}

impl Condition {
    /// Whether it says who asks, or from where. Whose workload a token is for is said by the provider's own keys.
    fn binds(&self) -> bool {
        BINDING.iter().any(|key| key.eq_ignore_ascii_case(&self.key))
            || self.key.to_ascii_lowercase().ends_with(":sub")
            || self.key.to_ascii_lowercase().starts_with("aws:principaltag/")
    }
}

/// As the end of a sentence that begins with the document.
impl fmt::Display for Loosening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            Loosened::Denial => write!(f, "no longer says: {}", self.before.in_words()),
            Loosened::Gone(condition) => write!(f, "no longer asks for {}", condition.key),
            Loosened::Wider(condition) => write!(f, "takes more values of {} than before", condition.key),
            Loosened::Other(condition) => write!(f, "takes other values of {} than before", condition.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document(statements: &Value) -> Document {
        Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
    }

    fn loosened(before: &Value, now: &Value) -> Vec<String> {
        let before = document(before);
        let loosened = document(now).looser_than(&before);
        loosened.iter().map(|loosening| format!("{} {loosening}", loosening.severity())).collect()
    }

    #[test]
    fn the_same_statements_in_another_order_and_spelling_say_the_same() {
        let a = document(&json!([
            {"Sid": "A", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
            {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:x": ["1", "2"]}}},
        ]));
        let b = document(&json!([
            {"Effect": "Deny", "Action": ["IAM:*"], "Resource": ["*"], "Condition": {"stringEquals": {"aws:X": ["2", "1"]}}},
            {"Sid": "B", "Effect": "Allow", "Action": ["s3:putobject", "s3:GetObject"], "Resource": ["*"]},
        ]));
        assert!(a.says_the_same_as(&b));
        let c = document(&json!([
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b/*"},
        ]));
        assert!(!a.says_the_same_as(&c));
        let not = |key: &str| document(&json!({"Effect": "Allow", key: "s3:GetObject", "Resource": "*"}));
        assert!(!not("Action").says_the_same_as(&not("NotAction")));
    }

    #[test]
    fn a_denial_that_is_gone_is_told_and_one_that_moved_is_not() {
        let deny = |actions: Value, resource: &str| json!({"Effect": "Deny", "Action": actions, "Resource": resource});
        let both = deny(json!(["iam:*", "s3:DeleteBucket"]), "*");
        assert_eq!(loosened(&both, &json!([])), ["HIGH no longer says: deny iam:*, s3:DeleteBucket on *"]);
        let split = json!([deny(json!("IAM:*"), "*"), deny(json!("s3:*"), "*")]);
        assert!(loosened(&both, &split).is_empty());
        assert_eq!(loosened(&both, &deny(json!("iam:*"), "*")).len(), 1);
        assert_eq!(
            loosened(&deny(json!("s3:DeleteBucket"), "*"), &json!([])),
            ["MEDIUM no longer says: deny s3:DeleteBucket on *"]
        );
        let but = json!({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::*-logs"});
        assert_eq!(loosened(&deny(json!("s3:*"), "arn:aws:s3:::prod-*"), &but).len(), 1, "prod-logs is free now");
        let regions = |values: Value| json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": values}}});
        assert!(loosened(&regions(json!(["a", "b"])), &regions(json!("a"))).is_empty(), "it denies more than before");
        assert_eq!(loosened(&regions(json!("a")), &regions(json!(["a", "b"]))).len(), 1);
        let when =
            |condition: Value| json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition});
        let region = json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}});
        assert!(loosened(&when(region.clone()), &when(json!({}))).is_empty(), "it denies more than before");
        assert_eq!(loosened(&when(json!({})), &when(region)).len(), 1);
    }

    #[test]
    fn a_condition_that_is_gone_is_told_by_its_key() {
        let trust = |condition: Value| json!({"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole", "Condition": condition});
        let id = json!({"StringEquals": {"sts:ExternalId": "example"}});
        assert_eq!(loosened(&trust(id.clone()), &trust(json!({}))), ["HIGH no longer asks for sts:ExternalId"]);
        assert!(loosened(&trust(json!({})), &trust(id.clone())).is_empty());
        let other = json!({"StringEquals": {"sts:ExternalId": "rotated"}});
        assert!(loosened(&trust(id.clone()), &trust(other)).is_empty());
        let like = json!({"StringLike": {"sts:ExternalId": "example"}});
        assert!(loosened(&trust(id.clone()), &trust(like)).is_empty(), "a pattern without a wildcard is a value");
        let org = |id: &str| trust(json!({"StringEquals": {"aws:PrincipalOrgID": id}}));
        assert_eq!(
            loosened(&org("o-exampleorg1"), &org("o-exampleorg2")),
            ["HIGH takes other values of aws:PrincipalOrgID than before"]
        );
        let more = json!({"StringEquals": {"sts:ExternalId": ["example", "second"]}});
        assert_eq!(loosened(&trust(id), &trust(more)), ["MEDIUM takes more values of sts:ExternalId than before"]);
    }

    #[test]
    fn what_nothing_allowed_before_is_new_and_not_looser() {
        let allow = |action: &str, condition: Value| json!({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition});
        let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        assert!(loosened(&allow("s3:Get*", mfa.clone()), &allow("iam:*", json!({}))).is_empty());
        assert_eq!(
            loosened(&allow("s3:Get*", mfa), &allow("s3:GetObject", json!({}))),
            ["HIGH no longer asks for aws:MultiFactorAuthPresent"]
        );
    }

    #[test]
    fn a_denial_in_one_document_holds_for_what_another_allows() {
        let all = document(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        let none = document(&json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}));
        assert_eq!(Document::joined([&all]).strength(), Strength::Privileged(Privilege::Everything));
        assert_eq!(Document::joined([&all, &none]).strength(), Strength::Privileged(Privilege::AllButIam));
        let pass = document(&json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})).called("policy a");
        let run =
            document(&json!({"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"})).called("policy b");
        assert_eq!(pass.strength(), Strength::Ordinary);
        let both = Document::joined([&pass, &run]);
        assert_eq!(both.strength(), Strength::Escalates("PE-069"));
        let opens = both.opens();
        assert!(opens.ways[0].words().contains("statement 1 of policy a"), "{}", opens.ways[0].words());
    }
}
