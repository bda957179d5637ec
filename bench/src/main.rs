//! `cargo run --release -p iamwatch-bench -- …`: the figures of docs/performance.md.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use iamwatch_bench::{corpus, init, policy, replay};

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
        #[command(flatten)]
        shape: Shape,
    },
    /// Compare a whole replay with unpacking alone.
    Replay {
        /// What `corpus` made.
        folder: PathBuf,
        #[command(flatten)]
        runs: Runs,
    },
    /// Compare the start of each function with that of an empty one, and say how large their packages are.
    Init {
        /// The programs, as `make bench` builds them.
        folder: PathBuf,
        #[arg(long, default_value_t = 15)]
        rounds: usize,
    },
    /// Everything, with a corpus made for it.
    All {
        /// The functions, as `make bench` builds them.
        #[arg(long)]
        binaries: PathBuf,
        #[command(flatten)]
        shape: Shape,
        #[command(flatten)]
        runs: Runs,
    },
    /// Judge policy documents, usual and hostile.
    Policy {
        #[arg(long, default_value_t = 301)]
        rounds: usize,
    },
    /// Unpack every file and do nothing with it.
    Gunzip { folder: PathBuf },
}

#[derive(Debug, Args)]
struct Shape {
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Files of 7,000 records.
    #[arg(long, default_value_t = 40)]
    big: u64,
    /// Files of one to nine records.
    #[arg(long, default_value_t = 2_000)]
    small: u64,
    /// A folder of sample events to mix in.
    #[arg(long, default_value = "events")]
    events: PathBuf,
}

#[derive(Debug, Args)]
struct Runs {
    /// `iamwatch` as `cargo build --release -p iamwatch-cli` leaves it; beside this program, if not said.
    #[arg(long)]
    iamwatch: Option<PathBuf>,
    #[arg(long, default_value_t = 7)]
    rounds: usize,
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

fn run(command: Command) -> io::Result<()> {
    match command {
        Command::Corpus { folder, shape } => make(&folder, shape),
        Command::Replay { folder, runs } => compare(&folder, runs),
        Command::Init { folder, rounds } => start(&folder, rounds),
        Command::All { binaries, shape, runs } => {
            let folder = std::env::temp_dir().join(format!("iamwatch-bench-{}", std::process::id()));
            let done = make(&folder, shape).and_then(|()| compare(&folder, runs));
            std::fs::remove_dir_all(&folder)?;
            done?;
            println!();
            start(&binaries, 15)
        }
        Command::Policy { rounds } => {
            judge(rounds);
            Ok(())
        }
        Command::Gunzip { folder } => {
            println!("{}", replay::gunzip(&folder)?);
            Ok(())
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for reading")]
fn make(folder: &Path, shape: Shape) -> io::Result<()> {
    let Shape { seed, big, small, events } = shape;
    let made = corpus::make(folder, &corpus::Shape { seed, big_files: big, small_files: small, events: Some(events) })?;
    println!(
        "Corpus: {} records in {} files, {} bytes a record, gzip ratio {:.1}, seed {seed}.\n",
        made.records,
        made.files,
        made.text / made.records.max(1),
        made.text as f64 / made.packed as f64
    );
    Ok(())
}

fn judge(rounds: usize) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!("| document | bytes | reading, µs | judging, µs | paths |");
    println!("| --- | --- | --- | --- | --- |");
    for judged in policy::measure(rounds) {
        let policy::Judged { what, bytes, read, judge, paths } = judged;
        println!("| {what} | {bytes} | {:.0} | {:.0} | {paths} |", micros(read), micros(judge));
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for reading")]
fn compare(folder: &Path, runs: Runs) -> io::Result<()> {
    let beside = std::env::current_exe()?.with_file_name("iamwatch");
    let measured = replay::measure(&runs.iamwatch.unwrap_or(beside), folder, runs.rounds)?;
    let text = replay::gunzip(folder)?;
    let unit = measured.first().map_or(1.0, |run| run.time.as_secs_f64());
    println!("| what | s | MB/s of text | x gunzip | peak MiB |");
    println!("| --- | --- | --- | --- | --- |");
    for run in measured {
        let seconds = run.time.as_secs_f64();
        println!(
            "| {} | {seconds:.3} | {:.0} | {:.2} | {:.1} |",
            run.what,
            text as f64 / 1e6 / seconds,
            seconds / unit,
            run.peak_kib as f64 / 1024.0
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for reading")]
fn start(folder: &Path, rounds: usize) -> io::Result<()> {
    let functions = init::measure(&init::programs(folder)?, rounds)?;
    let unit = functions.first().map_or(1.0, |empty| empty.init.as_secs_f64());
    println!("| function | start to first `/next`, ms | x empty | peak MiB | zip, kB |");
    println!("| --- | --- | --- | --- | --- |");
    for function in functions {
        let seconds = function.init.as_secs_f64();
        println!(
            "| {} | {:.1} | {:.2} | {:.1} | {} |",
            function.name,
            seconds * 1e3,
            seconds / unit,
            function.peak_kib as f64 / 1024.0,
            function.zip / 1000
        );
    }
    Ok(())
}
