//! What is known beside the event, and what it makes of a judgement: the document before, what a principal holds besides,
//! how strong it is, and IAM out of reach.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "events are written where they are used")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::slice;

use iamwatch::alert::Alert;
use iamwatch::config::Config;
use iamwatch::detect::Context;
use iamwatch::event::Event;
use iamwatch::exceptions::Exceptions;
use iamwatch::facts::{Fact, Held, Holder, HolderKind, Holdings, Policies, Unread};
use iamwatch::finding::Finding;
use iamwatch::flow::{Line, Machines, Outcome, People, Undelivered};
use iamwatch::ledger::{Memory, Standing};
use iamwatch::policy::Document;
use iamwatch::watcher::Watcher;
use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use serde_json::{Value, json};

/// An account's IAM, as its tests write it.
#[derive(Default)]
struct Account {
    /// Versions of managed policies; the first is the default.
    managed: HashMap<&'static str, Vec<(&'static str, Value)>>,
    holdings: HashMap<Holder, Holdings>,
    /// Why nothing can be read, if so.
    out_of_reach: Option<&'static str>,
}

impl Account {
    fn answer<T>(&self, found: Option<T>) -> Fact<T> {
        match (self.out_of_reach, found) {
            (Some(why), _) => Fact::Unseen(why.to_owned()),
            (None, Some(found)) => Fact::Known(found),
            (None, None) => Fact::Unseen("no such thing".to_owned()),
        }
    }

    fn gives(mut self, kind: HolderKind, name: &str, policies: &[(&str, Value)]) -> Self {
        let held = |(id, statements): &(&str, Value)| Held {
            id: (*id).to_owned(),
            document: document(statements).called(&format!("policy {id}")),
        };
        let holdings = Holdings { policies: policies.iter().map(held).collect(), ..Holdings::default() };
        self.holdings.insert(Holder { kind, name: name.to_owned() }, holdings);
        self
    }
}

impl Policies for Account {
    async fn managed(&self, arn: &str, version: Option<&str>) -> Fact<Document> {
        let versions = self.managed.get(arn);
        let found = versions.and_then(|list| match version {
            None => list.first(),
            Some(version) => list.iter().find(|(name, _)| *name == version),
        });
        self.answer(found.map(|(_, statements)| document(statements)))
    }

    async fn only_other(&self, arn: &str, version: &str) -> Fact<Option<(String, Document)>> {
        let Some(list) = self.managed.get(arn) else { return self.answer(None) };
        let others: Vec<_> = list.iter().filter(|(name, _)| *name != version).collect();
        match others.as_slice() {
            [] => self.answer(Some(None)),
            [(name, statements)] => self.answer(Some(Some(((*name).to_owned(), document(statements))))),
            _ => Fact::Unseen("several others".to_owned()),
        }
    }

    async fn in_time<T>(&self, gathered: impl Future<Output = T>) -> Option<T> {
        Some(gathered.await)
    }

    async fn holdings(&self, holder: &Holder) -> Fact<Holdings> {
        self.answer(self.holdings.get(holder).cloned())
    }

    async fn role_in_profile(&self, profile: &str) -> Fact<String> {
        self.answer(profile.strip_suffix("-profile").map(str::to_owned))
    }
}

/// Subscribers and the bus, which take everything.
#[derive(Default)]
struct Taken(RefCell<Vec<Finding>>);

impl People for Taken {
    async fn tell(&self, _: &Alert) -> Result<(), Undelivered> {
        Ok(())
    }
}

impl Machines for Taken {
    async fn hand_over(&self, finding: &Finding, _: &Standing) -> Result<(), Undelivered> {
        self.0.borrow_mut().push(finding.clone());
        Ok(())
    }
}

/// A stack over time: events come one after the other, and the ledger remembers.
struct Story<I> {
    ledger: Memory,
    policies: I,
    number: i64,
}

impl<I: Policies> Story<I> {
    fn of(policies: I) -> Self {
        Self { ledger: Memory::default(), policies, number: 0 }
    }

