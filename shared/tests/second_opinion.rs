//! Our evaluation of policies and somebody else's, over the corpus. Where the two differ, the difference has a name here,
//! and who is right by AWS's documentation.
//!
//! The other one is the crate `iam-rs`, which evaluates one request with all that it carries. What depends on a condition
//! is therefore asked with each value that the condition names, with another one, and without any. The local AWS has a
//! simulator too, and agrees with both wherever no condition is in play; but requests to it carry nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;

use iam_rs::{Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId, evaluate_policy};
use iamwatch::policy::{Allowed, Answer, Document, PATHS, Path, Scope, Statement};
use serde_json::Value;

mod corpus;

use corpus::cases;

/// What a request carries, by the keys of conditions.
type Carried = BTreeMap<String, String>;

/// The other one, ready for requests.
struct Other(IAMPolicy);

impl Other {
    fn of(document: &Value) -> Self {
        Self(serde_json::from_value(document.clone()).unwrap())
    }

    /// Whether it allows the request, or why it cannot say.
    fn allows(&self, action: &str, resource: &str, carried: &Carried) -> Result<bool, String> {
        let mut context = Context::new();
        for (key, value) in carried {
            let value = match value.as_str() {
                "true" => ContextValue::Boolean(true),
                "false" => ContextValue::Boolean(false),
                text => ContextValue::String(text.to_owned()),
            };
            context.insert(key.clone(), value);
        }
        let alice = Principal::Aws(PrincipalId::String("arn:aws:iam::111122223333:user/alice".to_owned()));
        let request = IAMRequest::new_with_context(alice, action, Arn::parse(resource).unwrap(), context);
        evaluate_policy(&self.0, &request)
            .map(|decision| decision == Decision::Allow)
            .map_err(|error| error.to_string())
    }
}

/// Every request there is to make, as far as the document's conditions and variables look at it.
fn requests(document: &Document, path: &Path) -> Vec<Carried> {
    let mut keys: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    let mut variables = |text: &str| {
        for variable in text.split("${").skip(1) {
            let values = keys.entry(variable.split('}').next().unwrap().to_owned()).or_default();
            values.extend([Some("alice".to_owned()), Some("fresh".to_owned()), None]);
        }
    };
    for statement in &document.statements {
        let conditions = statement.conditions.iter().flat_map(|condition| &condition.values);
        patterns(statement).iter().chain(conditions).for_each(|text| variables(text));
    }
    for condition in document.statements.iter().flat_map(|statement| &statement.conditions) {
        let values = keys.entry(condition.key.clone()).or_default();
        values.extend(condition.values.iter().map(|value| Some(instance(value))));
        let other = match condition.values[0].as_str() {
            "true" => "false",
            "false" => "true",
            _ if condition.operator.contains("IpAddress") => "203.0.113.9",
            _ => "other",
        };
        values.extend([Some(other.to_owned()), None]);
        match condition.key.as_str() {
            "iam:PassedToService" => values.extend(path.services.iter().map(|service| Some((*service).to_owned()))),
            "iam:PolicyARN" => values.extend([Some(ADMINISTRATOR.to_owned())]),
            _ => {}
        }
    }
    let mut requests = vec![Carried::new()];
    for (key, values) in keys {
        let carrying = |value: &Option<String>| {
            let value = value.clone();
            let key = &key;
            requests.iter().cloned().map(move |mut request| {
                request.extend(value.clone().map(|value| (key.clone(), value)));
                request
            })
        };
        requests = values.iter().flat_map(carrying).collect();
    }
    requests
}

fn patterns(statement: &Statement) -> &[String] {
    match &statement.resources {
        Some(Scope::Only(patterns) | Scope::AllBut(patterns)) => patterns,
        None => &[],
    }
}

