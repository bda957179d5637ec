//! What an event makes one ask, where the answers come from, and what the event itself teaches.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};

use super::past::{self, Lesson, Past, Question};
use super::place::{Left, Place, Renamed};
use super::{Fact, Facts, Holder, HolderKind, Holdings};
use crate::arn;
use crate::circumstance::TAKEN_OUT;
use crate::config::Config;
use crate::denials;
use crate::event::{Event, Owner, PassedKind};
use crate::ledger::{Ledger, LedgerError, MemoryKey, Note};
use crate::policy::{Document, Strength};

/// IAM, as far as it is read. Answers are facts, never errors: what cannot be read says why.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Policies {
    /// A managed policy's document: of that version, or of its default version.
    async fn managed(&self, arn: &str, version: Option<&str>) -> Fact<Document>;

    /// The version of a managed policy that was in force before that one, with its document, where it has just one other;
    /// nothing, if it has none. Of several others IAM does not say which it was.
    async fn only_other(&self, arn: &str, version: &str) -> Fact<Option<(String, Document)>>;

    /// Gathers facts, but not for ever: nothing, if it takes too long.
    async fn in_time<T>(&self, gathered: impl Future<Output = T>) -> Option<T>;

    /// What a principal holds, groups and boundary included.
    async fn holdings(&self, holder: &Holder) -> Fact<Holdings>;

    /// The name of the role in an instance profile.
    async fn role_in_profile(&self, profile: &str) -> Fact<String>;
}

/// No account to look into: a replay knows what the recorded events tell, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Unread;

impl Policies for Unread {
    async fn managed(&self, _: &str, _: Option<&str>) -> Fact<Document> {
        Fact::Unasked
    }
    async fn only_other(&self, _: &str, _: &str) -> Fact<Option<(String, Document)>> {
        Fact::Unasked
    }
    async fn in_time<T>(&self, gathered: impl Future<Output = T>) -> Option<T> {
        Some(gathered.await)
    }
    async fn holdings(&self, _: &Holder) -> Fact<Holdings> {
        Fact::Unasked
    }
    async fn role_in_profile(&self, _: &str) -> Fact<String> {
        Fact::Unasked
    }
}

/// IAM of another account, which is not read: what is there goes by what the ledger remembers of that account. The policies
/// that AWS gives to all accounts are the same everywhere.
#[derive(Debug)]
pub struct Elsewhere<'a, I> {
    here: &'a I,
    asked: Cell<bool>,
}

impl<'a, I> Elsewhere<'a, I> {
    #[must_use]
    pub fn than(here: &'a I) -> Self {
        Self { here, asked: Cell::new(false) }
    }

    /// Whether anything was asked that it did not answer.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.asked.get()
    }

    fn unread<T>(&self) -> Fact<T> {
        self.asked.set(true);
        Fact::Unasked
    }
}

impl<I: Policies> Policies for Elsewhere<'_, I> {
    async fn managed(&self, arn: &str, version: Option<&str>) -> Fact<Document> {
        if arn::account(arn) == Some("aws") { self.here.managed(arn, version).await } else { self.unread() }
    }
    async fn only_other(&self, _: &str, _: &str) -> Fact<Option<(String, Document)>> {
        self.unread()
    }
    async fn in_time<T>(&self, gathered: impl Future<Output = T>) -> Option<T> {
        self.here.in_time(gathered).await
    }
    async fn holdings(&self, _: &Holder) -> Fact<Holdings> {
        self.unread()
    }
    async fn role_in_profile(&self, _: &str) -> Fact<String> {
        self.unread()
    }
}

/// How long a document is remembered that nobody touches.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How the judgement of an event hangs together with events before it.
#[derive(Debug, Clone, Default)]
pub struct Ties {
    /// It is judged by documents that events before it may have written, or writes one; or it is a denied call, which is
    /// judged with all that its principal was denied.
    pub documents: bool,
    /// What detections ask of the ledger.
    pub questions: Vec<Question>,
}

