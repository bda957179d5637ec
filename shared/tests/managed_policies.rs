//! The table of AWS's own managed policies: against their documents, and against what is known of some of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use iamwatch::policy::{AwsManaged, Certainty, Document, Exposure, Privilege};
use serde_json::Value;

const TABLE: &str = "src/policy/managed.txt";

/// What the table has to say of a document, in a few words.
fn judgement(document: &Document) -> Vec<String> {
    if document.only_denies() {
        return vec!["denies".to_owned()];
    }
    if let Some(grant) = document.privilege() {
        return vec![grant.privilege.slug().to_owned()];
    }
    let mut words: Vec<String> =
        document.privilege_if().iter().map(|grant| format!("if:{}", grant.privilege.slug())).collect();
    let opens = document.opens();
    assert!(!opens.tangled);
    let plain = opens.ways.iter().filter(|way| way.certainty() == Certainty::Plain);
    words.extend(plain.map(|way| way.path.reference.to_owned()));
    let mut services: Vec<&str> = Vec::new();
    for exposed in opens.exposed.iter().filter(|exposed| exposed.certainty == Certainty::Plain) {
        if exposed.what == Exposure::WholeService {
            services.extend(exposed.action.split([',', ' ']).filter_map(|word| word.strip_suffix(":*")));
        } else {
            words.push(exposed.what.slug().to_owned());
        }
    }
    services.sort_unstable();
    services.dedup();
    if !services.is_empty() {
        words.push(format!("all:{}", services.join(",")));
    }
    if document.only_reads() {
        words.push("reads".to_owned());
    }
    words
}

fn table_of(source: &Value) -> String {
    let mut lines: Vec<String> = Vec::new();
    for policy in source["policies"].as_array().unwrap() {
        let name = policy["name"].as_str().unwrap();
        // Those of service-linked roles: nobody else can be given them.
        if name.starts_with("aws-service-role/") {
            continue;
        }
        let document = Document::from_value(&policy["document"]).unwrap_or_else(|illegal| panic!("{name}: {illegal}"));
        let mut words = vec![name.to_owned(), policy["version"].as_str().unwrap().to_owned()];
        words.extend(judgement(&document));
        lines.push(words.join(" "));
    }
    lines.sort_by_key(|line| line.split(' ').next().map(str::to_ascii_lowercase));
    format!(
        "# {} managed policies of AWS's as of {}, as iamwatch judges their documents ({}).\n\
         # Those of service-linked roles are left out: nobody else can be given them.\n\
         # Written by `UPDATE=1 make check-policies`.\n\
         #\n\
         # Path and name, the version that was judged, and what it gives its holder with nothing in the way:\n\
         #   administrator, iam-administrator, power-user   a privilege; nothing else is then listed\n\
         #   if:administrator                               the same under a condition\n\
         #   PE-087                                         an escalation path\n\
         #   secrets, parameters, objects, decryption       reading all of them\n\
         #   pass-any-role                                  to any service\n\
         #   all:lambda                                     every action of these services on every resource\n\
         #   reads, denies                                  that and nothing else\n\n{}\n",
        lines.len(),
        source["newest"].as_str().unwrap(),
        source["source"].as_str().unwrap(),
        lines.join("\n"),
    )
}

#[test]
#[ignore = "needs the documents: `make check-policies`"]
fn the_table_says_of_each_policy_what_the_judge_says_of_its_document() {
    let documents = std::env::var_os("MANAGED_POLICIES").expect("run `make check-policies`");
    let documents = fs::read_to_string(documents).unwrap();
    let wanted = table_of(&serde_json::from_str(&documents).unwrap());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, wanted).unwrap();
        return;
    }
    let found = fs::read_to_string(&file).unwrap();
    let mut stale = String::new();
    for line in wanted.lines().filter(|line| !found.lines().any(|found| found == *line)) {
        writeln!(stale, "  should be: {line}").unwrap();
    }
    for line in found.lines().filter(|line| !wanted.lines().any(|wanted| wanted == *line)) {
        writeln!(stale, "  stands there: {line}").unwrap();
    }
    assert!(found == wanted, "{TABLE} is stale: `UPDATE=1 make check-policies` writes it anew\n{stale}");
}

fn judged(name: &str) -> iamwatch::policy::Judged {
    let arn = format!("arn:aws:iam::aws:policy/{name}");
    AwsManaged::from_arn(&arn).unwrap().judged().unwrap_or_else(|| panic!("{name} is not in the table"))
}

fn lines() -> impl Iterator<Item = &'static str> {
    include_str!("../src/policy/managed.txt").split_once("\n\n").unwrap().1.lines()
}

