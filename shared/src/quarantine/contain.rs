//! The order in which a containment goes, always: form, account, truth from IAM, guards, budget, claim with the snapshot,
//! act, verify, record, tell. Without a claim there is no action.

use std::fmt;

use jiff::Timestamp;

use super::{Budget, Call, Exhausted, Facts, Moved, Plan, Record, Refusal, State, Step, plan, step};
use crate::alert;
use crate::cap::{Held, Message};
use crate::config::Mode;
use crate::detect::Context;
use crate::finding::Finding;
use crate::flow::{self, People, Undelivered};
use crate::ledger::{LEASE, Ledger};

/// What quarantine reads from and writes to IAM.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Iam {
    /// The user and its keys as IAM has them now; `None` if there is no such user.
    async fn facts(&self, user: &str) -> Result<Option<Facts>, String>;
    /// Carries a step out.
    async fn apply(&self, step: &Step) -> Result<(), String>;
    /// Takes a step back.
    async fn revert(&self, step: &Step) -> Result<(), String>;
}

/// Where records and the budget are kept. Every write is conditional.
#[expect(async_fn_in_trait, reason = "implemented and used in this workspace only, on one thread")]
pub trait Records {
    /// The record of that id.
    async fn get(&self, id: &str) -> Result<Option<Record>, String>;
    /// Puts a record that is not there yet: the claim.
    async fn open(&self, record: &Record) -> Result<Moved, String>;
    /// Writes a record that is still as `was`.
    async fn save(&self, record: &Record, was: &Record) -> Result<Moved, String>;
    /// The budget, and the version that [`Records::put_budget`] asks for.
    async fn budget(&self) -> Result<(Budget, u64), String>;
    /// Writes the budget if nobody did since it was read.
    async fn put_budget(&self, budget: &Budget, version: u64) -> Result<Moved, String>;
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
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<Undelivered> for Failure {
    fn from(why: Undelivered) -> Self {
        Self(why.0)
    }
}

/// Quarantine with what it reaches.
pub struct Containment<'a, I, R, L, P> {
    pub context: Context<'a>,
    /// The account this runs in: no other is ever touched.
    pub account: &'a str,
    pub iam: &'a I,
    pub records: &'a R,
    pub ledger: &'a L,
    pub people: &'a P,
}

/// How often the budget is tried against others that spend at the same moment.
const BUDGET_TRIES: usize = 20;

