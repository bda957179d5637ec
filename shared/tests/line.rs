//! The line as a whole, with what it reaches out of order in turn.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use iamwatch::alert::Alert;
use iamwatch::cap::{Admission, Held, Message};
use iamwatch::config::Config;
use iamwatch::denials::{Dossier, Open, Settled};
use iamwatch::detect::{self, Context};
use iamwatch::event::Event;
use iamwatch::exceptions::{self, Exceptions, Suppressions};
use iamwatch::facts::{Fact, Holder, Holdings, Policies, Unread};
use iamwatch::finding::{Finding, IncidentKey, Severity};
use iamwatch::flow::{self, Digested, Heard, Line, Machines, Outcome, People, Retry, Undelivered};
use iamwatch::ledger::{
    Claim, Delivery, Due, Ledger, LedgerError, Memory, MemoryKey, Note, Progress, Standing, WINDOW,
};
use iamwatch::policy::Document;
use iamwatch::quarantine::SESSIONS_ENDED;
use iamwatch::watcher::Watcher;
use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use serde_json::{Value, json};

/// Subscribers and the bus: what they got, and how many of the next messages fail.
#[derive(Default)]
struct Receiver {
    got: RefCell<Vec<String>>,
    fails: Cell<u32>,
}

impl Receiver {
    fn failing(times: u32) -> Self {
        Self { fails: Cell::new(times), ..Self::default() }
    }

    fn take(&self, message: String) -> Result<(), Undelivered> {
        if self.fails.get() > 0 {
            self.fails.set(self.fails.get() - 1);
            return Err(Undelivered("out of reach".to_owned()));
        }
        self.got.borrow_mut().push(message);
        Ok(())
    }

    fn count(&self) -> usize {
        self.got.borrow().len()
    }
}

impl People for Receiver {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        self.take(alert.email.clone())
    }
}

impl Machines for Receiver {
    async fn hand_over(&self, finding: &Finding, _: &Standing) -> Result<(), Undelivered> {
        self.take(finding.detection.clone())
    }
}

/// A ledger that does not answer.
struct Unreachable;

fn no_answer<T>() -> Result<T, LedgerError> {
    Err(LedgerError::Down("no answer".to_owned()))
}

impl Ledger for Unreachable {
    async fn claim(&self, _: &Delivery, _: Timestamp) -> Result<Claim, LedgerError> {
        no_answer()
    }
    async fn count(&self, _: &Delivery, _: Progress, _: &Finding, _: Timestamp) -> Result<Standing, LedgerError> {
        no_answer()
    }
    async fn told(&self, _: &Delivery, _: &Standing) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn suppress(&self, _: &Delivery, _: &str, _: Timestamp) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn suppressed(&self, _: &str) -> Result<Option<Suppressions>, LedgerError> {
        no_answer()
    }
    async fn confirm(&self, _: &Delivery, _: Timestamp) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn release(&self, _: &Delivery) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn due(&self, _: Timestamp) -> Result<Vec<Due>, LedgerError> {
        no_answer()
    }
    async fn admit(&self, _: Message, _: Timestamp, _: Timestamp) -> Result<Admission, LedgerError> {
        no_answer()
    }
    async fn hold(&self, _: &Held) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn held(&self) -> Result<Vec<Held>, LedgerError> {
        no_answer()
    }
    async fn let_go(&self, _: &[Held]) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn put_off(&self, _: &Due) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn close(&self, _: &Due, _: Timestamp) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn recall(&self, _: &MemoryKey, _: Timestamp) -> Result<Option<Note>, LedgerError> {
        no_answer()
    }
    async fn remember(&self, _: &MemoryKey, _: &Note, _: Timestamp) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn tally(&self, _: &MemoryKey, _: &str, _: Timestamp, _: Timestamp) -> Result<usize, LedgerError> {
        no_answer()
    }
    async fn dossier(&self, _: &IncidentKey, _: Timestamp) -> Result<Dossier, LedgerError> {
        no_answer()
    }
    async fn keep(
        &self,
        _: &IncidentKey,
        _: &Dossier,
        _: &BTreeMap<String, u64>,
        _: Timestamp,
    ) -> Result<bool, LedgerError> {
        no_answer()
    }
    async fn settle(&self, _: &IncidentKey, _: &Open, _: Settled) -> Result<(), LedgerError> {
        no_answer()
    }
    async fn forget(&self, _: &MemoryKey) -> Result<(), LedgerError> {
        no_answer()
    }
}

