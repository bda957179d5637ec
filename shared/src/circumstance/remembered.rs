//! What is told beside any finding because of what came before it.

use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};

use super::is_instance;
use crate::arn;
use crate::detect::Context;
use crate::event::{Event, Kind, Owner, Target};
use crate::facts::Since;
use crate::facts::past::{self, Key, Pair, Remembering, Trace, What};
use crate::facts::{Holder, HolderKind};
use crate::finding::{Finding, Severity};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Whose long-term keys sign, and the network that they are used from: a key that replaces another is not new.
pub(crate) static NETWORK: Remembering =
    Remembering { id: "key-network", asked_by: &[], what: What::Habit(key_and_network) };

/// Who signs with long-term keys at all: for whom nothing is known, no network is new.
pub(crate) static KEY_USED: Remembering = Remembering { id: "key-used", asked_by: &[], what: What::Habit(key_user) };

/// A new access key, and who made it.
pub(crate) static KEY_MADE: Remembering = Remembering {
    id: "key-made",
    asked_by: &[],
    what: What::Trace { leaves: key_made, asks: long_term_key, lasts: DAY },
};

/// A new user or role, and who made it.
pub(crate) static PRINCIPAL_MADE: Remembering = Remembering {
    id: "principal-made",
    asked_by: &[],
    what: What::Trace { leaves: principal_made, asks: principal_changed, lasts: DAY },
};

/// A new managed policy, or a new version of one, and who wrote it.
pub(crate) static POLICY_MADE: Remembering = Remembering {
    id: "policy-made",
    asked_by: &[],
    what: What::Trace { leaves: policy_made, asks: policy_attached, lasts: SignedDuration::from_hours(14 * 24) },
};

/// A user or role that got rights, by which call, and who gave them.
pub(crate) static RIGHTS_GIVEN: Remembering = Remembering {
    id: "rights-given",
    asked_by: &[],
    what: What::Trace { leaves: rights_given, asks: acting, lasts: DAY },
};

/// Who wrote a role's trust policy last.
pub(crate) static TRUST_WRITTEN: Remembering = Remembering {
    id: "trust-written",
    asked_by: &[],
    what: What::Trace { leaves: trust_written, asks: role_assumed, lasts: DAY },
};

/// Temporary credentials, and the network that they were used from last.
pub(crate) static SESSION_NETWORK: Remembering = Remembering {
    id: "session-network",
    asked_by: &[],
    what: What::Trace { leaves: session_used, asks: session, lasts: SignedDuration::from_hours(1) },
};

/// An instance with its role, and the network that it was in last.
pub(crate) static INSTANCE_NETWORK: Remembering = Remembering {
    id: "instance-network",
    asked_by: &[],
    what: What::Trace { leaves: instance_used, asks: instance, lasts: SignedDuration::from_hours(30 * 24) },
};

/// A role with which Bedrock `AgentCore` runs agents, and the public networks that they come from.
pub(crate) static AGENT_NETWORK: Remembering =
    Remembering { id: "agent-network", asked_by: &[], what: What::Habit(agent_and_network) };

/// Whose long-term keys sign, and whether inside a VPC or over the internet.
pub(crate) static KEY_PLACE: Remembering =
    Remembering { id: "key-place", asked_by: &[], what: What::Habit(key_and_place) };

/// An account, and the regions that something is changed in.
pub(crate) static REGION: Remembering =
    Remembering { id: "account-region", asked_by: &[], what: What::Habit(account_and_region) };

pub(super) fn network(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(since) = context.facts.first_since(NETWORK.id) else { return (finding, None) };
    let Some(Pair(key)) = key_and_network(event) else { return (finding, None) };
    if !is_later_than_its_user(context, since) {
        return (finding, Some(format!("no long-term key of this principal was seen before, since {since}")));
    }
    let [_, network] = key.as_slice() else { return (finding, None) };
    let words = format!("no long-term key of this principal was seen from {network} before, since {since}");
    (high_if_medium(finding), Some(words))
}

pub(super) fn key(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(KEY_MADE.id) else { return (finding, None) };
    let (maker, owner) = note.text.split_once(' ').unwrap_or_default();
    let words = format!("the key that signed this was made {} by {maker}", ago(note.at, event.time));
    // Whoever makes a key for oneself has a use for it.
    let finding = if owner == "another" { high_if_medium(finding) } else { finding };
    (finding, Some(words))
}

pub(super) fn just_made(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(PRINCIPAL_MADE.id) else { return (finding, None) };
    let words = format!("{} was made {} by {}", event.target(), ago(note.at, event.time), note.text);
    (finding, Some(words))
}

