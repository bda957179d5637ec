//! `iamwatch quarantine`: what was done to keys, and how to take it back.

use std::io;
use std::process::ExitCode;

use clap::Subcommand;

use crate::terminal::complain;

/// See what quarantine did, and take it back.
#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
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
    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unnecessary_wraps, reason = "as every command")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        let command = match self {
            Self::List => "list".to_owned(),
            Self::Show { id } => format!("show {id}"),
            Self::Restore { id } => format!("restore {id}"),
        };
        complain(&format!(
            "this program was built without AWS; run `cargo run -p iamwatch-cli --features aws -- quarantine {command}`"
        ));
        Ok(ExitCode::from(2))
    }

    #[cfg(feature = "aws")]
    #[expect(clippy::unnecessary_wraps, reason = "as every command")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        complain(&format!("{self:?} cannot be done yet: quarantine keeps no records"));
        Ok(ExitCode::from(2))
    }
}
