//! What there is to say about a document as a whole, in words and by how bad it is.

use super::{AwsManaged, Certainty, Document, Effect, Exposure, Opens, Outsider, Privilege, Scope, Way, Whom};
use crate::config::Config;
use crate::finding::Severity;

/// One thing to say about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub severity: Severity,
    /// `administrator`, `escalation`, `exposure`, the word of a weakness of trust, …
    pub word: &'static str,
    /// The escalation path, as in `PE-087`.
    pub path: Option<&'static str>,
    /// The number of the statement that weighs most in it.
    pub statement: Option<usize>,
    pub title: String,
}

impl Way<'_> {
    /// HIGH where nothing stands in the way, MEDIUM under a condition, LOW where it depends on how strong the named
    /// resources are.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.certainty() {
            Certainty::Plain => Severity::High,
            Certainty::If => Severity::Medium,
            Certainty::Named => Severity::Low,
        }
    }
}

impl AwsManaged<'_> {
    /// All verdicts, as [`Document::judge`] gives them; the ways that it opens are one.
    #[must_use]
    pub fn judge(&self) -> Vec<Verdict> {
        let Some(judged) = self.judged() else { return Vec::new() };
        let said = |severity, word, path, title| Verdict { severity, word, path, statement: None, title };
        let mut verdicts = Vec::new();
        for (privilege, certain) in [(judged.privilege(), true), (judged.privilege_if(), false)] {
            let Some(privilege) = privilege else { continue };
            let path = (privilege == Privilege::Iam).then_some("PE-001");
            let (severity, condition) =
                if certain { (privilege.severity(), "") } else { (Severity::Medium, ", under a condition") };
            verdicts.push(said(severity, privilege.slug(), path, format!("allows {}{condition}", privilege.words())));
        }
        let mut paths = judged.paths();
        // The role of a service needs what AWS gives it.
        let routine = self.is_for_services();
        if let Some(worst) = paths.next() {
            let also: Vec<&str> = paths.map(|path| path.reference).collect();
            let also = if also.is_empty() { String::new() } else { format!(" (also {})", also.join(", ")) };
            let severity = if routine { Severity::Low } else { Severity::High };
            let title = format!("its holder can {}{also}", worst.name);
            verdicts.push(said(severity, "escalation", Some(worst.reference), title));
        }
        for exposure in judged.exposes() {
            let severity = if routine { Severity::Low } else { Severity::Medium };
            verdicts.push(said(severity, exposure.word(), None, format!("its holder can {}", exposure.words())));
        }
        verdicts
    }
}

impl Privilege {
    fn severity(self) -> Severity {
        match self {
            Self::Everything | Self::Iam => Severity::Critical,
            Self::AllButIam => Severity::High,
        }
    }
}

impl Exposure {
    fn word(self) -> &'static str {
        match self {
            Self::PassAnyRole | Self::WholeService => self.slug(),
            Self::Secrets | Self::Parameters | Self::Objects | Self::Decryption => "exposure",
        }
    }
}

impl Document {
    /// Whether it is the policy of a role's door or of a resource, not of an identity: it says whom it is about.
    #[must_use]
    pub fn names_principals(&self) -> bool {
        self.statements.iter().any(|statement| statement.principals.is_some())
    }

    /// Whether it allows nothing, and denies something.
    #[must_use]
    pub fn only_denies(&self) -> bool {
        !self.statements.is_empty() && self.statements.iter().all(|statement| statement.effect == Effect::Deny)
    }

