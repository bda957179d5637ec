//! What every form of an alert says: who did what, where, when and how often.

use jiff::{SignedDuration, Timestamp};

use super::containment;
use super::text::{clean_to, shown};
use crate::config::Config;
use crate::detect::{self, Context, Detection};
use crate::event::{Actor, Kind, ToldBy, is_account};
use crate::finding::{Confidence, Finding, IncidentKey};
use crate::ledger::{Due, Standing};
use crate::quarantine::Record;

/// One finding, and all that is known beside it.
pub(super) struct Words<'a> {
    pub(super) finding: &'a Finding,
    /// Missing only for a finding of another version of iamwatch.
    pub(super) detection: Option<&'static Detection>,
    pub(super) config: &'a Config,
    pub(super) incident: IncidentKey,
    pub(super) count: u64,
    /// What an alert about a grown incident knows beside its finding.
    pub(super) grown: Option<Grown>,
    /// What quarantine did, where the alert is about that.
    pub(super) record: Option<&'a Record>,
    pub(super) unclaimed: bool,
    /// The time of the alert.
    pub(super) now: Timestamp,
}

/// An incident that grew since people heard of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grown {
    pub(super) opened: Timestamp,
    /// When the last event was counted.
    pub(super) last: Timestamp,
    /// How many of its events people have heard of.
    pub(super) told: u64,
}

impl<'a> Words<'a> {
    pub(super) fn of_finding(
        finding: &'a Finding,
        standing: &'a Standing,
        context: &Context<'a>,
        now: Timestamp,
    ) -> Self {
        Self {
            finding,
            detection: detect::by_id(&finding.detection),
            config: context.config,
            incident: standing.incident.clone(),
            count: standing.count,
            grown: standing.opened.filter(|_| standing.count > 1).map(|opened| Grown {
                opened,
                last: now,
                told: standing.told,
            }),
            record: None,
            unclaimed: standing.unclaimed,
            now,
        }
    }

    pub(super) fn of_due(due: &'a Due, context: &Context<'a>, now: Timestamp) -> Self {
        Self {
            finding: &due.finding,
            detection: detect::by_id(&due.finding.detection),
            config: context.config,
            incident: due.incident.clone(),
            count: due.count,
            grown: Some(Grown { opened: due.opened, last: due.last, told: due.told }),
            record: None,
            unclaimed: false,
            now,
        }
    }

    pub(super) fn of_containment(record: &'a Record, context: &Context<'a>) -> Self {
        Self {
            finding: &record.finding,
            detection: detect::by_id(&record.finding.detection),
            config: context.config,
            incident: record.finding.incident(),
            count: 1,
            grown: None,
            record: Some(record),
            unclaimed: false,
            now: record.at,
        }
    }

    /// Who did what where, without a full stop.
    pub(super) fn statement(&self) -> String {
        self.place(&self.who(), &self.act())
    }

    /// The statement about the event itself, also where the alert is about what quarantine did.
    pub(super) fn cause(&self) -> String {
        self.place(&self.actor(), &shown(&self.finding.act))
    }

    fn place(&self, who: &str, act: &str) -> String {
        let place = self.account_name().map(|name| format!(" in {name}")).unwrap_or_default();
        format!("{who} {act}{place}")
    }

    /// The sentence that an alert begins with.
    pub(super) fn sentence(&self) -> String {
        let often = self.often().map(|often| format!(", {often}")).unwrap_or_default();
        let since = self.since_last_mail().map(|since| format!(", {since}")).unwrap_or_default();
        let reason = self.record.and_then(containment::reason).map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{}{often}{since}{reason}.", self.statement())
    }

    /// What was done: the end of a sentence that begins with the actor.
    pub(super) fn act(&self) -> String {
        self.record.map_or_else(|| shown(&self.finding.act), containment::act)
    }

    /// What the alert is about, in a few words.
    pub(super) fn headline(&self) -> String {
        if self.record.is_some() { format!("Quarantine: {}", self.title()) } else { self.title() }
    }

    /// What the detection calls it.
    pub(super) fn title(&self) -> String {
        self.detection.map_or_else(|| shown(&self.finding.detection), Detection::title)
    }

    /// How likely it is that whoever did it should not have.
    pub(super) fn confidence(&self) -> Option<Confidence> {
        self.detection.map(|detection| detection.confidence.at(self.finding.severity, detection.severity))
    }