/// Those of an event.
#[must_use]
pub fn ties(event: &Event) -> Ties {
    if event.fault().is_some() {
        return Ties::default();
    }
    let documents = event.succeeded() && {
        let asks = Asks::of(event);
        let writes = Place::written_by(event).is_some() || Place::also_written_by(event).is_some();
        asks.document.is_some() || asks.before.is_some() || writes || Renamed::by(event).is_some()
    };
    Ties { documents: documents || denials::is_one(event), questions: Question::about(event, false).collect() }
}

/// Asks what the event calls for. Never fails: see [`Fact::Unseen`].
pub async fn gather(
    event: &Event,
    config: &Config,
    policies: &impl Policies,
    ledger: &impl Ledger,
    now: Timestamp,
) -> Facts {
    let mut facts = Facts::NONE.clone();
    if event.fault().is_some() {
        return facts;
    }
    facts.past = Past::of(event, config, ledger, now, false).await;
    if !event.succeeded() {
        return facts;
    }
    facts.passed = passed(event, policies).await;
    if event.source != "iam.amazonaws.com" {
        let strong = |(_, holdings): &(String, Fact<Holdings>)| {
            holdings.known().is_some_and(|holdings| holdings.strength() != Strength::Ordinary)
        };
        if facts.passed.iter().any(strong) {
            facts.actor = acting(event, policies).await;
        }
    }
    let Asks { document, before, target, actor } = Asks::of(event);
    let remembered = async |place: &Place| match standing(place, ledger, now).await {
        Ok(Some(note)) if event.time.is_some_and(|time| note.at > time) => {
            Fact::Unseen("what is remembered there was written after this call".to_owned())
        }
        Ok(Some(note)) if note.text.is_empty() => Fact::Known(None),
        Ok(Some(note)) => Fact::Known(Some(note.text)),
        Ok(None) => Fact::Unasked,
        Err(error) => Fact::Unseen(error.to_string()),
    };

    if let Some((arn, version)) = document {
        facts.document = policies.managed(arn, version).await;
        if facts.document.known().is_none()
            && version.is_none()
            && let Fact::Known(Some(text)) = remembered(&Place::Managed { arn: arn.to_owned() }).await
            && let Ok(document) = Document::parse(&text)
        {
            facts.document = Fact::Known(document);
        }
    }
    if let Some(before) = before {
        facts.before = match (&before, remembered(before.place()).await) {
            (_, Fact::Known(None)) => Fact::Known(None),
            (Before::Remembered(Place::Boundary { .. }), Fact::Known(Some(arn))) => {
                some(policies.managed(&arn, None).await)
            }
            (_, Fact::Known(Some(text))) => Document::parse(&text).map_or_else(
                |illegal| Fact::Unseen(format!("the document before is not legal: {illegal}")),
                |document| Fact::Known(Some(document)),
            ),
            (Before::OtherVersion { .. }, _) => Fact::Unasked,
            (Before::Default { arn, .. }, _) => some(policies.managed(arn, None).await),
            (_, Fact::Unseen(why)) => Fact::Unseen(why),
            (_, Fact::Unasked) => Fact::Unasked,
        };
        if let Before::OtherVersion { arn, but, .. } = before {
            facts.compare_with(policies.only_other(arn, but).await);
        }
    }
    if let Some(holder) = target {
        facts.target = policies.holdings(&holder).await;
    }
    if actor {
        facts.actor = acting(event, policies).await;
    }
    facts
}

/// Asks what is remembered that is told beside a finding about the event. Most events are none, and need not wait for it.
pub async fn look_back(
    event: &Event,
    config: &Config,
    ledger: &impl Ledger,
    now: Timestamp,
) -> Vec<(&'static str, Fact<Past>)> {
    if event.fault().is_some() {
        return Vec::new();
    }
    let mut past = Past::of(event, config, ledger, now, true).await;
    if let Some(key) = denials::key_of_denied_before(event) {
        let left = ledger.dossier(&key, now).await.map(|dossier| {
            let note = |at| Note { text: String::new(), at, until: now };
            dossier.denials.denied_before(event).map_or(Past::Nothing, |at| Past::Left(note(at)))
        });
        past.push((past::DENIED, left.into()));
    }
    past
}

