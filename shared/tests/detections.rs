//! What holds for every detection, walked over the one list: its page, its sample events, its watcher's patterns.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod pattern;
mod unheard;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use iamwatch::circumstance;
use iamwatch::config::{Config, Quarantine};
use iamwatch::denials;
use iamwatch::detect::{ALL, Context, Detection, look};
use iamwatch::event::{Event, HEALTH};
use iamwatch::finding::{Finding, Severity};
use iamwatch::flow::Outcome;
use iamwatch::ledger::Memory;
use iamwatch::watcher::{Glance, Watcher};
use serde_json::Value;

/// Writes docs/detections.md and lays the sample events out anew.
const REFRESH: &str = "UPDATE=1 cargo test -p shared --test detections";
/// The one detection that is no watcher's own: what cannot be read has no source or name to be admitted by.
const UNREADABLE: &str = "unreadable-event";
/// What Amazon SNS takes as a subject.
const SUBJECT: usize = 100;
/// EventBridge's limit on a pattern, in characters.
const PATTERN: usize = 2_048;

/// One sample: `events/<detection>/<fires|silent>-<why>.json`. Most are one event; a list of them is a story, one after the
/// other, of which the last event fires or is silent.
struct Sample {
    detection: String,
    name: String,
    fires: bool,
    path: PathBuf,
    text: String,
    earlier: Vec<Value>,
    envelope: Value,
}

impl Sample {
    fn event(&self) -> Event {
        Event::decode(self.envelope.clone())
    }

    /// Every event of it.
    fn envelopes(&self) -> impl Iterator<Item = &Value> {
        self.earlier.iter().chain([&self.envelope])
    }

