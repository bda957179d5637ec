//! Holds template.yaml to what the code says: which events start which watcher, what a function is told, and that
//! nothing but quarantine may write to IAM. EventBridge never tells that a pattern cannot match, and IAM never tells that
//! a role may do too much.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that fails fails its test"
)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use iamwatch::config::Config;
use iamwatch::exceptions;
use iamwatch::finding::Ask;
use iamwatch::flow;
use iamwatch::ledger::LEASE;
use iamwatch::quarantine::{WATCHED, rewritten};
use iamwatch::watcher::{Rule, Watcher, honey_pattern, own_roles_pattern};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

const UPDATE: &str = "UPDATE=1 cargo test -p shared --test template";
/// The watcher whose rules fill a queue. SAM makes only rules that start a function, so these are resources of their own.
const QUEUED: Watcher = Watcher::AccessDenied;
/// Its rule that is there only where something is laid out to be found.
const HONEY: &str = "Honey";
/// The rule for the stack's own roles that write to IAM.
const OWN_ROLES: &str = "OwnRoles";
const HONEY_CONDITION: &str = "HasHoney";
/// Whether the forwarder is another account's than the stack.
const OF_OTHERS: &str = "IsAnotherAccount";
/// EventBridge takes no longer pattern, unless AWS is asked.
const LONGEST_PATTERN: usize = 2048;
/// Where a pattern's lines begin, and how long they may be from there.
const INDENT: usize = 14;
const INDENT_OF_A_RESOURCE: usize = 8;
const WIDTH: usize = 106;

#[test]
fn the_template_has_the_patterns_of_the_watchers() {
    let old = text();
    let mut new = old.clone();
    for watcher in Watcher::ALL {
        new = with_events(&new, watcher).unwrap_or_else(|| panic!("template.yaml lacks `{}`", watcher.name()));
    }
    new = with_dead_letters(&new).expect("template.yaml has a policy for dead letters");
    if std::env::var_os("UPDATE").is_some() {
        // Renamed into place: other tests read it meanwhile.
        let beside = path().with_extension("yaml.new");
        fs::write(&beside, &new).unwrap();
        fs::rename(&beside, path()).unwrap();
        return;
    }
    let changed: Vec<_> = new.lines().filter(|line| !old.lines().any(|known| known == *line)).collect();
    assert!(
        new == old,
        "template.yaml has other patterns than the watchers; `{UPDATE}` writes these lines:\n{}",
        changed.join("\n")
    );
}

#[test]
fn the_forwarder_hands_on_what_the_watchers_look_at() {
    let old = fs::read_to_string(forwarder()).expect("forwarder.yaml is read");
    let new = with_forwarded(&old).expect("forwarder.yaml has a place for the rules");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(forwarder(), &new).unwrap();
        return;
    }
    assert!(new == old, "forwarder.yaml has other patterns than the watchers; `{UPDATE}` writes them");

    let template = read(&new);
    let rules: BTreeMap<&str, &Value> = of_type(&template, "AWS::Events::Rule").collect();
    let central_in = |account: Value| {
        json!({"Fn::Sub": [
            "arn:${AWS::Partition}:events:${Region}:${Account}:event-bus/default",
            {
                "Region": {"Fn::FindInMap": ["Iamwatch", {"Ref": "AWS::Partition"}, "Region"]},
                "Account": account,
            },
        ]})
    };
    let central = central_in(json!({"Fn::If": ["IsHome", {"Ref": "AWS::AccountId"}, {"Ref": "CentralAccount"}]}));
    for (watcher, rule) in all_rules() {
        let stands = rules[format!("{}{}", pascal(watcher.name()), rule.name).as_str()];
        let pattern = &stands["Properties"]["EventPattern"]["Fn::Sub"];
        let pattern: Value = serde_json::from_str(pattern.as_str().unwrap()).unwrap();
        assert_eq!(pattern, rule.pattern());
        // The stack hears of its own account's IAM by itself.
        let condition = if is_of_iam(&rule) { json!("IsAnotherAccount") } else { Value::Null };
        assert_eq!(stands["Condition"], condition, "{}{}", watcher.name(), rule.name);
    }
    for (name, rule) in &rules {
        let targets = list(&rule["Properties"]["Targets"]);
        let [target] = targets.as_slice() else { panic!("{name} has {} targets", targets.len()) };
        // A rule that only another account has need not ask which it is.
        let elsewhere = rule["Condition"] == OF_OTHERS;
        let to = if elsewhere { central_in(json!({"Ref": "CentralAccount"})) } else { central.clone() };
        assert_eq!((&target["Arn"], &target["RoleArn"]), (&to, &arn("Hand")), "{name}");
        assert_eq!(target["DeadLetterConfig"]["Arn"], arn("NotHandedOn"), "{name}");
    }
    let policy = statements(&template["Resources"]["NotHandedOnPolicy"]["Properties"]);
    let let_in = list(&policy[0]["Condition"]["ArnEquals"]["aws:SourceArn"]);
    assert_eq!(let_in.len(), rules.len());
    let may: Vec<Value> = statements(&template["Resources"]["Hand"]["Properties"]["Policies"]);
    let [may] = may.as_slice() else { panic!("the role may more than hand on") };
    assert_eq!((&may["Action"], &may["Resource"]), (&json!("events:PutEvents"), &central));
    let path = template["Resources"]["Hand"]["Properties"]["Path"].as_str().unwrap();

    // What the states of the rules go by is said the same way here as in the stack.
    let stack = self::template();
    for parameter in ["HoneyPrincipals", "ReadingState", "RuleState", "WorkloadState"] {
        for said in ["Type", "Default", "AllowedValues", "AllowedPattern", "MaxLength"] {
            let (here, there) = (&template["Parameters"][parameter][said], &stack["Parameters"][parameter][said]);
            assert_eq!(here, there, "{parameter} {said}");
        }
    }
    for condition in [HONEY_CONDITION, "SeesReading"] {
        assert_eq!(template["Conditions"][condition], stack["Conditions"][condition], "{condition}");
    }

    // Of other accounts the stack lets in this role, with what services of AWS send, and nothing else.
    let policy = &stack["Resources"]["MembersPolicy"];
    assert_eq!(policy["Condition"], "HasMembers");
    assert_eq!(policy["Properties"].get("EventBusName"), None, "the default bus");
    assert_eq!(
        policy["Properties"]["Statement"],
        json!({
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Split": [",", {"Ref": "MemberAccounts"}]}},
            "Action": "events:PutEvents",
            "Resource": {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"},
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": {"Fn::Sub": format!("arn:${{AWS::Partition}}:iam::*:role{path}*")}},
                "ForAllValues:StringLike": {"events:source": "aws.*"},
            },
        })
    );

    // Where the stack may be, the forwarder of its account may not, and the other way round.
    let condition = &template["Rules"]["NotWhereIamwatchRuns"]["RuleCondition"];
    assert_eq!(condition, &template["Conditions"]["IsHome"]);
    let not = &template["Rules"]["NotWhereIamwatchRuns"]["Assertions"][0]["Assert"]["Fn::Not"][0];
    let here = &stack["Rules"]["InTheRegionThatHearsOfIam"]["Assertions"][0]["Assert"];
    let runs = here["Fn::Contains"][0].clone();
    assert_eq!(not["Fn::Contains"][0], runs);
    let mapped = template["Mappings"]["Iamwatch"].as_object().unwrap();
    assert_eq!(mapped.len(), list(&runs).len());
    assert!(list(&runs).iter().all(|region| mapped.values().any(|known| known["Region"] == **region)));
}

#[test]
fn what_cloudformation_makes_of_a_pattern_is_what_the_watcher_says() {
    let template = template();
    for watcher in Watcher::ALL {
        let rules = event_rules(&template, &pascal(watcher.name()));
        let mut said: BTreeSet<_> = watcher.rules().iter().map(|rule| rule.name.clone()).collect();
        let by_hand = [HONEY, OWN_ROLES].map(str::to_owned);
        said.extend(by_hand.into_iter().filter(|_| watcher == QUEUED));
        assert_eq!(rules.keys().cloned().collect::<BTreeSet<_>>(), said, "{}", watcher.name());
        for rule in watcher.rules() {
            let pattern = rules[&rule.name]["Pattern"]["Fn::Sub"].as_str().expect("the pattern is JSON in a `!Sub`");
            let read: Value = serde_json::from_str(&pattern.replace("${Accounts}", "${AWS::AccountId}")).expect("JSON");
            assert_eq!(read, rule.pattern(), "{} {}", watcher.name(), rule.name);
            let length = pattern.replace("${Accounts}", &longest_accounts()).chars().count();
            assert!(
                length <= LONGEST_PATTERN,
                "the pattern of {} {} has {length} characters, EventBridge takes {LONGEST_PATTERN}: split the rule",
                watcher.name(),
                rule.name,
            );
        }
    }
}

