//! An IAM policy document: what it says, and what it lets its holder do.
//!
//! Every legal form is read: one statement or a list, `NotAction`, `NotResource`, `NotPrincipal`, principals of several
//! kinds, any type of condition value, a JSON string, a URL-encoded string, an object. What is not legal is an
//! [`Illegal`] that says what and where, never a panic: documents are the caller's words.

mod actions;
mod change;
mod flaw;
mod managed;
mod outside;
mod parse;
mod paths;
mod privilege;
mod reach;
mod restraint;
mod trust;
mod uses;
mod verdict;
mod wildcard;
mod write;

use std::fmt;
use std::sync::Arc;

pub use change::{Loosening, Strength};
pub use flaw::{Flaw, Weak, is_public_provider};
pub use managed::{AwsManaged, Judged};
pub use outside::{Outsider, Permission, Whom};
pub use parse::Illegal;
pub(crate) use parse::percent_decoded;
pub use paths::{Exposed, Exposure, Kind, Opens, PATHS, Path, Way};
pub use privilege::{Grant, Privilege};
pub use reach::{Allowed, Answer, Certainty};
pub use restraint::Restraint;
pub use trust::{Trusted, Who};
pub use uses::Uses;
pub use verdict::Verdict;

/// A policy document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// What the document is called that it stands in, where several are looked at together: `policy deploy`.
    pub of: Option<Arc<str>>,
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
            None | Some("") => {}
            Some(sid) => write!(f, " \"{sid}\"")?,
        }
        self.of.as_deref().map_or(Ok(()), |document| write!(f, " of {document}"))
    }
}

impl Document {
    /// As many of its statements as fit a line or two.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.statements.is_empty() {
            return "nothing".to_owned();
        }
        some(&self.statements, 3, "; ", Statement::in_words)
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
    /// What it says: `allow s3:GetObject, s3:PutObject on arn:aws:s3:::bucket/* if aws:SourceIp`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let effect = match self.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        let mut words = format!("{effect} {}", self.actions.in_words(5));
        if let Some(resources) = &self.resources {
            words.push_str(" on ");
            words.push_str(&resources.in_words(2));
        }
        if !self.conditions.is_empty() {
            words.push_str(" if ");
            words.push_str(&self.condition_keys());
        }
        words
    }
}

impl Scope<String> {
    fn in_words(&self, shown: usize) -> String {
        match self {
            Self::Only(list) => some(list, shown, ", ", String::clone),
            Self::AllBut(list) => format!("all but {}", some(list, shown, ", ", String::clone)),
        }
    }
}

/// The first of a list, and how many more there are.
fn some<T>(list: &[T], shown: usize, between: &str, words: impl Fn(&T) -> String) -> String {
    let first: Vec<String> = list.iter().take(shown).map(words).collect();
    match list.len().saturating_sub(shown) {
        0 => first.join(between),
        more => format!("{} and {more} more", first.join(between)),
    }
}
