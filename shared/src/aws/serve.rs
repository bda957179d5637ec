//! The functions: clients are built once, then events are served.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::containment::{AwsIam, DynamoRecords, RecordsQueue};
use super::{Clients, DynamoLedger, FindingsBus, IamPolicies, SsmExceptions, Topic};
use crate::arn;
use crate::config::{Config, Resources};
use crate::denials;
use crate::detect::Context;
use crate::event::{Delivered, Event};
use crate::finding::Finding;
use crate::flow::{self, Heard, Line, Outcome, Together};
use crate::ledger::Standing;
use crate::quarantine::{self, Approval, Containment, Later as _, Record, Unapproved};
use crate::watcher::Watcher;

/// What a watcher reaches.
struct Reached {
    ledger: DynamoLedger,
    people: Topic,
    machines: FindingsBus,
    policies: IamPolicies,
    exceptions: SsmExceptions,
}

impl Reached {
    fn by(config: &Config, resources: Resources, clients: &Clients) -> Self {
        Self {
            ledger: DynamoLedger { client: clients.dynamodb(), table: resources.table },
            people: Topic::new(clients.sns(), resources.topic_arn),
            machines: FindingsBus { client: clients.eventbridge(), name: resources.bus },
            policies: IamPolicies(clients.iam()),
            exceptions: SsmExceptions::new(clients.ssm(), &config.stack),
        }
    }

    fn line<'a>(
        &'a self,
        watcher: Watcher,
        config: &'a Config,
    ) -> Line<'a, DynamoLedger, Topic, FindingsBus, IamPolicies, SsmExceptions> {
        Line {
            watcher,
            context: Context::new(config),
            ledger: &self.ledger,
            people: &self.people,
            machines: &self.machines,
            policies: &self.policies,
            exceptions: &self.exceptions,
        }
    }
}

/// Serves a watcher until Lambda ends the process.
pub async fn watch(watcher: Watcher) -> ExitCode {
    let Some((config, resources, clients)) = set_up(watcher.name()) else { return ExitCode::FAILURE };
    let reached = Reached::by(&config, resources, &clients);
    let line = reached.line(watcher, &config);
    run(watcher.name(), async |payload, _| {
        let received = now();
        let outcome = line.watch(&event(payload), received).await;
        match &outcome {
            Ok(Outcome::Found(finding, standing, heard)) => {
                log_finding(&config.stack, watcher, finding, (standing, *heard), received);
            }
            Ok(Outcome::Suppressed(finding)) => log_suppressed(&config.stack, watcher, finding),
            Ok(Outcome::Quiet | Outcome::Known) | Err(_) => {}
        }
        outcome.map(drop)
    })
    .await
}

/// What is left of an invocation's time when the last principal of a batch is begun: as long as other functions have for an event.
const TIME_FOR_ONE: SignedDuration = SignedDuration::from_secs(20);
/// What is left of it when whatever is not done goes back, so that what is done does not come again.
const TIME_TO_ANSWER: SignedDuration = SignedDuration::from_secs(1);
/// How many principals are looked at together: most of the time goes by waiting for the table, and five of them may wait for
/// their turn on the topic.
const AT_ONCE: usize = 12;

