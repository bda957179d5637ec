//! The memory of the line: which deliveries are done, and which incidents are open.
//!
//! Two keys, never mixed up. A [`Delivery`] is one event at one watcher: the same event twice is one alert. An
//! [`IncidentKey`] is the same kind of thing done again: many events are one alert at once, one at the tenth, the hundredth,
//! the thousandth of them, and one that counts them when the incident is over.
//!
//! AWS delivers events at least once, concurrently, and again after errors. So a delivery is claimed before anything is
//! told and confirmed after, counting happens once for each delivery however often it is tried, and all expiry is
//! decided by the time passed in, never by the table's own clean-up, which is up to two days late.

mod memory;
#[cfg(any(test, feature = "local-aws"))]
pub mod suite;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use jiff::{SignedDuration, Timestamp};

pub use memory::Memory;

use crate::cap::{Admission, Held, Message};
use crate::denials::{Dossier, Open, Settled};
use crate::exceptions::Suppressions;
use crate::finding::{Finding, IncidentKey, Severity};
use crate::fingerprint;
use crate::watcher::Watcher;

/// How long a claim holds. Longer than any function may run, shorter than the first retry's delay of a minute.
pub const LEASE: SignedDuration = SignedDuration::from_secs(45);
/// How long a finished delivery is remembered: longer than EventBridge and Lambda together keep trying.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long nothing may happen until an incident is over.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// How long an incident that goes on stays one: what never ends is told anew from time to time.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(6);
/// An incident whose window closed this long ago and that nobody told is given up: a new event opens a new one, so that
/// a broken digest cannot silence alerts.
pub const ABANDONED: SignedDuration = SignedDuration::from_hours(1);
/// Alerts held back that one message tells of: a function has time to read and forget so many. More are told by the next one.
pub const HELD_AT_ONCE: usize = 10_000;
/// A tally counts no further: an item of the table has its limit, and nobody waits for more.
pub const MOST_MEMBERS: usize = 200;
/// How long it is kept what a principal was denied, after the last time.
pub const DENIED: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a closed incident stays in the table.
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long it is remembered what an exception suppressed, after the last time.
pub const SUPPRESSED: SignedDuration = SignedDuration::from_hours(400 * 24);

/// One event at one watcher: `eventID` and account. In full it says which watcher, so that a watcher never
/// takes another's claim for its own; or that it is for people, who hear once of what two watchers find.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delivery {
    to: &'static str,
    account: String,
    event_id: String,
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Go on. What an earlier try already did is not to be done again.
    Ours(Progress),
    /// It was finished before: skip it.
    Done,
    /// Somebody else is at it. Fail, so that Lambda tries again: were it skipped, the alert would be lost with a holder
    /// that died.
    Busy,
}

/// What an earlier try of the same delivery already did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub counted: bool,
    pub told: bool,
}

/// Where a finding stands in its incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub incident: IncidentKey,
    /// Events of the incident so far, this one included.
    pub count: u64,
    /// How many of them people have heard of.
    pub told: u64,
    /// When it was opened, if the ledger knows.
    pub opened: Option<Timestamp>,
    /// Whether this delivery is the one that tells people.
    pub speaks: bool,
    /// Whether the ledger was out of reach: the alert may come again.
    pub unclaimed: bool,
}

/// What is remembered under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    /// When that became so: a note is not replaced by an older one. Events arrive in any order.
    pub at: Timestamp,
    /// When it is forgotten.
    pub until: Timestamp,
}

/// The name of something remembered. It is made of names that callers choose, but only of those that AWS has taken as the
/// names of things in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryKey {
    kind: &'static str,
    named: [u8; 16],
}

impl Hash for MemoryKey {
    /// A few bytes of what is a hash already tell any two keys apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first @ .., _, _, _, _, _, _, _, _] = self.named;
        state.write_u64(u64::from_be_bytes(first));
    }
}

/// An incident that is to be looked at again: it is over, or its window is.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub incident: IncidentKey,
    /// The loudest finding that spoke, else the one that opened it.
    pub finding: Finding,
    pub opened: Timestamp,
    /// When its last event was counted.
    pub last: Timestamp,
    pub count: u64,
    /// How many of them people have heard of.
    pub told: u64,
}

/// Why the ledger has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerError {
    /// It cannot be reached, or does not answer as it should.
    Down(String),
    /// Others write the same incident all the time: to be tried again.
    Contended,
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down(why) => write!(f, "the ledger cannot be reached: {why}"),
            Self::Contended => f.write_str("others write the same incident all the time"),
        }
    }
}

impl std::error::Error for LedgerError {}

