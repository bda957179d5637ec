//! What covers the known detections of the field, which of them cannot be done, and docs/coverage.md, which says so.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use iamwatch::circumstance;
use iamwatch::detect::ALL;
use iamwatch::watcher::Calls;

/// Writes docs/coverage.md.
const REFRESH: &str = "UPDATE=1 cargo test -p shared --test coverage";
/// Known detections that no watcher of management events can do.
const MOST_EXCUSED: usize = 10;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The rows of a file in tests/coverage, less its heading: what stands before the first comma, and after it.
fn rows(file: &str) -> Vec<(String, String)> {
    let path = root().join("shared/tests/coverage").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let row = |line: &str| {
        let (key, rest) = line.split_once(',').unwrap_or((line, ""));
        (key.to_owned(), rest.to_owned())
    };
    text.lines().skip(1).map(row).collect()
}

/// What covers each reference: links for the page.
fn covered() -> BTreeMap<&'static str, Vec<String>> {
    let mut covered: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for detection in ALL {
        let id = detection.id;
        let samples = fs::read_dir(root().join("events").join(id)).unwrap();
        let fire = samples.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("fires-"));
        let words = format!("[{id}](detections.md#{id}) ([{} samples](../events/{id}))", fire.count());
        for reference in detection.covers {
            covered.entry(reference).or_default().push(words.clone());
        }
    }
    for circumstance in circumstance::ALL {
        for reference in circumstance.covers {
            let words = format!("[{}](detections.md#what-makes-a-finding-louder)", circumstance.label);
            covered.entry(reference).or_default().push(words);
        }
    }
    covered
}

fn left_to_do() -> Vec<(String, String)> {
    let (covered, excused) = (covered(), excused());
    let open = |(reference, _): &(String, String)| {
        !covered.contains_key(reference.as_str()) && !excused.contains_key(reference)
    };
    rows("known.csv").into_iter().filter(open).collect()
}

fn excused() -> BTreeMap<String, String> {
    rows("excused.csv").into_iter().collect()
}

#[test]
fn what_detections_cover_is_known() {
    let known = rows("known.csv");
    let references: BTreeSet<&str> = known.iter().map(|(reference, _)| reference.as_str()).collect();
    assert_eq!(references.len(), known.len(), "a reference stands twice in known.csv");
    let covered = covered();
    let unknown: Vec<&&str> = covered.keys().filter(|reference| !references.contains(**reference)).collect();
    assert!(unknown.is_empty(), "`covers` names what is not in tests/coverage/known.csv: {unknown:?}");
}

#[test]
fn what_cannot_be_done_is_little_and_says_why() {
    let (covered, excused) = (covered(), excused());
    assert!(excused.len() <= MOST_EXCUSED, "{} are excused", excused.len());
    let known: BTreeSet<String> = rows("known.csv").into_iter().map(|(reference, _)| reference).collect();
    for (reference, reason) in &excused {
        assert!(known.contains(reference) && reason.len() > 20, "excused.csv: `{reference}` needs a row and a reason");
        assert!(!covered.contains_key(reference.as_str()), "`{reference}` is covered: take it out of excused.csv");
    }
}

#[test]
fn nothing_is_left_to_do() {
    let left = left_to_do();
    let references: Vec<&str> = left.iter().map(|(reference, _)| reference.as_str()).collect();
    assert!(left.is_empty(), "neither covered nor excused: {references:?}");
}

#[test]
fn the_page_is_fresh() {
    let path = root().join("docs/coverage.md");
    let fresh = page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == fresh, "docs/coverage.md is not what the code says; run `{REFRESH}`");
}

fn page() -> String {
    let (known, covered, excused) = (rows("known.csv"), covered(), excused());
    let mut page = format!(
        "# Coverage\n\n\
         <!-- Generated from shared/tests/coverage and the detections. -->\n\n\
         {} detections are known in the field. iamwatch covers {}, and {} cannot be done by what it sees. \
         What a row names is seen by it; where it is louder or quieter stands on its page.\n\n\
         | known | what happens | covered by |\n| --- | --- | --- |\n",
        known.len(),
        known.len() - excused.len(),
        excused.len(),
    );
    for (reference, title) in &known {
        if let Some(by) = covered.get(reference.as_str()) {
            writeln!(page, "| {reference} | {title} | {} |", by.join("<br>")).unwrap();
        }
    }
    page.push_str("\n## What cannot be done\n\n| known | what happens | why not |\n| --- | --- | --- |\n");
    for (reference, title) in &known {
        if let Some(reason) = excused.get(reference) {
            writeln!(page, "| {reference} | {title} | {reason}. |").unwrap();
        }
    }
    page.push_str(
        "\n## Calls that no other rule set looks at\n\n\
         Of calls that matter, these stand in none of 16 public rule sets. What root calls is looked at whatever it is, and what is \
         denied too.\n\n| call | looked at by |\n| --- | --- |\n",
    );
    for (call, instead) in rows("seldom.csv") {
        let named = |name: &str| name.strip_suffix('*').map_or(name == call, |prefix| call.starts_with(prefix));
        let looks = |calls: &Calls| calls.names.iter().any(|name| named(name));
        let looking = ALL.iter().filter(|detection| detection.calls.iter().any(looks));
        let looking: Vec<String> = looking.map(|detection| format!("[{0}](detections.md#{0})", detection.id)).collect();
        let looking = match (looking.is_empty(), instead.as_str()) {
            (false, _) => looking.join(", "),
            (true, "") => "none by its name".to_owned(),
            (true, instead) => format!("none: {instead}"),
        };
        writeln!(page, "| `{call}` | {looking} |").unwrap();
    }
    page
}
