//! # Member added to an Identity Center group
//!
//! Somebody put a user into a group of the Identity Center directory. Names are not in the event.
//!
//! ## Why it matters
//!
//! The user has every assignment of the group at once, in all accounts. Where the group is one of administrators, it
//! is the quietest way to become one: no permission set and no assignment is touched.
//!
//! ## False alarms
//!
//! People who join a team, where groups are looked after by hand. What an identity provider synchronises comes as
//! other events.
//!
//! ## What to do
//!
//! 1. Look the ids up under Identity Center: who is it, and what is the group assigned?
//! 2. If it does not fit: take the user out of the group, with the command under Undo where there is one.
//! 3. List all sign-ins by that user since the event, by `userIdentity.onBehalfOf.userId`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::identity_center;
use crate::undo;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "identity-center-group-member-added",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098.003", was: None, name: "Account Manipulation: Additional Cloud Roles" }],
    covers: &[],
    calls: &[
        Calls { source: "sso-directory.amazonaws.com", names: &["AddMemberToGroup"] },
        Calls { source: "identitystore.amazonaws.com", names: &["CreateGroupMembership"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("identity_center_group_member_added.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let group = event.request("groupId")?;
    // The console's call names the member otherwise.
    let member = event.request("memberId.userId").or_else(|| event.request("member.memberId"))?;
    let oneself = identity_center::is_actor(event, member);
    let undo = || {
        let (store, membership) = (event.request("identityStoreId")?, event.response("membershipId")?);
        undo::delete_group_membership(store, membership, &event.region)
    };
    let finding = DETECTION
        .finding(event, "added a user to a group of Identity Center")
        .target(Target { kind: "Identity Center group".to_owned(), name: group.to_owned(), arn: None })
        .severity(if oneself { Severity::High } else { Severity::Medium })
        .evidence("Group", group)
        .evidence("User", member)
        .evidence_if("Own rights", oneself.then_some("the actor added itself"))
        .undo(undo());
    Some(grant::unless_by_a_service(event, finding))
}
