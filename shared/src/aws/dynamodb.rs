//! The ledger in `DynamoDB`: one table, key `pk`, index `due` for open incidents.
//!
//! `claim#WATCHER#ACCOUNT#EVENT` holds a claim, `incident#KEY` an incident. An incident is open while it has
//! `due_bucket`: the sparse index then lists it. Times are epoch seconds.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use jiff::Timestamp;

use super::because;
use crate::finding::{Finding, IncidentKey};
use crate::ledger::{
    ABANDONED, Claim, Delivery, Due, KEPT, LEASE, Ledger, LedgerDown, Progress, REMEMBERED, Standing, WINDOW,
};

/// The ledger of a stack.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    pub client: Client,
    pub table: String,
}

type Item = HashMap<String, AttributeValue>;

/// How often a count is tried against others that count the same incident at the same moment.
const CONTENTION_TRIES: u32 = 8;

impl Ledger for DynamoLedger {
    async fn claim(&self, delivery: &Delivery, now: Timestamp) -> Result<Claim, LedgerDown> {
        let fresh = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(claim_key(delivery)))
            .item("lease_until", seconds(now + LEASE))
            .item("expires", seconds(now + REMEMBERED))
            .condition_expression("attribute_not_exists(pk) OR expires <= :now")
            .expression_attribute_values(":now", seconds(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let held = match fresh {
            Ok(_) => return Ok(Claim::Ours(Progress::default())),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(taken)) => taken.item().cloned().unwrap_or_default(),
                _ => return Err(down(&error)),
            },
        };
        if flag(&held, "done") {
            return Ok(Claim::Done);
        }
        self.take_over(delivery, &held, now).await
    }

    async fn count(
        &self,
        delivery: &Delivery,
        progress: Progress,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<Standing, LedgerDown> {
        let incident = finding.incident();
        if !progress.counted {
            self.count_once(delivery, &incident, finding, now).await?;
        }
        let count = self.counted(&incident).await?;
        let speaks =
            count >= finding.speaks_at && !progress.told && self.take_floor(delivery, &incident, finding).await?;
        Ok(Standing { incident, count, speaks, unclaimed: false })
    }

    async fn told(&self, delivery: &Delivery, standing: &Standing) -> Result<(), LedgerDown> {
        let claim = self.update(claim_key(delivery)).update_expression("SET told = :yes");
        let claim = claim.expression_attribute_values(":yes", AttributeValue::Bool(true));
        let incident = self.told_of(&standing.incident, standing.count);
        let items =
            [claim.build(), incident.build()].into_iter().collect::<Result<Vec<_>, _>>().map_err(|e| down(&e))?;
        let items = items.into_iter().map(|update| TransactWriteItem::builder().update(update).build()).collect();
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(down(&error)),
        }
    }

    async fn confirm(&self, delivery: &Delivery, now: Timestamp) -> Result<(), LedgerDown> {
        let confirmed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(claim_key(delivery)))
            .update_expression("SET done = :yes, expires = :expires")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":expires", seconds(now + REMEMBERED))
            .send()
            .await;
        confirmed.map(drop).map_err(|error| down(&error))
    }

    async fn release(&self, delivery: &Delivery) -> Result<(), LedgerDown> {
        let released = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(claim_key(delivery)))
            .update_expression("SET lease_until = :never")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(done)")
            .expression_attribute_values(":never", AttributeValue::N("0".to_owned()))
            .send()
            .await;
        unless_condition_failed(released).map(drop)
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, LedgerDown> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("due_bucket = :open AND due_at <= :now")
            .expression_attribute_values(":open", text("open"))
            .expression_attribute_values(":now", seconds(now))
            .limit(100)
            .send()
            .await
            .map_err(|error| down(&error))?;
        // An incident that cannot be read must not hold the others up; it ends with the table's own expiry.
        Ok(answer.items().iter().filter_map(|item| due(item).ok()).collect())
    }

    async fn close(&self, due: &Due, now: Timestamp) -> Result<(), LedgerDown> {
        let closed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(incident_key(&due.incident)))
            .update_expression("SET told = :count, expires = :expires REMOVE due_bucket")
            .condition_expression("#count = :count")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":count", number(due.count))
            .expression_attribute_values(":expires", seconds(now + KEPT))
            .send()
            .await;
        if unless_condition_failed(closed)? {
            return Ok(());
        }
        // It grew while it was told: it stays open, and the next round tells the rest.
        let told = self.told_of(&due.incident, due.count).build().map_err(|error| down(&error))?;
        let items = vec![TransactWriteItem::builder().update(told).build()];
        let sent = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        sent.map(drop).map_err(|error| down(&error))
    }
}

