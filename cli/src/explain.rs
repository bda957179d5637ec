//! `iamwatch explain`: one detection's page.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use iamwatch::detect;

use crate::terminal::{self, complain};

/// Print what a detection sees, why it matters and what to do.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The detection, as `iamwatch detections` lists it and as an alert names it.
    id: String,
}

impl Explain {
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        let Some(detection) = detect::by_id(&self.id) else {
            let near: Vec<String> = nearest(&self.id).iter().map(|id| format!("`{id}`")).collect();
            complain(&format!(
                "`{}` is no detection; did you mean {}? `iamwatch detections` lists all",
                self.id,
                near.join(", ")
            ));
            return Ok(ExitCode::from(2));
        };
        let mut out = terminal::out();
        write!(out, "{}", detection.page.markdown())?;
        writeln!(out, "\n## Facts\n")?;
        writeln!(out, "- Id: {}", detection.id)?;
        writeln!(out, "- Usual severity: {}", detection.severity)?;
        writeln!(out, "- Confidence: {}: {}", detection.confidence, detection.confidence.meaning())?;
        writeln!(out, "- Watcher: {}", detection.watcher.name())?;
        if let Some(needs) = detection.needs_in_words() {
            writeln!(out, "- Needs: {needs}")?;
        }
        for technique in detection.mitre {
            let was = technique.was.map(|was| format!(", formerly {was}")).unwrap_or_default();
            writeln!(out, "- MITRE ATT&CK: {} {}{was}", technique.id, technique.name)?;
        }
        for calls in detection.calls {
            writeln!(out, "- Looks at: {} of {}", calls.names.join(", "), calls.source)?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The three ids that share most with what was typed.
fn nearest(typed: &str) -> Vec<&'static str> {
    let typed = typed.to_ascii_lowercase();
    let mut ids: Vec<&str> = detect::ALL.iter().map(|detection| detection.id).collect();
    ids.sort_by_key(|id| (distance(&typed, id), *id));
    ids.truncate(3);
    ids
}

/// How unlike two names are: pairs of neighbouring letters that only one of them has, words in any order.
fn distance(a: &str, b: &str) -> usize {
    let pairs = |text: &str| -> Vec<(char, char)> { text.chars().zip(text.chars().skip(1)).collect() };
    let (mut left, right) = (pairs(a), pairs(b));
    let all = left.len() + right.len();
    let mut shared = 0;
    for pair in &right {
        if let Some(place) = left.iter().position(|other| other == pair) {
            left.swap_remove(place);
            shared += 1;
        }
    }
    all - 2 * shared
}