#[test]
fn what_is_laid_out_to_be_found_is_watched_whatever_it_does() {
    let template = template();
    let rule = &template["Resources"][format!("{}{HONEY}", pascal(QUEUED.name()))];
    assert_eq!(rule["Condition"], HONEY_CONDITION);
    assert_eq!(rule["Properties"]["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    let pattern = &rule["Properties"]["EventPattern"]["Fn::Sub"];
    assert_eq!(pattern[1]["Honey"], json!({"Fn::Join": ["\",\"", {"Fn::Split": [",", {"Ref": "HoneyPrincipals"}]}]}));
    let text = pattern[0].as_str().unwrap();
    let read = text.replace("${Honey}", "a\",\"b").replace("${Accounts}", "${AWS::AccountId}");
    assert_eq!(serde_json::from_str::<Value>(&read).unwrap(), honey_pattern(&["a", "b"]));
    let longest = text.replace("${Honey}", &"x".repeat(250)).replace("${Accounts}", &longest_accounts());
    assert!(longest.chars().count() <= LONGEST_PATTERN, "{}", longest.chars().count());
}

/// The numbers of the stack's account and of as many others as its parameter takes, as they stand in a pattern.
fn longest_accounts() -> String {
    vec!["111122223333"; 21].join("\",\"")
}

#[test]
fn what_the_roles_do_that_write_to_iam_is_watched_whatever_it_is() {
    let template = template();
    let rule = &event_rules(&template, &pascal(QUEUED.name()))[OWN_ROLES];
    assert_eq!(rule["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    let text = rule["Pattern"]["Fn::Sub"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), own_roles_pattern());
    for (name, role) in of_type(&template, "AWS::IAM::Role") {
        let given = statements(&role["Properties"]["Policies"]).into_iter().filter(|one| one["Effect"] == "Allow");
        let writes = given.flat_map(|one| list(&one["Action"]).into_iter().cloned().collect::<Vec<_>>());
        let writes = writes.into_iter().any(|action| action.as_str().is_some_and(writes_to_iam));
        assert!(!writes || name.starts_with("Quarantine"), "{name} writes to IAM, and nobody watches it");
        assert!(role["Properties"].get("RoleName").is_none(), "{name} is known by the name that CloudFormation makes");
    }
}

#[test]
fn every_pattern_is_pinned_to_its_sender_and_to_the_accounts_that_the_owner_named() {
    let template = template();
    let account = json!({"Ref": "AWS::AccountId"});
    let members = json!({"Fn::Join": ["\",\"", {"Fn::Split": [",", {"Ref": "MemberAccounts"}]}]});
    let accounts = json!({"Fn::If": ["HasMembers", {"Fn::Join": ["\",\"", [account, members]]}, account]});
    let parameter = &template["Parameters"]["MemberAccounts"];
    assert_eq!(
        (&parameter["Default"], &parameter["AllowedPattern"]),
        (&json!(""), &json!("^([0-9]{12}(,[0-9]{12}){0,19})?$"))
    );
    for function in functions(&template).keys() {
        for (name, rule) in event_rules(&template, function) {
            let (pattern, account): (Value, _) = match rule["Pattern"]["Fn::Sub"].as_str() {
                Some(text) if rule["Accounts"] == accounts => {
                    (serde_json::from_str(text).unwrap(), json!("${Accounts}"))
                }
                Some(text) => (serde_json::from_str(text).unwrap(), json!("${AWS::AccountId}")),
                None => (rule["Pattern"].clone(), json!({"Ref": "AWS::AccountId"})),
            };
            // What is done about findings and calls is done in this account alone, by roles of this account.
            let at_home = function.starts_with("Quarantine") || name == OWN_ROLES;
            assert_eq!(account != "${Accounts}", at_home, "{function} {name}");
            assert_eq!(pattern["account"], json!([account]), "{function} {name}");
            let sources = list(&pattern["source"]);
            assert!(!sources.is_empty(), "{function} {name} takes events of anybody");
            for source in sources {
                let text = source.as_str().or_else(|| source["prefix"].as_str()).unwrap_or_default();
                assert!(
                    text.starts_with("aws.") || text == "iamwatch",
                    "anybody can send as {source}: {function} {name}"
                );
            }
        }
    }
}

#[test]
fn nothing_but_root_and_denials_is_watched_whatever_is_called() {
    for watcher in Watcher::ALL {
        for rule in watcher.rules() {
            assert_eq!(calls(&rule).is_empty(), takes_everything(watcher, &rule), "{} {}", watcher.name(), rule.name);
        }
    }
}

#[test]
fn a_rule_gets_the_reading_calls_that_it_waits_for() {
    let template = template();
    // EventBridge gives these two to every rule.
    let always = |name: &str| ["GetFederationToken", "GetSessionToken"].contains(&name);
    let reads = |name: &str| ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb)) && !always(name);
    for watcher in Watcher::ALL {
        let rules = event_rules(&template, &pascal(watcher.name()));
        for rule in watcher.rules() {
            let waits = takes_everything(watcher, &rule) || calls(&rule).iter().any(|name| reads(name));
            let state = match waits {
                false if is_of_compute(&rule) => json!({"Ref": "WorkloadState"}),
                false if is_of_users(&rule) => json!({"Fn::If": ["SeesReading", "ENABLED", "DISABLED"]}),
                false => json!("ENABLED"),
                true if is_busy(&rule) => json!({"Ref": "ReadingState"}),
                true => json!({"Ref": "RuleState"}),
            };
            assert_eq!(rules[&rule.name]["State"], state, "{} {}", watcher.name(), rule.name);
        }
    }
}

#[test]
fn quarantine_is_started_by_findings_that_ask_for_it() {
    let template = template();
    let asked = &event_rules(&template, "Quarantine")["Asked"];
    assert_eq!(asked["EventBusName"], json!({"Ref": "Findings"}));
    assert_eq!(asked["Pattern"]["source"], json!(["iamwatch"]));
    assert_eq!(asked["Pattern"]["detail-type"], json!(["iamwatch finding"]));
    let key = Ask::DisableAccessKey { user: String::new(), key: String::new(), reactivated: false };
    let users = Ask::ContainUsers { users: Vec::new(), keys: Vec::new(), case: String::new() };
    let actor = Ask::ContainActor { principal: String::new(), id: None };
    let asks = [key.word(), users.word(), actor.word()];
    assert_eq!(asked["Pattern"]["detail"], json!({"asks": asks, "unclaimed": [false]}));
}

#[test]
fn the_standing_watch_waits_for_every_call_that_gives_something_back() {
    let undone = &event_rules(&template(), "Quarantine")["Undone"];
    let pattern: Value = serde_json::from_str(undone["Pattern"]["Fn::Sub"].as_str().unwrap()).unwrap();
    assert_eq!(pattern["detail"]["eventName"], json!(WATCHED));
    assert_eq!(pattern["source"], json!(["aws.iam"]));
}

#[test]
fn records_are_looked_at_by_quarantine_one_at_a_time_and_each_look_ends_before_its_message_comes_back() {
    let template = template();
    let due = &template["Resources"]["Quarantine"]["Properties"]["Events"]["Due"];
    assert_eq!(due["Properties"], json!({"Queue": arn("QuarantineRecords"), "BatchSize": 1}));
    let queue = &template["Resources"]["QuarantineRecords"]["Properties"];
    let timeout = functions(&template)["Quarantine"]["Timeout"].as_i64().unwrap();
    assert!(queue["VisibilityTimeout"].as_i64().unwrap() > timeout);
    assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"], arn("FailedEvents"));
}

#[test]
fn a_function_is_named_as_its_folder() {
    let template = template();
    let functions = functions(&template);
    let names: BTreeSet<&str> =
        Watcher::ALL.into_iter().map(Watcher::name).chain(["quarantine", "quarantine-approval", "digest"]).collect();
    assert_eq!(functions.keys().cloned().collect::<BTreeSet<_>>(), names.iter().map(|name| pascal(name)).collect());
    for name in names {
        let function = &functions[&pascal(name)];
        assert_eq!(function["CodeUri"], json!(format!("functions/{name}")));
        assert_eq!(function["FunctionName"], json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")}));
        assert!(root().join("functions").join(name).join("Cargo.toml").is_file(), "functions/{name} is no crate");
    }
}

/// What only the functions that act are told.
const OF_QUARANTINE: [&str; 4] =
    ["IAMWATCH_DENY_POLICY", "IAMWATCH_RECORDS_QUEUE", "IAMWATCH_RESTORE_ROLE", "IAMWATCH_SESSIONS_ROLE"];

#[test]
fn every_function_is_told_exactly_what_the_configuration_reads() {
    let asked = RefCell::new(BTreeSet::new());
    let _ = Config::from_env(|variable| {
        asked.borrow_mut().insert(variable.to_owned());
        None
    });
    for (name, function) in functions(&template()) {
        let mut told = keys(&function["Environment"]["Variables"]);
        if !name.starts_with("Quarantine") {
            told.extend(OF_QUARANTINE.map(str::to_owned));
        }
        assert_eq!(told, *asked.borrow(), "{name}");
    }
}

#[test]
fn what_a_function_is_told_fits_into_its_environment() {
    let template = template();
    let parameters = &template["Parameters"];
    let length = |name: &str| {
        let parameter = &parameters[name];
        let longest = || list(&parameter["AllowedValues"]).iter().map(|value| value.to_string().len()).max();
        let stated = parameter["MaxLength"].as_u64().map(|most| usize::try_from(most).unwrap());
        stated.or_else(longest).unwrap_or_else(|| panic!("{name} may be of any length"))
    };
    // A stack's name has up to 128 characters: one that is as long leaves less for the rest.
    let stack = 40;
    for (function, properties) in functions(&template) {
        let variables = properties["Environment"]["Variables"].as_object().unwrap();
        let value = |value: &Value| match value["Ref"].as_str().or(value.as_str()) {
            Some("") => 0,
            Some("AWS::StackName") => stack,
            Some(name) if parameters.get(name).is_some() => length(name),
            // A resource: an ARN, or the stack's name with more.
            Some(_) => stack + 80,
            None if value.get("Fn::If").is_some() => stack + 80,
            None => length("QuarantineExemptUsers") + length("QuarantineExemptPaths") + 1,
        };
        let all: usize = variables.iter().map(|(name, said)| name.len() + value(said)).sum();
        assert!(all < 4_096, "{function} is told up to {all} characters; Lambda takes 4 KB");
    }
}

#[test]
fn a_function_is_stopped_before_its_claim_ends() {
    for (name, function) in functions(&template()) {
        let timeout = function["Timeout"].as_i64().unwrap();
        assert!(timeout < LEASE.as_secs(), "{name} may run {timeout} s, a claim holds {} s", LEASE.as_secs());
    }
}

#[test]
fn every_rule_has_dead_letters_that_arrive() {
    let template = template();
    let mut rules = BTreeSet::new();
    for (function, properties) in functions(&template) {
        let events = properties["Events"].as_object().into_iter().flatten();
        // A queue keeps what fails by itself.
        for (name, event) in events.filter(|(_, event)| event["Type"] != "SQS") {
            assert_eq!(event["Properties"]["DeadLetterConfig"]["Arn"], arn("RuleDeadLetters"), "{function} {name}");
            rules.insert(arn(&format!("{function}{name}")).to_string());
        }
    }
    for (name, rule) in queued_rules(&template) {
        let targets = list(&rule["Targets"]);
        assert!(targets.iter().all(|to| to["DeadLetterConfig"]["Arn"] == arn("RuleDeadLetters")), "{name}");
        rules.insert(queued_arn(name).to_string());
    }
    let policy = &template["Resources"]["RuleDeadLettersPolicy"]["Properties"];
    assert_eq!(policy["Queues"], json!([{"Ref": "RuleDeadLetters"}]));
    let sender = statements(policy).into_iter().find(|statement| statement["Effect"] == "Allow").unwrap();
    assert_eq!(sender["Principal"], json!({"Service": "events.amazonaws.com"}));
    let let_in = list(&sender["Condition"]["ArnEquals"]["aws:SourceArn"]);
    assert_eq!(let_in.into_iter().map(Value::to_string).collect::<BTreeSet<_>>(), rules);
}

#[test]
fn denied_calls_wait_in_a_queue_that_only_their_rules_fill_and_come_back_one_by_one() {
    let template = template();
    let function = pascal(QUEUED.name());
    let queue = &template["Resources"]["DeniedCalls"]["Properties"];
    for (name, rule) in queued_rules(&template) {
        let targets = list(&rule["Targets"]);
        assert_eq!(targets.iter().map(|to| &to["Arn"]).collect::<Vec<_>>(), [&arn("DeniedCalls")], "{name}");
    }
    let policy = &template["Resources"]["DeniedCallsPolicy"]["Properties"];
    assert_eq!(policy["Queues"], json!([{"Ref": "DeniedCalls"}]));
    let allowed: Vec<Value> = statements(policy).into_iter().filter(|one| one["Effect"] == "Allow").collect();
    let [sender] = allowed.as_slice() else { panic!("somebody else may send too: {allowed:?}") };
    assert_eq!(sender["Principal"], json!({"Service": "events.amazonaws.com"}));
    assert_eq!(sender["Action"], "sqs:SendMessage");
    let let_in = list(&sender["Condition"]["ArnEquals"]["aws:SourceArn"]).into_iter().cloned();
    let rules = QUEUED.rules().into_iter().map(|rule| rule.name).chain([HONEY, OWN_ROLES].map(str::to_owned));
    assert_eq!(let_in.collect::<Vec<_>>(), rules.map(|rule| queued_arn(&rule)).collect::<Vec<_>>());

    let batches = &template["Resources"][&function]["Properties"]["Events"]["Batches"];
    assert_eq!(batches["Type"], "SQS");
    let batches = &batches["Properties"];
    assert_eq!(batches["Queue"], arn("DeniedCalls"));
    assert_eq!(batches["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert!(batches["ScalingConfig"]["MaximumConcurrency"].as_i64().is_some_and(|many| many <= 10));
    let window = batches["MaximumBatchingWindowInSeconds"].as_i64().unwrap();
    assert_eq!(window, flow::WAITING.as_secs(), "replay waits as long");
    assert_eq!(batches["BatchSize"], flow::MOST_TOGETHER);
    let timeout = functions(&template)[&function]["Timeout"].as_i64().unwrap();
    assert!(queue["VisibilityTimeout"].as_i64().unwrap() >= 6 * timeout + window, "as AWS advises");
    assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"], arn("FailedEvents"));
    assert!(queue["RedrivePolicy"]["maxReceiveCount"].as_i64().unwrap() >= 5);
    let kept = |queue: &str| template["Resources"][queue]["Properties"]["MessageRetentionPeriod"].as_i64().unwrap();
    assert!(kept("FailedEvents") > kept("DeniedCalls"), "a message that failed keeps the age that it had");
    for action in ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"] {
        assert!(
            granted(&template, &function).contains(&(action.to_owned(), arn("DeniedCalls").to_string())),
            "{action}"
        );
    }
}

#[test]
fn an_event_that_a_function_fails_on_is_kept() {
    let template = template();
    let kept = json!({"Type": "SQS", "Destination": arn("FailedEvents")});
    for (name, function) in functions(&template) {
        let invoke = &function["EventInvokeConfig"];
        assert_eq!(invoke["DestinationConfig"]["OnFailure"], kept, "{name}");
        // The next minute's digest is its own retry.
        assert_eq!(invoke["MaximumRetryAttempts"], if name == "Digest" { 0 } else { 2 }, "{name}");
        // Lambda sends with the function's role.
        let send = ("sqs:SendMessage".to_owned(), arn("FailedEvents").to_string());
        assert!(granted(&template, &name).contains(&send), "{name}");
    }
}

#[test]
fn every_function_logs_to_a_group_that_forgets() {
    let template = template();
    for (name, function) in functions(&template) {
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().expect("a log group of the template");
        assert_eq!(template["Resources"][group]["Type"], "AWS::Logs::LogGroup", "{name}");
        assert_eq!(template["Resources"][group]["Properties"]["RetentionInDays"], json!({"Ref": "LogRetentionDays"}));
        let granted = granted(&template, &name).into_iter().filter(|(action, _)| action.starts_with("logs:"));
        let needed = ["logs:CreateLogStream", "logs:PutLogEvents"].map(|a| (a.to_owned(), arn(group).to_string()));
        assert_eq!(granted.collect::<BTreeSet<_>>(), BTreeSet::from(needed), "{name}");
    }
}

#[test]
fn nothing_but_quarantine_writes_to_iam_and_quarantine_only_when_it_enforces() {
    let template = template();
    let mut writers = Vec::new();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        walk(resource, &mut Vec::new(), &mut |path, node| {
            // Any policy statement, wherever it stands.
            if node["Effect"] != "Allow" {
                return;
            }
            assert!(node.get("NotAction").is_none(), "{name} allows everything but a few actions");
            for action in list(&node["Action"]) {
                let action = action.as_str().expect("an action is written out");
                if writes_to_iam(action) {
                    let conditions: Vec<_> = path.iter().filter(|step| step.starts_with("if ")).cloned().collect();
                    writers.push(format!("{name}: {action} {}", conditions.join(" ")));
                }
            }
        });
    }
    assert_eq!(
        writers,
        [
            // People assume it; it exists only where they are named.
            "QuarantineRestoreRole: iam:UpdateAccessKey ",
            "QuarantineRestoreRole: iam:UpdateServiceSpecificCredential ",
            "QuarantineRestoreRole: iam:UpdateSigningCertificate ",
            "QuarantineRestoreRole: iam:UpdateSSHPublicKey ",
            "QuarantineRestoreRole: iam:DetachUserPolicy ",
            "QuarantineRestoreRole: iam:DeleteUserPermissionsBoundary ",
            "QuarantineRole: iam:UpdateAccessKey if QuarantineSwitchesKeysOff",
            "QuarantineRole: iam:AttachUserPolicy if QuarantineCutsUsersOff",
            "QuarantineRole: iam:PutUserPermissionsBoundary if QuarantineCutsUsersOff",
            "QuarantineRole: iam:UpdateServiceSpecificCredential if QuarantineCutsUsersOff",
            "QuarantineRole: iam:UpdateSigningCertificate if QuarantineCutsUsersOff",
            "QuarantineRole: iam:UpdateSSHPublicKey if QuarantineCutsUsersOff",
            // It exists only where that is asked for.
            "QuarantineSessionsRole: iam:PutRolePolicy ",
        ]
    );
    let is = |parameter: &str, mode: &str| json!({"Fn::Equals": [{"Ref": parameter}, mode]});
    let acts = |parameter: &str| ["approve", "enforce"].map(|mode| is(parameter, mode)).to_vec();
    let actors = is("QuarantineActorMode", "approve");
    let users = [acts("QuarantineLeakedMode"), vec![actors.clone()]].concat();
    let keys = [acts("QuarantineMode"), vec![json!({"Condition": "QuarantineCutsUsersOff"})]].concat();
    assert_eq!(template["Conditions"]["QuarantineCutsUsersOff"], json!({"Fn::Or": users}));
    assert_eq!(template["Conditions"]["QuarantineSwitchesKeysOff"], json!({"Fn::Or": keys}));
    for parameter in ["QuarantineMode", "QuarantineLeakedMode"] {
        assert_eq!(template["Parameters"][parameter]["Default"], "dry-run");
    }
    assert_eq!(template["Resources"]["QuarantineRestoreRole"]["Condition"], "HasRestorers");
    assert_eq!(template["Resources"]["QuarantineSessionsRole"]["Condition"], "QuarantineEndsSessions");
    let sessions = json!({"Fn::And": [actors, is("QuarantineRoleSessions", "true")]});
    assert_eq!(template["Conditions"]["QuarantineEndsSessions"], sessions);
    for (parameter, default) in [("QuarantineActorMode", "off"), ("QuarantineRoleSessions", "false")] {
        assert_eq!(template["Parameters"][parameter]["Default"], default);
    }
}

#[test]
fn policies_and_boundaries_are_those_of_the_stack_or_none() {
    let template = template();
    let ours = json!({"Ref": "DenyEverything"});
    let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
    for statement in statements(&template["Resources"]) {
        for action in list(&statement["Action"]).into_iter().filter_map(Value::as_str) {
            let key = match action {
                "iam:AttachUserPolicy" | "iam:DetachUserPolicy" => "iam:PolicyARN",
                "iam:PutUserPermissionsBoundary" | "iam:DeleteUserPermissionsBoundary" => "iam:PermissionsBoundary",
                _ => continue,
            };
            let (operators, seen) = match statement["Effect"].as_str() {
                Some("Allow") => (["ArnEquals", "StringEquals"], &mut allowed),
                _ => (["ArnNotEquals", "StringNotEquals"], &mut denied),
            };
            let condition = &statement["Condition"];
            assert!(operators.iter().any(|operator| condition[*operator][key] == ours), "{action}: {condition}");
            seen.insert(action.to_owned());
        }
    }
    assert_eq!(allowed.len(), 4);
    assert_eq!(denied, ["iam:AttachUserPolicy", "iam:PutUserPermissionsBoundary"].map(str::to_owned).into());
    let deny = &template["Resources"]["DenyEverything"]["Properties"]["PolicyDocument"]["Statement"];
    assert_eq!(*deny, json!([{"Sid": "Everything", "Effect": "Deny", "Action": "*", "Resource": "*"}]));
    // Quarantine reads it again before it uses it, and trusts nothing else.
    let document = &template["Resources"]["DenyEverything"]["Properties"]["PolicyDocument"];
    assert_eq!(rewritten(&document.to_string()), None);
    let reads = granted(&template, "Quarantine");
    for read in ["iam:GetPolicy", "iam:GetPolicyVersion"] {
        assert!(reads.contains(&(read.to_owned(), ours.to_string())), "{read}");
    }
}

#[test]
fn the_readme_says_what_the_role_that_restores_can_do() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = |words: &str| assert!(readme.contains(words), "{words}");
    for one in statements(&template()["Resources"]["QuarantineRestoreRole"]["Properties"]["Policies"]) {
        match one["Sid"].as_str().unwrap() {
            "SwitchOnAgain" => {
                said("any access key, SSH key, signing certificate or service-specific credential of any user");
            }
            "TakeOurDenyOff" | "TakeOurBoundaryOff" => said("deny policy off any user, attached or as boundary"),
            "ReadTheTruth" | "FindWhoWasRenamed" => said("read users and their credentials"),
            "FindTheTable" => {}
            "ReadRecords" | "WriteRecords" | "NoteWhoIsFree" | "ResetTheBudget" => {
                said("read and write quarantine's records and budget");
            }
            new => panic!("{new} is not in the README"),
        }
    }
}

#[test]
fn who_restores_writes_the_rows_of_quarantine_with_their_attributes_and_no_others() {
    let role = &template()["Resources"]["QuarantineRestoreRole"];
    let mut given = Vec::new();
    for one in statements(role).iter().filter(|one| one["Resource"] == json!({"Fn::Sub": LEDGER})) {
        // A request that names none of them would pass.
        let condition = one["Condition"].as_object().unwrap();
        assert!(condition.keys().all(|operator| operator.starts_with("ForAllValues:String")), "{one}");
        let asked = |key: &str| condition.values().find_map(|keys| keys.get(key)).map(ToString::to_string);
        given.push((
            one["Action"].as_str().unwrap().to_owned(),
            asked("dynamodb:LeadingKeys"),
            asked("dynamodb:Attributes"),
        ));
    }
    let expected = [
        ("dynamodb:GetItem", r#"["budget#users","open#*","record#q-*"]"#, None),
        ("dynamodb:PutItem", r#""record#q-*""#, Some(r#"["pk","record","state","rev","at","expires"]"#)),
        ("dynamodb:UpdateItem", r#""open#*""#, Some(r#"["pk","records","expires"]"#)),
        ("dynamodb:PutItem", r#""budget#users""#, Some(r#"["pk","budget","version"]"#)),
    ];
    let owned = |text: &str| text.to_owned();
    assert_eq!(
        given,
        expected.map(|(action, keys, attributes)| (owned(action), Some(owned(keys)), attributes.map(owned)))
    );
}

#[test]
fn the_service_control_policy_lets_nobody_take_the_deny_off_or_put_another_boundary_in_its_place() {
    let policy: Value = serde_json::from_str(include_str!("../../docs/quarantine-scp.json")).unwrap();
    let given = statements(&policy);
    for action in ["iam:DetachUserPolicy", "iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"] {
        let kept = given.iter().find(|one| one["Action"] == action).unwrap_or_else(|| panic!("{action}"));
        assert_eq!((&kept["Effect"], &kept["Resource"]), (&json!("Deny"), &json!("*")));
        assert!(kept["Condition"]["ArnNotEquals"]["aws:PrincipalArn"].to_string().contains("REPLACE-WITH-"));
    }
    // Whatever boundary is put: of the one that is there IAM tells no condition.
    let put = given.iter().find(|one| one["Action"] == "iam:PutUserPermissionsBoundary").unwrap();
    assert_eq!(put["Condition"].as_object().unwrap().len(), 1);
    // The role that restores is let through: nobody else may become it, or give its rights away.
    let template = template();
    let restorer = given.iter().find(|one| one["Resource"] == "arn:aws:iam::*:role/iamwatch-Quarantine*").unwrap();
    assert_eq!(restorer["Action"], json!(["iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"]));
    assert_eq!(template["Resources"]["QuarantineRestoreRole"]["Type"], "AWS::IAM::Role");
}

#[test]
fn what_quarantine_must_never_do_is_denied_in_its_role() {
    let never = statements(&template()["Resources"]["QuarantineRole"]);
    let under = |sid: &str| never.iter().find(|one| one["Effect"] == "Deny" && one["Sid"] == sid).cloned().unwrap();
    let denied = under("NothingIsMadeOrDeletedOrGiven");
    let denied: Vec<&str> = list(&denied["Action"]).into_iter().filter_map(Value::as_str).collect();
    for action in ["iam:Create*", "iam:Delete*", "iam:PassRole", "iam:PutUserPolicy", "iam:Detach*"] {
        assert!(denied.contains(&action), "{action}");
    }
    let others = under("NothingButUsers");
    let ours = json!({"Ref": "DenyEverything"});
    let users = json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/*"});
    assert_eq!(others["NotResource"], json!([users, ours]));
    let deny = under("NothingOfOurDenyButReading");
    assert_eq!((&deny["NotAction"], &deny["Resource"]), (&json!(["iam:GetPolicy", "iam:GetPolicyVersion"]), &ours));
    for sid in ["NoExemptUser", "NoExemptPath"] {
        assert_eq!(under(sid)["NotAction"], json!(["iam:Get*", "iam:List*"]));
    }
}

#[test]
fn who_may_approve_may_not_write_another_name_by_invoking_the_function_directly() {
    let template = template();
    let policy = &template["Resources"]["QuarantineApprovers"];
    assert_eq!(policy["Type"], "AWS::IAM::ManagedPolicy");
    let given = statements(policy);
    let actions: Vec<&str> = given.iter().map(|one| one["Action"].as_str().unwrap()).collect();
    let calls = ["lambda:GetFunctionUrlConfig", "lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];
    assert_eq!(actions, [&calls[..], &["dynamodb:ListTables", "dynamodb:GetItem"]].concat());
    for statement in &given[..3] {
        assert_eq!(statement["Resource"], arn("QuarantineApproval"));
    }
    assert_eq!(given[4]["Resource"], arn("Ledger"));
    assert_eq!(given[4]["Condition"], json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "record#q-*"}}));
    assert_eq!(given[2]["Condition"], json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}));
    assert_eq!(template["Outputs"]["ApproversPolicyArn"]["Value"], json!({"Ref": "QuarantineApprovers"}));
    // Nowhere in this stack is anybody else let in.
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let direct = |one: &Value| list(&one["Action"]).contains(&&json!("lambda:InvokeFunction"));
        let open = statements(resource).into_iter().filter(direct).any(|one| one["Condition"] != given[2]["Condition"]);
        assert!(!open, "{name}");
    }
}

#[test]
fn the_watchers_that_calls_start_may_read_who_holds_which_rights() {
    let template = template();
    let reads = |name: &str| granted(&template, name).iter().any(|(action, _)| action == "iam:GetRolePolicy");
    for watcher in Watcher::ALL {
        let name = pascal(watcher.name());
        assert_eq!(reads(&name), watcher.rules().iter().any(|rule| !calls(rule).is_empty()), "{name}");
    }
    assert!(!reads("Quarantine") && !reads("Digest"));
}

#[test]
fn an_action_counts_as_writing_to_iam_however_it_is_spelt() {
    for action in
        ["iam:UpdateAccessKey", "IAM:passrole", "iam:*", "*", "i*:CreateUser", "iam:G*", "iam:SetDefaultPolicyVersion"]
    {
        assert!(writes_to_iam(action), "{action}");
    }
    for action in ["iam:GetUser", "iam:ListAccessKeys", "sns:Publish", "dynamodb:UpdateItem"] {
        assert!(!writes_to_iam(action), "{action}");
    }
}

#[test]
fn watchers_read_the_exceptions_of_their_stack_and_nobody_here_writes_them() {
    let template = template();
    let path = format!(
        "arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{}",
        exceptions::path("${AWS::StackName}")
    );
    let read = ("ssm:GetParametersByPath".to_owned(), json!({"Fn::Sub": path}).to_string());
    let watchers: BTreeSet<String> = Watcher::ALL.into_iter().map(|watcher| pascal(watcher.name())).collect();
    for function in functions(&template).into_keys() {
        let granted = granted(&template, &function).into_iter().filter(|(action, _)| action.starts_with("ssm:"));
        let needed = watchers.contains(&function).then_some(read.clone());
        assert_eq!(granted.collect::<Vec<_>>(), Vec::from_iter(needed), "{function}");
    }
}

#[test]
fn conditions_ask_for_keys_that_exist() {
    // `ForAllValues` holds for a key that nobody sends, and so for a misspelt one.
    let known = [
        "aws:PrincipalArn",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "dynamodb:Attributes",
        "dynamodb:LeadingKeys",
        "events:detail-type",
        "events:source",
        "iam:PermissionsBoundary",
        "iam:PolicyARN",
        "lambda:FunctionUrlAuthType",
        "lambda:InvokedViaFunctionUrl",
    ];
    for statement in statements(&template()["Resources"]) {
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for key in keys.as_object().into_iter().flatten().map(|(key, _)| key) {
                assert!(known.contains(&key.as_str()), "`{key}` in {operator} is new here: look it up, then add it");
            }
        }
    }
}

#[test]
fn roles_are_written_out_action_by_action() {
    let template = template();
    let roles: BTreeSet<String> = functions(&template)
        .keys()
        .map(|name| format!("{name}Role"))
        .chain(["QuarantineRestoreRole", "QuarantineSessionsRole"].map(str::to_owned))
        .collect();
    for (name, function) in functions(&template) {
        assert_eq!(function["Role"], arn(&format!("{name}Role")));
        assert!(function.get("Policies").is_none(), "{name} has policies beside its role");
    }
    assert_eq!(of_type(&template, "AWS::IAM::Role").map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>(), roles);
    for (name, _) in functions(&template) {
        for policy in attached(&template, &name) {
            assert_eq!(template["Resources"][policy]["Type"], "AWS::IAM::ManagedPolicy", "{name}");
        }
        for (action, resource) in granted(&template, &name) {
            assert!(!action.contains('*'), "{name} may {action}");
            assert_ne!(resource, "\"*\"", "{name} may {action} on everything");
        }
    }
}

#[test]
fn the_topic_lets_those_publish_who_may_and_nobody_else() {
    let template = template();
    let publishers: BTreeSet<String> = functions(&template)
        .into_keys()
        .filter(|name| granted(&template, name).iter().any(|(action, _)| action == "sns:Publish"))
        .map(|name| arn(&format!("{name}Role")).to_string())
        .collect();
    let policy = statements(&template["Resources"]["AlertsPolicy"]["Properties"]);
    assert!(policy.iter().all(|statement| statement["Effect"] == "Deny"));
    let others = policy.iter().find(|statement| statement["Sid"] == "OnlyThisStackPublishes").unwrap();
    let but = list(&others["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]);
    assert_eq!(but.into_iter().map(Value::to_string).collect::<BTreeSet<_>>(), publishers);
}

#[test]
fn the_bus_takes_findings_from_the_watchers_and_from_nobody_else() {
    let template = template();
    let put = |name: &String| granted(&template, name).iter().any(|(action, _)| action == "events:PutEvents");
    let watchers: BTreeSet<String> = functions(&template).into_keys().filter(put).collect();
    assert_eq!(watchers, Watcher::ALL.into_iter().map(|watcher| pascal(watcher.name())).collect());
    let policy = &template["Resources"]["FindingsPolicy"];
    assert_eq!(policy["Type"], "AWS::Events::EventBusPolicy");
    assert_eq!(policy["Properties"]["EventBusName"], json!({"Ref": "Findings"}));
    let others = &policy["Properties"]["Statement"];
    let said = [&others["Effect"], &others["Principal"], &others["Action"], &others["Resource"]];
    assert_eq!(said, [&json!("Deny"), &json!("*"), &json!("events:PutEvents"), &arn("Findings")]);
    // A negated condition holds where the key is missing: a service that comes without a role is refused, too.
    assert_eq!(keys(&others["Condition"]), ["ArnNotEquals".to_owned()].into());
    let but = list(&others["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]);
    let roles = watchers.iter().map(|name| arn(&format!("{name}Role")).to_string()).collect::<BTreeSet<_>>();
    assert_eq!(but.into_iter().map(Value::to_string).collect::<BTreeSet<_>>(), roles);
}

/// The table as the roles' policies name it: the table's own policy names the roles.
const LEDGER: &str = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-Ledger-*";

#[test]
fn the_table_is_written_by_the_roles_that_may_by_those_who_restore_and_by_root_alone() {
    let template = template();
    let mut writers = BTreeSet::new();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        for one in statements(resource).into_iter().filter(|one| one["Effect"] == "Allow") {
            let mut calls =
                list(&one["Action"]).into_iter().filter_map(|action| action.as_str()?.strip_prefix("dynamodb:"));
            if calls.any(|call| !["GetItem", "ListTables", "Query"].contains(&call)) {
                assert!(one["Resource"] == json!({"Fn::Sub": LEDGER}), "{name}: {}", one["Resource"]);
                writers.insert(name.clone());
            }
        }
    }
    assert!(writers.remove("WatcherPolicy"));
    let watchers = Watcher::ALL.into_iter().map(|watcher| format!("{}Role", pascal(watcher.name())));
    let mut may: BTreeSet<String> = writers.into_iter().chain(watchers).map(|role| arn(&role).to_string()).collect();
    may.insert(json!({"Ref": "QuarantineRestorers"}).to_string());
    may.insert(json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}).to_string());

    let policy = &template["Resources"]["Ledger"]["Properties"]["ResourcePolicy"]["Fn::If"];
    assert_eq!(policy[0], "HasRestorers");
    let [deny] = <[Value; 1]>::try_from(statements(&policy[1])).unwrap();
    assert_eq!((&deny["Effect"], &deny["Principal"], &deny["Resource"]), (&json!("Deny"), &json!("*"), &json!("*")));
    let written =
        ["BatchWriteItem", "DeleteItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate", "PutItem", "UpdateItem"];
    assert_eq!(deny["Action"], json!(written.map(|call| format!("dynamodb:{call}"))));
    // Reading stays free, and a negated condition holds where the key is missing.
    assert_eq!(keys(&deny["Condition"]), ["ArnNotEquals".to_owned()].into());
    let but = &deny["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]["Fn::Split"][1]["Fn::Join"][1];
    assert_eq!(list(but).into_iter().map(Value::to_string).collect::<BTreeSet<_>>(), may);

    // Where it may act, somebody is named, so that the policy is there and nobody is locked out.
    let rule = &template["Rules"]["ActingNeedsSomebodyWhoTakesItBack"];
    let acts = |mode: &str| json!({"Fn::Contains": [["approve", "enforce"], {"Ref": mode}]});
    let actor = json!({"Fn::Equals": [{"Ref": "QuarantineActorMode"}, "approve"]});
    let when = json!({"Fn::Or": [acts("QuarantineMode"), acts("QuarantineLeakedMode"), actor]});
    assert_eq!(rule["RuleCondition"], when);
    assert_eq!(
        rule["Assertions"][0]["Assert"],
        json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "QuarantineRestorers"}, ""]}]})
    );
}

#[test]
fn what_must_hold_of_quarantine_is_held_by_tests_that_exist() {
    let map = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, table) = map.split_once("### What must hold").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let folders = ["shared/tests", "shared/tests/quarantine", "shared/src/quarantine", "local-aws/tests"];
    let files =
        folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap()).map(|file| file.unwrap().path());
    let code: String = files.filter(|file| file.is_file()).map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut tests = 0;
    for name in
        table.lines().filter_map(|row| row.split('|').nth(2)).flat_map(|tests| tests.split('`').skip(1).step_by(2))
    {
        let there = [format!("fn {name}("), format!("def {name}(")].iter().any(|test| code.contains(test));
        assert!(there, "docs/architecture.md names the test `{name}`, which is not there");
        tests += 1;
    }
    assert!(tests > 40, "the table is read");
}

#[test]
fn what_waits_for_quarantine_is_taken_away_by_quarantine_alone() {
    let template = template();
    let policy = &template["Resources"]["QuarantineRecordsPolicy"]["Properties"];
    assert_eq!(policy["Queues"], json!([{"Ref": "QuarantineRecords"}]));
    let others = statements(policy).into_iter().find(|one| one["Sid"] == "OnlyQuarantineTakesMessagesAway").unwrap();
    assert_eq!((&others["Effect"], &others["Principal"]), (&json!("Deny"), &json!("*")));
    let takes = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage"];
    assert_eq!(others["Action"], json!(takes));
    assert_eq!(others["Condition"], json!({"ArnNotEquals": {"aws:PrincipalArn": arn("QuarantineRole")}}));
}

#[test]
fn the_table_has_the_keys_that_the_ledger_uses() {
    let template = template();
    let table = &template["Resources"]["Ledger"]["Properties"];
    assert_eq!(table["KeySchema"], json!([{"AttributeName": "pk", "KeyType": "HASH"}]));
    let indexes = json!([{
        "IndexName": "due",
        "KeySchema": [
            {"AttributeName": "due_bucket", "KeyType": "HASH"},
            {"AttributeName": "due_at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }]);
    assert_eq!(table["GlobalSecondaryIndexes"], indexes);
    let types: BTreeMap<_, _> = list(&table["AttributeDefinitions"])
        .into_iter()
        .map(|one| (one["AttributeName"].as_str().unwrap(), one["AttributeType"].as_str().unwrap()))
        .collect();
    assert_eq!(types, BTreeMap::from([("due_at", "N"), ("due_bucket", "S"), ("pk", "S")]));
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires", "Enabled": true}));
}

#[test]
fn alarms_watch_every_function_and_every_queue() {
    let template = template();
    let mut watched = BTreeSet::new();
    for (name, alarm) in of_type(&template, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        assert_eq!(alarm["AlarmActions"], json!([{"Ref": "Operations"}]), "{name}");
        assert!(
            alarm["AlarmDescription"].as_str().is_some_and(|text| text.len() > 60),
            "{name} does not say what to do"
        );
        watched.insert((alarm["MetricName"].to_string(), alarm["Dimensions"][0]["Value"].to_string()));
    }
    for function in functions(&template).keys() {
        for metric in ["Errors", "Throttles"] {
            let one = (json!(metric).to_string(), json!({"Ref": function}).to_string());
            assert!(watched.contains(&one), "no alarm on {metric} of {function}");
        }
    }
    for (queue, _) in of_type(&template, "AWS::SQS::Queue") {
        // In a queue that is worked on there is always something; what counts is how long it waits.
        let metric =
            if queue == "DeniedCalls" { "ApproximateAgeOfOldestMessage" } else { "ApproximateNumberOfMessagesVisible" };
        let one = (json!(metric).to_string(), json!({"Fn::GetAtt": [queue, "QueueName"]}).to_string());
        assert!(watched.contains(&one), "no alarm on {queue}");
    }
}

#[test]
fn every_parameter_says_why_one_would_change_it_and_what_it_takes() {
    let template = template();
    let interface = &template["Metadata"]["AWS::CloudFormation::Interface"];
    let groups = list(&interface["ParameterGroups"]);
    let grouped: Vec<_> = groups.iter().flat_map(|group| list(&group["Parameters"])).collect();
    let parameters = template["Parameters"].as_object().unwrap();
    assert_eq!(grouped.len(), parameters.len());
    assert_eq!(keys(&interface["ParameterLabels"]), keys(&template["Parameters"]));
    for (name, parameter) in parameters {
        assert!(grouped.contains(&&json!(name)), "{name} stands in no group");
        assert!(parameter["Description"].as_str().is_some_and(|text| text.len() > 60), "{name}");
        assert!(parameter.get("Default").is_some(), "{name} has no default");
        let bounds = parameter.get("AllowedValues").or_else(|| parameter.get("AllowedPattern"));
        assert!(bounds.is_some() && parameter.get("ConstraintDescription").is_some(), "{name} takes anything");
    }
}

/// The event names that a rule waits for; none if it takes every call.
fn calls(rule: &Rule) -> Vec<String> {
    let pattern = rule.pattern();
    let detail = &pattern["detail"];
    // AWS Health names its events by a code.
    let names = list(&detail["eventName"]).into_iter().chain(list(&detail["eventTypeCode"]));
    names.filter_map(|name| name.as_str().or_else(|| name["prefix"].as_str())).map(str::to_owned).collect()
}

/// Whether a rule takes every call of every service, reading ones too.
fn takes_everything(watcher: Watcher, rule: &Rule) -> bool {
    matches!(
        (watcher, rule.name.as_str()),
        (Watcher::RootUsage, "ByRoot") | (Watcher::AccessDenied, _) | (Watcher::Guardrails, "ThroughEndpoints")
    )
}

/// What is written for the state of a rule: where it waits for calls that only read, the owner of the account says.
fn state(rule: &Rule) -> &'static str {
    match rule.reads() {
        false if is_of_compute(rule) => "!Ref WorkloadState",
        false if is_of_users(rule) => "!If [SeesReading, ENABLED, DISABLED]",
        false => "ENABLED",
        true if is_busy(rule) => "!Ref ReadingState",
        true => "!Ref RuleState",
    }
}

/// Whether people and programs make its calls all day.
fn is_busy(rule: &Rule) -> bool {
    rule.name.starts_with("ReadsByPeople") || rule.name.starts_with("ReadsByUsers")
}

/// Whether what its calls mean shows only after others that read: without those it is not worth its price.
fn is_of_users(rule: &Rule) -> bool {
    rule.name.starts_with("ByUsers")
}

/// Whether services make its calls all day.
fn is_of_compute(rule: &Rule) -> bool {
    rule.name.starts_with("ByCompute")
}

// The rules as they stand in the template.

/// The template's text with a watcher's rules in place.
fn with_events(text: &str, watcher: Watcher) -> Option<String> {
    let function = pascal(watcher.name());
    if watcher == QUEUED {
        return watcher.rules().iter().try_fold(text.to_owned(), |text, rule| {
            let resource = format!("  {function}{}:", rule.name);
            replaced(
                &text,
                &["Resources:", &resource, "      EventPattern: !Sub"],
                &of_accounts(rule, INDENT_OF_A_RESOURCE),
            )
        });
    }
    let events: String = watcher.rules().iter().map(event).collect();
    replaced(text, &["Resources:", &format!("  {function}:"), "      Events:"], &events)
}

/// The template's text with every rule among those that may put their dead letters into the queue.
fn with_dead_letters(text: &str) -> Option<String> {
    let own = |watcher: Watcher| {
        let rules = watcher.rules().into_iter();
        rules.map(move |rule| format!("{}{}", pascal(watcher.name()), rule.name))
    };
    let others =
        ["AccessDeniedOwnRoles", "QuarantineAsked", "QuarantineUndone", "DigestEveryMinute"].map(str::to_owned);
    let mut list = "                  - !If [HasHoney, !GetAtt AccessDeniedHoney.Arn, !Ref AWS::NoValue]\n".to_owned();
    for rule in Watcher::ALL.into_iter().flat_map(own).chain(others) {
        writeln!(list, "                  - !GetAtt {rule}.Arn").ok()?;
    }
    let place =
        ["Resources:", "  RuleDeadLettersPolicy:", "              ArnEquals:", "                aws:SourceArn:"];
    replaced(text, &place, &list)
}

fn all_rules() -> impl Iterator<Item = (Watcher, Rule)> {
    Watcher::ALL.into_iter().flat_map(|watcher| watcher.rules().into_iter().map(move |rule| (watcher, rule)))
}

/// Whether its events happen in one region only, where the stack of their account is.
fn is_of_iam(rule: &Rule) -> bool {
    rule.pattern()["source"] == json!(["aws.iam"])
}

/// The forwarder's text with every rule in place.
fn with_forwarded(text: &str) -> Option<String> {
    let marker = format!("  # `{UPDATE}`.\n");
    let (head, _) = text.split_once(&marker)?;
    let if_there = |condition: &str, name: &str| format!("!If [{condition}, !GetAtt {name}.Arn, !Ref AWS::NoValue]");
    let mut list = format!("                  - {}\n", if_there(HONEY_CONDITION, &format!("AccessDenied{HONEY}")));
    for (watcher, rule) in all_rules() {
        let name = format!("{}{}", pascal(watcher.name()), rule.name);
        let arn = if is_of_iam(&rule) { if_there(OF_OTHERS, &name) } else { format!("!GetAtt {name}.Arn") };
        writeln!(list, "                  - {arn}").ok()?;
    }
    let place = ["Resources:", "  NotHandedOnPolicy:", "              ArnEquals:", "                aws:SourceArn:"];
    let mut new = replaced(head, &place, &list)? + &marker;
    for (watcher, rule) in all_rules() {
        let name = format!("{}{}", pascal(watcher.name()), rule.name);
        let condition = if is_of_iam(&rule) { format!("    Condition: {OF_OTHERS}\n") } else { String::new() };
        write!(
            new,
            "\n  {name}:\n    Type: AWS::Events::Rule\n{condition}    Properties:\n      State: {}\n{}      \
             EventPattern: !Sub >-\n{}",
            state(&rule),
            handed_on(Some(&rule)),
            block(&rule, INDENT_OF_A_RESOURCE)
        )
        .ok()?;
    }
    let honey = honey_pattern(&["${Honey}"]);
    let lines = lines(&honey, 10);
    write!(
        new,
        "\n  AccessDenied{HONEY}:\n    Type: AWS::Events::Rule\n    Condition: {HONEY_CONDITION}\n    Properties:\n      \
         State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS\n{}      EventPattern: !Sub\n        - >-\n{lines}        \
         - Honey: !Join ['\",\"', !Split [',', !Ref HoneyPrincipals]]\n",
        handed_on(None),
    )
    .ok()?;
    Some(new)
}

/// To whom a rule of the forwarder hands on.
fn handed_on(rule: Option<&Rule>) -> String {
    let other = "!Ref CentralAccount";
    let account = match rule {
        Some(rule) if is_of_iam(rule) => other.to_owned(),
        _ => format!("!If [IsHome, !Ref AWS::AccountId, {other}]"),
    };
    format!(
        "      Targets:
        - Id: Iamwatch
          Arn: !Sub
            - arn:${{AWS::Partition}}:events:${{Region}}:${{Account}}:event-bus/default
            - Region: !FindInMap [Iamwatch, !Ref AWS::Partition, Region]
              Account: {account}
          RoleArn: !GetAtt Hand.Arn
          DeadLetterConfig: {{Arn: !GetAtt NotHandedOn.Arn}}
"
    )
}

/// The text with all lines under a key replaced. Keys are given from the outermost, as whole lines.
fn replaced(text: &str, keys: &[&str], with: &str) -> Option<String> {
    let mut lines = text.lines().peekable();
    let mut new = String::new();
    let mut holder = None;
    for key in keys {
        loop {
            let line = lines.next()?;
            writeln!(new, "{line}").ok()?;
            if line == *key {
                break;
            }
            if !line.is_empty() && holder.is_some_and(|holder| indent(line) <= holder) {
                return None;
            }
        }
        holder = Some(indent(key));
    }
    new.push_str(with);
    let within = |line: &&str| !line.is_empty() && holder.is_some_and(|holder| indent(line) > holder);
    lines.skip_while(within).try_for_each(|line| writeln!(new, "{line}")).ok()?;
    Some(new)
}

/// A rule as an event of its function.
fn event(rule: &Rule) -> String {
    format!(
        "        {}:
          Type: EventBridgeRule
          Properties:
            State: {}
            DeadLetterConfig: {{Arn: !GetAtt RuleDeadLetters.Arn}}
            Pattern: !Sub\n{}",
        rule.name,
        state(rule),
        of_accounts(rule, INDENT)
    )
}

/// A rule's pattern for the stack, with the numbers of all accounts whose events it looks at.
fn of_accounts(rule: &Rule, indent: usize) -> String {
    let lines = block(rule, indent + 2).replace("${AWS::AccountId}", "${Accounts}");
    let indent = " ".repeat(indent);
    format!("{indent}- >-\n{lines}{indent}- Accounts: {ACCOUNTS}\n")
}

/// The stack's account and those of `MemberAccounts`, as they stand in a pattern.
const ACCOUNTS: &str = "!If [HasMembers, !Join ['\",\"', [!Ref AWS::AccountId, \
                        !Join ['\",\"', !Split [',', !Ref MemberAccounts]]]], !Ref AWS::AccountId]";

/// A rule's pattern as the lines of a folded scalar: one or more for each key, wrapped between values.
fn block(rule: &Rule, indent: usize) -> String {
    lines(&rule.pattern(), indent)
}

fn lines(pattern: &Value, indent: usize) -> String {
    let entries = |map: &Value| -> Vec<String> {
        map.as_object().unwrap().iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect()
    };
    let mut pattern = pattern.clone();
    let detail = entries(&pattern["detail"].take()).join(",\n");
    let text = entries(&pattern).join(",\n").replace("\"detail\":null", &format!("\"detail\":{{{detail}}}"));

    let mut block = String::new();
    for line in format!("{{{text}}}").lines() {
        let mut room = 0;
        for value in values(line) {
            if value.len() > room {
                let newline = if block.is_empty() { "" } else { "\n" };
                write!(block, "{newline}{:indent$}", "").unwrap();
                room = WIDTH;
            }
            block.push_str(value);
            room = room.saturating_sub(value.len());
        }
    }
    block.push('\n');
    block
}

/// JSON cut behind each comma that is not inside a string. No name in a pattern needs an escape.
fn values(json: &str) -> Vec<&str> {
    let mut inside = false;
    json.split_inclusive(|c| {
        inside ^= c == '"';
        c == ',' && !inside
    })
    .collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

// The template as data.

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn path() -> PathBuf {
    root().join("template.yaml")
}

fn forwarder() -> PathBuf {
    root().join("forwarder.yaml")
}

fn text() -> String {
    fs::read_to_string(path()).expect("template.yaml is read")
}

/// The template with its short forms written out: `!Ref X` is `{"Ref": "X"}`. A key that stands twice fails.
fn template() -> Value {
    read(&text())
}

fn read(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).expect("a template is YAML");
    plain(documents.first().expect("a template is not empty"))
}

fn plain(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::Boolean(truth)) => json!(truth),
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        Yaml::Mapping(entries) => {
            let key = |key: &Yaml<'_>| key.as_str().expect("a key is text").to_owned();
            Value::Object(entries.iter().map(|(name, value)| (key(name), plain(value))).collect())
        }
        Yaml::Tagged(tag, value) => {
            let function = match tag.suffix.as_str() {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            let value = match plain(value) {
                Value::String(name) if function == "Fn::GetAtt" => name.splitn(2, '.').collect(),
                value => value,
            };
            json!({function: value})
        }
        other => panic!("CloudFormation refuses {other:?}"),
    }
}

/// Logical id and properties of each function, `Globals` included.
fn functions(template: &Value) -> BTreeMap<String, Value> {
    let globals = &template["Globals"]["Function"];
    of_type(template, "AWS::Serverless::Function")
        .map(|(name, resource)| (name.to_owned(), merged(globals, &resource["Properties"])))
        .collect()
}

/// As SAM merges them: maps by key, anything else is overridden.
fn merged(globals: &Value, own: &Value) -> Value {
    let (Value::Object(globals), Value::Object(own)) = (globals, own) else { return own.clone() };
    let mut all: Map<String, Value> = globals.clone();
    for (key, value) in own {
        let value = globals.get(key).map_or_else(|| value.clone(), |global| merged(global, value));
        all.insert(key.clone(), value);
    }
    Value::Object(all)
}

fn of_type<'a>(template: &'a Value, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().unwrap();
    resources.iter().filter(move |(_, resource)| resource["Type"] == kind).map(|(name, value)| (name.as_str(), value))
}

/// Name and properties of a function's rules that wait for events.
fn event_rules(template: &Value, function: &str) -> BTreeMap<String, Value> {
    let events = template["Resources"][function]["Properties"]["Events"].as_object().into_iter().flatten();
    let own = events
        .filter(|(_, event)| event["Type"] == "EventBridgeRule")
        .map(|(name, event)| (name.clone(), event["Properties"].clone()));
    let queued = queued_rules(template).filter(|_| function == pascal(QUEUED.name())).map(|(name, rule)| {
        let mut rule = rule.clone();
        rule["Pattern"] = rule["EventPattern"].take();
        (name.to_owned(), rule)
    });
    // What is put into a pattern stands beside it.
    let apart = |(name, mut rule): (String, Value)| {
        if let [text, values] = list(&rule["Pattern"]["Fn::Sub"]).as_slice() {
            let (pattern, accounts) = (json!({"Fn::Sub": text}), values["Accounts"].clone());
            rule["Pattern"] = pattern;
            rule["Accounts"] = accounts;
        }
        (name, rule)
    };
    own.chain(queued).map(apart).collect()
}

/// The ARN of a rule that fills the queue, where it is there.
fn queued_arn(name: &str) -> Value {
    let own = arn(&format!("{}{name}", pascal(QUEUED.name())));
    if name == HONEY { json!({"Fn::If": ["HasHoney", own, {"Ref": "AWS::NoValue"}]}) } else { own }
}

/// Name and properties of the rules that fill the queue.
fn queued_rules(template: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let rules = of_type(template, "AWS::Events::Rule");
    rules.filter_map(|(name, rule)| Some((name.strip_prefix(pascal(QUEUED.name()).as_str())?, &rule["Properties"])))
}

/// The template's managed policies on a function's role.
fn attached<'a>(template: &'a Value, function: &str) -> Vec<&'a str> {
    let policies = list(&template["Resources"][format!("{function}Role")]["Properties"]["ManagedPolicyArns"]);
    policies
        .into_iter()
        .map(|policy| policy["Ref"].as_str().expect("a policy of the template, none of AWS's"))
        .collect()
}

/// What a function's role allows: action and resource, the resource as JSON.
fn granted(template: &Value, function: &str) -> BTreeSet<(String, String)> {
    let resources = &template["Resources"];
    let own = &resources[format!("{function}Role")]["Properties"]["Policies"];
    let shared = attached(template, function).into_iter().map(|policy| &resources[policy]["Properties"]);
    let mut granted = BTreeSet::new();
    for statement in shared.chain([own]).flat_map(statements).filter(|statement| statement["Effect"] == "Allow") {
        for action in list(&statement["Action"]) {
            for resource in list(&statement["Resource"]) {
                granted.insert((action.as_str().unwrap().to_owned(), resource.to_string()));
            }
        }
    }
    granted
}

/// Every policy statement below a node.
fn statements(node: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    walk(node, &mut Vec::new(), &mut |_, node| {
        if node.get("Effect").is_some() {
            found.push(node.clone());
        }
    });
    found
}

/// Visits every node with the keys that lead to it; what stands under a condition has `if NAME` among them.
fn walk(node: &Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &Value)) {
    visit(path, node);
    let children: Vec<(String, &Value)> = match node {
        Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
        Value::Object(entries) => entries
            .iter()
            .flat_map(|(key, child)| match (key.as_str(), child.as_array().map(Vec::as_slice)) {
                ("Fn::If", Some([Value::String(condition), then, otherwise])) => {
                    vec![(format!("if {condition}"), then), (format!("if not {condition}"), otherwise)]
                }
                _ => vec![(key.clone(), child)],
            })
            .collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        path.push(key);
        walk(child, path, visit);
        path.pop();
    }
}

/// Anything of IAM that is not plainly reading.
fn writes_to_iam(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let Some((service, call)) = action.split_once(':') else { return true };
    let iam = service == "iam" || service.contains(['*', '?']);
    iam && !["get", "list"].iter().any(|verb| call.starts_with(verb))
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn arn(resource: &str) -> Value {
    json!({"Fn::GetAtt": [resource, "Arn"]})
}

/// `root-usage` is `RootUsage` in the template.
fn pascal(name: &str) -> String {
    name.split('-')
        .flat_map(|word| word.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }))
        .collect()
}
