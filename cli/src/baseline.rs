//! `iamwatch baseline`: what stands in the account's policies today.

#[cfg(feature = "aws")]
mod live;

use std::io;
use std::process::ExitCode;

use clap::Args;

#[cfg(not(feature = "aws"))]
use crate::terminal::complain;

/// Let a stack learn what the account's policies say today, so that it can tell what the first change of each adds.
///
/// Reads all inline policies, trust policies, boundaries and customer managed policies with
/// `iam:GetAccountAuthorizationDetails` and writes them into the stack's table. To be run once after deploying; running it
/// again does no harm. Without it, the first change of each policy is judged as if all of it were new.
#[derive(Debug, Args)]
pub(crate) struct Baseline {
    /// The stack that learns.
    #[arg(long, default_value = "iamwatch")]
    stack: String,
    /// The stack's table, where the account may list no tables.
    #[arg(long, env = "IAMWATCH_TABLE")]
    table: Option<String>,
}

impl Baseline {
    #[cfg(feature = "aws")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        live::run(self)
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unnecessary_wraps, reason = "as every command")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        let Self { stack, table } = self;
        let table = table.as_ref().map(|table| format!(" --table {table}")).unwrap_or_default();
        complain(&format!(
            "this program was built without AWS; run `cargo run -p iamwatch-cli --features aws -- baseline --stack {stack}{table}`"
        ));
        Ok(ExitCode::from(2))
    }
}