fn start() -> Timestamp {
    "2026-03-01T03:00:00Z".parse().unwrap()
}

/// A call by a role of the stack, which its own rule delivers.
fn by_own_role(role: &str, session: &str, (source, name): (&str, &str), parameters: &Value) -> Event {
    let arn = format!("arn:aws:iam::111122223333:role/iamwatch-{role}-1ABCDEF");
    Event::decode(json!({
        "eventID": format!("{role}-{session}-{name}-{parameters}"), "eventName": name, "eventSource": source,
        "eventTime": "2026-03-12T02:20:07Z", "recipientAccountId": "111122223333", "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.23", "requestParameters": parameters,
        "userIdentity": {"type": "AssumedRole", "accountId": "111122223333", "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/iamwatch-{role}-1ABCDEF/{session}"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": format!("iamwatch-{role}-1ABCDEF"),
                "accountId": "111122223333", "arn": arn}}},
    }))
}

#[test]
fn each_call_that_quarantine_makes_is_its_own_and_any_other_by_its_roles_is_critical() {
    let config = Config { stack: "iamwatch".to_owned(), ..Config::default() };
    let deny = "arn:aws:iam::111122223333:policy/iamwatch-DenyEverything-1ABCDEF";
    let sessions = "arn:aws:iam::111122223333:role/iamwatch-QuarantineSessionsRole-1ABCDEF";
    let function = "iamwatch-quarantine";
    let (iam, sts) = ("iam.amazonaws.com", "sts.amazonaws.com");
    let off = json!({"userName": "bob", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive"});
    let on = json!({"userName": "bob", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Active"});
    let policy = |arn: &str| json!({"userName": "bob", "policyArn": arn});
    let cases = [
        ("QuarantineRole", function, (iam, "UpdateAccessKey"), off.clone(), false),
        ("QuarantineRole", function, (iam, "AttachUserPolicy"), policy(deny), false),
        ("QuarantineRole", function, (iam, "PutUserPermissionsBoundary"), json!({"permissionsBoundary": deny}), false),
        ("QuarantineRole", function, (iam, "GetAccessKeyLastUsed"), json!({}), false),
        ("QuarantineRole", function, (sts, "AssumeRole"), json!({"roleArn": sessions}), false),
        ("QuarantineRole", function, ("logs.amazonaws.com", "CreateLogStream"), json!({}), false),
        // Lambda does it for the function, under a name of its own.
        ("QuarantineRole", "awslambda_1", ("sqs.amazonaws.com", "ReceiveMessage"), json!({}), false),
        ("QuarantineSessionsRole", function, (iam, "PutRolePolicy"), json!({"policyName": SESSIONS_ENDED}), false),
        ("QuarantineRestoreRole", "ann", (iam, "UpdateAccessKey"), on.clone(), false),
        ("QuarantineRestoreRole", "ann", (iam, "ListUsers"), json!({}), false),
        ("QuarantineApprovalRole", "x", (iam, "CreateUser"), json!({}), false),
        ("QuarantineRole", function, (iam, "UpdateAccessKey"), on, true),
        ("QuarantineRole", "somewhere", (iam, "UpdateAccessKey"), off, true),
        (
            "QuarantineRole",
            function,
            (iam, "AttachUserPolicy"),
            policy("arn:aws:iam::aws:policy/AdministratorAccess"),
            true,
        ),
        (
            "QuarantineRole",
            function,
            (sts, "AssumeRole"),
            json!({"roleArn": "arn:aws:iam::111122223333:role/admin"}),
            true,
        ),
        ("QuarantineRole", function, (sts, "GetCallerIdentity"), Value::Null, true),
        ("QuarantineRole", function, (iam, "ListUsers"), Value::Null, false),
        ("QuarantineRole", function, (iam, "ListRoles"), Value::Null, true),
        ("QuarantineRole", function, ("s3.amazonaws.com", "ListBuckets"), Value::Null, true),
        ("QuarantineSessionsRole", function, (iam, "PutRolePolicy"), json!({"policyName": "admin"}), true),
        ("QuarantineSessionsRole", "admin", (iam, "GetRole"), json!({"roleName": "app"}), true),
        ("QuarantineRestoreRole", "ann", (iam, "CreateAccessKey"), json!({"userName": "bob"}), true),
        ("QuarantineRestoreRole", "ann", (iam, "AttachUserPolicy"), policy(deny), true),
    ];
    for (role, session, call, parameters, misused) in cases {
        let event = by_own_role(role, session, call, &parameters);
        let found = detect::look(Watcher::AccessDenied, &event, &Context::new(&config));
        let told = found.is_some_and(|finding| {
            assert_eq!((finding.detection.as_str(), finding.severity), ("own-role-misused", Severity::Critical));
            true
        });
        assert_eq!(told, misused, "{role} {session} {call:?} {parameters}");
    }
}

fn key_made(id: &str) -> Event {
    Event::decode(json!({
        "eventID": id,
        "eventName": "CreateAccessKey",
        "eventSource": "iam.amazonaws.com",
        "eventTime": "2026-03-01T02:59:30Z",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice"},
        "responseElements": {"accessKey": {"userName": "deploy-bot", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}},
    }))
}

fn watch<L: Ledger>(
    ledger: &L,
    people: &Receiver,
    machines: &Receiver,
    event: &Event,
    config: &Config,
    now: Timestamp,
) -> Result<Outcome, Retry> {
    let line = Line {
        watcher: Watcher::AccessKeys,
        context: Context::new(config),
        ledger,
        people,
        machines,
        policies: &Unread,
        exceptions: &Exceptions::NONE,
    };
    block_on(line.watch(event, now))
}

#[test]
fn the_same_event_twice_is_one_alert() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let config = Config::default();
    let first = watch(&ledger, &people, &machines, &key_made("e1"), &config, start()).unwrap();
    assert!(matches!(first, Outcome::Found(..)));
    let later = start() + SignedDuration::from_hours(25);
    assert_eq!(watch(&ledger, &people, &machines, &key_made("e1"), &config, later), Ok(Outcome::Known));
    assert_eq!((people.count(), machines.count()), (1, 1));
}

#[test]
fn an_event_that_is_being_worked_on_is_tried_again_and_not_swallowed() {
    let ledger = Memory::default();
    let event = key_made("e1");
    let config = Config::default();
    let finding = detect::look(Watcher::AccessKeys, &event, &Context::new(&config)).unwrap();
    block_on(ledger.claim(&Delivery::of(Watcher::AccessKeys, &finding), start())).unwrap();
    let (people, machines) = (Receiver::default(), Receiver::default());
    assert_eq!(watch(&ledger, &people, &machines, &event, &config, start()), Err(Retry::Busy));
}

#[test]
fn an_alert_that_failed_to_publish_is_sent_on_retry() {
    let (ledger, people, machines) = (Memory::default(), Receiver::failing(2), Receiver::default());
    let (event, config) = (key_made("e1"), Config::default());
    for _ in 0..2 {
        let tried = watch(&ledger, &people, &machines, &event, &config, start());
        assert!(matches!(tried, Err(Retry::Undelivered(_))));
        assert_eq!(machines.count(), 0, "people hear first");
    }
    let Ok(Outcome::Found(_, standing, _)) = watch(&ledger, &people, &machines, &event, &config, start()) else {
        panic!("not found")
    };
    assert_eq!((people.count(), machines.count(), standing.count), (1, 1, 1));
}

#[test]
fn a_failed_hand_over_is_tried_again_without_a_second_mail() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::failing(1));
    let (event, config) = (key_made("e1"), Config::default());
    assert!(watch(&ledger, &people, &machines, &event, &config, start()).is_err());
    assert_eq!(people.count(), 1, "a failed hand-over never hides an alert");
    assert!(watch(&ledger, &people, &machines, &event, &config, start()).is_ok());
    assert_eq!((people.count(), machines.count()), (1, 1));
}

#[test]
fn without_a_ledger_alerts_go_out_and_say_so() {
    let (people, machines) = (Receiver::default(), Receiver::default());
    let found = watch(&Unreachable, &people, &machines, &key_made("e1"), &Config::default(), start()).unwrap();
    let Outcome::Found(_, standing, _) = found else { panic!("not found") };
    assert!(standing.unclaimed && standing.speaks);
    assert_eq!((people.count(), machines.count()), (1, 1));
    let mail = people.got.borrow();
    assert!(mail[0].contains("ledger cannot be reached"), "{}", mail[0]);
}

#[test]
fn a_finding_below_the_least_severity_is_handed_over_and_not_mailed() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let config = Config { min_severity: Severity::Critical, ..Config::default() };
    watch(&ledger, &people, &machines, &key_made("e1"), &config, start()).unwrap();
    assert_eq!((people.count(), machines.count()), (0, 1));
}

