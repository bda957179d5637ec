//! What about an act makes it louder, whatever was done: what made it, and with which tool.
//!
//! A user agent is the caller's words: it may make a finding louder, never quieter.

mod remembered;

pub(crate) use remembered::{TAKEN_OUT, taken_out};

use std::net::IpAddr;

use serde_json::Value;

use crate::detect::Context;
use crate::event::{Event, Kind, Owner, ToldBy, is_account};
use crate::finding::{Finding, Severity};
use crate::honey::{Touch, touched};
use crate::workload;

/// Something true of an act beside what was done.
pub struct Circumstance {
    /// What it is called in an alert.
    pub label: &'static str,
    /// What it does, for the documentation.
    pub page: &'static str,
    /// Known detections of the field that it covers, by their reference.
    pub covers: &'static [&'static str],
    /// What is true of the event, in words, and the finding made as loud as that asks for.
    weigh: fn(&Event, &Context<'_>, Finding) -> (Finding, Option<String>),
}

const HONEY: &str = "Honey";

/// Whether a finding is about a principal that nobody uses.
pub(crate) fn is_of_honey(finding: &Finding) -> bool {
    finding.evidence.iter().any(|told| told.label == HONEY)
}

/// Every circumstance, in the order in which they are told.
pub static ALL: &[Circumstance] = &[
    Circumstance {
        label: HONEY,
        page: "A user or role acted, or was acted on, that the configuration says nobody uses (`HoneyPrincipals`). CRITICAL, \
               and told at once.",
        covers: &[],
        weigh: honey,
    },
    Circumstance {
        label: "Tool",
        page: "The call came from a system or tool made for attacks (Kali, Parrot, Pentoo, BlackArch, TruffleHog, Pacu, \
               CloudFox), or it changed identities from S3 Browser. At least HIGH, and told at once. \
               Who has an attack tested knows the tool.",
        covers: &["CRED-29", "CRED-30"],
        weigh: tool,
    },
    Circumstance {
        label: "Bedrock key",
        page: "The user was made for one Bedrock API key and does something else, or gets another credential. At least \
               HIGH, and told at once: the console makes such users, and nobody signs in or signs calls as one.",
        covers: &["CRED-15", "CRED-16"],
        weigh: bedrock_key,
    },
    Circumstance {
        label: "Machine",
        page: "An EC2 instance or a Lambda function changed identities. What is MEDIUM becomes HIGH: machines that run \
               pipelines do this, and others do not.",
        covers: &["IAMC-24", "IAMC-25"],
        weigh: machine,
    },
    Circumstance {
        label: "Session",
        page: "An IAM user changed identities with a temporary session that the record does not show as the console's. \
               IAM takes such a session from `GetSessionToken` only with MFA: that is told and changes nothing. Without \
               MFA it can only be one that was taken out of the console, or a CloudShell's, and what is MEDIUM becomes \
               HIGH.",
        covers: &["CRED-22"],
        weigh: session,
    },
    Circumstance {
        label: "Shell",
        page: "The call came from AWS CloudShell: somebody at the console typed it. Nothing becomes louder for it.",
        covers: &["IAMC-26"],
        weigh: shell,
    },
    Circumstance {
        label: "Network",
        page: "A long-term key came from a network that iamwatch has not seen any key of that user in. Networks are \
               learned from the calls that iamwatch looks at, for as many days as the stack is told before one is called \
               new. What is MEDIUM becomes HIGH.",
        covers: &["CRED-04", "CRED-05"],
        weigh: remembered::network,
    },
    Circumstance {
        label: "Key",
        page: "The access key that signed the call was made within a day. If it was made for another user, what is MEDIUM \
               becomes HIGH.",
        covers: &["CRED-03"],
        weigh: remembered::key,
    },
    Circumstance {
        label: "Just made",
        page: "The user or role that is changed was made within a day: making it and giving it rights is one story.",
        covers: &["IAMC-21", "IAMC-23"],
        weigh: remembered::just_made,
    },
    Circumstance {
        label: "Just written",
        page: "The policy that is attached was made, or got a new version, within 14 days: writing it and giving it to \
               somebody is one story. Nothing becomes louder for it.",
        covers: &["IAMC-12"],
        weigh: remembered::policy_just_made,
    },
    Circumstance {
        label: "Opened",
        page: "The trust policy of the role that is assumed was written within a day: opening a role and taking it is one \
               story. What is LOW becomes MEDIUM where both did the same, and what is MEDIUM becomes HIGH whoever opened it.",
        covers: &[],
        weigh: remembered::opened,
    },
    Circumstance {
        label: "Just given",
        page: "Whoever acted was given rights within a day: a policy, a group, or freedom from a boundary. Giving rights and \
               using them is one story. What is MEDIUM becomes HIGH where they gave them to themselves.",
        covers: &[],
        weigh: remembered::rights_just_given,
    },
    Circumstance {
        label: "Two networks",
        page: "The same temporary credentials were used from another public network within an hour. People move; the \
               credentials of an EC2 instance do not, and what is MEDIUM becomes HIGH for them. Addresses of VPCs and host \
               names of services are no networks.",
        covers: &["CRED-23"],
        weigh: remembered::two_networks,
    },
    Circumstance {
        label: "Instance",
        page: "The credentials of an EC2 instance came from another public network than that instance's last ones, within \
               30 days. They may have been taken off it. What is MEDIUM becomes HIGH. An instance that was stopped and \
               started has a new address too.",
        covers: &["CRED-24"],
        weigh: remembered::instance_moved,
    },
    Circumstance {
        label: "Agent",
        page: "The credentials of an agent that runs in Bedrock AgentCore came from a public network that its role was not \
               seen in. They may have been taken out of its runtime: its code gets them from a metadata service. What is \
               MEDIUM becomes HIGH. The service names such sessions, and an agent without a VPC has addresses of AWS's that \
               may change.",
        covers: &["CRED-28"],
        weigh: remembered::agent_moved,
    },
    Circumstance {
        label: "Left the VPC",
        page: "A long-term key of a user came over the internet, whose keys were only seen inside VPCs before: through an \
               endpoint, or with a private address. It may have been taken out of a workload. What is MEDIUM becomes HIGH; \
               denied calls weigh more.",
        covers: &[],
        weigh: remembered::left_vpc,
    },
    Circumstance {
        label: "Workload",
        page: "A person uses a workload's role. Either a role that the configuration names under `WorkloadRoles` acts in the \
               console, or through a session that names a person (source identity, MFA): what is MEDIUM becomes HIGH. Or a \
               role is assumed, or signs in to the console, with which until now only services that run things, instances \
               and functions were seen, once enough was learned: at least MEDIUM where a person shows, and HIGH at the \
               console. That services assume a role is seen with `WorkloadState`.",
        covers: &[],
        weigh: workloads_role,
    },
    Circumstance {
        label: "In person",
        page: "A service assumes for the first time a role that until now people used. At least MEDIUM: roles of people are \
               not for machines, and whoever may hand one to a service has its rights.",
        covers: &[],
        weigh: workload::handed_over,
    },
    Circumstance {
        label: "Not allowed",
        page: "Somebody acted from an address outside the networks that the configuration allows (`AllowedNetworks`). What \
               changes IAM becomes HIGH, whatever it is; of all else, what is MEDIUM. What AWS services do passes, and where no \
               network is named, nothing is said.",
        covers: &["EXTA-18"],
        weigh: not_allowed,
    },
    Circumstance {
        label: "Stranger",
        page: "Somebody of an account acted that is named neither among your own nor among your vendors'. Where your own \
               accounts are named, what is MEDIUM becomes HIGH.",
        covers: &["EXTA-01"],
        weigh: stranger,
    },
    Circumstance {
        label: "Denied before",
        page: "The same principal was denied the same call within a day, and now it worked. What is MEDIUM becomes HIGH.",
        covers: &[],
        weigh: remembered::denied_before,
    },
    Circumstance {
        label: "Region",
        page: "In that region of the account iamwatch had seen nobody change anything before. What is MEDIUM becomes HIGH: \
               attackers work where nobody looks. Other regions are seen where rules there forward their events.",
        covers: &["ORGG-07"],
        weigh: remembered::region,
    },
];