impl<I: Iam, R: Records, L: Ledger, P: People> Containment<'_, I, R, L, P> {
    /// Deals with one finding.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it must be tried again. A try that follows goes on where this one ended.
    pub async fn contain(&self, finding: &Finding, now: Timestamp) -> Result<Outcome, Failure> {
        let step = match step(finding, self.account) {
            Ok(step) => step,
            Err(refusal) => return Ok(Outcome::Ignored(refusal)),
        };
        if self.context.config.quarantine.mode == Mode::Off {
            return Ok(Outcome::Ignored(Refusal::Off));
        }
        let record = match self.records.get(&Record::id_of(finding)).await? {
            None => self.open(finding, &step, now).await?,
            Some(there) if there.state == State::Claimed => self.take_over(there, now).await?,
            // An earlier try ended between acting and telling.
            Some(there) if !there.told => there,
            Some(_) => return Ok(Outcome::Known),
        };
        let record = if record.state == State::Claimed { self.act(record, now).await? } else { record };
        self.tell(record, now).await
    }

    /// Plans, and claims the plan by putting its record: nobody else acts on this event from then on.
    async fn open(&self, finding: &Finding, step: &Step, now: Timestamp) -> Result<Record, Failure> {
        let before = self.iam.facts(step.user()).await?;
        let plan = plan(finding, step, before.as_ref(), self.context.config, now);
        let state = self.first_state(&plan);
        let mut record = Record::new(finding, plan, before, state, now);
        if record.state == State::Claimed
            && let Err(exhausted) = self.spend(&record, step.user(), now).await?
        {
            record.plan = Plan::refused(Refusal::BudgetSpent);
            record.state = State::Pending;
            // A storm is one alert, not one for each user.
            record.told = !exhausted.tell;
        }
        match self.records.open(&record).await? {
            Moved::Yes => Ok(record),
            Moved::No => Err(Failure(format!("record {} is being worked on", record.id))),
        }
    }

    /// Goes on with a claim whose holder ended without a word. Its plan stands: IAM may show it half done.
    async fn take_over(&self, there: Record, now: Timestamp) -> Result<Record, Failure> {
        let ours = there.clone().moved(State::Claimed, now);
        if there.at + LEASE <= now && self.records.save(&ours, &there).await? == Moved::Yes {
            Ok(ours)
        } else {
            Err(Failure(format!("record {} is being worked on", there.id)))
        }
    }

    fn first_state(&self, plan: &Plan) -> State {
        match (self.context.config.quarantine.mode, plan.refusal) {
            (_, Some(Refusal::Stale)) => State::Pending,
            (_, Some(_)) | (Mode::Off, None) => State::Refused,
            (Mode::DryRun, None) => State::DryRun,
            (Mode::Enforce, None) => State::Claimed,
        }
    }

    async fn spend(&self, record: &Record, user: &str, now: Timestamp) -> Result<Result<(), Exhausted>, Failure> {
        for _ in 0..BUDGET_TRIES {
            let (mut budget, version) = self.records.budget().await?;
            let spent = budget.spend(&record.id, user, now);
            if self.records.put_budget(&budget, version).await? == Moved::Yes {
                return Ok(spent);
            }
        }
        Err(Failure("the budget is too busy to spend from".to_owned()))
    }

    /// Acts, and asks IAM whether it worked.
    async fn act(&self, claimed: Record, now: Timestamp) -> Result<Record, Failure> {
        let mut record = claimed.clone();
        let mut state = State::Verified;
        for step in record.plan.steps.clone() {
            let applied = self.iam.apply(&step).await;
            let failed = applied.is_err();
            record.calls.push(Call { what: step.words(), at: now, error: applied.err() });
            // Proof that cannot be read is no proof, and no reason to forget what was done.
            let now_there = self.iam.facts(step.user()).await.ok().flatten();
            let proven = now_there.is_some_and(|facts| step.is_proven_by(&facts));
            state = match (proven, failed) {
                (true, _) => state,
                (false, false) => State::Applied,
                (false, true) => State::Failed,
            };
        }
        let record = record.moved(state, now);
        match self.records.save(&record, &claimed).await? {
            Moved::Yes => Ok(record),
            Moved::No => Err(Failure(format!("record {} was moved by somebody else", record.id))),
        }
    }

    /// People hear of what was done, or was to be done and was not. A dry-run is shown by the alert itself.
    async fn tell(&self, mut record: Record, now: Timestamp) -> Result<Outcome, Failure> {
        let was = record.clone();
        let quiet = record.told || self.context.config.quarantine.mode != Mode::Enforce;
        if !quiet {
            let held = || Held::record(&record, alert::statement_of_containment(&record, &self.context), now);
            let tell = async || self.people.tell(&alert::of_containment(&record, &self.context)).await;
            flow::tell_or_hold(self.ledger, Message::of_record(&record), now, held, tell).await?;
        }
        if !record.told {
            record.told = true;
            self.records.save(&record, &was).await?;
        }
        Ok(Outcome::Recorded(Box::new(record)))
    }
}

/// Takes back what a record says was done, and only that.
///
/// # Errors
///
/// What stands against it, in words that say what to do.
pub async fn restore<I: Iam, R: Records>(
    record: Record,
    iam: &I,
    records: &R,
    now: Timestamp,
) -> Result<Record, Failure> {
    let left_behind = record.state == State::Claimed && record.at + LEASE <= now;
    if !record.state.can_be_restored() && !left_behind {
        return Err(Failure(format!("record {} is {}: there is nothing to take back", record.id, record.state)));
    }
    let was = record.clone();
    let mut record = record;
    for step in record.plan.steps.clone().iter().rev() {
        iam.revert(step).await?;
        record.calls.push(Call { what: step.undo_words(), at: now, error: None });
        if iam.facts(step.user()).await?.is_none_or(|facts| step.is_proven_by(&facts)) {
            return Err(Failure(format!(
                "IAM was asked to {} and does not show it yet; run it again",
                step.undo_words()
            )));
        }
    }
    let record = record.moved(State::Restored, now);
    match records.save(&record, &was).await? {
        Moved::Yes => Ok(record),
        Moved::No => Err(Failure(format!("record {} was moved by somebody else; look at it again", record.id))),
    }
}