    fn at(&self) -> String {
        format!("events/{}/{}", self.detection, self.name)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

fn samples() -> Vec<Sample> {
    let events = root().join("events");
    let mut samples = Vec::new();
    for detection in names_in(&events) {
        for name in names_in(&events.join(&detection)) {
            let path = events.join(&detection).join(&name);
            let text = fs::read_to_string(&path).unwrap();
            let read = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let (earlier, envelope) = match read {
                Value::Array(mut story) => {
                    let last = story.pop().unwrap_or_else(|| panic!("{}: an empty story", path.display()));
                    (story, last)
                }
                envelope => (Vec::new(), envelope),
            };
            let fires = name.starts_with("fires-");
            samples.push(Sample { detection: detection.clone(), fires, name, path, text, earlier, envelope });
        }
    }
    samples
}

/// The configuration that the samples are made for.
fn config() -> Config {
    let exempt = ["arn:aws:iam::111122223333:user/emergency", "/break-glass/"].map(|users| users.parse().unwrap());
    Config {
        stack: "iamwatch".to_owned(),
        portal_url: Some("https://example.awsapps.com/start".to_owned()),
        honey_principals: ["user/backup-admin", "role/legacy/admin-access"]
            .map(|name| format!("arn:aws:iam::111122223333:{name}"))
            .to_vec(),
        break_glass_roles: vec!["arn:aws:iam::111122223333:role/break-glass/emergency".to_owned()],
        workload_roles: vec!["/workloads/".parse().unwrap()],
        quarantine: Quarantine { exempt: exempt.to_vec(), ..Config::default().quarantine },
        ..Config::default()
    }
}

fn admitted_by(event: &Event) -> Vec<Watcher> {
    Watcher::ALL.into_iter().filter(|watcher| watcher.admits(&Glance::of(event))).collect()
}

/// What every watcher that admits the event says of it, after what came before. The unreadable is shown to all of them:
/// each must be able to say so.
fn findings(sample: &Sample) -> Vec<Finding> {
    let (config, ledger) = (config(), Memory::default());
    for earlier in &sample.earlier {
        let event = Event::decode(earlier.clone());
        for watcher in admitted_by(&event) {
            watch(watcher, &event, &config, &ledger);
        }
    }
    let event = sample.event();
    let watchers = if sample.detection == UNREADABLE { Watcher::ALL.to_vec() } else { admitted_by(&event) };
    watchers.into_iter().filter_map(|watcher| watch(watcher, &event, &config, &ledger)).collect()
}

fn watch(watcher: Watcher, event: &Event, config: &Config, ledger: &Memory) -> Option<Finding> {
    match unheard::watch(watcher, event, config, ledger, event.time.unwrap_or_default()) {
        Outcome::Found(finding, ..) => Some(*finding),
        Outcome::Quiet => None,
        Outcome::Known => panic!("each event of a story has an id of its own"),
        Outcome::Suppressed(_) => panic!("nothing is excepted"),
    }
}

fn fired(finding: &Finding, detection: &str) -> bool {
    finding.detection == detection || finding.also.iter().any(|also| also == detection)
}

fn none<T: AsRef<str>>(wrong: &[T], what: &str) {
    let list: Vec<&str> = wrong.iter().map(AsRef::as_ref).collect();
    assert!(wrong.is_empty(), "{what}:\n  {}", list.join("\n  "));
}

#[test]
fn ids_are_unique_and_in_the_order_of_the_alphabet() {
    let ids: Vec<&str> = ALL.iter().map(|detection| detection.id).collect();
    let sorted: Vec<&str> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(ids, sorted);
}

#[test]
fn every_detection_has_a_file_of_its_name_and_every_file_is_in_the_list() {
    let files: Vec<String> = names_in(&root().join("shared/src/detect"))
        .iter()
        .filter_map(|file| file.strip_suffix(".rs").filter(|name| *name != "mod"))
        .map(|file| file.replace('_', "-"))
        .collect();
    let ids: Vec<&str> = ALL.iter().map(|detection| detection.id).collect();
    assert_eq!(files, ids);
}

#[test]
fn every_page_says_what_it_sees_why_it_matters_and_what_to_do() {
    let mut wrong = Vec::new();
    for detection in ALL {
        let page = &detection.page;
        let id = detection.id;
        if !page.markdown().starts_with("# ") || page.headline().is_empty() || page.headline().ends_with('.') {
            wrong.push(format!("{id}: the page begins with a headline, without a full stop"));
        }
        if page.summary().is_empty() {
            wrong.push(format!("{id}: the headline is followed by what the detection sees"));
        }
        let headings: Vec<String> =
            page.markdown().lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect();
        if headings != ["Why it matters", "False alarms", "What to do"] {
            wrong.push(format!("{id}: the sections are Why it matters, False alarms, What to do; not {headings:?}"));
        }
        wrong.extend(
            headings.iter().filter(|name| page.section(name).is_empty()).map(|name| format!("{id}: `{name}` is empty")),
        );
        if !(2..=5).contains(&page.steps().len()) {
            wrong.push(format!("{id}: What to do has {} steps; a tired person takes 2 to 5", page.steps().len()));
        }
    }
    none(&wrong, "pages that are not as the others");
}

#[test]
fn every_detection_shows_at_least_two_events_that_fire_and_as_many_that_do_not() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sample in samples() {
        let (fires, silent) = counts.entry(sample.detection.clone()).or_default();
        match sample.name.split_once('-') {
            Some(("fires", _)) => *fires += 1,
            Some(("silent", _)) => *silent += 1,
            _ => wrong.push(format!("{}: a sample is named `fires-<why>.json` or `silent-<why>.json`", sample.at())),
        }
    }
    let folders: BTreeSet<&str> = counts.keys().map(String::as_str).collect();
    let ids: BTreeSet<&str> = ALL.iter().map(|detection| detection.id).collect();
    wrong.extend(folders.symmetric_difference(&ids).map(|id| format!("events/{id}: one folder for each detection")));
    for (id, (fires, silent)) in &counts {
        if *fires < 2 || silent < fires {
            wrong.push(format!("events/{id}: {fires} fire and {silent} are silent; at least 2, and as many silent"));
        }
    }
    none(&wrong, "samples that are missing");
}

#[test]
fn every_firing_sample_is_admitted_by_exactly_one_watcher_and_fires() {
    let mut wrong = Vec::new();
    for sample in samples().into_iter().filter(|sample| sample.fires) {
        for earlier in &sample.earlier {
            if admitted_by(&Event::decode(earlier.clone())).is_empty() {
                wrong.push(format!("{}: no watcher sees an event that comes before", sample.at()));
            }
        }
        let watchers = admitted_by(&sample.event());
        if sample.detection != UNREADABLE && watchers.len() != 1 {
            wrong.push(format!("{}: admitted by {watchers:?}; one act is one alert", sample.at()));
        }
        let findings = findings(&sample);
        if findings.is_empty() || !findings.iter().all(|finding| fired(finding, &sample.detection)) {
            let said: Vec<&str> = findings.iter().map(|finding| finding.detection.as_str()).collect();
            wrong.push(format!("{}: {watchers:?} says {said:?}", sample.at()));
        }
    }
    none(&wrong, "samples that should fire");
}

#[test]
fn every_silent_sample_is_silent() {
    let mut wrong = Vec::new();
    for sample in samples().into_iter().filter(|sample| !sample.fires) {
        if findings(&sample).iter().any(|finding| fired(finding, &sample.detection)) {
            wrong.push(sample.at());
        }
    }
    none(&wrong, "samples that should be silent");
}

#[test]
fn what_was_done_fits_a_subject_with_the_account() {
    let mut wrong = Vec::new();
    for sample in samples() {
        for finding in findings(&sample) {
            if finding.act.is_empty() || finding.act.chars().count() > SUBJECT || finding.act.ends_with('.') {
                wrong.push(format!("{}: `{}`", sample.at(), finding.act));
            }
        }
    }
    none(&wrong, "acts that are no short end of a sentence");
}

#[test]
fn the_quick_admission_agrees_with_the_patterns_that_eventbridge_evaluates() {
    let mut wrong = Vec::new();
    let mut patterns: BTreeMap<(Watcher, String), Vec<Value>> = BTreeMap::new();
    for sample in samples() {
        let event = sample.event();
        let account = sample.envelope["account"].as_str().unwrap_or_default();
        for watcher in Watcher::ALL {
            let patterns = patterns.entry((watcher, account.to_owned())).or_insert_with(|| {
                let rules = watcher.rules().into_iter().map(|rule| rule.pattern().to_string());
                rules.map(|text| serde_json::from_str(&text.replace("${AWS::AccountId}", account)).unwrap()).collect()
            });
            let delivered = patterns.iter().any(|pattern| pattern::matches(pattern, &sample.envelope));
            let admitted = watcher.admits(&Glance::of(&event));
            if delivered != admitted {
                wrong.push(format!("{}: {watcher:?} admits it: {admitted}, its rules: {delivered}", sample.at()));
            }
        }
    }
    none(&wrong, "events on which code and pattern disagree");
}

#[test]
fn a_page_that_speaks_of_calls_that_only_read_says_which_parameter_delivers_them() {
    let wrong: Vec<&str> = ALL
        .iter()
        .filter(|detection| {
            let says = detection.page.summary().replace('\n', " ").contains("calls that only read");
            says && !detection.needs_in_words().is_some_and(|needs| needs.contains("State"))
        })
        .map(|detection| detection.id)
        .collect();
    none(&wrong, "pages that need what no parameter delivers");
    let needs = |id: &str| iamwatch::detect::by_id(id).unwrap().needs_in_words();
    assert_eq!(needs("mail-sending-explored").as_deref(), Some("ReadingState"));
    assert_eq!(needs("windows-password-read").as_deref(), Some("RuleState"));
    assert_eq!(needs("role-assumed-by-service-for-the-first-time").as_deref(), Some("WorkloadState"));
    assert_eq!(needs("trail-deleted"), None);
}

#[test]
fn every_pattern_fits_eventbridge() {
    for watcher in Watcher::ALL {
        for rule in watcher.rules() {
            let length = rule.pattern().to_string().chars().count();
            assert!(length <= PATTERN, "{watcher:?}/{}: the pattern has {length} characters of {PATTERN}", rule.name);
        }
    }
}

#[test]
fn every_call_names_a_service_host_and_an_operation() {
    let mut wrong = Vec::new();
    for detection in ALL {
        for calls in detection.calls {
            let service = calls.source.strip_suffix(".amazonaws.com").unwrap_or_default();
            let host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if service.is_empty() || !service.bytes().all(host) {
                wrong.push(format!("{}: `{}` is no event source", detection.id, calls.source));
            }
            let operation = |name: &str| {
                let name = name.strip_suffix('*').unwrap_or(name);
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || calls.source == HEALTH && byte == b'_')
            };
            wrong.extend(
                calls.names.iter().filter(|name| !operation(name)).map(|name| format!("{}: `{name}`", detection.id)),
            );
            if calls.names.is_empty() {
                wrong.push(format!("{}: no calls of {}", detection.id, calls.source));
            }
        }
    }
    none(&wrong, "calls that no event can have");
}