pub(crate) use remembered::{
    AGENT_NETWORK, INSTANCE_NETWORK, KEY_MADE, KEY_PLACE, KEY_USED, NETWORK, POLICY_MADE, PRINCIPAL_MADE, REGION,
    RIGHTS_GIVEN, SESSION_NETWORK, TRUST_WRITTEN, ago, network_of, public_network,
};

/// Says what is true beside what was done, and makes the finding louder for it.
pub(crate) fn weigh(event: &Event, context: &Context<'_>, mut finding: Finding) -> Finding {
    if let Some(severity) = finding.in_doubt.take()
        && remembered::is_key_in_doubt(event, context)
    {
        finding.severity = finding.severity.max(severity);
    }
    ALL.iter().fold(finding, |finding, circumstance| {
        let (finding, words) = (circumstance.weigh)(event, context, finding);
        finding.evidence_if(circumstance.label, words)
    })
}

fn honey(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let Some(touch) = touched(event, context.config) else { return (finding, None) };
    let words = match touch {
        Touch::By(honey) => format!("{honey} acted, which nobody uses"),
        Touch::Of(honey) => format!("it touches {honey}, which nobody uses"),
    };
    (finding.severity(Severity::Critical).speaks_at(1), Some(words))
}

/// Systems and tools that are made for attacks, as a user agent has them.
const MADE_FOR_ATTACKS: [(&str, &str); 7] = [
    ("kali", "Kali Linux"),
    ("parrot", "Parrot OS"),
    ("pentoo", "Pentoo"),
    ("blackarch", "BlackArch"),
    ("trufflehog", "TruffleHog"),
    ("pacu", "Pacu"),
    ("cloudfox", "CloudFox"),
];