#[test]
fn thirty_seven_events_are_one_mail_at_once_one_at_the_tenth_and_one_that_counts_them() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let config = Config::default();
    for number in 0..37 {
        watch(&ledger, &people, &machines, &key_made(&format!("e{number}")), &config, start()).unwrap();
    }
    assert_eq!((people.count(), machines.count()), (2, 37));
    assert!(people.got.borrow()[1].contains("x10"), "{}", people.got.borrow()[1]);
    let context = Context::new(&config);
    let digest = |at| block_on(flow::digest(&ledger, &people, &context, at)).unwrap().told;
    assert_eq!(digest(start() + WINDOW - SignedDuration::from_secs(1)), 0);
    assert_eq!(digest(start() + WINDOW), 1);
    assert!(people.got.borrow()[2].contains("x37"), "{}", people.got.borrow()[2]);
    assert_eq!(digest(start() + WINDOW), 0, "a closed incident is not told again");
}

#[test]
fn an_incident_that_goes_on_stays_one_and_its_count_is_told_when_it_ends() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let (config, minute) = (Config::default(), SignedDuration::from_mins(1));
    let context = Context::new(&config);
    let mut now = start();
    for number in 0..60 {
        watch(&ledger, &people, &machines, &key_made(&format!("e{number}")), &config, now).unwrap();
        now += minute;
        block_on(flow::digest(&ledger, &people, &context, now)).unwrap();
    }
    assert_eq!(people.count(), 2, "the first and the tenth");
    for _ in 0..WINDOW.as_mins() {
        block_on(flow::digest(&ledger, &people, &context, now)).unwrap();
        now += minute;
    }
    assert_eq!(people.count(), 3);
    let last = people.got.borrow()[2].clone();
    assert!(last.contains("x60 in 59 min, 50 of them since the last mail"), "{last}");
}

