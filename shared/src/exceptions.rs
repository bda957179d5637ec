//! Exceptions: who may do what without anybody being told, for how long, and why.
//!
//! Whoever writes an exception blinds iamwatch a little, so each has an owner, a reason and an end, and matches only what
//! an attacker cannot choose: whole ARNs, or IAM paths. It is data from outside wherever it comes from, a file or a
//! parameter, and is read by the same checks, see [`read`].

mod known;
mod plan;
mod read;
mod report;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

pub use known::{Known, Stored};
pub use plan::{Plan, Step, plan};
pub use read::{Mistake, Place, read, read_all};
pub use report::{Suppressions, report};

use crate::detect;
use crate::event::{Kind, Target};
use crate::finding::{Evidence, Finding, Severity};
use crate::watcher::Watcher;

/// How many days ahead an exception may end, unless it says why it must last longer.
pub const LONGEST_DAYS: i64 = 90;
/// Bytes of one exception as JSON: a standard parameter of Parameter Store takes no more.
pub const LONGEST_JSON: usize = 4_096;
/// How many exceptions that do not hold an alert names.
const NAMED: usize = 3;

/// One exception, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Its name, in kebab-case.
    pub id: String,
    /// The detections that are not told.
    pub detections: Vec<String>,
    /// Whose acts; anybody's, if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Scope>,
    /// On what; on anything, if not said. Every exception says one of the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Scope>,
    pub reason: String,
    pub owner: String,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    /// Why it lasts longer than [`LONGEST_DAYS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long: Option<String>,
}

/// A whole ARN, or the beginning of one up to an IAM path: `arn:aws:iam::111122223333:role/ci/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scope(String);

/// All exceptions that were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions(Vec<Exception>);

/// What the exceptions make of a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// It is told. Exceptions that would have held and do not are in its evidence.
    Told(Finding),
    /// It is kept from people and from quarantine: see [`Finding::suppressed_by`].
    Suppressed(Finding),
}

/// Knows the exceptions of now.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Judge {
    /// What they make of a finding.
    async fn judge(&self, finding: Finding, now: Timestamp) -> Judged;

    /// Whether it is known that there are none.
    fn are_none(&self) -> bool {
        false
    }
}

impl Judge for Exceptions {
    async fn judge(&self, finding: Finding, now: Timestamp) -> Judged {
        self.weigh(finding, now)
    }

    fn are_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Exception> for Exceptions {
    fn from_iter<T: IntoIterator<Item = Exception>>(all: T) -> Self {
        let mut all: Vec<Exception> = all.into_iter().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Self(all)
    }
}

impl Exceptions {
    /// None at all.
    pub const NONE: Self = Self(Vec::new());

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What they make of a finding: the first that holds suppresses it.
    #[must_use]
    pub fn weigh(&self, mut finding: Finding, now: Timestamp) -> Judged {
        let today = day(now);
        let mut failing = Vec::new();
        for exception in self.0.iter().filter(|exception| exception.is_about(&finding)) {
            match exception.fails(&finding, today) {
                None => {
                    let (asks, suppressed_by) = (None, Some(exception.id.clone()));
                    return Judged::Suppressed(Finding { asks, suppressed_by, ..finding });
                }
                Some(why) => failing.push(format!("{} {why}", exception.id)),
            }
        }
        let said = failing.into_iter().take(NAMED).map(|value| Evidence { label: "Exception".to_owned(), value });
        // First: an alert shows only so many.
        finding.evidence.splice(0..0, said);
        Judged::Told(finding.capped())
    }
}

impl Exception {
    /// Whether its end is over.
    #[must_use]
    pub fn has_expired(&self, today: Date) -> bool {
        self.expires < today
    }

    /// As it is stored. Nothing in it can fail to be written.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it is meant for such a finding.
    fn is_about(&self, finding: &Finding) -> bool {
        seen(finding).any(|detection| self.names(detection))
            && self.actor.as_ref().is_none_or(|actor| actor.covers_actor(finding))
            && self.target.as_ref().is_none_or(|target| target.covers_target(finding))
    }

