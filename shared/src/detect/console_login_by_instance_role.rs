//! # Instance's credentials used to sign in to the console
//!
//! The credentials of an EC2 instance's role were turned into a console session.
//!
//! ## Why it matters
//!
//! Instances do not use the console. Somebody took the credentials from the instance's metadata service and is now at
//! the console with them.
//!
//! ## False alarms
//!
//! An engineer who uses an instance's role for convenience. It should be their own role instead.
//!
//! ## What to do
//!
//! 1. Ask the owner of the instance whether somebody signed in this way.
//! 2. If not: revoke the role's active sessions and isolate the instance: its credentials were stolen.
//! 3. List all calls by the role's session in the 12 hours after, by `userIdentity.arn`, from addresses other than the
//!    instance's.
//! 4. Look in the instance's logs of the 24 hours before for how its metadata was reached.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "console-login-by-instance-role",
    watcher: Watcher::SignIn,
    severity: Severity::High,
    confidence: Confidence::High,
    mitre: &[Technique {
        id: "T1550.001",
        was: None,
        name: "Use Alternate Authentication Material: Application Access Token",
    }],
    covers: &["CRED-25"],
    calls: &[Calls { source: "signin.amazonaws.com", names: &["ConsoleLogin", "GetSigninToken"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("console_login_by_instance_role.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let actor = &event.actor;
    if !actor.is_instance() {
        return None;
    }
    let act = if event.name == "ConsoleLogin" {
        "signed in to the console with an instance's credentials"
    } else {
        "asked for a console session with an instance's credentials"
    };
    Some(
        DETECTION
            .finding(event, act)
            .target(Target { kind: "role".to_owned(), name: actor.name.clone(), arn: None })
            .evidence_if("Instance", actor.session.as_deref()),
    )
}