fn tool(event: &Event, _: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let agent = event.origin.user_agent.as_deref().filter(|_| has_our_credentials(event)).map(str::to_ascii_lowercase);
    let Some(agent) = agent else { return (finding, None) };
    let made_for_attacks = MADE_FOR_ATTACKS.iter().find(|(word, _)| names(&agent, word));
    let words = if let Some((_, name)) = made_for_attacks {
        format!("{name}, made for attacks, by its user agent")
    } else if changes_identities(event) && agent.contains("s3 browser") {
        "S3 Browser, which is for files: intruders use it to make users".to_owned()
    } else {
        return (finding, None);
    };
    (at_least_high(finding).speaks_at(1), Some(words))
}

/// Whether `word` stands in the text by itself: `6.1.0-kali9-amd64` names kali, `kaliber` does not.
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        [before, after].into_iter().flatten().all(|c| !c.is_alphabetic())
    })
}

/// What the console names the users that it makes for Bedrock API keys.
const BEDROCK_KEY_USER: &str = "BedrockAPIKey-";

fn bedrock_key(event: &Event, _: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let is_one = |name: &str| name.starts_with(BEDROCK_KEY_USER);
    // Models are bought in the marketplace.
    let its_work = event.source.starts_with("bedrock") || event.source.contains("marketplace");
    let acts = event.actor.kind == Kind::IamUser && is_one(&event.actor.name) && has_our_credentials(event);
    let credentials = ["CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile"];
    let gets = event.is("iam.amazonaws.com", &credentials) && event.owner().and_then(Owner::user).is_some_and(is_one);
    let words = if acts && !its_work {
        "this user was made for one Bedrock API key, and did something else"
    } else if gets {
        "this user was made for one Bedrock API key, and needs no other credential"
    } else {
        return (finding, None);
    };
    (at_least_high(finding).speaks_at(1), Some(words.to_owned()))
}