/// Serves `access-denied`: batches of denied calls from a queue.
pub async fn watch_denied() -> ExitCode {
    let watcher = Watcher::AccessDenied;
    let Some((config, resources, clients)) = set_up(watcher.name()) else { return ExitCode::FAILURE };
    let reached = Reached::by(&config, resources, &clients);
    let line = reached.line(watcher, &config);
    run(watcher.name(), async |payload, Invocation { until, .. }| {
        let received = now();
        let last = until - TIME_FOR_ONE;
        let messages = messages(payload);
        let events: Vec<Event> = messages.iter().map(|message| event(&message.body)).collect();
        let mut failed: Vec<&str> = Vec::new();
        // What is no denied call is told as ever, and first, since it may be the touch of something laid out to be found.
        for (message, event) in messages.iter().zip(&events).filter(|(_, event)| !denials::is_one(event)) {
            let begun = now();
            let looked_at = Box::pin(line.watch(event, begun));
            let outcome = if begun > last { None } else { in_time(until, looked_at).await };
            match outcome.unwrap_or_else(|| Err(flow::no_time())) {
                Ok(Outcome::Found(finding, standing, heard)) => {
                    log_finding(&config.stack, watcher, &finding, (&standing, heard), received);
                }
                Ok(_) => {}
                Err(why) => {
                    log(&json!({"level": "ERROR", "function": watcher.name(), "error": why.to_string()}));
                    failed.push(&message.id);
                }
            }
        }
        let principals = flow::by_principal(&events.iter().collect::<Vec<_>>());
        let together = principals.into_iter().map(async |principal| {
            let begun = now();
            if begun > last {
                return principal.put_off();
            }
            let looked_at = Box::pin(line.watch_together(principal.clone(), begun));
            in_time(until, looked_at).await.unwrap_or_else(|| principal.put_off())
        });
        let batch: Vec<Together> = stream::iter(together).buffer_unordered(AT_ONCE).collect().await;
        log_denied(&config.stack, watcher, &batch, received);
        for together in &batch {
            if together.outcome.is_err() {
                failed.extend(together.places.iter().filter_map(|place| Some(messages.get(*place)?.id.as_str())));
            }
        }
        if failed.contains(&"") {
            return Err(flow::Retry::Busy);
        }
        // A queue gives the messages named here again, and no others.
        let failed: Vec<Value> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
        Ok::<_, flow::Retry>(json!({"batchItemFailures": failed}))
    })
    .await
}

/// What came of it, unless that takes as long as the function has. What is broken off is as if the function had died there.
async fn in_time<T>(until: Timestamp, looked_at: impl Future<Output = T>) -> Option<T> {
    let left = Duration::try_from((until - TIME_TO_ANSWER).duration_since(now())).unwrap_or_default();
    tokio::time::timeout(left, looked_at).await.ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(rename = "messageId")]
    id: String,
    event_source: String,
    body: String,
}

/// The messages of a payload. One that is not a queue's is a message by itself: somebody called the function by hand.
fn messages(payload: &str) -> Vec<Message> {
    #[derive(Deserialize)]
    struct Batch {
        #[serde(rename = "Records")]
        messages: Vec<Message>,
    }
    let batch: Option<Batch> = serde_json::from_str(payload).ok();
    let from_queue = |batch: &Batch| batch.messages.iter().all(|message| message.event_source == "aws:sqs");
    batch.filter(from_queue).map_or_else(
        || vec![Message { id: String::new(), event_source: String::new(), body: payload.to_owned() }],
        |batch| batch.messages,
    )
}

/// How long users of one finding are begun with: the function has 30 seconds, and is tried twice more.
const TIME_FOR_A_FINDING: SignedDuration = SignedDuration::from_secs(20);
/// How many of them are dealt with together: each waits for IAM, which takes some twenty calls a second, and maybe for its turn on
/// the topic.
const CONTAINED_AT_ONCE: usize = 4;