#[test]
fn a_lone_event_has_no_second_mail() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let config = Config::default();
    watch(&ledger, &people, &machines, &key_made("e1"), &config, start()).unwrap();
    let digested = block_on(flow::digest(&ledger, &people, &Context::new(&config), start() + WINDOW));
    assert_eq!(digested, Ok(Digested::default()));
    assert_eq!(people.count(), 1);
}

#[test]
fn a_digest_that_failed_to_publish_is_sent_next_time() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let config = Config::default();
    for id in ["e1", "e2"] {
        watch(&ledger, &people, &machines, &key_made(id), &config, start()).unwrap();
    }
    let context = Context::new(&config);
    people.fails.set(1);
    assert!(block_on(flow::digest(&ledger, &people, &context, start() + WINDOW)).is_err());
    assert_eq!(block_on(flow::digest(&ledger, &people, &context, start() + WINDOW)).unwrap().told, 1);
}

#[test]
fn an_unreadable_event_is_a_finding_once() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let config = Config::default();
    for _ in 0..3 {
        let poison = Event::decode(json!({"eventName": 7, "userIdentity": null}));
        watch(&ledger, &people, &machines, &poison, &config, start()).unwrap();
    }
    assert_eq!(*machines.got.borrow(), ["unreadable-event"]);
    assert_eq!(people.count(), 1);
}

/// An exception for the keys that alice makes, which ends on a day.
fn excepted(expires: &str) -> Exceptions {
    let said = json!({
        "id": "alice-makes-keys", "detections": ["access-key-created-for-another-user"],
        "actor": "arn:aws:iam::111122223333:user/alice", "reason": "she hands them out", "owner": "alice", "expires": expires,
    });
    [exceptions::read(said.as_object().unwrap(), exceptions::day(start())).unwrap()].into_iter().collect()
}

fn watch_with<L: Ledger>(
    exceptions: &Exceptions,
    ledger: &L,
    people: &Receiver,
    machines: &Receiver,
    now: Timestamp,
) -> Result<Outcome, Retry> {
    let config = Config::default();
    let context = Context::new(&config);
    let line = Line { watcher: Watcher::AccessKeys, context, ledger, people, machines, policies: &Unread, exceptions };
    block_on(line.watch(&key_made("e1"), now))
}

