//! `iamwatch quarantine` with AWS: reads and undoes the records of a stack.

use std::io::{self, Write};
use std::process::ExitCode;

use iamwatch::alert;
use iamwatch::aws::containment::{AwsIam, DynamoRecords};
use iamwatch::aws::serve::now;
use iamwatch::aws::{Clients, Roots, table_of_stack};
use iamwatch::config::Config;
use iamwatch::detect::Context;
use iamwatch::quarantine::{Record, Records as _, restore};

use super::{Command, Quarantine};
use crate::terminal::{self, complain};

/// Runs one command against the account that the environment's credentials belong to.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(asked: &Quarantine) -> io::Result<ExitCode> {
    match answer(asked).await {
        Ok(text) => {
            terminal::out().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            complain(&why);
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn answer(asked: &Quarantine) -> Result<String, String> {
    let clients = Clients::from_env(Roots::System).await;
    let client = clients.dynamodb();
    let table = match &asked.table {
        Some(table) => table.clone(),
        None => table_of_stack(&client, &asked.stack).await?,
    };
    let records = DynamoRecords { client, table };
    match &asked.command {
        Command::List => Ok(listed(&records.list().await?)),
        Command::Show { id } => Ok(whole(&find(&records, id).await?, &asked.stack)),
        Command::Restore { id } => {
            let record = find(&records, id).await?;
            let restored = restore(record, &AwsIam(clients.iam()), &records, now()).await;
            restored.map(|record| whole(&record, &asked.stack)).map_err(|failure| failure.to_string())
        }
    }
}

async fn find(records: &DynamoRecords, id: &str) -> Result<Record, String> {
    let found = records.get(id).await?;
    found.ok_or_else(|| format!("there is no record `{id}`; `iamwatch quarantine list` names them all"))
}

/// One line a record, the latest first.
fn listed(records: &[Record]) -> String {
    if records.is_empty() {
        return "quarantine has no records: no finding asked for it yet\n".to_owned();
    }
    let head = format!("{:<14}  {:<9}  {:<20}  {:<12}  WHAT\n", "RECORD", "STATE", "RECEIVED", "ACCOUNT");
    let row = |record: &Record| {
        let Record { id, state, finding, .. } = record;
        let received = record.received.strftime("%Y-%m-%dT%H:%M:%SZ");
        let what = terminal::clean(&format!("{}: {}", finding.target, finding.act));
        format!("{id:<14}  {state:<9}  {received}  {:<12}  {what}\n", finding.account)
    };
    std::iter::once(head).chain(records.iter().map(row)).collect()
}

/// The record in the words of its mail.
fn whole(record: &Record, stack: &str) -> String {
    let config = Config { stack: stack.to_owned(), ..Config::default() };
    alert::of_containment(record, &Context::new(&config)).email
}