/// The memory of the line. Every method takes the time: implementations have no clock.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Ledger {
    /// Claims a delivery for [`LEASE`].
    async fn claim(&self, delivery: &Delivery, now: Timestamp) -> Result<Claim, LedgerError>;

    /// Counts a claimed delivery into its incident, once, and decides whether it speaks: the first to reach the
    /// incident's quorum at its severity does, and of those as loud as it the first to reach each [`step`] of the count.
    /// It does again when it is tried again.
    async fn count(
        &self,
        delivery: &Delivery,
        progress: Progress,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<Standing, LedgerError>;

    /// Remembers that people were told.
    async fn told(&self, delivery: &Delivery, standing: &Standing) -> Result<(), LedgerError>;

    /// Counts a claimed delivery for the exception that suppresses it, once however often it is tried.
    async fn suppress(&self, delivery: &Delivery, exception: &str, now: Timestamp) -> Result<(), LedgerError>;

    /// How often an exception suppressed something, if it ever did.
    async fn suppressed(&self, exception: &str) -> Result<Option<Suppressions>, LedgerError>;

    /// Finishes a delivery for [`REMEMBERED`].
    async fn confirm(&self, delivery: &Delivery, now: Timestamp) -> Result<(), LedgerError>;

    /// Gives a claim back, so that the next try need not wait for its lease.
    async fn release(&self, delivery: &Delivery) -> Result<(), LedgerError>;

    /// Incidents that are to be looked at again, oldest first, at most 100.
    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, LedgerError>;

    /// Puts a due incident that goes on off until it may be over.
    async fn put_off(&self, due: &Due) -> Result<(), LedgerError>;

    /// Remembers what was told of a due incident, and closes it; if it grew meanwhile, gives it another window.
    async fn close(&self, due: &Due, now: Timestamp) -> Result<(), LedgerError>;

    /// Gives a message that came in at `received` a turn on the topic, or none: see [`crate::cap`]. It holds for all who publish
    /// together. When too many ask at the same moment, what is CRITICAL is admitted, and all else is not.
    async fn admit(&self, message: Message, received: Timestamp, now: Timestamp) -> Result<Admission, LedgerError>;

    /// Keeps an alert that was held back, until it is let go. The same one twice is one.
    async fn hold(&self, held: &Held) -> Result<(), LedgerError>;

    /// Alerts that are held back, oldest first, at most [`HELD_AT_ONCE`].
    async fn held(&self) -> Result<Vec<Held>, LedgerError>;

    /// Forgets alerts that were held back and are told now.
    async fn let_go(&self, held: &[Held]) -> Result<(), LedgerError>;

    /// What is remembered under a key, unless it is to be forgotten.
    async fn recall(&self, key: &MemoryKey, now: Timestamp) -> Result<Option<Note>, LedgerError>;

    /// Remembers a note, unless one of a later time is there.
    async fn remember(&self, key: &MemoryKey, note: &Note, now: Timestamp) -> Result<(), LedgerError>;

    /// Adds a member to those under a key, and answers how many distinct ones there are since the first of them; `until` is
    /// when the tally ends that begins with this one. A member that is there already changes nothing.
    async fn tally(
        &self,
        key: &MemoryKey,
        member: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<usize, LedgerError>;

    /// What is kept of the denied calls of one principal, with its incident if that is open.
    async fn dossier(&self, key: &IncidentKey, now: Timestamp) -> Result<Dossier, LedgerError>;

    /// Keeps a dossier that was read and changed, and counts for exceptions what they suppressed: all or nothing, and
    /// nothing where somebody else wrote meanwhile. Then it answers `false`, and it is to be read again.
    async fn keep(
        &self,
        key: &IncidentKey,
        dossier: &Dossier,
        suppressed: &BTreeMap<String, u64>,
        now: Timestamp,
    ) -> Result<bool, LedgerError>;

    /// Says what became of what a kept dossier owed; nothing, if another owes something louder meanwhile.
    async fn settle(&self, key: &IncidentKey, open: &Open, settled: Settled) -> Result<(), LedgerError>;

    /// Forgets what is remembered under a key.
    async fn forget(&self, key: &MemoryKey) -> Result<(), LedgerError>;
}

impl MemoryKey {
    /// The key of what is of that kind and named by these parts.
    #[must_use]
    pub fn of(kind: &'static str, parts: &[impl AsRef<str>]) -> Self {
        Self { kind, named: fingerprint::bytes(parts.iter().map(AsRef::as_ref)) }
    }
}

impl fmt::Display for MemoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind, fingerprint::digits(&self.named))
    }
}

impl Delivery {
    /// The delivery to `watcher` of the event that `finding` is about.
    #[must_use]
    pub fn of(watcher: Watcher, finding: &Finding) -> Self {
        Self { to: watcher.name(), account: finding.account.clone(), event_id: finding.event.id.clone() }
    }

    /// That of the event to people.
    #[must_use]
    pub(crate) fn to_people(finding: &Finding) -> Self {
        Self { to: "people", account: finding.account.clone(), event_id: finding.event.id.clone() }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}#{}", self.to, self.account, self.event_id)
    }
}

impl Standing {
    /// Where a finding stands when nobody can say: it is told. One that means something only when it is counted has no
    /// such standing.
    #[must_use]
    pub fn unclaimed(finding: &Finding) -> Self {
        Self { incident: finding.incident(), count: 1, told: 0, opened: None, speaks: true, unclaimed: true }
    }

    /// That of a finding that nobody is told of.
    #[must_use]
    pub(crate) fn suppressed(finding: &Finding) -> Self {
        Self { speaks: false, unclaimed: false, ..Self::unclaimed(finding) }
    }

    /// The same in another incident.
    #[must_use]
    pub(crate) fn of(self, incident: &IncidentKey) -> Self {
        Self { incident: incident.clone(), ..self }
    }
}

/// The step that a count has reached: 1, 10, 100, 1,000 and so on.
#[must_use]
pub fn step(count: u64) -> u64 {
    count.checked_ilog10().map_or(0, |power| 10_u64.pow(power))
}

impl Due {
    /// When it is over, should nothing more happen. What did not reach its quorum within one window does not go on: it is
    /// many in a short time that mean something.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        let since = if self.count < self.finding.speaks_at { self.opened } else { self.last };
        let end = since + WINDOW;
        let longest = self.opened.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
        end.min(longest)
    }

    /// Whether people are to hear of it: it reached its quorum, and it grew since they were last told.
    #[must_use]
    pub fn speaks(&self, min_severity: Severity) -> bool {
        self.count > self.told && self.count >= self.finding.speaks_at && self.finding.severity >= min_severity
    }
}
