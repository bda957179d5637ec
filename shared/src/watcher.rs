//! The watchers, and which events each of them is started by.
//!
//! A watcher's EventBridge patterns are derived from the detections that belong to it, and template.yaml is held to
//! them by a test: EventBridge never tells that a pattern cannot match. The patterns split by actor (root or not), by
//! outcome (denied or not) and by call, so that one act starts one watcher: where the detections of several look at a call,
//! it starts the last of them, which asks the others' too.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::detect::{self, Detection};
use crate::event::{
    DENIED_EXACTLY, DENIED_PREFIXES, DENIED_SUFFIXES, Event, HEALTH, MALFORMED_POLICY, is_denied, is_malformed_policy,
};

/// A function that looks at events. Its name is the folder, the crate, the binary and the metric dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watcher {
    RootUsage,
    AccessKeys,
    IamChanges,
    AccessDenied,
    SignIn,
    Guardrails,
}

/// One service's calls that a detection looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// `eventSource`, for example `iam.amazonaws.com`.
    pub source: &'static str,
    /// Event names. One that ends in `*` has an API date behind it, as in `UpdateFunctionCode20150331v2`.
    pub names: &'static [&'static str],
}

/// The few fields that decide whether an event is looked at: what EventBridge matches live, and what replay reads
/// first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Glance<'a> {
    pub source: &'a str,
    pub name: &'a str,
    pub event_type: Option<&'a str>,
    pub error_code: Option<&'a str>,
    /// `userIdentity.type`
    pub actor_type: Option<&'a str>,
    /// `userIdentity.invokedBy`
    pub invoked_by: Option<&'a str>,
}

/// One EventBridge rule of a watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rule's name in template.yaml, within its function.
    pub name: String,
    actor: Who,
    outcome: Outcome,
    /// Sources, each with names; none are every call of every service.
    calls: Vec<(&'static str, Vec<&'static str>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Root in person: no service on its behalf, and no service event that merely bears its name.
    Root,
    /// Anybody else: services too, and root where a service acts for it, as CloudFormation does.
    Others,
    /// Anybody but root and AWS services, which cause nearly all denials.
    People,
    /// IAM users, where what runs with a role makes the same calls all day.
    Users,
    /// Services that run what others bring, with a role of the account: see [`COMPUTE`].
    Compute,
    /// Whoever uses an endpoint in a VPC whose owner has its calls recorded.
    ThroughEndpoint,
}

/// Services that run what others bring with a role of the account, as `invokedBy` has them.
pub const COMPUTE: [&str; 17] = [
    "batch.amazonaws.com",
    "bedrock-agentcore.amazonaws.com",
    "build.apprunner.amazonaws.com",
    "cloudformation.amazonaws.com",
    "codebuild.amazonaws.com",
    "ec2.amazonaws.com",
    "ec2.amazonaws.com.cn",
    "ecs-tasks.amazonaws.com",
    "edgelambda.amazonaws.com",
    "elasticmapreduce.amazonaws.com",
    "glue.amazonaws.com",
    "lambda.amazonaws.com",
    "pods.eks.amazonaws.com",
    "sagemaker.amazonaws.com",
    "ssm.amazonaws.com",
    "states.amazonaws.com",
    "tasks.apprunner.amazonaws.com",
];

/// What records of calls through an endpoint in a VPC are called, which its owner gets.
pub const THROUGH_ENDPOINT: [&str; 2] = ["AwsVpceEvent", "AwsVpceEvents"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Any,
    NoError,
    Denied,
    /// A policy document was refused: guesses at the names of principals end so.
    Malformed,
}

/// A service that `invokedBy` names although a person acts: the console's sign-in.
const PERSON_IN_THE_CONSOLE: &str = "signin.amazonaws.com";

const DETAIL_TYPES: [&str; 5] = [
    "AWS API Call via CloudTrail",
    "AWS Service Event via CloudTrail",
    "AWS Console Action via CloudTrail",
    // AWS prints both.
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
];

