//! What a detection remembers from one event to the next: pairs that it has seen, things counted within a window, and
//! traces that earlier events left.
//!
//! Keys are made of what AWS gives or checks (ARNs, key ids, the network of an address), never of text that the caller
//! chooses, such as a session name or a user agent: whoever chooses the key chooses whether they were seen before. What is
//! kept is bounded: each note ends by itself, and a tally keeps no more members than
//! [`MOST_MEMBERS`](crate::ledger::MOST_MEMBERS).

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use super::Fact;
use crate::config::Config;
use crate::detect::{Detection, REMEMBERING};
use crate::event::Event;
use crate::ledger::{Ledger, LedgerError, MemoryKey, Note};

/// Under which a [`Past::Left`] says when a call that works was denied before: see [`crate::denials`].
pub const DENIED: &str = "call-denied";

/// Something that is remembered, and for whom.
pub struct Remembering {
    /// Its name: a detection's, or a word of its own.
    pub id: &'static str,
    /// The detections that ask before they judge. Without any, it is told beside whatever was found.
    pub asked_by: &'static [&'static Detection],
    pub what: What,
}

/// What is remembered.
pub enum What {
    /// Pairs, so that the first time of each is known: "this key from this network".
    Habit(fn(&Event) -> Option<Pair>),
    /// Distinct members under a key, within a window that begins with the first: "users that this address tried".
    /// Of fewer than `speaks_from` nothing is said.
    Tally { of: fn(&Event) -> Option<Member>, window: SignedDuration, speaks_from: usize },
    /// A note that one event leaves and a later one asks for: "this key was made by".
    Trace { leaves: fn(&Event) -> Option<Trace>, asks: fn(&Event) -> Option<Key>, lasts: SignedDuration },
}

/// The parts of a key.
pub type Key = Vec<String>;

/// Who, and with what: both are parts of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair(pub Key);

/// A member to be counted under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub under: Key,
    pub member: String,
}

impl Pair {
    /// The caller, with what else belongs to it.
    pub(crate) fn of_caller(event: &Event, with: &[&str]) -> Option<Self> {
        let mut key = caller(event)?;
        key.extend(with.iter().map(|&part| part.to_owned()));
        Some(Self(key))
    }
}

impl Member {
    /// A member to be counted for the caller.
    pub(crate) fn of_caller(event: &Event, member: impl Into<String>) -> Option<Self> {
        Some(Self { under: caller(event)?, member: member.into() })
    }
}

/// The principal of a call that no AWS service made.
fn caller(event: &Event) -> Option<Key> {
    let actor = &event.actor;
    let known = !actor.principal.is_empty() && actor.is_in_person();
    known.then(|| vec![actor.principal.clone()])
}

/// What an event leaves for a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub under: Key,
    pub text: String,
}

/// What is known of the past, for one detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// Never seen before.
    First(Learned),
    /// First seen this long ago: too lately to be usual. Whoever comes once comes again.
    Recent(Learned, SignedDuration),
    /// Usual.
    Familiar,
    /// So many distinct members, this one included.
    Tally(usize),
    /// What an earlier event left.
    Left(Note),
    /// No earlier event left anything.
    Nothing,
}

/// How much there was to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// Less than the time that habits are learned for: that something is new says nothing yet.
    TooLittle,
    /// Habits were learned since then.
    Since(Timestamp),
}

/// How long a pair is remembered that is not seen again.
const FAMILIAR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A pair that was seen this long ago is noted again: a note at every event would cost a write each.
const NOTED_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// What is left again and says the same is noted again once this part of its time is over: a session that is busy would cost
/// a write at every event.
const PART: i32 = 60;
/// A pair is usual once it was first seen this long ago, or while habits were learned: until then an intruder's second call
/// would be.
const USUAL_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Something that an event makes one ask of the ledger.
#[derive(Clone)]
pub struct Question {
    about: &'static Remembering,
    key: MemoryKey,
    /// What is to be counted under it.
    member: Option<Box<str>>,
    account: Account,
}

/// An account by its number: each learns for itself. What is no number is one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account(u64);

impl Account {
    fn of(id: &str) -> Self {
        Self(id.parse().unwrap_or_default())
    }

    /// When habits began to be learned in it.
    fn learning(self) -> MemoryKey {
        MemoryKey::of("learning", &[self.0.to_string()])
    }
}

impl Question {
    /// What is asked before the event is judged, or, `beside` a finding about it, after.
    pub fn about(event: &Event, beside: bool) -> impl Iterator<Item = Self> {
        let asked = concerned(event).filter(move |(about, wants)| *wants && about.is_told_beside() == beside);
        asked.filter_map(|(about, _)| Self::by(about, event))
    }

