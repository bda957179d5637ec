//! A person says yes to a plan: to these steps and no others, once, within four hours.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::contain::{Failure, Records};
use super::writing::written;
use super::{Principal, Record, State};
use crate::arn;
use crate::event::{Actor, Kind};

/// How long a plan waits for a person.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(4);

/// Who said yes to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The ARN of the caller, as IAM gave it: for a session with its name.
    pub by: String,
    /// The unique id of the caller, as IAM gave it, which another name does not change; for a session with its name.
    #[serde(default)]
    pub id: String,
    pub at: Timestamp,
    /// The fingerprint of the plan that was shown.
    pub plan: String,
}

/// Why a yes does not count, in words for whoever said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unapproved {
    /// It never will.
    No(String),
    /// To be tried again.
    Failed(Failure),
}

impl fmt::Display for Unapproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No(why) => f.write_str(why),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

impl From<Failure> for Unapproved {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<String> for Unapproved {
    fn from(why: String) -> Self {
        Self::Failed(Failure::Other(why))
    }
}

/// Writes down that `by` approves the plan of that fingerprint. It is carried out when the record is looked at next.
///
/// # Errors
///
/// Why it does not count.
pub async fn approve<R: Records>(
    records: &R,
    id: &str,
    approval: Approval,
    own_account: &str,
) -> Result<Record, Unapproved> {
    let no = |why: String| Err(Unapproved::No(why));
    let now = approval.at;
    let Some(mut record) = records.get(id).await? else { return no(format!("there is no record `{id}`")) };
    if let Some(earlier) = &record.approval {
        // Said again, since the answer was that it could not be queued: it still waits to be carried out.
        if record.state == State::Pending && (&earlier.by, &earlier.plan) == (&approval.by, &approval.plan) {
            return Ok(record);
        }
        return no(format!("record {id} was approved by {} at {}: a yes counts once", earlier.by, earlier.at));
    }
    if record.state == State::Pending && record.expires() <= now {
        record = record.moved(State::Expired, now);
        record.told = false;
        written(&mut record, records).await?;
    }
    if record.state != State::Pending {
        return no(format!("record {id} is {}: it waits for nobody", record.state));
    }
    if record.fingerprint() != approval.plan {
        return no(format!("record {id} has another plan than the one that was approved; look at it again"));
    }
    if let Err(why) = may_approve(&approval, &record, own_account) {
        return no(why.to_owned());
    }
    record.approval = Some(approval);
    written(&mut record, records).await?;
    Ok(record)
}

/// What stays the same of an id over all sessions of a role.
fn unique(id: &str) -> &str {
    id.split(':').next().unwrap_or(id)
}

/// Whether a session of Identity Center is that of the person who acted, under whatever permission set: Identity Center, and not
/// the caller, writes the user's name into the session's.
fn is_same_person(by: &str, actor: &Actor) -> bool {
    let session = arn::resource(by).and_then(|resource| resource.strip_prefix("assumed-role/")?.split_once('/'));
    let Some((role, name)) = session.filter(|_| actor.kind == Kind::SsoUser) else { return false };
    // Identity Center takes names in any case. Without a name, whoever has the same permission set may be it.
    actor.session.as_ref().map_or(actor.name == role, |acted| acted.eq_ignore_ascii_case(name))
}

/// Nobody approves what is about themselves, or what they did, whatever they are called by now.
fn may_approve(approval: &Approval, record: &Record, own_account: &str) -> Result<(), &'static str> {
    let Approval { by, .. } = approval;
    let actor = &record.finding.actor;
    let same_id = |id: Option<&str>| id.is_some_and(|id| unique(id) == unique(&approval.id));
    // Many people share the role of a permission set, and the id of a federated session begins as root's, with the account.
    let is_own = !matches!(actor.kind, Kind::SsoUser | Kind::FederatedUser);
    let acted = same_id(actor.principal_id.as_deref().filter(|_| is_own));
    let is_actor = acted || actor.principal.eq_ignore_ascii_case(by) || is_same_person(by, actor);
    let is_target = same_id(record.before.as_ref().and_then(|before| before.id.as_deref()));
    // IAM gives ARNs; a bare name is something else.
    let who = if by.starts_with("arn:") { Principal::read(by, own_account) } else { Principal::Unknown };
    let is_named = |name: &str| record.user().is_some_and(|user| user.eq_ignore_ascii_case(name));
    match who {
        Principal::User(name) if is_target || is_named(&name) => Err("nobody approves a plan about themselves"),
        Principal::User(_) | Principal::Role(_) | Principal::SsoRole | Principal::Root if is_actor => {
            Err("nobody approves a plan about what they did")
        }
        Principal::User(_) | Principal::SsoRole | Principal::Root => Ok(()),
        // A session's ARN has lost the role's path.
        Principal::Role(name) => match Principal::read(&actor.principal, own_account) {
            Principal::Role(acted) if acted.eq_ignore_ascii_case(&name) => {
                Err("nobody approves a plan about what they did")
            }
            _ => Ok(()),
        },
        Principal::FederatedUser => {
            Err("a federated user's session does not say whose it is; approve as an IAM user or role")
        }
        Principal::AnotherAccount => Err("only principals of this account approve"),
        Principal::Key(_) | Principal::TemporaryKey | Principal::ServiceRole | Principal::Unknown => {
            Err("the caller is no user or role of this account")
        }
    }
}
