//! What is known beside the event: the document that stood in a place before, the documents that a call only names, and
//! what principals hold.
//!
//! Facts are gathered before an event is judged, so that judging stays a function of values. What could not be seen is
//! said, and the judgement goes by the rest: IAM that does not answer neither silences an alert nor holds it up.

mod gather;
pub mod past;
mod place;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use gather::{Elsewhere, Policies, Ties, Unread, Whence, gather, learn, learn_all, look_back, remembered_as, ties};
pub use place::Place;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::past::{Learned, Past};
use crate::denials::Denials;
use crate::event::{Actor, Event, Kind, Target};
use crate::ledger::Note;
use crate::policy::{Document, Strength};

/// Something that may be known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fact<T> {
    /// Nobody looked: the event does not call for it, or there is no account to look into, as in a replay.
    #[default]
    Unasked,
    /// It could not be seen, and why.
    Unseen(String),
    Known(T),
}

/// Since when habits are known of which something new is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The day, in UTC.
    pub day: Date,
    /// How long ago it was first seen, if it was before this event.
    pub seen: Option<SignedDuration>,
}

/// What is known beside one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The document that the call is about, where the event only names it.
    pub document: Fact<Document>,
    /// What stood before in the place that the call writes to; nothing, where nothing did.
    pub before: Fact<Option<Document>>,
    /// The version of a managed policy that `before` is.
    pub version_before: Option<String>,
    /// What the principal holds that the call is about: the one that gets a policy, whose credentials change, or who gets
    /// into a group (then what the group holds).
    pub target: Fact<Holdings>,
    /// What the actor holds.
    pub actor: Fact<Holdings>,
    /// What the roles hold that the call passes to a service, by their names.
    pub passed: Vec<(String, Fact<Holdings>)>,
    /// What is remembered, by what it is remembered for.
    pub past: Vec<(&'static str, Fact<Past>)>,
    /// What its caller was denied lately, this call included.
    pub denials: Option<Arc<Denials>>,
    /// IAM would have been asked, but it is another account's.
    pub unread: bool,
}

/// What a principal holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    pub policies: Vec<Held>,
    /// The document that bounds what its policies allow.
    pub boundary: Option<Document>,
    /// The groups of a user.
    pub groups: Vec<String>,
    /// What could not be read of it, if anything.
    pub unseen: Vec<String>,
}

/// A policy that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The ARN of a managed policy, the name of an inline one.
    pub id: String,
    /// Its statements say which policy they are of.
    pub document: Document,
}

/// A principal that holds policies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holder {
    pub kind: HolderKind,
    pub name: String,
}

/// What kind of principal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HolderKind {
    User,
    Group,
    Role,
}

impl Facts {
    /// Nothing but the event.
    pub const NONE: &'static Self = &Self {
        document: Fact::Unasked,
        before: Fact::Unasked,
        version_before: None,
        target: Fact::Unasked,
        actor: Fact::Unasked,
        passed: Vec::new(),
        past: Vec::new(),
        denials: None,
        unread: false,
    };
}

impl Facts {
    /// Nothing but the event, and why.
    #[must_use]
    pub fn unseen(why: &str) -> Self {
        Self { document: Fact::Unseen(why.to_owned()), before: Fact::Unseen(why.to_owned()), ..Self::NONE.clone() }
    }

    fn remembered(&self, id: &str) -> Option<&Past> {
        self.past.iter().find(|(known, _)| *known == id)?.1.known()
    }

    /// Since when habits are known, if something is new and enough was learned to say so. It stays new for a day.
    #[must_use]
    pub fn first_since(&self, id: &str) -> Option<Since> {
        let (since, seen) = match self.remembered(id)? {
            Past::First(Learned::Since(since)) => (since, None),
            Past::Recent(Learned::Since(since), ago) => (since, Some(*ago)),
            _ => return None,
        };
        Some(Since { day: since.to_zoned(TimeZone::UTC).date(), seen })
    }

    /// Whether it is new, however little there was to learn from. It stays new for a day.
    #[must_use]
    pub fn is_new(&self, id: &str) -> bool {
        matches!(self.remembered(id), Some(Past::First(_) | Past::Recent(..)))
    }

