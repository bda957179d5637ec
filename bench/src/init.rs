//! How long a Lambda takes from its start to its first request for an event, and how large its package is.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::median;
use crate::replay::peak_kib;
use crate::runtime_api::{Asked, RuntimeApi};

/// One function's figures.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    pub init: Duration,
    pub peak_kib: u64,
    /// As a zip that holds the program alone, as `bootstrap`.
    pub zip: u64,
}

/// What the stack sets, with values that lead nowhere: the endpoint refuses every connection.
const ENVIRONMENT: [(&str, &str); 19] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "example"),
    ("IAMWATCH_TABLE", "iamwatch"),
    ("IAMWATCH_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:iamwatch"),
    ("IAMWATCH_BUS", "iamwatch"),
    ("IAMWATCH_STACK", "iamwatch"),
    ("IAMWATCH_ACCOUNT_NAMES", "111122223333=prod-payments"),
    ("IAMWATCH_QUARANTINE_MODE", "dry-run"),
    ("IAMWATCH_QUARANTINE_LEAKED_MODE", "dry-run"),
    ("IAMWATCH_QUARANTINE_EXEMPT", "/break-glass/"),
    ("IAMWATCH_DENY_POLICY", "arn:aws:iam::111122223333:policy/iamwatch-DenyEverything"),
    ("IAMWATCH_RECORDS_QUEUE", "https://sqs.us-east-1.amazonaws.com/111122223333/iamwatch"),
];

/// Starts each program `rounds` times, in turn.
///
/// # Errors
///
/// When a program cannot be started, or ends or stays silent before it asks for an event.
pub fn measure(programs: &[PathBuf], rounds: usize) -> io::Result<Vec<Function>> {
    let mut times = vec![Vec::new(); programs.len()];
    let mut peaks = vec![0; programs.len()];
    for round in 0..=rounds {
        for ((program, times), peak) in programs.iter().zip(&mut times).zip(&mut peaks) {
            let (time, memory) = start(program)?;
            // The first round fills the caches.
            if round > 0 {
                times.push(time);
                *peak = memory.max(*peak);
            }
        }
    }
    let figures = programs.iter().zip(times).zip(peaks);
    figures
        .map(|((program, times), peak_kib)| {
            let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Function { name, init: median(times), peak_kib, zip: zip_size(program)? })
        })
        .collect()
}

fn start(program: &Path) -> io::Result<(Duration, u64)> {
    let api = RuntimeApi::start()?;
    let begun = Instant::now();
    let mut child = Command::new(program)
        .env_clear()
        .envs(ENVIRONMENT)
        .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let asked = api.asked.recv_timeout(Duration::from_secs(20));
    let time = begun.elapsed();
    let peak = peak_kib(child.id());
    child.kill()?;
    child.wait()?;
    match asked {
        Ok(Asked::Next) => Ok((time, peak)),
        Ok(other) => Err(io::Error::other(format!("`{}` did not start: {other:?}", program.display()))),
        Err(_) => Err(io::Error::other(format!("`{}` asked for no event in 20 s", program.display()))),
    }
}

/// The size of a zip of the program alone.
fn zip_size(program: &Path) -> io::Result<u64> {
    /// A zip's headers around one file of this name.
    const FRAME: u64 = 30 + 46 + 22 + 2 * "bootstrap".len() as u64;
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&fs::read(program)?)?;
    Ok(packed.finish()?.len() as u64 + FRAME)
}

/// The functions built in a folder, after the empty one.
///
/// # Errors
///
/// When a function is not there, or their sources cannot be listed.
pub fn programs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("functions");
    let mut names = fs::read_dir(sources)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    let programs: Vec<PathBuf> = std::iter::once("empty".into()).chain(names).map(|name| folder.join(name)).collect();
    match programs.iter().find(|program| !program.is_file()) {
        Some(missing) => Err(io::Error::other(format!("`{}` is missing; `make bench` builds it", missing.display()))),
        None => Ok(programs),
    }
}

#[cfg(test)]
mod tests {
    use iamwatch::config::Config;

    use super::ENVIRONMENT;

    #[test]
    fn every_function_starts_with_what_it_is_told_here() {
        let told =
            |name: &str| ENVIRONMENT.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let (config, resources) = Config::from_env(told).unwrap();
        assert!(resources.records_queue.is_some(), "quarantine does not start without");
        assert!(config.quarantine.deny_policy.is_some());
    }
}
