//! `iamwatch exceptions` with AWS.

use std::io::{self, Write as _};
use std::process::ExitCode;

use iamwatch::aws::{Clients, SsmExceptions};
use iamwatch::exceptions::{self, Exception, day};
use iamwatch::ledger::Ledger as _;

use super::{Command, Exceptions, now, read_or_complain};
use crate::stack::said;
use crate::terminal;

/// Runs one command against the account that the environment's credentials belong to.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(asked: &Exceptions) -> io::Result<ExitCode> {
    let (file, applies) = match &asked.command {
        Command::Check { file } | Command::Plan { file } => (Some(file), false),
        Command::Apply { file } => (Some(file), true),
        Command::Report => (None, false),
    };
    let done = match file.map(|file| read_or_complain(file)) {
        Some(None) => return Ok(ExitCode::from(2)),
        Some(Some(written)) => change(asked, &written, applies).await,
        None => report(asked).await,
    };
    said(done)
}

/// Compares what is written with what is stored, and makes it so if it is to be applied.
async fn change(asked: &Exceptions, written: &[Exception], applies: bool) -> Result<String, String> {
    let clients = Clients::of_person().await;
    let store = SsmExceptions::new(clients.ssm(), &asked.stack.name);
    let plan = exceptions::plan(written, &store.stored(now()).await?);
    if !applies || plan.steps.is_empty() {
        return Ok(plan.to_string());
    }
    // Shown before: should it fail half-way, one sees how far it came.
    let _ = write!(terminal::out(), "{plan}");
    store.apply(&plan, |step| drop(writeln!(terminal::out(), "done: {}", terminal::clean(step.id())))).await?;
    Ok("The functions know it within a minute.\n".to_owned())
}

async fn report(asked: &Exceptions) -> Result<String, String> {
    let clients = Clients::of_person().await;
    let ledger = asked.stack.ledger(&clients).await?;
    let mut rows = Vec::new();
    for stored in SsmExceptions::new(clients.ssm(), &asked.stack.name).stored(now()).await? {
        let did = ledger.suppressed(&stored.id).await.map_err(|error| error.to_string())?;
        rows.push((stored, did));
    }
    Ok(exceptions::report(&rows, day(now())))
}
