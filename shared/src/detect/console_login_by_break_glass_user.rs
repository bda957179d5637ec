//! # Break-glass user signed in
//!
//! A user that quarantine never touches signed in to the console: one that was kept for emergencies.
//!
//! ## Why it matters
//!
//! Such a user may do nearly everything, and nothing contains it by itself. Outside an emergency nobody should know its
//! password.
//!
//! ## False alarms
//!
//! An emergency, or the yearly test that the user works. Both are announced.
//!
//! ## What to do
//!
//! 1. Ask the people who hold the user's password whether there is an emergency, now.
//! 2. If not: set another password, which only they know, and set the user's keys Inactive.
//! 3. List all calls by the user since, by `userIdentity.arn`, and take back what they made.
//! 4. Change the password and the MFA device after each use.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Kind, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-by-break-glass-user",
    watcher: Watcher::SignIn,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" }],
    covers: &[],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_login_by_break_glass_user.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    let exempt = &context.config.quarantine.exempt;
    if actor.kind != Kind::IamUser || !exempt.iter().any(|exempt| exempt.covers(&actor.principal)) {
        return None;
    }
    Some(
        DETECTION
            .finding(event, "signed in to the console as a break-glass user")
            .target(Target::user(&actor.name))
            .evidence_if("MFA", actor.mfa.map(|mfa| if mfa { "used" } else { "not used" })),
    )
}
