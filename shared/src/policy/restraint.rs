//! How much a policy of an organization holds accounts back.

use super::privilege::{is_every_resource, only_wildcards};
use super::{Document, Effect, Scope, Statement};

/// How much a service or resource control policy takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restraint {
    /// It denies nothing and leaves nothing out: it is there for show.
    Nothing,
    Something,
    /// It denies every action on every resource, whatever the circumstances.
    Everything,
}

impl Document {
    /// How much it takes away where it is attached as a policy of an organization.
    #[must_use]
    pub fn restraint(&self) -> Restraint {
        let (denials, allowances): (Vec<_>, Vec<_>) =
            self.statements.iter().partition(|statement| statement.effect == Effect::Deny);
        if denials.iter().any(|statement| statement.is_about_everything()) {
            return Restraint::Everything;
        }
        // What an Allow leaves out is denied.
        let leaves_out = !allowances.is_empty() && !allowances.iter().any(|statement| statement.is_about_everything());
        if leaves_out || denials.iter().any(|statement| !statement.is_about_nothing()) {
            Restraint::Something
        } else {
            Restraint::Nothing
        }
    }
}

impl Statement {
    /// Whether it is about every action on every resource, without a condition.
    #[must_use]
    pub fn is_about_everything(&self) -> bool {
        let actions = match &self.actions {
            Scope::Only(actions) => actions.iter().any(|action| is_every_action(action)),
            Scope::AllBut(spared) => spared.is_empty(),
        };
        let resources = match &self.resources {
            None => true,
            Some(Scope::Only(resources)) => resources.iter().any(|resource| is_every_resource(resource)),
            Some(Scope::AllBut(spared)) => spared.is_empty(),
        };
        actions && resources && self.conditions.is_empty()
    }

    /// All but everything is nothing, and so is an empty list.
    fn is_about_nothing(&self) -> bool {
        let actions = match &self.actions {
            Scope::Only(actions) => actions.is_empty(),
            Scope::AllBut(spared) => spared.iter().any(|action| is_every_action(action)),
        };
        let resources = match &self.resources {
            None => false,
            Some(Scope::Only(resources)) => resources.is_empty(),
            Some(Scope::AllBut(spared)) => spared.iter().any(|resource| is_every_resource(resource)),
        };
        actions || resources
    }
}

/// `*`, `*:*` and the like.
fn is_every_action(action: &str) -> bool {
    action.split(':').all(only_wildcards)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn restraint(statements: &Value) -> Restraint {
        Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap().restraint()
    }

    #[test]
    fn what_allows_all_and_denies_nothing_is_for_show() {
        let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        assert_eq!(restraint(&all), Restraint::Nothing);
        let all_resources = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        assert_eq!(restraint(&all_resources), Restraint::Nothing);
        for nothing in [
            json!({"Effect": "Deny", "NotAction": "*", "Resource": "*"}),
            json!({"Effect": "Deny", "Action": "s3:*", "NotResource": "*"}),
            json!({"Effect": "Deny", "Action": [], "Resource": "*"}),
        ] {
            assert_eq!(restraint(&json!([all, nothing])), Restraint::Nothing, "{nothing}");
        }
        assert_eq!(restraint(&json!([])), Restraint::Nothing);
    }

    #[test]
    fn a_denial_or_a_list_of_what_is_allowed_holds_back() {
        let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        for something in [
            json!({"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}),
            json!({"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}),
            json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}),
        ] {
            assert_eq!(restraint(&json!([all, something])), Restraint::Something, "{something}");
        }
        assert_eq!(restraint(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})), Restraint::Something);
    }

    #[test]
    fn a_denial_of_everything_locks_out() {
        for action in ["*", "*:*", "**"] {
            let denial = json!({"Effect": "Deny", "Action": action, "Resource": "*"});
            assert_eq!(restraint(&denial), Restraint::Everything, "{action}");
        }
    }
}