    /// Whether all that it allows is reading, by the names of the actions: also reading of what is secret.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        let mut allows = self.statements.iter().filter(|statement| statement.effect == Effect::Allow).peekable();
        allows.peek().is_some()
            && allows.all(|statement| match &statement.actions {
                Scope::Only(actions) => actions.iter().all(|action| is_reading(action)),
                Scope::AllBut(_) => false,
            })
    }

    /// All verdicts, the worst first. `own` is the account, `role` the role's name where it is known.
    #[must_use]
    pub fn judge(&self, own: &str, role: Option<&str>, config: &Config) -> Vec<Verdict> {
        let mut verdicts = match self.names_principals() {
            true if self.is_trust() => self.judge_trust(own, role, config),
            true => self.judge_resource(own, config),
            false => self.judge_rights(),
        };
        verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
        verdicts
    }

    fn judge_trust(&self, own: &str, role: Option<&str>, config: &Config) -> Vec<Verdict> {
        let known = |account: &str| config.account_names.contains_key(account);
        let weak = self.weaknesses(own, role, known);
        weak.into_iter()
            .map(|weak| Verdict {
                severity: weak.flaw.severity(),
                word: weak.flaw.word(),
                path: None,
                statement: Some(weak.trusted.statement.number),
                title: format!("trusts {}, {}", weak.trusted.who, weak.flaw.words()),
            })
            .collect()
    }

    fn judge_resource(&self, own: &str, config: &Config) -> Vec<Verdict> {
        let own = if own.is_empty() { self.home().unwrap_or(own) } else { own };
        let known = |account: &str| config.account_names.contains_key(account);
        let stranger =
            |outsider: &Outsider<'_>| !matches!(outsider.whom, Whom::Account { account, .. } if known(account));
        let outsiders = self.outsiders(own).into_iter().filter(stranger);
        outsiders
            .map(|outsider| Verdict {
                severity: outsider.severity(),
                word: outsider.word(),
                path: None,
                statement: Some(outsider.statement.number),
                title: format!(
                    "lets {} {} it: {}{}",
                    outsider.whom,
                    outsider.uses.verbs,
                    outsider.statement.actions.in_words(3),
                    outsider.under()
                ),
            })
            .collect()
    }

    fn judge_rights(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let mut least = Certainty::Named;
        for (grant, certain) in [(self.privilege(), true), (self.privilege_if(), false)] {
            let Some(grant) = grant else { continue };
            verdicts.push(Verdict {
                severity: if certain { grant.privilege.severity() } else { Severity::Medium },
                word: grant.privilege.slug(),
                path: (grant.privilege == Privilege::Iam).then_some("PE-001"),
                statement: Some(grant.statement.number),
                title: format!("allows {}", grant.words()),
            });
            if grant.privilege >= Privilege::Iam {
                // Every path is open, or open under the same condition: to name them would say less.
                if certain {
                    return verdicts;
                }
                least = Certainty::Plain;
            }
        }
        let Opens { ways, exposed, tangled } = self.opens();
        for way in ways.into_iter().filter(|way| way.certainty() >= least) {
            verdicts.push(Verdict {
                severity: way.severity(),
                word: match way.certainty() {
                    Certainty::Plain => "escalation",
                    Certainty::If => "escalation-if",
                    Certainty::Named => "escalation-on-named",
                },
                path: Some(way.path.reference),
                statement: way.permissions.first().map(|allowed| allowed.statement.number),
                title: format!("its holder can {}: {}", way.path.name, way.words()),
            });
        }
        for exposed in exposed.into_iter().filter(|exposed| exposed.certainty >= least) {
            let severity = match (exposed.what, exposed.certainty) {
                (Exposure::WholeService, _) | (_, Certainty::Named) => Severity::Low,
                (_, Certainty::If | Certainty::Plain) => Severity::Medium,
            };
            let condition = if exposed.certainty == Certainty::If { ", under a condition" } else { "" };
            verdicts.push(Verdict {
                severity,
                word: exposed.what.word(),
                path: None,
                statement: Some(exposed.by.number),
                title: format!(
                    "its holder can {}: {}, by {}{condition}",
                    exposed.what.words(),
                    exposed.action,
                    exposed.by
                ),
            });
        }
        verdicts.extend(self.inverted());
        if tangled {
            verdicts.push(Verdict {
                severity: Severity::High,
                word: "too-tangled",
                path: None,
                statement: None,
                title: "has more wildcards than can be judged; IAM takes no such document".to_owned(),
            });
        }
        verdicts
    }

    /// Allow with `NotAction`: it also gives every action that AWS adds later.
    fn inverted(&self) -> impl Iterator<Item = Verdict> {
        let inverted = self
            .statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow && matches!(statement.actions, Scope::AllBut(_)));
        inverted.map(|statement| Verdict {
            severity: Severity::Low,
            word: "all-but",
            path: None,
            statement: Some(statement.number),
            title: format!("allows all actions but some, by {statement}: also those that AWS adds later"),
        })
    }
}

/// How the names of actions that only read begin.
const READING_VERBS: [&str; 12] = [
    "BatchDescribe",
    "BatchGet",
    "Check",
    "Describe",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Read",
    "Search",
    "View",
    "Query",
];
/// Reading that hands out a way in.
const CREDENTIALS: [&str; 6] = ["Credentials", "Token", "Password", "PresignedUrl", "Federation", "AccessDetails"];