impl Watcher {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::RootUsage, Self::AccessKeys, Self::IamChanges, Self::AccessDenied, Self::SignIn, Self::Guardrails];

    /// The name that is the same everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RootUsage => "root-usage",
            Self::AccessKeys => "access-keys",
            Self::IamChanges => "iam-changes",
            Self::AccessDenied => "access-denied",
            Self::SignIn => "sign-in",
            Self::Guardrails => "guardrails",
        }
    }

    /// The EventBridge rules that start it.
    #[must_use]
    pub fn rules(self) -> Vec<Rule> {
        let any_call = |name: &str, actor, outcome| Rule { name: name.to_owned(), actor, outcome, calls: Vec::new() };
        match self {
            Self::RootUsage => {
                let by_root = any_call("ByRoot", Who::Root, Outcome::Any);
                std::iter::once(by_root).chain(self.rules_by_call("ForRoot")).collect()
            }
            Self::AccessDenied => vec![
                any_call("Denied", Who::People, Outcome::Denied),
                any_call("Malformed", Who::People, Outcome::Malformed),
            ],
            Self::Guardrails => {
                let through_endpoints = any_call("ThroughEndpoints", Who::ThroughEndpoint, Outcome::NoError);
                self.rules_by_call("Calls").into_iter().chain([through_endpoints]).collect()
            }
            Self::AccessKeys | Self::IamChanges | Self::SignIn => self.rules_by_call("Calls"),
        }
    }

    /// The rules for the calls that its detections name: those that read apart, since EventBridge withholds these from a
    /// rule that is merely enabled, those that services make all day apart, and as many of each as EventBridge's limit
    /// asks for.
    fn rules_by_call(self, changes: &str) -> Vec<Rule> {
        let mut by_source: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
        for calls in detect::ALL.iter().filter(|detection| detection.watcher == self).flat_map(|d| d.calls) {
            let own = calls.names.iter().filter(|name| Self::started_by(calls.source, name) == Some(self));
            by_source.entry(calls.source).or_default().extend(own);
        }
        let part = |withheld: bool, actor: Who| {
            by_source.iter().filter_map(move |(source, names)| {
                let of =
                    |name: &&'static str| is_withheld(name) == withheld && Who::making(source, name).contains(&actor);
                let names: Vec<&'static str> = names.iter().copied().filter(of).collect();
                (!names.is_empty()).then_some((*source, names))
            })
        };
        [(changes, false, Who::Others), ("ByPeople", false, Who::People), ("ByUsers", false, Who::Users)]
            .into_iter()
            .chain([("ByCompute", false, Who::Compute), ("Reads", true, Who::Others)])
            .chain([("ReadsByPeople", true, Who::People), ("ReadsByUsers", true, Who::Users)])
            .flat_map(|(name, withheld, actor)| Rule::fitting(name, actor, part(withheld, actor)))
            .collect()
    }

    /// Whether one of its rules admits the event.
    #[must_use]
    pub fn admits(self, glance: &Glance<'_>) -> bool {
        match self {
            Self::RootUsage => Who::Root.admits(glance) || self.sees(glance),
            Self::AccessDenied => {
                let refused = [Outcome::Denied, Outcome::Malformed].iter().any(|outcome| outcome.admits(glance));
                refused && Who::People.admits(glance)
            }
            Self::Guardrails => Who::ThroughEndpoint.admits(glance) || self.sees(glance),
            Self::AccessKeys | Self::IamChanges | Self::SignIn => self.sees(glance),
        }
    }

    fn sees(self, glance: &Glance<'_>) -> bool {
        Who::making(glance.source, glance.name).iter().any(|who| who.admits(glance))
            && Outcome::NoError.admits(glance)
            && Self::started_by(glance.source, glance.name) == Some(self)
    }

    /// The watcher that a call starts by its name. A detection of denied calls has none of its own rules: `access-denied` is
    /// started by the outcome alone.
    fn started_by(source: &str, name: &str) -> Option<Self> {
        let seeing = detect::ALL.iter().filter(|detection| detection.sees(source, name));
        seeing.map(|detection| detection.watcher).filter(|watcher| *watcher != Self::AccessDenied).max()
    }

    /// Whether a detection is asked about the events of this watcher, if it looks at such a call. Root's events start
    /// `root-usage` alone, so it asks every detection about them: root that stops a trail is both.
    #[must_use]
    pub(crate) fn asks(self, detection: &Detection) -> bool {
        let by_call = self != Self::AccessDenied && detection.watcher != Self::AccessDenied;
        self == detection.watcher || by_call && (self == Self::RootUsage || !detection.calls.is_empty())
    }
}

/// Which watchers an event starts, looked up by its name: the same answer as [`Watcher::admits`] of each of them, without
/// asking every detection about every event.
#[derive(Debug, Default)]
pub struct Admissions {
    by_name: HashMap<&'static str, Vec<(&'static str, Watcher, Who)>>,
    /// Names that end in `*`, with their sources: they are few, and of one or two services.
    by_prefix: Vec<(&'static str, &'static str, Watcher, Who)>,
}