/// What is remembered that says whether denied calls of one principal came from outside, each question asked once.
#[derive(Debug, Default)]
pub struct Whence {
    asked: Vec<(MemoryKey, Fact<Past>)>,
}

impl Whence {
    /// What is known beside one of them.
    pub async fn of(
        &mut self,
        event: &Event,
        config: &Config,
        ledger: &impl Ledger,
        now: Timestamp,
    ) -> Vec<(&'static str, Fact<Past>)> {
        let mut past = Vec::new();
        for question in TAKEN_OUT.iter().filter_map(|remembering| Question::by(remembering, event)) {
            let (id, key) = question.asks();
            if let Some((_, answer)) = self.asked.iter().find(|(asked, _)| *asked == key) {
                past.push((id, answer.clone()));
                continue;
            }
            let answer = Fact::from(question.put(event.time, config, ledger, now).await);
            past.push((id, answer.clone()));
            self.asked.push((key, answer));
        }
        past
    }
}

/// Names of one user or group that are gone back through.
const MOST_NAMES: usize = 4;

/// What is remembered of a place, whatever its holder was called when it was written. Text of a former holder of the name
/// is none of it: nothing stands in a place that nobody wrote to since.
async fn standing(place: &Place, ledger: &impl Ledger, now: Timestamp) -> Result<Option<Note>, LedgerError> {
    let mut place = place.clone();
    // What was written under an earlier name counts up to when it was given up.
    let mut until = Timestamp::MAX;
    for _ in 0..MOST_NAMES {
        let note = ledger.recall(&place.key(), now).await?.filter(|note| note.at <= until);
        let Some((account, holder)) = place.renamable() else { return Ok(note) };
        let before = |note: &Note| note.at < until;
        let given_up = ledger.recall(&Renamed::gave_up(account, holder), now).await?.filter(before);
        let got = ledger.recall(&Renamed::got(account, holder), now).await?.filter(before);
        let since = given_up.as_ref().map(|note| note.at).max(got.as_ref().map(|note| note.at));
        match (note, since) {
            (note, None) => return Ok(note),
            (Some(note), Some(since)) if note.at >= since => return Ok(Some(note)),
            (_, Some(since)) => match got.filter(|got| got.at == since) {
                Some(got) => {
                    place = place.under_name(&got.text);
                    until = since;
                }
                None => return Ok(Some(Note { text: String::new(), at: since, until: now })),
            },
        }
    }
    Ok(None)
}

async fn acting(event: &Event, policies: &impl Policies) -> Fact<Holdings> {
    match Holder::acting(&event.actor, &event.account) {
        Some(holder) => policies.holdings(&holder).await,
        None => Fact::Unasked,
    }
}

/// How many roles of one call are looked at: most calls pass one, none that is known more than four.
const MOST_PASSED: usize = 4;

/// What the account's roles hold that the call passes. What a service passes in its own work nobody else decided.
async fn passed(event: &Event, policies: &impl Policies) -> Vec<(String, Fact<Holdings>)> {
    let mut roles: Vec<(String, Fact<Holdings>)> = Vec::new();
    if event.actor.is_service_by_itself() {
        return roles;
    }
    let here = |role: &str| !role.starts_with("arn:") || arn::account(role) == Some(event.account.as_str());
    for passed in event.passed_roles().into_iter().filter(|passed| here(passed.role)) {
        let name = match passed.kind {
            PassedKind::Role => Fact::Known(passed.name().to_owned()),
            PassedKind::InstanceProfile => policies.role_in_profile(passed.name()).await,
        };
        let (name, holdings) = match name {
            Fact::Known(name) if roles.iter().any(|(known, _)| *known == name) => continue,
            Fact::Known(name) => {
                let holder = Holder { kind: HolderKind::Role, name: name.clone() };
                (name, policies.holdings(&holder).await)
            }
            Fact::Unseen(why) => (passed.name().to_owned(), Fact::Unseen(why)),
            Fact::Unasked => continue,
        };
        roles.push((name, holdings));
        if roles.len() == MOST_PASSED {
            break;
        }
    }
    roles
}