    /// Why it does not hold for a finding that it is about, in words that follow its name.
    fn fails(&self, finding: &Finding, today: Date) -> Option<String> {
        if self.has_expired(today) {
            return Some(format!("expired on {} ({}, {})", self.expires, self.owner, self.reason));
        }
        if seen(finding).any(is_own) {
            return Some("does not hold: what is done to iamwatch is always told".to_owned());
        }
        if finding.severity == Severity::Critical && is_about_root(finding) {
            return Some("does not hold: what is CRITICAL about root is always told".to_owned());
        }
        // One act is one alert: what it is besides would be lost with it.
        let besides: Vec<&str> = seen(finding).filter(|detection| !self.names(detection)).collect();
        (!besides.is_empty())
            .then(|| format!("does not hold: this is {} too, which it does not name", besides.join(" and ")))
    }

    fn names(&self, detection: &str) -> bool {
        self.detections.iter().any(|named| named == detection)
    }
}

impl Scope {
    /// The ARN or path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_path(&self) -> bool {
        self.0.ends_with('/')
    }

    fn covers(&self, arn: &str) -> bool {
        if self.is_path() { arn.starts_with(&self.0) } else { arn == self.0 }
    }

    /// Only identities that IAM itself has named have an ARN that nobody else can bear: what an identity provider says of
    /// its users may be any text.
    fn covers_actor(&self, finding: &Finding) -> bool {
        let of_iam = match finding.actor.kind {
            Kind::IamUser | Kind::FederatedUser => ":user/",
            Kind::Role | Kind::SsoUser => ":role/",
            Kind::Root | Kind::CentralRoot => ":root",
            _ => return false,
        };
        self.0.contains(of_iam) && self.covers(&finding.actor.principal)
    }

    /// Most records name what is acted on without its ARN. Within an account and region a name of a kind is one thing, so
    /// a whole ARN is compared with it part by part.
    fn covers_target(&self, finding: &Finding) -> bool {
        let target = &finding.target;
        if let Some(arn) = &target.arn {
            return self.covers(arn);
        }
        if self.is_path() {
            return false;
        }
        let named = Target::from_arn(&self.0);
        let mut parts = self.0.split(':').skip(2);
        let (service, region, account) = (parts.next(), parts.next(), parts.next());
        let fits = |said: Option<&str>, is: &str| said.is_some_and(|said| said.is_empty() || said == is);
        // The ARNs of topics, queues and buckets say no kind.
        let kind = if named.kind == "resource" {
            service.is_some() && service == finding.event.source.split('.').next()
        } else {
            named.kind.replace('-', " ").eq_ignore_ascii_case(&target.kind)
        };
        kind && named.name == target.name && fits(region, &finding.region) && fits(account, &finding.account)
    }
}

/// The day it is in UTC.
#[must_use]
pub fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// The path in Parameter Store under which a stack has its exceptions, without a slash at its end.
#[must_use]
pub fn path(stack: &str) -> String {
    format!("/{stack}/exceptions")
}

/// The id of the exception that a parameter's name or ARN names, if it is one of this stack's.
#[must_use]
pub fn id_of_parameter<'a>(name: &'a str, stack: &str) -> Option<&'a str> {
    let bare = match name.strip_prefix("arn:") {
        Some(arn) => arn.split_once(":parameter")?.1,
        None => name,
    };
    if stack.is_empty() { None } else { bare.strip_prefix(path(stack).as_str())?.strip_prefix('/') }
}

/// Everything that a finding says was seen, the strongest first.
fn seen(finding: &Finding) -> impl Iterator<Item = &str> {
    std::iter::once(&finding.detection).chain(&finding.also).map(String::as_str)
}

/// Whether a detection tells of changes to iamwatch itself: whoever wanted to silence it would begin there.
fn is_own(detection: &str) -> bool {
    detection.starts_with("own-")
}

fn is_about_root(finding: &Finding) -> bool {
    let of_root = |id| detect::by_id(id).is_some_and(|detection| detection.watcher == Watcher::RootUsage);
    finding.actor.is_root() || seen(finding).any(of_root)
}

#[cfg(test)]
mod tests;
