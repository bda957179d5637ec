//! What was said (environment variables) and what it means.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use jiff::SignedDuration;

use crate::arn;
use crate::event::is_account;
use crate::finding::{Ask, Severity};
use crate::undo;

/// What iamwatch was told, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The name of the stack: how its own resources are recognised.
    pub stack: String,
    /// The account of the stack, whose IAM is read and where quarantine acts; empty where there is none, as in a replay.
    pub home: String,
    /// Names of one's own accounts by account id: letting these in is no news.
    pub account_names: BTreeMap<String, String>,
    /// Names of vendors by account id: letting these in is no news, as long as they must show an external id.
    pub vendors: BTreeMap<String, String>,
    /// Findings below it are recorded and handed over, but not told to people.
    pub min_severity: Severity,
    /// Start URL of the Identity Center access portal: links to the console go through it.
    pub portal_url: Option<String>,
    /// ARNs of the roles that are kept for emergencies: whoever assumes one is told of.
    pub break_glass_roles: Vec<String>,
    /// ARNs of users and roles that nobody uses: whoever touches one is told of.
    pub honey_principals: Vec<String>,
    /// Roles that only workloads are to use: AWS services, and what they run.
    pub workload_roles: Vec<Roles>,
    /// Where people and programs are to be; empty if nobody said so.
    pub allowed_networks: Vec<Network>,
    /// How long habits are learned before something is called new.
    pub learning: SignedDuration,
    pub quarantine: Quarantine,
}

/// Roles by their name or by their path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roles {
    /// One role, by its whole ARN.
    Arn(String),
    /// Every role under an IAM path, such as `/workloads/`.
    Path(String),
}

/// The addresses that begin with the same bits, as `198.51.100.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

/// What quarantine may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// For an access key that somebody made for another user.
    pub mode: Mode,
    /// For users of whom AWS says that their credentials leaked.
    pub leaked: Mode,
    /// For whoever did something CRITICAL: never by itself.
    pub actors: Mode,
    /// Who is never touched.
    pub exempt: Vec<Exempt>,
    /// ARN of our policy that denies everything.
    pub deny_policy: Option<String>,
    /// ARN of the role that may end sessions of roles. Without it they are left alone.
    pub sessions_role: Option<String>,
    /// ARN of the role with which people take back what was done.
    pub restore_role: Option<String>,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self {
            mode: Mode::DryRun,
            leaked: Mode::DryRun,
            actors: Mode::Off,
            exempt: Vec::new(),
            deny_policy: None,
            sessions_role: None,
            restore_role: None,
        }
    }
}

impl Quarantine {
    /// How far it goes for what a finding asks.
    #[must_use]
    pub fn mode_for(&self, ask: Option<&Ask>) -> Mode {
        match ask {
            Some(Ask::DisableAccessKey { .. }) | None => self.mode,
            Some(Ask::ContainUsers { .. }) => self.leaked,
            Some(Ask::ContainActor { .. }) => self.actors,
        }
    }
}

/// How far quarantine goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is planned.
    Off,
    /// The plan is made, checked and told, and nothing is changed.
    DryRun,
    /// The plan waits for a person to say yes, four hours at most.
    Approve,
    /// The plan is carried out at once, inside the budget.
    Enforce,
}

/// Users that are never touched. Tags are no way to say it: whoever may tag a user could buy it immunity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exempt {
    /// One user, by its whole ARN.
    Arn(String),
    /// Every user under an IAM path, such as `/break-glass/`.
    Path(String),
}

/// A working week, and the weekend.
const LEARNING: SignedDuration = SignedDuration::from_hours(7 * 24);

fn days(text: &str) -> Result<SignedDuration, String> {
    match text.parse() {
        Ok(days @ 0..=90) => Ok(SignedDuration::from_hours(days * 24)),
        _ => Err(format!("`{text}` is no number of days from 0 to 90")),
    }
}

/// Where a watcher's findings go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    pub table: String,
    pub topic_arn: String,
    pub bus: String,
    /// URL of the queue by which quarantine's records are looked at again: only its functions are told.
    pub records_queue: Option<String>,
}