impl DynamoLedger {
    /// Takes a claim whose lease is over, with what its holder already did.
    async fn take_over(&self, delivery: &Delivery, held: &Item, now: Timestamp) -> Result<Claim, LedgerDown> {
        let taken = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(claim_key(delivery)))
            .update_expression("SET lease_until = :until")
            .condition_expression("lease_until <= :now AND attribute_not_exists(done)")
            .expression_attribute_values(":until", seconds(now + LEASE))
            .expression_attribute_values(":now", seconds(now))
            .send()
            .await;
        if unless_condition_failed(taken)? {
            Ok(Claim::Ours(Progress { counted: flag(held, "counted"), told: flag(held, "told") }))
        } else {
            Ok(Claim::Busy)
        }
    }

    /// Counts a delivery into its incident: both or neither is written, and a delivery that was counted is not again.
    async fn count_once(
        &self,
        delivery: &Delivery,
        incident: &IncidentKey,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<(), LedgerDown> {
        let mut opens = false;
        for attempt in 0..CONTENTION_TRIES {
            let mark = self
                .update(claim_key(delivery))
                .update_expression("SET counted = :yes")
                .condition_expression("attribute_not_exists(counted)")
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
                .build()
                .map_err(|error| down(&error))?;
            let mark = TransactWriteItem::builder().update(mark).build();
            let count = if opens { self.open(incident, finding, now)? } else { self.add(incident, now)? };
            let written = self.client.transact_write_items().transact_items(mark).transact_items(count).send().await;
            let Err(error) = written else { return Ok(()) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
            else {
                return Err(down(&error));
            };
            let mut reasons = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
            match (reasons.next(), reasons.next()) {
                (Some("ConditionalCheckFailed"), _) => return Ok(()),
                (_, Some("ConditionalCheckFailed")) => opens = !opens,
                _ => tokio::time::sleep(pause(attempt, delivery)).await,
            }
        }
        Err(LedgerDown(format!("incident {incident} is too busy to count into")))
    }

    /// Adds one to an open incident.
    fn add(&self, incident: &IncidentKey, now: Timestamp) -> Result<TransactWriteItem, LedgerDown> {
        let add = self
            .update(incident_key(incident))
            .update_expression("ADD #count :one")
            .condition_expression("attribute_exists(due_bucket) AND due_at > :abandoned")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":abandoned", seconds(now - ABANDONED))
            .build()
            .map_err(|error| down(&error))?;
        Ok(TransactWriteItem::builder().update(add).build())
    }

    /// Opens an incident where none is open, with a count of one.
    fn open(&self, incident: &IncidentKey, finding: &Finding, now: Timestamp) -> Result<TransactWriteItem, LedgerDown> {
        let put = Put::builder()
            .table_name(&self.table)
            .item("pk", text(incident_key(incident)))
            .item("count", number(1))
            .item("told", number(0))
            .item("opened", seconds(now))
            .item("due_bucket", text("open"))
            .item("due_at", seconds(now + WINDOW))
            .item("expires", seconds(now + WINDOW + KEPT))
            .item("finding", text(as_json(finding)?))
            .condition_expression("attribute_not_exists(due_bucket) OR due_at <= :abandoned")
            .expression_attribute_values(":abandoned", seconds(now - ABANDONED))
            .build()
            .map_err(|error| down(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    async fn counted(&self, incident: &IncidentKey) -> Result<u64, LedgerDown> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(incident_key(incident)));
        let answer = read.consistent_read(true).send().await.map_err(|error| down(&error))?;
        Ok(answer.item().and_then(|item| integer(item, "count")).unwrap_or(1))
    }

    /// Whether this delivery speaks for its incident: nobody spoke at its severity yet, or it did itself in an earlier
    /// try.
    async fn take_floor(
        &self,
        delivery: &Delivery,
        incident: &IncidentKey,
        finding: &Finding,
    ) -> Result<bool, LedgerDown> {
        let taken = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(incident_key(incident)))
            .update_expression("SET loudest = :loudness, speaker = :me, finding = :finding")
            .condition_expression("attribute_not_exists(loudest) OR loudest < :loudness OR speaker = :me")
            .expression_attribute_values(":loudness", number(finding.severity as u64))
            .expression_attribute_values(":me", text(delivery.to_string()))
            .expression_attribute_values(":finding", text(as_json(finding)?))
            .send()
            .await;
        unless_condition_failed(taken)
    }

    /// Remembers that people heard of `count` events.
    fn told_of(&self, incident: &IncidentKey, count: u64) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        self.update(incident_key(incident))
            .update_expression("SET told = :count")
            .expression_attribute_values(":count", number(count))
    }

    fn update(&self, key: String) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder().table_name(&self.table).key("pk", text(key))
    }
}

fn claim_key(delivery: &Delivery) -> String {
    format!("claim#{delivery}")
}

fn incident_key(incident: &IncidentKey) -> String {
    format!("incident#{incident}")
}

/// A pause that grows with each try and differs between deliveries, so that they do not meet again.
fn pause(attempt: u32, delivery: &Delivery) -> Duration {
    let spread =
        delivery.to_string().bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Duration::from_millis((10 << attempt) + spread % (20 << attempt))
}

fn due(item: &Item) -> Result<Due, LedgerDown> {
    let broken = |what: &str| LedgerDown(format!("an incident in the table has no readable `{what}`"));
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let key = string("pk").and_then(|key| key.strip_prefix("incident#")).ok_or_else(|| broken("pk"))?;
    let finding =
        string("finding").and_then(|json| serde_json::from_str(json).ok()).ok_or_else(|| broken("finding"))?;
    let opened = integer(item, "opened").and_then(|at| Timestamp::from_second(at.try_into().ok()?).ok());
    Ok(Due {
        incident: IncidentKey::from_stored(key),
        finding,
        opened: opened.ok_or_else(|| broken("opened"))?,
        count: integer(item, "count").ok_or_else(|| broken("count"))?,
        told: integer(item, "told").unwrap_or(0),
    })
}

fn as_json(finding: &Finding) -> Result<String, LedgerDown> {
    serde_json::to_string(finding).map_err(|error| LedgerDown(error.to_string()))
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn seconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

fn integer(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn flag(item: &Item, name: &str) -> bool {
    item.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or(false)
}

fn down(error: &(dyn std::error::Error + 'static)) -> LedgerDown {
    LedgerDown(because(error))
}

/// Whether a conditional write was made; `false` when its condition did not hold.
fn unless_condition_failed<T, R: std::fmt::Debug + 'static>(
    written: Result<T, aws_sdk_dynamodb::error::SdkError<UpdateItemError, R>>,
) -> Result<bool, LedgerDown> {
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(down(&error)),
    }
}