/// Serves `quarantine`: a finding from the findings bus, a record to be looked at again, or a call that may undo what was done.
pub async fn quarantine() -> ExitCode {
    const NAME: &str = "quarantine";
    let Some((config, resources, clients)) = set_up(NAME) else { return ExitCode::FAILURE };
    let Some(url) = records_queue(NAME, &resources) else { return ExitCode::FAILURE };
    let roles = match &config.quarantine.sessions_role {
        Some(role) => Some(clients.iam_as(role).await),
        None => None,
    };
    let iam = AwsIam { users: clients.iam(), deny: config.quarantine.deny_policy.clone(), roles };
    let ledger = DynamoLedger { client: clients.dynamodb(), table: resources.table.clone() };
    let records = DynamoRecords { client: ledger.client.clone(), table: resources.table };
    let later = RecordsQueue { client: clients.sqs(), url };
    let people = Topic::new(clients.sns(), resources.topic_arn);
    run(NAME, async |payload, Invocation { account, .. }| {
        let context = Context::new(&config);
        let (iam, records, ledger, people, later) = (&iam, &records, &ledger, &people, &later);
        let containment = Containment { context, account: &account, iam, records, ledger, people, later };
        let begun = now();
        match Cause::of(payload)? {
            Cause::Finding(finding) => {
                let subjects = match containment.asked(&finding) {
                    Ok(subjects) => subjects,
                    Err(refusal) => {
                        log_containment(&config.stack, &finding, &quarantine::Outcome::Ignored(refusal), begun);
                        return Ok(());
                    }
                };
                let each = subjects.iter().map(async |subject| match now() {
                    late if late.duration_since(begun) >= TIME_FOR_A_FINDING => {
                        let why =
                            "there was no time for all that the finding names; the rest is dealt with by the next try";
                        Err(quarantine::Failure::from(why.to_owned()))
                    }
                    _ => Box::pin(containment.contain(&finding, subject, begun)).await,
                });
                // One that cannot be dealt with holds nobody else up.
                let mut failed = None;
                let mut outcomes = stream::iter(each).buffer_unordered(CONTAINED_AT_ONCE);
                while let Some(outcome) = outcomes.next().await {
                    match outcome {
                        Ok(outcome) => log_containment(&config.stack, &finding, &outcome, begun),
                        Err(why) => failed = failed.or(Some(why)),
                    }
                }
                failed.map_or(Ok(()), Err)?;
            }
            Cause::Due(records) => {
                for id in records {
                    if let Some(record) = Box::pin(containment.look(&id, now())).await? {
                        log_record(&config.stack, &record, begun);
                    }
                }
            }
            Cause::Call(event) => {
                if let Some(record) = Box::pin(containment.watch(&event, begun)).await? {
                    log_record(&config.stack, &record, begun);
                }
            }
        }
        Ok::<_, quarantine::Failure>(())
    })
    .await
}

/// Serves `quarantine-approval`: a person's yes, through the function's URL, where IAM has said who they are.
pub async fn quarantine_approval() -> ExitCode {
    const NAME: &str = "quarantine-approval";
    let Some((_, resources, clients)) = set_up(NAME) else { return ExitCode::FAILURE };
    let Some(url) = records_queue(NAME, &resources) else { return ExitCode::FAILURE };
    let records = DynamoRecords { client: clients.dynamodb(), table: resources.table };
    let later = RecordsQueue { client: clients.sqs(), url };
    run(NAME, async |payload, Invocation { account, .. }| {
        let answer = match Request::read(payload) {
            Err(why) => Err(Unapproved::No(why)),
            Ok(Request { by, caller, record, plan }) => {
                let approval = Approval { by, id: caller, at: now(), plan };
                let approved = quarantine::approve(&records, &record, approval, &account).await;
                // One that was written down and not queued is carried out when its record is looked at next.
                if approved.is_ok() {
                    later.look_again(&record, SignedDuration::ZERO).await?;
                }
                approved
            }
        };
        let (status, said) = match &answer {
            Ok(record) => (200, json!({"record": record.id, "approved_by": record.approval.as_ref().map(|a| &a.by)})),
            Err(Unapproved::No(why)) => (409, json!({"error": why})),
            Err(Unapproved::Failed(failure)) => return Err(failure.clone()),
        };
        log(&json!({"level": "INFO", "function": NAME, "status": status, "answer": said}));
        Ok(json!({"statusCode": status, "headers": {"content-type": "application/json"}, "body": said.to_string()}))
    })
    .await
}

/// Serves `digest`: tells what incidents counted and what was held back, and beats.
pub async fn digest() -> ExitCode {
    const NAME: &str = "digest";
    let Some((config, resources, clients)) = set_up(NAME) else { return ExitCode::FAILURE };
    let ledger = DynamoLedger { client: clients.dynamodb(), table: resources.table };
    let people = Topic::new(clients.sns(), resources.topic_arn);
    run(NAME, async |_, _| {
        let context = Context::new(&config);
        let digested = flow::digest(&ledger, &people, &context, now()).await?;
        log(&json!({"level": "INFO", "function": NAME, "told": digested.told, "named": digested.named, "Heartbeat": 1,
            "HeldBack": digested.held, "stack": config.stack, "_aws": emf(&["Heartbeat", "HeldBack"])}));
        Ok::<_, flow::Undelivered>(())
    })
    .await
}