#[test]
fn every_sample_is_an_envelope_as_eventbridge_delivers_it() {
    let mut wrong = Vec::new();
    let mut event_ids = BTreeSet::new();
    let samples = samples();
    for (sample, envelope) in samples.iter().flat_map(|sample| sample.envelopes().map(move |event| (sample, event))) {
        let mut say = |what: &str| wrong.push(format!("{}: {what}", sample.at()));
        let detail = &envelope["detail"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if envelope["version"] != "0" || !envelope["resources"].is_array() {
            say("version is \"0\" and resources a list");
        }
        if !is_uuid(&text(&envelope["id"])) {
            say("the envelope's id is a UUID");
        }
        let kind = text(&envelope["detail-type"]);
        if !["API Call", "Service Event", "Console Action", "Console Sign In", "Console Signin"]
            .iter()
            .any(|what| kind == format!("AWS {what} via CloudTrail"))
            && kind != "AWS Health Event"
        {
            say("the detail-type is CloudTrail's");
        }
        if text(&envelope["time"]).parse::<jiff::Timestamp>().is_err() {
            say("the time is a time");
        }
        if sample.detection == UNREADABLE && sample.fires || kind == "AWS Health Event" {
            continue;
        }
        let service = text(&detail["eventSource"]);
        if text(&envelope["source"]) != format!("aws.{}", service.split('.').next().unwrap_or_default()) {
            say("the envelope's source is the service of the record's eventSource");
        }
        for (outer, inner) in [("account", "recipientAccountId"), ("region", "awsRegion"), ("time", "eventTime")] {
            if envelope[outer] != detail[inner] {
                say(&format!("the envelope's {outer} is the record's {inner}"));
            }
        }
        let id = text(&detail["eventID"]);
        if !is_uuid(&id) || !event_ids.insert(id) {
            say("eventID is a UUID of its own");
        }
    }
    none(&wrong, "malformed samples");
}

#[test]
fn samples_name_nobody_real() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let mut texts = Vec::new();
        for envelope in sample.envelopes() {
            collect_texts("", envelope, &mut texts);
        }
        for (key, text) in texts {
            wrong.extend(real_names(key, text).into_iter().map(|name| format!("{}: `{name}`", sample.at())));
        }
    }
    none(&wrong, "accounts, addresses or key ids outside the ranges for documentation");
}

