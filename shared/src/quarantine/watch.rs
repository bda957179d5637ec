//! The standing watch: whatever gives something back to a user with an open record is told, for as long as it is open.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::contain::{Containment, Failure, Iam, Later, Records};
use super::restore::restored;
use super::writing::TRIES;
use super::{AGE_TOLERANCE, Call, Meddling, Moved, Record, SESSIONS_ENDED, Step, Subject, ended_before};
use crate::event::Event;
use crate::finding::Severity;
use crate::flow::People;
use crate::ledger::Ledger;

/// The calls of IAM that may give something back: the rule in the template waits for them.
pub const WATCHED: [&str; 16] = [
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateServiceSpecificCredential",
    "DeleteRolePolicy",
    "DeleteUserPermissionsBoundary",
    "DetachUserPolicy",
    "PutRolePolicy",
    "PutUserPermissionsBoundary",
    "UpdateAccessKey",
    "UpdateLoginProfile",
    "UpdateSSHPublicKey",
    "UpdateServiceSpecificCredential",
    "UpdateSigningCertificate",
    "UpdateUser",
    "UploadSSHPublicKey",
    "UploadSigningCertificate",
];

/// Meddling that a record keeps: more of it tells no more.
const MEDDLING: usize = 50;
/// A policy that ends sessions is written with the time at which it is.
const A_MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// For how long after one key of a user was contained another credential of theirs is news.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// What an act gave to a user, as far as it bears on what was taken from them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gave {
    /// It was kept before this was.
    #[default]
    Unknown,
    /// Our deny policy does not bear on the user any more.
    DenyOff,
    /// Nor as a boundary.
    BoundaryOff,
    /// Nor does ours that ends sessions on the role.
    SessionsOn,
    /// A credential that was there is Active.
    On(String),
    /// A credential that was not there; with its id where it is an access key.
    New(Option<String>),
    /// A password.
    Password,
    /// Another name.
    Name(String),
}

impl Gave {
    /// Whether it undoes a step.
    #[must_use]
    pub fn undoes(&self, step: &Step) -> bool {
        match self {
            Self::DenyOff => matches!(step, Step::DenyUser { .. }),
            Self::BoundaryOff => matches!(step, Step::BindUser { .. }),
            Self::SessionsOn => matches!(step, Step::EndSessions { .. }),
            Self::On(id) => step.credential() == Some(id),
            Self::Unknown | Self::New(_) | Self::Password | Self::Name(_) => false,
        }
    }
}

/// What the event gives back, and to whom: a user, or a role as `role/NAME`. Our own calls never do.
#[must_use]
pub fn meddling(event: &Event, deny: Option<&str>) -> Option<Meddling> {
    if !event.succeeded() || !event.is("iam.amazonaws.com", &WATCHED) {
        return None;
    }
    let active = |id: &str| {
        let on = event.request("status") == Some("Active");
        on.then(|| event.request(id).unwrap_or_default().to_owned())
    };
    // IAM takes names in any case.
    let is = |parameter: &str, ours: Option<&str>| {
        event.request(parameter).zip(ours).is_some_and(|(said, ours)| said.eq_ignore_ascii_case(ours))
    };
    let of_role = || is("policyName", Some(SESSIONS_ENDED));
    let (what, gave) = match event.call() {
        "DeleteRolePolicy" if of_role() => ("took iamwatch's end of sessions off".to_owned(), Gave::SessionsOn),
        "PutRolePolicy" if of_role() => {
            // Ours ends what was opened up to now.
            let ended = event.request("policyDocument").and_then(ended_before);
            if ended.is_some_and(|ended| event.time.is_none_or(|at| at.duration_since(ended) < A_MINUTE)) {
                return None;
            }
            ("rewrote iamwatch's end of sessions on".to_owned(), Gave::SessionsOn)
        }
        "DetachUserPolicy" if is("policyArn", deny) => ("detached iamwatch's deny from".to_owned(), Gave::DenyOff),
        "DeleteUserPermissionsBoundary" => ("took the permissions boundary off".to_owned(), Gave::BoundaryOff),
        "PutUserPermissionsBoundary" if !is("permissionsBoundary", deny) => {
            ("put another permissions boundary on".to_owned(), Gave::BoundaryOff)
        }
        "UpdateAccessKey" => switched_on("access key", active("accessKeyId")?),
        "UpdateServiceSpecificCredential" => {
            switched_on("service-specific credential", active("serviceSpecificCredentialId")?)
        }
        "UpdateSSHPublicKey" => switched_on("SSH key", active("sSHPublicKeyId")?),
        "UpdateSigningCertificate" => switched_on("signing certificate", active("certificateId")?),
        "CreateAccessKey" => {
            let key = event.response("accessKey.accessKeyId").map(str::to_owned);
            let named = key.as_deref().map(|key| format!(" {key}")).unwrap_or_default();
            (format!("made access key{named} for"), Gave::New(key))
        }
        "CreateLoginProfile" => ("made a password for".to_owned(), Gave::Password),
        "UpdateLoginProfile" => ("set the password of".to_owned(), Gave::Password),
        "CreateServiceSpecificCredential" => ("made a service-specific credential for".to_owned(), Gave::New(None)),
        "UploadSSHPublicKey" => ("uploaded an SSH key for".to_owned(), Gave::New(None)),
        "UploadSigningCertificate" => ("uploaded a signing certificate for".to_owned(), Gave::New(None)),
        "UpdateUser" => {
            let name = event.request("newUserName")?.to_owned();
            (format!("gave the name {name} to"), Gave::Name(name))
        }
        _ => return None,
    };
    let role = || event.request("roleName").map(|role| format!("role/{role}"));
    let user = || {
        let owner = event.owner().and_then(|owner| owner.user().map(str::to_owned));
        owner.or_else(|| event.request("userName").map(str::to_owned))
    };
    let user = if gave == Gave::SessionsOn { role()? } else { user()? };
    let by = event.actor.principal.clone();
    let request = event.request_id().map(str::to_owned);
    Some(Meddling { what, by, event: event.id.clone(), at: event.time, gave, request, untold: false, user })
}

