//! What the reader of a check sees.

use std::collections::BTreeMap;
use std::io::{self, Write};

use iamwatch::finding::Severity;
use iamwatch::policy::PATHS;
use serde_json::{Value, json};

use super::Finding;
use crate::terminal::{self, clean};

/// One line a finding, as compilers have it, and a last line that counts.
pub(super) fn text(out: &mut impl Write, findings: &[Finding], files: usize) -> io::Result<()> {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.severity).or_default() += 1;
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let path = finding.path.map(|path| format!(" ({path})")).unwrap_or_default();
        let said =
            format!("{}{line}: {} {}{path}: {place}{}", finding.file, finding.severity, finding.verdict, finding.title);
        writeln!(out, "{}", clean(&said))?;
    }
    let plural = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
    let tally: Vec<String> = counts.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
    let tally = if tally.is_empty() { String::new() } else { format!(": {}", tally.join(", ")) };
    writeln!(out, "{} in {}{tally}", plural(findings.len(), "finding"), plural(files, "file"))
}

/// One JSON object a finding.
pub(super) fn json(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        terminal::json(&mut *out, finding)?;
        writeln!(out)?;
    }
    Ok(())
}

/// A log in the form that code hosts show beside the lines of a change.
pub(super) fn sarif(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    let mut rules: BTreeMap<&str, Value> = BTreeMap::new();
    let mut results = Vec::new();
    for finding in findings {
        let id = finding.path.unwrap_or(finding.verdict);
        let name = PATHS.iter().find(|path| path.reference == id).map_or(finding.verdict, |path| path.name);
        rules.entry(id).or_insert_with(|| json!({"id": id, "shortDescription": {"text": name}}));
        let level = match finding.severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low => "note",
        };
        let place = finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let uri: String = finding.file.chars().flat_map(escaped).collect();
        let mut location = json!({"artifactLocation": {"uri": uri}});
        if let (Some(line), Some(location)) = (finding.line, location.as_object_mut()) {
            location.insert("region".to_owned(), json!({"startLine": line}));
        }
        results.push(json!({
            "ruleId": id,
            "level": level,
            "message": {"text": format!("{place}{}", finding.title)},
            "locations": [{"physicalLocation": location}],
            "properties": {
                "severity": finding.severity,
                "verdict": finding.verdict,
                "path": finding.path,
                "statement": finding.statement,
            },
        }));
    }
    let rules: Vec<Value> = rules.into_values().collect();
    let driver = json!({"name": "iamwatch", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    });
    terminal::json(&mut *out, &log)?;
    writeln!(out)
}

/// A character of a path as a URI has it.
fn escaped(char: char) -> Vec<char> {
    if char.is_ascii_alphanumeric() || "/._-~".contains(char) {
        return vec![char];
    }
    let mut bytes = [0; 4];
    char.encode_utf8(&mut bytes).bytes().flat_map(|byte| format!("%{byte:02X}").chars().collect::<Vec<_>>()).collect()
}