#[test]
fn a_suppressed_finding_is_counted_once_and_left_to_machines() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::failing(1));
    let excepted = excepted("2026-03-31");
    let tried = watch_with(&excepted, &ledger, &people, &machines, start());
    assert!(matches!(tried, Err(Retry::Undelivered(_))));
    let Ok(Outcome::Suppressed(finding)) = watch_with(&excepted, &ledger, &people, &machines, start()) else {
        panic!("not suppressed")
    };
    assert_eq!(finding.suppressed_by.as_deref(), Some("alice-makes-keys"));
    assert_eq!(watch_with(&excepted, &ledger, &people, &machines, start()), Ok(Outcome::Known));
    assert_eq!((people.count(), machines.count()), (0, 1));
    let tally = block_on(ledger.suppressed("alice-makes-keys")).unwrap().unwrap();
    assert_eq!(tally, Suppressions { count: 1, since: start(), last: start() });
    let config = Config::default();
    assert_eq!(
        block_on(flow::digest(&ledger, &people, &Context::new(&config), start() + WINDOW)),
        Ok(Digested::default())
    );
    assert_eq!(people.count(), 0, "nor is it told when a window closes");
}

#[test]
fn what_an_expired_exception_would_have_suppressed_is_told_again_and_says_so() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let found = watch_with(&excepted("2026-02-28"), &ledger, &people, &machines, start());
    assert!(matches!(found, Ok(Outcome::Found(..))));
    let mail = &people.got.borrow()[0];
    let line = mail.lines().find(|line| line.starts_with("Exception:"));
    assert_eq!(line, Some("Exception:  alice-makes-keys expired on 2026-02-28 (alice, she hands them out)"));
}

#[test]
fn without_a_ledger_a_suppressed_finding_is_tried_again_so_that_it_is_counted() {
    let (people, machines) = (Receiver::default(), Receiver::default());
    let tried = watch_with(&excepted("2026-03-31"), &Unreachable, &people, &machines, start());
    assert!(matches!(tried, Err(Retry::Undelivered(_))));
    assert_eq!((people.count(), machines.count()), (0, 0));
}

/// Subscribers who write down when they got what.
struct Inbox {
    now: Cell<Timestamp>,
    got: RefCell<Vec<(Timestamp, Alert)>>,
}

impl People for Inbox {
    async fn tell(&self, alert: &Alert) -> Result<(), Undelivered> {
        self.got.borrow_mut().push((self.now.get(), alert.clone()));
        Ok(())
    }

    async fn wait_for(&self, turn: Timestamp) -> bool {
        self.now.set(turn);
        true
    }
}

impl Machines for Inbox {
    async fn hand_over(&self, _: &Finding, _: &Standing) -> Result<(), Undelivered> {
        Ok(())
    }
}

/// A flood, and all who look at it. Its clock is passed on with every event.
struct Flood {
    ledger: Memory,
    inbox: Inbox,
    config: Config,
}

impl Flood {
    fn new() -> Self {
        let inbox = Inbox { now: Cell::new(start()), got: RefCell::default() };
        Self { ledger: Memory::default(), inbox, config: Config::default() }
    }

    fn follow(&self, finding: Finding, now: Timestamp) -> Outcome {
        self.inbox.now.set(now);
        let line = Line {
            watcher: Watcher::AccessKeys,
            context: Context::new(&self.config),
            ledger: &self.ledger,
            people: &self.inbox,
            machines: &self.inbox,
            policies: &Unread,
            exceptions: &Exceptions::NONE,
        };
        block_on(line.follow(finding, now)).unwrap()
    }

    fn digest(&self, now: Timestamp) -> Digested {
        self.inbox.now.set(now);
        block_on(flow::digest(&self.ledger, &self.inbox, &Context::new(&self.config), now)).unwrap()
    }

    /// The most that came within any time as long as this, of what is CRITICAL or of all else.
    fn most_within(&self, seconds: i64, critical: bool) -> usize {
        let got = self.inbox.got.borrow();
        let times = || {
            let such = got.iter().filter(|(_, alert)| alert.subject.as_str().starts_with("[CRITICAL]") == critical);
            such.map(|(at, _)| *at)
        };
        let within = SignedDuration::from_secs(seconds);
        let after = |from: Timestamp| times().filter(|at| (from..from + within).contains(at)).count();
        times().map(after).max().unwrap_or(0)
    }
}