fn machine(event: &Event, _: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    if !changes_identities(event) {
        return (finding, None);
    }
    let Some(words) = machine_in_words(event) else { return (finding, None) };
    (high_if_medium(event, finding), Some(words))
}

/// The machine whose role signed the call. AWS writes into newer records whom it issued the credentials to; older ones
/// show an instance by the name of its session, and a function by its user agent.
fn machine_in_words(event: &Event) -> Option<String> {
    let identity = event.record().get("userIdentity")?;
    let issued = |key: &str| identity.get("inScopeOf")?.get(key)?.as_str();
    let to = issued("credentialsIssuedTo").map(|to| format!(": {to}")).unwrap_or_default();
    match issued("issuerType") {
        Some("AWS::EC2::Instance") => return Some(format!("an EC2 instance{to}")),
        Some("AWS::Lambda::Function") => return Some(format!("a Lambda function{to}")),
        _ => {}
    }
    let delivered_to_instance = identity.get("sessionContext").and_then(|context| context.get("ec2RoleDelivery"));
    if event.actor.kind != Kind::Role {
        return None;
    }
    if event.actor.is_instance() || delivered_to_instance.is_some_and(Value::is_string) {
        let name = event.actor.session.as_deref().map(|name| format!(": {name}")).unwrap_or_default();
        return Some(format!("an EC2 instance{name}"));
    }
    let agent = event.origin.user_agent.as_deref()?;
    agent.contains("exec-env/AWS_Lambda").then(|| "a Lambda function, by its user agent".to_owned())
}

/// Whether the actor is an EC2 instance's role, used by whoever is on the instance or took its credentials.
pub(crate) fn is_instance(event: &Event) -> bool {
    machine_in_words(event).is_some_and(|words| words.starts_with("an EC2 instance"))
}

fn session(event: &Event, _: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let actor = &event.actor;
    let temporary = actor.access_key.as_deref().is_some_and(|key| key.starts_with("ASIA"));
    let its_own = actor.kind == Kind::IamUser && temporary && !event.origin.console && !actor.is_service();
    if !its_own || !changes_identities(event) || !says_whether_in_console(event) {
        return (finding, None);
    }
    if actor.mfa == Some(true) {
        return (finding, Some("temporary, made with MFA outside the console".to_owned()));
    }
    let words =
        "temporary and without MFA, which IAM takes from the console alone; this was not in it, but for a CloudShell";
    (high_if_medium(event, finding), Some(words.to_owned()))
}

/// Strangers whose call failed are told by the denial. A role that one of them assumed is a detection of its own.
fn stranger(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let actor = &event.actor;
    let account = actor.account.as_deref().filter(|account| *account != event.account && is_account(&event.account));
    let acts = event.succeeded() && !actor.is_service() && !event.is("sts.amazonaws.com", &["AssumeRole"]);
    let unknown = account.filter(|account| acts && context.config.name_of(account).is_none());
    let Some(account) = unknown else { return (finding, None) };
    let words = format!("account {account} is named neither among your own nor among your vendors'");
    // Where nobody named any account, each of one's own would be a stranger.
    let named = !context.config.account_names.is_empty();
    (if named { high_if_medium(event, finding) } else { finding }, Some(words))
}

