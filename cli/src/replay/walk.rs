//! Which files are read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The files to read, sorted, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) inputs: Vec<Input>,
    /// Files in folders that are not CloudTrail's records.
    pub(super) skipped: u64,
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Input {
    Stdin,
    File(PathBuf),
}

impl Input {
    /// What it is called.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::Stdin => PathBuf::from("standard input"),
            Self::File(path) => path.clone(),
        }
    }

    pub(super) fn open(&self) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::File(path) => Ok(Box::new(File::open(path)?)),
        }
    }

    /// Whether it is a file that is there, rather than what a program pours out once.
    pub(super) fn can_be_read_again(&self) -> bool {
        matches!(self, Self::File(path) if path.metadata().is_ok_and(|about| about.is_file()))
    }
}

/// Endings of files that hold records, before an ending `.gz`.
const ENDINGS: [&str; 3] = ["json", "jsonl", "ndjson"];
/// CloudTrail keeps its signed digests beside the logs.
const DIGESTS: &str = "CloudTrail-Digest";

impl Files {
    /// Walks through `paths`. A file named there is read whatever its name; in a folder only what looks like records is.
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let mut files = Self::default();
        for path in paths {
            if path.as_os_str() == "-" {
                files.inputs.push(Input::Stdin);
            } else {
                files.add(path);
            }
        }
        files.inputs.sort_unstable();
        files.inputs.dedup();
        files
    }

    fn add(&mut self, path: &Path) {
        match path.metadata() {
            Ok(found) if found.is_dir() => self.walk(path),
            Ok(_) => self.inputs.push(Input::File(path.to_owned())),
            Err(error) => self.unreadable.push((path.to_owned(), error)),
        }
    }

    /// Symbolic links to folders are not followed: they may lead in circles.
    fn walk(&mut self, folder: &Path) {
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) => return self.unreadable.push((folder.to_owned(), error)),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok((path, kind)) if kind.is_dir() => self.walk(&path),
                Ok((path, kind)) if kind.is_file() && holds_records(&path) => self.inputs.push(Input::File(path)),
                Ok((path, kind)) if !(kind.is_symlink() && path.is_dir()) && holds_records(&path) => self.add(&path),
                Ok(_) => self.skipped += 1,
                Err(error) => self.unreadable.push((folder.to_owned(), error)),
            }
        }
    }
}

fn holds_records(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let bare = text.strip_suffix(".gz").unwrap_or(&text);
    let ending = bare.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.contains(&ending)) && !text.contains(DIGESTS)
}