/// Everything wrong with what was said, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} mistake(s): {}", self.0.len(), self.0.join("; "))
    }
}

impl std::error::Error for Mistakes {}

impl Default for Config {
    /// What replay assumes: nothing is named, nothing is acted on, everything is told.
    fn default() -> Self {
        Self {
            stack: String::new(),
            home: String::new(),
            account_names: BTreeMap::new(),
            vendors: BTreeMap::new(),
            min_severity: Severity::Low,
            portal_url: None,
            break_glass_roles: Vec::new(),
            honey_principals: Vec::new(),
            workload_roles: Vec::new(),
            allowed_networks: Vec::new(),
            learning: LEARNING,
            quarantine: Quarantine::default(),
        }
    }
}

impl Config {
    /// The account's name and number where a name is known, else its number.
    #[must_use]
    pub fn account(&self, id: &str) -> String {
        match self.name_of(id) {
            Some(name) => format!("{name} ({id})"),
            None => id.to_owned(),
        }
    }

    /// The account's name, else its number.
    #[must_use]
    pub fn account_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.name_of(id).unwrap_or(id)
    }

    /// Whether an account is another one than the stack's.
    #[must_use]
    pub fn is_elsewhere(&self, account: &str) -> bool {
        !self.home.is_empty() && self.home != account
    }

    /// Whether the configuration says that only workloads use the role of this ARN.
    #[must_use]
    pub fn is_workload(&self, role: &str) -> bool {
        self.workload_roles.iter().any(|roles| roles.contain(role))
    }

    /// The account's name, if it has one: one's own, or a vendor's.
    #[must_use]
    pub fn name_of(&self, id: &str) -> Option<&str> {
        self.account_names.get(id).or_else(|| self.vendors.get(id)).map(String::as_str)
    }

    /// Reads what the stack sets. `get` looks an environment variable up.
    ///
    /// # Errors
    ///
    /// All mistakes, each with the variable's name and what to write instead.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<(Self, Resources), Mistakes> {
        let mut said = Said { get, mistakes: Vec::new() };
        let resources = Resources {
            table: said.required("IAMWATCH_TABLE"),
            topic_arn: said.required("IAMWATCH_TOPIC_ARN"),
            bus: said.required("IAMWATCH_BUS"),
            // The functions that act have this queue.
            records_queue: said.optional("IAMWATCH_RECORDS_QUEUE"),
        };
        let config = Self {
            stack: said.required("IAMWATCH_STACK"),
            home: arn::account(&resources.topic_arn).unwrap_or_default().to_owned(),
            account_names: said.account_names("IAMWATCH_ACCOUNT_NAMES"),
            vendors: said.account_names("IAMWATCH_VENDOR_ACCOUNTS"),
            min_severity: said.parsed("IAMWATCH_MIN_SEVERITY", Severity::Medium, str::parse),
            portal_url: said.portal("IAMWATCH_PORTAL_URL"),
            break_glass_roles: said.roles("IAMWATCH_BREAK_GLASS_ROLES"),
            honey_principals: said.principals("IAMWATCH_HONEY_PRINCIPALS"),
            workload_roles: said.each("IAMWATCH_WORKLOAD_ROLES"),
            allowed_networks: said.each("IAMWATCH_ALLOWED_NETWORKS"),
            learning: said.parsed("IAMWATCH_LEARNING_DAYS", LEARNING, days),
            quarantine: Quarantine {
                mode: said.parsed("IAMWATCH_QUARANTINE_MODE", Mode::DryRun, str::parse),
                leaked: said.parsed("IAMWATCH_QUARANTINE_LEAKED_MODE", Mode::DryRun, str::parse),
                actors: said.parsed("IAMWATCH_QUARANTINE_ACTOR_MODE", Mode::Off, str::parse),
                deny_policy: said.policy("IAMWATCH_DENY_POLICY"),
                sessions_role: said.roles("IAMWATCH_SESSIONS_ROLE").pop(),
                restore_role: said.roles("IAMWATCH_RESTORE_ROLE").pop(),
                exempt: said.each("IAMWATCH_QUARANTINE_EXEMPT"),
            },
        };
        let modes = [config.quarantine.mode, config.quarantine.leaked];
        if modes.contains(&Mode::Enforce) && config.quarantine.exempt.is_empty() {
            said.mistakes.push(
                "`IAMWATCH_QUARANTINE_EXEMPT` is empty; name at least one break-glass user or path before `enforce`"
                    .to_owned(),
            );
        }
        if config.quarantine.actors == Mode::Enforce {
            said.mistakes.push(
                "`IAMWATCH_QUARANTINE_ACTOR_MODE`: nobody is cut off for what they did without a person; use `off`, `dry-run` \
                 or `approve`"
                    .to_owned(),
            );
        }
        // Only the functions that act need the policy.
        if resources.records_queue.is_some()
            && [config.quarantine.leaked, config.quarantine.actors].into_iter().any(Mode::acts)
            && config.quarantine.deny_policy.is_none()
        {
            said.mistakes.push("`IAMWATCH_DENY_POLICY` is not set; the stack's template sets it".to_owned());
        }
        if said.mistakes.is_empty() { Ok((config, resources)) } else { Err(Mistakes(said.mistakes)) }
    }
}

