//! Rights given to a principal: what the detections of them share.

use crate::event::{Event, Kind};
use crate::finding::{Finding, Severity};
use crate::policy::{Document, Illegal, Privilege};

/// Weighs a finding by who gave the rights: louder where the actor gave them to itself, for the record where a service
/// did its own work.
pub(crate) fn weigh(event: &Event, finding: Finding) -> Finding {
    if is_services_own_work(event) {
        let service = "it did its own work: whoever decided it did so in that service";
        return finding.severity(Severity::Low).undo(None).evidence("Service", service);
    }
    if !is_to_oneself(event) {
        return finding;
    }
    let raised = finding.severity.raised();
    finding.severity(raised).evidence("Own rights", "the actor changed what it may do itself")
}

/// Services keep roles in the account and change them with a role that only they can assume. Above all Identity Center:
/// whoever assigns a permission set there has it made into a role here. The assignment is the act to look at.
fn is_services_own_work(event: &Event) -> bool {
    event.actor.is_service_linked_role() || event.actor.kind == Kind::Service
}

/// Which groups a user is in is not in the event, so a change to one's own group is not seen here.
fn is_to_oneself(event: &Event) -> bool {
    let (actor, target) = (&event.actor, event.target());
    let here = actor.account.as_deref().is_none_or(|account| account == event.account);
    here && match target.kind.as_str() {
        "user" => actor.is_user(&target.name),
        "role" => actor.is_role(&target.name),
        _ => false,
    }
}

/// The document under a request parameter.
pub(crate) fn document(event: &Event, parameter: &str) -> Result<Document, Illegal> {
    match event.request_value(parameter) {
        Some(value) => Document::from_value(value),
        None => Err(Illegal { at: "the document".to_owned(), what: "it is not in the event".to_owned() }),
    }
}

/// How loud a privilege is for somebody who holds it now.
pub(crate) fn severity(privilege: Privilege) -> Severity {
    match privilege {
        Privilege::Everything => Severity::Critical,
        Privilege::Iam | Privilege::AllButIam => Severity::High,
    }
}

/// As [`severity`], while nobody holds it yet.
pub(crate) fn severity_unused(privilege: Privilege) -> Severity {
    match privilege {
        Privilege::Everything => Severity::High,
        Privilege::Iam | Privilege::AllButIam => Severity::Medium,
    }
}

/// Says what a document allows. What nobody could read, and what is allowed only under a condition, is worth a look.
pub(crate) fn described(finding: Finding, document: &Result<Document, Illegal>) -> Finding {
    let at_least = finding.severity.max(Severity::Medium);
    match document {
        Err(illegal) => finding.severity(at_least).evidence("Unreadable", illegal.to_string()),
        Ok(document) => match (document.privilege(), document.privilege_if()) {
            (Some(grant), _) => finding.evidence("Allows", grant.words()),
            (None, Some(grant)) => finding.severity(at_least).evidence("Allows", grant.words()),
            (None, None) => finding.evidence("Says", document.in_words()),
        },
    }
}

/// The trust policy that a call writes: each of the two names it otherwise.
pub(crate) fn trust_document(event: &Event) -> Result<Document, Illegal> {
    let parameter = if event.call() == "CreateRole" { "assumeRolePolicyDocument" } else { "policyDocument" };
    document(event, parameter)
}

/// Whether a new version of a policy takes effect at once.
pub(crate) fn is_set_as_default(event: &Event) -> bool {
    let asked = event.request_value("setAsDefault").and_then(serde_json::Value::as_bool).unwrap_or(false);
    asked || event.request("setAsDefault") == Some("true")
}
