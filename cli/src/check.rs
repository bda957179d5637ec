//! `iamwatch check`: policies judged before they are deployed.

mod documents;
mod print;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use iamwatch::config::Config;
use iamwatch::finding::Severity;
use iamwatch::policy::{AwsManaged, Document, Verdict};
use serde::Serialize;

use self::documents::{Found, OWN, What};
use crate::terminal::{self, complain};

/// No policy, template or plan is larger.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Judge policies before they are deployed.
///
/// Reads IAM policies, trust policies and policies of resources as JSON, CloudFormation and SAM templates as YAML or JSON,
/// and Terraform plans (`terraform show -json`). A trust policy is recognised by its `Principal`, the policy of a resource by
/// its `Principal` and `Resource`. Nothing leaves this machine.
///
/// Ends with status 0 when nothing is as bad as `--fail-on`, with 1 when something is, and with 2 when a file or a policy
/// in it cannot be read; the rest is still judged.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files; `-` is the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// `text` is for people, `json` is one finding a line, `sarif` is one SARIF 2.1.0 log.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// The least severity that ends with status 1: LOW, MEDIUM, HIGH or CRITICAL.
    #[arg(long, default_value_t = Severity::High, value_name = "SEVERITY")]
    fail_on: Severity,
    /// The account that the policies are for, 12 digits. Without it every account that a policy lets in is another one,
    /// but for the one in the ARN of a policy's resource.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// An account that may be let in, 12 digits; can be given several times.
    #[arg(long, value_name = "ID")]
    known: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    #[default]
    Text,
    Json,
    Sarif,
}

/// One thing to say about a file.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    file: String,
    /// The first line is 1.
    line: Option<usize>,
    severity: Severity,
    verdict: &'static str,
    /// The escalation path, as in `PE-087`.
    path: Option<&'static str>,
    /// The statement's number in its document; the first is 1.
    statement: Option<usize>,
    title: String,
    /// The resource and property of the template or plan.
    place: Option<String>,
}

impl Check {
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        let mut findings = Vec::new();
        let mut unread = 0;
        for path in &self.files {
            let name = path.display().to_string();
            match read(path).and_then(|text| self.judge(&name, &text)) {
                Ok(found) => findings.extend(found),
                Err(error) => {
                    unread += 1;
                    complain(&format!("{name}: {error}"));
                }
            }
        }
        let mut out = BufWriter::new(terminal::out());
        match self.format {
            Form::Text => print::text(&mut out, &findings, self.files.len() - unread)?,
            Form::Json => print::json(&mut out, &findings)?,
            Form::Sarif => print::sarif(&mut out, &findings)?,
        }
        out.flush()?;
        Ok(if unread > 0 || findings.iter().any(|finding| finding.verdict == "unreadable") {
            ExitCode::from(2)
        } else if findings.iter().any(|finding| finding.severity >= self.fail_on) {
            ExitCode::from(1)
        } else {
            ExitCode::SUCCESS
        })
    }

    fn judge(&self, file: &str, text: &str) -> Result<Vec<Finding>, String> {
        let account_names: BTreeMap<String, String> = self.known.iter().map(|id| (id.clone(), id.clone())).collect();
        let config = Config { account_names, ..Config::default() };
        Ok(documents::find(text)?.iter().flat_map(|found| self.judge_one(file, found, &config)).collect())
    }

    fn judge_one(&self, file: &str, found: &Found, config: &Config) -> Vec<Finding> {
        let said = |severity, verdict, statement: Option<usize>, title: String| Finding {
            file: file.to_owned(),
            line: statement.and_then(|number| found.lines.get(number - 1).copied().flatten()).or(found.line),
            severity,
            verdict,
            path: None,
            statement,
            title: if self.account.is_none() { title.replace(OWN, "${AWS::AccountId}") } else { title },
            place: found.place.clone(),
        };
        let document = match &found.what {
            What::Unknown => {
                let title = "is not known before the plan is applied, and cannot be judged".to_owned();
                return vec![said(Severity::Low, "unknown", None, title)];
            }
            What::Managed(arn) => {
                let verdicts = AwsManaged::from_arn(arn).map(|policy| policy.judge()).unwrap_or_default();
                let finding = |verdict: Verdict| Finding {
                    path: verdict.path,
                    ..said(verdict.severity, verdict.word, None, format!("{}, by {arn}", verdict.title))
                };
                return verdicts.into_iter().map(finding).collect();
            }
            What::Document(value) => Document::from_value(value),
        };
        match document {
            Err(illegal) => {
                let statement = illegal.at.strip_prefix("statement ").and_then(|number| number.parse().ok());
                vec![said(Severity::High, "unreadable", statement, format!("cannot be read: {illegal}"))]
            }
            Ok(document) => {
                let own = if found.place.is_some() { OWN } else { "" };
                let own = self.account.as_deref().unwrap_or(own);
                let document = if own == OWN { document } else { with_account(document, &found.what, own) };
                document
                    .judge(own, found.role.as_deref(), config)
                    .into_iter()
                    .map(|verdict| Finding {
                        path: verdict.path,
                        ..said(verdict.severity, verdict.word, verdict.statement, verdict.title)
                    })
                    .collect()
            }
        }
    }
}

/// A template's `AWS::AccountId` is the account that was named.
fn with_account(document: Document, what: &What, own: &str) -> Document {
    match what {
        What::Document(value) if own.len() == OWN.len() => {
            Document::parse(&value.to_string().replace(OWN, own)).unwrap_or(document)
        }
        _ => document,
    }
}

fn read(path: &PathBuf) -> Result<String, String> {
    let mut bytes = Vec::new();
    let limited = |reader: &mut dyn Read, bytes: &mut Vec<u8>| reader.take(LARGEST + 1).read_to_end(bytes);
    let done = if path.as_os_str() == "-" {
        limited(&mut io::stdin().lock(), &mut bytes)
    } else {
        File::open(path).and_then(|mut file| limited(&mut file, &mut bytes))
    };
    done.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("is larger than {} MB", LARGEST / 1024 / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())
}
