//! Quarantine's order and guards, where time must be bent or a process must die between two steps. What IAM itself
//! does is tested on the local AWS.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use iamwatch::alert::Alert;
use iamwatch::cap::Message;
use iamwatch::config::{Config, Exempt, Mode, Quarantine};
use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::finding::Finding;
use iamwatch::flow::{People, Undelivered};
use iamwatch::ledger::{LEASE, Ledger, Memory};
use iamwatch::quarantine::{
    Budget, Containment, Facts, Failure, Iam, KeyFacts, Moved, Outcome, Record, Records, Refusal, State, Step, restore,
};
use iamwatch::watcher::Watcher;
use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use serde_json::json;

const ACCOUNT: &str = "111122223333";

/// An account with its users, the table, and the subscribers. The process can be made to die before its nth call.
#[derive(Default)]
struct World {
    users: RefCell<BTreeMap<String, Facts>>,
    writes: RefCell<Vec<String>>,
    ledger: Memory,
    records: RefCell<BTreeMap<String, Record>>,
    budget: RefCell<(Budget, u64)>,
    mails: RefCell<Vec<String>>,
    dies_before: Cell<Option<u32>>,
}

impl World {
    fn with_user(name: &str, path: &str, created: Timestamp) -> Self {
        let world = Self::default();
        world.add_user(name, path, created);
        world
    }

    fn add_user(&self, name: &str, path: &str, created: Timestamp) {
        let key = KeyFacts { id: key_of(name), active: true, created: Some(created) };
        let facts = Facts { arn: format!("arn:aws:iam::{ACCOUNT}:user{path}{name}"), keys: vec![key] };
        self.users.borrow_mut().insert(name.to_owned(), facts);
    }

