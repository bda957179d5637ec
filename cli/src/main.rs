//! `iamwatch` on the command line.

mod baseline;
mod check;
mod detections;
mod exceptions;
mod explain;
mod quarantine;
mod replay;
mod report;
mod stack;
mod terminal;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Watches the identities of an AWS account.
#[derive(Debug, Parser)]
#[command(name = "iamwatch", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Replay(replay::Replay),
    Check(check::Check),
    Detections(detections::Detections),
    Explain(explain::Explain),
    Baseline(baseline::Baseline),
    Exceptions(exceptions::Exceptions),
    Quarantine(quarantine::Quarantine),
    Report(report::Report),
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Replay(replay) => replay.run(),
        Command::Check(check) => check.run(),
        Command::Detections(detections) => detections.run(),
        Command::Explain(explain) => explain.run(),
        Command::Baseline(baseline) => baseline.run(),
        Command::Exceptions(exceptions) => exceptions.run(),
        Command::Quarantine(quarantine) => quarantine.run(),
        Command::Report(report) => report.run(),
    };
    match done {
        Ok(code) => code,
        // Whoever read the output has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("the output cannot be written: {error}"));
            ExitCode::FAILURE
        }
    }
}
