//! # Identity source of Identity Center changed
//!
//! Somebody changed where Identity Center takes its users from: another directory, an external identity provider
//! made, changed, switched on or off, or a certificate of such a provider imported or deleted.
//!
//! ## Why it matters
//!
//! Whoever runs the identity source decides who is who in every account of the organization. With another provider,
//! or a certificate of one's own beside the right one, an attacker signs in as any user, MFA or not.
//!
//! ## False alarms
//!
//! Certificates of identity providers are renewed, mostly once a year. The source itself changes when a company
//! changes its identity provider.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who, and the people who run your identity provider.
//! 2. If they do not know of it: set the source and its certificates back under Identity Center, and cut off the
//!    credentials of whoever is named under Who.
//! 3. List all `Authenticate` and `Federate` events of `sso.amazonaws.com` since the event, by
//!    `userIdentity.onBehalfOf.userId`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-source-changed",
    watcher: Watcher::IamChanges,
    severity: Severity::High,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1556", was: None, name: "Modify Authentication Process" }],
    covers: &["FEDR-09"],
    calls: &[
        Calls {
            source: "sso-directory.amazonaws.com",
            names: &[
                "AssociateDirectory",
                "CreateExternalIdPConfigurationForDirectory",
                "DeleteExternalIdPCertificate",
                "DeleteExternalIdPConfigurationForDirectory",
                "DisableExternalIdPConfigurationForDirectory",
                "DisassociateDirectory",
                "EnableExternalIdPConfigurationForDirectory",
                "ImportExternalIdPCertificate",
                "UpdateExternalIdPConfigurationForDirectory",
            ],
        },
        Calls {
            source: "sso.amazonaws.com",
            names: &[
                "AssociateDirectory",
                "CreateExternalIdPConfigurationForDirectory",
                "DeleteExternalIdPCertificate",
                "DeleteExternalIdPConfigurationForDirectory",
                "DisableExternalIdPConfigurationForDirectory",
                "DisassociateDirectory",
                "EnableExternalIdPConfigurationForDirectory",
                "ImportExternalIdPCertificate",
                "UpdateExternalIdPConfigurationForDirectory",
            ],
        },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_source_changed.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let (act, severity) = match event.call() {
        "AssociateDirectory" => ("made another directory the identity source of Identity Center", Severity::High),
        "CreateExternalIdPConfigurationForDirectory" => {
            ("configured an external identity provider for Identity Center", Severity::High)
        }
        "DeleteExternalIdPCertificate" => {
            ("deleted a certificate of Identity Center's identity provider", Severity::Medium)
        }
        "DeleteExternalIdPConfigurationForDirectory" => {
            ("deleted the external identity provider of Identity Center", Severity::High)
        }
        "DisableExternalIdPConfigurationForDirectory" => {
            ("switched off the external identity provider of Identity Center", Severity::High)
        }
        "DisassociateDirectory" => ("took Identity Center's directory away from it", Severity::High),
        "EnableExternalIdPConfigurationForDirectory" => {
            ("switched on an external identity provider for Identity Center", Severity::High)
        }
        "ImportExternalIdPCertificate" => {
            ("imported a certificate that Identity Center trusts for sign-ins", Severity::High)
        }
        _ => ("changed the external identity provider of Identity Center", Severity::High),
    };
    let finding = DETECTION.finding(event, act).target(identity_center::itself(event)).severity(severity);
    Some(grant::unless_by_a_service(event, finding))
}