/// The variables as they were said, and what is wrong with those read so far.
struct Said<G> {
    get: G,
    mistakes: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Said<G> {
    fn optional(&self, variable: &str) -> Option<String> {
        (self.get)(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn list(&self, variable: &str) -> Vec<String> {
        let said = self.optional(variable).unwrap_or_default();
        said.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn required(&mut self, variable: &str) -> String {
        self.optional(variable).unwrap_or_else(|| {
            self.mistakes.push(format!("`{variable}` is not set; the stack's template sets it"));
            String::new()
        })
    }

    fn parsed<T>(&mut self, variable: &str, default: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        match self.optional(variable).map(|text| parse(&text)) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(mistake)) => {
                self.mistakes.push(format!("`{variable}`: {mistake}"));
                default
            }
        }
    }

    fn account_names(&mut self, variable: &str) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for pair in self.list(variable) {
            match pair.split_once('=').map(|(id, name)| (id.trim(), name.trim())) {
                Some((id, name)) if is_account(id) && !name.is_empty() => {
                    names.insert(id.to_owned(), name.to_owned());
                }
                _ => self.mistakes.push(format!(
                    "`{variable}`: `{pair}` is no account name; write it as `111122223333=prod-payments`"
                )),
            }
        }
        names
    }

    fn portal(&mut self, variable: &str) -> Option<String> {
        let url = self.optional(variable)?;
        let plain = url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-_".contains(&byte));
        if url.starts_with("https://") && plain {
            return Some(url.trim_end_matches('/').to_owned());
        }
        self.mistakes.push(format!(
            "`{variable}`: `{url}` is no access portal; write it as `https://example.awsapps.com/start`"
        ));
        None
    }

    fn policy(&mut self, variable: &str) -> Option<String> {
        let arn = self.optional(variable)?;
        if undo::arn(&arn).is_some_and(|arn| arn.contains(":iam::") && arn.contains(":policy/")) {
            return Some(arn);
        }
        self.mistakes.push(format!(
            "`{variable}`: `{arn}` is no policy; write its whole ARN (`arn:aws:iam::111122223333:policy/name`)"
        ));
        None
    }

    fn roles(&mut self, variable: &str) -> Vec<String> {
        let (roles, others): (Vec<_>, Vec<_>) = self.list(variable).into_iter().partition(|arn| is_role(arn));
        self.mistakes.extend(others.iter().map(|text| {
            format!("`{variable}`: `{text}` is no role; write its whole ARN (`arn:aws:iam::111122223333:role/name`)")
        }));
        roles
    }

    fn principals(&mut self, variable: &str) -> Vec<String> {
        let mut principals = Vec::new();
        for text in self.list(variable) {
            match principal(&text) {
                Ok(arn) => principals.push(arn),
                Err(mistake) => self.mistakes.push(format!("`{variable}`: {mistake}")),
            }
        }
        principals
    }

    fn each<T: FromStr<Err = String>>(&mut self, variable: &str) -> Vec<T> {
        let mut all = Vec::new();
        for text in self.list(variable) {
            match text.parse() {
                Ok(one) => all.push(one),
                Err(mistake) => self.mistakes.push(format!("`{variable}`: {mistake}")),
            }
        }
        all
    }
}

/// The whole ARN of one user or role.
///
/// # Errors
///
/// What to write instead.
pub fn principal(arn: &str) -> Result<String, String> {
    if is_role(arn) || arn.parse().is_ok_and(|user| matches!(user, Exempt::Arn(_))) {
        return Ok(arn.to_owned());
    }
    Err(format!("`{arn}` is no user or role; write its whole ARN (`arn:aws:iam::111122223333:user/name`)"))
}

/// Whether the text is the whole ARN of one role.
fn is_role(text: &str) -> bool {
    let role = || {
        let (account, role) = text.strip_prefix("arn:")?.split_once(":iam::")?.1.split_once(":role/")?;
        Some(is_account(account) && !role.is_empty() && !role.contains(['*', '?']))
    };
    role().unwrap_or(false)
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "dry-run" => Ok(Self::DryRun),
            "approve" => Ok(Self::Approve),
            "enforce" => Ok(Self::Enforce),
            other => Err(format!("`{other}` is no mode; use `off`, `dry-run`, `approve` or `enforce`")),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::DryRun => "dry-run",
            Self::Approve => "approve",
            Self::Enforce => "enforce",
        })
    }
}