/// Something that the pattern matches.
fn instance(pattern: &str) -> String {
    let mut text = pattern.to_owned();
    while let Some((before, variable)) = text.split_once("${") {
        text = format!("{before}alice{}", variable.split_once('}').unwrap().1);
    }
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let [_, _, service, region, account, resource] = fields[..] else {
        let network = text.split_once('/').filter(|(address, _)| address.parse::<Ipv4Addr>().is_ok());
        return network.map_or_else(|| text.replace(['*', '?'], "x"), |(address, _)| address.to_owned());
    };
    let or = |field: &str, otherwise: &str| if field == "*" { otherwise.to_owned() } else { field.to_owned() };
    let (region, account) = (or(region, "eu-west-1"), or(account, "111122223333"));
    format!("arn:{}:{service}:{region}:{account}:{}", or(fields[1], "aws"), resource.replace(['*', '?'], "x"))
}

/// Resources of an action's kind that no document names; all of them are needed.
fn anybodys(action: &str) -> Vec<String> {
    let (service, name) = action.split_once(':').unwrap();
    let regional = |resource: &str| format!("arn:aws:{service}:eu-west-1:111122223333:{resource}");
    let iam = |kind: &str| format!("arn:aws:iam::111122223333:{kind}/fresh");
    let one = match service {
        "iam" if name.contains("Group") => iam("group"),
        "iam" if name.contains("Role") => iam("role"),
        "iam" if name.contains("PolicyVersion") => iam("policy"),
        "iam" => iam("user"),
        "sts" => iam("role"),
        "s3" => "arn:aws:s3:::fresh/key".to_owned(),
        "sso" => "arn:aws:sso:::permissionSet/ssoins-fresh/ps-fresh".to_owned(),
        "lambda" => regional("function:fresh"),
        "cloudformation" if name.contains("StackSet") => regional("stackset/fresh:fresh"),
        "cloudformation" => regional("stack/fresh/fresh"),
        "codebuild" => regional("project/fresh"),
        "codedeploy" => regional("deploymentgroup:fresh/fresh"),
        "apprunner" => regional("service/fresh/fresh"),
        "batch" => regional("job-definition/fresh:1"),
        "ecs" => regional("task/fresh/fresh"),
        "states" => regional("stateMachine:fresh"),
        "sagemaker" => regional("notebook-instance/fresh"),
        "ec2" if name.contains("LaunchTemplate") => regional("launch-template/lt-fresh"),
        "ec2" => regional("instance/i-fresh"),
        "ec2-instance-connect" | "ssm" => "arn:aws:ec2:eu-west-1:111122223333:instance/i-fresh".to_owned(),
        _ => regional("fresh/fresh"),
    };
    let document = (action == "ssm:SendCommand").then(|| regional("document/fresh"));
    std::iter::once(one).chain(document).collect()
}

fn path(reference: &str) -> &'static Path {
    PATHS.iter().find(|path| path.reference == reference).unwrap()
}

/// What the two are asked about a document: the actions on anybody's resources, and on those that it names.
fn resources(document: &Document, action: &str) -> BTreeSet<String> {
    let named = document.statements.iter().flat_map(patterns).map(|pattern| instance(pattern));
    anybodys(action).into_iter().chain(named).filter(|resource| Arn::parse(resource).is_ok()).collect()
}

/// How the two are known to differ. The other one is wrong each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// IAM completes an ARN of fewer than six fields: `arn:aws:iam` is all of IAM (user guide, "IAM identifiers"). To the
    /// other one it is no ARN.
    IncompleteArn,
    /// IAM replaces variables in the values of conditions (user guide, "IAM policy elements: Variables and tags"). The
    /// other one does so in resources only.
    VariableInCondition,
}

impl Difference {
    /// The one that a document is known for, if any.
    fn of(document: &Value) -> Option<Self> {
        let statements = document["Statement"].as_array().unwrap();
        let is_incomplete = |resource: &Value| {
            let resource = resource.as_str().unwrap();
            resource.starts_with("arn:") && resource.split(':').count() < 6
        };
        let resources = statements.iter().flat_map(|statement| [&statement["Resource"], &statement["NotResource"]]);
        if resources.filter_map(Value::as_array).flatten().any(is_incomplete) {
            return Some(Self::IncompleteArn);
        }
        let mut conditions = statements.iter().map(|statement| statement["Condition"].to_string());
        conditions.any(|condition| condition.contains("${")).then_some(Self::VariableInCondition)
    }
}