/// Runs only when asked to change files; otherwise it says what is not as it would write it.
#[test]
fn samples_are_laid_out_as_serde_json_lays_them_out() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let pretty = pretty(&sample.text);
        if pretty == sample.text {
            continue;
        }
        if update() {
            // Other tests are reading: they see the old file or the new one.
            let beside = sample.path.with_file_name(format!(".{}", sample.name));
            fs::write(&beside, pretty).unwrap();
            fs::rename(&beside, &sample.path).unwrap();
        } else {
            wrong.push(sample.at());
        }
    }
    none(&wrong, &format!("laid out otherwise; run `{REFRESH}`"));
}

#[test]
fn the_docs_are_fresh() {
    let path = root().join("docs/detections.md");
    let fresh = docs();
    if update() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &fresh).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == fresh, "docs/detections.md is not what the code says; run `{REFRESH}`");
}

#[test]
fn without_a_stack_name_nothing_is_ours() {
    let config = Config::default();
    let context = Context::new(&config);
    for sample in samples().iter().filter(|sample| sample.detection.starts_with("own-")) {
        let event = sample.event();
        for finding in Watcher::ALL.into_iter().filter_map(|watcher| look(watcher, &event, &context)) {
            assert!(!fired(&finding, &sample.detection), "{}: {}", sample.at(), finding.act);
        }
    }
}