    /// What the reader is to do.
    pub(super) fn steps(&self) -> Vec<String> {
        match (self.record, self.detection) {
            (Some(record), _) => containment::steps(record),
            (None, detection) => detection.map(|detection| detection.page.steps()).unwrap_or_default(),
        }
    }

    /// Who the alert is about.
    pub(super) fn who(&self) -> String {
        if self.record.is_some() { "iamwatch".to_owned() } else { self.actor() }
    }

    /// Who acted, the human first where one is known.
    pub(super) fn actor(&self) -> String {
        let actor = &self.finding.actor;
        let principal = principal(actor, self.config);
        let who = match &actor.human {
            // Whoever opened the session chose its name: it must not read like a fact.
            Some(human) if human.told_by == ToldBy::SessionName => {
                format!("{} ({principal}, by its session name)", short(&human.name))
            }
            Some(human) => format!("{} ({principal})", short(&human.name)),
            None => match (actor.kind, &actor.session) {
                (Kind::Role, Some(session)) => format!("{principal} (session {})", short(session)),
                _ => principal,
            },
        };
        match self.foreign_account() {
            Some(account) if actor.kind != Kind::OtherAccount => format!("{who} from account {account}"),
            _ => who,
        }
    }

    /// The name of the actor's account, where it is another than the one acted on.
    pub(super) fn foreign_account(&self) -> Option<String> {
        let account = self.finding.actor.account.as_deref()?;
        (is_account(account) && account != self.finding.account).then(|| shown(self.config.account_name(account)))
    }

    /// The account's name, else its number.
    pub(super) fn account_name(&self) -> Option<String> {
        let account = &self.finding.account;
        (!account.is_empty()).then(|| shown(self.config.account_name(account)))
    }

    /// `x37 in 15 min`, once it is more than one.
    pub(super) fn often(&self) -> Option<String> {
        let grown = self.grown.filter(|_| self.count > 1)?;
        let took = grown.last.duration_since(grown.opened).max(SignedDuration::from_secs(1));
        Some(format!("x{} in {}", self.count, span(took)))
    }

    /// How many events nobody has heard of yet.
    pub(super) fn since_last_mail(&self) -> Option<String> {
        let grown = self.grown?;
        let new = self.count.saturating_sub(grown.told);
        (grown.told > 0 && new > 0).then(|| format!("{new} of them since the last mail"))
    }

    /// When it was done, and how much later this alert was made.
    pub(super) fn when(&self) -> String {
        let Some(time) = self.finding.event.time else {
            return format!("the event does not say; told {}", clock(self.now));
        };
        let delay = self.now.duration_since(time);
        let delay = if delay < SignedDuration::ZERO {
            format!("told {}, before that time: a clock is wrong", clock(self.now))
        } else if delay < SignedDuration::from_secs(1) {
            "told at once".to_owned()
        } else {
            format!("told {} later", span(delay))
        };
        format!("{}, {delay}", clock(time))
    }

    /// Labelled facts, at most `max` of them.
    pub(super) fn evidence(&self, max: usize) -> impl Iterator<Item = (String, String)> {
        let facts = self.finding.evidence.iter().take(max);
        facts.map(|fact| (clean_to(&fact.label, 24), shown(&fact.value))).filter(|(_, value)| !value.is_empty())
    }

    /// Whether the actor itself is what was acted on, as in a sign-in.
    pub(super) fn acts_on_actor(&self) -> bool {
        let (actor, target) = (&self.finding.actor, &self.finding.target);
        target.name == actor.name && target.kind == "user"
    }

    /// What was acted on, unless that is the account as a whole.
    pub(super) fn target(&self) -> Option<String> {
        let target = &self.finding.target;
        (target.kind != "account" && !target.name.is_empty()).then(|| shown(&target.to_string()))
    }
}

/// Who acted, as a principal of AWS.
fn principal(actor: &Actor, config: &Config) -> String {
    let name = short(&actor.name);
    let kind = match actor.kind {
        Kind::Root => return "root".to_owned(),
        Kind::CentralRoot => return "root, in a central root session".to_owned(),
        Kind::SsoUser => return format!("SSO {}", short(permission_set(&actor.name))),
        Kind::OtherAccount => return format!("account {}", shown(&config.account(&actor.name))),
        Kind::IamUser => "user",
        Kind::Role => "role",
        Kind::IdentityCenterUser => "Identity Center user",
        Kind::WebIdentity => "web identity",
        Kind::SamlUser => "SAML user",
        Kind::FederatedUser => "federated user",
        Kind::Service => "AWS service",
        Kind::Unknown if name.is_empty() => return "somebody".to_owned(),
        Kind::Unknown => return name,
    };
    if name.is_empty() { format!("an unnamed {kind}") } else { format!("{kind} {name}") }
}

