//! The order in which a containment goes, always: form, account, truth from IAM, guards, budget, claim with the snapshot,
//! act, verify, record, tell. Without a claim there is no action.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::deny::DISARMED;
use super::plan::{Answer, Fault};
use super::renamed::follow;
use super::restore::restored;
use super::writing::written;
use super::{
    Budget, Call, Exhausted, Facts, Former, Moved, Plan, Proof, ROUNDS, Record, Refusal, State, Step, Subject, guards,
    plan, subjects,
};
use crate::alert;
use crate::cap::{Held, Message};
use crate::config::Mode;
use crate::detect::Context;
use crate::finding::{Ask, Finding};
use crate::flow::{self, People, Undelivered};
use crate::ledger::{LEASE, Ledger};

/// What quarantine reads from and writes to IAM.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Iam {
    /// The user and its credentials as IAM has them now; `None` if there is no such user.
    async fn facts(&self, user: &str) -> Result<Option<Facts>, String>;
    /// The role; `None` if there is no such role.
    async fn role(&self, role: &str) -> Result<Option<Facts>, String>;
    /// The name of the user with that unique id, which stays whatever the user is called; `None` if no user has it.
    async fn named(&self, id: &str) -> Result<Option<String>, String>;
    /// The user that holds a long-term access key; `None` if nobody in this account does, as far as IAM says.
    async fn holder(&self, key: &str) -> Result<Option<String>, String>;
    /// Why our deny policy does not deny everything; `None` where it says what it must.
    async fn disarmed(&self, policy: &str) -> Result<Option<String>, String>;
    /// Carries a step out.
    async fn apply(&self, step: &Step) -> Answer;
    /// Takes a step back.
    async fn revert(&self, step: &Step) -> Answer;
    /// The time: calls and proofs are told with it.
    fn now(&self) -> Timestamp;
}

/// Where records and the budget are kept. Every write of a record is conditional.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Records {
    /// The record of that id.
    async fn get(&self, id: &str) -> Result<Option<Record>, String>;
    /// Puts a record that is not there yet: the claim.
    async fn open(&self, record: &Record) -> Result<Moved, String>;
    /// Writes a record that nobody wrote since its `rev`, and counts that.
    async fn save(&self, record: &mut Record) -> Result<Moved, String>;
    /// The budget, and the version that [`Records::put_budget`] asks for.
    async fn budget(&self) -> Result<(Budget, u64), String>;
    /// Writes the budget if nobody did since it was read.
    async fn put_budget(&self, budget: &Budget, version: u64) -> Result<Moved, String>;
    /// The records that took something from a user, or from a role (`role/` and its name), in whatever case it is named.
    async fn open_of(&self, user: &str) -> Result<Vec<String>, String>;
    /// Remembers that a record takes something from a user.
    async fn remember(&self, user: &str, record: &str) -> Result<(), String>;
    /// Forgets it: it was given back.
    async fn forget(&self, user: &str, record: &str) -> Result<(), String>;
}

/// Has a record looked at again: nothing here ever sleeps.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Later {
    /// After that time, at most a quarter of an hour.
    async fn look_again(&self, record: &str, after: SignedDuration) -> Result<(), String>;
}

/// What became of a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Quarantine is off, or the finding asks for nothing it may look at.
    Ignored(Refusal),
    /// The record says it all.
    Recorded(Box<Record>),
    /// It was dealt with before.
    Known,
}

/// The finding is not dealt with: to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Somebody else works on the record of that id.
    Busy(String),
    /// Why.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(record) => write!(f, "record {record} is being worked on; try it again in a minute"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

impl From<Undelivered> for Failure {
    fn from(why: Undelivered) -> Self {
        Self::Other(why.0)
    }
}

/// Who tells what became of a record.
enum Ending {
    /// It does, of itself, of these, and that there are about so many more.
    With(Vec<Record>, usize),
    /// The mail of another told of it.
    ToldOf,
    /// Another is just about to.
    Waits,
}