#[test]
fn denials_of_one_principal_are_one_incident_whatever_it_asked_for() {
    let mut incidents: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for sample in samples().iter().filter(|sample| sample.detection.contains("denied")) {
        for event in sample.envelopes().map(|envelope| Event::decode(envelope.clone())) {
            let Some(key) = denials::key(&event) else { continue };
            let principal = (event.account.clone(), event.actor.principal.clone());
            incidents.entry(principal).or_default().insert(key.to_string());
        }
    }
    assert!(!incidents.is_empty());
    assert!(incidents.values().all(|keys| keys.len() == 1), "{incidents:?}");
}

#[test]
fn what_root_does_is_told_as_what_it_is_and_never_hidden_behind_root_use() {
    let by_root = |sample: &&Sample| admitted_by(&sample.event()) == [Watcher::RootUsage];
    let mut told = 0;
    for sample in samples().iter().filter(by_root) {
        for finding in findings(sample) {
            let general = "root-api-call";
            assert!(finding.detection != general || finding.also.is_empty(), "{}", sample.at());
            if finding.also.iter().any(|id| id == general) && !sample.event().read_only() {
                assert!(finding.severity >= Severity::High, "{}", sample.at());
                told += 1;
            }
        }
    }
    assert!(told > 5, "only {told} samples show what root did");
}

/// docs/detections.md: an index, then every page. An id is its own anchor.
fn docs() -> String {
    let mut docs = String::from(
        "# Detections\n\n\
         <!-- Generated from shared/src/detect. -->\n\n\
         What iamwatch sees, why it matters and what to do. Severity is the usual one: a finding may raise or lower it. \
         Confidence is how likely it is then that whoever did it should not have, and goes with the severity: \
         LOW, mostly this is honest work; MEDIUM, honest work and intruders look alike here; HIGH, honest work hardly ever \
         looks like this. \
         *Covers* names the known detections of the field that one stands for. *Needs* names the parameter of the stack by \
         which EventBridge delivers what it looks at: `RuleState` and `ReadingState` with \
         `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`, `WorkloadState` with `ENABLED`. `ReadingState` and `WorkloadState` are \
         not so unless you say it.\n\n\
         | detection | severity | confidence | watcher | MITRE ATT&CK | covers |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for detection in ALL {
        let Detection { id, severity, confidence, watcher, .. } = detection;
        let covers = detection.covers.join(" ");
        let mitre: Vec<&str> = detection.mitre.iter().map(|technique| technique.id).collect();
        let (watcher, mitre) = (watcher.name(), mitre.join(" "));
        writeln!(docs, "| [{id}](#{id}) | {severity} | {confidence} | {watcher} | {mitre} | {covers} |").unwrap();
    }
    for detection in ALL {
        write!(docs, "\n## {}\n\n**{}.** {}\n\n", detection.id, detection.title(), facts(detection)).unwrap();
        writeln!(docs, "{}", detection.page.summary()).unwrap();
        for section in ["Why it matters", "False alarms", "What to do"] {
            write!(docs, "\n### {section}\n\n{}\n", detection.page.section(section)).unwrap();
        }
    }
    docs.push_str(
        "\n## What makes a finding louder\n\n\
         Whatever was done, these are told beside it. A user agent is the caller's words: it may make a finding louder, \
         never quieter.\n\n\
         | in the alert | what it means | covers |\n| --- | --- | --- |\n",
    );
    for circumstance in circumstance::ALL {
        writeln!(docs, "| {} | {} | {} |", circumstance.label, circumstance.page, circumstance.covers.join(" "))
            .unwrap();
    }
    docs
}

