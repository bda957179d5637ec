//! Whom the policy of a resource lets in from outside its account, and what they may do with it.

use std::fmt;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::trust::LetIn;
use super::uses::{Uses, uses_of};
use super::wildcard::{contains, matches_in_any_case};
use super::{Condition, Document, Flaw, Principal, Scope, Statement, Trusted, Who, some};
use crate::arn;
use crate::event::is_account;
use crate::finding::Severity;

/// Somebody from outside whom a statement lets in, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outsider<'a> {
    pub whom: Whom<'a>,
    pub uses: Uses,
    pub statement: &'a Statement,
    /// A denial that may keep some of them out, in a way that is not judged here.
    pub denial: Option<&'a Statement>,
}

/// Who it is, once the conditions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom<'a> {
    /// Everybody in the world.
    Everyone,
    /// Everyone, under a condition that names nobody.
    EveryoneIf,
    /// Everyone who comes from a network that a condition names.
    EveryoneFrom(&'a str),
    /// The accounts of an organization, or of a part of it.
    Organization(&'a str),
    /// Another account, or a principal of it, or a service that works for it.
    Account { account: &'a str, principal: &'a str },
    /// A service that works for many accounts, and nothing says for whose.
    Service(&'a str),
    /// A user by its canonical id, which does not tell the account.
    CanonicalUser(&'a str),
}

/// What conditions leave of those whom a principal names, the widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bound<'a> {
    Nothing,
    /// Something that names nobody.
    If,
    Network(&'a str),
    Organization(&'a str),
    Account(&'a str),
    /// A bucket, whose ARN does not tell its account.
    Named,
    OwnAccount,
}

const ORGANIZATION: [&str; 6] = [
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
];

/// Keys whose values are accounts or ARNs with one. `aws:SourceOwner` is what Amazon SNS's own default policy uses.
const ACCOUNT: [&str; 9] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOwner",
    "aws:VpceAccount",
    "kms:CallerAccount",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
];

const NETWORK: [&str; 5] = ["aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn", "aws:VpcSourceIp"];

/// Conditions that whoever calls can meet, or that are about the call or the resource and not about the caller.
const FREE: [&str; 17] = [
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:SecureTransport",
    "aws:UserAgent",
    "lambda:FunctionUrlAuthType",
    "lambda:InvokedViaFunctionUrl",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-acl",
    "s3:x-amz-server-side-encryption",
];

/// In a denial, what spares AWS's own services: no person meets it.
const SPARES_SERVICES: [&str; 2] = ["aws:PrincipalIsAWSService", "aws:ViaAWSService"];

/// The accounts with which Elastic Load Balancing writes access logs in the older regions, from its user guide.
const LOAD_BALANCERS: [&str; 26] = [
    "127311923021",
    "033677994240",
    "027434742980",
    "797873946194",
    "098369216593",
    "754344448648",
    "589379963580",
    "718504428378",
    "383597477331",
    "600734575887",
    "114774131450",
    "783225319266",
    "582318560864",
    "985666609251",
    "054676820928",
    "156460612806",
    "652711504416",
    "635631232127",
    "009996457667",
    "897822967062",
    "076674570225",
    "507241528517",
    "048591011584",
    "190560391635",
    "638102146993",
    "037604701340",
];

/// How many outsiders of a document are told apart.
const MOST: usize = 10_000;

/// One statement of a policy that a service writes itself, from what its `AddPermission` was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permission<'a> {
    /// `*`, an account id, an ARN, or a service's host.
    pub principal: &'a str,
    pub action: &'a str,
    /// What it is on; none is everything that the policy is for.
    pub resource: Option<&'a str>,
    pub source_arn: Option<&'a str>,
    pub source_account: Option<&'a str>,
    /// The organization that the caller must be of.
    pub organization: Option<&'a str>,
    /// `NONE` or `AWS_IAM`, for the URL of a function.
    pub url_auth: Option<&'a str>,
}

impl Permission<'_> {
    /// The policy of this one statement.
    #[must_use]
    pub fn policy(&self) -> Value {
        let kind = if self.principal.contains(".amazonaws.com") { "Service" } else { "AWS" };
        let mut operators = Map::new();
        let said = [
            ("ArnLike", "aws:SourceArn", self.source_arn),
            ("StringEquals", "aws:SourceAccount", self.source_account),
            ("StringEquals", "aws:PrincipalOrgID", self.organization),
            ("StringEquals", "lambda:FunctionUrlAuthType", self.url_auth),
        ];
        for (operator, key, value) in said {
            let Some(value) = value else { continue };
            if let Some(keys) = operators.entry(operator).or_insert_with(|| json!({})).as_object_mut() {
                keys.insert(key.to_owned(), json!(value));
            }
        }
        json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow",
            "Principal": {kind: self.principal},
            "Action": self.action,
            "Resource": self.resource.unwrap_or("*"),
            "Condition": operators,
        }})
    }
}

