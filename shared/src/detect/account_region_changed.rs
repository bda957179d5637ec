//! # Region switched on or off
//!
//! Somebody switched a region of the account on or off that is not on by default.
//!
//! ## Why it matters
//!
//! Detection is set up region by region, and mostly not where nobody works. Attackers switch a region on and run
//! their machines there. Switching one off makes what runs there unreachable, and detection with it.
//!
//! ## False alarms
//!
//! A company that opens a new region, once in a while.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the region is for.
//! 2. If nobody knows: list all calls in that region since the event, by `awsRegion`, and take the change back with
//!    the command under Undo.
//! 3. See whether your trail is one for all regions, and whether detection runs in the new one.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-region-changed",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1535", was: None, name: "Unused/Unsupported Cloud Regions" }],
    covers: &["ORGG-07"],
    calls: &[Calls { source: "account.amazonaws.com", names: &["DisableRegion", "EnableRegion"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_region_changed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let region = event.request("regionName")?;
    let member = event.request("accountId").filter(|account| *account != event.account);
    let of = member.map(|account| format!(" of account {}", context.config.account_name(account)));
    let (did, back) = match event.call() {
        "EnableRegion" => ("on", "disable-region"),
        _ => ("off", "enable-region"),
    };
    let finding = DETECTION
        .finding(event, format!("switched {did} region {region}{}", of.unwrap_or_default()))
        .target(Target::account(member.unwrap_or(&event.account)))
        .evidence("Region", region)
        .undo(undo::opt_region(back, region, member));
    Some(grant::unless_by_a_service(event, finding))
}
