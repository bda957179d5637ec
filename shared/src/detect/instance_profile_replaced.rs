//! # Instance given another role
//!
//! Somebody gave a running EC2 instance an instance profile, or another one than it had.
//!
//! ## Why it matters
//!
//! Everybody who is on the instance now acts as the role in that profile. Whoever holds an instance and may do this takes any
//! role that EC2 may have, without starting anything new.
//!
//! ## False alarms
//!
//! An administrator who forgot the profile at launch, or Systems Manager's setup, which adds one where there is none. Done by a
//! service for somebody, it is for the record.
//!
//! ## What to do
//!
//! 1. Compare what the new profile's role may do with what the instance needs.
//! 2. Ask whoever is named under Who; if they do not know of it, take the profile away with the command under Undo, and cut off
//!    their credentials.
//! 3. List all calls by the role since the event, by `sessionContext.sessionIssuer.arn` with the instance as session name.

use super::{Context, Detection, Outcome, Page, Technique, anywhere, for_the_record_by_service};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "instance-profile-replaced",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique {
        id: "T1548.005",
        was: None,
        name: "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
    }],
    covers: &["IAMC-33"],
    calls: &[Calls {
        source: "ec2.amazonaws.com",
        names: &["AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("instance_profile_replaced.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let passed = event.passed_roles();
    let profile = passed.first().map_or("unknown", |profile| profile.name());
    let instance = anywhere(event, "instanceId");
    let association = anywhere(event, "associationId");
    let named = instance.or(association).unwrap_or("unknown");
    let (act, undo) = match event.call() {
        "ReplaceIamInstanceProfileAssociation" => {
            (format!("replaced the profile of instance {named} by {profile}"), None)
        }
        _ => (
            format!("gave instance {named} the instance profile {profile}"),
            association.and_then(|association| undo::disassociate_instance_profile(association, &event.region)),
        ),
    };
    let finding = DETECTION
        .finding(event, act)
        .target(Target { kind: "instance".to_owned(), name: named.to_owned(), arn: None })
        .evidence_if("Instance profile", passed.first().map(|profile| profile.role))
        .undo(undo);
    // An instance that can give itself a role is on its way up.
    let itself = event.actor.is_instance() && event.actor.session.as_deref() == instance;
    let finding = if itself {
        finding.severity(Severity::High).evidence("Own rights", "the instance did it itself")
    } else {
        finding
    };
    Some(for_the_record_by_service(event, grant::passing(context, finding)))
}
