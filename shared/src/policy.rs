//! An IAM policy document: what it says, and what it lets its holder do.
//!
//! Every legal form is read: one statement or a list, `NotAction`, `NotResource`, `NotPrincipal`, principals of several
//! kinds, any type of condition value, a JSON string, a URL-encoded string, an object. What is not legal is an
//! [`Illegal`] that says what and where, never a panic: documents are the caller's words.

mod managed;
mod parse;
mod privilege;
mod trust;
mod wildcard;

use std::fmt;

pub use managed::AwsManaged;
pub use parse::Illegal;
pub use privilege::{Grant, Privilege};
pub use trust::{Trusted, Who};

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// `2012-10-17`, or `2008-10-17` without policy variables, which is also what a missing version means.
    pub version: Option<String>,
    pub id: Option<String>,
    pub statements: Vec<Statement>,
}

/// One statement of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its place in the document; the first is 1.
    pub number: usize,
    /// Its name, where its author gave one.
    pub sid: Option<String>,
    pub effect: Effect,
    /// Only trust policies and policies of resources have principals.
    pub principals: Option<Scope<Principal>>,
    /// Actions as written. IAM compares them without regard to case.
    pub actions: Scope<String>,
    /// Trust policies have no resources.
    pub resources: Option<Scope<String>>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, and so for resources and principals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope<T> {
    Only(Vec<T>),
    AllBut(Vec<T>),
}

/// Who a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// As written: `*`, an account id, an ARN, a service's host, a provider.
    pub name: String,
}

/// The key under which a principal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    Aws,
    Service,
    Federated,
    CanonicalUser,
    /// A key that is not known here.
    Other,
}

/// One operator on one key: `"StringEquals": {"sts:ExternalId": ["a", "b"]}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    /// Booleans and numbers as text. One of them must match, for the operators that do not negate.
    pub values: Vec<String>,
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}", self.number)?;
        match self.sid.as_deref() {
            None | Some("") => Ok(()),
            Some(sid) => write!(f, " ({sid})"),
        }
    }
}

impl Document {
    /// As many of the actions that it allows as fit a line.
    #[must_use]
    pub fn allows_in_words(&self) -> String {
        const SHOWN: usize = 6;
        let allowing = self.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        let actions: Vec<String> = allowing
            .flat_map(|statement| match &statement.actions {
                Scope::Only(actions) => actions.clone(),
                Scope::AllBut(actions) => vec![format!("all but {}", actions.join(" and "))],
            })
            .collect();
        let shown: Vec<&str> = actions.iter().take(SHOWN).map(String::as_str).collect();
        match actions.len().saturating_sub(SHOWN) {
            0 if actions.is_empty() => "nothing".to_owned(),
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

impl Statement {
    /// The keys of its conditions, for a sentence: `aws:PrincipalOrgID, aws:SourceIp`. Empty without conditions.
    #[must_use]
    pub fn condition_keys(&self) -> String {
        let mut keys: Vec<&str> = self.conditions.iter().map(|condition| condition.key.as_str()).collect();
        keys.dedup();
        keys.join(", ")
    }
}