impl Roles {
    /// Whether the role of this ARN is one of them. IAM tells roles apart neither by the case of their letters nor, of those
    /// of one name, by their paths.
    #[must_use]
    pub fn contain(&self, role: &str) -> bool {
        match self {
            Self::Arn(arn) => arn.eq_ignore_ascii_case(role),
            Self::Path(path) => arn::resource(role)
                .and_then(|resource| resource.strip_prefix("role"))
                .is_some_and(|below| below.get(..path.len()).is_some_and(|start| start.eq_ignore_ascii_case(path))),
        }
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_role(text) {
            Ok(Self::Arn(text.to_owned()))
        } else if text.len() > 1 && text.starts_with('/') && text.ends_with('/') && !text.contains(['*', '?']) {
            Ok(Self::Path(text.to_owned()))
        } else {
            Err(format!(
                "`{text}` names no roles; write a role's whole ARN (`arn:aws:iam::111122223333:role/name`) or a path such as \
                 `/workloads/`"
            ))
        }
    }
}

impl Network {
    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                begin_alike(network.to_bits().into(), address.to_bits().into(), 32 - self.bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                begin_alike(network.to_bits(), address.to_bits(), 128 - self.bits)
            }
            _ => false,
        }
    }
}

/// Whether two numbers differ in their last `rest` bits only.
fn begin_alike(one: u128, other: u128, rest: u32) -> bool {
    (one ^ other).checked_shr(rest).unwrap_or(0) == 0
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (address, bits) = text.split_once('/')?;
            let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
            let most = if address.is_ipv4() { 32 } else { 128 };
            (bits <= most).then_some(Self { address, bits })
        };
        match read() {
            // Everybody is in it: whoever wrote it meant something else.
            Some(Self { bits: 0, .. }) => Err(format!("`{text}` is every address; leave it empty to allow them all")),
            Some(network) => Ok(network),
            None => Err(format!("`{text}` is no network; write it as `198.51.100.0/24` or `2001:db8::/32`")),
        }
    }
}

impl FromStr for Exempt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let user = || {
            let (_, resource) = text.strip_prefix("arn:")?.split_once(":iam::")?;
            let (account, user) = resource.split_once(":user/")?;
            (is_account(account) && !user.is_empty()).then_some(())
        };
        if text.contains(['*', '?']) {
            Err(format!("`{text}` has a wildcard; write the user's whole ARN or a path such as `/break-glass/`"))
        } else if text.len() > 1 && text.starts_with('/') && text.ends_with('/') {
            Ok(Self::Path(text.to_owned()))
        } else if user().is_some() {
            Ok(Self::Arn(text.to_owned()))
        } else {
            Err(format!(
                "`{text}` names no users; write a user's whole ARN (`arn:aws:iam::111122223333:user/name`) or a path such \
                 as `/break-glass/`"
            ))
        }
    }
}