/// `RuleState for GetUser, ListUsers` with each name as code.
fn quoted(needs: &str) -> String {
    let words = needs.split(' ').map(|word| {
        let name = word.trim_end_matches([',', ';']);
        let rest = word.strip_prefix(name).unwrap_or_default();
        if name.starts_with(|c: char| c.is_ascii_uppercase()) { format!("`{name}`{rest}") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn facts(detection: &Detection) -> String {
    let mut facts =
        format!("{}, confidence {}, seen by `{}`.", detection.severity, detection.confidence, detection.watcher.name());
    if let Some(needs) = detection.needs_in_words() {
        write!(facts, " *Needs* {}.", quoted(&needs)).unwrap();
    }
    for technique in detection.mitre {
        let was = technique.was.map(|was| format!(", formerly {was}")).unwrap_or_default();
        write!(facts, " {} {}{was}.", technique.id, technique.name).unwrap();
    }
    facts
}

#[test]
fn every_severity_and_watcher_has_a_word() {
    for severity in Severity::ALL {
        assert_eq!(severity.word().parse(), Ok(severity));
    }
    let names: BTreeSet<&str> = Watcher::ALL.iter().map(|watcher| watcher.name()).collect();
    assert_eq!(names.len(), Watcher::ALL.len());
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(hex)
}

fn collect_texts<'a>(key: &'a str, value: &'a Value, into: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => into.push((key, text)),
        Value::Array(list) => list.iter().for_each(|value| collect_texts(key, value, into)),
        Value::Object(map) => map.iter().for_each(|(key, value)| collect_texts(key, value, into)),
        _ => {}
    }
}

/// What in a text looks like somebody's account, address or key and is not reserved for documentation.
fn real_names<'a>(key: &str, text: &'a str) -> Vec<&'a str> {
    const ACCOUNTS: [&str; 2] = ["111122223333", "123456789012"];
    const ID_PREFIXES: [&str; 7] = ["AKIA", "ASIA", "AROA", "AIDA", "ANPA", "AGPA", "ASCA"];
    if is_uuid(text) {
        return Vec::new();
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        let account = word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
        let id = word.len() >= 16 && ID_PREFIXES.iter().any(|prefix| word.starts_with(prefix));
        account && !ACCOUNTS.contains(word) || id && !word.ends_with("EXAMPLE")
    });
    // A browser's version looks like an address.
    let addresses = text
        .split(|c: char| c.is_whitespace() || ",/\"()[]".contains(c))
        .filter(|word| key != "userAgent" && word.parse().is_ok_and(|address: IpAddr| !is_for_documentation(address)));
    words.chain(addresses).collect()
}

fn is_for_documentation(address: IpAddr) -> bool {
    match address {
        // Every address is nobody's.
        address if address.is_unspecified() => true,
        // Link-local addresses are every machine's own.
        IpAddr::V4(address) => {
            matches!(address.octets(), [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [169, 254, _, _])
        }
        IpAddr::V6(address) => address.segments()[..2] == [0x2001, 0x0db8],
    }
}

/// The JSON text indented as `serde_json::to_string_pretty` would, its keys in the order in which they were written:
/// CloudTrail's order reads better than the alphabet's.
fn pretty(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    let newline = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push('"');
                while let Some(c) = chars.next() {
                    out.push(c);
                    match c {
                        '"' => break,
                        '\\' => out.extend(chars.next()),
                        _ => {}
                    }
                }
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    newline(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.checked_sub(1).expect("brackets are balanced");
                newline(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                newline(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out.push('\n');
    out
}

#[test]
fn the_layout_is_serde_jsons() {
    let value: Value = serde_json::json!({"a": [], "b": {}, "c": [1, null, {"d": "x: \"[,]\" \\"}], "e": -1.5});
    assert_eq!(pretty(&value.to_string()), serde_json::to_string_pretty(&value).unwrap() + "\n");
}