#[test]
fn each_difference_is_still_one() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        let Some(difference) = Difference::of(&case.document) else { continue };
        let document = Document::from_value(&case.document).unwrap();
        let other = Other::of(&case.document);
        let path = path(case.path);
        let requests = requests(&document, path);
        let differs = path.actions.iter().any(|action| {
            resources(&document, action).iter().any(|resource| {
                let theirs: Result<BTreeSet<bool>, String> =
                    requests.iter().map(|request| other.allows(action, resource, request)).collect();
                theirs.is_err() || document.allows(action, resource) == Answer::If && theirs.unwrap().len() == 1
            })
        });
        if differs {
            seen.insert(difference);
        }
    }
    assert_eq!(seen, BTreeSet::from([Difference::IncompleteArn, Difference::VariableInCondition]));
}

#[test]
fn both_allow_and_deny_the_same() {
    let (mut asked, mut different) = (0, String::new());
    for case in cases().iter().filter(|case| Difference::of(&case.document).is_none()) {
        let document = Document::from_value(&case.document).unwrap();
        let other = Other::of(&case.document);
        let path = path(case.path);
        let requests = requests(&document, path);
        for action in path.actions {
            for resource in resources(&document, action) {
                let ours = document.allows(action, &resource);
                let theirs: BTreeSet<bool> =
                    requests.iter().map(|request| other.allows(action, &resource, request).unwrap()).collect();
                asked += requests.len();
                let agreed = match ours {
                    Answer::Yes => !theirs.contains(&false),
                    Answer::No => !theirs.contains(&true),
                    Answer::If => theirs.len() == 2,
                };
                if !agreed {
                    writeln!(different, "  {action} on {resource}: {ours:?}, and {theirs:?}, by {}", case.line)
                        .unwrap();
                }
            }
        }
    }
    assert!(asked > 1_500, "asked {asked} times");
    assert!(different.is_empty(), "evaluated otherwise than by the second opinion:\n{different}");
}

/// Whether a caller on that path can send such a request: some keys every call has, and the service that gets a role is
/// one of the path's.
fn can_be_sent(request: &Carried, action: &str, path: &Path) -> bool {
    let carried = |key: &str| request.get(key).map(String::as_str);
    let passed_to = carried("iam:PassedToService");
    let passes = match action {
        "iam:PassRole" => passed_to.is_none_or(|service| path.services.contains(&service)),
        _ => passed_to.is_none(),
    };
    let is = |key: &str, wanted: &str| carried(key).is_none_or(|value| value == wanted);
    passes && is("aws:SecureTransport", "true") && is("aws:username", "alice") && is("iam:PolicyARN", ADMINISTRATOR)
}

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
/// What every call has.
const ALWAYS: [&str; 5] =
    ["aws:SecureTransport", "aws:username", "aws:PrincipalArn", "aws:SourceIp", "aws:RequestedRegion"];

/// Whether the caller may say that key's value as it likes. IAM and Identity Center have one region.
fn is_chosen(key: &str, action: &str) -> bool {
    match key {
        "iam:PassedToService" | "iam:PolicyARN" | "aws:UserAgent" => true,
        "aws:RequestedRegion" => !action.starts_with("iam:") && !action.starts_with("sso:"),
        _ => false,
    }
}

/// What the other one says of a document and the requests on one path.
struct Opinion<'a> {
    other: Other,
    requests: Vec<Carried>,
    path: &'a Path,
}

