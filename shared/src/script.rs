//! What is telling in a script that somebody hands to a machine, a build or a notebook.

use serde_json::Value;

use crate::finding::{Finding, Severity};

/// Something in a script that its author has to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tell {
    /// In any case of letters; all of them stand in the script.
    marks: &'static [&'static str],
    /// What the script does.
    words: &'static str,
    severity: Severity,
}

const TELLS: &[Tell] = &[
    Tell { marks: &["/dev/tcp/"], words: "opens a shell to another host", severity: Severity::High },
    Tell { marks: &["bash -i", ">&"], words: "opens a shell to another host", severity: Severity::High },
    Tell { marks: &["mkfifo", "/bin/sh"], words: "opens a shell to another host", severity: Severity::High },
    Tell { marks: &["socket.socket", "os.dup2"], words: "opens a shell to another host", severity: Severity::High },
    Tell { marks: &["nc ", " -e /bin/"], words: "opens a shell to another host", severity: Severity::High },
    Tell { marks: &["iam/security-credentials"], words: "reads its role's credentials", severity: Severity::High },
    Tell {
        marks: &["aws_container_credentials_relative_uri"],
        words: "reads its role's credentials",
        severity: Severity::High,
    },
    Tell {
        marks: &["aws_container_credentials_full_uri"],
        words: "reads its role's credentials",
        severity: Severity::High,
    },
    Tell { marks: &["iam create-access-key"], words: "creates access keys", severity: Severity::High },
    Tell { marks: &["iam attach-user-policy"], words: "gives rights to users", severity: Severity::High },
    Tell { marks: &["iam attach-role-policy"], words: "gives rights to roles", severity: Severity::High },
    Tell { marks: &["curl ", "| bash"], words: "runs what it downloads", severity: Severity::Medium },
    Tell { marks: &["curl ", "| sh"], words: "runs what it downloads", severity: Severity::Medium },
    Tell { marks: &["curl ", "|bash"], words: "runs what it downloads", severity: Severity::Medium },
    Tell { marks: &["curl ", "|sh"], words: "runs what it downloads", severity: Severity::Medium },
    Tell { marks: &["wget ", "| sh"], words: "runs what it downloads", severity: Severity::Medium },
    Tell { marks: &["wget ", "| bash"], words: "runs what it downloads", severity: Severity::Medium },
    Tell { marks: &["base64 -d", "| bash"], words: "runs what it hides as base64", severity: Severity::High },
    Tell { marks: &["base64 -d", "| sh"], words: "runs what it hides as base64", severity: Severity::High },
];

/// Text of a call that is read; a script is at most 16 KB in most services.
const LONGEST: usize = 256 * 1024;

/// Raises a finding to what the script gives away, and says it.
pub(crate) fn judged(finding: Finding, script: &str) -> Finding {
    let script = script.get(..script.floor_char_boundary(LONGEST)).unwrap_or_default().to_ascii_lowercase();
    let mut said: Vec<&str> = Vec::new();
    let mut severity = finding.severity;
    for tell in TELLS.iter().filter(|tell| tell.marks.iter().all(|mark| script.contains(mark))) {
        severity = severity.max(tell.severity);
        if !said.contains(&tell.words) {
            said.push(tell.words);
        }
    }
    finding.severity(severity).evidence_if("Script", (!said.is_empty()).then(|| said.join(", ")))
}

/// All text below a value, each on a line of its own.
pub(crate) fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(list) => list.iter().map(texts).collect(),
        Value::Object(map) => map.values().map(texts).collect(),
        _ => String::new(),
    }
}

/// The text that base64 hides. `None` if it is none, or hides no text.
pub(crate) fn from_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(digit)) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xFF).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::from_base64;

    #[test]
    fn base64_is_read_with_and_without_padding_and_line_breaks() {
        for (hidden, text) in [("", ""), ("Zg==", "f"), ("Zm8", "fo"), ("Zm9v\nYmFy\n", "foobar")] {
            assert_eq!(from_base64(hidden).as_deref(), Some(text), "{hidden}");
        }
        for none in ["#!/bin/bash", "/w==", "a b!"] {
            assert_eq!(from_base64(none), None, "{none}");
        }
    }
}
