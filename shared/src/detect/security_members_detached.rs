//! # Accounts detached from a security service
//!
//! Accounts were detached from the administrator that watches them in GuardDuty, Security Hub, Macie, Detective or
//! Inspector, or new accounts are no longer taken in.
//!
//! ## Why it matters
//!
//! What happens in a detached account no longer reaches those who look. In GuardDuty and Security Hub it is how one
//! account of an organization goes dark.
//!
//! ## False alarms
//!
//! An account that leaves the organization, or a change of the administrator. Both are planned, and few.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who; if they do not know of it, cut off their credentials.
//! 2. Attach the accounts under Accounts again, from the administrator's account.
//! 3. List all calls in those accounts since the event, by `recipientAccountId`: first `DeleteDetector`, `StopLogging`,
//!    `CreateUser`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag, listed, text, texts};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "security-members-detached",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1685", was: Some("T1562.001"), name: "Disable or Modify Tools" }],
    covers: &["TAMP-15", "TAMP-18", "TAMP-22", "TAMP-23", "TAMP-27"],
    calls: &[
        Calls {
            source: "detective.amazonaws.com",
            names: &["DeleteMembers", "DisableOrganizationAdminAccount", "DisassociateMembership"],
        },
        Calls {
            source: "guardduty.amazonaws.com",
            names: &[
                "DeleteMembers",
                "DisableOrganizationAdminAccount",
                "DisassociateFromAdministratorAccount",
                "DisassociateFromMasterAccount",
                "DisassociateMembers",
                "StopMonitoringMembers",
                "UpdateOrganizationConfiguration",
            ],
        },
        Calls { source: "inspector2.amazonaws.com", names: &["DisableDelegatedAdminAccount", "DisassociateMember"] },
        Calls {
            source: "macie2.amazonaws.com",
            names: &[
                "DeleteMember",
                "DisableOrganizationAdminAccount",
                "DisassociateFromAdministratorAccount",
                "DisassociateFromMasterAccount",
                "DisassociateMember",
                "UpdateMemberSession",
            ],
        },
        Calls {
            source: "securityhub.amazonaws.com",
            names: &[
                "DeleteMembers",
                "DisableOrganizationAdminAccount",
                "DisassociateFromAdministratorAccount",
                "DisassociateFromMasterAccount",
                "DisassociateMembers",
            ],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("security_members_detached.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let service = match event.source.as_str() {
        "detective.amazonaws.com" => "Detective",
        "guardduty.amazonaws.com" => "GuardDuty",
        "inspector2.amazonaws.com" => "Inspector",
        "macie2.amazonaws.com" => "Macie",
        _ => "Security Hub",
    };
    let accounts: Vec<&str> = texts(event, "accountIds")
        .into_iter()
        .chain(["accountId", "id", "adminAccountId", "delegatedAdminAccountId"].iter().find_map(|key| text(event, key)))
        .collect();
    let whom = match accounts.as_slice() {
        [] => "accounts".to_owned(),
        [account] => format!("account {account}"),
        accounts => format!("{} accounts", accounts.len()),
    };
    let weakens = |severity: Severity| match service {
        "GuardDuty" | "Security Hub" => severity,
        _ => severity.lowered(),
    };
    let (severity, act) = match event.call() {
        "DisassociateFromAdministratorAccount" | "DisassociateFromMasterAccount" | "DisassociateMembership" => {
            (Severity::High, format!("detached this account from its administrator in {service}"))
        }
        "DisassociateMembers" | "DisassociateMember" => {
            (Severity::High, format!("detached {whom} from this administrator in {service}"))
        }
        "StopMonitoringMembers" => (Severity::High, format!("stopped {service} in {whom}")),
        // Only accounts that are detached already, or never accepted, can be deleted, but for Detective's.
        "DeleteMembers" | "DeleteMember" => (Severity::Medium, format!("removed {whom} from {service}")),
        "DisableOrganizationAdminAccount" | "DisableDelegatedAdminAccount" => {
            (Severity::High, format!("took the organization's {service} from its administrator"))
        }
        "UpdateMemberSession" => {
            if event.request("status") != Some("PAUSED") {
                return None;
            }
            (Severity::High, format!("paused {service} in {whom}"))
        }
        _ => {
            let none = event.request("autoEnableOrganizationMembers") == Some("NONE");
            if !none && flag(event, "autoEnable") != Some(false) {
                return None;
            }
            (Severity::Medium, format!("made {service} take in new accounts no longer"))
        }
    };
    let finding = DETECTION
        .finding(event, act)
        .severity(weakens(severity))
        .target(Target { kind: "service".to_owned(), name: service.to_owned(), arn: None })
        .evidence_if("Accounts", (!accounts.is_empty()).then(|| listed(&accounts)));
    blinding::weigh(event, finding)
}