impl Facts {
    /// What is remembered goes before what IAM has as the other version.
    fn compare_with(&mut self, other: Fact<Option<(String, Document)>>) {
        match (&self.before, other) {
            (Fact::Known(Some(before)), Fact::Known(Some((version, document)))) => {
                self.version_before = before.says_the_same_as(&document).then_some(version);
            }
            (Fact::Known(_), _) => {}
            (_, Fact::Known(Some((version, document)))) => {
                self.version_before = Some(version);
                self.before = Fact::Known(Some(document));
            }
            (_, Fact::Known(None)) => self.before = Fact::Known(None),
            (Fact::Unasked, Fact::Unseen(why)) => self.before = Fact::Unseen(why),
            (Fact::Unasked | Fact::Unseen(_), _) => {}
        }
    }
}

/// Remembers what the event shows, and what the call left in the place that it wrote to. To be called once people were
/// told: were a change learned first, the next try of a failed delivery would find nothing new in it.
///
/// # Errors
///
/// When the ledger is out of reach: what it remembers of that place is then older than the place, and a next change back to
/// that would look like none.
pub async fn learn(event: &Event, facts: &Facts, ledger: &impl Ledger, now: Timestamp) -> Result<(), LedgerError> {
    learn_all(past::lessons(event, now), ledger, now).await;
    let at = event.time.unwrap_or(now).min(now);
    if let Some(renamed) = Renamed::by(event) {
        let (old, new) = renamed.keys();
        ledger.remember(&old, &remembered_as(String::new(), at, now), now).await?;
        ledger.remember(&new, &remembered_as(renamed.old_name().to_owned(), at, now), now).await?;
    }
    for (place, left) in Place::written_by(event).into_iter().chain(Place::also_written_by(event)) {
        let text = match left {
            Left::Text(text) => text.into_owned(),
            Left::Nothing => String::new(),
            Left::Named => {
                let Some(document) = facts.document.known() else {
                    // What stands there now is not known: what is remembered would be wrong.
                    ledger.forget(&place.key()).await?;
                    continue;
                };
                document.to_text()
            }
        };
        ledger.remember(&place.key(), &remembered_as(text, at, now), now).await?;
    }
    Ok(())
}

/// Remembers what events teach beside what they write.
pub async fn learn_all(lessons: impl IntoIterator<Item = Lesson>, ledger: &impl Ledger, now: Timestamp) {
    for lesson in lessons {
        // What is not noted is noted the next time; a ledger that does not answer is not asked for all.
        if lesson.learn(ledger, now).await.is_err() {
            return;
        }
    }
}

/// What stands in a place since `at`, as the ledger remembers it.
#[must_use]
pub fn remembered_as(text: String, at: Timestamp, now: Timestamp) -> Note {
    Note { text, at, until: now + REMEMBERED }
}

/// What an event makes one ask.
#[derive(Debug, Default)]
struct Asks<'a> {
    /// A managed policy, and which version of it.
    document: Option<(&'a str, Option<&'a str>)>,
    before: Option<Before<'a>>,
    target: Option<Holder>,
    actor: bool,
}

/// Where the document before is found.
#[derive(Debug)]
enum Before<'a> {
    Remembered(Place),
    /// Remembered, else what IAM has as the one version but the new one.
    OtherVersion {
        place: Place,
        arn: &'a str,
        but: &'a str,
    },
    /// Remembered, else what is in force.
    Default {
        place: Place,
        arn: &'a str,
    },
}

