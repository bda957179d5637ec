//! # CloudShell used
//!
//! Somebody opened an AWS CloudShell, or downloaded files from one. Downloads need calls that only read.
//!
//! ## Why it matters
//!
//! CloudShell turns a console session into a command line inside AWS: what is called there comes from AWS's addresses,
//! and files leave through the browser, past the network that watches your machines.
//!
//! ## False alarms
//!
//! Nearly all of them: administrators use it. It is kept for the record.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who whether they used it.
//! 2. If not: end the console session: set a new password, or revoke the role's sessions.
//! 3. List all calls by that ARN in the 12 hours after whose `userAgent` holds `exec-env/CloudShell`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "cloudshell-used",
    watcher: Watcher::SignIn,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1059.009", was: None, name: "Command and Scripting Interpreter: Cloud API" }],
    covers: &["CONS-19"],
    calls: &[Calls { source: "cloudshell.amazonaws.com", names: &["CreateEnvironment", "GetFileDownloadUrls"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("cloudshell_used.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let act =
        if event.call() == "CreateEnvironment" { "opened a CloudShell" } else { "downloaded files from a CloudShell" };
    let environment = event.request("EnvironmentId").or_else(|| event.request("environmentId"));
    Some(DETECTION.finding(event, act).target(Target::account(&event.account)).evidence_if("Environment", environment))
}
