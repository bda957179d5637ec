//! `iamwatch detections`: what is looked for.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use iamwatch::denials::{BENIGN, Benign};
use iamwatch::detect::{self, Detection};
use serde_json::json;

use crate::{Format, terminal};

/// List what is looked for.
#[derive(Debug, Args)]
pub(crate) struct Detections {
    /// `text` is a table; `json` is one detection a line.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// List the denied calls that are known to mean nothing instead, each with the reason: they are counted, and nobody is
    /// told.
    #[arg(long)]
    benign: bool,
}

impl Detections {
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        let mut out = io::BufWriter::new(terminal::out());
        if self.benign {
            self.print_benign(&mut out)?;
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
        let width = detect::ALL.iter().map(|detection| detection.id.len()).max().unwrap_or_default();
        if self.format == Format::Text {
            writeln!(out, "{:<width$}  SEVERITY  CONFIDENCE  {:<13}  WHAT HAPPENED", "ID", "WATCHER")?;
        }
        for detection in detect::ALL {
            let Detection { id, severity, confidence, .. } = detection;
            let (watcher, title) = (detection.watcher.name(), detection.title());
            match self.format {
                Format::Text => writeln!(out, "{id:<width$}  {severity:<8}  {confidence:<10}  {watcher:<13}  {title}")?,
                Format::Json => {
                    let mitre: Vec<&str> = detection.mitre.iter().map(|technique| technique.id).collect();
                    let line = json!({
                        "id": id,
                        "severity": severity,
                        "confidence": confidence,
                        "watcher": watcher,
                        "title": title,
                        "mitre": mitre,
                        "covers": detection.covers,
                    });
                    terminal::json(&mut out, &line)?;
                    writeln!(out)?;
                }
            }
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn print_benign(&self, out: &mut dyn Write) -> io::Result<()> {
        let call = |benign: &Benign| format!("{} {}", benign.source, benign.name);
        let width = BENIGN.iter().map(|benign| call(benign).len()).max().unwrap_or_default();
        for benign in BENIGN {
            match self.format {
                Format::Text => writeln!(out, "{:<width$}  {}", call(benign), benign.reason)?,
                Format::Json => {
                    let line = json!({"source": benign.source, "call": benign.name, "reason": benign.reason});
                    terminal::json(&mut *out, &line)?;
                    writeln!(out)?;
                }
            }
        }
        Ok(())
    }
}