impl Admissions {
    /// Those without the roles that services assume for what they run: what is delivered to a stack that asks for reading.
    #[must_use]
    pub fn without_workloads(mut self) -> Self {
        self.retain(|_, who| !matches!(who, Who::Compute));
        self
    }

    /// Those without what only reads, works and is not root's, and without what means something only after that.
    #[must_use]
    pub fn without_reading(mut self) -> Self {
        self.retain(|name, who| !is_withheld(name) && !matches!(who, Who::Users));
        self
    }

    fn retain(&mut self, keep: impl Fn(&str, Who) -> bool) {
        for (name, calls) in &mut self.by_name {
            calls.retain(|(.., who)| keep(name, *who));
        }
        self.by_prefix.retain(|(_, prefix, _, who)| keep(prefix, *who));
    }

    /// The index of all detections.
    #[must_use]
    pub fn new() -> Self {
        let mut index = Self::default();
        for detection in detect::ALL {
            for calls in detection.calls {
                let starts = |name: &&&str| Watcher::started_by(calls.source, name) == Some(detection.watcher);
                for name in calls.names.iter().filter(starts) {
                    for who in Who::making(calls.source, name) {
                        if let Some(prefix) = name.strip_suffix('*') {
                            add(&mut index.by_prefix, (calls.source, prefix, detection.watcher, *who));
                        } else {
                            let named = index.by_name.entry(*name).or_default();
                            add(named, (calls.source, detection.watcher, *who));
                        }
                    }
                }
            }
        }
        index
    }

    /// The watchers that the event starts, each once, in their order.
    #[must_use]
    pub fn of(&self, glance: &Glance<'_>) -> Vec<Watcher> {
        let mut started = Vec::new();
        if Who::Root.admits(glance) {
            started.push(Watcher::RootUsage);
        }
        if Watcher::AccessDenied.admits(glance) {
            started.push(Watcher::AccessDenied);
        }
        if Who::ThroughEndpoint.admits(glance) {
            started.push(Watcher::Guardrails);
        }
        if Outcome::NoError.admits(glance) {
            let exact = self.by_name.get(glance.name).into_iter().flatten();
            let exact = exact.filter(|(source, ..)| *source == glance.source);
            let exact = exact.map(|(_, watcher, who)| (*watcher, *who));
            let dated = self.by_prefix.iter().filter(|(source, ..)| *source == glance.source);
            let dated = dated.filter(|(_, prefix, ..)| glance.name.starts_with(prefix));
            let named = exact.chain(dated.map(|(.., watcher, who)| (*watcher, *who)));
            started.extend(named.filter(|(_, who)| who.admits(glance)).map(|(watcher, _)| watcher));
        }
        started.sort_unstable();
        started.dedup();
        started
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

impl Detection {
    /// Parameters of the stack that decide whether EventBridge delivers what it looks at, each with the calls that need it;
    /// none are all of them.
    #[must_use]
    pub fn needs(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        let mut needs: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
        let mut all = BTreeSet::new();
        for (source, name) in self.calls.iter().flat_map(|calls| calls.names.iter().map(|name| (calls.source, *name))) {
            all.insert(name);
            let makers = Who::making(source, name);
            let parameter = match (is_withheld(name), makers.first()) {
                (true, Some(Who::People | Who::Users)) | (false, Some(Who::Users)) => "ReadingState",
                (true, _) => "RuleState",
                _ if detect::BY_COMPUTE.iter().any(|detection| detection.id == self.id) => "WorkloadState",
                _ => continue,
            };
            needs.entry(parameter).or_default().insert(name);
        }
        let some = |names: BTreeSet<&'static str>| if names == all { Vec::new() } else { names.into_iter().collect() };
        needs.into_iter().map(|(parameter, names)| (parameter, some(names))).collect()
    }

    /// The same in words, as `ReadingState` or `RuleState for GetPasswordData`. What looks at any call, as at all that are
    /// denied, needs one for those that only read.
    #[must_use]
    pub fn needs_in_words(&self) -> Option<String> {
        if self.watcher == Watcher::AccessDenied || self.id == "root-api-call" {
            return Some("RuleState for calls that only read".to_owned());
        }
        let needs = self.needs();
        let words = needs.iter().map(|(parameter, names)| match names.as_slice() {
            [] => (*parameter).to_owned(),
            names => format!("{parameter} for {}", names.join(", ")),
        });
        (!needs.is_empty()).then(|| words.collect::<Vec<_>>().join("; "))
    }
}

impl Calls {
    /// Whether an event of this source and name is one of these calls.
    #[must_use]
    pub fn contain(&self, source: &str, name: &str) -> bool {
        self.source == source
            && self.names.iter().any(|known| match known.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => *known == name,
            })
    }
}

impl<'a> Glance<'a> {
    /// Whether it is one of the calls that are judged with all that their principal was denied: see
    /// [`denials::is_one`](crate::denials::is_one).
    #[must_use]
    pub fn is_denied(&self) -> bool {
        Outcome::Denied.admits(self) || Outcome::Malformed.admits(self)
    }