    /// What is said of the next event, if anything: its severity, its act, and all evidence under these labels.
    fn says(&mut self, event: Value, labels: &[&str]) -> String {
        self.number += 1;
        let minute = SignedDuration::from_mins(self.number);
        let now = "2026-03-01T03:00:00Z".parse::<Timestamp>().unwrap() + minute;
        let mut event = event;
        event["eventID"] = json!(format!("00000000-0000-4000-8000-{:012}", self.number));
        event["eventTime"] = json!(now.to_string());
        let watcher = match event["eventSource"].as_str().unwrap() {
            "s3.amazonaws.com" | "organizations.amazonaws.com" => Watcher::Guardrails,
            _ if event["eventName"] == "CreateAccessKey" => Watcher::AccessKeys,
            _ => Watcher::IamChanges,
        };
        let (config, taken) = (Config::default(), Taken::default());
        let line = Line {
            watcher,
            context: Context::new(&config),
            ledger: &self.ledger,
            people: &taken,
            machines: &taken,
            policies: &self.policies,
            exceptions: &Exceptions::NONE,
        };
        match block_on(line.watch(&Event::decode(event), now)).unwrap() {
            Outcome::Found(finding, ..) => said(&finding, labels),
            Outcome::Quiet => "nothing".to_owned(),
            Outcome::Known | Outcome::Suppressed(_) => panic!("every event is new, and nothing is excepted"),
        }
    }
}

fn said(finding: &Finding, labels: &[&str]) -> String {
    let mut said = format!("{} {}", finding.severity, finding.act);
    if let Some(undo) = finding.undo.as_ref().filter(|_| labels.contains(&"Undo")) {
        write!(said, "\nUndo: {undo}").unwrap();
    }
    for fact in finding.evidence.iter().filter(|fact| labels.contains(&fact.label.as_str())) {
        write!(said, "\n{}: {}", fact.label, fact.value).unwrap();
    }
    said
}

