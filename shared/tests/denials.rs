//! Denied calls in batches: what is told of thousands, what is counted, and what a death in between changes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use iamwatch::alert::Alert;
use iamwatch::cap::{Admission, Alone, Held, Message};
use iamwatch::config::Config;
use iamwatch::denials::{Dossier, Open, Settled};
use iamwatch::detect::Context;
use iamwatch::event::Event;
use iamwatch::exceptions::{self, Exceptions, Suppressions};
use iamwatch::facts::Unread;
use iamwatch::finding::{Finding, IncidentKey, Severity};
use iamwatch::flow::{self, Heard, Line, Machines, Outcome, People, Retry, Together, Undelivered};
use iamwatch::ledger::{Claim, Delivery, Due, Ledger, LedgerError, Memory, MemoryKey, Note, Progress, Standing};
use iamwatch::watcher::{Glance, Watcher};
use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use serde_json::{Value, json};

const WINDOW: SignedDuration = SignedDuration::from_secs(10);

/// Everybody who listens, with what they heard and when.
#[derive(Default)]
struct Listeners {
    now: Cell<Timestamp>,
    mails: RefCell<Vec<(Timestamp, Alert)>>,
    handed: RefCell<Vec<(String, u64)>>,
    fails: Cell<u32>,
    loses: Cell<u32>,
    alone: RefCell<Alone>,
}

impl Listeners {
    fn subjects(&self) -> Vec<String> {
        self.mails.borrow().iter().map(|(_, alert)| alert.subject.to_string()).collect()
    }
}

impl People for Listeners {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        if self.fails.get() > 0 {
            self.fails.set(self.fails.get() - 1);
            return Err(Undelivered("out of reach".to_owned()));
        }
        self.mails.borrow_mut().push((self.now.get(), alert.clone()));
        Ok(())
    }

    async fn wait_for(&self, turn: Timestamp) -> bool {
        self.now.set(turn);
        true
    }

    fn alone(&self) -> Option<&RefCell<Alone>> {
        Some(&self.alone)
    }
}

impl Machines for Listeners {
    async fn hand_over(&self, finding: &Finding, standing: &Standing) -> Result<(), Undelivered> {
        if self.loses.get() > 0 {
            self.loses.set(self.loses.get() - 1);
            return Err(Undelivered("out of reach".to_owned()));
        }
        self.handed.borrow_mut().push((finding.detection.clone(), standing.count));
        Ok(())
    }
}

/// A ledger that may not answer for a while.
#[derive(Default)]
struct Table {
    memory: Memory,
    down: Cell<bool>,
    asked: Cell<u32>,
}

impl Table {
    fn up(&self) -> Result<&Memory, LedgerError> {
        self.asked.set(self.asked.get() + 1);
        if self.down.get() { Err(LedgerError::Down("no answer".to_owned())) } else { Ok(&self.memory) }
    }
}