fn switched_on(kind: &str, id: String) -> (String, Gave) {
    (format!("switched {kind} {id} on again of"), Gave::On(id))
}

impl<I: Iam, R: Records, L: Ledger, P: People, W: Later> Containment<'_, I, R, L, P, W> {
    /// Tells what an event did to a user with an open record. Answers the record that was told of.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it must be tried again.
    pub async fn watch(&self, event: &Event, now: Timestamp) -> Result<Option<Record>, Failure> {
        let deny = self.context.config.quarantine.deny_policy.as_deref();
        let Some(meddling) = meddling(event, deny) else { return Ok(None) };
        if event.account != self.account {
            return Ok(None);
        }
        self.follow_event(&meddling, now).await?;
        let mut concerned = Vec::new();
        for id in self.records.open_of(&meddling.user).await? {
            let Some(record) = self.records.get(&id).await? else { continue };
            if record.took_back(&meddling) {
                return Ok(None);
            }
            concerned.extend(record.alarm(&meddling).map(|severity| (severity, id)));
        }
        // A restore that is over has closed its record before CloudTrail tells of its calls.
        if let (Gave::On(id), false) = (&meddling.gave, concerned.is_empty()) {
            for over in self.records.open_of(&restored(id)).await? {
                if self.records.get(&over).await?.is_some_and(|record| record.took_back(&meddling)) {
                    return Ok(None);
                }
            }
        }
        // The loudest record tells it: the others only keep it.
        concerned.sort_unstable_by(|a, b| b.cmp(a));
        let (mut told, mut kept) = (false, None);
        for (_, id) in concerned {
            let record = self.keep(&id, &meddling, &mut told, now).await?;
            kept = kept.or(record);
        }
        Ok(kept)
    }

    async fn keep(
        &self,
        id: &str,
        meddling: &Meddling,
        told: &mut bool,
        now: Timestamp,
    ) -> Result<Option<Record>, Failure> {
        for _ in 0..TRIES {
            let Some(mut record) = self.records.get(id).await? else { return Ok(None) };
            let Some(severity) = record.alarm(meddling) else { return Ok(None) };
            if !record.meddled(meddling) {
                // An earlier try told it.
                *told = true;
                return Ok(None);
            }
            // Told first: what could not be told is tried again.
            if !*told {
                let mut news = Record { news: Some(meddling.clone()), ..record.clone() };
                news.finding.severity = severity;
                self.say(&news, now).await?;
                *told = true;
            }
            if self.records.save(&mut record).await? == Moved::Yes {
                return Ok(Some(record));
            }
        }
        Err(Failure::Busy(id.to_owned()))
    }
}

