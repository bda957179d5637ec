//! `iamwatch baseline` with AWS.

use std::io;
use std::process::ExitCode;

use iamwatch::aws::serve::now;
use iamwatch::aws::{Clients, baseline};

use crate::stack::{Stack, said};

/// Learns the account that the environment's credentials belong to.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(stack: &Stack) -> io::Result<ExitCode> {
    said(learn(stack).await)
}

async fn learn(stack: &Stack) -> Result<String, String> {
    let clients = Clients::of_person().await;
    let learned = baseline::learn(&clients.iam(), &stack.ledger(&clients).await?, now()).await?;
    Ok(format!("learned what stands in {learned} policies, doors and boundaries\n"))
}