    /// Whether it was never seen before, however little there was to learn from.
    #[must_use]
    pub fn is_first(&self, id: &str) -> bool {
        matches!(self.remembered(id), Some(Past::First(_)))
    }

    /// Whether it was seen before, however lately: enough for what was told when it was first seen.
    #[must_use]
    pub fn was_seen(&self, id: &str) -> bool {
        matches!(self.remembered(id), Some(Past::Familiar | Past::Recent(..)))
    }

    /// Whether it has been seen for a day or more, or since before there was enough to learn from.
    #[must_use]
    pub fn is_usual(&self, id: &str) -> bool {
        matches!(self.remembered(id), Some(Past::Familiar))
    }

    /// What its caller was denied lately, at least this call.
    #[must_use]
    pub fn denials_with(&self, event: &Event) -> Cow<'_, Denials> {
        self.denials.as_deref().map_or_else(|| Cow::Owned(Denials::of(event)), Cow::Borrowed)
    }

    /// How many distinct members there are within the window, this one included; none, if that is not known.
    #[must_use]
    pub fn tally(&self, id: &str) -> usize {
        match self.remembered(id) {
            Some(Past::Tally(members)) => *members,
            _ => 0,
        }
    }

    /// What an earlier event left.
    #[must_use]
    pub fn left(&self, id: &str) -> Option<&Note> {
        match self.remembered(id)? {
            Past::Left(note) => Some(note),
            _ => None,
        }
    }
}

impl Since {
    /// Whether it was seen before, within a day: people were told then.
    #[must_use]
    pub fn is_again(&self) -> bool {
        self.seen.is_some()
    }

    /// As in "assumed role deploy for the first time".
    #[must_use]
    pub fn how_often(&self) -> &'static str {
        if self.is_again() { "again, new for them" } else { "for the first time" }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.day.fmt(f)?;
        match self.seen {
            Some(seen) => write!(f, " (first seen {})", past::ago(seen)),
            None => Ok(()),
        }
    }
}

impl<T, E: fmt::Display> From<Result<T, E>> for Fact<T> {
    fn from(asked: Result<T, E>) -> Self {
        asked.map_or_else(|error| Self::Unseen(error.to_string()), Self::Known)
    }
}

impl<T> Fact<T> {
    /// What is known, if anything is.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Unasked | Self::Unseen(_) => None,
        }
    }

    /// Why it could not be seen.
    #[must_use]
    pub fn unseen(&self) -> Option<&str> {
        match self {
            Self::Unseen(why) => Some(why),
            Self::Unasked | Self::Known(_) => None,
        }
    }
}

impl Holdings {
    /// All its policies as one document, less one of them by its id.
    #[must_use]
    pub fn without(&self, id: &str) -> Document {
        Document::joined(self.policies.iter().filter(|held| held.id != id).map(|held| &held.document))
    }

    /// Whether it holds the policy of that id.
    #[must_use]
    pub fn holds(&self, id: &str) -> bool {
        self.policies.iter().any(|held| held.id == id)
    }

    /// How strong its holder is within its boundary.
    #[must_use]
    pub fn strength(&self) -> Strength {
        let allowed = Document::joined(self.policies.iter().map(|held| &held.document)).strength();
        let bound = self.boundary.as_ref().map(Document::strength);
        bound.filter(|bound| allowed.exceeds(*bound)).unwrap_or(allowed)
    }
}

impl Holder {
    /// The principal that a call is about, if it is one that holds policies.
    #[must_use]
    pub fn of(target: &Target) -> Option<Self> {
        let kind = match target.kind.as_str() {
            "user" => HolderKind::User,
            "group" => HolderKind::Group,
            "role" => HolderKind::Role,
            _ => return None,
        };
        Some(Self { kind, name: target.name.clone() })
    }

    /// The user or role that acts, if it is one of the account.
    #[must_use]
    pub fn acting(actor: &Actor, account: &str) -> Option<Self> {
        let kind = match actor.kind {
            Kind::IamUser => HolderKind::User,
            Kind::Role | Kind::SsoUser => HolderKind::Role,
            _ => return None,
        };
        let here = actor.account.as_deref() == Some(account) && !actor.name.is_empty();
        here.then(|| Self { kind, name: actor.name.clone() })
    }
}

impl fmt::Display for HolderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