impl Record {
    /// How loud it is what somebody did, if it is any news: of a record that is open, and after it was decided. What made the key in
    /// the first place comes before.
    ///
    /// What undoes a step wakes a person, and so does whatever gives something to a user that is cut off as a whole. Where one key
    /// was switched off the user's work goes on: another credential is louder than what the detections say of it only within a day,
    /// or by whoever made the key.
    fn alarm(&self, meddling: &Meddling) -> Option<Severity> {
        let since = self.decided.unwrap_or(self.received);
        let later = meddling.at.is_none_or(|at| at >= since - SignedDuration::from_secs(1));
        let about = self.goes_by(&meddling.user, meddling.at) && meddling.event != self.finding.event.id;
        if !self.state.is_open() || !later || !about {
            return None;
        }
        if self.left().any(|step| meddling.gave.undoes(step)) {
            return Some(Severity::Critical);
        }
        if matches!(self.subject, Subject::Sessions { .. }) {
            return None;
        }
        if self.subject.is_one_key() {
            let more = matches!(meddling.gave, Gave::On(_) | Gave::New(_) | Gave::Password | Gave::Name(_));
            let soon = meddling.at.is_none_or(|at| at < since + SOON);
            let same = meddling.by == self.finding.actor.principal;
            return (more && (soon || same)).then_some(self.loudness_of_more());
        }
        // Of a user whom nothing denies any more only what stayed off counts.
        let whole = self.given_back.is_empty() || self.left().any(Step::denies);
        whole.then_some(self.loudness_of_more())
    }

    /// How loud it is that the user gets more, where it is news.
    pub(super) fn loudness_of_more(&self) -> Severity {
        if self.subject.is_one_key() { Severity::High } else { Severity::Critical }
    }

    /// Whether it was a restore that did it: AWS's id of the request is that of one of its calls, or of the one call of which nobody
    /// knows yet how it ended.
    fn took_back(&self, meddling: &Meddling) -> bool {
        let is_call = |id: &String| self.calls.iter().any(|call| call.request.as_ref() == Some(id));
        match &meddling.request {
            Some(id) if is_call(id) => true,
            // Without ids only what was done says it.
            None if self.given_back.iter().any(|step| meddling.gave.undoes(step)) => true,
            _ => {
                let began = self.restoring.zip(meddling.at).is_some_and(|(began, at)| is_near(began, at));
                began && self.giving.iter().any(|step| meddling.gave.undoes(step))
            }
        }
    }

    /// Whether a restore of this record switched the key on then.
    pub(super) fn gave_back(&self, key: &str, at: Option<Timestamp>) -> bool {
        let (Some(step), Some(at)) = (self.plan.steps.iter().find(|step| step.credential() == Some(key)), at) else {
            return false;
        };
        let words = step.undo_words();
        let gave = |call: &Call| call.error.is_none() && call.what == words && is_near(call.at, at);
        let called = self.calls.iter().any(gave);
        called || self.giving.as_ref() == Some(step) && self.restoring.is_some_and(|began| is_near(began, at))
    }

    /// The last act that undid what IAM does not show any more, if an event told of one.
    #[must_use]
    pub(crate) fn undone_by(&self) -> Option<&Meddling> {
        let missing = &self.proofs.last()?.missing;
        let undone: Vec<&Step> = self.left().filter(|step| missing.contains(&step.words())).collect();
        self.meddling.iter().rev().find(|meddling| undone.iter().any(|step| meddling.gave.undoes(step)))
    }

    /// Keeps what somebody did to what is contained. False where that is known, or too much.
    pub(super) fn meddled(&mut self, meddling: &Meddling) -> bool {
        let same = |known: &&mut Meddling| known.event == meddling.event && known.gave == meddling.gave;
        if let Some(known) = self.meddling.iter_mut().find(same) {
            known.untold &= meddling.untold;
            return false;
        }
        if self.meddling.len() >= MEDDLING {
            // Noise made on purpose does not hide the act that counts, nor the only one of its kind.
            let undoes = |meddling: &Meddling| self.left().any(|step| meddling.gave.undoes(step));
            let alike = |one: &Meddling, other: &Meddling| {
                let kind = std::mem::discriminant(&one.gave) == std::mem::discriminant(&other.gave);
                one.gave == other.gave || kind && !undoes(one) && !undoes(other)
            };
            let known = self.meddling.iter().any(|known| alike(known, meddling));
            let is_noise = |(at, one): (usize, &Meddling)| {
                let more = self.meddling.iter().skip(at + 1).any(|other| alike(one, other));
                more && (!known || undoes(meddling) && !undoes(one))
            };
            let Some(noise) = self.meddling.iter().enumerate().position(is_noise) else { return false };
            self.meddling.remove(noise);
        }
        self.meddling.push(meddling.clone());
        true
    }
}

/// Whether both may be one moment: clocks differ, and that of whoever restores is not AWS's.
fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).abs() <= AGE_TOLERANCE
}