    /// The same fields of an event that was read in full.
    #[must_use]
    pub fn of(event: &'a Event) -> Self {
        let identity = |key: &str| event.record().get("userIdentity")?.get(key)?.as_str();
        Self {
            source: &event.source,
            name: &event.name,
            event_type: event.event_type(),
            error_code: event.error_code.as_deref(),
            actor_type: identity("type"),
            invoked_by: identity("invokedBy"),
        }
    }
}

/// The pattern of a rule for all that these users and roles do, and all that names their ARNs, whatever came of it. The stack
/// has it only where its owner laid some out.
#[must_use]
pub fn honey_pattern(arns: &[&str]) -> Value {
    json!({
        "source": [{"prefix": "aws."}],
        "account": ["${AWS::AccountId}"],
        "detail-type": DETAIL_TYPES,
        "detail": {"$or": [
            {"userIdentity": {"arn": arns}},
            {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": arns}}}},
            {"requestParameters": {"roleArn": arns}},
            {"resources": {"ARN": arns}},
        ]},
    })
}

/// The pattern of a rule for all that the roles do with which the stack writes to IAM, whatever came of it. `CloudFormation` begins
/// their names alike.
#[must_use]
pub fn own_roles_pattern() -> Value {
    let prefix = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-Quarantine";
    json!({
        "source": [{"prefix": "aws."}],
        "account": ["${AWS::AccountId}"],
        "detail-type": DETAIL_TYPES,
        "detail": {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [{"prefix": prefix}]}}}},
    })
}

/// EventBridge's limit on a pattern is 2,048 characters; the template puts blanks between the lines of one, and the numbers of
/// up to 20 more accounts into it.
const LONGEST_PATTERN: usize = 1_690;

/// A source that shares no rule. A pattern asks for its names at all of its sources, and other services have calls named
/// as IAM's: `CreateUser`, `CreateGroup`, `CreatePolicy`. Load balancers have a busy `DeleteRule`, as `EventBridge` has.
///
/// Events of AWS Health have another shape than records of CloudTrail.
const ALONE: [&str; 3] = ["elasticloadbalancing.amazonaws.com", "iam.amazonaws.com", HEALTH];

/// Whether a rule has to ask for this call in particular. By default EventBridge delivers no calls that only read, but
/// for two.
fn is_withheld(name: &str) -> bool {
    let reads = ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
    reads && !["GetFederationToken", "GetSessionToken"].contains(&name)
}

/// Names as a pattern matches them.
fn matched(names: &[&str]) -> Value {
    let matched = names.iter().map(|name| match name.strip_suffix('*') {
        Some(prefix) => json!({"prefix": prefix}),
        None => json!(name),
    });
    matched.collect()
}

impl Rule {
    /// As few rules as hold all calls: `name`, then `name2`, … A source is divided only where it is too long by itself.
    fn fitting(
        name: &str,
        actor: Who,
        calls: impl IntoIterator<Item = (&'static str, Vec<&'static str>)>,
    ) -> Vec<Self> {
        let mut rules: Vec<Self> = Vec::new();
        for (source, names) in calls {
            let with = |rule: Option<&Self>, names: &[&'static str]| {
                let mut calls = rule.map(|rule| rule.calls.clone()).unwrap_or_default();
                calls.push((source, names.to_vec()));
                let rule = Self { name: String::new(), actor, outcome: Outcome::NoError, calls };
                (rule.pattern().to_string().len() <= LONGEST_PATTERN).then_some(rule)
            };
            let shared = |rule: &Self| rule.calls.iter().all(|(source, _)| !ALONE.contains(source));
            let fits = !ALONE.contains(&source) && rules.last().is_some_and(shared);
            if fits && let Some(wider) = with(rules.last(), &names) {
                rules.pop();
                rules.push(wider);
                continue;
            }
            let mut rest = names.as_slice();
            while !rest.is_empty() {
                let Some((most, rule)) = (1..=rest.len()).rev().find_map(|most| {
                    let (first, _) = rest.split_at_checked(most)?;
                    Some((most, with(None, first)?))
                }) else {
                    break;
                };
                rules.push(rule);
                rest = rest.split_at_checked(most).map_or(&[], |(_, rest)| rest);
            }
        }
        for (rule, number) in rules.iter_mut().zip(1..) {
            rule.name = if number == 1 { name.to_owned() } else { format!("{name}{number}") };
        }
        rules
    }

