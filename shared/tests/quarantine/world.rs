//! An account with its users, the table, the queue, the subscribers, and a clock that goes as the test says.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use iamwatch::alert::Alert;
use iamwatch::config::{Config, Exempt, Mode, Quarantine};
use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::finding::{Ask, Finding};
use iamwatch::flow::{People, Undelivered};
use iamwatch::ledger::Memory;
use iamwatch::quarantine::{
    Answer, Approval, Budget, Containment, Credential, CredentialKind, Facts, Failure, Fault, Iam, KeyFacts, Later,
    Moved, Outcome, Record, Records, Refusal, Restore, Step, Unapproved, approve, meddling, restore, rewritten,
};
use iamwatch::watcher::Watcher;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const DENY: &str = "arn:aws:iam::111122223333:policy/iamwatch-deny-everything";
pub(crate) const AWS_QUARANTINE: &str = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3";

/// The process can be made to die before its nth call.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) users: RefCell<BTreeMap<String, Facts>>,
    pub(crate) roles: RefCell<BTreeMap<String, Facts>>,
    pub(crate) writes: RefCell<Vec<String>>,
    pub(crate) ledger: Memory,
    pub(crate) records: RefCell<BTreeMap<String, Record>>,
    pub(crate) open: RefCell<BTreeSet<(String, String)>>,
    pub(crate) budget: RefCell<(Budget, u64)>,
    pub(crate) mails: RefCell<Vec<Alert>>,
    pub(crate) dies_before: Cell<Option<u32>>,
    /// A user gets another name before the nth call.
    pub(crate) renames_before: RefCell<Option<(u32, String, String)>>,
    /// No more policies can be attached to users.
    pub(crate) full: Cell<bool>,
    /// What our deny policy says, where that is not what it must say.
    pub(crate) rewritten: RefCell<Option<String>>,
    /// IAM answers no question.
    pub(crate) silent: Cell<bool>,
    /// IAM refuses to set boundaries.
    pub(crate) unbound: Cell<bool>,
    /// IAM refuses to take a deny off.
    pub(crate) held: Cell<bool>,
    /// IAM refuses to switch keys.
    pub(crate) stuck: Cell<bool>,
    /// Before the nth write of a record somebody else writes it: who notes something, or who works on it, too.
    pub(crate) writes_before: Cell<Option<(u32, bool)>>,
    /// The nth write of a record is heard, its answer is lost, and the client makes it again.
    pub(crate) unanswered: Cell<Option<u32>>,
    /// Of this record alone somebody else's write is met.
    pub(crate) written_by_others: RefCell<Option<String>>,
    /// Queued: when, and which record.
    pub(crate) queue: RefCell<Vec<(Timestamp, String)>>,
    pub(crate) clock: Cell<SignedDuration>,
    pub(crate) requests: Cell<u32>,
    /// That many mails cannot be sent.
    pub(crate) unsent: Cell<u32>,
    /// That many messages cannot be put into the queue.
    pub(crate) unqueued: Cell<u32>,
}

pub(crate) fn start() -> Timestamp {
    "2026-03-01T03:00:00Z".parse().unwrap()
}

/// A restore of everything, but for what was made meanwhile.
pub(crate) fn leaked_too() -> Restore {
    Restore { leaked: true, ..Restore::default() }
}

pub(crate) fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(crate) fn key_of(user: &str) -> String {
    format!("AKIA{:X<12}EXAMPLE", user.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), ""))
}

pub(crate) fn user_arn(user: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{user}")
}

impl World {
    pub(crate) fn with_user(name: &str, path: &str, created: Timestamp) -> Self {
        let world = Self::default();
        world.add_user(name, path, created);
        world
    }

    pub(crate) fn add_user(&self, name: &str, path: &str, created: Timestamp) {
        let key = KeyFacts { id: key_of(name), active: true, created: Some(created) };
        let facts = Facts {
            arn: format!("arn:aws:iam::{ACCOUNT}:user{path}{name}"),
            id: Some(format!("AIDA{name}")),
            keys: vec![key],
            ..Facts::default()
        };
        self.users.borrow_mut().insert(name.to_owned(), facts);
    }