impl Ledger for Table {
    async fn claim(&self, delivery: &Delivery, now: Timestamp) -> Result<Claim, LedgerError> {
        self.up()?.claim(delivery, now).await
    }
    async fn count(
        &self,
        delivery: &Delivery,
        progress: Progress,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<Standing, LedgerError> {
        self.up()?.count(delivery, progress, finding, now).await
    }
    async fn told(&self, delivery: &Delivery, standing: &Standing) -> Result<(), LedgerError> {
        self.up()?.told(delivery, standing).await
    }
    async fn suppress(&self, delivery: &Delivery, exception: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.up()?.suppress(delivery, exception, now).await
    }
    async fn suppressed(&self, exception: &str) -> Result<Option<Suppressions>, LedgerError> {
        self.up()?.suppressed(exception).await
    }
    async fn confirm(&self, delivery: &Delivery, now: Timestamp) -> Result<(), LedgerError> {
        self.up()?.confirm(delivery, now).await
    }
    async fn release(&self, delivery: &Delivery) -> Result<(), LedgerError> {
        self.up()?.release(delivery).await
    }
    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, LedgerError> {
        self.up()?.due(now).await
    }
    async fn admit(&self, message: Message, received: Timestamp, now: Timestamp) -> Result<Admission, LedgerError> {
        self.up()?.admit(message, received, now).await
    }
    async fn hold(&self, held: &Held) -> Result<(), LedgerError> {
        self.up()?.hold(held).await
    }
    async fn held(&self) -> Result<Vec<Held>, LedgerError> {
        self.up()?.held().await
    }
    async fn let_go(&self, held: &[Held]) -> Result<(), LedgerError> {
        self.up()?.let_go(held).await
    }
    async fn put_off(&self, due: &Due) -> Result<(), LedgerError> {
        self.up()?.put_off(due).await
    }
    async fn close(&self, due: &Due, now: Timestamp) -> Result<(), LedgerError> {
        self.up()?.close(due, now).await
    }
    async fn recall(&self, key: &MemoryKey, now: Timestamp) -> Result<Option<Note>, LedgerError> {
        self.up()?.recall(key, now).await
    }
    async fn remember(&self, key: &MemoryKey, note: &Note, now: Timestamp) -> Result<(), LedgerError> {
        self.up()?.remember(key, note, now).await
    }
    async fn tally(
        &self,
        key: &MemoryKey,
        member: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        self.up()?.tally(key, member, until, now).await
    }
    async fn dossier(&self, key: &IncidentKey, now: Timestamp) -> Result<Dossier, LedgerError> {
        self.up()?.dossier(key, now).await
    }
    async fn keep(
        &self,
        key: &IncidentKey,
        dossier: &Dossier,
        suppressed: &BTreeMap<String, u64>,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.up()?.keep(key, dossier, suppressed, now).await
    }
    async fn settle(&self, key: &IncidentKey, open: &Open, settled: Settled) -> Result<(), LedgerError> {
        self.up()?.settle(key, open, settled).await
    }
    async fn forget(&self, key: &MemoryKey) -> Result<(), LedgerError> {
        self.up()?.forget(key).await
    }
}

struct Stack {
    config: Config,
    ledger: Table,
    listeners: Listeners,
    exceptions: Exceptions,
}

impl Stack {
    fn new() -> Self {
        let config = Config { min_severity: Severity::Medium, ..Config::default() };
        Self { config, ledger: Table::default(), listeners: Listeners::default(), exceptions: Exceptions::NONE }
    }

    fn line(&self, watcher: Watcher) -> Line<'_, Table, Listeners, Listeners, Unread, Exceptions> {
        Line {
            watcher,
            context: Context::new(&self.config),
            ledger: &self.ledger,
            people: &self.listeners,
            machines: &self.listeners,
            policies: &Unread,
            exceptions: &self.exceptions,
        }
    }

    fn watch(&self, events: &[Event], now: Timestamp) -> Vec<Together> {
        self.listeners.now.set(now);
        block_on(self.line(Watcher::AccessDenied).watch_denied(&events.iter().collect::<Vec<_>>(), now))
    }

    /// What the digest does in one minute.
    fn digest(&self, now: Timestamp) {
        self.listeners.now.set(now);
        block_on(flow::digest(&self.ledger, &self.listeners, &Context::new(&self.config), now)).unwrap();
    }

    fn severities(&self) -> Vec<String> {
        self.listeners.subjects().iter().map(|subject| subject.split(' ').next().unwrap().to_owned()).collect()
    }

    fn dossier(&self, event: &Event, now: Timestamp) -> Dossier {
        let key = iamwatch::denials::key(event).unwrap();
        block_on(self.ledger.dossier(&key, now)).unwrap()
    }
}

fn start() -> Timestamp {
    "2026-03-01T03:00:00Z".parse().unwrap()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn denied(id: usize, at: Timestamp, actor: &Value, source: &str, name: &str) -> Event {
    Event::decode(json!({
        "eventID": format!("00000000-0000-4000-8000-{id:012}"),
        "eventName": name,
        "eventSource": format!("{source}.amazonaws.com"),
        "eventTime": at.to_string(),
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "198.51.100.7",
        "userIdentity": actor,
        "errorCode": "AccessDenied",
        "errorMessage": format!("User: x is not authorized to perform: {source}:{name} on resource: * because no identity-based policy allows the {source}:{name} action"),
    }))
}

fn role(name: &str, session: &str) -> Value {
    json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{name}/{session}"),
        "accountId": "111122223333", "accessKeyId": format!("ASIA{session}EXAMPLE"),
        "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::111122223333:role/{name}"), "userName": name}}})
}

fn user(name: &str) -> Value {
    json!({"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{name}"), "accountId": "111122223333",
        "userName": name, "accessKeyId": "AKIAIOSFODNN7EXAMPLE"})
}

/// Ten thousand calls of one principal in a minute, each in a session of its own.
fn flood() -> Vec<Event> {
    let calls = ["DescribeInstances", "RunInstances", "DescribeVpcs", "DescribeSnapshots", "CreateKeyPair"];
    (0..10_000)
        .map(|number| {
            let at = start() + SignedDuration::from_millis(i64::try_from(number).unwrap() * 6);
            let call = calls.get(number % calls.len()).unwrap();
            denied(number, at, &role("web", &format!("session-{number}")), "ec2", call)
        })
        .collect()
}