fn finding_of(principal: u32, number: u32) -> Finding {
    let event = Event::decode(json!({
        "eventID": format!("{principal}-{number}"),
        "eventName": "CreateAccessKey",
        "eventSource": "iam.amazonaws.com",
        "eventTime": "2026-03-01T02:59:30Z",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "userName": format!("user-{principal}"),
            "arn": format!("arn:aws:iam::111122223333:user/user-{principal}")},
        "responseElements": {"accessKey": {"userName": "deploy-bot", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}},
    }));
    detect::look(Watcher::AccessKeys, &event, &Context::new(&Config::default())).unwrap()
}

#[test]
fn five_hundred_principals_with_twenty_findings_each_never_flood_the_topic_and_no_count_is_lost() {
    const PRINCIPALS: u32 = 500;
    const EACH: u32 = 20;
    let flood = Flood::new();
    let minute = SignedDuration::from_mins(1);
    let (mut now, mut held) = (start(), 0_u64);
    // In a little more than four minutes.
    for number in 0..EACH {
        for principal in 0..PRINCIPALS {
            let before = now;
            now += SignedDuration::from_millis(25);
            if before.as_second() / 60 != now.as_second() / 60 {
                flood.digest(now);
            }
            let outcome = flood.follow(finding_of(principal, number), now);
            held += u64::from(matches!(outcome, Outcome::Found(_, _, Heard::HeldBack)));
        }
        if number == EACH / 2 {
            // In the middle of it.
            let critical = finding_of(PRINCIPALS, 0).severity(Severity::Critical);
            let outcome = flood.follow(critical, now);
            assert!(matches!(outcome, Outcome::Found(_, _, Heard::Told)), "{outcome:?}");
            assert!(flood.inbox.got.borrow().last().unwrap().1.subject.as_str().starts_with("[CRITICAL]"));
        }
    }
    let over = now + WINDOW + SignedDuration::from_hours(1);
    while now < over {
        now += minute;
        flood.digest(now);
    }
    assert_eq!(flood.digest(now), Digested::default(), "nothing is left");

    assert_eq!((flood.most_within(1, false), flood.most_within(3_600, true)), (1, 1), "in a second, and CRITICAL");
    assert!(flood.most_within(3_600, false) <= 60, "{} in an hour", flood.most_within(3_600, false));

    // What everybody was told of each incident, in mails of its own and in those about what was held back.
    let mut told = std::collections::BTreeMap::<String, u64>::new();
    let (mut alone, mut named) = (0_u64, 0_u64);
    for (_, alert) in flood.inbox.got.borrow().iter() {
        let machine: serde_json::Value = serde_json::from_str(&alert.machine).unwrap();
        let ours = &machine["unmapped"]["iamwatch"];
        assert!(alert.sns_message().contains("unmapped"), "the machines' form is whole");
        match ours["held"]["counts"].as_object() {
            None => {
                alone += 1;
                let count = told.entry(ours["incident"].as_str().unwrap().to_owned()).or_default();
                *count = (*count).max(ours["count"].as_u64().unwrap());
            }
            Some(counts) => {
                assert!(alert.subject.as_str().contains(&format!("{} alert", ours["held"]["alerts"])));
                named += ours["held"]["alerts"].as_u64().unwrap();
                for (incident, of) in counts {
                    let count = told.entry(incident.clone()).or_default();
                    *count = (*count).max(of.as_u64().unwrap());
                }
            }
        }
    }
    assert_eq!(told.len(), PRINCIPALS as usize + 1);
    assert_eq!(told.values().filter(|count| **count == u64::from(EACH)).count(), PRINCIPALS as usize, "{told:?}");
    // The first, the tenth and the count of each, and the CRITICAL one: in mails of their own, or named.
    assert_eq!((alone + named, named > held), (3 * u64::from(PRINCIPALS) + 1, true));

    let before = flood.inbox.got.borrow().len();
    for number in 0..EACH {
        for principal in 0..PRINCIPALS {
            assert_eq!(flood.follow(finding_of(principal, number), now), Outcome::Known);
        }
    }
    flood.digest(now + WINDOW);
    assert_eq!(flood.inbox.got.borrow().len(), before, "a second run tells nothing twice");
}