pub(super) fn policy_just_made(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(POLICY_MADE.id) else { return (finding, None) };
    let (call, maker) = note.text.split_once(' ').unwrap_or_default();
    let written = if call == "CreatePolicy" { "was made" } else { "got a new version" };
    let policy = Target::from_arn(event.request("policyArn").unwrap_or_default()).name;
    (finding, Some(format!("{policy} {written} {} by {maker}", ago(note.at, event.time))))
}

pub(super) fn rights_just_given(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(RIGHTS_GIVEN.id) else { return (finding, None) };
    let (call, giver) = note.text.split_once(' ').unwrap_or_default();
    let own = giver == event.actor.principal;
    let by = if own { "by themselves".to_owned() } else { format!("by {giver}") };
    let words = format!("whoever acted was given rights {} {by}, with {call}", ago(note.at, event.time));
    (if own { high_if_medium(finding) } else { finding }, Some(words))
}

pub(super) fn opened(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(TRUST_WRITTEN.id) else { return (finding, None) };
    let own = note.text == event.actor.principal;
    let by = if own { "by the same who now assumed it".to_owned() } else { format!("by {}", note.text) };
    let words = format!("its trust policy was written {} {by}", ago(note.at, event.time));
    let finding = match finding.severity {
        Severity::Low if own => finding.severity(Severity::Medium),
        _ => high_if_medium(finding),
    };
    (finding, Some(words))
}

pub(super) fn two_networks(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let words = context.facts.left(SESSION_NETWORK.id).and_then(|note| {
        let network = public_network(event).filter(|network| *network != note.text)?;
        let when = ago(note.at, event.time);
        Some(format!("the same temporary credentials came from {} {when}, and now from {network}", note.text))
    });
    let Some(words) = words else { return (finding, None) };
    // People change networks on the way home, and a function's come and go. An instance stays where it is.
    (if is_instance(event) { high_if_medium(finding) } else { finding }, Some(words))
}

pub(super) fn instance_moved(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    unless_said(finding, instance_moved_in_words(event, context))
}

fn instance_moved_in_words(event: &Event, context: &Context<'_>) -> Option<String> {
    let note = context.facts.left(INSTANCE_NETWORK.id)?;
    let network = public_network(event).filter(|network| *network != note.text)?;
    let when = ago(note.at, event.time);
    let instance = Target::from_arn(instance_arn(event)?).name;
    Some(format!("the credentials of {instance} came from {} {when}, and now from {network}", note.text))
}

pub(super) fn agent_moved(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(since) = context.facts.first_since(AGENT_NETWORK.id) else { return (finding, None) };
    let Some(network) = public_network(event) else { return (finding, None) };
    let words = format!("the role's agents were not seen in {network} before, since {since}");
    (high_if_medium(finding), Some(words))
}

pub(super) fn left_vpc(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    unless_said(finding, left_vpc_in_words(event, context))
}

fn left_vpc_in_words(event: &Event, context: &Context<'_>) -> Option<String> {
    let since = context.facts.first_since(KEY_PLACE.id)?;
    let outside = key_and_place(event).is_some_and(|Pair(key)| key.ends_with(&[INTERNET.to_owned()]));
    (outside && is_later_than_its_user(context, since))
        .then(|| format!("its keys were only seen inside VPCs before, since {since}"))
}

/// What [`taken_out`] goes by.
pub(crate) static TAKEN_OUT: [&Remembering; 3] = [&KEY_PLACE, &KEY_USED, &INSTANCE_NETWORK];

/// That credentials are used outside AWS which were only seen inside before, as a long-term key's or an instance's.
pub(crate) fn taken_out(event: &Event, context: &Context<'_>) -> Option<String> {
    left_vpc_in_words(event, context).or_else(|| instance_moved_in_words(event, context))
}

/// Denied calls are weighed with it, and say it with their weight.
fn unless_said(finding: Finding, words: Option<String>) -> (Finding, Option<String>) {
    match words {
        Some(words) if !finding.evidence.iter().any(|told| told.value.contains(&words)) => {
            (high_if_medium(finding), Some(words))
        }
        _ => (finding, None),
    }
}

pub(super) fn denied_before(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(note) = context.facts.left(past::DENIED) else { return (finding, None) };
    let words = format!(
        "the same call was denied to it {}: somebody gave it the right, or it found a way",
        ago(note.at, event.time)
    );
    (high_if_medium(finding), Some(words))
}

/// Whether a network that is new for the keys of a user came after their first: somebody new has no network that is usual.
fn is_later_than_its_user(context: &Context<'_>, network: Since) -> bool {
    context.facts.first_since(KEY_USED.id).is_none_or(|user| user.seen > network.seen)
}