impl Document {
    /// Everybody from outside `own`, the account of the resource, whom it lets in, in its order.
    #[must_use]
    pub fn outsiders(&self, own: &str) -> Vec<Outsider<'_>> {
        let mut outsiders = Vec::new();
        for LetIn { trusted: one, denials } in self.let_in(own, |_| true, Statement::denies_all_of) {
            // No policy that a service takes lets in as many.
            if outsiders.len() > MOST {
                break;
            }
            let (bound, denial) = bound(&one, &denials, own);
            let uses = uses_of(one.statement);
            let delivers_logs =
                matches!(one.who, Who::OtherAccount { account, .. } if LOAD_BALANCERS.contains(&account));
            if delivers_logs && uses.verbs == "write to" {
                continue;
            }
            let Some(whom) = one.whom(bound) else { continue };
            let outsider = Outsider { whom, uses, statement: one.statement, denial };
            // Of accounts that a condition names each may be a stranger's.
            let named = match (whom, one.who) {
                (Whom::Account { principal, .. }, Who::Everyone | Who::Service(_)) => {
                    let host = Some(principal).filter(|principal| !is_account(principal));
                    accounts_named(&one, &denials, own)
                        .into_iter()
                        .map(|account| Whom::Account { account, principal: host.unwrap_or(account) })
                        .collect()
                }
                _ => vec![whom],
            };
            outsiders.extend(named.into_iter().map(|whom| Outsider { whom, ..outsider.clone() }));
        }
        outsiders
    }

    /// The account of the resource, where the policy names the resource by an ARN that has one.
    pub(super) fn home(&self) -> Option<&str> {
        let resources = self.statements.iter().filter_map(|statement| match &statement.resources {
            Some(Scope::Only(resources)) => Some(resources),
            _ => None,
        });
        resources.flatten().find_map(|resource| account_of(resource))
    }

    /// Whether it lets the account `own` as a whole do `action`, which leaves the rest to the account's own policies.
    #[must_use]
    pub fn leaves_to_account(&self, own: &str, action: &str) -> bool {
        let about = |statement: &Statement| statement.lets(action);
        let let_in = self.let_in(own, about, |denial, _| denial.lets(action));
        let_in.iter().any(|one| match one.trusted.who {
            Who::OwnAccount(name) => is_account(name) || name.ends_with(":root"),
            _ => false,
        })
    }
}

/// What the conditions of the statement and of denials leave of somebody, and a denial that leaves a question open.
fn bound<'a>(one: &Trusted<'a>, denials: &[&'a Statement], own: &str) -> (Bound<'a>, Option<&'a Statement>) {
    // All conditions of an allowance must hold: the narrowest counts.
    let said = one.statement.conditions.iter().map(|condition| condition.bound(own, Condition::is_wanting));
    let mut bound = said.max().unwrap_or(Bound::Nothing);
    let mut open = None;
    for denial in denials {
        let conditions = || denial.conditions.iter().filter(|condition| !condition.is_about(&SPARES_SERVICES));
        let spares_services = denial.conditions.len() > conditions().count();
        if spares_services && matches!(one.who, Who::Service(_)) {
            continue;
        }
        // Whoever meets one of a denial's exceptions gets past it, and whom it spares by name does: the widest counts.
        let unless = conditions().map(|condition| condition.bound(own, Condition::is_unless)).min();
        let spared = denial.spared().filter_map(|principal| match principal.who(own) {
            Who::OtherAccount { account, .. } => Some(Bound::Account(account)),
            _ => None,
        });
        match unless.map(|unless| spared.fold(unless, Bound::min)) {
            Some(Bound::Nothing) | None => {}
            Some(Bound::If) => open = Some(*denial),
            Some(narrower) => bound = bound.max(narrower),
        }
    }
    (bound, open)
}