fn is_reading(action: &str) -> bool {
    let Some((_, name)) = action.split_once(':') else { return false };
    READING_VERBS.iter().any(|verb| name.starts_with(verb)) && !CREDENTIALS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn verdicts(statements: &Value) -> Vec<String> {
        let document = Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap();
        let verdicts = document.judge("111122223333", None, &Config::default());
        verdicts
            .iter()
            .map(|verdict| format!("{} {} {}", verdict.severity, verdict.word, verdict.path.unwrap_or("-")))
            .collect()
    }

    #[test]
    fn an_administrator_has_one_verdict_also_under_a_condition() {
        let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        assert_eq!(verdicts(&all), ["CRITICAL administrator -"]);
        assert_eq!(
            verdicts(&json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})),
            ["CRITICAL iam-administrator PE-001"]
        );
        let mut with_mfa = all.clone();
        with_mfa["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        assert_eq!(verdicts(&with_mfa), ["MEDIUM administrator -"]);
        let and_keys = json!({"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*"});
        assert_eq!(verdicts(&json!([with_mfa, and_keys])), ["HIGH escalation PE-023", "MEDIUM administrator -"]);
    }

    #[test]
    fn reading_is_told_by_the_names_of_the_actions_and_hands_out_no_way_in() {
        let only_reads = |actions: &Value, key: &str| {
            let statement = json!([{"Effect": "Allow", key: actions, "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "*"}]);
            Document::from_value(&json!({"Statement": statement})).unwrap().only_reads()
        };
        assert!(only_reads(&json!(["s3:Get*", "iam:ListUsers", "ec2:Describe*"]), "Action"));
        for other in ["s3:*", "*", "iam:GenerateCredentialReport", "ecr:GetAuthorizationToken", "s3:?et*"] {
            assert!(!only_reads(&json!([other, "iam:List*"]), "Action"), "{other}");
        }
        assert!(!only_reads(&json!("s3:Get*"), "NotAction"));
    }

    #[test]
    fn a_policy_of_awss_is_judged_by_what_is_known_of_its_document() {
        let said = |name: &str| {
            let arn = format!("arn:aws:iam::aws:policy/{name}");
            let verdicts = AwsManaged::from_arn(&arn).unwrap().judge();
            let said =
                verdicts.iter().map(|said| format!("{} {} {}", said.severity, said.word, said.path.unwrap_or("-")));
            said.collect::<Vec<_>>()
        };
        assert_eq!(said("IAMFullAccess"), ["CRITICAL iam-administrator PE-001"]);
        assert_eq!(said("AWSMcpServiceActionsFullAccess"), ["MEDIUM administrator -"]);
        assert_eq!(said("AmazonSSMFullAccess"), ["HIGH escalation PE-118", "MEDIUM exposure -"]);
        assert_eq!(said("service-role/AmazonSSMMaintenanceWindowRole"), ["LOW escalation PE-118", "LOW exposure -"]);
        assert!(said("AmazonEC2ReadOnlyAccess").is_empty() && said("AmazonMadeLaterFullAccess").is_empty());
    }

    #[test]
    fn the_account_of_a_resource_is_read_from_its_arn_where_nobody_says_it() {
        let words = |account: &str| {
            let statement = json!({
                "Effect": "Allow", "Principal": {"AWS": account}, "Action": "sqs:*",
                "Resource": "arn:aws:sqs:us-east-1:111122223333:jobs",
            });
            let document = Document::from_value(&json!({"Statement": statement})).unwrap();
            document.judge("", None, &Config::default()).iter().map(|verdict| verdict.word).collect::<Vec<_>>()
        };
        assert!(words("111122223333").is_empty());
        assert_eq!(words("123456789012"), ["open-to-account"]);
    }

    #[test]
    fn what_only_reads_its_own_is_nothing_to_speak_of() {
        let own = json!({"Effect": "Allow", "Action": ["s3:GetObject", "kms:Decrypt"], "Resource": ["arn:aws:s3:::app/*", "arn:aws:kms:eu-west-1:111122223333:key/app"]});
        assert!(verdicts(&own).is_empty());
        let every = json!({"Effect": "Allow", "Action": ["s3:Get*", "secretsmanager:GetSecretValue"], "Resource": "*"});
        assert_eq!(verdicts(&every), ["MEDIUM exposure -", "MEDIUM exposure -"]);
    }
}
