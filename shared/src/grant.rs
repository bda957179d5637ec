//! Rights given to a principal: what the detections of them share.

mod door;
mod given;

use crate::detect::Context;
use crate::event::{Event, Target};
use crate::facts::{Fact, Holdings};
use crate::finding::{Finding, Severity};
use crate::policy::{AwsManaged, Document, Exposure, Illegal, Privilege, Strength};
use crate::undo;

pub(crate) use door::Door;
use given::listed;
pub(crate) use given::{Given, Held, described, loosened};

/// Weighs a finding by who gave the rights: louder where the actor gave them to itself, for the record where a service
/// did its own work. A deployment wakes nobody: whoever bootstraps one makes roles of administrators through
/// `CloudFormation`, and its stack tells what they are for.
pub(crate) fn weigh(event: &Event, context: &Context<'_>, finding: Finding) -> Finding {
    if let Some(how) = services_work(event) {
        return by_a_service(finding, &how);
    }
    let finding = if is_to_oneself(event, context) {
        let raised = finding.severity.raised();
        finding.severity(raised).evidence("Own rights", "the actor changed what it may do itself")
    } else {
        finding
    };
    if event.actor.is_deployment() && finding.severity == Severity::Critical {
        return finding
            .severity(Severity::High)
            .evidence("Deployment", "CloudFormation did it for whoever is named under Who");
    }
    finding
}

/// Says how strong the principal is that the call opens a way to, and whether that is a step up for the actor: `what` is
/// that principal, as in `role deploy`.
pub(crate) fn reaching(context: &Context<'_>, finding: Finding, what: &str) -> Finding {
    step_up(context, finding, what, &context.facts.target, Severity::High)
}

/// The same for the roles that the call passes to a service. Whoever deploys passes roles all day: one that is strong is
/// worth a look only where it is known to be a step up.
pub(crate) fn passing(context: &Context<'_>, finding: Finding) -> Finding {
    context.facts.passed.iter().fold(finding, |finding, (role, holdings)| {
        step_up(context, finding, &format!("role {role}"), holdings, Severity::Medium)
    })
}

/// `unknown` is how loud an administrator is where nobody knows what the actor is.
fn step_up(
    context: &Context<'_>,
    mut finding: Finding,
    what: &str,
    reached: &Fact<Holdings>,
    unknown: Severity,
) -> Finding {
    for unseen in given::not_seen(reached) {
        finding = finding.evidence("Not seen", unseen);
    }
    let Fact::Known(reached) = reached else { return finding };
    let strength = reached.strength();
    let actor = context.facts.actor.known().map(Holdings::strength);
    finding = finding.evidence("Strength", format!("{what} is {strength}"));
    let at_least = |least: Severity| finding.severity.max(least);
    match (strength, actor) {
        (Strength::Ordinary, _) => finding,
        (_, Some(actor)) if !strength.exceeds(actor) => {
            finding.evidence("Step up", format!("no: the actor is {actor} itself"))
        }
        (Strength::Escalates(_) | Strength::PrivilegedIf(_), _) => {
            let severity = at_least(Severity::Medium);
            finding.severity(severity)
        }
        (Strength::Privileged(_), None) => {
            let severity = at_least(unknown);
            finding.severity(severity)
        }
        (Strength::Privileged(_), Some(actor)) => {
            let severity = at_least(Severity::Medium).raised();
            finding.severity(severity).evidence("Step up", format!("yes: the actor is {actor}"))
        }
    }
}

/// Makes a finding that is about no rights of the actor's one for the record, if a service did it.
pub(crate) fn unless_by_a_service(event: &Event, finding: Finding) -> Finding {
    match services_work(event) {
        Some(how) => by_a_service(finding, &how),
        None => finding,
    }
}

/// A finding about what a service did.
pub(crate) fn by_a_service(finding: Finding, how: &str) -> Finding {
    finding.severity(Severity::Low).undo(None).evidence("Service", how)
}

/// Services that administer accounts and who may enter them. What they do for somebody is a part of what that person asked
/// of them, in a call of its own. Services that do whatever they are told, as `CloudFormation`, are none of them.
const ADMINISTER: [&str; 3] = ["controltower.amazonaws.com", "organizations.amazonaws.com", "sso.amazonaws.com"];

/// Services keep roles in the account and change them with a role that only they can assume. Above all Identity Center:
/// whoever assigns a permission set there has it made into a role here, in the management account in that person's name.
/// The assignment is the act to look at.
fn services_work(event: &Event) -> Option<String> {
    if event.actor.is_service_by_itself() {
        return Some("it did its own work: whoever decided it did so in that service".to_owned());
    }
    let by = event.actor.invoked_by.as_deref().filter(|by| ADMINISTER.contains(by))?;
    Some(format!("{by} did it: whoever decided it did so there"))
}

/// Which groups a user is in and which policies somebody holds is not in the event: that much is known only where IAM told.
fn is_to_oneself(event: &Event, context: &Context<'_>) -> bool {
    let (actor, target) = (&event.actor, event.target());
    let here = actor.account.as_deref().is_none_or(|account| account == event.account);
    let own = context.facts.actor.known();
    here && match target.kind.as_str() {
        "user" => actor.is_user(&target.name),
        "role" => actor.is_role(&target.name),
        "group" => own.is_some_and(|own| own.groups.contains(&target.name)),
        "policy" => own.zip(target.arn.as_deref()).is_some_and(|(own, arn)| own.holds(arn)),
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

/// A finding about a managed policy that was attached and whose document was read: `what` is the policy in a sentence.
pub(crate) fn attached(mut finding: Finding, given: &Given, what: &str, holder: &Target) -> Finding {
    if let Some(grant) = given.privilege() {
        finding.act = format!("attached {what}, which gives {} rights, to {holder}", grant.privilege.word());
        finding.severity = severity(grant.privilege);
    }
    given.described(finding)
}

/// The command that takes an inline policy back: to what it was, or away.
pub(crate) fn undo_inline(given: &Given, holder: &Target, name: &str) -> Option<String> {
    match given.before() {
        Some(before) if before.strength() == Strength::Ordinary => undo::put_inline_policy(holder, name, before),
        // Whoever takes rights in two steps is not to get the first of them back.
        Some(_) => None,
        // It may have replaced one that held somebody back.
        None if given.is_before_unseen() => None,
        None => undo::delete_inline_policy(holder, name),
    }
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

/// Whether a new version of a policy takes effect at once.
pub(crate) fn is_set_as_default(event: &Event) -> bool {
    let asked = event.request_value("setAsDefault").and_then(serde_json::Value::as_bool).unwrap_or(false);
    asked || event.request("setAsDefault") == Some("true")
}