    /// Whether it waits for calls that only read. How many of these there are, the account decides.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.calls.is_empty() || self.calls.iter().flat_map(|(_, names)| names).any(|name| is_withheld(name))
    }

    /// The EventBridge pattern. `${AWS::AccountId}` stands for the account of the stack.
    #[must_use]
    pub fn pattern(&self) -> Value {
        if let [(HEALTH, codes)] = self.calls.as_slice() {
            return json!({
                "source": self.sources(),
                "account": ["${AWS::AccountId}"],
                "detail-type": ["AWS Health Event"],
                "detail": {"eventTypeCode": matched(codes)},
            });
        }
        let Value::Object(mut detail) = self.actor.pattern() else { return Value::Null };
        if let Some(codes) = self.outcome.error_code_pattern() {
            detail.insert("errorCode".to_owned(), codes);
        }
        let mut names: Vec<&str> = self.calls.iter().flat_map(|(_, names)| names).copied().collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            detail.insert("eventName".to_owned(), matched(&names));
        }
        json!({
            "source": self.sources(),
            "account": ["${AWS::AccountId}"],
            "detail-type": DETAIL_TYPES,
            "detail": detail,
        })
    }

    /// `aws.iam` for `iam.amazonaws.com`. Nobody but AWS can put events with such a source, which keeps forgeries out.
    fn sources(&self) -> Value {
        if self.calls.is_empty() {
            return json!([{"prefix": "aws."}]);
        }
        let mut sources: Vec<String> = self
            .calls
            .iter()
            .map(|(source, _)| format!("aws.{}", source.split('.').next().unwrap_or_default()))
            .collect();
        sources.sort_unstable();
        sources.dedup();
        json!(sources)
    }
}

impl Who {
    /// Whose calls of that name are looked at.
    fn making(source: &str, name: &str) -> &'static [Self] {
        let seen = |by: &[&Detection]| by.iter().any(|detection| detection.sees(source, name));
        match (seen(detect::BY_PEOPLE), seen(detect::BY_COMPUTE), seen(detect::BY_USERS)) {
            (true, true, _) => &[Self::People, Self::Compute],
            (true, false, _) => &[Self::People],
            (false, true, _) => &[Self::Compute],
            (false, false, true) => &[Self::Users],
            (false, false, false) => &[Self::Others],
        }
    }

    fn admits(self, glance: &Glance<'_>) -> bool {
        let root = glance.actor_type == Some("Root");
        let in_person = glance.invoked_by.is_none_or(|by| by == PERSON_IN_THE_CONSOLE);
        match self {
            Self::Root => root && in_person && glance.event_type != Some("AwsServiceEvent"),
            Self::Others => !root || !in_person,
            Self::People => !root && in_person && glance.actor_type != Some("AWSService"),
            Self::Users => glance.actor_type == Some("IAMUser") && in_person,
            Self::Compute => {
                glance.actor_type == Some("AWSService") && glance.invoked_by.is_some_and(|by| COMPUTE.contains(&by))
            }
            Self::ThroughEndpoint => {
                let recorded = glance.event_type.is_some_and(|kind| THROUGH_ENDPOINT.contains(&kind));
                recorded && Outcome::NoError.admits(glance)
            }
        }
    }

    /// What `detail` must hold. `anything-but` needs the key to be present, and some records have no type.
    fn pattern(self) -> Value {
        let in_person = json!([{"exists": false}, PERSON_IN_THE_CONSOLE]);
        match self {
            Self::Root => json!({
                "userIdentity": {"type": ["Root"], "invokedBy": in_person},
                "eventType": [{"anything-but": ["AwsServiceEvent"]}, {"exists": false}],
            }),
            Self::Others => json!({"$or": [
                {"userIdentity": {"type": [{"anything-but": ["Root"]}, {"exists": false}]}},
                {"userIdentity": {"invokedBy": [{"anything-but": [PERSON_IN_THE_CONSOLE]}]}},
            ]}),
            Self::People => json!({"userIdentity": {
                "type": [{"anything-but": ["Root", "AWSService"]}, {"exists": false}],
                "invokedBy": in_person,
            }}),
            Self::Users => json!({"userIdentity": {"type": ["IAMUser"], "invokedBy": in_person}}),
            Self::Compute => json!({"userIdentity": {"type": ["AWSService"], "invokedBy": COMPUTE}}),
            Self::ThroughEndpoint => json!({"eventType": THROUGH_ENDPOINT}),
        }
    }
}