/// Takes events down the line as the queue gives them: those of ten seconds together, at most a thousand.
fn stream(stack: &Stack, events: &[Event]) {
    for window in events.chunk_by(|a, b| batch_of(a) == batch_of(b)) {
        for batch in window.chunks(1_000) {
            let now = batch.last().unwrap().time.unwrap() + WINDOW;
            assert!(stack.watch(batch, now).iter().all(|together| together.outcome.is_ok()));
        }
    }
}

fn batch_of(event: &Event) -> i64 {
    event.time.unwrap().duration_since(start()).as_secs() / WINDOW.as_secs()
}

#[test]
fn ten_thousand_calls_of_one_principal_are_a_few_messages_with_the_exact_count() {
    let stack = Stack::new();
    stream(&stack, &flood());
    for minute in 1..=40 {
        stack.digest(start() + seconds(minute * 60));
    }
    let mails = stack.listeners.mails.borrow();
    let within = |until: i64| mails.iter().filter(|(at, _)| *at <= start() + seconds(until)).count();
    assert!((1..=6).contains(&within(600)), "{:?}", stack.listeners.subjects());
    assert!(within(60) >= 1, "the first within a minute");
    let (_, last) = mails.last().unwrap();
    assert!(last.email.contains("x10000 in"), "{}", last.email);
}

#[test]
fn five_hundred_principals_are_told_one_a_second_and_no_count_is_lost() {
    let stack = Stack::new();
    let mut events = Vec::new();
    for number in 0..10_000 {
        let at = start() + SignedDuration::from_millis(i64::try_from(number).unwrap() * 6);
        events.push(denied(number, at, &role(&format!("app-{}", number % 500), "s"), "sqs", "SendMessage"));
        events.push(denied(100_000 + number, at, &role(&format!("app-{}", number % 500), "s"), "sns", "Publish"));
    }
    stream(&stack, &events);
    for minute in 1..=40 {
        stack.digest(start() + seconds(minute * 60));
    }
    let mails = stack.listeners.mails.borrow();
    let most = |within: i64| {
        let times = || mails.iter().map(|(at, _)| *at);
        times().map(|from| times().filter(|at| *at >= from && at.duration_since(from) < seconds(within)).count()).max()
    };
    assert!(most(1) == Some(1) && most(3_600) <= Some(60), "{:?} {:?}", most(1), most(3_600));
    let counts: Vec<u64> = events
        .iter()
        .take(1_000)
        .map(|event| stack.dossier(event, start()).denials.calls().iter().map(|(_, count)| count).sum())
        .collect();
    assert!(counts.iter().all(|count| *count == 40), "{counts:?}");
}

#[test]
fn who_was_put_off_before_goes_first_however_many_have_come_since() {
    let (late, early) = (seconds(300), seconds(0));
    let call = |id, name: &str, at| denied(id, start() + at, &role(name, "s"), "s3.amazonaws.com", "GetObject");
    let mut events: Vec<Event> = (0..50).map(|id| call(id, &format!("app{id}"), late)).collect();
    events.push(call(50, "waited", early));
    let principals = iamwatch::flow::by_principal(&events.iter().collect::<Vec<_>>());
    assert_eq!(principals.into_iter().map(|principal| principal.put_off().places).next(), Some(vec![50]));
}

#[test]
fn what_is_put_off_comes_again_and_nothing_of_it_is_counted_before() {
    let stack = Stack::new();
    let batch = &flood()[..20];
    let events: Vec<&Event> = batch.iter().collect();
    let [principal] = flow::by_principal(&events).try_into().unwrap();
    let put_off = principal.put_off();
    assert!(matches!(put_off.outcome, Err(Retry::Undelivered(_))));
    assert_eq!((put_off.places, put_off.added.counted), ((0..20).collect::<Vec<_>>(), 0));
    assert_eq!(stack.dossier(&batch[0], start()), Dossier::default());
    stack.watch(batch, start() + seconds(300));
    assert_eq!(stack.dossier(&batch[0], start()).open.unwrap().count, 20);
}