/// Whether a long-term key signed the call of which one has to fear that somebody else holds it: it came from a network that
/// is new for somebody who was seen in others, or was just made by somebody for another user.
pub(super) fn is_key_in_doubt(event: &Event, context: &Context<'_>) -> bool {
    let made_by_another = context.facts.left(KEY_MADE.id).is_some_and(|note| note.text.ends_with(" another"));
    let moved = context.facts.first_since(NETWORK.id).is_some_and(|since| is_later_than_its_user(context, since));
    event.actor.long_term_key() && (made_by_another || moved)
}

pub(super) fn region(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(since) = context.facts.first_since(REGION.id) else { return (finding, None) };
    let words = format!("nobody changed anything in {} before, since {since}", event.region);
    (high_if_medium(finding), Some(words))
}

fn high_if_medium(finding: Finding) -> Finding {
    if finding.severity == Severity::Medium { finding.severity(Severity::High) } else { finding }
}

/// As in "made 12 min ago".
pub(crate) fn ago(then: Timestamp, now: Option<Timestamp>) -> String {
    past::ago(now.map_or(SignedDuration::ZERO, |now| now.duration_since(then)))
}

/// `AKIA…`, of a caller in person.
fn long_term_key(event: &Event) -> Option<Key> {
    let key = event.actor.access_key.as_deref().filter(|key| key.starts_with("AKIA"))?;
    (!event.actor.is_service()).then(|| vec![key.to_owned()])
}

fn key_user(event: &Event) -> Option<Pair> {
    long_term_key(event).filter(|_| !event.actor.principal.is_empty())?;
    Some(Pair(vec![event.actor.principal.clone()]))
}

fn key_and_network(event: &Event) -> Option<Pair> {
    let Pair(mut key) = key_user(event)?;
    key.push(network_of(event.origin.ip?));
    Some(Pair(key))
}

const INTERNET: &str = "internet";

/// AWS writes which endpoint a call came through, and no address of the internet is private.
fn key_and_place(event: &Event) -> Option<Pair> {
    let Pair(mut key) = key_user(event)?;
    event.origin.ip?;
    let inside = event.vpc_endpoint().is_some() || public_address(event).is_none();
    key.push(if inside { "VPC" } else { INTERNET }.to_owned());
    Some(Pair(key))
}

/// What the service calls the sessions of its runtimes. Whoever takes such credentials cannot change that.
const AGENT: &str = "BedrockAgentCore-";

fn agent_and_network(event: &Event) -> Option<Pair> {
    let actor = &event.actor;
    let named = actor.session.as_deref().is_some_and(|session| session.starts_with(AGENT));
    let agent = named && actor.kind == Kind::Role && actor.is_in_person();
    agent.then(|| Some(Pair(vec![actor.principal.clone(), public_network(event)?])))?
}

/// The network that an address is of: its neighbours are a provider's other customers at worst, and the same office or home
/// at best.
pub(crate) fn network_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// The network of a call that came over the internet. One that came through an endpoint in a VPC bears an address of that
/// network, which says nothing beside the public one of the same machine.
pub(crate) fn public_network(event: &Event) -> Option<String> {
    public_address(event).map(network_of)
}

fn public_address(event: &Event) -> Option<IpAddr> {
    event.origin.ip.filter(|address| match address {
        IpAddr::V4(address) => {
            !(address.is_private() || address.is_link_local() || address.is_loopback() || is_shared(*address))
        }
        IpAddr::V6(address) => !(address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback()),
    })
}

/// 100.64.0.0/10, which providers and VPCs use behind their own addresses.
fn is_shared(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [100, second, ..] if second & 0xC0 == 0x40)
}

/// A machine with both kinds of addresses uses either as it likes: each kind is looked at by itself.
fn version(event: &Event) -> Option<String> {
    Some(if event.origin.ip?.is_ipv4() { "IPv4" } else { "IPv6" }.to_owned())
}

/// `ASIA…`, of a caller in person.
fn session(event: &Event) -> Option<Key> {
    let key = event.actor.access_key.as_deref().filter(|key| key.starts_with("ASIA"))?;
    let known = !event.actor.is_service() && public_address(event).is_some();
    known.then_some(())?;
    Some(vec![key.to_owned(), version(event)?])
}

fn session_used(event: &Event) -> Option<Trace> {
    Some(Trace { under: session(event)?, text: public_network(event)? })
}

/// The instance that AWS gave the credentials to: AWS writes it, where the session's name could be anybody's.
fn instance_arn(event: &Event) -> Option<&str> {
    let given = event.record().get("userIdentity")?.get("inScopeOf")?;
    let instance = given.get("issuerType")?.as_str()? == "AWS::EC2::Instance" && !event.actor.is_service();
    given.get("credentialsIssuedTo")?.as_str().filter(|_| instance)
}

fn instance(event: &Event) -> Option<Key> {
    let instance = instance_arn(event).filter(|_| public_address(event).is_some())?;
    Some(vec![event.actor.principal.clone(), instance.to_owned(), version(event)?])
}