/// What kind of principal it is, in the reader's words; nothing where that says nothing.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Root => "root user",
        Kind::CentralRoot => "root, through central root access",
        Kind::IamUser => "IAM user",
        Kind::Role => "role session",
        Kind::SsoUser => "Identity Center session",
        Kind::IdentityCenterUser => "Identity Center user",
        Kind::WebIdentity => "web identity (OIDC)",
        Kind::SamlUser => "SAML identity",
        Kind::FederatedUser => "federated session of a user",
        Kind::OtherAccount => "another account",
        Kind::Service => "AWS service",
        Kind::Unknown => "",
    }
}

/// What a user agent says the caller used. The caller chooses it: it is a hint.
pub(super) fn tool(agent: &str) -> String {
    const KNOWN: [(&str, &str); 15] = [
        ("terraform", "Terraform"),
        ("opentofu", "OpenTofu"),
        ("pulumi", "Pulumi"),
        ("pacu", "Pacu, an attack tool"),
        ("aws-cli/", "AWS CLI"),
        ("boto3/", "Boto3 (Python)"),
        ("botocore/", "Botocore (Python)"),
        ("aws-sdk-go", "AWS SDK for Go"),
        ("aws-sdk-js", "AWS SDK for JavaScript"),
        ("aws-sdk-java", "AWS SDK for Java"),
        ("aws-sdk-rust", "AWS SDK for Rust"),
        ("aws-sdk-dotnet", "AWS SDK for .NET"),
        ("cloudformation.amazonaws.com", "CloudFormation"),
        ("console.amazonaws.com", "the console"),
        ("mozilla/", "a browser"),
    ];
    /// Systems made for attacks, named by some clients in their user agent.
    const ATTACK: [&str; 3] = ["kali", "parrot", "pentoo"];
    let low = agent.to_ascii_lowercase();
    let said = shown(&clean_to(agent, 60));
    let Some((_, name)) = KNOWN.iter().find(|(mark, _)| low.contains(mark)) else {
        return format!("user agent: {said}");
    };
    let system = ATTACK.iter().find(|system| low.contains(*system)).map(|system| format!(" on {system}"));
    format!("via {name}{} (user agent: {said})", system.unwrap_or_default())
}

/// The permission set of a role that Identity Center manages: `AWSReservedSSO_AdministratorAccess_0123456789abcdef` is
/// `AdministratorAccess`.
fn permission_set(role: &str) -> &str {
    let bare = role.strip_prefix("AWSReservedSSO_").unwrap_or(role);
    match bare.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => bare,
    }
}

/// A name inside a sentence: IAM's own limit is 64 for most. One that IAM would not allow stands between quotes, so that
/// its words are not taken for ours.
fn short(name: &str) -> String {
    let name = shown(&clean_to(name, 80));
    let usual = |char: char| char.is_alphanumeric() || "_+=,.@-/:".contains(char);
    if name.chars().all(usual) { name } else { format!("\"{}\"", name.replace('"', "'")) }
}

/// `2026-11-22 04:13:05 UTC`
pub(super) fn clock(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `41 s`, `15 min`, `5 h`, `3 days`: rounded to what a reader needs.
pub(super) fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let rounded = |unit: i64| (seconds + unit / 2) / unit;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", rounded(60)),
        7_200..172_800 => format!("{} h", rounded(3_600)),
        _ => format!("{} days", rounded(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_the_unit_a_person_would_use() {
        let said: Vec<String> =
            [-5, 0, 41, 119, 899, 930, 7_199, 9_000, 200_000].map(|s| span(SignedDuration::from_secs(s))).into();
        assert_eq!(said, ["0 s", "0 s", "41 s", "119 s", "15 min", "16 min", "120 min", "3 h", "2 days"]);
    }

    #[test]
    fn a_permission_set_is_named_without_what_identity_center_adds() {
        assert_eq!(permission_set("AWSReservedSSO_AdministratorAccess_0123456789abcdef"), "AdministratorAccess");
        assert_eq!(permission_set("AWSReservedSSO_Read_Only_0123456789abcdef"), "Read_Only");
        assert_eq!(permission_set("AWSReservedSSO_odd"), "odd");
    }
}
