//! `iamwatch report`: how quickly what was found was contained.

use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::stack::Stack;
#[cfg(not(feature = "aws"))]
use crate::stack::without_aws;

/// Reports over what iamwatch did.
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    stack: Stack,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// How long it took to detect, to decide and to contain, over the records of quarantine.
    Mttr,
}

impl Report {
    #[cfg(feature = "aws")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        live::run(self)
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "as with AWS")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        without_aws()
    }
}

#[cfg(feature = "aws")]
mod live {
    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    use std::io;
    use std::process::ExitCode;

    use iamwatch::aws::Clients;
    use iamwatch::quarantine::Record;
    use jiff::SignedDuration;

    use super::{Command, Report};
    use crate::stack::said;

    #[tokio::main(flavor = "current_thread")]
    pub(super) async fn run(asked: &Report) -> io::Result<ExitCode> {
        let Command::Mttr = asked.command;
        let answer = async {
            let clients = Clients::of_person().await;
            Ok(mttr(&asked.stack.records(&clients).await?.list().await?))
        };
        said(answer.await)
    }

    /// One line a detection: how many were contained, and the median and the slowest of ten of each time.
    fn mttr(records: &[Record]) -> String {
        let mut by_detection: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in records.iter().filter(|record| record.contained.is_some()) {
            by_detection.entry(&record.finding.detection).or_default().push(record);
        }
        if by_detection.is_empty() {
            return "nothing was contained yet\n".to_owned();
        }
        let mut text =
            format!("{:<40}  {:>9}  {:>17}  {:>17}  {:>17}\n", "DETECTION", "CONTAINED", "DETECT", "DECIDE", "CONTAIN");
        for (detection, records) in by_detection {
            let times = |of: fn(&Record) -> Option<SignedDuration>| {
                let mut times: Vec<i64> = records.iter().filter_map(|record| of(record)).map(|t| t.as_secs()).collect();
                times.sort_unstable();
                let at = |share: usize| times.get(times.len().saturating_sub(1) * share / 10).copied();
                match (at(5), at(9)) {
                    (Some(median), Some(slow)) => format!("{median} s, {slow} s"),
                    _ => String::new(),
                }
            };
            let _ = writeln!(
                text,
                "{detection:<40}  {:>9}  {:>17}  {:>17}  {:>17}",
                records.len(),
                times(Record::time_to_detect),
                times(Record::time_to_decide),
                times(Record::time_to_contain),
            );
        }
        text.push_str(
            "\nEach the median, then what nine of ten did not exceed: from the event until iamwatch knew, until it\n\
            was decided to act, until IAM showed it.\n",
        );
        text
    }
}
