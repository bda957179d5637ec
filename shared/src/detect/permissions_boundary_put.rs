//! # Permissions boundary put or replaced
//!
//! Somebody gave a user or a role a permissions boundary, or replaced the one it had. Which one stood before is not in
//! the event.
//!
//! ## Why it matters
//!
//! A boundary is the most that its holder may ever do. Replacing a tight one by a loose one is as good as removing it,
//! and looks like care. One that allows everything limits nothing.
//!
//! ## False alarms
//!
//! The first boundary of a user or role only takes rights away.
//!
//! ## What to do
//!
//! 1. Find the boundary before it: the last `PutUserPermissionsBoundary`, `PutRolePermissionsBoundary`, `CreateUser`
//!    or `CreateRole` call for this target.
//! 2. If the new one allows more: put the old one back.
//! 3. List all calls by the target since the event, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::policy::{AwsManaged, Document, Privilege};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "permissions-boundary-put",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1098", was: None, name: "Account Manipulation" }],
    covers: &["IAMC-17"],
    calls: &[Calls {
        source: "iam.amazonaws.com",
        names: &["PutUserPermissionsBoundary", "PutRolePermissionsBoundary"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("permissions_boundary_put.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let arn = event.request("permissionsBoundary")?;
    let finding = DETECTION
        .finding(event, format!("put boundary {} on {}", Target::from_arn(arn).name, event.target()))
        .evidence("Boundary", arn);
    let read = context.facts.document.known().and_then(Document::privilege).map(|grant| grant.privilege);
    let limits_nothing =
        read.or(AwsManaged::from_arn(arn).and_then(|policy| policy.privilege())) == Some(Privilege::Everything);
    let finding = match boundary(context) {
        Some(Change::Same) => return None,
        _ if limits_nothing => {
            finding.severity(Severity::High).evidence("Limits", "nothing: it allows every action on every resource")
        }
        Some(Change::First) => {
            finding.severity(Severity::Low).evidence("Before", "there was none: it takes rights away")
        }
        Some(Change::Looser(what)) => finding.severity(Severity::High).evidence("Weaker", what),
        Some(Change::Other) => finding,
        None => finding.evidence_if("Not seen", context.facts.document.unseen()),
    };
    Some(grant::weigh(event, context, finding))
}

/// How the boundary compares with the one before.
enum Change {
    /// There was none.
    First,
    Same,
    Looser(String),
    Other,
}

/// A boundary gives nothing: it is looser where it leaves ways open that the one before closed.
fn boundary(context: &Context<'_>) -> Option<Change> {
    let now = context.facts.document.known()?;
    let Some(before) = context.facts.before.known()? else { return Some(Change::First) };
    if now.says_the_same_as(before) {
        return Some(Change::Same);
    }
    let (had, has) = (before.privilege(), now.privilege());
    if has.map(|grant| grant.privilege) > had.map(|grant| grant.privilege) {
        return has.map(|grant| Change::Looser(format!("it leaves {}", grant.privilege.words())));
    }
    let closed = before.opens();
    let opens = now.opens();
    let new = opens.ways.iter().find(|way| !closed.ways.iter().any(|old| old.path == way.path));
    if had.is_none()
        && let Some(way) = new
    {
        let path = way.path;
        return Some(Change::Looser(format!(
            "it no longer keeps its holder from this: {} (path {})",
            path.name, path.reference
        )));
    }
    Some(now.looser_than(before).first().map_or(Change::Other, |loosening| Change::Looser(format!("it {loosening}"))))
}