/// The other accounts that conditions on somebody name, of the statement and of denials.
fn accounts_named<'a>(one: &Trusted<'a>, denials: &[&'a Statement], own: &str) -> Vec<&'a str> {
    let statements = || std::iter::once(one.statement).chain(denials.iter().copied());
    let conditions = statements().flat_map(|statement| &statement.conditions);
    let values = conditions.filter(|condition| condition.is_about(&ACCOUNT)).flat_map(|condition| &condition.values);
    let spared = denials.iter().flat_map(|denial| denial.spared()).map(|principal| &principal.name);
    let others = values.chain(spared).filter_map(|value| account_of(value)).filter(|account| *account != own);
    let mut accounts: Vec<&str> = others.collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

impl Condition {
    /// What it leaves of everyone. `binding` says whether its operator asks for its values.
    fn bound(&self, own: &str, binding: impl Fn(&Self) -> bool) -> Bound<'_> {
        if self.is_about(&FREE) {
            return Bound::Nothing;
        }
        let Some(first) = self.values.first().filter(|_| binding(self)) else { return Bound::If };
        if self.names(&ORGANIZATION) {
            return Bound::Organization(first);
        }
        if self.is_about(&["aws:SourceArn"]) && self.values.iter().all(|value| names_a_bucket(value)) {
            return Bound::Named;
        }
        if self.names(&ACCOUNT) {
            let accounts = || self.values.iter().map(|value| account_of(value));
            return match accounts().flatten().find(|account| *account != own) {
                Some(other) => Bound::Account(other),
                None if accounts().any(|account| account.is_none()) => Bound::Named,
                None => Bound::OwnAccount,
            };
        }
        if self.is_about(&NETWORK) {
            let open = self.values.iter().any(|value| is_whole_internet(value));
            return if open { Bound::Nothing } else { Bound::Network(first) };
        }
        // A principal's unique id, which is the beginning of its `aws:userid`.
        let is_unique = |value: &String| value.starts_with("ARO") || value.starts_with("AID");
        if self.is_about(&["aws:userid"]) && self.values.iter().all(is_unique) { Bound::Named } else { Bound::If }
    }

    fn is_about(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| key.eq_ignore_ascii_case(&self.key))
    }
}

/// The account that a value is, or that the ARN has. A variable of a template is none.
fn account_of(value: &str) -> Option<&str> {
    let account = if is_account(value) { value } else { arn::account(value)? };
    is_account(account).then_some(account)
}

/// Buckets have no account in their ARN, and many write `arn:aws:s3:*:*:name`.
fn names_a_bucket(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    parts.next() == Some("s3") && parts.nth(2).is_some_and(|name| !name.is_empty() && !name.starts_with(['*', '?']))
}

/// Also half of it, and a range that nobody owns alone.
fn is_whole_internet(value: &str) -> bool {
    let wide = value.rsplit_once('/').and_then(|(_, bits)| bits.parse::<u8>().ok()).is_some_and(|bits| bits < 8);
    wide || value.bytes().all(|byte| matches!(byte, b'*' | b'?'))
}