/// The queue that only the functions of quarantine are told of.
fn records_queue(function: &'static str, resources: &Resources) -> Option<String> {
    if resources.records_queue.is_none() {
        let error = "`IAMWATCH_RECORDS_QUEUE` is not set; the stack's template sets it";
        log(&json!({"level": "ERROR", "function": function, "error": error}));
    }
    resources.records_queue.clone()
}

/// Configuration and clients, or a line in the log that says everything that is wrong.
fn set_up(function: &'static str) -> Option<(Config, Resources, Clients)> {
    #[expect(clippy::disallowed_methods, reason = "the one place where the functions read their environment")]
    let environment = |variable: &str| std::env::var(variable).ok();
    match Config::from_env(environment) {
        Ok((config, resources)) => Some((config, resources, Clients::of_function(environment))),
        Err(mistakes) => {
            log(&json!({"level": "ERROR", "function": function, "error": mistakes.to_string()}));
            None
        }
    }
}

/// What Lambda says of one run of a function.
struct Invocation {
    /// The account that it runs in.
    account: String,
    /// When it is ended.
    until: Timestamp,
}

/// Runs `serve` for each payload. An error is logged and given to Lambda, which tries again and then keeps the event for the
/// operators.
async fn run<T: Serialize, E: fmt::Display>(
    function: &'static str,
    serve: impl AsyncFn(&str, Invocation) -> Result<T, E>,
) -> ExitCode {
    let serve = &serve;
    // The payload as text: what is nested too deep to be parsed must reach `serve`, where it becomes a finding.
    let served = lambda_runtime::run(service_fn(|invocation: LambdaEvent<Box<RawValue>>| async move {
        let account = arn::account(&invocation.context.invoked_function_arn).unwrap_or_default().to_owned();
        let until = i64::try_from(invocation.context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        let called = Invocation { account, until: until.unwrap_or(Timestamp::MAX) };
        // On the heap: the SDK's futures nest deeper than the compiler follows.
        Box::pin(serve(invocation.payload.get(), called)).await.map_err(|error| {
            let error_message = error.to_string();
            log(&json!({"level": "ERROR", "function": function, "error": error_message,
                "request_id": invocation.context.request_id}));
            Diagnostic { error_type: "Retry".to_owned(), error_message }
        })
    }))
    .await;
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&json!({"level": "ERROR", "function": function, "error": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

/// The event in a payload. What is no EventBridge event is an event that cannot be read, not an error: trying again would
/// not make it readable.
fn event(payload: &str) -> Event {
    let event = match serde_json::from_str::<EventBridgeEvent<Value>>(payload) {
        Ok(envelope) => {
            let delivered = Delivered { account: envelope.account, region: envelope.region, id: envelope.id };
            Event::from_detail(envelope.detail, delivered)
        }
        Err(error) => Event::unreadable(&payload.into(), format!("the payload is no EventBridge event: {error}")),
    };
    event.received_as(payload)
}

/// What starts quarantine.
enum Cause {
    /// A watcher put it on the bus.
    Finding(Box<Finding>),
    /// Messages that waited in the queue: ids of records.
    Due(Vec<String>),
    /// A call of IAM that may undo what was done.
    Call(Box<Event>),
}

impl Cause {
    fn of(payload: &str) -> Result<Self, quarantine::Failure> {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(rename = "detail-type")]
            detail_type: Option<String>,
            #[serde(rename = "Records", default)]
            messages: Vec<Message>,
        }
        #[derive(Deserialize)]
        struct Message {
            body: String,
        }
        #[derive(Deserialize)]
        struct Waiting {
            record: String,
        }
        let unreadable = |what: &str, error: serde_json::Error| {
            quarantine::Failure::Other(format!("the event holds no {what} that can be read: {error}"))
        };
        let envelope: Envelope = serde_json::from_str(payload).map_err(|error| unreadable("finding", error))?;
        if !envelope.messages.is_empty() {
            let waiting = envelope.messages.iter().map(|message| serde_json::from_str::<Waiting>(&message.body));
            let records = waiting.map(|read| read.map(|waiting| waiting.record)).collect::<Result<_, _>>();
            return records.map(Self::Due).map_err(|error| unreadable("record's id", error));
        }
        if envelope.detail_type.as_deref().is_some_and(|kind| kind.ends_with("via CloudTrail")) {
            return Ok(Self::Call(Box::new(event(payload))));
        }
        handed_over(payload).map(Box::new).map(Self::Finding).map_err(|error| unreadable("finding", error))
    }
}

/// The finding that a watcher put on the bus.
fn handed_over(payload: &str) -> serde_json::Result<Finding> {
    #[derive(Deserialize)]
    struct Envelope {
        detail: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        finding: Finding,
    }
    let envelope: Envelope = serde_json::from_str(payload)?;
    Ok(envelope.detail.finding)
}

/// A person's yes, as Lambda hands on what came to a function's URL.
struct Request {
    /// The ARN of the caller. IAM has checked the signature.
    by: String,
    /// The unique id of the caller.
    caller: String,
    record: String,
    plan: String,
}

impl Request {
    /// # Errors
    ///
    /// What is missing, for whoever sent it.
    fn read(payload: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Yes {
            record: String,
            plan: String,
        }
        let request: Value = serde_json::from_str(payload).map_err(|error| error.to_string())?;
        let said = |key: &str| {
            request.pointer("/requestContext/authorizer/iam")?.get(key)?.as_str().filter(|id| !id.is_empty())
        };
        let (by, caller) =
            said("userArn").zip(said("userId")).ok_or("the request is not signed: IAM has to say who approves")?;
        let body = request.get("body").and_then(Value::as_str).unwrap_or_default();
        let decoded = match request.get("isBase64Encoded") {
            Some(Value::Bool(true)) => STANDARD.decode(body).map_err(|error| error.to_string())?,
            _ => body.as_bytes().to_vec(),
        };
        let Yes { record, plan } = serde_json::from_slice(&decoded)
            .map_err(|error| format!("the body has to be `{{\"record\": …, \"plan\": …}}`: {error}"))?;
        Ok(Self { by: by.to_owned(), caller: caller.to_owned(), record, plan })
    }
}

/// The time, which the core is only ever told.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

fn log_finding(
    stack: &str,
    watcher: Watcher,
    finding: &Finding,
    (standing, heard): (&Standing, Heard),
    received: Timestamp,
) {
    let delay = finding.event.time.map(|time| received.duration_since(time).as_secs());
    log(&json!({
        "level": if standing.unclaimed { "WARN" } else { "INFO" },
        "stack": stack,
        "function": watcher.name(),
        "detection": finding.detection,
        "severity": finding.severity,
        "incident": standing.incident.as_str(),
        "count": standing.count,
        "speaks": standing.speaks,
        "held_back": heard == Heard::HeldBack,
        "event_id": finding.event.id,
        "account": finding.account,
        "Findings": 1,
        "Unclaimed": u8::from(standing.unclaimed),
        "SecondsToDetect": delay,
        "_aws": emf(if delay.is_some() { &["Findings", "Unclaimed", "SecondsToDetect"] } else { &["Findings", "Unclaimed"] }),
    }));
}

/// The findings and faults of a batch, and one line for all that it was.
fn log_denied(stack: &str, watcher: Watcher, batch: &[Together], received: Timestamp) {
    for together in batch {
        match &together.outcome {
            Ok(Outcome::Found(finding, standing, heard)) => {
                log_finding(stack, watcher, finding, (standing, *heard), received);
            }
            Ok(_) => {}
            Err(why) => log(&json!({"level": "ERROR", "function": watcher.name(), "error": why.to_string()})),
        }
        if let Some((finding, standing)) = &together.alone {
            log_finding(stack, watcher, finding, (standing, Heard::Told), received);
        }
    }
    let added = || batch.iter().map(|together| &together.added);
    let mut suppressed: BTreeMap<&str, u64> = BTreeMap::new();
    for (exception, count) in added().flat_map(|added| &added.suppressed) {
        *suppressed.entry(exception).or_default() += count;
    }
    log(&json!({
        "level": "INFO",
        "stack": stack,
        "function": watcher.name(),
        "calls": batch.iter().map(|together| together.places.len()).sum::<usize>(),
        "principals": batch.len(),
        "suppressed_by": suppressed,
        "Denied": added().map(|added| added.counted).sum::<u64>(),
        "DeniedUntold": added().map(|added| added.quiet).sum::<u64>(),
        "Suppressed": suppressed.values().sum::<u64>(),
        "_aws": emf(&["Denied", "DeniedUntold", "Suppressed"]),
    }));
}

fn log_suppressed(stack: &str, watcher: Watcher, finding: &Finding) {
    log(&json!({
        "level": "INFO",
        "stack": stack,
        "function": watcher.name(),
        "detection": finding.detection,
        "severity": finding.severity,
        "suppressed_by": finding.suppressed_by,
        "event_id": finding.event.id,
        "account": finding.account,
        "Suppressed": 1,
        "_aws": emf(&["Suppressed"]),
    }));
}

fn log_containment(stack: &str, finding: &Finding, outcome: &quarantine::Outcome, since: Timestamp) {
    let state = match outcome {
        quarantine::Outcome::Recorded(record) => return log_record(stack, record, since),
        quarantine::Outcome::Ignored(refusal) => format!("ignored: {refusal}"),
        quarantine::Outcome::Known => "known".to_owned(),
    };
    log(&json!({"level": "INFO", "function": "quarantine", "state": state,
        "detection": finding.detection, "event_id": finding.event.id}));
}

/// What became of a record in an invocation that began at `since`. How long it took is measured once: when it is first proven
/// that it holds.
fn log_record(stack: &str, record: &Record, since: Timestamp) {
    let mut line = json!({"level": "INFO", "function": "quarantine", "stack": stack, "state": record.state,
        "record": record.id, "round": record.round, "reapplied": record.reapplied,
        "detection": record.finding.detection, "event_id": record.finding.event.id});
    let first = record.contained.is_some_and(|contained| contained >= since);
    let times = [record.time_to_detect(), record.time_to_decide(), record.time_to_contain()];
    if let (true, [Some(detect), Some(decide), Some(contain)]) = (first, times)
        && let Some(line) = line.as_object_mut()
    {
        for (name, time) in ["TimeToDetect", "TimeToDecide", "TimeToContain"].into_iter().zip([detect, decide, contain])
        {
            line.insert(name.to_owned(), json!(time.as_secs_f64()));
        }
        line.insert("_aws".to_owned(), emf(&["TimeToDetect", "TimeToDecide", "TimeToContain"]));
    }
    log(&line);
}

/// Makes metrics of a log line's fields, by stack and function: the embedded metric format of CloudWatch.
fn emf(metrics: &[&str]) -> Value {
    let metrics: Vec<Value> = metrics.iter().map(|name| json!({"Name": name})).collect();
    json!({
        "Timestamp": now().as_millisecond(),
        "CloudWatchMetrics": [{"Namespace": "iamwatch", "Dimensions": [["stack"], ["stack", "function"]], "Metrics": metrics}],
    })
}

/// One line of JSON in the function's log group.
pub(super) fn log(line: &Value) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_as_long_as_the_function_has_is_broken_off() {
        let until = |left: i64| now() + TIME_TO_ANSWER + SignedDuration::from_millis(left);
        assert_eq!(in_time(until(1_000), async { 1 }).await, Some(1));
        assert_eq!(in_time(until(20), std::future::pending::<u8>()).await, None);
        assert_eq!(in_time(until(-5_000), std::future::pending::<u8>()).await, None);
    }
}
