//! `iamwatch baseline` with AWS.

use std::io::{self, Write};
use std::process::ExitCode;

use iamwatch::aws::serve::now;
use iamwatch::aws::{Clients, DynamoLedger, baseline, table_of_stack};

use super::Baseline;
use crate::terminal::{self, complain};

/// Learns the account that the environment's credentials belong to.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(asked: &Baseline) -> io::Result<ExitCode> {
    match learn(asked).await {
        Ok(learned) => {
            writeln!(terminal::out(), "learned what stands in {learned} policies, doors and boundaries")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            complain(&why);
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn learn(asked: &Baseline) -> Result<usize, String> {
    let clients = Clients::of_person().await;
    let client = clients.dynamodb();
    let table = match &asked.table {
        Some(table) => table.clone(),
        None => table_of_stack(&client, &asked.stack).await?,
    };
    baseline::learn(&clients.iam(), &DynamoLedger { client, table }, now()).await
}
