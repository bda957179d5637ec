//! How long a whole replay takes, in units of unpacking the same files.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use flate2::{Decompress, FlushDecompress, Status};

use crate::median;

/// One way of running, with the median of its times and the most memory it ever held.
#[derive(Debug, Clone)]
pub struct Run {
    pub what: &'static str,
    pub time: Duration,
    pub peak_kib: u64,
}

/// Unpacks every file under `folder` and returns the length of the text: what any replay must do at least. zlib-rs puts
/// each file straight into a buffer that has the size the file claims.
///
/// # Errors
///
/// When a file cannot be read or is not whole.
pub fn gunzip(folder: &Path) -> io::Result<u64> {
    let mut paths = Vec::new();
    walk(folder, &mut paths)?;
    paths.sort_unstable();
    let (mut text, mut total) = (Vec::new(), 0);
    let mut inflate = Decompress::new_gzip(15);
    for path in paths {
        let packed = fs::read(path)?;
        let size = packed.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
        if text.len() <= size {
            text.resize(size + 1, 0);
        }
        inflate = if inflate.total_in() > 0 { Decompress::new_gzip(15) } else { inflate };
        match inflate.decompress(&packed, &mut text, FlushDecompress::Finish) {
            Ok(Status::StreamEnd) => total += inflate.total_out(),
            _ => return Err(io::Error::other("the corpus is damaged; make it again")),
        }
    }
    Ok(total)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// Runs `iamwatch replay` with one and with two threads, and unpacking alone, `rounds` times in turn, each as a
/// process of its own on the same core.
///
/// # Errors
///
/// When a program cannot be started or fails.
pub fn measure(iamwatch: &Path, folder: &Path, rounds: usize) -> io::Result<Vec<Run>> {
    let bench = std::env::current_exe()?;
    let replay = |threads: &'static str, sees: &'static str| {
        let words = ["replay", "--format", "json", "--threads", threads, "--sees", sees].map(OsStr::new);
        words.into_iter().chain([folder.as_os_str()]).collect::<Vec<_>>()
    };
    let gunzip = vec![OsStr::new("gunzip"), folder.as_os_str()];
    let ways: [(&'static str, &str, &Path, Vec<&OsStr>); 4] = [
        ("gunzip alone", "0", &bench, gunzip),
        ("replay, 1 thread", "0", iamwatch, replay("1", "reading")),
        ("replay, 2 threads", "0,1", iamwatch, replay("2", "reading")),
        ("as a default stack, 1 thread", "0", iamwatch, replay("1", "default")),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    let mut peaks = vec![0; ways.len()];
    for round in 0..=rounds {
        for (((_, cores, program, words), times), peak) in ways.iter().zip(&mut times).zip(&mut peaks) {
            let (time, memory) = run(program, words, cores)?;
            // The first round fills the caches.
            if round > 0 {
                times.push(time);
                *peak = memory.max(*peak);
            }
        }
    }
    Ok(ways
        .iter()
        .zip(times)
        .zip(peaks)
        .map(|(((what, ..), times), peak_kib)| Run { what, time: median(times), peak_kib })
        .collect())
}

fn run(program: &Path, words: &[&OsStr], cores: &str) -> io::Result<(Duration, u64)> {
    // `taskset` is part of util-linux; elsewhere the programs run where they like.
    let pinned = Command::new("taskset").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let mut command = if pinned { Command::new("taskset") } else { Command::new(program) };
    if pinned {
        command.args(["-c", cores]).arg(program);
    }
    let start = Instant::now();
    let mut child = command.args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    loop {
        peak = peak_kib(child.id()).max(peak);
        if let Some(status) = child.try_wait()? {
            let time = start.elapsed();
            return if status.success() {
                Ok((time, peak))
            } else {
                Err(io::Error::other(format!("`{}` failed: {status}", program.display())))
            };
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The most memory a process has held so far. Linux keeps count, so looking now and then misses little.
#[must_use]
pub fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
