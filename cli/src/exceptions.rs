//! `iamwatch exceptions`: who may do what without anybody being told.

mod file;
#[cfg(feature = "aws")]
mod live;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use iamwatch::exceptions::{Exception, day};
use jiff::Timestamp;

use crate::stack::Stack;
#[cfg(not(feature = "aws"))]
use crate::stack::without_aws;
use crate::terminal::{self, complain};

/// Say who may do what without anybody being told: from a file in git to a stack.
///
/// An exception names detections, the whole ARN or IAM path of who acts or of what is acted on, a reason, an owner, and
/// the last day on which it holds. `iamwatch replay --exceptions FILE` tries a file against recorded events.
#[derive(Debug, Args)]
pub(crate) struct Exceptions {
    #[command(flatten)]
    stack: Stack,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a file, without AWS. Ends with status 2 if it has a mistake.
    Check {
        #[arg(value_name = "FILE", default_value = "exceptions.toml")]
        file: PathBuf,
    },
    /// Show what `apply` would change.
    Plan {
        #[arg(value_name = "FILE", default_value = "exceptions.toml")]
        file: PathBuf,
    },
    /// Make the stack's exceptions those of the file. Others are removed, and each change is an alert.
    Apply {
        #[arg(value_name = "FILE", default_value = "exceptions.toml")]
        file: PathBuf,
    },
    /// Show what each exception of the stack suppressed, and which have expired or soon will.
    Report,
}

impl Exceptions {
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        match &self.command {
            Command::Check { file } => {
                let Some(all) = read_or_complain(file) else { return Ok(ExitCode::from(2)) };
                let expired = all.iter().filter(|exception| exception.has_expired(day(now())));
                for exception in expired {
                    complain(&format!("`{}` expired on {}: it suppresses nothing", exception.id, exception.expires));
                }
                let these = if all.len() == 1 { "1 exception".to_owned() } else { format!("{} exceptions", all.len()) };
                writeln!(terminal::out(), "{}: {these} without a mistake", file.display())?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Plan { .. } | Command::Apply { .. } | Command::Report => self.live(),
        }
    }

    #[cfg(feature = "aws")]
    fn live(&self) -> io::Result<ExitCode> {
        live::run(self)
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "as with AWS")]
    fn live(&self) -> io::Result<ExitCode> {
        without_aws()
    }
}

/// The exceptions in a file.
///
/// # Errors
///
/// All mistakes, each with the file's name and, where it is known, the line.
pub(crate) fn read(path: &Path) -> Result<Vec<Exception>, Vec<String>> {
    let at = |line: Option<usize>| match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    };
    let text = fs::read_to_string(path).map_err(|error| vec![format!("{}: cannot be read: {error}", at(None))])?;
    let mistakes = match file::parse(&text, day(now())) {
        Ok(exceptions) => return Ok(exceptions),
        Err(mistakes) => mistakes,
    };
    Err(mistakes.into_iter().map(|(line, what)| format!("{}: {what}", at(line))).collect())
}

fn read_or_complain(path: &Path) -> Option<Vec<Exception>> {
    match read(path) {
        Ok(exceptions) => Some(exceptions),
        Err(mistakes) => {
            for mistake in mistakes {
                complain(&mistake);
            }
            None
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a date of a file is judged on the day it is read")]
fn now() -> Timestamp {
    Timestamp::now()
}
