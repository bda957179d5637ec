//! Quarantine's IAM and its records.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iam::operation::get_user::GetUserError;
use aws_sdk_iam::types::StatusType;
use jiff::{SignedDuration, Timestamp};

use super::{CONDITION_FAILED, because, text};
use crate::quarantine::{Budget, Facts, Iam, KeyFacts, Moved, Record, Records, Step};

/// How long a record is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The one item that holds the budget.
const BUDGET: &str = "budget#users";

/// IAM as quarantine uses it.
#[derive(Debug, Clone)]
pub struct AwsIam(pub aws_sdk_iam::Client);

/// Records and budget in the stack's table.
#[derive(Debug, Clone)]
pub struct DynamoRecords {
    pub client: aws_sdk_dynamodb::Client,
    pub table: String,
}

impl Iam for AwsIam {
    async fn facts(&self, user: &str) -> Result<Option<Facts>, String> {
        let arn = match self.0.get_user().user_name(user).send().await {
            Ok(answer) => answer.user().map(|user| user.arn().to_owned()).unwrap_or_default(),
            Err(error) if matches!(error.as_service_error(), Some(GetUserError::NoSuchEntityException(_))) => {
                return Ok(None);
            }
            Err(error) => return Err(format!("`iam:GetUser` of {user} failed: {}", because(&error))),
        };
        let mut keys = Vec::new();
        let mut pages = self.0.list_access_keys().user_name(user).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("`iam:ListAccessKeys` of {user} failed: {}", because(&error)))?;
            keys.extend(page.access_key_metadata().iter().map(|key| KeyFacts {
                id: key.access_key_id().unwrap_or_default().to_owned(),
                active: key.status() == Some(&StatusType::Active),
                created: key.create_date().and_then(|at| Timestamp::from_second(at.secs()).ok()),
            }));
        }
        Ok(Some(Facts { arn, keys }))
    }

    async fn apply(&self, step: &Step) -> Result<(), String> {
        self.set(step, StatusType::Inactive).await
    }

    async fn revert(&self, step: &Step) -> Result<(), String> {
        self.set(step, StatusType::Active).await
    }
}

impl AwsIam {
    async fn set(&self, step: &Step, status: StatusType) -> Result<(), String> {
        let Step::DisableAccessKey { user, key } = step;
        let set = self.0.update_access_key().user_name(user).access_key_id(key).status(status).send().await;
        set.map(drop).map_err(|error| format!("`iam:UpdateAccessKey` of {key} failed: {}", because(&error)))
    }
}

impl Records for DynamoRecords {
    async fn get(&self, id: &str) -> Result<Option<Record>, String> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(record_key(id))).consistent_read(true);
        let answer = read.send().await.map_err(|error| format!("the record was not read: {}", because(&error)))?;
        answer.item().map(readable).transpose()
    }

    async fn open(&self, record: &Record) -> Result<Moved, String> {
        let put = self.put(record)?.condition_expression("attribute_not_exists(pk)");
        moved(put.send().await)
    }

    async fn save(&self, record: &Record, was: &Record) -> Result<Moved, String> {
        let put = self
            .put(record)?
            .condition_expression("#state = :state AND #at = :at")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":state", text(was.state.to_string()))
            .expression_attribute_values(":at", text(was.at.to_string()));
        moved(put.send().await)
    }

    async fn budget(&self) -> Result<(Budget, u64), String> {
        let read = self.client.get_item().table_name(&self.table).key("pk", text(BUDGET)).consistent_read(true);
        let answer = read.send().await.map_err(|error| format!("the budget was not read: {}", because(&error)))?;
        let Some(item) = answer.item() else { return Ok((Budget::default(), 0)) };
        let budget = item.get("budget").and_then(|json| serde_json::from_str(json.as_s().ok()?).ok());
        let version = item.get("version").and_then(|version| version.as_n().ok()?.parse().ok());
        budget
            .zip(version)
            .ok_or_else(|| format!("the item `{BUDGET}` in the table cannot be read; delete it to start anew"))
    }

    async fn put_budget(&self, budget: &Budget, version: u64) -> Result<Moved, String> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(BUDGET))
            .item("budget", text(serde_json::to_string(budget).map_err(|error| error.to_string())?))
            .item("version", AttributeValue::N((version + 1).to_string()))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        moved(put.send().await)
    }
}

impl DynamoRecords {
    /// All records, the latest first. For a person: it reads the whole table.
    pub async fn list(&self) -> Result<Vec<Record>, String> {
        let mut records: Vec<Record> = Vec::new();
        let scan = self.client.scan().table_name(&self.table).filter_expression("begins_with(pk, :record)");
        let mut pages = scan.expression_attribute_values(":record", text("record#")).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("the records were not read: {}", because(&error)))?;
            for item in page.items() {
                records.push(readable(item)?);
            }
        }
        records.sort_by(|a, b| (b.received, &b.id).cmp(&(a.received, &a.id)));
        Ok(records)
    }

    fn put(
        &self,
        record: &Record,
    ) -> Result<aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder, String> {
        let json = serde_json::to_string(record).map_err(|error| error.to_string())?;
        let expires = (record.received + KEPT).as_second().to_string();
        Ok(self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(record_key(&record.id)))
            .item("record", text(json))
            .item("state", text(record.state.to_string()))
            .item("at", text(record.at.to_string()))
            .item("expires", AttributeValue::N(expires)))
    }
}

fn record_key(id: &str) -> String {
    format!("record#{id}")
}

fn readable(item: &std::collections::HashMap<String, AttributeValue>) -> Result<Record, String> {
    let json = item.get("record").and_then(|json| json.as_s().ok()).ok_or("a record in the table has no `record`")?;
    serde_json::from_str(json).map_err(|error| format!("a record in the table cannot be read: {error}"))
}

fn moved<T, E, R>(written: Result<T, aws_sdk_dynamodb::error::SdkError<E, R>>) -> Result<Moved, String>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    match written {
        Ok(_) => Ok(Moved::Yes),
        Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(Moved::No),
        Err(error) => Err(format!("the table was not written: {}", because(&error))),
    }
}
