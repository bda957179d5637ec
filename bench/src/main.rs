//! `cargo run --release -p iamwatch-bench -- …`: the figures of docs/performance.md.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use iamwatch_bench::{corpus, replay};

#[derive(Debug, Parser)]
#[command(name = "iamwatch-bench", about = "Measures iamwatch", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a corpus of CloudTrail files.
    Corpus {
        folder: PathBuf,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Files of 7,000 records.
        #[arg(long, default_value_t = 40)]
        big: u64,
        /// Files of one to nine records.
        #[arg(long, default_value_t = 2_000)]
        small: u64,
        /// A folder of sample events to mix in.
        #[arg(long)]
        events: Option<PathBuf>,
    },
    /// Compare a whole replay with unpacking alone.
    Replay {
        /// What `corpus` made.
        folder: PathBuf,
        /// The program; beside this one, if not said.
        #[arg(long)]
        iamwatch: Option<PathBuf>,
        #[arg(long, default_value_t = 7)]
        rounds: usize,
    },
    /// Unpack every file and do nothing with it.
    Gunzip { folder: PathBuf },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("iamwatch-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for reading")]
fn run(command: Command) -> io::Result<()> {
    match command {
        Command::Corpus { folder, seed, big, small, events } => {
            let made = corpus::make(&folder, &corpus::Shape { seed, big_files: big, small_files: small, events })?;
            println!(
                "{} records in {} files: {} bytes a record, gzip ratio {:.1}",
                made.records,
                made.files,
                made.text / made.records.max(1),
                made.text as f64 / made.packed as f64
            );
        }
        Command::Replay { folder, iamwatch, rounds } => {
            let beside = std::env::current_exe()?.with_file_name("iamwatch");
            let runs = replay::measure(&iamwatch.unwrap_or(beside), &folder, rounds)?;
            let text = replay::gunzip(&folder)?;
            let unit = runs.first().map_or(1.0, |run| run.time.as_secs_f64());
            println!("| what | s | MB/s of text | x gunzip | peak MiB |");
            println!("| --- | --- | --- | --- | --- |");
            for run in runs {
                let seconds = run.time.as_secs_f64();
                println!(
                    "| {} | {seconds:.3} | {:.0} | {:.2} | {:.1} |",
                    run.what,
                    text as f64 / 1e6 / seconds,
                    seconds / unit,
                    run.peak_kib as f64 / 1024.0
                );
            }
        }
        Command::Gunzip { folder } => println!("{}", replay::gunzip(&folder)?),
    }
    Ok(())
}