#[test]
fn every_line_of_the_table_is_found_and_understood() {
    for line in lines() {
        let (name, words) = line.split_once(' ').unwrap();
        let judged = judged(name);
        let mut understood = vec![judged.version().to_owned()];
        understood.extend(judged.privilege().map(|privilege| privilege.slug().to_owned()));
        understood.extend(judged.privilege_if().map(|privilege| format!("if:{}", privilege.slug())));
        understood.extend(judged.paths().map(|path| path.reference.to_owned()));
        understood.extend(judged.exposes().map(|exposure| exposure.slug().to_owned()));
        let services: Vec<&str> = judged.whole_services().collect();
        understood.extend((!services.is_empty()).then(|| format!("all:{}", services.join(","))));
        understood.extend(judged.only_reads().then(|| "reads".to_owned()));
        let only_denies = AwsManaged::from_arn(&format!("arn:aws:iam::aws:policy/{name}")).unwrap().only_denies();
        understood.extend(only_denies.then(|| "denies".to_owned()));
        assert_eq!(understood.join(" "), words, "{name}");
    }
    assert!(lines().count() > 1_000);
    assert_eq!(AwsManaged::judged_on().len(), "2026-09-30".len());
}

#[test]
fn what_is_no_policy_of_awss_is_not_in_the_table() {
    for name in ["", "A", "zzz", "AdministratorAcc", "AdministratorAccessX", "service-role/AdministratorAccess", "#"] {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        assert!(AwsManaged::from_arn(&arn).is_none_or(|policy| policy.judged().is_none()), "{name}");
    }
}

/// Those that are published as ways up, and one way that each is published for.
const ESCALATING: [(&str, &str); 22] = [
    ("AdministratorAccess-Amplify", "PE-016"),
    ("AdministratorAccess-AWSElasticBeanstalk", "PE-060"),
    ("AmazonDynamoDBFullAccesswithDataPipeline", "PE-087"),
    ("AmazonEC2FullAccess", "PE-109"),
    ("AmazonECS_FullAccess", "PE-073"),
    ("AmazonElasticMapReduceFullAccess", "PE-052"),
    ("AmazonSageMakerFullAccess", "PE-089"),
    ("AmazonSSMFullAccess", "PE-118"),
    ("AWSCloudFormationFullAccess", "PE-101"),
    ("AWSCodeBuildAdminAccess", "PE-102"),
    ("AWSCodeStarFullAccess", "PE-106"),
    ("AWSGlueConsoleFullAccess", "PE-111"),
    ("AWSLambda_FullAccess", "PE-087"),
    ("AWSMarketplaceFullAccess", "PE-069"),
    ("AWSSSOMasterAccountAdministrator", "PE-037"),
    ("EC2InstanceConnect", "PE-107"),
    ("job-function/DataScientist", "PE-089"),
    ("job-function/SystemAdministrator", "PE-112"),
    // Under a condition that binds nobody: a role is always of its principal's account.
    ("SageMakerStudioAdminIAMDefaultExecutionPolicy", "PE-089"),
    ("service-role/AmazonElasticMapReduceRole", "PE-069"),
    ("service-role/AWSBatchServiceRole", "PE-073"),
    ("service-role/AWSElasticBeanstalkService", "PE-060"),
];

#[test]
fn those_that_are_known_to_be_strong_are_found() {
    assert_eq!(judged("AdministratorAccess").privilege(), Some(Privilege::Everything));
    assert_eq!(judged("IAMFullAccess").privilege(), Some(Privilege::Iam));
    assert_eq!(judged("PowerUserAccess").privilege(), Some(Privilege::AllButIam));
    for (name, path) in ESCALATING {
        assert!(judged(name).paths().any(|open| open.reference == path), "{name} does not open {path}");
    }
}

/// Policies that AWS calls reading, and what they let their holder read that is worth more than a look.
const READING_MUCH: [(&str, &[Exposure]); 6] = [
    // It reads the logs of clusters, in whatever bucket they are.
    ("AmazonElasticMapReduceReadOnlyAccess", &[Exposure::Objects]),
    // What they are for.
    ("AmazonS3ReadOnlyAccess", &[Exposure::Objects]),
    ("AmazonSSMReadOnlyAccess", &[Exposure::Parameters]),
    ("AWSSecretsManagerClientReadOnlyAccess", &[Exposure::Secrets]),
    // It asks for the newest agent's parameter, and is allowed every one.
    ("AWSApplicationMigrationReadOnlyAccess", &[Exposure::Parameters]),
    // It leaves out secrets and keys, but not what people put into parameters and buckets.
    ("ReadOnlyAccess", &[Exposure::Parameters, Exposure::Objects]),
];

#[test]
fn what_is_called_reading_opens_no_path_and_exposes_only_what_is_named_here() {
    for line in lines() {
        let name = line.split(' ').next().unwrap();
        let lower = name.to_lowercase();
        let is_reading = ["readonly", "read_only", "viewonly", "securityaudit"].iter().any(|word| lower.contains(word));
        if !is_reading {
            continue;
        }
        let judged = judged(name);
        assert_eq!((judged.privilege(), judged.privilege_if(), judged.paths().next()), (None, None, None), "{line}");
        let named = READING_MUCH.iter().find(|(much, _)| *much == name).map_or(&[][..], |(_, exposes)| exposes);
        assert_eq!(judged.exposes().collect::<Vec<_>>(), named, "{line}");
    }
}
