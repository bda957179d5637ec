//! # Break-glass role assumed
//!
//! Somebody assumed a role that the configuration names as kept for emergencies, from an account or through a SAML
//! provider.
//!
//! ## Why it matters
//!
//! Such a role may do nearly everything, and outside an emergency nobody needs it. Intruders look for it by its name.
//!
//! ## False alarms
//!
//! An emergency, or the yearly test that the role works. Both are announced.
//!
//! ## What to do
//!
//! 1. Ask the people who may use the role whether there is an emergency, now.
//! 2. If not: revoke the role's active sessions, and cut off the credentials of whoever is named under Who.
//! 3. List all calls by the session since, by `userIdentity.accessKeyId`, which is under Session key, and take back what
//!    they changed.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "break-glass-role-assumed",
    watcher: Watcher::SignIn,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1548.005",
        was: None,
        name: "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
    }],
    covers: &["IAMC-47"],
    calls: &[Calls { source: "sts.amazonaws.com", names: &["AssumeRole", "AssumeRoleWithSAML"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("break_glass_role_assumed.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("roleArn")?;
    // IAM does not tell roles apart by the case of their letters.
    if !context.config.break_glass_roles.iter().any(|role| role.eq_ignore_ascii_case(arn)) {
        return None;
    }
    let role = Target::from_arn(arn);
    let reason = event.request("sourceIdentity").or_else(|| event.request("roleSessionName"));
    Some(
        DETECTION
            .finding(event, format!("assumed break-glass role {}", role.name))
            .target(role)
            .evidence_if("Session", reason)
            .evidence_if("Session key", event.response("credentials.accessKeyId")),
    )
}