impl Before<'_> {
    fn place(&self) -> &Place {
        match self {
            Self::Remembered(place) | Self::OtherVersion { place, .. } | Self::Default { place, .. } => place,
        }
    }
}

impl<'a> Asks<'a> {
    fn of(event: &'a Event) -> Self {
        let target = || Holder::of(&event.target());
        let written = || Place::written_by(event).map(|(place, _)| Before::Remembered(place));
        let managed = || Some((event.request("policyArn")?, None));
        let role = || Some(Holder { kind: HolderKind::Role, name: event.request("roleName")?.to_owned() });
        if event.source != "iam.amazonaws.com" {
            return Self { before: written(), ..Self::default() };
        }
        match event.name.as_str() {
            "PutUserPolicy" | "PutRolePolicy" => Self { before: written(), target: target(), ..Self::default() },
            // Whether the actor is in the group, IAM must tell.
            "PutGroupPolicy" => Self { before: written(), target: target(), actor: true, ..Self::default() },
            "DeleteUserPolicy" | "DeleteRolePolicy" | "DeleteGroupPolicy" => {
                Self { before: written(), ..Self::default() }
            }
            "AttachUserPolicy" | "AttachRolePolicy" => {
                Self { document: managed(), target: target(), ..Self::default() }
            }
            "AttachGroupPolicy" => Self { document: managed(), target: target(), actor: true, ..Self::default() },
            "DetachUserPolicy" | "DetachRolePolicy" | "DetachGroupPolicy" => {
                Self { document: managed(), ..Self::default() }
            }
            "CreatePolicyVersion" | "SetDefaultPolicyVersion" => Self::of_version(event),
            "UpdateAssumeRolePolicy" => Self { before: written(), target: role(), actor: true, ..Self::default() },
            "PutUserPermissionsBoundary" | "PutRolePermissionsBoundary" => Self {
                document: event.request("permissionsBoundary").map(|arn| (arn, None)),
                before: written(),
                ..Self::default()
            },
            "DeleteUserPermissionsBoundary" | "DeleteRolePermissionsBoundary" => {
                Self { before: written(), target: target(), ..Self::default() }
            }
            "AddUserToGroup" => {
                let group = event.request("groupName");
                let group = group.map(|name| Holder { kind: HolderKind::Group, name: name.to_owned() });
                Self { target: group, ..Self::default() }
            }
            "AddRoleToInstanceProfile" => Self { target: role(), ..Self::default() },
            "CreateAccessKey" | "CreateLoginProfile" | "UpdateLoginProfile" => match event.owner() {
                Some(Owner::Other(user)) => {
                    let user = Holder { kind: HolderKind::User, name: user.to_owned() };
                    Self { target: Some(user), actor: true, ..Self::default() }
                }
                _ => Self::default(),
            },
            _ => Self::default(),
        }
    }

    fn of_version(event: &'a Event) -> Self {
        let Some(arn) = event.request("policyArn") else { return Self::default() };
        let place = Place::Managed { arn: arn.to_owned() };
        let (document, before) = match event.request("versionId").or_else(|| event.response("policyVersion.versionId"))
        {
            Some(version) if event.name == "SetDefaultPolicyVersion" => {
                (Some((arn, Some(version))), Some(Before::OtherVersion { place, arn, but: version }))
            }
            Some(version) if crate::grant::is_set_as_default(event) => {
                (None, Some(Before::OtherVersion { place, arn, but: version }))
            }
            _ => (None, Some(Before::Default { place, arn })),
        };
        Self { document, before, actor: true, ..Self::default() }
    }
}

fn some<T>(fact: Fact<T>) -> Fact<Option<T>> {
    match fact {
        Fact::Unasked => Fact::Unasked,
        Fact::Unseen(why) => Fact::Unseen(why),
        Fact::Known(fact) => Fact::Known(Some(fact)),
    }
}
