//! The functions: clients are built once, then events are served.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::containment::{AwsIam, DynamoRecords};
use super::{Clients, DynamoLedger, FindingsBus, IamPolicies, Roots, SsmExceptions, Topic};
use crate::config::{Config, Resources};
use crate::denials;
use crate::detect::Context;
use crate::event::{Delivered, Event};
use crate::finding::Finding;
use crate::flow::{self, Heard, Line, Outcome, Together};
use crate::ledger::Standing;
use crate::quarantine::{self, Containment};
use crate::watcher::Watcher;

/// Serves a watcher until Lambda ends the process.
pub async fn watch(watcher: Watcher) -> ExitCode {
    let Some((config, resources, clients)) = set_up(watcher.name()).await else { return ExitCode::FAILURE };
    let ledger = DynamoLedger { client: clients.dynamodb(), table: resources.table };
    let people = Topic::new(clients.sns(), resources.topic_arn);
    let machines = FindingsBus { client: clients.eventbridge(), name: resources.bus };
    let policies = IamPolicies(clients.iam());
    let context = Context::new(&config);
    let exceptions = SsmExceptions::new(clients.ssm(), &config.stack);
    let line = Line {
        watcher,
        context,
        ledger: &ledger,
        people: &people,
        machines: &machines,
        policies: &policies,
        exceptions: &exceptions,
    };
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

/// How long a batch is begun with new principals: the function has 40 seconds, and one principal takes some hundred
/// milliseconds at most.
const TIME_FOR_A_BATCH: SignedDuration = SignedDuration::from_secs(25);
/// How many principals are looked at together: most of the time goes by waiting for the table.
const AT_ONCE: usize = 8;

/// Serves `access-denied`: batches of denied calls from a queue.
pub async fn watch_denied() -> ExitCode {
    let watcher = Watcher::AccessDenied;
    let Some((config, resources, clients)) = set_up(watcher.name()).await else { return ExitCode::FAILURE };
    let ledger = DynamoLedger { client: clients.dynamodb(), table: resources.table };
    let people = Topic::new(clients.sns(), resources.topic_arn);
    let machines = FindingsBus { client: clients.eventbridge(), name: resources.bus };
    let policies = IamPolicies(clients.iam());
    let exceptions = SsmExceptions::new(clients.ssm(), &config.stack);
    let line = Line {
        watcher,
        context: Context::new(&config),
        ledger: &ledger,
        people: &people,
        machines: &machines,
        policies: &policies,
        exceptions: &exceptions,
    };
    run(watcher.name(), async |payload, _| {
        let received = now();
        let messages = messages(payload);
        let events: Vec<Event> = messages.iter().map(|message| event(&message.body)).collect();
        let mut failed: Vec<&str> = Vec::new();
        let principals = flow::by_principal(&events.iter().collect::<Vec<_>>());
        let together = principals.into_iter().map(async |principal| match now().duration_since(received) {
            took if took < TIME_FOR_A_BATCH => Box::pin(line.watch_together(principal, received)).await,
            _ => principal.put_off(),
        });
        let batch: Vec<Together> = stream::iter(together).buffer_unordered(AT_ONCE).collect().await;
        log_denied(&config.stack, watcher, &batch, received);
        for together in &batch {
            if together.outcome.is_err() {
                failed.extend(together.places.iter().filter_map(|place| Some(messages.get(*place)?.id.as_str())));
            }
        }
        // What is no denied call is told as ever: it cannot be read, or somebody sent it here by hand.
        for (message, event) in messages.iter().zip(&events).filter(|(_, event)| !denials::is_one(event)) {
            match line.watch(event, received).await {
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
        if failed.contains(&"") {
            return Err(flow::Retry::Busy);
        }
        // A queue gives the messages named here again, and no others.
        let failed: Vec<Value> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
        Ok::<_, flow::Retry>(json!({"batchItemFailures": failed}))
    })
    .await
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

/// Serves `quarantine`: one finding from the findings bus at a time.
pub async fn quarantine() -> ExitCode {
    const NAME: &str = "quarantine";
    let Some((config, resources, clients)) = set_up(NAME).await else { return ExitCode::FAILURE };
    let iam = AwsIam(clients.iam());
    let ledger = DynamoLedger { client: clients.dynamodb(), table: resources.table.clone() };
    let records = DynamoRecords { client: clients.dynamodb(), table: resources.table };
    let people = Topic::new(clients.sns(), resources.topic_arn);
    run(NAME, async |payload, account| {
        let finding = handed_over(payload)?;
        let context = Context::new(&config);
        let (iam, records, ledger, people) = (&iam, &records, &ledger, &people);
        let containment = Containment { context, account: &account, iam, records, ledger, people };
        let outcome = containment.contain(&finding, now()).await?;
        log_containment(&finding, &outcome);
        Ok::<_, quarantine::Failure>(())
    })
    .await
}

/// Serves `digest`: tells what incidents counted and what was held back, and beats.
pub async fn digest() -> ExitCode {
    const NAME: &str = "digest";
    let Some((config, resources, clients)) = set_up(NAME).await else { return ExitCode::FAILURE };
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

/// Configuration and clients, or a line in the log that says everything that is wrong.
async fn set_up(function: &'static str) -> Option<(Config, Resources, Clients)> {
    #[expect(clippy::disallowed_methods, reason = "the one place where the functions read their environment")]
    match Config::from_env(|variable| std::env::var(variable).ok()) {
        Ok((config, resources)) => Some((config, resources, Clients::from_env(Roots::BuiltIn).await)),
        Err(mistakes) => {
            log(&json!({"level": "ERROR", "function": function, "error": mistakes.to_string()}));
            None
        }
    }
}

/// Runs `serve` for each payload, with the account that the function runs in. An error is logged and given to
/// Lambda, which tries again and then keeps the event for the operators.
async fn run<T: Serialize, E: fmt::Display>(
    function: &'static str,
    serve: impl AsyncFn(&str, String) -> Result<T, E>,
) -> ExitCode {
    let serve = &serve;
    // The payload as text: what is nested too deep to be parsed must reach `serve`, where it becomes a finding.
    let served = lambda_runtime::run(service_fn(|invocation: LambdaEvent<Box<RawValue>>| async move {
        let account = invocation.context.invoked_function_arn.split(':').nth(4).unwrap_or_default().to_owned();
        // On the heap: the SDK's futures nest deeper than the compiler follows.
        Box::pin(serve(invocation.payload.get(), account)).await.map_err(|error| {
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
    match serde_json::from_str::<EventBridgeEvent<Value>>(payload) {
        Ok(envelope) => {
            let delivered = Delivered { account: envelope.account, region: envelope.region, id: envelope.id };
            Event::from_detail(envelope.detail, delivered)
        }
        Err(error) => Event::unreadable(&payload.into(), format!("the payload is no EventBridge event: {error}")),
    }
}

/// The finding that a watcher put on the bus.
fn handed_over(payload: &str) -> Result<Finding, quarantine::Failure> {
    #[derive(Deserialize)]
    struct Envelope {
        detail: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        finding: Finding,
    }
    let envelope: Result<Envelope, _> = serde_json::from_str(payload);
    envelope
        .map(|envelope| envelope.detail.finding)
        .map_err(|error| quarantine::Failure(format!("the event holds no finding that can be read: {error}")))
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

fn log_containment(finding: &Finding, outcome: &quarantine::Outcome) {
    let (state, record) = match outcome {
        quarantine::Outcome::Recorded(record) => (record.state.to_string(), Some(&record.id)),
        quarantine::Outcome::Ignored(refusal) => (format!("ignored: {refusal}"), None),
        quarantine::Outcome::Known => ("known".to_owned(), None),
    };
    log(&json!({"level": "INFO", "function": "quarantine", "state": state, "record": record,
        "detection": finding.detection, "event_id": finding.event.id}));
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
