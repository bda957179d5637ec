//! What the commands share that ask a stack in AWS.

use std::io;
#[cfg(feature = "aws")]
use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;
#[cfg(feature = "aws")]
use iamwatch::aws::containment::DynamoRecords;
#[cfg(feature = "aws")]
use iamwatch::aws::{Clients, DynamoLedger, table_of_stack};

use crate::terminal;

/// Which stack is asked.
#[derive(Debug, Args)]
pub(crate) struct Stack {
    /// The stack that is meant.
    #[arg(long = "stack", global = true, default_value = "iamwatch")]
    pub(crate) name: String,
    /// The stack's table, where the account may list no tables.
    #[arg(long, global = true, env = "IAMWATCH_TABLE")]
    pub(crate) table: Option<String>,
}

#[cfg(feature = "aws")]
impl Stack {
    /// What the stack remembers and counts.
    pub(crate) async fn ledger(&self, clients: &Clients) -> Result<DynamoLedger, String> {
        let client = clients.dynamodb();
        let table = match &self.table {
            Some(table) => table.clone(),
            None => table_of_stack(&client, &self.name).await?,
        };
        Ok(DynamoLedger { client, table })
    }

    /// The records of its quarantine, which stand in the same table.
    pub(crate) async fn records(&self, clients: &Clients) -> Result<DynamoRecords, String> {
        let DynamoLedger { client, table } = self.ledger(clients).await?;
        Ok(DynamoRecords { client, table })
    }
}

/// Prints what a command found, or what was wrong.
#[cfg(feature = "aws")]
pub(crate) fn said(answer: Result<String, String>) -> io::Result<ExitCode> {
    match answer {
        Ok(text) => {
            terminal::out().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            terminal::complain(&why);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Says how to get a program that can do what was asked.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unnecessary_wraps, reason = "as every command")]
pub(crate) fn without_aws() -> io::Result<ExitCode> {
    let asked: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let asked = asked.join(" ");
    terminal::complain(&format!(
        "this program was built without AWS; run `cargo run -p iamwatch-cli --features aws -- {asked}`"
    ));
    Ok(ExitCode::from(2))
}