    /// What the event makes one ask of one thing that is remembered.
    pub(super) fn by(about: &'static Remembering, event: &Event) -> Option<Self> {
        let (key, member) = match &about.what {
            What::Habit(of) => (of(event)?.0, None),
            What::Tally { of, .. } => {
                let Member { under, member } = of(event)?;
                (under, Some(member.into()))
            }
            What::Trace { asks, .. } => (asks(event)?, None),
        };
        Some(Self { about, key: about.key(&key), member, account: Account::of(&event.account) })
    }

    /// For what it is remembered, and under which key.
    pub(super) fn asks(&self) -> (&'static str, MemoryKey) {
        (self.about.id, self.key)
    }

    /// Asks it about an event of that time.
    ///
    /// # Errors
    ///
    /// When the ledger is out of reach.
    pub async fn put(
        &self,
        time: Option<Timestamp>,
        config: &Config,
        ledger: &impl Ledger,
        now: Timestamp,
    ) -> Result<Past, LedgerError> {
        let key = &self.key;
        match &self.about.what {
            What::Habit(_) => {
                let at = time.unwrap_or(now).min(now);
                Past::habit(key, self.account, at, config, ledger, now).await
            }
            What::Tally { window, .. } => {
                let member = self.member.as_deref().unwrap_or_default();
                ledger.tally(key, member, now + *window, now).await.map(Past::Tally)
            }
            What::Trace { .. } => {
                // An event leaves nothing for itself, nor for what came before it.
                let before = |note: &Note| time.is_none_or(|time| note.at <= time);
                let left = ledger.recall(key, now).await?.filter(before);
                Ok(left.map_or(Past::Nothing, Past::Left))
            }
        }
    }

    /// Whether asking it counts something.
    #[must_use]
    pub fn counts(&self) -> bool {
        matches!(self.about.what, What::Tally { .. })
    }

    /// Whether a detection may find something by this answer that it does not find where everything is new and little was
    /// learned.
    #[must_use]
    pub fn is_telling(&self, answer: &Past) -> bool {
        match (&self.about.what, answer) {
            (What::Tally { speaks_from, .. }, Past::Tally(members)) => members >= speaks_from,
            (_, Past::First(learned) | Past::Recent(learned, _)) => *learned != Learned::TooLittle,
            (_, Past::Familiar | Past::Nothing) => false,
            _ => true,
        }
    }
}

/// What is known for each of the questions where everything is new and little was learned.
#[must_use]
pub fn nothing_learned(questions: &[Question]) -> Vec<(&'static str, Fact<Past>)> {
    let habits = questions.iter().filter(|question| matches!(question.about.what, What::Habit(_)));
    habits.map(|question| (question.about.id, Fact::Known(Past::First(Learned::TooLittle)))).collect()
}

impl Past {
    /// What is known for each detection that the event concerns, or, `beside` a finding about it, for whatever was done.
    pub(super) async fn of(
        event: &Event,
        config: &Config,
        ledger: &impl Ledger,
        now: Timestamp,
        beside: bool,
    ) -> Vec<(&'static str, Fact<Self>)> {
        let mut past = Vec::new();
        for question in Question::about(event, beside) {
            let answer = question.put(event.time, config, ledger, now).await;
            past.push((question.about.id, answer.into()));
        }
        past
    }

    async fn habit(
        key: &MemoryKey,
        account: Account,
        at: Timestamp,
        config: &Config,
        ledger: &impl Ledger,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let seen = ledger.recall(key, now).await?.map(|note| at.duration_since(first_seen(&note)));
        if seen.is_some_and(|ago| ago >= USUAL_AFTER) {
            return Ok(Self::Familiar);
        }
        let since = ledger.recall(&account.learning(), now).await?.map(|note| note.at);
        let learned = since.filter(|since| *since + config.learning <= at);
        let learned = learned.map_or(Learned::TooLittle, Learned::Since);
        Ok(match (seen, learned) {
            (None, learned) => Self::First(learned),
            (Some(ago), Learned::Since(since)) if at - ago < since + config.learning => Self::Familiar,
            (Some(ago), learned) => Self::Recent(learned, ago),
        })
    }
}

/// What may concern an event of one name.
struct Concern {
    source: &'static str,
    /// The detections that look at such calls of that service.
    asked_by: Vec<&'static Detection>,
    remembering: &'static Remembering,
}

/// What may concern an event, by the names of the calls that its detections look at.
static BY_NAME: LazyLock<HashMap<&'static str, Vec<Concern>>> = LazyLock::new(|| {
    let mut by_name: HashMap<&'static str, Vec<Concern>> = HashMap::new();
    for remembering in REMEMBERING.iter().copied().filter(|remembering| remembering.is_told_by_name()) {
        for detection in remembering.asked_by {
            for (source, name) in detection.named().collect::<BTreeSet<_>>() {
                let named = by_name.entry(name).or_default();
                let known = |known: &&mut Concern| known.source == source && known.remembering.id == remembering.id;
                match named.iter_mut().find(known) {
                    Some(known) => known.asked_by.push(detection),
                    None => named.push(Concern { source, asked_by: vec![detection], remembering }),
                }
            }
        }
    }
    by_name
});

