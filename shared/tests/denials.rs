//! Denied calls in batches: what is told of thousands, what is counted, and what a death in between changes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};

use iamwatch::alert::Alert;
use iamwatch::config::Config;
use iamwatch::denials::{Dossier, Settled};
use iamwatch::detect::Context;
use iamwatch::event::Event;
use iamwatch::exceptions::Exceptions;
use iamwatch::facts::Unread;
use iamwatch::finding::{Finding, Severity};
use iamwatch::flow::{self, Line, Machines, Outcome, People, Retry, Together, Undelivered};
use iamwatch::ledger::{Ledger, Memory, Standing};
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

    async fn wait_for(&self, turn: Option<Timestamp>) -> bool {
        self.now.set(turn.unwrap());
        true
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

struct Stack {
    config: Config,
    ledger: Memory,
    listeners: Listeners,
    exceptions: Exceptions,
}

impl Stack {
    fn new() -> Self {
        let config = Config { min_severity: Severity::Medium, ..Config::default() };
        Self { config, ledger: Memory::default(), listeners: Listeners::default(), exceptions: Exceptions::NONE }
    }

    fn line(&self, watcher: Watcher) -> Line<'_, Memory, Listeners, Listeners, Unread, Exceptions> {
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

/// A ledger whose next writes are made and then never answered, as when the function dies just after.
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
    assert!(block_on(stack.ledger.keep(&key, &dossier, &std::collections::BTreeMap::new(), start())).unwrap());

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
    let severities: Vec<String> =
        stack.listeners.subjects().iter().map(|subject| subject.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(severities, ["[MEDIUM]", "[HIGH]", "[CRITICAL]"], "{told:?}");
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
    for steady in [&each_minute, &four_times_an_hour, &at_once] {
        assert_eq!(severity_of_the_same_at(steady), Severity::Low);
    }
    let rush: Vec<i64> = each_minute.iter().copied().chain((0..100).map(|_| 40 * 60 + 5)).collect();
    assert_eq!(severity_of_the_same_at(&rush), Severity::Medium);
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
    // Two watchers are started by it: one of the call, and the one of the honey rule.
    let made = event("made", "CreateUser");
    assert!(Watcher::IamChanges.admits(&Glance::of(&made)));
    assert!(matches!(watch(Watcher::IamChanges, &made), Outcome::Found(..)));
    assert_eq!(watch(Watcher::AccessDenied, &made), Outcome::Known);
    let subjects = stack.listeners.subjects();
    assert!(matches!(subjects.as_slice(), [one] if one.starts_with("[CRITICAL]")), "{subjects:?}");
    // The other way round, and a call that only one of them looks at.
    let again = event("again", "CreateUser");
    watch(Watcher::AccessDenied, &again);
    assert_eq!(watch(Watcher::IamChanges, &again), Outcome::Known);
    let listed = event("listed", "ListQueues");
    assert!(matches!(watch(Watcher::AccessDenied, &listed), Outcome::Found(..)));
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