#[test]
fn what_was_held_back_is_told_in_one_message_that_says_how_many() {
    let flood = Flood::new();
    for principal in 0..20 {
        flood.follow(finding_of(principal, 0), start());
    }
    assert_eq!(flood.inbox.got.borrow().len(), 5);
    let minute = SignedDuration::from_mins(1);
    assert_eq!(flood.digest(start() + minute), Digested { told: 0, held: 15, named: true });
    let got = flood.inbox.got.borrow().last().unwrap().1.clone();
    assert_eq!(got.subject.as_str(), "[HIGH] held back: 15 alerts about 15 incidents - 111122223333");
    assert_eq!(flood.digest(start() + minute * 2), Digested::default());
    assert_eq!(flood.inbox.got.borrow().len(), 6);
    // They count as told: a lone event has no second mail.
    assert_eq!(flood.digest(start() + WINDOW), Digested::default());
    assert_eq!(flood.inbox.got.borrow().len(), 6);
}

/// A function that is too slow for its first turns.
struct Slow {
    late: Cell<usize>,
    turns: RefCell<Vec<i64>>,
}

impl People for Slow {
    async fn tell(&self, _: &Alert) -> Result<(), Undelivered> {
        Ok(())
    }

    async fn wait_for(&self, turn: Timestamp) -> bool {
        let turn = turn.duration_since(start()).as_millis();
        self.turns.borrow_mut().push(turn.try_into().unwrap());
        let late = self.late.get();
        self.late.set(late.saturating_sub(1));
        late == 0
    }
}

#[test]
fn who_is_late_for_a_turn_takes_another_and_tells_nothing_without_one() {
    for (late, turns, told) in [(0, vec![0], true), (1, vec![0, 1_500], true), (9, vec![0, 1_500, 3_000], false)] {
        let (ledger, slow) = (Memory::default(), Slow { late: Cell::new(late), turns: RefCell::default() });
        let held = || panic!("nothing is held back");
        let heard = flow::tell_or_hold(&ledger, &slow, Message::Alert, start(), held, async || Ok(()));
        let heard = block_on(heard);
        assert_eq!(heard.is_ok(), told, "{heard:?}: it is tried again later");
        assert_eq!(slow.turns.take(), turns);
    }
}

#[test]
fn a_digest_that_is_late_for_its_turn_keeps_what_was_held_back() {
    let (ledger, slow) = (Memory::default(), Slow { late: Cell::new(1), turns: RefCell::default() });
    block_on(ledger.hold(&held_of(0))).unwrap();
    let config = Config::default();
    let digest = |now| block_on(flow::digest(&ledger, &slow, &Context::new(&config), now)).unwrap();
    assert_eq!(digest(start()), Digested { told: 0, held: 1, named: false });
    assert_eq!(digest(start() + SignedDuration::from_mins(5)), Digested { told: 0, held: 1, named: true });
}

/// An alert of an incident of its own that was held back; every second one is of the same principal.
fn held_of(number: u32) -> Held {
    let finding = finding_of(if number.is_multiple_of(2) { 0 } else { number }, number);
    let held = Held::finding(&finding, &Standing::unclaimed(&finding), format!("alert {number}"), start());
    Held { incident: format!("{number:032x}"), count: 20, ..held }
}

#[test]
fn however_much_was_held_back_one_message_tells_of_all_of_it() {
    let flood = Flood::new();
    for number in 0..2_500 {
        block_on(flood.ledger.hold(&held_of(number))).unwrap();
    }
    assert_eq!(flood.digest(start()), Digested { told: 0, held: 2_500, named: true });
    assert_eq!(flood.digest(start() + SignedDuration::from_mins(5)), Digested::default());
    let (_, alert) = flood.inbox.got.borrow()[0].clone();
    assert_eq!(alert.subject.as_str(), "[HIGH] held back: 2500 alerts about 2500 incidents - 111122223333");
    assert!(alert.email.contains("1250  arn:aws:iam::111122223333:user/user-0"), "{}", alert.email);
}