/// What may concern any event.
static OTHERS: LazyLock<Vec<&'static Remembering>> =
    LazyLock::new(|| REMEMBERING.iter().copied().filter(|remembering| !remembering.is_told_by_name()).collect());

/// What may concern an event, and whether a detection that asks for it wants the event: what leaves a trace may be any. What
/// cannot be read asks nothing and teaches nothing.
fn concerned(event: &Event) -> impl Iterator<Item = (&'static Remembering, bool)> {
    let readable = event.fault().is_none();
    let named = BY_NAME.get(event.name.as_str()).into_iter().flatten();
    let named = named.filter(|concern| concern.source == event.source);
    let wanted = named.filter(|concern| concern.asked_by.iter().any(|detection| detection.wants_outcome(event)));
    let others = OTHERS.iter().map(|remembering| (*remembering, remembering.wants(event)));
    wanted.map(|concern| (concern.remembering, true)).chain(others).filter(move |_| readable)
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Question").field(&self.about.id).field(&self.key).field(&self.member).finish()
    }
}

impl Remembering {
    /// Whether it concerns only calls of certain names. What leaves a trace may be any call.
    fn is_told_by_name(&self) -> bool {
        let named = self.asked_by.iter().all(|detection| detection.is_told_by_name());
        !self.is_told_beside() && named && !matches!(self.what, What::Trace { .. })
    }

    /// Whether no detection asks for it.
    fn is_told_beside(&self) -> bool {
        self.asked_by.is_empty()
    }

    fn wants(&self, event: &Event) -> bool {
        self.is_told_beside() || self.asked_by.iter().any(|detection| detection.wants(event))
    }

    fn key(&self, parts: &[String]) -> MemoryKey {
        MemoryKey::of(self.id, parts)
    }
}

/// Something that an event teaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lesson {
    /// It showed a habit, then, in that account.
    Habit(MemoryKey, Timestamp, Account),
    /// It left a note.
    Trace(MemoryKey, Note),
}

/// What the event shows and leaves. Tallies were written when they were asked for: a member that is counted again changes
/// nothing.
pub fn lessons(event: &Event, now: Timestamp) -> impl Iterator<Item = Lesson> {
    let at = event.time.unwrap_or(now).min(now);
    concerned(event).filter_map(move |(remembering, wants)| match &remembering.what {
        What::Habit(of) if wants => {
            let Pair(key) = of(event)?;
            Some(Lesson::Habit(remembering.key(&key), at, Account::of(&event.account)))
        }
        What::Trace { leaves, lasts, .. } => {
            let Trace { under, text } = leaves(event)?;
            Some(Lesson::Trace(remembering.key(&under), Note { text, at, until: now + *lasts }))
        }
        What::Habit(_) | What::Tally { .. } => None,
    })
}

impl Lesson {
    /// All that is certain of a denied call of an account before it is judged: it may be the first from which habits are learned.
    #[must_use]
    pub fn of_denied(account: &str, at: Timestamp) -> Self {
        Self::Habit(MemoryKey::of("denied", &[account]), at, Account::of(account))
    }

    /// Remembers it.
    ///
    /// # Errors
    ///
    /// When the ledger is out of reach.
    pub async fn learn(self, ledger: &impl Ledger, now: Timestamp) -> Result<(), LedgerError> {
        let (key, at, account) = match self {
            Self::Trace(key, note) => {
                let part = note.until.duration_since(now) / PART;
                let says_more = |known: &Note| known.text != note.text || known.until + part <= note.until;
                if ledger.recall(&key, now).await?.as_ref().is_none_or(says_more) {
                    ledger.remember(&key, &note, now).await?;
                }
                return Ok(());
            }
            Self::Habit(key, at, account) => (key, at, account),
        };
        let noted = ledger.recall(&key, now).await?;
        if noted.as_ref().is_none_or(|note| note.at + NOTED_AGAIN < at) {
            let first = noted.as_ref().map_or(at, first_seen);
            ledger.remember(&key, &Note { text: first.to_string(), at, until: now + FAMILIAR }, now).await?;
        }
        let learning = account.learning();
        if ledger.recall(&learning, now).await?.is_none() {
            let note = Note { text: String::new(), at, until: now + FAMILIAR + FAMILIAR };
            ledger.remember(&learning, &note, now).await?;
        }
        Ok(())
    }
}

/// When a pair was first seen: its note says so, and when it was seen last.
fn first_seen(note: &Note) -> Timestamp {
    note.text.parse().unwrap_or(note.at)
}

/// As in "made 12 min ago".
pub(crate) fn ago(time: SignedDuration) -> String {
    match time.as_mins().max(0) {
        0 => "less than a minute ago".to_owned(),
        minutes @ 1..=119 => format!("{minutes} min ago"),
        minutes @ 120..=2_879 => format!("{} hours ago", minutes / 60),
        minutes => format!("{} days ago", minutes / 1_440),
    }
}