#[test]
fn a_batch_that_dies_anywhere_is_told_and_counted_once() {
    let events = flood();
    let (batch, rest) = events.split_at(1_000);
    let stack = Stack::new();
    // The alert cannot be sent: everything is counted, nothing told, and all messages come again.
    stack.listeners.fails.set(1);
    let failed = stack.watch(batch, start() + WINDOW);
    assert!(matches!(failed.as_slice(), [Together { outcome: Err(Retry::Undelivered(_)), .. }]));
    assert_eq!(stack.dossier(batch.first().unwrap(), start()).open.unwrap().count, 1_000);
    // Shuffled among others, as a queue does.
    let (some, others) = rest.split_at(500);
    let (first, second) = batch.split_at(400);
    let again: Vec<Event> = some.iter().chain(second).cloned().collect();
    stack.watch(&again, start() + seconds(320));
    assert_eq!(stack.listeners.mails.borrow().len(), 1, "what was owed is told");
    stack.watch(first, start() + seconds(330));
    stack.watch(others, start() + seconds(340));
    assert_eq!(stack.dossier(batch.first().unwrap(), start()).open.unwrap().count, 10_000);
    assert!(stack.watch(&again, start() + seconds(350)).iter().all(|one| matches!(one.outcome, Ok(Outcome::Known))));
}

#[test]
fn what_a_dead_holder_owed_is_told_by_the_next_to_come_and_not_before_its_lease_is_over() {
    let stack = Stack::new();
    let batch = &flood()[..20];
    let event = batch.first().unwrap();
    let key = iamwatch::denials::key(event).unwrap();
    // As a function that wrote and died leaves it.
    stack.listeners.fails.set(1);
    stack.watch(batch, start() + WINDOW);
    let mut dossier = stack.dossier(event, start() + WINDOW);
    let open = dossier.open.as_mut().unwrap();
    let owed = open.owed.unwrap();
    open.owe(owed, start() + WINDOW);
    assert!(block_on(stack.ledger.keep(&key, &dossier, &BTreeMap::new(), start())).unwrap());

    let known = stack.watch(batch, start() + seconds(30));
    assert!(matches!(known.as_slice(), [Together { outcome: Ok(Outcome::Known), .. }]));
    assert!(stack.listeners.subjects().is_empty());
    stack.watch(batch, start() + seconds(60));
    stack.watch(batch, start() + seconds(120));
    assert_eq!(stack.listeners.subjects().len(), 1);
    assert_eq!(stack.dossier(event, start()).open.unwrap().owed.map(|owed| owed.after(Settled::Nothing)), None);
}

#[test]
fn an_incident_is_told_once_for_each_level_and_grows() {
    let stack = Stack::new();
    let mut told = Vec::new();
    let mut number = 0;
    let mut deny = |at: i64, source: &str, name: &str| {
        number += 1;
        let event = denied(number, start() + seconds(at), &user("backup"), source, name);
        stack.watch(&[event], start() + seconds(at) + WINDOW);
        told.push(stack.listeners.subjects().len());
    };
    deny(0, "s3", "ListBuckets");
    deny(10, "secretsmanager", "GetSecretValue");
    deny(20, "ec2", "DescribeInstances");
    deny(30, "iam", "CreateUser");
    for again in 0..50 {
        deny(40 + again, "iam", "CreateUser");
    }
    deny(100, "iam", "AttachUserPolicy");
    deny(110, "cloudtrail", "StopLogging");
    assert_eq!(stack.severities(), ["[MEDIUM]", "[HIGH]", "[CRITICAL]", "[CRITICAL]"], "{told:?}: the tenth, too");
    assert_eq!(stack.dossier(&denied(0, start(), &user("backup"), "s3", "x"), start()).open.unwrap().count, 56);
}

#[test]
fn a_broken_deployment_stays_for_the_record_however_often_it_tries() {
    let stack = Stack::new();
    let events: Vec<Event> = (0..4_000)
        .map(|number| {
            denied(
                number,
                start() + seconds(i64::try_from(number).unwrap()),
                &role("orders", "s"),
                "sqs",
                "SendMessage",
            )
        })
        .collect();
    stream(&stack, &events);
    assert!(stack.listeners.subjects().is_empty(), "{:?}", stack.listeners.subjects());
    let (detection, count) = stack.listeners.handed.borrow().last().cloned().unwrap();
    assert_eq!((detection.as_str(), count), ("calls-denied", 4_000));
    assert_eq!(stack.dossier(events.first().unwrap(), start()).open.unwrap().finding.severity, Severity::Low);
}

/// What came of calls of one role that are always the same, at these seconds.
fn severity_of_the_same_at(times: &[i64]) -> Severity {
    let stack = Stack::new();
    let events: Vec<Event> = times
        .iter()
        .enumerate()
        .map(|(number, at)| denied(number, start() + seconds(*at), &role("orders", "s"), "sqs", "SendMessage"))
        .collect();
    stream(&stack, &events);
    let told = stack.listeners.subjects().len();
    let severity = stack.dossier(events.first().unwrap(), start()).open.unwrap().finding.severity;
    assert_eq!(told > 0, severity >= Severity::Medium);
    severity
}