    fn step(&self) -> Result<(), String> {
        match self.dies_before.get() {
            Some(0) => Err("the process died".to_owned()),
            Some(left) => {
                self.dies_before.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn is_active(&self, user: &str) -> bool {
        self.users.borrow()[user].keys[0].active
    }

    fn set(&self, step: &Step, active: bool) -> Result<(), String> {
        self.step()?;
        let Step::DisableAccessKey { user, key } = step;
        self.writes.borrow_mut().push(format!("{key} {active}"));
        for known in &mut self.users.borrow_mut().get_mut(user).unwrap().keys {
            if &known.id == key {
                known.active = active;
            }
        }
        Ok(())
    }

    fn contain(&self, finding: &Finding, config: &Config, now: Timestamp) -> Result<Outcome, Failure> {
        let context = Context::new(config);
        let containment =
            Containment { context, account: ACCOUNT, iam: self, records: self, ledger: &self.ledger, people: self };
        block_on(containment.contain(finding, now))
    }

    fn only_record(&self) -> Record {
        let records = self.records.borrow();
        assert_eq!(records.len(), 1);
        records.values().next().unwrap().clone()
    }
}

impl Iam for World {
    async fn facts(&self, user: &str) -> Result<Option<Facts>, String> {
        self.step()?;
        Ok(self.users.borrow().get(user).cloned())
    }
    async fn apply(&self, step: &Step) -> Result<(), String> {
        self.set(step, false)
    }
    async fn revert(&self, step: &Step) -> Result<(), String> {
        self.set(step, true)
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
    async fn save(&self, record: &Record, was: &Record) -> Result<Moved, String> {
        self.step()?;
        let there = self.records.borrow().get(&record.id).map(|there| (there.state, there.at));
        if there != Some((was.state, was.at)) {
            return Ok(Moved::No);
        }
        self.records.borrow_mut().insert(record.id.clone(), record.clone());
        Ok(Moved::Yes)
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
}

impl People for World {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        self.step().map_err(Undelivered)?;
        self.mails.borrow_mut().push(alert.email.clone());
        Ok(())
    }
}

fn start() -> Timestamp {
    "2026-03-01T03:00:00Z".parse().unwrap()
}

fn key_of(user: &str) -> String {
    format!("AKIA{:X<12}EXAMPLE", user.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), ""))
}

fn finding(user: &str, made: Timestamp) -> Finding {
    finding_in(user, made, ACCOUNT)
}

fn finding_in(user: &str, made: Timestamp, account: &str) -> Finding {
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

fn config(mode: Mode) -> Config {
    let exempt =
        vec![Exempt::Path("/break-glass/".to_owned()), Exempt::Arn(format!("arn:aws:iam::{ACCOUNT}:user/payroll"))];
    Config { quarantine: Quarantine { mode, exempt }, ..Config::default() }
}

fn refusal_of(outcome: Result<Outcome, Failure>) -> Option<Refusal> {
    match outcome {
        Ok(Outcome::Recorded(record)) => record.plan.refusal,
        Ok(Outcome::Ignored(refusal)) => Some(refusal),
        other => panic!("{other:?}"),
    }
}

#[test]
fn enforce_sets_the_new_key_inactive_proves_it_and_tells() {
    let world = World::with_user("deploy-bot", "/", start());
    let outcome = world.contain(&finding("deploy-bot", start()), &config(Mode::Enforce), start()).unwrap();
    let Outcome::Recorded(record) = outcome else { panic!("{outcome:?}") };
    assert_eq!(record.state, State::Verified);
    assert!(!world.is_active("deploy-bot"));
    assert_eq!(world.mails.borrow().len(), 1);
    assert!(world.mails.borrow()[0].contains(&record.id), "the mail names the record that undoes it");
}

#[test]
fn dry_run_records_and_touches_nothing() {
    let world = World::with_user("deploy-bot", "/", start());
    world.contain(&finding("deploy-bot", start()), &config(Mode::DryRun), start()).unwrap();
    assert_eq!(world.only_record().state, State::DryRun);
    assert!(world.writes.borrow().is_empty());
    assert!(world.mails.borrow().is_empty(), "the alert itself shows what would be done");
}

#[test]
fn off_looks_at_nothing() {
    let world = World::with_user("deploy-bot", "/", start());
    let outcome = world.contain(&finding("deploy-bot", start()), &config(Mode::Off), start());
    assert_eq!(outcome, Ok(Outcome::Ignored(Refusal::Off)));
    assert!(world.records.borrow().is_empty());
}

#[test]
fn the_exempt_the_foreign_the_forged_and_the_gone_are_never_written_to() {
    let enforce = config(Mode::Enforce);
    let hours = SignedDuration::from_hours;
    let refused = |world: &World, finding: &Finding| {
        let refusal = refusal_of(world.contain(finding, &enforce, start()));
        assert!(world.writes.borrow().is_empty());
        refusal.unwrap()
    };
    let made = start() - SignedDuration::from_secs(30);

    let world = World::with_user("ann", "/break-glass/", made);
    assert_eq!(refused(&world, &finding("ann", made)), Refusal::Exempt);
    let world = World::with_user("payroll", "/", made);
    assert_eq!(refused(&world, &finding("payroll", made)), Refusal::Exempt);
    let world = World::with_user("bob", "/", made);
    assert_eq!(refused(&world, &finding_in("bob", made, "123456789012")), Refusal::AnotherAccount);
    let world = World::with_user("bob", "/", made - hours(1000));
    assert_eq!(refused(&world, &finding("bob", made)), Refusal::AnotherAge, "an old key named by a forged event");
    let world = World::default();
    assert_eq!(refused(&world, &finding("bob", made)), Refusal::NoSuchUser);
    let world = World::with_user("bob", "/", made);
    world.users.borrow_mut().get_mut("bob").unwrap().keys.clear();
    assert_eq!(refused(&world, &finding("bob", made)), Refusal::NoSuchKey, "deleted before its creation was heard of");
    let world = World::with_user("bob", "/", made);
    world.users.borrow_mut().get_mut("bob").unwrap().keys[0].active = false;
    assert_eq!(refused(&world, &finding("bob", made)), Refusal::AlreadyInactive);
}

#[test]
fn a_path_that_only_contains_the_exempt_one_is_not_exempt() {
    let world = World::with_user("mallory", "/x/break-glass/", start());
    world.contain(&finding("mallory", start()), &config(Mode::Enforce), start()).unwrap();
    assert!(!world.is_active("mallory"));
}

#[test]
fn an_event_sixteen_minutes_old_waits_for_a_person() {
    let made = start() - SignedDuration::from_mins(16);
    let world = World::with_user("deploy-bot", "/", made);
    let refusal = refusal_of(world.contain(&finding("deploy-bot", made), &config(Mode::Enforce), start()));
    assert_eq!(refusal, Some(Refusal::Stale));
    assert_eq!(world.only_record().state, State::Pending);
    assert!(world.writes.borrow().is_empty());
    assert_eq!(world.mails.borrow().len(), 1);
}

#[test]
fn of_fifty_new_keys_in_a_minute_three_are_acted_on_and_one_storm_is_told() {
    let world = World::default();
    for number in 0..50 {
        let user = format!("user{number}");
        world.add_user(&user, "/", start());
        world.contain(&finding(&user, start()), &config(Mode::Enforce), start()).unwrap();
    }
    assert_eq!(world.writes.borrow().len(), 3);
    let pending = world.records.borrow().values().filter(|record| record.state == State::Pending).count();
    assert_eq!(pending, 47);
    assert_eq!(world.mails.borrow().len(), 4, "three containments and one storm");
}

#[test]
fn the_same_event_again_acts_once() {
    let world = World::with_user("deploy-bot", "/", start());
    let finding = finding("deploy-bot", start());
    world.contain(&finding, &config(Mode::Enforce), start()).unwrap();
    let later = start() + SignedDuration::from_hours(25);
    assert_eq!(world.contain(&finding, &config(Mode::Enforce), later), Ok(Outcome::Known));
    assert_eq!(world.writes.borrow().len(), 1);
}

#[test]
fn killed_before_any_call_a_second_try_converges_and_the_record_is_complete() {
    let finding = finding("deploy-bot", start());
    let mut survived = false;
    for calls in 0..30 {
        let world = World::with_user("deploy-bot", "/", start());
        world.dies_before.set(Some(calls));
        survived = world.contain(&finding, &config(Mode::Enforce), start()).is_ok();
        world.dies_before.set(None);
        let again = start() + LEASE + SignedDuration::from_secs(15);
        world.contain(&finding, &config(Mode::Enforce), again).unwrap();
        assert!(!world.is_active("deploy-bot"), "killed before call {calls}");
        let record = world.only_record();
        assert_eq!((record.state, record.told), (State::Verified, true), "killed before call {calls}");
        assert!(record.before.unwrap().keys[0].active, "the snapshot shows the state before");
        let mails = world.mails.borrow().len();
        assert!((1..=2).contains(&mails), "killed before call {calls}: {mails} mails");
        if survived {
            break;
        }
    }
    assert!(survived, "the loop went past the last call");
}

#[test]
fn a_restored_key_is_not_contained_again_for_the_same_event() {
    let world = World::with_user("deploy-bot", "/", start());
    let finding = finding("deploy-bot", start());
    world.contain(&finding, &config(Mode::Enforce), start()).unwrap();
    let record = block_on(restore(world.only_record(), &world, &world, start())).unwrap();
    assert_eq!(record.state, State::Restored);
    assert!(world.is_active("deploy-bot"));
    assert_eq!(world.contain(&finding, &config(Mode::Enforce), start()), Ok(Outcome::Known));
    assert!(world.is_active("deploy-bot"));
    let twice = block_on(restore(world.only_record(), &world, &world, start())).unwrap_err();
    assert!(twice.to_string().contains("nothing to take back"), "{twice}");
}

#[test]
fn in_a_flood_a_report_waits_for_the_digest_unless_the_key_may_still_work() {
    let world = World::with_user("bob", "/", start());
    for _ in 0..5 {
        block_on(world.ledger.admit(Message::Alert, start())).unwrap();
    }
    world.contain(&finding("bob", start()), &config(Mode::Enforce), start()).unwrap();
    assert_eq!(world.only_record().state, State::Verified);
    assert!(world.only_record().told, "the digest names it");
    assert_eq!(world.mails.borrow().len(), 0);
    let held = block_on(world.ledger.held()).unwrap();
    assert!(held[0].statement.starts_with("iamwatch set access key"), "{held:?}");
    assert_eq!(Message::of_record(&Record { state: State::Failed, ..world.only_record() }), Message::Critical);
}
