//! The ledger in `DynamoDB`: one table, key `pk`, index `due` for open incidents.
//!
//! `claim#WATCHER#ACCOUNT#EVENT` holds a claim, `incident#KEY` an incident, `memory#KIND#KEY` what is remembered,
//! `denied#KEY` what a principal was denied, `exception#ID` what an exception suppressed, `cap#topic` what was published lately, `held#KEY` an alert that was held
//! back. An incident is open while it has the `due_bucket` `open`: the sparse index then lists it. What is held back has
//! the bucket `held`. Times are epoch seconds.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    WriteRequest,
};
use jiff::Timestamp;

use super::{CONDITION_FAILED, OnDemand, because, text};
use crate::cap::{Admission, Cap, Held, Message};
use crate::denials::{Counted, Denials, Dossier, Open, Owed, Settled};
use crate::exceptions::Suppressions;
use crate::finding::{Finding, IncidentKey, Severity};
use crate::fingerprint;
use crate::ledger::{
    ABANDONED, Claim, DENIED, Delivery, Due, HELD_AT_ONCE, KEPT, LEASE, Ledger, LedgerError, MOST_MEMBERS, MemoryKey,
    Note, Progress, REMEMBERED, SUPPRESSED, Standing, WINDOW, step,
};

/// The ledger of a stack.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    pub client: OnDemand<Client>,
    pub table: String,
}

type Item = HashMap<String, AttributeValue>;

/// `DynamoDB`'s word for a plain write to an item that a transaction is just writing.
const CONFLICT: &str = "TransactionConflictException";

/// The one item that the cap is kept in.
const CAP: &str = "cap#topic";

/// How often a turn is asked for against others that ask at the same moment. Each failure is somebody else's turn, and of
/// these ten can be waited for at once.
const ADMISSION_TRIES: u32 = 12;

/// How many items one call deletes at most, by `DynamoDB`'s limit.
const BATCH: usize = 25;

/// How often a count is tried against others that count the same incident at the same moment.
const CONTENTION_TRIES: u32 = 8;

impl Ledger for DynamoLedger {
    async fn claim(&self, delivery: &Delivery, now: Timestamp) -> Result<Claim, LedgerError> {
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
                // Its holder is just counting it.
                _ if error.code() == Some(CONFLICT) => return Ok(Claim::Busy),
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
    ) -> Result<Standing, LedgerError> {
        let incident = finding.incident();
        if !progress.counted {
            self.count_once(delivery, &incident, finding, now).await?;
        }
        let item = self.read(incident_key(&incident)).await?.unwrap_or_default();
        let count = integer(&item, "count").unwrap_or(1);
        let speaks = count >= finding.speaks_at
            && !progress.told
            && self.take_floor(delivery, &incident, finding, count).await?;
        let told = integer(&item, "told").unwrap_or(0);
        Ok(Standing { incident, count, told, opened: time(&item, "opened"), speaks, unclaimed: false })
    }

    async fn told(&self, delivery: &Delivery, standing: &Standing) -> Result<(), LedgerError> {
        let claim = self.update_item(claim_key(delivery)).update_expression("SET told = :yes");
        self.write(claim.expression_attribute_values(":yes", AttributeValue::Bool(true))).await?;
        self.told_of(&standing.incident, standing.count).await
    }