impl Opinion<'_> {
    fn allows(&self, action: &str, resources: &[String], request: &Carried) -> bool {
        resources.iter().all(|resource| self.other.allows(action, resource, request).unwrap())
    }

    /// Whether it allows the action on all these, whatever the caller has no say in.
    fn allows_whatever(&self, action: &str, resources: &[String]) -> bool {
        let asked: BTreeSet<&str> = self.requests.iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
        let mut by_the_rest: BTreeMap<Vec<(&String, &String)>, bool> = BTreeMap::new();
        for request in &self.requests {
            let has = |key: &&str| !asked.contains(key) || request.contains_key(*key);
            let passes = match action {
                "iam:PassRole" => has(&"iam:PassedToService"),
                _ => true,
            };
            if passes && ALWAYS.iter().all(has) && can_be_sent(request, action, self.path) {
                let rest = request.iter().filter(|(key, _)| !is_chosen(key, action)).collect();
                *by_the_rest.entry(rest).or_default() |= self.allows(action, resources, request);
            }
        }
        !by_the_rest.is_empty() && by_the_rest.values().all(|allowed| *allowed)
    }

    fn allows_sometimes(&self, action: &str, resources: &[String]) -> bool {
        self.requests.iter().any(|request| self.allows(action, resources, request))
    }
}

/// What the resource that opens a way stands for.
fn meant(allowed: &Allowed<'_>) -> Vec<String> {
    if allowed.resource.starts_with("all but ") {
        return anybodys(allowed.action);
    }
    let one = instance(&allowed.resource);
    if Arn::parse(&one).is_ok() { vec![one] } else { anybodys(allowed.action) }
}

#[test]
fn a_way_is_as_open_as_its_actions_are() {
    let mut different = String::new();
    for case in cases().iter().filter(|case| Difference::of(&case.document).is_none()) {
        let document = Document::from_value(&case.document).unwrap();
        let path = path(case.path);
        let opinion = Opinion { other: Other::of(&case.document), requests: requests(&document, path), path };
        let ways = document.ways();
        let needs = ways.iter().find(|way| way.path == path).map_or(&[][..], |way| &way.permissions);
        let on_named = |action: &str| {
            resources(&document, action).into_iter().any(|resource| opinion.allows_sometimes(action, &[resource]))
        };
        let open_to_anybody = path.actions.iter().all(|action| opinion.allows_whatever(action, &anybodys(action)));
        let agreed = match case.verdict {
            "plain" => !needs.is_empty() && needs.iter().all(|need| opinion.allows_whatever(need.action, &meant(need))),
            "if" => !open_to_anybody && needs.iter().all(|need| opinion.allows_sometimes(need.action, &meant(need))),
            "named" => !open_to_anybody && needs.iter().all(|need| on_named(need.action)),
            _ => !open_to_anybody,
        };
        if !agreed {
            writeln!(different, "  {}", case.line).unwrap();
        }
    }
    assert!(different.is_empty(), "judged otherwise than the second opinion allows:\n{different}");
}

#[test]
#[ignore = "needs the documents of AWS's managed policies: `make check-policies`"]
fn both_allow_and_deny_the_same_by_awss_own_policies() {
    let documents = std::env::var_os("MANAGED_POLICIES").expect("run `make check-policies`");
    let documents: Value = serde_json::from_slice(&fs::read(documents).unwrap()).unwrap();
    let actions: BTreeSet<&str> = PATHS.iter().flat_map(|path| path.actions).copied().collect();
    let (mut asked, mut different) = (0, String::new());
    for policy in documents["policies"].as_array().unwrap() {
        // It does not know `ForAnyValue:StringLikeIfExists`.
        if policy["name"] == "service-role/AmazonDataZoneGlueManageAccessRolePolicy" {
            continue;
        }
        let document = Document::from_value(&policy["document"]).unwrap();
        let other = Other::of(&policy["document"]);
        for action in &actions {
            for resource in anybodys(action) {
                let ours = document.allows(action, &resource);
                let theirs = other.allows(action, &resource, &Carried::new()).unwrap();
                asked += 1;
                // What depends on the request is an if of ours, and either of theirs.
                if ours != Answer::If && theirs != (ours == Answer::Yes) {
                    writeln!(different, "  {action} on {resource}: {ours:?}, by {}", policy["name"]).unwrap();
                }
            }
        }
    }
    assert!(asked > 100_000, "asked {asked} times");
    assert!(different.is_empty(), "evaluated otherwise than by the second opinion:\n{different}");
}