fn document(statements: &Value) -> Document {
    Document::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

fn by(user: &str, name: &str, request: Value) -> Value {
    json!({
        "eventName": name, "eventSource": "iam.amazonaws.com", "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333", "sourceIPAddress": "192.0.2.10",
        "userIdentity": {"type": "IAMUser", "userName": user, "accountId": "111122223333",
            "arn": format!("arn:aws:iam::111122223333:user/{user}"), "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        "requestParameters": request,
    })
}

fn allow(action: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": "*"})
}

fn text(statements: &Value) -> Value {
    json!(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

fn put(role: &str, statements: &Value) -> Value {
    by("alice", "PutRolePolicy", json!({"roleName": role, "policyName": "app", "policyDocument": text(statements)}))
}

fn trust(role: &str, principal: Value, condition: Value) -> Value {
    let statement =
        json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition});
    by("alice", "UpdateAssumeRolePolicy", json!({"roleName": role, "policyDocument": text(&statement)}))
}

const POLICY: &str = "arn:aws:iam::111122223333:policy/deploy";

fn policy(name: &str, request: Value) -> Value {
    let mut all = json!({"policyArn": POLICY});
    all.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
    by("alice", name, all)
}

#[test]
fn the_same_document_put_again_is_silent_and_only_what_is_new_is_weighed() {
    let mut story = Story::of(Unread);
    let escalating = json!([allow(json!(["iam:PassRole", "lambda:*"])), allow(json!("s3:ListBucket"))]);
    let labels = ["Escalation", "New", "Compared"];
    assert!(story.says(put("app", &escalating), &labels).starts_with("HIGH "));
    let again = json!([allow(json!("S3:listbucket")), allow(json!(["lambda:*", "iam:PassRole"]))]);
    assert_eq!(story.says(put("app", &again), &labels), "nothing");
    let more = json!([allow(json!(["iam:PassRole", "lambda:*"])), allow(json!(["s3:ListBucket", "sqs:SendMessage"]))]);
    assert_eq!(
        story.says(put("app", &more), &labels),
        "LOW put inline policy app on role app\nNew: nothing that is known to be risky, compared with the one before"
    );
    let worse = json!([allow(json!(["iam:PassRole", "lambda:*", "iam:CreateAccessKey"]))]);
    let worse = story.says(put("app", &worse), &labels);
    assert!(worse.starts_with("HIGH put inline policy app on role app, which opens escalation path PE-023"), "{worse}");
    assert!(worse.ends_with("Compared: with the one before: only what is new is weighed"), "{worse}");
    let less = json!([allow(json!(["lambda:*"]))]);
    assert_eq!(
        story.says(put("app", &less), &labels),
        "LOW put inline policy app on role app\nNew: nothing: it allows no more than the one before"
    );
    assert!(story.says(put("other", &less), &labels).starts_with("HIGH put inline policy app on role other"));
}

#[test]
fn what_was_deleted_is_new_when_it_comes_back() {
    let mut story = Story::of(Unread);
    let admin = allow(json!("*"));
    assert!(story.says(put("app", &admin), &[]).starts_with("CRITICAL"));
    assert_eq!(story.says(put("app", &admin), &[]), "nothing");
    let delete = by("alice", "DeleteRolePolicy", json!({"roleName": "app", "policyName": "app"}));
    assert_eq!(story.says(delete, &[]), "LOW deleted inline policy app of role app");
    assert!(story.says(put("app", &admin), &[]).starts_with("CRITICAL"));
}

#[test]
fn an_event_that_comes_late_does_not_hide_a_later_change() {
    let mut story = Story::of(Unread);
    let admin = allow(json!("*"));
    story.says(put("app", &allow(json!("s3:ListBucket"))), &[]);
    story.number -= 2;
    assert!(story.says(put("app", &admin), &[]).starts_with("CRITICAL"), "it is told, though it came late");
    story.number += 3;
    assert!(story.says(put("app", &admin), &[]).starts_with("CRITICAL"), "the later document was the other one");
}

#[test]
fn a_denial_a_condition_and_a_boundary_that_go_are_told() {
    let mut story = Story::of(Unread);
    let deny = json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"});
    story.says(put("app", &json!([allow(json!("s3:ListBucket")), deny])), &[]);
    assert_eq!(
        story.says(put("app", &allow(json!("s3:ListBucket"))), &["Weaker"]),
        "HIGH put inline policy app on role app\nWeaker: no longer says: deny iam:* on *"
    );
    story.says(put("app", &json!([deny])), &[]);
    let delete = by("alice", "DeleteRolePolicy", json!({"roleName": "app", "policyName": "app"}));
    assert_eq!(
        story.says(delete, &["Weaker"]),
        "HIGH deleted inline policy app of role app\nWeaker: no longer says: deny iam:* on *"
    );

    let vendor = json!({"AWS": "123456789012"});
    let id = json!({"StringEquals": {"sts:ExternalId": "example"}});
    assert_eq!(
        story.says(trust("app", vendor.clone(), id.clone()), &[]),
        "HIGH let account 123456789012 assume role app"
    );
    assert_eq!(story.says(trust("app", vendor.clone(), id), &[]), "nothing");
    assert_eq!(
        story.says(trust("app", vendor, json!({})), &["Weaker"]),
        "HIGH let account 123456789012 assume role app"
    );
}

#[test]
fn a_control_policy_a_permission_set_and_a_resource_are_compared_with_what_they_were() {
    let mut story = Story::of(Unread);
    let of = |source: &str, name: &str, request: Value| {
        let mut event = by("alice", name, request);
        event["eventSource"] = json!(source);
        event
    };
    let deny = json!({"Effect": "Deny", "Action": ["cloudtrail:StopLogging", "s3:DeleteBucket"], "Resource": "*"});
    let less = json!({"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"});
    let control = |statements: &Value| {
        of(
            "organizations.amazonaws.com",
            "UpdatePolicy",
            json!({"policyId": "p-example1", "content": text(statements)}),
        )
    };
    assert!(story.says(control(&deny), &[]).starts_with("MEDIUM changed"));
    assert_eq!(story.says(control(&deny), &[]), "nothing");
    let weaker = story.says(control(&less), &["Weaker"]);
    assert!(weaker.starts_with("HIGH changed"), "{weaker}");
    assert!(weaker.ends_with("Weaker: no longer says: deny cloudtrail:StopLogging, s3:DeleteBucket on *"), "{weaker}");

    let set = "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-1111222233334444";
    let put = || {
        let request = json!({"permissionSetArn": set, "inlinePolicy": text(&allow(json!("*")))});
        of("sso.amazonaws.com", "PutInlinePolicyToPermissionSet", request)
    };
    assert!(story.says(put(), &[]).starts_with("CRITICAL put administrator policy into"));
    assert_eq!(story.says(put(), &[]), "nothing");

    let open =
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"});
    let bucket = || {
        let policy = json!({"Version": "2012-10-17", "Statement": open});
        of("s3.amazonaws.com", "PutBucketPolicy", json!({"bucketName": "site", "bucketPolicy": policy}))
    };
    assert!(story.says(bucket(), &[]).contains("let everyone"));
    assert_eq!(story.says(bucket(), &[]), "nothing");
}

#[test]
fn a_renamed_user_keeps_its_policies_and_whoever_gets_the_old_name_has_none() {
    let kinds = [
        ("userName", "newUserName", "PutUserPolicy", "UpdateUser"),
        ("groupName", "newGroupName", "PutGroupPolicy", "UpdateGroup"),
    ];
    for (name_of, new_name, put, rename) in kinds {
        let mut story = Story::of(Unread);
        let kind = name_of;
        let put = |name: &str| {
            let policy = text(&allow(json!("*")));
            by("alice", put, json!({name_of: name, "policyName": "app", "policyDocument": policy}))
        };
        let rename = |from: &str, to: &str| by("alice", rename, json!({name_of: from, new_name: to}));
        assert!(story.says(put("bob"), &[]).starts_with("CRITICAL"), "{kind}");
        story.says(rename("bob", "robert"), &[]);
        assert_eq!(story.says(put("Robert"), &[]), "nothing", "{kind}: it has that policy under its new name");
        assert!(story.says(put("bob"), &[]).starts_with("CRITICAL"), "{kind}: a new one of the old name has none");
        assert_eq!(story.says(put("bob"), &[]), "nothing");
        story.says(rename("bob", "ben"), &[]);
        story.says(rename("ben", "benjamin"), &[]);
        assert_eq!(story.says(put("benjamin"), &[]), "nothing", "{kind}: through two names");
        story.says(rename("benjamin", "bob"), &[]);
        assert_eq!(story.says(put("bob"), &[]), "nothing", "{kind}: and back");
        assert!(story.says(put("ben"), &[]).starts_with("CRITICAL"), "{kind}");
    }
}

#[test]
fn whoever_is_made_with_a_boundary_has_it() {
    let account = Account {
        managed: HashMap::from([
            ("arn:aws:iam::111122223333:policy/tight", vec![("v1", allow(json!("s3:*")))]),
            ("arn:aws:iam::111122223333:policy/loose", vec![("v1", allow(json!(["s3:*", "iam:CreateAccessKey"])))]),
        ]),
        ..Account::default()
    };
    let mut story = Story::of(account);
    let arn = |name: &str| format!("arn:aws:iam::111122223333:policy/{name}");
    let put = |user: &str| {
        by("alice", "PutUserPermissionsBoundary", json!({"userName": user, "permissionsBoundary": arn("loose")}))
    };
    story.says(by("alice", "CreateUser", json!({"userName": "bob", "permissionsBoundary": arn("tight")})), &[]);
    assert_eq!(
        story.says(put("bob"), &["Weaker"]),
        "HIGH put boundary loose on user bob\nWeaker: it no longer keeps its holder from this: make an access key for \
         another user (path PE-023)"
    );
    // Made anew without one: what bound the last user of that name binds it no more.
    story.says(by("alice", "CreateUser", json!({"userName": "bob"})), &[]);
    assert_eq!(
        story.says(put("bob"), &["Before"]),
        "LOW put boundary loose on user bob\nBefore: there was none: it takes rights away"
    );
}

#[test]
fn a_looser_boundary_is_told_and_the_same_one_is_not() {
    let account = Account {
        managed: HashMap::from([
            ("arn:aws:iam::111122223333:policy/tight", vec![("v1", allow(json!("s3:*")))]),
            ("arn:aws:iam::111122223333:policy/loose", vec![("v1", allow(json!(["s3:*", "iam:CreateAccessKey"])))]),
        ]),
        ..Account::default()
    };
    let mut story = Story::of(account);
    let put = |name: &str| {
        let arn = format!("arn:aws:iam::111122223333:policy/{name}");
        by("alice", "PutUserPermissionsBoundary", json!({"userName": "bob", "permissionsBoundary": arn}))
    };
    let labels = ["Weaker", "Before"];
    assert_eq!(story.says(put("tight"), &labels), "MEDIUM put boundary tight on user bob");
    assert_eq!(story.says(put("tight"), &labels), "nothing");
    assert_eq!(
        story.says(put("loose"), &labels),
        "HIGH put boundary loose on user bob\nWeaker: it no longer keeps its holder from this: make an access key for \
         another user (path PE-023)"
    );
    let delete = by("alice", "DeleteUserPermissionsBoundary", json!({"userName": "bob"}));
    assert!(story.says(delete, &labels).starts_with("HIGH removed the permissions boundary of user bob"));
    assert_eq!(
        story.says(put("tight"), &labels),
        "LOW put boundary tight on user bob\nBefore: there was none: it takes rights away"
    );
}

#[test]
fn a_path_is_found_across_all_that_a_principal_holds() {
    let account = Account::default().gives(
        HolderKind::Role,
        "app",
        &[
            ("run", allow(json!("ec2:RunInstances"))),
            // As it is after the call: the policy itself is among what IAM tells.
            ("app", allow(json!("iam:PassRole"))),
        ],
    );
    let said = Story::of(account).says(put("app", &allow(json!("iam:PassRole"))), &["Escalation"]);
    assert_eq!(
        said,
        "HIGH put inline policy app on role app, which opens escalation path PE-069\n\
         Escalation: its holder can start a machine with a strong role (path PE-069): iam:PassRole on * + \
         ec2:RunInstances, by statement 1 and statement 1 of policy run"
    );
    let denied = json!({"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"});
    let account = Account::default().gives(HolderKind::Role, "app", &[("run", allow(json!("ec2:*"))), ("no", denied)]);
    let said = Story::of(account).says(put("app", &allow(json!("iam:PassRole"))), &["Escalation"]);
    assert_eq!(said, "LOW put inline policy app on role app");
}

#[test]
fn what_else_its_holder_holds_excuses_nothing() {
    // IAM is read after the call: of two policies given at once, each would be what the holder had before.
    let admin = || ("twin", allow(json!("*")));
    let account = Account::default().gives(HolderKind::User, "bob", &[admin()]);
    let request = json!({"userName": "bob", "policyName": "more", "policyDocument": text(&allow(json!("*")))});
    let said = Story::of(account).says(by("alice", "PutUserPolicy", request), &[]);
    assert_eq!(said, "CRITICAL put administrator policy more on user bob");
    // What another policy opens by itself is not this one's doing.
    let account = Account::default().gives(HolderKind::Role, "app", &[admin()]);
    assert_eq!(
        Story::of(account).says(put("app", &allow(json!("s3:ListBucket"))), &[]),
        "LOW put inline policy app on role app"
    );
}

#[test]
fn a_boundary_takes_what_it_does_not_allow() {
    let mut account = Account::default().gives(HolderKind::Role, "app", &[]);
    let holder = Holder { kind: HolderKind::Role, name: "app".to_owned() };
    account.holdings.get_mut(&holder).unwrap().boundary = Some(document(&allow(json!("s3:*"))));
    let mut story = Story::of(account);
    assert_eq!(
        story.says(put("app", &allow(json!("iam:CreateAccessKey"))), &[]),
        "LOW put inline policy app on role app"
    );
    assert!(story.says(put("app", &allow(json!("*"))), &[]).starts_with("MEDIUM "));
    account_bound_to(json!(["iam:*", "s3:*"]), "HIGH put IAM administrator policy app on role app");
    let path = "HIGH put inline policy app on role app, which opens escalation path PE-023";
    account_bound_to(json!(["iam:CreateAccessKey", "s3:*"]), path);
}

/// What is said of everything put on a role whose boundary allows only that much.
fn account_bound_to(bound: Value, said: &str) {
    let mut account = Account::default().gives(HolderKind::Role, "app", &[]);
    let holder = Holder { kind: HolderKind::Role, name: "app".to_owned() };
    account.holdings.get_mut(&holder).unwrap().boundary = Some(document(&allow(bound)));
    assert_eq!(Story::of(account).says(put("app", &allow(json!("*"))), &[]), said);
}

#[test]
fn an_attached_policy_is_read_and_judged() {
    let attach = |name: &str| policy(name, json!({"userName": "bob"}));
    let with = |statements: Value| Account {
        managed: HashMap::from([(POLICY, vec![("v1", statements)])]),
        ..Account::default()
    };
    let said = Story::of(with(allow(json!("*")))).says(attach("AttachUserPolicy"), &["Allows"]);
    assert_eq!(
        said,
        "CRITICAL attached policy deploy, which gives administrator rights, to user bob\n\
         Allows: every action on every resource, by statement 1"
    );
    let said = Story::of(with(allow(json!("s3:ListBucket")))).says(attach("AttachUserPolicy"), &["Says"]);
    assert_eq!(said, "LOW attached policy deploy to user bob\nSays: allow s3:ListBucket on *");
    let newer = "arn:aws:iam::aws:policy/AmazonMadeLaterFullAccess";
    let account =
        Account { managed: HashMap::from([(newer, vec![("v1", allow(json!("iam:*")))])]), ..Account::default() };
    let attach_newer = by("alice", "AttachUserPolicy", json!({"userName": "bob", "policyArn": newer}));
    assert_eq!(
        Story::of(account).says(attach_newer, &[]),
        "HIGH attached AmazonMadeLaterFullAccess, which gives IAM administrator rights, to user bob"
    );
    let deny = json!({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"});
    let said = Story::of(with(deny)).says(attach("DetachUserPolicy"), &["Weaker"]);
    assert_eq!(said, "HIGH detached policy deploy from user bob\nWeaker: no longer says: deny sts:AssumeRole on *");
}

#[test]
fn a_version_is_compared_with_the_one_before() {
    let versions = vec![("v1", allow(json!("*"))), ("v2", allow(json!("s3:ListBucket")))];
    let account = Account { managed: HashMap::from([(POLICY, versions)]), ..Account::default() };
    let mut story = Story::of(account);
    let switched = story.says(policy("SetDefaultPolicyVersion", json!({"versionId": "v1"})), &["Allows"]);
    assert_eq!(
        switched,
        "CRITICAL switched policy deploy to version v1, which gives administrator rights\n\
         Allows: every action on every resource, by statement 1"
    );
    let version = |statements: Value| {
        let mut event =
            policy("CreatePolicyVersion", json!({"policyDocument": text(&statements), "setAsDefault": true}));
        event["responseElements"] = json!({"policyVersion": {"versionId": "v3"}});
        event
    };
    let less = story.says(version(allow(json!(["s3:ListBucket", "iam:CreateAccessKey"]))), &["New"]);
    assert_eq!(less, "LOW gave policy deploy a new version\nNew: nothing: it allows no more than the one before");
    assert_eq!(story.says(version(allow(json!(["iam:CreateAccessKey", "s3:ListBucket"]))), &[]), "nothing");
    let more = story.says(version(allow(json!(["iam:*"]))), &["Compared"]);
    assert!(more.starts_with("HIGH gave policy deploy a version with IAM administrator rights"), "{more}");
}

#[test]
fn a_version_that_was_never_in_force_is_not_what_was_before() {
    let account = || Account {
        managed: HashMap::from([(
            POLICY,
            vec![("v1", allow(json!("s3:ListBucket"))), ("v2", allow(json!("*"))), ("v3", allow(json!("*")))],
        )]),
        ..Account::default()
    };
    let create = |default: bool, id: &str| {
        let request = json!({"policyDocument": text(&allow(json!("*"))), "setAsDefault": default});
        let mut event = policy("CreatePolicyVersion", request);
        event["responseElements"] = json!({"policyVersion": {"versionId": id}});
        event
    };
    let mut story = Story::of(account());
    assert!(story.says(create(false, "v2"), &[]).starts_with("HIGH "), "not in force yet");
    assert!(story.says(policy("SetDefaultPolicyVersion", json!({"versionId": "v1"})), &[]).starts_with("MEDIUM "));
    let forced = story.says(create(true, "v3"), &["Undo"]);
    assert!(forced.starts_with("CRITICAL "), "{forced}");
    assert!(!forced.contains("v2"), "{forced}");
}

#[test]
fn what_was_written_after_the_call_is_not_what_was_before_it() {
    let mut story = Story::of(Unread);
    story.number = 10;
    story.says(put("app", &allow(json!("*"))), &[]);
    story.number = 4;
    let late = story.says(put("app", &allow(json!("*"))), &["Not seen"]);
    assert!(late.starts_with("CRITICAL "), "{late}");
    assert!(late.ends_with("what is remembered there was written after this call"), "{late}");
}

#[test]
fn names_in_another_case_are_the_same_names() {
    let mut story = Story::of(Unread);
    assert!(story.says(put("app", &allow(json!("*"))), &[]).starts_with("CRITICAL"));
    let delete = by("alice", "DeleteRolePolicy", json!({"roleName": "APP", "policyName": "App"}));
    story.says(delete, &[]);
    assert!(story.says(put("app", &allow(json!("*"))), &[]).starts_with("CRITICAL"));
}

#[test]
fn another_value_of_a_condition_on_who_asks_is_told() {
    let mut story = Story::of(Unread);
    let org = |id: &str| trust("app", json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": id}}));
    story.says(org("o-exampleorg1"), &[]);
    assert_eq!(
        story.says(org("o-exampleorg2"), &["Weaker"]),
        "HIGH changed who may assume role app\nWeaker: takes other values of aws:PrincipalOrgID than before"
    );
}

#[test]
fn an_administrator_under_a_condition_is_strong() {
    let mut admin = allow(json!("*"));
    admin["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let account = Account::default().gives(HolderKind::Group, "team", &[("admin", admin)]);
    let add = by("alice", "AddUserToGroup", json!({"userName": "bob", "groupName": "team"}));
    assert_eq!(
        Story::of(account).says(add, &["Strength"]),
        "MEDIUM added user bob to group team\nStrength: group team is an administrator, under a condition"
    );
}

#[test]
fn whoever_takes_rights_in_two_steps_gets_no_command_back_to_the_first() {
    let mut story = Story::of(Unread);
    story.says(put("app", &allow(json!("iam:PutRolePolicy"))), &[]);
    let second = story.says(put("app", &allow(json!("*"))), &["Undo"]);
    assert_eq!(second, "CRITICAL put administrator policy app on role app");
}

#[test]
fn a_change_is_taken_back_by_what_stood_there_before() {
    let mut story = Story::of(Unread);
    let mut odd = allow(json!("s3:ListBucket"));
    odd["Sid"] = json!("it's");
    assert_eq!(
        story.says(put("app", &odd), &["Undo"]),
        "LOW put inline policy app on role app\nUndo: aws iam delete-role-policy --role-name=app --policy-name=app"
    );
    assert_eq!(
        story.says(put("app", &allow(json!("s3:GetBucketPolicy"))), &["Undo"]),
        "LOW put inline policy app on role app\nUndo: aws iam put-role-policy --role-name=app --policy-name=app \
         --policy-document='{\"Statement\":[{\"Action\":[\"s3:ListBucket\"],\"Effect\":\"Allow\",\"Resource\":[\"*\"],\
         \"Sid\":\"it\\u0027s\"}],\"Version\":\"2012-10-17\"}'"
    );
    story.says(trust("app", json!({"Service": "lambda.amazonaws.com"}), json!({})), &[]);
    let opened = story.says(trust("app", json!({"AWS": "123456789012"}), json!({})), &["Undo"]);
    assert!(
        opened.contains("\nUndo: aws iam update-assume-role-policy --role-name=app --policy-document='{"),
        "{opened}"
    );

    let versions = vec![("v2", allow(json!("s3:*"))), ("v1", allow(json!("s3:ListBucket")))];
    let mut story = Story::of(Account { managed: HashMap::from([(POLICY, versions)]), ..Account::default() });
    assert_eq!(
        story.says(policy("SetDefaultPolicyVersion", json!({"versionId": "v2"})), &["Undo"]),
        "MEDIUM switched policy deploy to version v2\nUndo: aws iam set-default-policy-version \
         --policy-arn=arn:aws:iam::111122223333:policy/deploy --version-id=v1"
    );
}

#[test]
fn a_policy_that_the_actor_holds_is_its_own_right() {
    let versions = vec![("v1", allow(json!("s3:ListBucket"))), ("v2", allow(json!("s3:*")))];
    let account = Account { managed: HashMap::from([(POLICY, versions)]), ..Account::default() }.gives(
        HolderKind::User,
        "alice",
        &[(POLICY, allow(json!("s3:ListBucket")))],
    );
    let said = Story::of(account).says(policy("SetDefaultPolicyVersion", json!({"versionId": "v2"})), &["Own rights"]);
    assert_eq!(said, "HIGH switched policy deploy to version v2\nOwn rights: the actor changed what it may do itself");
}

#[test]
fn a_way_to_somebody_stronger_is_a_step_up() {
    let admin = ("admin", allow(json!("*")));
    let reader = ("read", allow(json!("s3:ListBucket")));
    let key = |target: &str| by("alice", "CreateAccessKey", json!({"userName": target}));
    let labels = ["Strength", "Step up"];
    let mut made = key("bob");
    made["responseElements"] = json!({"accessKey": {"userName": "bob", "accessKeyId": "AKIAI44QH8DHBEXAMPLE"}});
    let account = |alice: &(&'static str, Value), bob: &(&'static str, Value)| {
        let account = Account::default().gives(HolderKind::User, "alice", slice::from_ref(alice));
        account.gives(HolderKind::User, "bob", slice::from_ref(bob))
    };
    assert_eq!(
        Story::of(account(&reader, &admin)).says(made.clone(), &labels),
        "CRITICAL created access key AKIAI44QH8DHBEXAMPLE for user bob\nStrength: user bob is an administrator\n\
         Step up: yes: the actor is an ordinary one, as far as its policies tell"
    );
    assert_eq!(
        Story::of(account(&admin, &admin)).says(made, &labels),
        "HIGH created access key AKIAI44QH8DHBEXAMPLE for user bob\nStrength: user bob is an administrator\n\
         Step up: no: the actor is an administrator itself"
    );

    let add = || by("alice", "AddUserToGroup", json!({"userName": "bob", "groupName": "team"}));
    let group = |policy: (&str, Value)| Account::default().gives(HolderKind::Group, "team", &[policy]);
    assert!(Story::of(group(reader)).says(add(), &[]).starts_with("LOW "));
    assert_eq!(
        Story::of(group(admin)).says(add(), &["Strength"]),
        "HIGH added user bob to group team\nStrength: group team is an administrator"
    );
}

#[test]
fn a_passed_role_is_as_loud_as_it_is_a_step_up() {
    let pass = || {
        let mut event = by("alice", "RunInstances", json!({"iamInstanceProfile": {"name": "ops-profile"}}));
        event["eventSource"] = json!("ec2.amazonaws.com");
        event
    };
    let account = |ops: &str, alice: &str| {
        let account = Account::default().gives(HolderKind::Role, "ops", &[("ops", allow(json!(ops)))]);
        account.gives(HolderKind::User, "alice", &[("alice", allow(json!(alice)))])
    };
    let labels = ["Strength", "Step up", "Not seen"];
    let says = |ops, alice| Story::of(account(ops, alice)).says(pass(), &labels);
    assert_eq!(
        says("s3:ListBucket", "s3:ListBucket"),
        "LOW passed instance profile ops-profile to EC2\n\
         Strength: role ops is an ordinary one, as far as its policies tell"
    );
    assert_eq!(
        says("*", "*"),
        "LOW passed instance profile ops-profile to EC2\nStrength: role ops is an administrator\n\
         Step up: no: the actor is an administrator itself"
    );
    assert_eq!(
        says("*", "ec2:*"),
        "HIGH passed instance profile ops-profile to EC2\nStrength: role ops is an administrator\n\
         Step up: yes: the actor is one that can get more rights (path PE-108)"
    );
    let throttled = Account { out_of_reach: Some("Rate exceeded"), ..Account::default() };
    assert_eq!(
        Story::of(throttled).says(pass(), &labels),
        "LOW passed instance profile ops-profile to EC2\nNot seen: Rate exceeded"
    );
}

#[test]
fn iam_out_of_reach_is_said_and_stops_nothing() {
    let account = || Account { out_of_reach: Some("`iam:GetPolicy` failed: Rate exceeded"), ..Account::default() };
    let said = Story::of(account()).says(policy("AttachUserPolicy", json!({"userName": "bob"})), &["Not seen"]);
    assert_eq!(said, "MEDIUM attached policy deploy to user bob\nNot seen: `iam:GetPolicy` failed: Rate exceeded");
    let said = Story::of(account()).says(put("app", &allow(json!("*"))), &["Not seen"]);
    assert_eq!(
        said,
        "CRITICAL put administrator policy app on role app\nNot seen: `iam:GetPolicy` failed: Rate exceeded"
    );
}

#[test]
fn a_vendor_that_shows_an_external_id_is_for_the_record() {
    let vendor = ("123456789012".to_owned(), "example-vendor".to_owned());
    let config = Config { vendors: [vendor].into(), ..Config::default() };
    let says = |condition: Value| {
        let event = Event::decode(trust("app", json!({"AWS": "123456789012"}), condition));
        let finding = iamwatch::detect::look(Watcher::IamChanges, &event, &Context::new(&config)).unwrap();
        said(&finding, &[])
    };
    assert_eq!(says(json!({})), "HIGH let account example-vendor assume role app");
    let id = json!({"StringEquals": {"sts:ExternalId": "example"}});
    assert_eq!(says(id), "LOW let account example-vendor assume role app");
}