#[test]
fn a_deployment_is_called_broken_only_while_its_rate_is_steady() {
    let each_minute: Vec<i64> = (0..40).map(|minute| minute * 60).collect();
    let four_times_an_hour: Vec<i64> =
        (0..4).flat_map(|quarter| (0..30).map(move |second| quarter * 900 + second)).collect();
    let at_once: Vec<i64> = vec![0; 500];
    for steady in [&each_minute, &four_times_an_hour] {
        assert_eq!(severity_of_the_same_at(steady), Severity::Low);
    }
    let rush: Vec<i64> = each_minute.iter().copied().chain((0..100).map(|_| 40 * 60 + 5)).collect();
    for fitful in [&rush, &at_once] {
        assert_eq!(severity_of_the_same_at(fitful), Severity::Medium);
    }
}

#[test]
fn what_ten_thousand_calls_of_services_were_denied_is_counted_and_told_to_nobody() {
    let stack = Stack::new();
    let services = [
        json!({"type": "AWSService", "invokedBy": "delivery.logs.amazonaws.com"}),
        json!({"type": "AssumedRole", "accountId": "111122223333", "invokedBy": "cloudformation.amazonaws.com",
            "arn": "arn:aws:sts::111122223333:assumed-role/deploy/AWSCloudFormation",
            "sessionContext": {"sessionIssuer": {"userName": "deploy", "arn": "arn:aws:iam::111122223333:role/deploy"}}}),
        json!({"type": "AssumedRole", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/AWSConfig-Describe",
            "sessionContext": {"sessionIssuer": {"userName": "AWSServiceRoleForConfig",
                "arn": "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"}}}),
    ];
    let calls =
        [("s3", "PutObject"), ("iam", "CreateUser"), ("secretsmanager", "GetSecretValue"), ("ec2", "RunInstances")];
    let events: Vec<Event> = (0..10_000)
        .map(|number| {
            let at = start() + SignedDuration::from_millis(i64::try_from(number).unwrap() * 6);
            let (source, name) = calls[number % calls.len()];
            denied(number, at, &services[number % services.len()], source, name)
        })
        .collect();
    let mut counted = 0;
    for batch in events.chunks(1_000) {
        for together in stack.watch(batch, batch.last().unwrap().time.unwrap() + WINDOW) {
            assert_eq!(together.outcome, Ok(Outcome::Quiet));
            assert_eq!(together.added.counted, 0);
            counted += together.added.quiet;
        }
    }
    for minute in 1..=40 {
        stack.digest(start() + seconds(minute * 60));
    }
    assert_eq!((counted, stack.listeners.subjects().len()), (10_000, 0));
    assert!(stack.listeners.handed.borrow().is_empty());
}

