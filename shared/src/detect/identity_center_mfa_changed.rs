//! # MFA of Identity Center weakened
//!
//! Somebody changed when Identity Center asks its users for MFA, switched it off, or deleted a user's MFA device.
//!
//! ## Why it matters
//!
//! Without it a password alone opens every account that its user is assigned. Attackers do it before they sign in, or
//! to register a device of their own in place of the deleted one.
//!
//! ## False alarms
//!
//! A user with a new phone, whose device an administrator deletes: that is MEDIUM, and so is a user who deletes their
//! own. The settings hardly ever change. What they were set to is not in the event.
//!
//! ## What to do
//!
//! 1. Look at the MFA settings under Identity Center: are users asked at every sign-in, and may they register a
//!    device by themselves?
//! 2. Ask whoever is named under Who; if they do not know of it, set it back and cut off their credentials.
//! 3. List all `CompleteVirtualMfaDeviceRegistration` and `CompleteWebAuthnDeviceRegistration` events in the 24 hours
//!    since, and by whom.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-mfa-changed",
    watcher: Watcher::AccessKeys,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique {
        id: "T1556.006",
        was: None,
        name: "Modify Authentication Process: Multi-Factor Authentication",
    }],
    covers: &[],
    calls: &[
        Calls {
            source: "sso.amazonaws.com",
            names: &[
                "DisableMfaForDirectory",
                "PutMfaDeviceManagementForDirectory",
                "UpdateMfaDeviceManagementForDirectory",
            ],
        },
        Calls {
            source: "sso-directory.amazonaws.com",
            names: &[
                "DeleteMfaDeviceForUser",
                "DisableMfaForDirectory",
                "PutMfaDeviceManagementForDirectory",
                "UpdateMfaDeviceManagementForDirectory",
            ],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_mfa_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let user = event.request("userId");
    let (act, severity) = match event.call() {
        "DeleteMfaDeviceForUser" => ("deleted an MFA device of an Identity Center user", Severity::Medium),
        "DisableMfaForDirectory" => ("switched MFA off in Identity Center", Severity::High),
        _ => ("changed when Identity Center asks for MFA", Severity::High),
    };
    let target = user.map_or_else(|| identity_center::itself(event), identity_center::user);
    let finding = DETECTION.finding(event, act).target(target).severity(severity).evidence_if("User", user);
    Some(grant::unless_by_a_service(event, finding))
}
