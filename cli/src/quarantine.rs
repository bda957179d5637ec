//! `iamwatch quarantine`: what was done to keys, and how to take it back.

#[cfg(feature = "aws")]
mod live;

use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};

#[cfg(not(feature = "aws"))]
use crate::terminal::complain;

/// See what quarantine did, and take it back.
#[derive(Debug, Args)]
pub(crate) struct Quarantine {
    /// The stack whose records are meant.
    #[arg(long, global = true, default_value = "iamwatch")]
    stack: String,
    /// The stack's table, where the account may list no tables.
    #[arg(long, global = true, env = "IAMWATCH_TABLE")]
    table: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what quarantine planned and did.
    List,
    /// Print one record: what was found, each step, its proof and its undo.
    Show {
        /// The record, as `list` and the alert name it.
        id: String,
    },
    /// Take the steps of one record back.
    Restore {
        /// The record, as `list` and the alert name it.
        id: String,
    },
}

impl Quarantine {
    #[cfg(feature = "aws")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        live::run(self)
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unnecessary_wraps, reason = "as every command")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        let command = match &self.command {
            Command::List => "list".to_owned(),
            Command::Show { id } => format!("show {id}"),
            Command::Restore { id } => format!("restore {id}"),
        };
        complain(&format!(
            "this program was built without AWS; run `cargo run -p iamwatch-cli --features aws -- quarantine {command}`"
        ));
        Ok(ExitCode::from(2))
    }
}