#[test]
fn what_touches_honey_and_is_seen_by_the_watcher_of_the_call_too_is_one_alert() {
    let honey = "arn:aws:iam::111122223333:user/backup-admin";
    let mut stack = Stack::new();
    stack.config.honey_principals = vec![honey.to_owned()];
    let event = |id: &str, name: &str| {
        Event::decode(json!({
            "eventID": id, "eventName": name, "eventSource": "iam.amazonaws.com", "eventTime": start().to_string(),
            "awsRegion": "us-east-1", "recipientAccountId": "111122223333", "sourceIPAddress": "198.51.100.7",
            "userIdentity": {"type": "IAMUser", "arn": honey, "accountId": "111122223333", "userName": "backup-admin",
                "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
            "requestParameters": {"userName": "bob"},
        }))
    };
    let watch = |watcher: Watcher, event: &Event| block_on(stack.line(watcher).watch(event, start())).unwrap();
    // Two watchers are started by it: one of the call, and the one of the honey rule. Each counts it and hands it over.
    let made = event("made", "CreateUser");
    assert!(Watcher::IamChanges.admits(&Glance::of(&made)));
    assert!(matches!(watch(Watcher::IamChanges, &made), Outcome::Found(_, _, Heard::Told)));
    assert!(matches!(watch(Watcher::AccessDenied, &made), Outcome::Found(_, _, Heard::No)));
    assert_eq!(watch(Watcher::AccessDenied, &made), Outcome::Known);
    let subjects = stack.listeners.subjects();
    assert!(matches!(subjects.as_slice(), [one] if one.starts_with("[CRITICAL]")), "{subjects:?}");
    let handed = || stack.listeners.handed.borrow().iter().map(|(detection, _)| detection.clone()).collect::<Vec<_>>();
    assert_eq!(handed(), ["user-created", "honey-principal-touched"]);
    // Nobody is told again of what the other told.
    stack.digest(start() + iamwatch::ledger::WINDOW);
    assert_eq!(stack.listeners.subjects().len(), 1);
    let listed = event("listed", "ListQueues");
    assert!(matches!(watch(Watcher::AccessDenied, &listed), Outcome::Found(..)));
}

#[test]
fn whoever_fails_to_tell_of_honey_still_hands_over_what_it_asks_for_once_the_other_told() {
    let honey = "arn:aws:iam::111122223333:user/backup-admin";
    let mut stack = Stack::new();
    stack.config.honey_principals = vec![honey.to_owned()];
    let event = Event::decode(json!({
        "eventID": "made", "eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com",
        "eventTime": start().to_string(), "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "userIdentity": user("mallory"), "requestParameters": {"userName": "backup-admin"},
        "responseElements": {"accessKey": {"userName": "backup-admin", "accessKeyId": "AKIAI44QH8DHBEXAMPLE"}},
    }));
    let watch = |watcher: Watcher| block_on(stack.line(watcher).watch(&event, start()));
    stack.listeners.fails.set(1);
    assert!(matches!(watch(Watcher::AccessKeys), Err(Retry::Undelivered(_))));
    assert!(matches!(watch(Watcher::AccessDenied), Ok(Outcome::Found(_, _, Heard::Told))));
    let Ok(Outcome::Found(finding, standing, Heard::No)) = watch(Watcher::AccessKeys) else { panic!("not found") };
    assert!(finding.asks.is_some());
    assert_eq!(standing.count, 1, "no count is lost");
    let asked: Vec<String> = stack.listeners.handed.borrow().iter().map(|(detection, _)| detection.clone()).collect();
    assert_eq!(asked, ["honey-principal-touched", "access-key-created-for-another-user"]);
    assert_eq!(stack.listeners.subjects().len(), 1);
}

#[test]
fn each_principal_that_is_laid_out_is_named_once_in_an_incident_however_loud_it_is_already() {
    let honey = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let mut stack = Stack::new();
    stack.config.honey_principals = ["one", "two", "three"].map(honey).to_vec();
    let takes = |id: usize, by: &str, role: &str| {
        let at = start() + seconds(i64::try_from(id).unwrap());
        let event = denied(id, at, &user(by), "sts", "AssumeRole");
        let mut record = event.record().clone();
        record["errorMessage"] =
            json!(format!("User: x is not authorized to perform: sts:AssumeRole on resource: {}", honey(role)));
        Event::decode(Value::Object(record))
    };
    let mails = || stack.listeners.mails.borrow().iter().map(|(_, alert)| alert.email.clone()).collect::<Vec<_>>();
    stack.watch(&[takes(1, "mallory", "one")], start() + seconds(10));
    stack.watch(&[takes(2, "mallory", "one"), takes(3, "mallory", "two")], start() + seconds(20));
    stack.watch(&[takes(4, "mallory", "two"), takes(5, "mallory", "one")], start() + seconds(30));
    let [first, second] = mails().try_into().unwrap();
    assert!(first.contains("role/one") && second.contains("touches arn:aws:iam::111122223333:role/two"), "{second}");
    // Many in one batch are one mail that names them all.
    let all = ["one", "two", "three"].iter().zip(6..).map(|(role, id)| takes(id, "eve", role));
    stack.watch(&all.collect::<Vec<_>>(), start() + seconds(40));
    let third = mails().pop().unwrap();
    assert!(["one", "two", "three"].iter().all(|role| third.contains(&format!("role/{role}"))), "{third}");
    assert_eq!(mails().len(), 3);
    // What nobody heard yet is named by what speaks in its place.
    stack.listeners.fails.set(1);
    stack.watch(&[takes(41, "trudy", "one")], start() + seconds(45));
    stack.watch(&[takes(42, "trudy", "two")], start() + seconds(50));
    let fourth = mails().pop().unwrap();
    assert!(["one", "two"].iter().all(|role| fourth.contains(&format!("role/{role}"))), "{fourth}");
    assert_eq!(mails().len(), 4);
    // In the next incident each is named again.
    for minute in 16..20 {
        stack.digest(start() + seconds(minute * 60));
    }
    let before = mails().len();
    stack.watch(&[takes(1_201, "mallory", "three")], start() + seconds(1_210));
    stack.watch(&[takes(1_202, "mallory", "one")], start() + seconds(1_220));
    assert!(mails()[before].contains("role/three") && mails()[before + 1].contains("role/one"));
    assert_eq!(mails().len(), before + 2);
}

#[test]
fn while_the_table_is_down_an_alert_is_told_once_and_all_of_it_is_counted_after() {
    let stack = Stack::new();
    let event = |id: usize, name: &str| denied(id, start() + seconds(1), &user("mallory"), "iam", name);
    let batch: Vec<Event> = (0..30).map(|id| event(id, if id == 20 { "CreateUser" } else { "ListUsers" })).collect();
    stack.ledger.down.set(true);
    for (minute, told) in [(0, true), (5, false), (10, false)] {
        let [tried] = stack.watch(&batch, start() + seconds(minute * 60)).try_into().unwrap();
        assert!(matches!(tried.outcome, Err(Retry::Undelivered(_))), "all comes again: {:?}", tried.outcome);
        assert_eq!((tried.alone.is_some(), tried.added.counted), (told, 0));
        assert_eq!(stack.severities(), ["[HIGH]"]);
        assert_eq!(stack.ledger.asked.take(), 1, "what does not answer is not asked for everything");
    }
    stack.ledger.down.set(false);
    let [counted] = stack.watch(&batch, start() + seconds(900)).try_into().unwrap();
    assert!(matches!(counted.outcome, Ok(Outcome::Found(_, _, Heard::Told))), "{:?}", counted.outcome);
    assert_eq!(counted.added.counted, 30);
    assert_eq!(stack.dossier(&batch[0], start() + seconds(900)).open.unwrap().count, 30);
}

#[test]
fn while_the_table_is_down_many_principals_are_told_at_the_topics_pace_and_in_turn() {
    let stack = Stack::new();
    let batch: Vec<Event> =
        (0..20).map(|id| denied(id, start(), &user(&format!("user-{id}")), "iam", "CreateUser")).collect();
    stack.ledger.down.set(true);
    for attempt in 0..4 {
        let now = start() + seconds(attempt * 300);
        assert!(stack.watch(&batch, now).iter().all(|tried| tried.outcome.is_err()));
        let last = stack.listeners.now.get();
        assert!(last <= now + seconds(6), "nobody waits for longer");
    }
    let told: BTreeSet<String> = stack.listeners.subjects().into_iter().collect();
    assert_eq!((told.len(), stack.listeners.subjects().len()), (20, 20), "each once");
    let times: Vec<Timestamp> = stack.listeners.mails.borrow().iter().map(|(at, _)| *at).collect();
    assert!(times.windows(2).all(|two| two[1].duration_since(two[0]) >= seconds(1)));
}

#[test]
fn what_was_told_does_not_speak_again_by_itself_and_weighs_together_with_something_new() {
    let stack = Stack::new();
    let mut number = 0;
    let mut deny = |minute: i64, source: &str, name: &str| {
        number += 1;
        let at = start() + seconds(minute * 60 + number);
        let id = usize::try_from(number).unwrap();
        stack.watch(&[denied(id, at, &role("ops", "s"), source, name)], at);
        stack.severities()
    };
    assert_eq!(deny(0, "iam", "CreateUser"), ["[HIGH]"]);
    assert_eq!(deny(1, "iam", "CreateUser"), ["[HIGH]"]);
    stack.digest(start() + seconds(17 * 60));
    assert_eq!(stack.severities(), ["[HIGH]", "[HIGH]"], "x2");
    assert_eq!(deny(20, "sqs", "ListQueues"), ["[HIGH]", "[HIGH]"], "harmless, and the rest was told");
    // Another sensitive call is told, and weighs more for the one before it.
    assert_eq!(deny(21, "secretsmanager", "GetSecretValue"), ["[HIGH]", "[HIGH]", "[HIGH]"]);
}

#[test]
fn a_guess_after_those_that_were_told_is_no_alert_and_three_more_are() {
    let stack = Stack::new();
    let guess = |minute: i64| {
        let id = usize::try_from(minute).unwrap();
        let at = start() + seconds(minute * 60);
        let mut record = denied(id, at, &user("mallory"), "iam", "UpdateAssumeRolePolicy").record().clone();
        record["errorCode"] = json!("MalformedPolicyDocumentException");
        record["errorMessage"] = json!("Invalid principal in policy");
        stack.digest(at);
        stack.watch(&[Event::decode(Value::Object(record))], at);
        stack.listeners.subjects().len()
    };
    assert_eq!([0, 1, 2, 18, 20, 21].map(guess), [0, 0, 1, 1, 1, 2]);
}

#[test]
fn an_excepted_denial_weighs_nothing_and_is_left_to_machines_and_counted_once() {
    let mut stack = Stack::new();
    let said = json!({
        "id": "ci", "detections": ["sensitive-call-denied", "calls-denied"],
        "actor": "arn:aws:iam::111122223333:role/ci", "reason": "it tries", "owner": "ann", "expires": "2026-03-31",
    });
    stack.exceptions =
        [exceptions::read(said.as_object().unwrap(), exceptions::day(start())).unwrap()].into_iter().collect();
    let event = |id: usize, source: &str, name: &str| denied(id, start(), &role("ci", "s"), source, name);
    let batch = [event(1, "iam", "CreateUser"), event(2, "sqs", "ListQueues"), event(3, "iam", "AttachUserPolicy")];
    let kept = |now| {
        block_on(stack.ledger.suppressed("ci")).unwrap().map(|all| all.count).zip(Some(stack.dossier(&batch[0], now)))
    };
    // Machines cannot be reached: it comes again, and is not counted yet.
    stack.listeners.loses.set(1);
    let [tried] = stack.watch(&batch, start() + WINDOW).try_into().unwrap();
    assert!(matches!(tried.outcome, Err(Retry::Undelivered(_))));
    assert!(kept(start()).is_none());
    let [done] = stack.watch(&batch, start() + WINDOW).try_into().unwrap();
    assert!(matches!(done.outcome, Ok(Outcome::Suppressed(_))), "{:?}", done.outcome);
    assert_eq!(*stack.listeners.handed.borrow(), [("sensitive-call-denied".to_owned(), 3)]);
    assert!(matches!(stack.watch(&batch, start() + WINDOW)[0].outcome, Ok(Outcome::Known)));
    let (count, dossier) = kept(start()).unwrap();
    assert_eq!((count, dossier.denials.calls().len(), dossier.open), (3, 0, None));
    assert!(stack.listeners.subjects().is_empty());
}

#[test]
fn a_principal_is_told_at_once_at_its_tenth_hundredth_and_thousandth_call_and_not_more_often() {
    let stack = Stack::new();
    let events: Vec<Event> = (0..12_000)
        .map(|id| {
            denied(id, start() + seconds(i64::try_from(id / 100).unwrap()), &user("mallory"), "iam", "CreateUser")
        })
        .collect();
    let mut told = Vec::new();
    for (number, event) in events.iter().enumerate().take(1_100) {
        stack.watch(std::slice::from_ref(event), start() + seconds(20));
        if told.len() < stack.listeners.subjects().len() {
            told.push(number + 1);
        }
    }
    assert_eq!(told, [1, 10, 100, 1_000]);
    for batch in events[1_100..].chunks(1_000) {
        stack.watch(batch, start() + seconds(130));
    }
    assert_eq!(stack.listeners.subjects().len(), 4);
    assert!(stack.listeners.mails.borrow()[3].1.email.contains("x1000 in"));
}

#[test]
fn what_machines_did_not_get_they_get_when_the_batch_comes_again_though_its_events_are_known() {
    let stack = Stack::new();
    let events = flood();
    let (first, rest) = events[..60].split_at(20);
    let (second, third) = rest.split_at(20);
    stack.watch(first, start() + WINDOW);
    let handed = || stack.listeners.handed.borrow().iter().map(|(_, count)| *count).collect::<Vec<_>>();
    assert_eq!((stack.listeners.subjects().len(), handed()), (1, vec![20]));
    // Nobody is told of these: machines are, and cannot be reached.
    stack.listeners.loses.set(1);
    let lost = stack.watch(second, start() + seconds(20));
    assert!(matches!(lost.as_slice(), [Together { outcome: Err(Retry::Undelivered(_)), .. }]));
    stack.watch(second, start() + seconds(320));
    assert_eq!((stack.listeners.subjects().len(), handed()), (1, vec![20, 40]));
    assert!(matches!(
        stack.watch(second, start() + seconds(330)).as_slice(),
        [Together { outcome: Ok(Outcome::Known), .. }]
    ));
    // What people heard of is what they were told of, and the rest is told when it is over.
    let open = stack.dossier(events.first().unwrap(), start() + seconds(330)).open.unwrap();
    assert_eq!((open.count, open.told, open.owed), (40, 20, None));
    stack.watch(third, start() + seconds(340));
    assert_eq!(handed(), [20, 40, 60]);
}