impl Outcome {
    fn admits(self, glance: &Glance<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::NoError => glance.error_code.is_none_or(str::is_empty),
            Self::Denied => glance.error_code.is_some_and(is_denied),
            Self::Malformed => glance.error_code.is_some_and(is_malformed_policy),
        }
    }

    fn error_code_pattern(self) -> Option<Value> {
        match self {
            Self::Any => None,
            Self::NoError => Some(json!([{"exists": false}, null, ""])),
            Self::Malformed => Some(json!([{"prefix": MALFORMED_POLICY}])),
            Self::Denied => {
                let prefixes = DENIED_PREFIXES.iter().map(|prefix| json!({"prefix": prefix}));
                let suffixes = DENIED_SUFFIXES.iter().map(|suffix| json!({"suffix": suffix}));
                let exactly = DENIED_EXACTLY.iter().map(|code| json!(code));
                Some(prefixes.chain(suffixes).chain(exactly).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Admissions, Glance, Watcher};
    use crate::detect;

    #[test]
    fn a_call_that_detections_of_several_watchers_look_at_starts_one_which_asks_them_all() {
        for detection in detect::ALL.iter().filter(|detection| detection.watcher != Watcher::AccessDenied) {
            for (source, name) in
                detection.calls.iter().flat_map(|calls| calls.names.iter().map(|n| (calls.source, *n)))
            {
                let name = name.replace('*', "20150331v2");
                let glance = Glance { source, name: &name, actor_type: Some("IAMUser"), ..Glance::default() };
                let started: Vec<_> = Watcher::ALL.into_iter().filter(|watcher| watcher.admits(&glance)).collect();
                let &[watcher] = started.as_slice() else { panic!("{name} of {source} starts {started:?}") };
                assert!(watcher.asks(detection), "{watcher:?} does not ask {} about {name}", detection.id);
            }
        }
    }

    #[test]
    fn the_index_admits_what_the_watchers_do() {
        let index = Admissions::new();
        let agrees = |glance: Glance<'_>| {
            let admits = Watcher::ALL.into_iter().filter(|watcher| watcher.admits(&glance));
            assert_eq!(index.of(&glance), admits.collect::<Vec<_>>(), "{glance:?}");
        };
        let calls = || detect::ALL.iter().flat_map(|detection| detection.calls);
        let names: BTreeSet<&str> =
            calls().flat_map(|calls| calls.names).copied().chain(["DescribeInstances", ""]).collect();
        let sources: BTreeSet<&str> = calls().map(|calls| calls.source).chain(["", "ec2.amazonaws.com"]).collect();
        let codes =
            [None, Some(""), Some("AccessDenied"), Some("Client.UnauthorizedOperation"), Some("MalformedPolicy")];
        for known in names {
            let name = known.replace('*', "20150331");
            let name = name.as_str();
            for &source in &sources {
                agrees(Glance { source, name, actor_type: Some("IAMUser"), ..Glance::default() });
                // Who acted and what came of it say no more about a call that nobody looks at.
                let looked_at = known.is_empty() || calls().any(|c| c.source == source && c.names.contains(&known));
                if !looked_at {
                    continue;
                }
                for error_code in codes {
                    for actor_type in [None, Some("Root"), Some("IAMUser"), Some("AWSService")] {
                        for invoked_by in [None, Some("signin.amazonaws.com"), Some("ec2.amazonaws.com")] {
                            for event_type in [None, Some("AwsServiceEvent")] {
                                agrees(Glance { source, name, event_type, error_code, actor_type, invoked_by });
                            }
                        }
                    }
                }
            }
        }
    }
}