    /// A user with a credential of every kind whom AWS has quarantined.
    pub(crate) fn with_leaked_user(name: &str) -> Self {
        let world = Self::with_user(name, "/", start() - SignedDuration::from_hours(9_000));
        world.change(name, |user| {
            let credential = |kind, id: &str| Credential { kind, id: id.to_owned(), active: true, created: None };
            user.others = vec![
                credential(CredentialKind::ServiceSpecific, "ACCA11112222EXAMPLE"),
                credential(CredentialKind::SshKey, "APKA11112222EXAMPLE"),
                credential(CredentialKind::SigningCertificate, "CERT111122223333EXAMPLE1"),
            ];
            user.attached = vec![AWS_QUARANTINE.to_owned()];
        });
        world
    }

    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Facts)) {
        change(self.users.borrow_mut().get_mut(name).unwrap());
    }

    /// Gives a user another name.
    pub(crate) fn rename(&self, from: &str, to: &str) {
        let mut renamed = self.users.borrow_mut().remove(from).unwrap();
        renamed.arn = renamed.arn.replace(&format!("/{from}"), &format!("/{to}"));
        self.users.borrow_mut().insert(to.to_owned(), renamed);
    }

    pub(crate) fn user(&self, name: &str) -> Facts {
        self.users.borrow()[name].clone()
    }

    pub(crate) fn step(&self) -> Result<(), String> {
        let renames = self.renames_before.take();
        match renames {
            Some((0, from, to)) if self.users.borrow().contains_key(&from) => self.rename(&from, &to),
            Some((left, from, to)) => {
                self.renames_before.replace(Some((left.saturating_sub(1), from, to)));
            }
            None => {}
        }
        match self.dies_before.get() {
            Some(0) => Err("the process died".to_owned()),
            Some(left) => {
                self.dies_before.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn is_active(&self, user: &str) -> bool {
        self.users.borrow()[user].keys[0].active
    }

    /// Whether nothing of a user works.
    pub(crate) fn is_contained(&self, name: &str) -> bool {
        let user = self.user(name);
        let off = user.keys.iter().all(|key| !key.active) && user.others.iter().all(|other| !other.active);
        off && user.is_under(DENY)
    }

    fn answer(&self, result: Result<(), Fault>) -> Answer {
        self.requests.set(self.requests.get() + 1);
        Answer { request: Some(format!("request-{}", self.requests.get())), result }
    }

    fn set(&self, step: &Step, undo: bool) -> Answer {
        if let Err(died) = self.step() {
            return self.answer(Err(Fault::Other(died)));
        }
        let limit = || self.answer(Err(Fault::LimitExceeded("LimitExceeded: 10 policies".to_owned())));
        if matches!(step, Step::DenyUser { .. }) && !undo && self.full.get() {
            return limit();
        }
        if matches!(step, Step::BindUser { .. }) && self.unbound.get() {
            return self.answer(Err(Fault::Other("AccessDenied: no boundary".to_owned())));
        }
        if undo && step.denies() && self.held.get() {
            return self.answer(Err(Fault::Other("AccessDenied: no detaching".to_owned())));
        }
        if matches!(step, Step::DisableAccessKey { .. }) && self.stuck.get() {
            return self.answer(Err(Fault::Other("AccessDenied: no key".to_owned())));
        }
        let role = matches!(step, Step::EndSessions { .. });
        let mut held = if role { self.roles.borrow_mut() } else { self.users.borrow_mut() };
        let Some(user) = held.get_mut(step.user()) else {
            return self.answer(Err(Fault::Other("NoSuchEntity".to_owned())));
        };
        match step {
            Step::EndSessions { .. } => {
                user.revoked = !undo;
                user.ended = (!undo).then(|| self.time());
            }
            Step::DenyUser { policy, .. } if undo => user.attached.retain(|arn| arn != policy),
            Step::DenyUser { policy, .. } => user.attached.push(policy.clone()),
            Step::BindUser { policy, was, .. } => user.boundary = if undo { was.clone() } else { Some(policy.clone()) },
            Step::DisableAccessKey { key, .. } => {
                user.keys.iter_mut().filter(|known| &known.id == key).for_each(|known| known.active = undo);
            }
            Step::DisableCredential { id, .. } => {
                user.others.iter_mut().filter(|known| &known.id == id).for_each(|known| known.active = undo);
            }
        }
        self.writes.borrow_mut().push(if undo { step.undo_words() } else { step.words() });
        self.answer(Ok(()))
    }

    pub(crate) fn containment<'a>(&'a self, config: &'a Config) -> Containment<'a, Self, Self, Memory, Self, Self> {
        let context = Context::new(config);
        let (iam, records, ledger, people, later) = (self, self, &self.ledger, self, self);
        Containment { context, account: ACCOUNT, iam, records, ledger, people, later }
    }

    pub(crate) fn contain_all(
        &self,
        finding: &Finding,
        config: &Config,
        now: Timestamp,
    ) -> Result<Vec<Outcome>, Failure> {
        self.clock.set(now.duration_since(start()));
        let containment = self.containment(config);
        let subjects = match containment.asked(finding) {
            Ok(subjects) => subjects,
            Err(refusal) => return Ok(vec![Outcome::Ignored(refusal)]),
        };
        // One that cannot be dealt with holds nobody else up.
        let each = subjects.iter().map(|subject| block_on(containment.contain(finding, subject, now)));
        each.collect::<Vec<_>>().into_iter().collect()
    }

    pub(crate) fn contain(&self, finding: &Finding, config: &Config, now: Timestamp) -> Result<Outcome, Failure> {
        self.contain_all(finding, config, now).map(|mut outcomes| {
            assert_eq!(outcomes.len(), 1);
            outcomes.remove(0)
        })
    }

    pub(crate) fn look(&self, id: &str, config: &Config) -> Result<Option<Record>, Failure> {
        block_on(self.containment(config).look(id, self.time()))
    }

    pub(crate) fn watch(&self, event: &Event, config: &Config) -> Option<Record> {
        block_on(self.containment(config).watch(event, self.time())).unwrap()
    }

    pub(crate) fn approve(&self, id: &str, by: &str, plan: &str) -> Result<Record, Unapproved> {
        self.approve_as(id, (by, "AIDASOMEBODYELSE"), plan)
    }

    /// By an ARN and a unique id.
    pub(crate) fn approve_as(&self, id: &str, (by, caller): (&str, &str), plan: &str) -> Result<Record, Unapproved> {
        let approval = Approval { by: by.to_owned(), id: caller.to_owned(), at: self.time(), plan: plan.to_owned() };
        let approved = block_on(approve(self, id, approval, ACCOUNT))?;
        self.queue.borrow_mut().push((self.time(), id.to_owned()));
        Ok(approved)
    }

    pub(crate) fn restore(&self, how: Restore) -> Result<Record, Failure> {
        self.restore_of(&self.only_record(), how)
    }

    /// As the record is now.
    pub(crate) fn restore_of(&self, record: &Record, how: Restore) -> Result<Record, Failure> {
        let now = self.records.borrow()[&record.id].clone();
        block_on(restore(now, how, self, self, self.time()))
    }

    pub(crate) fn time(&self) -> Timestamp {
        start() + self.clock.get()
    }

    /// Lets time go on; a message whose look failed is delivered again a minute later, as the queue does it.
    pub(crate) fn until_with_retries(&self, end: SignedDuration, config: &Config) {
        while self.clock.get() < end {
            self.clock.set(self.clock.get() + SignedDuration::from_millis(500));
            let now = self.time();
            let (due, left) = self.queue.borrow().iter().cloned().partition(|(at, _)| *at <= now);
            *self.queue.borrow_mut() = left;
            for (_, record) in Vec::<(Timestamp, String)>::from_iter(due) {
                if self.look(&record, config).is_err() {
                    self.queue.borrow_mut().push((now + seconds(60), record));
                }
            }
        }
    }

    /// Lets time go on until `end`: messages arrive when they are due, and every half second `meanwhile` does what it does.
    pub(crate) fn until(&self, end: SignedDuration, config: &Config, mut meanwhile: impl FnMut(&Self)) {
        while self.clock.get() < end {
            self.clock.set(self.clock.get() + SignedDuration::from_millis(500));
            let now = self.time();
            let (due, left) = self.queue.borrow().iter().cloned().partition(|(at, _)| *at <= now);
            *self.queue.borrow_mut() = left;
            for (_, record) in Vec::<(Timestamp, String)>::from_iter(due) {
                self.look(&record, config).unwrap();
            }
            meanwhile(self);
        }
    }

    /// The names of users and roles with open records.
    pub(crate) fn watched(&self) -> Vec<String> {
        let open = self.open.borrow();
        open.iter().map(|(name, _)| name.clone()).filter(|name| !name.starts_with("restored/")).collect()
    }

    pub(crate) fn only_record(&self) -> Record {
        let records = self.records.borrow();
        assert_eq!(records.len(), 1);
        records.values().next().unwrap().clone()
    }

    /// The first lines of all mails.
    pub(crate) fn said(&self) -> Vec<String> {
        self.mails.borrow().iter().map(|mail| mail.email.lines().next().unwrap().to_owned()).collect()
    }
}

impl Iam for World {
    async fn facts(&self, user: &str) -> Result<Option<Facts>, String> {
        self.step()?;
        if self.silent.get() {
            return Err("IAM is out of reach".to_owned());
        }
        let disarmed = self.rewritten.borrow().as_deref().and_then(rewritten);
        let users = self.users.borrow();
        let found = users.iter().find(|(name, _)| name.eq_ignore_ascii_case(user));
        Ok(found.map(|(_, facts)| Facts { disarmed, ..facts.clone() }))
    }
    async fn role(&self, role: &str) -> Result<Option<Facts>, String> {
        self.step()?;
        Ok(self.roles.borrow().get(role).cloned())
    }
    async fn named(&self, id: &str) -> Result<Option<String>, String> {
        self.step()?;
        let known = |facts: &Facts| facts.id.as_deref() == Some(id);
        Ok(self.users.borrow().iter().find(|(_, facts)| known(facts)).map(|(name, _)| name.clone()))
    }
    async fn holder(&self, key: &str) -> Result<Option<String>, String> {
        self.step()?;
        let holds = |facts: &Facts| facts.keys.iter().any(|known| known.id == key);
        Ok(self.users.borrow().iter().find(|(_, facts)| holds(facts)).map(|(name, _)| name.clone()))
    }
    async fn disarmed(&self, _: &str) -> Result<Option<String>, String> {
        Ok(self.rewritten.borrow().as_deref().and_then(rewritten))
    }
    async fn apply(&self, step: &Step) -> Answer {
        self.set(step, false)
    }
    async fn revert(&self, step: &Step) -> Answer {
        self.set(step, true)
    }
    fn now(&self) -> Timestamp {
        self.time()
    }
}

impl Records for World {
    async fn get(&self, id: &str) -> Result<Option<Record>, String> {
        self.step()?;
        Ok(self.records.borrow().get(id).cloned())
    }
    async fn open(&self, record: &Record) -> Result<Moved, String> {
        self.step()?;
        if self.records.borrow().contains_key(&record.id) {
            return Ok(Moved::No);
        }
        self.records.borrow_mut().insert(record.id.clone(), record.clone());
        Ok(Moved::Yes)
    }
    async fn save(&self, record: &mut Record) -> Result<Moved, String> {
        self.step()?;
        match self.writes_before.get() {
            Some((0, works)) => {
                self.writes_before.set(None);
                let event = call("UpdateLoginProfile", self.time(), &json!({"userName": "bob"}), &Value::Null);
                let mut records = self.records.borrow_mut();
                let there = records.get_mut(&record.id).unwrap();
                there.meddling.extend(meddling(&event, None));
                there.rev += 1;
                there.turn += u64::from(works);
            }
            Some((left, works)) => self.writes_before.set(Some((left - 1, works))),
            None => {}
        }
        if self.written_by_others.borrow().as_ref() == Some(&record.id) {
            let mut records = self.records.borrow_mut();
            let there = records.get_mut(&record.id).unwrap();
            (there.rev, there.turn) = (there.rev + 1, there.turn + 1);
        }
        if self.records.borrow().get(&record.id).map(|there| there.rev) != Some(record.rev) {
            return Ok(Moved::No);
        }
        record.rev += 1;
        self.records.borrow_mut().insert(record.id.clone(), record.clone());
        let unanswered = self.unanswered.get();
        self.unanswered.set(unanswered.and_then(|left| left.checked_sub(1)));
        Ok(if unanswered == Some(0) { Moved::No } else { Moved::Yes })
    }
    async fn budget(&self) -> Result<(Budget, u64), String> {
        self.step()?;
        Ok(self.budget.borrow().clone())
    }
    async fn put_budget(&self, budget: &Budget, version: u64) -> Result<Moved, String> {
        self.step()?;
        if self.budget.borrow().1 != version {
            return Ok(Moved::No);
        }
        *self.budget.borrow_mut() = (budget.clone(), version + 1);
        Ok(Moved::Yes)
    }
    async fn open_of(&self, user: &str) -> Result<Vec<String>, String> {
        self.step()?;
        let of_user = |(of, _): &&(String, String)| of.eq_ignore_ascii_case(user);
        Ok(self.open.borrow().iter().filter(of_user).map(|(_, record)| record.clone()).collect())
    }
    async fn remember(&self, user: &str, record: &str) -> Result<(), String> {
        self.step()?;
        self.open.borrow_mut().insert((user.to_owned(), record.to_owned()));
        Ok(())
    }
    async fn forget(&self, user: &str, record: &str) -> Result<(), String> {
        self.step()?;
        self.open.borrow_mut().remove(&(user.to_owned(), record.to_owned()));
        Ok(())
    }
}

impl Later for World {
    async fn look_again(&self, record: &str, after: SignedDuration) -> Result<(), String> {
        self.step()?;
        if let Some(left) = self.unqueued.get().checked_sub(1) {
            self.unqueued.set(left);
            return Err("SQS is out of reach".to_owned());
        }
        assert!((SignedDuration::ZERO..=SignedDuration::from_mins(15)).contains(&after), "{after:?}");
        self.queue.borrow_mut().push((self.time() + after, record.to_owned()));
        Ok(())
    }
}

impl People for World {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        self.step().map_err(Undelivered)?;
        if let Some(left) = self.unsent.get().checked_sub(1) {
            self.unsent.set(left);
            return Err(Undelivered("SNS is out of reach".to_owned()));
        }
        self.mails.borrow_mut().push(alert.clone());
        Ok(())
    }
}

/// Alice makes a key for another user.
pub(crate) fn finding(user: &str, made: Timestamp) -> Finding {
    finding_in(user, made, ACCOUNT)
}

pub(crate) fn finding_in(user: &str, made: Timestamp, account: &str) -> Finding {
    let event = Event::decode(json!({
        "eventID": format!("event-of-{user}"),
        "eventName": "CreateAccessKey",
        "eventSource": "iam.amazonaws.com",
        "eventTime": made.to_string(),
        "recipientAccountId": account,
        "userIdentity": {"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice"},
        "responseElements": {"accessKey": {"userName": user, "accessKeyId": key_of(user)}},
    }));
    detect::look(Watcher::AccessKeys, &event, &Context::new(&Config::default())).unwrap()
}

/// AWS Health says that keys were exposed.
pub(crate) fn leak(entities: &[&str]) -> Finding {
    leak_told("0123456789abcdef", start(), entities)
}

/// The same in one of several messages about it.
pub(crate) fn leak_told(message: &str, at: Timestamp, entities: &[&str]) -> Finding {
    let at = rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap();
    let entities: Vec<Value> = entities.iter().map(|value| json!({"entityValue": value})).collect();
    let event = Event::decode(json!({
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "AWS Health Event",
        "source": "aws.health",
        "account": ACCOUNT,
        "time": start().to_string(),
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventArn": "arn:aws:health:us-east-1::event/RISK/AWS_RISK_CREDENTIALS_EXPOSED/AWS_RISK_CREDENTIALS_EXPOSED_1",
            "service": "RISK",
            "eventScopeCode": "ACCOUNT_SPECIFIC",
            "communicationId": message,
            "startTime": "Sun, 01 Mar 2026 02:58:00 GMT",
            "lastUpdatedTime": at,
            "statusCode": "open",
            "eventRegion": "us-east-1",
            "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED",
            "eventTypeCategory": "issue",
            "eventDescription": [{"language": "en_US", "latestDescription": "made up"}],
            "affectedEntities": entities,
            "affectedAccount": ACCOUNT,
        },
    }));
    detect::look(Watcher::AccessKeys, &event, &Context::new(&Config::default())).unwrap()
}