/// Quarantine with what it reaches.
pub struct Containment<'a, I, R, L, P, W> {
    pub context: Context<'a>,
    /// The account this runs in: no other is ever touched.
    pub account: &'a str,
    pub iam: &'a I,
    pub records: &'a R,
    pub ledger: &'a L,
    pub people: &'a P,
    pub later: &'a W,
}

/// How often the budget is tried against others that spend at the same moment.
const BUDGET_TRIES: usize = 20;
/// How often a claim is taken over whose holders came to no end: then it is told, since the next would not either.
const TAKEN_OVER_AT_MOST: u32 = 2;

impl<I: Iam, R: Records, L: Ledger, P: People, W: Later> Containment<'_, I, R, L, P, W> {
    /// What a finding asks to contain, each to be dealt with by itself.
    ///
    /// # Errors
    ///
    /// The guard that stands against even looking.
    pub fn asked(&self, finding: &Finding) -> Result<Vec<Subject>, Refusal> {
        let subjects = subjects(finding, self.account)?;
        if self.mode(finding) == Mode::Off { Err(Refusal::Off) } else { Ok(subjects) }
    }

    /// Deals with one of those that a finding asks to contain.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it must be tried again. A try that follows goes on where this one ended.
    pub async fn contain(&self, finding: &Finding, subject: &Subject, now: Timestamp) -> Result<Outcome, Failure> {
        if let Subject::Key { key, .. } = subject
            && guards::is_reactivated(finding)
            && self.is_given_back(key, finding.event.time).await?
        {
            return Ok(Outcome::Ignored(Refusal::Restored));
        }
        let (id, there) = self.latest(finding, subject).await?;
        let record = match there {
            None => self.open(id, finding, subject, now).await?,
            Some(there) if there.state == State::Claimed => self.take_over(there, now).await?,
            // An earlier try ended between acting and telling.
            Some(there) if !there.told => there,
            Some(there) => {
                // An earlier try may have told people and found the queue out of reach.
                self.look_again(&there).await?;
                return Ok(Outcome::Known);
            }
        };
        self.go_on(record, now).await.map(|record| Outcome::Recorded(Box::new(record)))
    }

    /// Whether it was a restore that switched a key on then: that is no reason to switch it off.
    async fn is_given_back(&self, key: &str, at: Option<Timestamp>) -> Result<bool, Failure> {
        for id in self.records.open_of(&restored(key)).await? {
            if self.records.get(&id).await?.is_some_and(|record| record.gave_back(key, at)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The record that the finding belongs to, or the id of the one to open. Whoever goes on after their record is over gets
    /// another, which the next of their acts finds by it.
    async fn latest(&self, finding: &Finding, subject: &Subject) -> Result<(String, Option<Record>), Failure> {
        let mut id = Record::id_of(finding, subject);
        let mut seen = BTreeSet::new();
        loop {
            let Some(mut there) = self.records.get(&id).await? else { return Ok((id, None)) };
            let next = there.followed_by.clone().unwrap_or_else(|| Record::id_after(finding, subject));
            seen.insert(id.clone());
            // An event that comes again after its record was opened by a later one would lead back to it.
            if !there.is_over_for(finding) || seen.contains(&next) {
                return Ok((id, Some(there)));
            }
            if there.followed_by.is_none() {
                there.followed_by = Some(next.clone());
                // Written first: of two acts at once one finds the other's record when it is tried again.
                if self.records.save(&mut there).await? == Moved::No {
                    return Err(Failure::Busy(id));
                }
            }
            id = next;
        }
    }

    /// Takes a record from its claim to its end, as far as that is now: act, have it looked at again, tell.
    pub(super) async fn go_on(&self, record: Record, now: Timestamp) -> Result<Record, Failure> {
        let record = if record.state == State::Claimed { self.act(record, now).await? } else { record };
        // A queue out of reach keeps nobody from being told.
        let again = self.look_again(&record).await;
        let record = self.tell(record, now).await?;
        again.map(|()| record)
    }

    async fn look_again(&self, record: &Record) -> Result<(), Failure> {
        match record.next_look(self.iam.now()) {
            Some(after) => Ok(self.later.look_again(&record.id, after).await?),
            None => Ok(()),
        }
    }

    /// Plans, and claims the plan by putting its record: nobody else acts on this event from then on.
    async fn open(&self, id: String, finding: &Finding, subject: &Subject, now: Timestamp) -> Result<Record, Failure> {
        let (found, before) = self.sought(finding, subject).await?;
        let plan = plan(finding, &found, before.as_ref(), self.context.config, now);
        let state = self.first_state(finding, &plan);
        let mut record = Record { id, ..Record::new(finding, &found, plan, before, state, now) };
        if let Some(name) = subject.user().filter(|_| !found.is_named_as(subject)) {
            record.former.push(Former { name: name.to_owned(), until: now });
        }
        if record.state == State::Claimed
            && let Some(user) = record.user().map(str::to_owned)
            && let Err(exhausted) = self.spend(&record, &user, now).await?
        {
            record.plan.refusal = Some(exhausted.refusal);
            record.state = State::Pending;
            // A storm is one alert, not one for each key or user; that our deny policy was rewritten is one more.
            record.told = !exhausted.tell;
            // Whoever makes one key after another is at it now.
            if exhausted.tell {
                record = record.critical();
            }
        }
        if record.state == State::Claimed {
            record.decided = Some(now);
            // Asked for first: whoever dies with the claim is followed by a look. A queue out of reach keeps nobody from acting.
            let _ = self.look_again(&record).await;
        }
        // Somebody prepares for it: whatever becomes of the plan, a person must know now.
        if record.is_disarmed() {
            record = record.critical();
        }
        match self.records.open(&record).await? {
            Moved::Yes => Ok(record),
            Moved::No => Err(Failure::Busy(record.id)),
        }
    }

    /// Whom a finding names, and what IAM says of them now. A new key is its holder's, whatever the holder is called by now.
    /// So is an act by whom it was, which the event says by an id that nobody else gets.
    async fn sought(&self, finding: &Finding, subject: &Subject) -> Result<(Subject, Option<Facts>), Failure> {
        let facts = self.truth(subject).await?;
        if let (Subject::User { .. }, Some(Ask::ContainActor { id: Some(id), .. })) = (subject, &finding.asks)
            && facts.as_ref().is_none_or(|facts| facts.id.as_ref().is_some_and(|known| known != id))
        {
            let Some(user) = self.iam.named(id).await? else { return Ok((subject.clone(), None)) };
            let facts = self.iam.facts(&user).await?.filter(|facts| facts.id.as_ref() == Some(id));
            // Renamed once more since, or deleted: IAM knows when it is asked again.
            let facts =
                facts.ok_or_else(|| Failure::Other(format!("user {user}, who has the id {id}, is not there")))?;
            return Ok((Subject::User { user }, Some(facts)));
        }
        if let Subject::Key { key, .. } = subject
            && !facts.iter().flat_map(|facts| &facts.keys).any(|known| &known.id == key)
            && let Some((user, facts)) = self.held(key).await?
        {
            return Ok((Subject::Key { user, key: key.clone() }, Some(facts)));
        }
        let mut found = subject.clone();
        if let Some(arn) = facts.as_ref().map(|facts| facts.arn.as_str()) {
            found.spell(arn);
        }
        Ok((found, facts))
    }

    /// The holder of a key.
    async fn held(&self, key: &str) -> Result<Option<(String, Facts)>, Failure> {
        let Some(user) = self.iam.holder(key).await? else { return Ok(None) };
        let Some(facts) = self.iam.facts(&user).await? else {
            // Renamed or deleted since: IAM knows when it is asked again.
            return Err(Failure::Other(format!("user {user}, who holds access key {key}, is not there")));
        };
        Ok(Some((user, facts)))
    }

    /// What IAM says now of whom a record is about, under whatever name. The holder of a key must have it still.
    pub(super) async fn truth_of(&self, record: &mut Record, now: Timestamp) -> Result<Option<Facts>, Failure> {
        if record.user().is_none() || matches!(record.subject, Subject::Sessions { .. }) {
            return self.truth(&record.subject).await;
        }
        let facts = follow(record, self.iam, self.records, now).await?;
        let Subject::Holder { key } = &record.subject else { return Ok(facts) };
        Ok(facts.filter(|facts| facts.keys.iter().any(|known| &known.id == key)))
    }

    /// What IAM says now. Whoever holds a key is known by the key alone, and must have it still.
    pub(super) async fn truth(&self, subject: &Subject) -> Result<Option<Facts>, Failure> {
        let user = match subject {
            Subject::Key { user, .. } | Subject::User { user } => user,
            Subject::Holder { key } => {
                let held = self.held(key).await?.map(|(_, facts)| facts);
                return Ok(held.filter(|facts| facts.keys.iter().any(|known| &known.id == key)));
            }
            Subject::Sessions { .. } if self.context.config.quarantine.sessions_role.is_none() => return Ok(None),
            Subject::Sessions { role } => return Ok(self.iam.role(role).await?),
        };
        Ok(self.iam.facts(user).await?)
    }

    /// Goes on with a claim whose holder ended without a word. Its plan stands: IAM may show it half done. The guards are asked
    /// again, since much may have changed meanwhile.
    pub(super) async fn take_over(&self, there: Record, now: Timestamp) -> Result<Record, Failure> {
        if there.at + LEASE > now {
            return Err(Failure::Busy(there.id));
        }
        let mut ours = there.moved(State::Claimed, now);
        ours.taken_over += 1;
        written(&mut ours, self.records).await?;
        if ours.taken_over > TAKEN_OVER_AT_MOST {
            return self.give_up(ours, now).await;
        }
        let facts = self.truth_of(&mut ours, now).await?;
        let mut refusal = self.forbids(&ours, facts.as_ref());
        if let (None, None, Some(user)) = (refusal, &ours.approval, ours.user().map(str::to_owned)) {
            let mode = self.mode(&ours.finding);
            let snapshot = facts.as_ref().or(ours.before.as_ref());
            refusal = snapshot.and_then(|facts| guards::not_alone(&ours.finding, &ours.subject, facts, mode, now));
            // What was spent on already costs nothing.
            if refusal.is_none() {
                refusal = self.spend(&ours, &user, now).await?.err().map(|exhausted| exhausted.refusal);
            }
        }
        match refusal {
            None => Ok(ours),
            Some(refusal) => self.saved(ours.stopped(refusal, facts.as_ref(), now)).await,
        }
    }

    /// Ends a claim of which no holder came to an end, with what IAM shows of it: a person must do the rest.
    async fn give_up(&self, mut record: Record, now: Timestamp) -> Result<Record, Failure> {
        let mut facts = None;
        if record.taken_over == TAKEN_OVER_AT_MOST + 1 {
            facts = self.proof(&mut record, now).await?;
        } else {
            // They may have died of what they asked.
            let error = Some("whoever asked last died of it".to_owned());
            record.proofs.push(Proof { at: self.iam.now(), missing: Vec::new(), error });
        }
        let why = "whoever was at it came to no end, again and again; look at the log of the function".to_owned();
        record.called("carry the plan out".to_owned(), Answer { request: None, result: Err(Fault::Other(why)) }, now);
        record.told = false;
        record.acted = Some(self.iam.now());
        if record.state_by(facts.as_ref()) == State::Verified {
            return self.saved(record.moved(State::Verified, now)).await;
        }
        record.round = ROUNDS.len();
        self.saved(record.moved(State::Failed, now).critical()).await
    }

    /// What stands against touching whom a record is about any further, whoever said yes. Of a user who is not there the snapshot
    /// says who it was.
    pub(super) fn forbids(&self, record: &Record, facts: Option<&Facts>) -> Option<Refusal> {
        let arn = facts.map(|facts| facts.arn.as_str()).or_else(|| record.arn());
        if record.finding.account != self.account {
            Some(Refusal::AnotherAccount)
        } else if arn.is_some_and(|arn| guards::is_exempt(arn, self.context.config)) {
            Some(Refusal::Exempt)
        } else {
            (!self.mode(&record.finding).acts()).then_some(Refusal::Off)
        }
    }

    /// How far quarantine goes for what the finding asks.
    pub(super) fn mode(&self, finding: &Finding) -> Mode {
        guards::mode(finding, self.context.config)
    }

    fn first_state(&self, finding: &Finding, plan: &Plan) -> State {
        match (self.mode(finding), plan.refusal) {
            (_, Some(refusal)) if refusal.waits() => State::Pending,
            (_, Some(_)) | (Mode::Off, None) => State::Refused,
            (Mode::DryRun, None) => State::DryRun,
            (Mode::Approve, None) => State::Pending,
            (Mode::Enforce, None) => State::Claimed,
        }
    }

    async fn spend(&self, record: &Record, user: &str, now: Timestamp) -> Result<Result<(), Exhausted>, Failure> {
        for _ in 0..BUDGET_TRIES {
            let (mut budget, version) = self.records.budget().await?;
            let whole = !record.subject.is_one_key();
            let mut spent = budget.spend(&record.id, user, whole, now);
            if let (Err(exhausted), true) = (&mut spent, record.is_disarmed()) {
                exhausted.tell |= budget.tells_disarmed(&record.id, now);
            }
            if self.records.put_budget(&budget, version).await? == Moved::Yes {
                return Ok(spent);
            }
        }
        Err(Failure::Other("the budget is too busy to spend from".to_owned()))
    }

    /// Acts step by step, writing each down, and asks IAM whether it worked.
    async fn act(&self, mut record: Record, now: Timestamp) -> Result<Record, Failure> {
        for name in record.names() {
            self.records.remember(&name, &record.id).await?;
        }
        let mut facts = None;
        // Once more where the user got another name meanwhile.
        for _ in 0..2 {
            let name = record.user().map(str::to_owned);
            for step in record.plan.steps.clone() {
                if !record.found.contains(&step) {
                    self.apply(&mut record, &step).await?;
                }
            }
            record.acted = Some(self.iam.now());
            facts = self.proof(&mut record, now).await?;
            if record.user() == name.as_deref() {
                break;
            }
            if let Some(refusal) = self.forbids(&record, facts.as_ref()) {
                return self.saved(record.stopped(refusal, facts.as_ref(), now)).await;
            }
        }
        let state = record.state_by(facts.as_ref());
        let record = record.moved(state, now);
        // A key that still works is as bad as a user who still acts.
        let record = if state == State::Failed || state == State::Partial && !record.is_denied() {
            record.critical()
        } else {
            record
        };
        self.saved(record).await
    }

    /// Carries out a step of the record's plan, and writes down how that ended. Where no more policies can be attached, the
    /// boundary does it; the plan then says so, since undo reads it.
    pub(super) async fn apply(&self, record: &mut Record, step: &Step) -> Result<(), Failure> {
        let answer = match self.disarmed(step).await {
            // Attached, it would give what it was to take.
            Some(why) => Answer { request: None, result: Err(Fault::Other(why)) },
            None => self.iam.apply(step).await,
        };
        // What was found done is done by us from now on.
        record.found.retain(|found| found != step);
        let full = matches!(answer.result, Err(Fault::LimitExceeded(_)));
        record.called(step.words(), answer, self.iam.now());
        if let (true, Step::DenyUser { user, policy }) = (full, step) {
            let was = record.before.as_ref().and_then(|before| before.boundary.clone());
            let bind = Step::BindUser { user: user.clone(), policy: policy.clone(), was };
            record.called(bind.words(), self.iam.apply(&bind).await, self.iam.now());
            for planned in &mut record.plan.steps {
                if planned == step {
                    *planned = bind.clone();
                }
            }
        }
        written(record, self.records).await
    }

    /// Why a deny must not be put on anybody. A policy that cannot be read is not trusted.
    async fn disarmed(&self, step: &Step) -> Option<String> {
        match step {
            Step::DenyUser { policy, .. } | Step::BindUser { policy, .. } => {
                let said = self.iam.disarmed(policy).await;
                said.unwrap_or_else(|why| Some(format!("{DISARMED} was not read: {why}")))
            }
            _ => None,
        }
    }

    pub(super) async fn saved(&self, mut record: Record) -> Result<Record, Failure> {
        written(&mut record, self.records).await.map(|()| record)
    }

    /// People hear of what was done, or was to be done and was not. That one key would be switched off in a dry-run the alert
    /// itself shows; which credentials a user has, it does not know. What was begun in another mode is told in this one, too.
    pub(super) async fn tell(&self, mut record: Record, now: Timestamp) -> Result<Record, Failure> {
        let shown = self.mode(&record.finding) == Mode::DryRun
            && record.subject.is_one_key()
            && matches!(record.state, State::DryRun | State::Refused)
            && record.approval.is_none();
        if !record.told {
            match self.ending(&record, now).await? {
                Ending::ToldOf => {}
                Ending::Waits => {
                    self.later.look_again(&record.id, LEASE).await?;
                    return Ok(record);
                }
                Ending::With(..) if shown => {}
                Ending::With(with, with_more) => {
                    let mut news = Record { with, with_more, ..record.clone() };
                    if !news.with.is_empty() {
                        news = news.critical();
                    }
                    self.say(&news, now).await?;
                }
            }
            record.told = true;
            self.remembered(&mut record).await?;
        }
        self.tell_of_names(record, now).await
    }

    /// Writes that something was told. If that is not remembered, the worst is a second mail: better than none.
    pub(super) async fn remembered(&self, record: &mut Record) -> Result<(), Failure> {
        match written(record, self.records).await {
            Err(Failure::Busy(_)) | Ok(()) => Ok(()),
            Err(down) => Err(down),
        }
    }

    /// Who tells that nobody approved a record in time. Those for which one mail stood when they began to wait end in one mail,
    /// too: the first whose time is over tells of all that nobody has approved by then.
    async fn ending(&self, record: &Record, now: Timestamp) -> Result<Ending, Failure> {
        if record.state != State::Expired || record.plan.refusal != Some(Refusal::BudgetSpent) {
            return Ok(Ending::With(Vec::new(), 0));
        }
        for _ in 0..BUDGET_TRIES {
            let (mut budget, version) = self.records.budget().await?;
            let ended_by = budget.ended_by(&record.id, record.received);
            if let Some((teller, since)) = ended_by.filter(|(teller, _)| *teller != record.id) {
                let told = self.records.get(teller).await?.is_some_and(|teller| teller.told);
                // What was opened after that mail is not in it.
                if told && record.received <= since {
                    return Ok(Ending::ToldOf);
                }
                // Whoever took it upon itself may have died.
                if !told && now < since + LEASE {
                    return Ok(Ending::Waits);
                }
            }
            budget.ends(&record.id, record.received, now);
            if self.records.put_budget(&budget, version).await? == Moved::Yes {
                let (waiting, more) = budget.waiting_with(&record.id, record.received);
                return Ok(Ending::With(self.unanswered(waiting, record).await?, more));
            }
        }
        Err(Failure::Other("the budget is too busy to write down who tells".to_owned()))
    }

    /// The records, but for this one, that nobody has approved.
    async fn unanswered(&self, ids: &[String], but: &Record) -> Result<Vec<Record>, Failure> {
        let unanswered =
            |other: &Record| other.approval.is_none() && matches!(other.state, State::Pending | State::Expired);
        let mut others = Vec::new();
        for id in ids.iter().filter(|id| **id != but.id) {
            others.extend(self.records.get(id).await?.filter(unanswered));
        }
        Ok(others)
    }

    pub(super) async fn say(&self, record: &Record, now: Timestamp) -> Result<(), Failure> {
        let held = || Held::record(record, alert::statement_of_containment(record, &self.context), now);
        let tell = async || self.people.tell(&alert::of_containment(record, &self.context)).await;
        flow::tell_or_hold(self.ledger, self.people, Message::of_record(record), now, held, tell).await?;
        Ok(())
    }
}

impl Record {
    pub(super) fn called(&mut self, what: String, answer: Answer, at: Timestamp) {
        let error = answer.result.err().map(Fault::words);
        self.calls.push(Call { what, at, request: answer.request, error });
    }

    /// The same record, where a guard stands against going on. What was begun stays as it is: it can be taken back, and a person
    /// must do the rest.
    pub(super) fn stopped(mut self, refusal: Refusal, facts: Option<&Facts>, now: Timestamp) -> Self {
        let begun = |step: &Step| {
            let was = self.before.as_ref().is_some_and(|before| step.is_proven_by(before));
            !was && facts.is_some_and(|facts| step.is_proven_by(facts))
        };
        let begun = !self.calls.is_empty() || self.plan.steps.iter().any(begun);
        self.plan.refusal = Some(refusal);
        self.told = false;
        if !begun {
            return self.moved(if refusal.waits() { State::Pending } else { State::Refused }, now);
        }
        // Nobody looks whether it holds, since nothing would be done about it.
        self.round = ROUNDS.len();
        let why = Fault::Other(format!("not done: {refusal}"));
        self.called("do the rest".to_owned(), Answer { request: None, result: Err(why) }, now);
        self.moved(State::Partial, now).critical()
    }

    /// Whether the last call of a step failed.
    pub(super) fn failed(&self, step: &Step) -> bool {
        let words = step.words();
        self.calls.iter().rev().find(|call| call.what == words).is_some_and(|call| call.error.is_some())
    }

    /// Whether our deny policy was found rewritten, when it was read first or when it was to be put on the user.
    pub(crate) fn is_disarmed(&self) -> bool {
        let refused = |step: &Step| {
            let words = step.words();
            let last = self.calls.iter().rev().find(|call| call.what == words);
            last.and_then(|call| call.error.as_deref()).is_some_and(|why| why.starts_with(DISARMED))
        };
        let before = self.before.as_ref().is_some_and(|before| before.disarmed.is_some());
        before || self.plan.steps.iter().any(|step| step.denies() && refused(step))
    }

    /// Whether the user is denied everything, as far as the calls say; true where that was not planned.
    fn is_denied(&self) -> bool {
        !self.plan.steps.iter().any(|step| step.denies() && self.failed(step))
    }

    /// How far it is by what IAM says. Proof that cannot be read is no proof, and no reason to forget what was done.
    pub(super) fn state_by(&self, facts: Option<&Facts>) -> State {
        let proven = |step: &&Step| facts.is_some_and(|facts| step.is_proven_by(facts));
        let unproven: Vec<&Step> = self.left().filter(|step| !proven(step)).collect();
        match unproven.iter().filter(|step| self.failed(step)).count() {
            _ if unproven.is_empty() => State::Verified,
            0 => State::Applied,
            failed if failed == self.left().count() => State::Failed,
            _ => State::Partial,
        }
    }
}