#[test]
fn what_was_held_back_and_could_not_be_told_is_told_next_time() {
    let (ledger, people, machines) = (Memory::default(), Receiver::default(), Receiver::default());
    let config = Config::default();
    for number in 0..7 {
        let event = key_made(&format!("e{number}"));
        let finding = detect::look(Watcher::AccessKeys, &event, &Context::new(&config)).unwrap();
        let finding = Finding { account: format!("11112222333{number}"), ..finding };
        let line = Line {
            watcher: Watcher::AccessKeys,
            context: Context::new(&config),
            ledger: &ledger,
            people: &people,
            machines: &machines,
            policies: &Unread,
            exceptions: &Exceptions::NONE,
        };
        block_on(line.follow(finding, start())).unwrap();
    }
    assert_eq!((people.count(), machines.count()), (5, 7), "machines get all of them");
    people.fails.set(1);
    let at = |minutes| start() + SignedDuration::from_mins(minutes);
    let digest = |now| block_on(flow::digest(&ledger, &people, &Context::new(&config), now));
    assert!(digest(at(1)).is_err());
    assert_eq!(digest(at(2)), Ok(Digested { told: 0, held: 2, named: false }), "its place is taken for five minutes");
    assert_eq!(digest(at(6)), Ok(Digested { told: 0, held: 2, named: true }));
    assert!(people.got.borrow()[5].starts_with("2 alerts about 2 incidents in 2 accounts were held back"));
}

/// IAM of the account that the stack is in: whoever asks it about another's principals is told of the wrong ones.
struct AtHome(Cell<u32>);

impl Policies for AtHome {
    async fn managed(&self, _: &str, _: Option<&str>) -> Fact<Document> {
        self.0.set(self.0.get() + 1);
        Fact::Unseen("asked".to_owned())
    }

    async fn only_other(&self, _: &str, _: &str) -> Fact<Option<(String, Document)>> {
        self.0.set(self.0.get() + 1);
        Fact::Unseen("asked".to_owned())
    }

    async fn in_time<T>(&self, gathered: impl Future<Output = T>) -> Option<T> {
        Some(gathered.await)
    }

    async fn holdings(&self, _: &Holder) -> Fact<Holdings> {
        self.0.set(self.0.get() + 1);
        Fact::Unseen("asked".to_owned())
    }

    async fn role_in_profile(&self, _: &str) -> Fact<String> {
        self.0.set(self.0.get() + 1);
        Fact::Unseen("asked".to_owned())
    }
}

#[test]
fn of_another_account_iam_is_not_read_quarantine_is_not_asked_and_the_alert_says_so() {
    let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
    let calls = [
        (Watcher::AccessKeys, "CreateAccessKey", json!({"userName": "deploy-bot"})),
        (Watcher::IamChanges, "PutUserPolicy", json!({"userName": "bob", "policyName": "p", "policyDocument": policy})),
    ];
    for (watcher, name, request) in calls {
        for (account, here) in [("111122223333", true), ("123456789012", false)] {
            let config = Config {
                home: "111122223333".to_owned(),
                account_names: BTreeMap::from([("123456789012".to_owned(), "payments".to_owned())]),
                ..Config::default()
            };
            let event = Event::decode(json!({
                "eventID": "e1", "eventName": name, "eventSource": "iam.amazonaws.com",
                "eventTime": "2026-03-01T02:59:30Z", "recipientAccountId": account,
                "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": account,
                    "arn": format!("arn:aws:iam::{account}:user/alice")},
                "requestParameters": request,
                "responseElements": {"accessKey": {"userName": "deploy-bot", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}},
            }));
            let (ledger, people, machines, iam) =
                (Memory::default(), Receiver::default(), Receiver::default(), AtHome(Cell::new(0)));
            let line = Line {
                watcher,
                context: Context::new(&config),
                ledger: &ledger,
                people: &people,
                machines: &machines,
                policies: &iam,
                exceptions: &Exceptions::NONE,
            };
            let Ok(Outcome::Found(finding, ..)) = block_on(line.watch(&event, start())) else { panic!("{name}") };
            assert_eq!((finding.account.as_str(), iam.0.get() > 0), (account, here));
            assert_eq!(finding.asks.is_some(), here && name == "CreateAccessKey");
            let mail = people.got.borrow()[0].clone();
            assert_eq!(mail.contains("IAM of account payments (123456789012)"), !here, "{mail}");
            assert_eq!(mail.contains("dry-run"), here && name == "CreateAccessKey", "{mail}");
        }
    }
}