    async fn suppress(&self, delivery: &Delivery, exception: &str, now: Timestamp) -> Result<(), LedgerError> {
        for attempt in 0..CONTENTION_TRIES {
            let count = self.suppress_more(exception, 1, now)?;
            let mark = self.counted_now(delivery)?;
            let written = self.client.transact_write_items().transact_items(mark).transact_items(count).send().await;
            let Err(error) = written else { return Ok(()) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
            else {
                return Err(down(&error));
            };
            match cancelled.cancellation_reasons().first().and_then(|reason| reason.code()) {
                Some("ConditionalCheckFailed") => return Ok(()),
                _ => tokio::time::sleep(pause(attempt)).await,
            }
        }
        Err(LedgerError::Contended)
    }

    async fn suppressed(&self, exception: &str) -> Result<Option<Suppressions>, LedgerError> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(exception_key(exception)));
        let answer = read.consistent_read(true).send().await.map_err(|error| down(&error))?;
        Ok(answer.item().and_then(suppressions))
    }

    async fn confirm(&self, delivery: &Delivery, now: Timestamp) -> Result<(), LedgerError> {
        let confirm = self
            .update_item(claim_key(delivery))
            .update_expression("SET done = :yes, expires = :expires")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":expires", seconds(now + REMEMBERED));
        self.write(confirm).await.map(drop)
    }

    async fn release(&self, delivery: &Delivery) -> Result<(), LedgerError> {
        let release = self
            .update_item(claim_key(delivery))
            .update_expression("SET lease_until = :never")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(done)")
            .expression_attribute_values(":never", AttributeValue::N("0".to_owned()));
        self.write(release).await.map(drop)
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, LedgerError> {
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
        let mut readable = Vec::new();
        for item in answer.items() {
            match due(item) {
                Some(due) => readable.push(due),
                None => self.set_aside(item).await?,
            }
        }
        Ok(readable)
    }

    async fn put_off(&self, due: &Due) -> Result<(), LedgerError> {
        let put_off = self
            .update_item(incident_key(&due.incident))
            .update_expression("SET due_at = :due_at, expires = :expires")
            .condition_expression("opened = :opened AND attribute_exists(due_bucket)")
            .expression_attribute_values(":opened", seconds(due.opened))
            .expression_attribute_values(":due_at", seconds(due.end()))
            .expression_attribute_values(":expires", seconds(due.end() + KEPT));
        self.write(put_off).await.map(drop)
    }

    async fn close(&self, due: &Due, now: Timestamp) -> Result<(), LedgerError> {
        let close = self
            .update_item(incident_key(&due.incident))
            .update_expression("SET told = :count, expires = :expires REMOVE due_bucket")
            .condition_expression("#count = :count AND opened = :opened")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":count", number(due.count))
            .expression_attribute_values(":opened", seconds(due.opened))
            .expression_attribute_values(":expires", seconds(now + KEPT));
        if self.write(close).await? {
            return Ok(());
        }
        // It grew while it was told: the rest is told after another window.
        let later = self
            .update_item(incident_key(&due.incident))
            .update_expression("SET told = :count, due_at = :due_at, expires = :expires")
            .condition_expression("opened = :opened")
            .expression_attribute_values(":count", number(due.count))
            .expression_attribute_values(":opened", seconds(due.opened))
            .expression_attribute_values(":due_at", seconds(now + WINDOW))
            .expression_attribute_values(":expires", seconds(now + WINDOW + KEPT));
        self.write(later).await.map(drop)
    }

    async fn admit(&self, message: Message, received: Timestamp, now: Timestamp) -> Result<Admission, LedgerError> {
        for _ in 0..ADMISSION_TRIES {
            let item = self.read(CAP.to_owned()).await?.unwrap_or_default();
            let version = integer(&item, "version").unwrap_or(0);
            // One that cannot be read is begun anew: the topic must not stay closed.
            let cap = item.get("cap").and_then(|json| serde_json::from_str(json.as_s().ok()?).ok());
            let mut cap: Cap = cap.unwrap_or_default();
            // Who gets no turn writes nothing, so that a flood does not wait for itself.
            let admission = cap.admit(message, received, now);
            if admission == Admission::HeldBack || self.put_cap(&cap, version).await? {
                return Ok(admission);
            }
        }
        Ok(if message == Message::Critical { Admission::Turn(super::serve::now()) } else { Admission::HeldBack })
    }

    async fn hold(&self, held: &Held) -> Result<(), LedgerError> {
        let json = serde_json::to_string(held).map_err(|error| LedgerError::Down(error.to_string()))?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(held_key(held)))
            .item("due_bucket", text("held"))
            .item("due_at", seconds(held.at))
            .item("expires", seconds(held.at + REMEMBERED))
            .item("held", text(json));
        put.send().await.map(drop).map_err(|error| down(&error))
    }

    async fn held(&self) -> Result<Vec<Held>, LedgerError> {
        let mut held = Vec::new();
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("due_bucket = :held")
            .expression_attribute_values(":held", text("held"))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| down(&error))?.items() {
                match item.get("held").and_then(|json| serde_json::from_str(json.as_s().ok()?).ok()) {
                    Some(one) => held.push(one),
                    None => self.set_aside(item).await?,
                }
            }
            if held.len() >= HELD_AT_ONCE {
                held.truncate(HELD_AT_ONCE);
                break;
            }
        }
        Ok(held)
    }

    async fn let_go(&self, held: &[Held]) -> Result<(), LedgerError> {
        for batch in held.chunks(BATCH) {
            let keys = batch.iter().map(|held| HashMap::from([("pk".to_owned(), text(held_key(held)))]));
            let deletes: Result<Vec<_>, _> =
                keys.map(|key| DeleteRequest::builder().set_key(Some(key)).build()).collect();
            let deletes = deletes.map_err(|error| down(&error))?;
            let mut left: Vec<_> =
                deletes.into_iter().map(|delete| WriteRequest::builder().delete_request(delete).build()).collect();
            for attempt in 0..CONTENTION_TRIES {
                let written = self.client.batch_write_item().request_items(&self.table, left).send().await;
                let written = written.map_err(|error| down(&error))?;
                left = written.unprocessed_items.and_then(|mut left| left.remove(&self.table)).unwrap_or_default();
                if left.is_empty() {
                    break;
                }
                tokio::time::sleep(pause(attempt)).await;
            }
            if !left.is_empty() {
                return Err(LedgerError::Contended);
            }
        }
        Ok(())
    }

    async fn recall(&self, key: &MemoryKey, now: Timestamp) -> Result<Option<Note>, LedgerError> {
        Ok(self.read(memory_key(key)).await?.as_ref().and_then(note).filter(|note| note.until > now))
    }

    async fn remember(&self, key: &MemoryKey, note: &Note, now: Timestamp) -> Result<(), LedgerError> {
        let remember = self
            .update_item(memory_key(key))
            .update_expression("SET #note = :note, #since = :at, expires = :until")
            .condition_expression("attribute_not_exists(pk) OR expires <= :now OR #since <= :at")
            .expression_attribute_names("#note", "note")
            .expression_attribute_names("#since", "since")
            .expression_attribute_values(":note", text(note.text.as_str()))
            .expression_attribute_values(":at", seconds(note.at))
            .expression_attribute_values(":until", seconds(note.until))
            .expression_attribute_values(":now", seconds(now));
        self.write(remember).await.map(drop)
    }

    async fn tally(
        &self,
        key: &MemoryKey,
        member: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let member = AttributeValue::Ss(vec![fingerprint::of([member], 8)]);
        let add = |ends: bool| {
            let item = self.update_item(memory_key(key)).return_values(ReturnValue::AllNew);
            let item = if ends {
                // The one before is over: the first of a new one.
                item.update_expression("SET members = :member, expires = :until")
                    .condition_expression("attribute_not_exists(pk) OR expires <= :now")
                    .expression_attribute_values(":until", seconds(until))
            } else {
                item.update_expression("ADD members :member")
                    .condition_expression("expires > :now AND size(members) < :most")
                    .expression_attribute_values(":most", number(MOST_MEMBERS as u64))
            };
            item.expression_attribute_values(":member", member.clone())
                .expression_attribute_values(":now", seconds(now))
        };
        for attempt in 0..CONTENTION_TRIES {
            for ends in [false, true] {
                match add(ends).send().await {
                    Ok(answer) => return Ok(answer.attributes().and_then(members).unwrap_or(1)),
                    Err(error) if error.code() == Some(CONDITION_FAILED) => {}
                    Err(error) => return Err(down(&error)),
                }
            }
            // Neither open nor over: it is full, or another began it just now.
            let read = self.client.get_item().table_name(&self.table).key("pk", text(memory_key(key)));
            let answer = read.consistent_read(true).send().await.map_err(|error| down(&error))?;
            if let Some(full) = answer.item().and_then(members).filter(|members| *members >= MOST_MEMBERS) {
                return Ok(full);
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(LedgerError::Contended)
    }

    async fn dossier(&self, key: &IncidentKey, now: Timestamp) -> Result<Dossier, LedgerError> {
        // One after the other, in this order: both are written together, under the condition that the dossier is as it was read. So
        // whoever writes in between is noticed; were the incident read first, what they counted would be overwritten.
        let kept = self.read(denied_key(key)).await?;
        let incident = self.read(incident_key(key)).await?;
        let mut dossier = kept.as_ref().map(dossier).unwrap_or_default();
        let is_open = |item: &Item| {
            let due_at = time(item, "due_at").unwrap_or(Timestamp::UNIX_EPOCH);
            item.contains_key("due_bucket") && due_at + ABANDONED > now
        };
        dossier.open = incident.filter(is_open).as_ref().and_then(open);
        Ok(dossier)
    }

    async fn keep(
        &self,
        key: &IncidentKey,
        dossier: &Dossier,
        suppressed: &BTreeMap<String, u64>,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let mut writes = vec![self.keep_denials(key, dossier, now)?];
        if let Some(open) = &dossier.open {
            writes.push(self.keep_incident(key, open, now)?);
        }
        for (exception, count) in suppressed {
            writes.push(self.suppress_more(exception, *count, now)?);
        }
        for attempt in 0..CONTENTION_TRIES {
            let written = self.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = written else { return Ok(true) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
            else {
                return Err(down(&error));
            };
            let mut reasons = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            if reasons.any(|reason| reason == "ConditionalCheckFailed") {
                return Ok(false);
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(LedgerError::Contended)
    }

    async fn settle(&self, key: &IncidentKey, open: &Open, settled: Settled) -> Result<(), LedgerError> {
        let Some(owed) = open.owed else { return Ok(()) };
        let left = owed.after(settled);
        let settle = self
            .update_item(incident_key(key))
            .update_expression(match (left, settled.told()) {
                (None, 0) => "REMOVE owed, owed_until, owed_heard",
                (None, _) => "SET told = :told REMOVE owed, owed_until, owed_heard",
                (Some(_), 0) => "SET owed_until = :until, owed_heard = :heard",
                (Some(_), _) => "SET owed_until = :until, owed_heard = :heard, told = :told",
            })
            .condition_expression("opened = :opened AND owed = :owed AND owed_until = :mine")
            .expression_attribute_values(":opened", seconds(open.opened))
            .expression_attribute_values(":owed", number(owed.severity as u64))
            .expression_attribute_values(":mine", seconds(owed.until));
        let settle = match settled.told() {
            0 => settle,
            told => settle.expression_attribute_values(":told", number(told)),
        };
        let settle = match left {
            None => settle,
            Some(left) => settle
                .expression_attribute_values(":until", seconds(left.until))
                .expression_attribute_values(":heard", AttributeValue::Bool(left.heard)),
        };
        if !self.write(settle).await? && settled.told() > 0 {
            self.told_of(key, settled.told()).await?;
        }
        Ok(())
    }

    async fn forget(&self, key: &MemoryKey) -> Result<(), LedgerError> {
        let forget = self.client.delete_item().table_name(&self.table).key("pk", text(memory_key(key)));
        forget.send().await.map(drop).map_err(|error| down(&error))
    }
}

impl DynamoLedger {
    /// Takes a claim whose lease is over, with what its holder already did.
    async fn take_over(&self, delivery: &Delivery, held: &Item, now: Timestamp) -> Result<Claim, LedgerError> {
        let take = self
            .update_item(claim_key(delivery))
            .update_expression("SET lease_until = :until")
            .condition_expression("lease_until <= :now AND attribute_not_exists(done)")
            .expression_attribute_values(":until", seconds(now + LEASE))
            .expression_attribute_values(":now", seconds(now));
        if self.write(take).await? {
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
    ) -> Result<(), LedgerError> {
        let mut opens = false;
        for attempt in 0..CONTENTION_TRIES {
            let mark = self.counted_now(delivery)?;
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
                _ => tokio::time::sleep(pause(attempt)).await,
            }
        }
        Err(LedgerError::Contended)
    }

    /// What a principal was denied, unless somebody wrote it meanwhile.
    fn keep_denials(
        &self,
        key: &IncidentKey,
        dossier: &Dossier,
        now: Timestamp,
    ) -> Result<TransactWriteItem, LedgerError> {
        let denials = serde_json::to_string(&*dossier.denials).map_err(|error| LedgerError::Down(error.to_string()))?;
        let put = Put::builder()
            .table_name(&self.table)
            .item("pk", text(denied_key(key)))
            .item("version", number(dossier.version + 1))
            .item("denials", text(denials))
            .item("counted", AttributeValue::B(dossier.counted.to_bytes().into()))
            .item("expires", seconds(now + DENIED))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", number(dossier.version))
            .build()
            .map_err(|error| down(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// An incident as a dossier has it: opened, or grown if it is open still.
    fn keep_incident(&self, key: &IncidentKey, open: &Open, now: Timestamp) -> Result<TransactWriteItem, LedgerError> {
        let spoke = open.spoke.map(|severity| number(severity as u64));
        let owed = open.owed.map(|owed| {
            [
                ("owed", number(owed.severity as u64)),
                ("owed_until", seconds(owed.until)),
                ("owed_heard", AttributeValue::Bool(owed.heard)),
            ]
        });
        let more = spoke.map(|spoke| ("spoke", spoke)).into_iter().chain(owed.into_iter().flatten());
        if open.is_new {
            let put = Put::builder()
                .table_name(&self.table)
                .item("pk", text(incident_key(key)))
                .item("count", number(open.count))
                .item("told", number(open.told))
                .item("opened", seconds(open.opened))
                .item("latest", seconds(open.last))
                .item("due_bucket", text("open"))
                .item("due_at", seconds(open.opened + WINDOW))
                .item("expires", seconds(open.opened + WINDOW + KEPT))
                .item("finding", text(as_json(&open.finding)?));
            let put = more.fold(put, |put, (name, value)| put.item(name, value));
            let put = put
                .condition_expression("attribute_not_exists(due_bucket) OR due_at <= :abandoned")
                .expression_attribute_values(":abandoned", seconds(now - ABANDONED));
            let put = put.build().map_err(|error| down(&error))?;
            return Ok(TransactWriteItem::builder().put(put).build());
        }
        let mut expression = "SET #count = :count, latest = :latest, finding = :finding".to_owned();
        let mut update = self
            .update(incident_key(key))
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":count", number(open.count))
            .expression_attribute_values(":latest", seconds(open.last))
            .expression_attribute_values(":finding", text(as_json(&open.finding)?));
        for (name, value) in more {
            // What was owed when it was read may be settled by now, and is not brought back.
            if name == "spoke" || open.owes {
                // Writing to a string cannot fail.
                let _ = write!(expression, ", {name} = :{name}");
                update = update.expression_attribute_values(format!(":{name}"), value);
            }
        }
        let update = update
            .update_expression(expression)
            .condition_expression("opened = :opened AND attribute_exists(due_bucket)")
            .expression_attribute_values(":opened", seconds(open.opened))
            .build()
            .map_err(|error| down(&error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Counts what an exception suppressed.
    fn suppress_more(&self, exception: &str, count: u64, now: Timestamp) -> Result<TransactWriteItem, LedgerError> {
        let count = self
            .update(exception_key(exception))
            .update_expression(
                "SET #since = if_not_exists(#since, :now), #last = :now, expires = :expires ADD #count :count",
            )
            .expression_attribute_names("#since", "since")
            .expression_attribute_names("#last", "last")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":expires", seconds(now + SUPPRESSED))
            .expression_attribute_values(":count", number(count))
            .build()
            .map_err(|error| down(&error))?;
        Ok(TransactWriteItem::builder().update(count).build())
    }

    /// Marks a delivery as counted, which it must not be yet.
    fn counted_now(&self, delivery: &Delivery) -> Result<TransactWriteItem, LedgerError> {
        let mark = self
            .update(claim_key(delivery))
            .update_expression("SET counted = :yes")
            .condition_expression("attribute_not_exists(counted)")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .build()
            .map_err(|error| down(&error))?;
        Ok(TransactWriteItem::builder().update(mark).build())
    }

    /// Adds one to an open incident.
    fn add(&self, incident: &IncidentKey, now: Timestamp) -> Result<TransactWriteItem, LedgerError> {
        let add = self
            .update(incident_key(incident))
            .update_expression("ADD #count :one SET latest = :now")
            .condition_expression("attribute_exists(due_bucket) AND due_at > :abandoned")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":abandoned", seconds(now - ABANDONED))
            .build()
            .map_err(|error| down(&error))?;
        Ok(TransactWriteItem::builder().update(add).build())
    }

    /// Opens an incident where none is open, with a count of one.
    fn open(
        &self,
        incident: &IncidentKey,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<TransactWriteItem, LedgerError> {
        let put = Put::builder()
            .table_name(&self.table)
            .item("pk", text(incident_key(incident)))
            .item("count", number(1))
            .item("told", number(0))
            .item("opened", seconds(now))
            .item("latest", seconds(now))
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

    async fn read(&self, key: String) -> Result<Option<Item>, LedgerError> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(key)).consistent_read(true);
        Ok(read.send().await.map_err(|error| down(&error))?.item)
    }

    /// Whether this delivery speaks for its incident: nobody spoke at its severity yet, or at this step of the count, or it
    /// did itself in an earlier try.
    async fn take_floor(
        &self,
        delivery: &Delivery,
        incident: &IncidentKey,
        finding: &Finding,
        count: u64,
    ) -> Result<bool, LedgerError> {
        let take = self
            .update_item(incident_key(incident))
            .update_expression("SET loudest = :loudness, step = :step, speaker = :me, finding = :finding")
            .condition_expression(
                "attribute_not_exists(loudest) OR loudest < :loudness OR (loudest = :loudness AND step < :step) \
                 OR speaker = :me",
            )
            .expression_attribute_values(":step", number(step(count)))
            .expression_attribute_values(":loudness", number(finding.severity as u64))
            .expression_attribute_values(":me", text(delivery.to_string()))
            .expression_attribute_values(":finding", text(as_json(finding)?));
        self.write(take).await
    }

    /// Remembers that people heard of `count` events; never of fewer than before.
    async fn told_of(&self, incident: &IncidentKey, count: u64) -> Result<(), LedgerError> {
        let told = self
            .update_item(incident_key(incident))
            .update_expression("SET told = :count")
            .condition_expression("told < :count")
            .expression_attribute_values(":count", number(count));
        self.write(told).await.map(drop)
    }

    /// Writes the cap if nobody did since it was read.
    async fn put_cap(&self, cap: &Cap, version: u64) -> Result<bool, LedgerError> {
        let json = serde_json::to_string(cap).map_err(|error| LedgerError::Down(error.to_string()))?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(CAP))
            .item("cap", text(json))
            .item("version", number(version + 1))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", number(version));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(false),
            Err(error) => Err(down(&error)),
        }
    }

    /// Takes what cannot be read out of the index, where it would stand in the way of others.
    async fn set_aside(&self, item: &Item) -> Result<(), LedgerError> {
        let Some(key) = item.get("pk").and_then(|key| key.as_s().ok()) else { return Ok(()) };
        self.write(self.update_item(key.clone()).update_expression("REMOVE due_bucket")).await.map(drop)
    }

    /// Makes a conditional write; `false` if its condition does not hold. An item that a transaction is just writing is
    /// refused, and the SDK does not try that again by itself.
    async fn write(&self, update: UpdateItemFluentBuilder) -> Result<bool, LedgerError> {
        for attempt in 0..CONTENTION_TRIES {
            let Err(error) = update.clone().send().await else { return Ok(true) };
            match error.code() {
                Some(CONDITION_FAILED) => return Ok(false),
                Some(CONFLICT) => tokio::time::sleep(pause(attempt)).await,
                _ => return Err(down(&error)),
            }
        }
        Err(LedgerError::Contended)
    }

    fn update_item(&self, key: String) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("pk", text(key))
    }

    fn update(&self, key: String) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder().table_name(&self.table).key("pk", text(key))
    }
}

/// The table of a stack, which `CloudFormation` named after it.
///
/// # Errors
///
/// When there is no such table, or several, or they cannot be listed.
pub async fn table_of_stack(client: &Client, stack: &str) -> Result<String, String> {
    let prefix = format!("{stack}-Ledger-");
    let mut found = Vec::new();
    let mut pages = client.list_tables().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| format!("the account's tables were not listed: {}", because(&error)))?;
        found.extend(page.table_names().iter().filter(|name| name.starts_with(&prefix)).cloned());
    }
    match <[String; 1]>::try_from(found) {
        Ok([table]) => Ok(table),
        Err(found) if found.is_empty() => Err(format!(
            "no stack `{stack}` has a table in this account and region; check the credentials, `AWS_REGION` and `--stack`"
        )),
        Err(found) => {
            Err(format!("stack `{stack}` has several tables ({}); name one with `--table`", found.join(", ")))
        }
    }
}

fn claim_key(delivery: &Delivery) -> String {
    format!("claim#{delivery}")
}

fn incident_key(incident: &IncidentKey) -> String {
    format!("incident#{incident}")
}

fn memory_key(key: &MemoryKey) -> String {
    format!("memory#{key}")
}

fn denied_key(key: &IncidentKey) -> String {
    format!("denied#{key}")
}

/// What is kept of a principal. What cannot be read is begun anew: its denied calls must not wait for ever.
fn dossier(item: &Item) -> Dossier {
    let denials: Option<Denials> = item.get("denials").and_then(|json| serde_json::from_str(json.as_s().ok()?).ok());
    let counted = item.get("counted").and_then(|bytes| bytes.as_b().ok());
    Dossier {
        version: integer(item, "version").unwrap_or(0),
        denials: Arc::new(denials.unwrap_or_default()),
        counted: counted.map(|bytes| Counted::from_bytes(bytes.as_ref())).unwrap_or_default(),
        open: None,
    }
}

/// An open incident of a principal.
fn open(item: &Item) -> Option<Open> {
    let severity = |name: &str| {
        let stored = integer(item, name)?;
        Severity::ALL.into_iter().find(|severity| *severity as u64 == stored)
    };
    let Due { finding, opened, last, count, told, .. } = due(item)?;
    let owed = severity("owed").map(|severity| Owed {
        severity,
        until: time(item, "owed_until").unwrap_or(Timestamp::UNIX_EPOCH),
        heard: flag(item, "owed_heard"),
    });
    Some(Open { is_new: false, owes: false, opened, last, count, told, finding, spoke: severity("spoke"), owed })
}

fn exception_key(id: &str) -> String {
    format!("exception#{id}")
}

fn suppressions(item: &Item) -> Option<Suppressions> {
    let time = |name: &str| Timestamp::from_second(integer(item, name)?.try_into().ok()?).ok();
    Some(Suppressions { count: integer(item, "count")?, since: time("since")?, last: time("last")? })
}

fn held_key(held: &Held) -> String {
    format!("held#{}", held.id)
}

fn members(item: &Item) -> Option<usize> {
    item.get("members")?.as_ss().ok().map(Vec::len)
}

fn note(item: &Item) -> Option<Note> {
    Some(Note { text: item.get("note")?.as_s().ok()?.clone(), at: time(item, "since")?, until: time(item, "expires")? })
}

/// A pause that grows with each try and is never the same, so that those who met do not meet again.
fn pause(attempt: u32) -> Duration {
    let spread = RandomState::new().hash_one(attempt) % (20 << attempt);
    Duration::from_millis((10 << attempt) + spread)
}

fn due(item: &Item) -> Option<Due> {
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    Some(Due {
        incident: IncidentKey::from_stored(string("pk")?.strip_prefix("incident#")?),
        finding: serde_json::from_str(string("finding")?).ok()?,
        opened: time(item, "opened")?,
        last: time(item, "latest").or_else(|| time(item, "opened"))?,
        count: integer(item, "count")?,
        told: integer(item, "told").unwrap_or(0),
    })
}

fn as_json(finding: &Finding) -> Result<String, LedgerError> {
    serde_json::to_string(finding).map_err(|error| LedgerError::Down(error.to_string()))
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

fn time(item: &Item, name: &str) -> Option<Timestamp> {
    Timestamp::from_second(integer(item, name)?.try_into().ok()?).ok()
}

fn flag(item: &Item, name: &str) -> bool {
    item.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or(false)
}

fn down(error: &(dyn std::error::Error + 'static)) -> LedgerError {
    LedgerError::Down(because(error))
}