impl<'a> Trusted<'a> {
    /// Who is left of it; nobody where it is the own account.
    fn whom(&self, bound: Bound<'a>) -> Option<Whom<'a>> {
        match (self.who, bound) {
            (Who::OwnAccount(_) | Who::Federated(_), _)
            | (Who::Everyone | Who::Service(_), Bound::OwnAccount | Bound::Named)
            | (Who::Service(_), Bound::Organization(_)) => None,
            (Who::Everyone, Bound::Nothing) => Some(Whom::Everyone),
            (Who::Everyone, Bound::If) => Some(Whom::EveryoneIf),
            (Who::Everyone, Bound::Network(network)) => Some(Whom::EveryoneFrom(network)),
            (Who::Everyone | Who::OtherAccount { .. }, Bound::Organization(id)) => Some(Whom::Organization(id)),
            (Who::Everyone, Bound::Account(account)) => Some(Whom::Account { account, principal: account }),
            (Who::OtherAccount { account, principal }, _) => Some(Whom::Account { account, principal }),
            (Who::Service(host), Bound::Account(account)) => Some(Whom::Account { account, principal: host }),
            (Who::Service(host), _) => Some(Whom::Service(host)),
            (Who::Unknown(id), _) => is_canonical(id).then_some(Whom::CanonicalUser(id)),
        }
    }
}

/// 64 hexadecimal digits. Other unknown names are principals that were deleted, or `CloudFront`'s.
fn is_canonical(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Statement {
    /// Those whom it leaves out by name.
    fn spared(&self) -> impl Iterator<Item = &Principal> {
        let spared = match &self.principals {
            Some(Scope::AllBut(spared)) => spared.as_slice(),
            _ => &[],
        };
        spared.iter()
    }

    /// Whether this denial takes everything that the other statement gives. A no may be wrong, a yes never is.
    fn denies_all_of(&self, allowance: &Self) -> bool {
        let actions = match (&self.actions, &allowance.actions) {
            (Scope::Only(denied), Scope::Only(allowed)) => {
                let lower: Vec<String> = denied.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
                allowed.iter().all(|action| {
                    let action = action.to_ascii_lowercase();
                    lower.iter().any(|pattern| contains(pattern, &action))
                })
            }
            (Scope::Only(denied), Scope::AllBut(_)) => denied.iter().any(|pattern| pattern == "*"),
            (Scope::AllBut(spared), Scope::Only(allowed)) => allowed.iter().all(|action| {
                !action.contains(['*', '?']) && !spared.iter().any(|spared| matches_in_any_case(spared, action))
            }),
            (Scope::AllBut(spared), Scope::AllBut(also)) => spared.iter().all(|one| also.contains(one)),
        };
        actions
            && match (&self.resources, &allowance.resources) {
                (None, _) => true,
                (Some(Scope::Only(denied)), Some(Scope::Only(allowed))) => {
                    allowed.iter().all(|resource| denied.iter().any(|pattern| contains(pattern, resource)))
                }
                (Some(Scope::Only(denied)), _) => denied.iter().any(|pattern| pattern == "*"),
                (Some(Scope::AllBut(_)), _) => false,
            }
    }
}

impl Outsider<'_> {
    /// A word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.whom {
            Whom::Everyone => "open-to-everyone",
            Whom::EveryoneIf => "open-to-everyone-if",
            Whom::EveryoneFrom(_) => "open-to-network",
            Whom::Organization(_) => "open-to-organization",
            Whom::Account { .. } | Whom::CanonicalUser(_) => "open-to-account",
            Whom::Service(_) => Flaw::ServiceWithoutSource.word(),
        }
    }

    /// How loud it is, if nobody knows the other account.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.whom {
            Whom::Everyone => self.uses.by_everyone,
            Whom::EveryoneIf => self.uses.by_everyone.min(Severity::High),
            Whom::EveryoneFrom(_) => self.uses.by_everyone.min(Severity::Medium),
            Whom::Organization(_) => Severity::Low,
            Whom::Account { .. } | Whom::CanonicalUser(_) => self.uses.by_account,
            Whom::Service(_) => Flaw::ServiceWithoutSource.severity(),
        }
    }

    /// What keeps it from being plainly so, as the end of a sentence; empty where nothing does.
    #[must_use]
    pub fn under(&self) -> String {
        let mut under = String::new();
        match self.whom {
            Whom::EveryoneIf => under.push_str(", under a condition that names nobody"),
            Whom::Service(_) => {
                under.push_str(", without a condition on whose work it does, such as `aws:SourceAccount`");
            }
            _ => {}
        }
        let said = |condition: &Condition| {
            let Condition { operator, key, values } = condition;
            format!("{key} ({operator}: {})", some(values, 3, ", ", String::clone))
        };
        if !self.statement.conditions.is_empty() {
            under.push_str(", if ");
            under.push_str(&some(&self.statement.conditions, 3, " and ", said));
        }
        if let Some(denial) = self.denial {
            let _ = write!(under, ", less what {denial} denies");
        }
        under
    }
}

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone | Self::EveryoneIf => f.write_str("everyone"),
            Self::EveryoneFrom(network) => write!(f, "everyone from {network}"),
            Self::Organization(id) => write!(f, "organization {id}"),
            Self::Account { account, principal } if account == principal => write!(f, "account {account}"),
            Self::Account { account, principal } if principal.contains(account) => f.write_str(principal),
            Self::Account { account, principal } => write!(f, "{principal} for account {account}"),
            Self::Service(host) => f.write_str(host),
            Self::CanonicalUser(id) => write!(f, "canonical user {id}"),
        }
    }
}
