//! Rights given to a principal: what the detections of them share.

use crate::config::Config;
use crate::event::{Event, Kind};
use crate::finding::{Finding, Severity};
use crate::policy::{AwsManaged, Certainty, Document, Exposed, Exposure, Flaw, Illegal, Privilege, Way};

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

/// Whether somebody holds a policy now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Now,
    NotYet,
}

/// Says what a document allows. What nobody could read, and what is allowed only under a condition, is worth a look; an
/// escalation path that nothing stands in the way of is worth one today.
pub(crate) fn described(finding: Finding, document: &Result<Document, Illegal>, held: Held) -> Finding {
    let at_least = finding.severity.max(Severity::Medium);
    let document = match document {
        Err(illegal) => return finding.severity(at_least).evidence("Unreadable", illegal.to_string()),
        Ok(document) => document,
    };
    match (document.privilege(), document.privilege_if()) {
        (Some(grant), _) => return finding.evidence("Allows", grant.words()),
        (None, Some(grant)) => return finding.severity(at_least).evidence("Allows", grant.words()),
        (None, None) => {}
    }
    let opens = document.opens();
    let finding = match opens.ways.split_first() {
        Some((worst, others)) => escalating(finding, worst, others, held),
        None => finding,
    };
    let finding = if opens.tangled {
        let severity = finding.severity.max(Severity::High);
        finding.severity(severity).evidence("Not judged", "it has more wildcards than anybody needs")
    } else {
        finding
    };
    exposing(finding, opens.exposed).evidence("Says", document.in_words())
}

/// Names the worst escalation path that a document opens, and the others by their reference.
fn escalating(mut finding: Finding, worst: &Way<'_>, others: &[Way<'_>], held: Held) -> Finding {
    let path = worst.path;
    let severity = match (worst.certainty(), held) {
        (Certainty::Plain, Held::Now) => Severity::High,
        (Certainty::Plain, Held::NotYet) | (Certainty::If, _) => Severity::Medium,
        (Certainty::Named, _) => Severity::Low,
    };
    finding.severity = finding.severity.max(severity);
    if worst.certainty() == Certainty::Plain {
        finding.act.push_str(", which opens escalation path ");
        finding.act.push_str(path.reference);
    }
    let grants = match worst.certainty() {
        Certainty::Plain | Certainty::If => "its holder can",
        Certainty::Named => "if the named ones are strong, its holder can",
    };
    // Those that are worth less are in the reach of half of all policies: they would bury the others.
    let also: Vec<&str> = others
        .iter()
        .filter(|way| way.certainty() > Certainty::Named || way.certainty() == worst.certainty())
        .map(|way| way.path.reference)
        .collect();
    finding
        .evidence("Escalation", format!("{grants} {} (path {}): {}", path.name, path.reference, worst.words()))
        .evidence_if("Other paths", (!also.is_empty()).then(|| listed(&also)))
}

/// Says what a managed policy of AWS's opens, by our judgement of its document.
pub(crate) fn opened(finding: Finding, policy: &AwsManaged<'_>) -> Finding {
    let Some(judged) = policy.judged() else {
        if policy.is_for_service_linked_roles() {
            return finding;
        }
        let day = AwsManaged::judged_on();
        let why = format!("AWS made it after {day}, the day of iamwatch's list, or has withdrawn it");
        return finding.evidence("Not known", why);
    };
    let mut paths = judged.paths();
    let escalation = paths.next().map(|worst| {
        format!("its holder can {} (path {}), by {} of the policy", worst.name, worst.reference, judged.version())
    });
    let also: Vec<&str> = paths.map(|path| path.reference).collect();
    let exposed: Vec<&str> = judged.exposes().map(Exposure::words).collect();
    let services: Vec<&str> = judged.whole_services().collect();
    finding
        .evidence_if("Escalation", escalation)
        .evidence_if("Other paths", (!also.is_empty()).then(|| listed(&also)))
        .evidence_if("Exposes", (!exposed.is_empty()).then(|| format!("its holder can {}", exposed.join(", "))))
        .evidence_if("Whole services", (!services.is_empty()).then(|| listed(&services)))
        .evidence_if("Allows", judged.only_reads().then_some("only reading, by the names of its actions"))
}

/// At most ten of a list.
fn listed(list: &[&str]) -> String {
    let first: Vec<&str> = list.iter().copied().take(10).collect();
    match list.len().saturating_sub(10) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Says what a document lets its holder read everywhere.
fn exposing(mut finding: Finding, exposed: Vec<Exposed<'_>>) -> Finding {
    let (services, reading): (Vec<_>, Vec<_>) =
        exposed.into_iter().partition(|exposed| exposed.what == Exposure::WholeService);
    for exposed in reading {
        let condition = if exposed.certainty == Certainty::If { ", under a condition" } else { "" };
        if exposed.certainty == Certainty::Plain {
            finding.severity = finding.severity.max(Severity::Medium);
        }
        let words =
            format!("its holder can {}: {}, by {}{condition}", exposed.what.words(), exposed.action, exposed.by);
        finding = finding.evidence("Exposes", words);
    }
    let services: Vec<&str> = services.iter().map(|exposed| exposed.action.as_str()).collect();
    if !services.is_empty() {
        finding = finding.evidence("Whole services", listed(&services));
    }
    finding
}

/// Says what is weak about a trust policy. Everyone and other accounts have detections of their own.
pub(crate) fn weakly_trusting(mut finding: Finding, event: &Event, document: &Document, config: &Config) -> Finding {
    let known = |account: &str| config.account_names.contains_key(account);
    for weak in document.weaknesses(&event.account, event.request("roleName"), known) {
        let to_whom = match weak.flaw {
            Flaw::Public | Flaw::PublicIf | Flaw::PublicBound | Flaw::Account | Flaw::AccountWithoutExternalId => {
                continue;
            }
            Flaw::PublicProviderWithoutSubject => ", open to anybody who gets a token there",
            Flaw::ProviderWithoutSubject => ", open to all that its provider knows",
            Flaw::CognitoWithoutPool => ", open to every identity pool",
            Flaw::CognitoGuests => ", open to guests",
            Flaw::SamlWithoutAudience | Flaw::ServiceWithoutSource | Flaw::Itself => "",
        };
        if weak.flaw.severity() > finding.severity && !to_whom.is_empty() {
            finding.act.push_str(to_whom);
        }
        // A service in a trust policy is what most roles are for.
        if weak.flaw.severity() > Severity::Low {
            finding.severity = finding.severity.max(weak.flaw.severity());
        }
        finding = finding
            .evidence("Weak", format!("{}, {}, by {}", weak.trusted.who, weak.flaw.words(), weak.trusted.statement));
    }
    finding
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
