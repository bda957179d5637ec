//! `iamwatch replay`: what the watchers would have said about events that were recorded.

mod again;
mod print;
mod read;
mod records;
mod scan;
mod tell;
mod unpack;
mod walk;

#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::{Args, ValueEnum};
use iamwatch::config::{self, Config};
use iamwatch::detect::Context;
use iamwatch::exceptions::Exceptions;
use iamwatch::finding::Severity;
use iamwatch::watcher::Admissions;
use indicatif::{ProgressBar, ProgressDrawTarget};

use self::print::{Form, Printer};
use self::read::{HOLD, How};
use self::tell::Wording;
use self::walk::Files;
use crate::Format;
use crate::terminal::{self, complain};

/// What the watchers would have said about recorded events.
///
/// Reads CloudTrail's files (`{"Records": […]}`), lists of records, JSON lines of records, EventBridge events and single
/// records, each plain or packed with gzip. Folders are read with all that is in them, as S3 lays them out. No AWS
/// account is needed, and nothing leaves this machine.
///
/// The events go down the same line as live, with their own times as the clock: the same detections, the same grouping
/// into incidents, the same alerts, the same cap on them. Ends with status 2 when a file is damaged or cannot be read, or none is
/// found; the rest is still read.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Files and folders; `-` is the standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// `text` is for people; `json` is one finding a line, with the summary on the standard error output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print every alert in full instead of one line an incident.
    #[arg(long, conflicts_with = "format")]
    full: bool,
    /// Leave out findings that matter less: LOW, MEDIUM, HIGH or CRITICAL.
    #[arg(long, default_value_t = Severity::Low, value_name = "SEVERITY")]
    min_severity: Severity,
    /// The name of a deployed stack of iamwatch, so that changes to it are recognised.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    stack: String,
    /// A file with exceptions, to see what they would suppress. They hold as if they had always been there.
    #[arg(long, value_name = "FILE")]
    exceptions: Option<PathBuf>,
    /// The ARN of a user or role that nobody uses, as in the stack's `HoneyPrincipals`; may be said several times.
    #[arg(long, value_name = "ARN", value_parser = config::principal)]
    honey: Vec<String>,
    /// What is delivered to the stack that is imagined.
    #[arg(long, value_enum, default_value_t)]
    sees: Sees,
    /// How many threads read files; as many as there are cores, if not said.
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZeroUsize>,
}

/// What EventBridge delivers to a stack, by its parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Sees {
    /// With all parameters as by default.
    Default,
    /// With a `ReadingState` that delivers reading that succeeds.
    #[default]
    Reading,
    /// With the `WorkloadState` too that delivers the roles which services assume for what they run.
    All,
}

impl Replay {
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        let start = Instant::now();
        let exceptions = match &self.exceptions {
            None => Exceptions::NONE,
            Some(path) => match crate::exceptions::read(path) {
                Ok(all) => all.into_iter().collect(),
                Err(mistakes) => {
                    for mistake in mistakes {
                        complain(&mistake);
                    }
                    return Ok(ExitCode::from(2));
                }
            },
        };
        let config = Config {
            stack: self.stack.clone(),
            min_severity: self.min_severity,
            honey_principals: self.honey.clone(),
            ..Config::default()
        };
        let context = Context::new(&config);
        let threads = self.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);

        let files = Files::of(&self.paths);
        let bar = ProgressBar::new(files.inputs.len() as u64);
        if !io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let admissions = Admissions::new();
        let admissions = match self.sees {
            Sees::Default => admissions.without_workloads().without_reading(),
            Sees::Reading => admissions.without_workloads(),
            Sees::All => admissions,
        };
        let how = How { admissions: &admissions, context, threads, hold: HOLD };
        let mut haul = read::read(&files.inputs, &how, &|| bar.inc(1));
        bar.finish_and_clear();
        haul.broken.extend(again::read(&mut haul.found, &files.inputs, &config, threads));

        if files.inputs.is_empty() && files.unreadable.is_empty() {
            complain(&format!("no CloudTrail file was found; {} other files were skipped", files.skipped));
        }
        for (path, error) in &files.unreadable {
            complain(&format!("{}: cannot be read: {error}", path.display()));
        }
        for (path, flaws) in &haul.broken {
            for flaw in flaws {
                complain(&format!("{}: {flaw}", path.display()));
            }
        }

        let form = match (self.format, self.full) {
            (Format::Json, _) => Form::Json,
            (Format::Text, true) => Form::Mails,
            (Format::Text, false) => Form::List,
        };
        let mut out = BufWriter::new(terminal::out());
        let mut printer = Printer::new(form, &context, &mut out);
        let wording = if self.full { Wording::Full } else { Wording::None };
        tell::tell(std::mem::take(&mut haul.found), &context, &exceptions, wording, threads, |said| printer.say(said))?;
        let tally = printer.tally;
        let took = start.elapsed();
        if form == Form::Json {
            out.flush()?;
            print::summary(&mut io::stderr().lock(), &haul, &tally, files.skipped, took)?;
        } else {
            if tally.findings > 0 {
                writeln!(out)?;
            }
            print::summary(&mut out, &haul, &tally, files.skipped, took)?;
            out.flush()?;
        }
        let whole = files.unreadable.is_empty() && haul.broken.is_empty() && !files.inputs.is_empty();
        Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}
