//! The standing watch: whatever gives something back to a user with an open record is told, for as long as it is open.

use jiff::{SignedDuration, Timestamp};

use super::contain::{Containment, Failure, Iam, Later, Records};
use super::record::RESTORING;
use super::{Meddling, Moved, Record, Step};
use crate::event::Event;
use crate::flow::People;
use crate::ledger::Ledger;

/// The calls of IAM that may give something back: the rule in the template waits for them.
pub const WATCHED: [&str; 14] = [
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateServiceSpecificCredential",
    "DeleteUserPermissionsBoundary",
    "DetachUserPolicy",
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

/// How often the record is read anew where somebody else writes it.
const TRIES: usize = 5;

/// The user that the event gives something back to, and what. Our own calls never do.
#[must_use]
pub fn meddling(event: &Event, deny: Option<&str>) -> Option<(String, Meddling)> {
    if !event.succeeded() || !event.is("iam.amazonaws.com", &WATCHED) {
        return None;
    }
    let active = || event.request("status") == Some("Active");
    let id = |names: &[&str]| {
        let text = names.iter().find_map(|name| event.request(name).or_else(|| event.response(name)));
        text.map(|id| format!(" {id}")).unwrap_or_default()
    };
    let what = match event.call() {
        "DetachUserPolicy" if event.request("policyArn") == deny => "detached iamwatch's deny from".to_owned(),
        "DeleteUserPermissionsBoundary" => "took the permissions boundary off".to_owned(),
        "PutUserPermissionsBoundary" if event.request("permissionsBoundary") != deny => {
            "put another permissions boundary on".to_owned()
        }
        "UpdateAccessKey" if active() => format!("switched access key{} on again of", id(&["accessKeyId"])),
        "UpdateServiceSpecificCredential" if active() => {
            format!("switched service-specific credential{} on again of", id(&["serviceSpecificCredentialId"]))
        }
        "UpdateSSHPublicKey" if active() => format!("switched SSH key{} on again of", id(&["sSHPublicKeyId"])),
        "UpdateSigningCertificate" if active() => {
            format!("switched signing certificate{} on again of", id(&["certificateId"]))
        }
        "CreateAccessKey" => format!("made access key{} for", id(&["accessKey.accessKeyId"])),
        "CreateLoginProfile" => "made a password for".to_owned(),
        "UpdateLoginProfile" => "set the password of".to_owned(),
        "CreateServiceSpecificCredential" => "made a service-specific credential for".to_owned(),
        "UploadSSHPublicKey" => "uploaded an SSH key for".to_owned(),
        "UploadSigningCertificate" => "uploaded a signing certificate for".to_owned(),
        "UpdateUser" => format!("renamed to{}", id(&[event.request("newUserName").map(|_| "newUserName")?])),
        _ => return None,
    };
    let user = event.owner().and_then(|owner| owner.user().map(str::to_owned));
    let user = user.or_else(|| event.request("userName").map(str::to_owned))?;
    let by = event.actor.principal.clone();
    Some((user, Meddling { what, by, event: event.id.clone(), at: event.time }))
}

impl<I: Iam, R: Records, L: Ledger, P: People, W: Later> Containment<'_, I, R, L, P, W> {
    /// Tells what an event did to a user with an open record. Answers the record that was told of.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it must be tried again.
    pub async fn watch(&self, event: &Event, now: Timestamp) -> Result<Option<Record>, Failure> {
        let deny = self.context.config.quarantine.deny_policy.as_deref();
        let Some((user, meddling)) = meddling(event, deny) else { return Ok(None) };
        if event.account != self.account {
            return Ok(None);
        }
        let mut told = None;
        for id in self.records.open_of(&user).await? {
            // One record tells it: the others only keep it.
            let silent = told.is_some();
            told = self.keep(&id, &meddling, silent, now).await?.or(told);
        }
        Ok(told)
    }

    async fn keep(
        &self,
        id: &str,
        meddling: &Meddling,
        silent: bool,
        now: Timestamp,
    ) -> Result<Option<Record>, Failure> {
        let mut told = silent;
        for _ in 0..TRIES {
            let Some(mut record) = self.records.get(id).await?.filter(|record| record.concerns(meddling)) else {
                return Ok(None);
            };
            if !record.meddled(meddling) {
                return Ok(None);
            }
            // Told first: what could not be told is tried again.
            if !told {
                self.say(&Record { news: Some(meddling.clone()), ..record.clone().critical() }, now).await?;
                told = true;
            }
            if self.records.save(&mut record).await? == Moved::Yes {
                return Ok(Some(record));
            }
        }
        Err(Failure::busy(id))
    }
}

impl Record {
    /// Whether the meddling undoes it: it is open, nobody restores it, and it came after it was decided. What made the key in
    /// the first place comes before.
    fn concerns(&self, meddling: &Meddling) -> bool {
        let since = self.decided.unwrap_or(self.received);
        let later = meddling.at.is_none_or(|at| at >= since - SignedDuration::from_secs(1));
        let restored = self.restoring.is_some_and(|from| {
            meddling.at.is_some_and(|at| at >= from - SignedDuration::from_secs(1) && at < from + RESTORING)
        });
        let ours = meddling.event != self.finding.event.id;
        self.state.is_open() && later && !restored && ours && self.is_about_what_is_left(meddling)
    }

    /// Of a user whom nothing denies any more, only what switches on again what stayed off counts.
    fn is_about_what_is_left(&self, meddling: &Meddling) -> bool {
        let whole = self.given_back.is_empty() || self.left().any(Step::denies);
        whole || self.left().filter_map(Step::credential).any(|id| meddling.what.contains(id))
    }
}
