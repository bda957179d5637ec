//! What there is to say about a document as a whole, in words and by how bad it is.

use super::{Certainty, Document, Exposure, Opens, Outsider, Privilege, Scope, Way, Whom};
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

impl Document {
    /// Whether it is the policy of a role's door or of a resource, not of an identity: it says whom it is about.
    #[must_use]
    pub fn names_principals(&self) -> bool {
        self.statements.iter().any(|statement| statement.principals.is_some())
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
            let severity = match grant.privilege {
                Privilege::Everything | Privilege::Iam => Severity::Critical,
                Privilege::AllButIam => Severity::High,
            };
            verdicts.push(Verdict {
                severity: if certain { severity } else { Severity::Medium },
                word: match grant.privilege {
                    Privilege::Everything => "administrator",
                    Privilege::Iam => "iam-administrator",
                    Privilege::AllButIam => "power-user",
                },
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
                word: match exposed.what {
                    Exposure::PassAnyRole => "pass-any-role",
                    Exposure::WholeService => "whole-service",
                    Exposure::Secrets | Exposure::Parameters | Exposure::Objects | Exposure::Decryption => "exposure",
                },
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
        let inverted = self.statements.iter().filter(|statement| {
            statement.effect == super::Effect::Allow && matches!(statement.actions, Scope::AllBut(_))
        });
        inverted.map(|statement| Verdict {
            severity: Severity::Low,
            word: "all-but",
            path: None,
            statement: Some(statement.number),
            title: format!("allows all actions but some, by {statement}: also those that AWS adds later"),
        })
    }
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
