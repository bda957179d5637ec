//! # Account added to the organization
//!
//! Somebody created an account in the organization or invited one, or AWS Organizations says that one joined.
//!
//! ## Why it matters
//!
//! A new account is an empty place where nobody looks: attackers make one to run their machines at the organization's
//! cost. An invited account belongs to somebody else, and once it has joined it may use all that is shared with the
//! organization, by `aws:PrincipalOrgID` in policies or by AWS RAM.
//!
//! ## False alarms
//!
//! Account factories create accounts. What AWS Control Tower does is LOW, and so is what AWS Organizations says of an
//! account that was created.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the account is for and who owns it.
//! 2. If nobody knows: withdraw the invitation, or move the account to an OU whose policies deny everything, and
//!    close it.
//! 3. List all calls in the new account since the event, by `recipientAccountId`.
//! 4. List all calls by the actor in the 24 hours before, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::grant;
use crate::organization;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "account-added-to-organization",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1136.003", was: None, name: "Create Account: Cloud Account" }],
    covers: &["ORGG-06"],
    calls: &[Calls {
        source: "organizations.amazonaws.com",
        names: &["AccountJoinedOrganization", "CreateAccount", "CreateGovCloudAccount", "InviteAccountToOrganization"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("account_added_to_organization.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let finding = match event.call() {
        "AccountJoinedOrganization" => return Some(joined(event, context)),
        "InviteAccountToOrganization" => {
            let invited = event.request("target.id").filter(|_| event.request("target.type") == Some("ACCOUNT"));
            let whom = match invited {
                Some(account) => format!("account {}", context.config.account_name(account)),
                None => "an account by its mail address".to_owned(),
            };
            let finding = DETECTION.finding(event, format!("invited {whom} into the organization"));
            finding.target(Target::account(invited.unwrap_or(&event.account)))
        }
        _ => {
            let which = event.response("createAccountStatus.id").unwrap_or("not said");
            DETECTION
                .finding(event, "created an account in the organization")
                .target(Target { kind: "account request".to_owned(), name: which.to_owned(), arn: None })
                .evidence("Request", which)
                .evidence_if("Role in it", event.request("roleName"))
        }
    };
    Some(grant::unless_by_a_service(event, finding))
}

/// What AWS Organizations says once an account has joined.
fn joined(event: &Event, context: &Context<'_>) -> Finding {
    let account = organization::member(event);
    let name = account.map_or("of unknown number", |account| context.config.account_name(account));
    let method = organization::detail(event, &["joinedMethod"]).unwrap_or_default();
    let created = method.eq_ignore_ascii_case("CREATED");
    DETECTION
        .finding(event, format!("says that account {name} joined the organization"))
        .target(Target::account(account.unwrap_or(&event.account)))
        .severity(if created { Severity::Low } else { Severity::Medium })
        .evidence_if("Method", Some(method).filter(|method| !method.is_empty()))
        .evidence_if("When", organization::detail(event, &["joinedTime"]))
}