/// What a person shows by: the console, MFA, or a source identity. All of it AWS writes.
fn workloads_role(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let actor = &event.actor;
    if actor.kind != Kind::Role || !context.config.is_workload(&actor.principal) {
        return workload::learned(event, context, finding);
    }
    let named = actor.human.as_ref().filter(|human| human.told_by == ToldBy::SourceIdentity);
    let how = if event.is_recorded_as_console() {
        "from the console".to_owned()
    } else if let Some(human) = named {
        format!("in the name of {}", human.name)
    } else if actor.mfa == Some(true) {
        "with MFA".to_owned()
    } else {
        return (finding, None);
    };
    let words = format!("a person used the role {how}, which is declared as one that only workloads use");
    (high_if_medium(event, finding), Some(words))
}

fn not_allowed(event: &Event, context: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let allowed = &context.config.allowed_networks;
    let outside = |address: &IpAddr| !allowed.is_empty() && !allowed.iter().any(|network| network.contains(*address));
    let Some(address) = event.origin.ip.filter(outside).filter(|_| has_our_credentials(event)) else {
        return (finding, None);
    };
    if !event.actor.is_in_person() {
        return (finding, None);
    }
    let words = format!("{address} is in none of the networks that are allowed");
    let changes = changes_identities(event) && event.succeeded();
    (if changes { at_least_high(finding).speaks_at(1) } else { high_if_medium(event, finding) }, Some(words))
}

/// The instance or function that AWS gave the credentials to, by its ARN, where the record says so.
pub(crate) fn machine_of(event: &Event) -> Option<&str> {
    let given = event.record().get("userIdentity")?.get("inScopeOf")?;
    let machine = ["AWS::EC2::Instance", "AWS::Lambda::Function"].contains(&given.get("issuerType")?.as_str()?);
    given.get("credentialsIssuedTo")?.as_str().filter(|_| machine)
}

/// Whether the record is of a version that says so: those before 1.09 have it at times.
fn says_whether_in_console(event: &Event) -> bool {
    let version = event.record().get("eventVersion").and_then(Value::as_str);
    let minor = version.and_then(|version| version.strip_prefix("1.")?.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= 9)
}

fn shell(event: &Event, _: &Context<'_>, finding: Finding) -> (Finding, Option<String>) {
    let agent = event.origin.user_agent.as_deref().unwrap_or_default();
    let words = agent.contains("exec-env/CloudShell").then(|| "AWS CloudShell, by its user agent".to_owned());
    (finding, words.filter(|_| changes_identities(event)))
}

/// Whether the call was signed with credentials of this account, or worked. Sign-ins that fail, and calls of other
/// accounts that are denied, anybody can provoke: they would let a stranger wake people.
fn has_our_credentials(event: &Event) -> bool {
    let signed_here = event.actor.account.as_deref() == Some(event.account.as_str());
    event.succeeded() || signed_here && event.source != "signin.amazonaws.com"
}

fn changes_identities(event: &Event) -> bool {
    event.source == "iam.amazonaws.com" && !event.read_only()
}

/// What was tried in vain stays as it is, and so does what a service did for the actor: that is mostly a deployment.
fn high_if_medium(event: &Event, finding: Finding) -> Finding {
    let raise = event.succeeded() && !event.actor.is_service() && finding.severity == Severity::Medium;
    if raise { finding.severity(Severity::High) } else { finding }
}

fn at_least_high(finding: Finding) -> Finding {
    let severity = finding.severity.max(Severity::High);
    finding.severity(severity)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_tool_is_named_by_a_word_of_its_own() {
        let agents = [
            "aws-cli/2.15.1 md/botocore#2.4 os/linux#6.1.0-kali9-amd64 md/distrib#kali.2024",
            "boto3/1.26 linux/6.1.0-1kali2-amd64",
        ];
        for agent in agents {
            assert!(names(agent, "kali"), "{agent}");
        }
        for agent in ["kaliber/2.0", "mackalister/1", ""] {
            assert!(!names(agent, "kali"), "{agent}");
        }
        assert!(names("linux/6.1.0-1parrot1-amd64", "parrot"));
        assert!(names("pacu/1.6.0", "pacu"));
        assert!(!names("capacuity/1.0", "pacu"));
    }
}