fn instance_used(event: &Event) -> Option<Trace> {
    Some(Trace { under: instance(event)?, text: public_network(event)? })
}

fn policy_made(event: &Event) -> Option<Trace> {
    let call = event.call();
    let arn = match call {
        "CreatePolicy" => event.response("policy.arn"),
        "CreatePolicyVersion" => event.request("policyArn"),
        _ => None,
    };
    let arn = arn.filter(|_| event.source == "iam.amazonaws.com" && event.succeeded())?;
    Some(Trace { under: vec![arn.to_owned()], text: format!("{call} {}", event.actor.principal) })
}

fn policy_attached(event: &Event) -> Option<Key> {
    let attaches = ["AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"];
    let worked = event.is("iam.amazonaws.com", &attaches) && event.succeeded();
    Some(vec![worked.then(|| event.request("policyArn"))??.to_owned()])
}

/// The calls that give a user or a role something, or take a limit away.
const GIVES_RIGHTS: [&str; 7] = [
    "AddUserToGroup",
    "AttachRolePolicy",
    "AttachUserPolicy",
    "DeleteRolePermissionsBoundary",
    "DeleteUserPermissionsBoundary",
    "PutRolePolicy",
    "PutUserPolicy",
];

fn rights_given(event: &Event) -> Option<Trace> {
    if !event.is("iam.amazonaws.com", &GIVES_RIGHTS) || !event.succeeded() {
        return None;
    }
    let (kind, name) = match (event.request("userName"), event.request("roleName")) {
        (Some(user), _) => (HolderKind::User, user),
        (None, role) => (HolderKind::Role, role?),
    };
    let under = of_holder(&event.account, &Holder { kind, name: name.to_owned() });
    Some(Trace { under, text: format!("{} {}", event.name, event.actor.principal) })
}

fn acting(event: &Event) -> Option<Key> {
    let holder = Holder::acting(&event.actor, &event.account)?;
    Some(of_holder(&event.account, &holder))
}

/// IAM tells names apart whatever the case of their letters.
fn of_holder(account: &str, holder: &Holder) -> Key {
    vec![account.to_owned(), holder.kind.to_string(), holder.name.to_ascii_lowercase()]
}

fn trust_written(event: &Event) -> Option<Trace> {
    let writes = event.is("iam.amazonaws.com", &["CreateRole", "UpdateAssumeRolePolicy"]) && event.succeeded();
    let role = writes.then(|| event.request("roleName"))??;
    Some(Trace { under: vec![event.account.clone(), role.to_ascii_lowercase()], text: event.actor.principal.clone() })
}

/// IAM tells roles apart neither by their paths nor by the case of their letters.
fn role_assumed(event: &Event) -> Option<Key> {
    let assumed = event.is("sts.amazonaws.com", &["AssumeRole"]) && event.succeeded();
    let role = assumed.then(|| event.request("roleArn"))??;
    let account = arn::account(role)?;
    Some(vec![account.to_owned(), Target::from_arn(role).name.to_ascii_lowercase()])
}

fn key_made(event: &Event) -> Option<Trace> {
    if !event.is("iam.amazonaws.com", &["CreateAccessKey"]) || !event.succeeded() {
        return None;
    }
    let key = event.response("accessKey.accessKeyId")?.to_owned();
    let whose = if matches!(event.owner()?, Owner::Other(_)) { "another" } else { "its-own" };
    Some(Trace { under: vec![key], text: format!("{} {whose}", event.actor.principal) })
}

fn principal_made(event: &Event) -> Option<Trace> {
    if !event.is("iam.amazonaws.com", &["CreateUser", "CreateRole"]) || !event.succeeded() {
        return None;
    }
    Some(Trace { under: principal(event)?, text: event.actor.principal.clone() })
}

fn principal_changed(event: &Event) -> Option<Key> {
    let makes = ["CreateUser", "CreateRole"];
    let changes = event.source == "iam.amazonaws.com" && event.succeeded() && !makes.contains(&event.call());
    changes.then(|| principal(event))?
}

fn principal(event: &Event) -> Option<Key> {
    let target = event.target();
    matches!(target.kind.as_str(), "user" | "role").then(|| vec![event.account.clone(), target.kind, target.name])
}

/// A sign-in is at the endpoint that is nearest.
fn account_and_region(event: &Event) -> Option<Pair> {
    let changes = event.succeeded() && !event.read_only() && event.actor.is_in_person();
    let signs_in = ["signin.amazonaws.com", "sts.amazonaws.com"].contains(&event.source.as_str());
    let known = !event.account.is_empty() && !event.region.is_empty();
    (known && changes && !signs_in).then(|| Pair(vec![event.account.clone(), event.region.clone()]))
}