/// AWS attached its quarantine to a user.
pub(crate) fn quarantined_by_aws(user: &str) -> Finding {
    let event = Event::decode(json!({
        "eventID": format!("quarantine-of-{user}"),
        "eventName": "AttachUserPolicy",
        "eventSource": "iam.amazonaws.com",
        "eventTime": start().to_string(),
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice"},
        "requestParameters": {"userName": user, "policyArn": AWS_QUARANTINE},
    }));
    let found = detect::look(Watcher::IamChanges, &event, &Context::new(&Config::default())).unwrap();
    assert!(matches!(found.asks, Some(Ask::ContainUsers { .. })));
    found
}

/// A call of IAM about a user with an open record, by mallory.
pub(crate) fn call(name: &str, at: Timestamp, parameters: &Value, response: &Value) -> Event {
    Event::decode(call_as_json(name, at, parameters, response))
}

pub(crate) fn call_as_json(name: &str, at: Timestamp, parameters: &Value, response: &Value) -> Value {
    json!({
        "eventID": format!("{name}-{at}"),
        "eventName": name,
        "eventSource": "iam.amazonaws.com",
        "eventTime": at.to_string(),
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "IAMUser", "userName": "mallory", "arn": "arn:aws:iam::111122223333:user/mallory"},
        "requestParameters": parameters,
        "responseElements": response,
    })
}

pub(crate) fn config(mode: Mode) -> Config {
    let exempt =
        vec![Exempt::Path("/break-glass/".to_owned()), Exempt::Arn(format!("arn:aws:iam::{ACCOUNT}:user/payroll"))];
    let actors = if mode == Mode::Enforce { Mode::Approve } else { mode };
    let sessions_role = Some(format!("arn:aws:iam::{ACCOUNT}:role/iamwatch-sessions"));
    let quarantine = Quarantine {
        mode,
        leaked: mode,
        actors,
        exempt,
        deny_policy: Some(DENY.to_owned()),
        sessions_role,
        restore_role: None,
    };
    let break_glass_roles = vec![format!("arn:aws:iam::{ACCOUNT}:role/emergency")];
    Config { quarantine, stack: "iamwatch".to_owned(), break_glass_roles, ..Config::default() }
}

pub(crate) fn refusal_of(outcome: Result<Outcome, Failure>) -> Option<Refusal> {
    match outcome {
        Ok(Outcome::Recorded(record)) => record.plan.refusal,
        Ok(Outcome::Ignored(refusal)) => Some(refusal),
        other => panic!("{other:?}"),
    }
}
