//! How much denied calls weigh: not how many they are, but what they are.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Denials, HOUR, MINUTE, name_of};
use crate::circumstance;
use crate::detect::{Context, SENSITIVE, SENSITIVE_LESS};
use crate::event::Event;
use crate::finding::Severity;

/// What denied calls weigh, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    pub parts: Vec<Part>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub points: u32,
    pub words: String,
    /// People did not hear of it yet, and it says something by itself.
    pub is_news: bool,
}

/// From how many points on it is as severe.
const LEVELS: [(u32, Severity); 3] = [(13, Severity::Critical), (6, Severity::High), (3, Severity::Medium)];

/// Services or regions within ten minutes that a program does not need by mistake.
const MANY_FOR_A_KEY: usize = 4;
const MANY: usize = 6;
/// The console's front page asks many services for its user.
const MANY_IN_THE_CONSOLE: usize = 15;
/// Different reading calls within ten minutes that nobody had asked for before.
const MANY_READS: usize = 10;

impl Score {
    /// What the denials weigh now that this event is among them.
    #[must_use]
    pub fn of(denials: &Denials, event: &Event, context: &Context<'_>) -> Self {
        let mut score = Self::default();
        let console = event.is_recorded_as_console();
        let key = event.actor.long_term_key();
        let many = many(event);

        let sensitive = denials.sensitive();
        let is_news = denials.is_sensitive_news();
        let (grave, less): (Vec<_>, Vec<_>) = sensitive.into_iter().partition(|(_, grave)| *grave);
        if let [(first, _), others @ ..] = grave.as_slice() {
            let more = u32::try_from(others.len()).unwrap_or(u32::MAX).min(3);
            let words = if others.is_empty() {
                format!("{first}, which nobody asks for by chance")
            } else {
                format!("{first} and {} more that nobody asks for by chance", others.len())
            };
            score.add(6 + 2 * more, words, is_news);
        } else if let [(first, _), others @ ..] = less.as_slice() {
            score.add(if others.is_empty() { 3 } else { 4 }, format!("{first}, which is sensitive"), is_news);
        }

        let (services, regions) = (denials.services(), denials.regions());
        for (count, what) in [(services, "services"), (regions, "regions")] {
            if count >= many {
                let points = if count >= 2 * many { 5 } else { 3 };
                // An incident is over after more than ten minutes without an event: what is of the last ten is of this one.
                score.add(points, format!("{count} {what} within ten minutes"), true);
            }
        }
        let fresh: Vec<&str> = denials.new_within(10 * MINUTE).collect();
        if key && (services >= 3 || regions >= 3 || fresh.len() >= 8) {
            score.add(3, "a long-term key that tries many things".to_owned(), true);
        }
        let reads = fresh.iter().filter(|name| is_a_read(name)).count();
        if reads >= MANY_READS && !console {
            score.add(3, format!("{reads} ways of looking around that are new for it"), true);
        }
        if let Some(words) = circumstance::taken_out(event, context) {
            score.add(5, format!("use outside AWS: {words}"), !denials.is_told_outside());
        }
        if !score.parts.is_empty() && denials.since.is_some_and(|since| since > denials.last - HOUR) {
            score.add(1, "nothing was denied to it before".to_owned(), false);
        }
        score
    }

    #[must_use]
    pub fn points(&self) -> u32 {
        self.parts.iter().map(|part| part.points).sum()
    }

    /// Whether anything in it is worth a word that nobody heard of yet.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.parts.iter().any(|part| part.is_news)
    }

    /// How severe that is; nothing, where it is not worth a word by itself.
    #[must_use]
    pub fn severity(&self, event: &Event) -> Option<Severity> {
        let points = self.points();
        let level = LEVELS.into_iter().find(|(from, _)| points >= *from).map(|(_, severity)| severity);
        // A pipeline that lacks its permissions asks for all that it needs, one after the other.
        if event.actor.is_program() { level.map(|level| level.min(Severity::High)) } else { level }
    }

    /// As in `9 (6 for iam CreateUser, 3 for 4 services within ten minutes)`.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let parts: Vec<String> = self.parts.iter().map(|part| format!("{} for {}", part.points, part.words)).collect();
        (!parts.is_empty()).then(|| format!("{} ({})", self.points(), parts.join(", ")))
    }

    fn add(&mut self, points: u32, words: String, is_news: bool) {
        self.parts.push(Part { points, words, is_news });
    }
}

/// How many services or regions are many, for whoever made the call.
pub(crate) fn many(event: &Event) -> usize {
    match (event.actor.long_term_key(), event.is_recorded_as_console()) {
        (true, _) => MANY_FOR_A_KEY,
        (false, false) => MANY,
        (false, true) => MANY_IN_THE_CONSOLE,
    }
}

/// The sensitive calls by name, and whether each is grave.
static GRAVE: LazyLock<HashMap<String, bool>> = LazyLock::new(|| {
    let named = |source: &'static str, name: &'static str| (name_of(source, name), !SENSITIVE_LESS.contains(&name));
    SENSITIVE.iter().flat_map(|calls| calls.names.iter().map(move |name| named(calls.source, name))).collect()
});

fn is_a_read(name: &str) -> bool {
    let call = name.split_once(' ').map_or("", |(_, call)| call);
    ["Get", "List", "Describe"].iter().any(|verb| call.starts_with(verb))
}

impl Denials {
    /// The sensitive calls of the last hour, and whether each is grave.
    fn sensitive(&self) -> Vec<(&str, bool)> {
        let recent = self.calls.iter().filter(|(_, call)| call.last > self.last - HOUR);
        recent.filter_map(|(name, _)| Some((name.as_str(), *GRAVE.get(name)?))).collect()
    }

    /// Whether people did not hear of one of them.
    fn is_sensitive_news(&self) -> bool {
        let recent = self.calls.iter().filter(|(_, call)| call.last > self.last - HOUR && !self.is_told(call.last));
        recent.into_iter().any(|(name, _)| GRAVE.contains_key(name))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::circumstance::KEY_PLACE;
    use crate::config::Config;
    use crate::facts::past::{Learned, Past};
    use crate::facts::{Fact, Facts};

    const SESSION: &str = "session";
    const KEY: &str = "long-term key";
    const CONSOLE: &str = "console";
    const HOURS: i64 = 2 * HOUR;

    fn start() -> Timestamp {
        "2026-03-01T03:00:00Z".parse().unwrap()
    }

    fn by(who: &str) -> Value {
        if who == KEY {
            return json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bob", "userName": "bob",
                "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"});
        }
        json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/ops/s", "accountId": "111122223333",
            "accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionContext": {"sessionIssuer": {
                "arn": "arn:aws:iam::111122223333:role/ops", "userName": "ops"}}})
    }

    fn denied(who: &str, after: i64, service: &str, name: &str, region: &str) -> Event {
        Event::decode(json!({
            "eventID": format!("{after}"), "eventName": name, "eventSource": format!("{service}.amazonaws.com"),
            "eventTime": (start() + jiff::SignedDuration::from_secs(after)).to_string(), "awsRegion": region,
            "recipientAccountId": "111122223333", "sourceIPAddress": "198.51.100.7", "userIdentity": by(who),
            "sessionCredentialFromConsole": (who == CONSOLE).then_some("true"), "errorCode": "AccessDenied",
        }))
    }

    /// The points of each part, once all of these were denied.
    fn points(who: &str, calls: &[(i64, String, String, String)], past: Vec<(&'static str, Fact<Past>)>) -> Vec<u32> {
        let (config, facts) = (Config::default(), Facts { past, ..Facts::NONE.clone() });
        let mut denials = Denials::default();
        let mut last = None;
        for (after, service, name, region) in calls {
            let event = denied(who, *after, service, name, region);
            denials.add(&event, start() + jiff::SignedDuration::from_hours(3));
            last = Some(event);
        }
        let score = Score::of(&denials, &last.unwrap(), &Context::new(&config).with(&facts));
        score.parts.iter().map(|part| part.points).collect()
    }

    /// One call after the other, two hours after the principal was first denied anything.
    fn calls<'a>(all: impl IntoIterator<Item = (&'a str, String, &'a str)>) -> Vec<(i64, String, String, String)> {
        let first = (0, "sqs".to_owned(), "SendMessage".to_owned(), "us-east-1".to_owned());
        let call = |(second, (service, name, region)): (i64, (&str, String, &str))| {
            (second, service.to_owned(), name, region.to_owned())
        };
        std::iter::once(first).chain((HOURS..).zip(all).map(call)).collect()
    }

    fn named(all: &[(&'static str, &str)]) -> Vec<(i64, String, String, String)> {
        calls(all.iter().map(|(service, name)| (*service, (*name).to_owned(), "us-east-1")))
    }

    fn services(many: usize) -> Vec<(i64, String, String, String)> {
        let all =
            ["s3", "sqs", "sns", "kms", "ecr", "ecs", "eks", "rds", "ses", "ssm", "waf", "fms", "dax", "xray", "logs"];
        calls(all.into_iter().take(many).map(|service| (service, "Do".to_owned(), "us-east-1")))
    }

    fn regions(many: usize) -> Vec<(i64, String, String, String)> {
        let all =
            ["us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"];
        calls(all.into_iter().take(many).map(|region| ("s3", "Do".to_owned(), region)))
    }

    fn different(many: usize, verb: &str) -> Vec<(i64, String, String, String)> {
        calls((0..many).map(|number| ("s3", format!("{verb}Thing{number}"), "us-east-1")))
    }

    #[test]
    fn each_part_has_its_points_from_its_number_on() {
        let grave = [
            ("iam", "CreateUser"),
            ("iam", "AttachUserPolicy"),
            ("iam", "CreateAccessKey"),
            ("cloudtrail", "StopLogging"),
            ("guardduty", "DeleteDetector"),
        ];
        let less = [("secretsmanager", "GetSecretValue"), ("ec2", "RunInstances")];
        let table: [(&str, &str, Vec<_>, &[u32]); 24] = [
            ("nothing", SESSION, named(&[("sqs", "ListQueues")]), &[]),
            ("one grave call", SESSION, named(&grave[..1]), &[6]),
            ("two", SESSION, named(&grave[..2]), &[8]),
            ("four, in three services", SESSION, named(&grave[..4]), &[12]),
            ("five count as four", SESSION, named(&grave), &[12]),
            ("one that is less", SESSION, named(&less[..1]), &[3]),
            ("two that are", SESSION, named(&less), &[4]),
            ("a grave one beside it", SESSION, named(&[less[0], grave[0]]), &[6]),
            ("five services", SESSION, services(5), &[]),
            ("six services", SESSION, services(6), &[3]),
            ("twice as many", SESSION, services(12), &[5]),
            ("two services of a key", KEY, services(2), &[]),
            ("three, which is trying", KEY, services(3), &[3]),
            ("four services of a key", KEY, services(4), &[3, 3]),
            ("eight of them", KEY, services(8), &[5, 3]),
            ("the console's front page", CONSOLE, services(14), &[]),
            ("more than that", CONSOLE, services(15), &[3]),
            ("five regions", SESSION, regions(5), &[]),
            ("six regions", SESSION, regions(6), &[3]),
            ("four regions of a key", KEY, regions(4), &[3, 3]),
            ("seven new calls of a key", KEY, different(7, "Put"), &[]),
            ("eight new calls of a key", KEY, different(8, "Put"), &[3]),
            ("nine reads", SESSION, different(9, "List"), &[]),
            ("ten reads", SESSION, different(10, "Describe"), &[3]),
        ];
        for (what, who, calls, expected) in table {
            assert_eq!(points(who, &calls, Vec::new()), expected, "{what}");
        }
        assert_eq!(points(CONSOLE, &different(10, "List"), Vec::new()), [0; 0], "ten reads in the console");
    }

    #[test]
    fn what_is_seen_beside_the_calls_has_points_too() {
        let since = Past::First(Learned::Since(start()));
        let left = || vec![(KEY_PLACE.id, Fact::Known(since.clone()))];
        let harmless = named(&[("sqs", "ListQueues")]);
        assert_eq!(points(KEY, &harmless, left()), [5], "a key that was only seen inside VPCs");
        assert_eq!(points(SESSION, &harmless, left()), [0; 0], "which a session has no habit of");
        // Nothing was denied to it before: one point beside others, and none alone.
        let at_once = |calls: Vec<_>| calls.into_iter().skip(1).collect::<Vec<_>>();
        assert_eq!(points(SESSION, &at_once(named(&[("iam", "CreateUser")])), Vec::new()), [6, 1]);
        assert_eq!(points(SESSION, &at_once(harmless), Vec::new()), [0; 0]);
    }

    #[test]
    fn points_are_levels_and_a_program_is_never_critical() {
        let (user, role) = (denied(KEY, 0, "s3", "Do", "us-east-1"), denied(SESSION, 0, "s3", "Do", "us-east-1"));
        for (points, expected, of_a_program) in [
            (2, None, None),
            (3, Some(Severity::Medium), Some(Severity::Medium)),
            (5, Some(Severity::Medium), Some(Severity::Medium)),
            (6, Some(Severity::High), Some(Severity::High)),
            (12, Some(Severity::High), Some(Severity::High)),
            (13, Some(Severity::Critical), Some(Severity::High)),
        ] {
            let score = Score { parts: vec![Part { points, words: String::new(), is_news: true }] };
            assert_eq!((score.severity(&user), score.severity(&role)), (expected, of_a_program), "{points}");
        }
    }

    #[test]
    fn use_outside_aws_that_people_heard_of_is_no_news_for_a_day_and_weighs_all_the_same() {
        let config = Config::default();
        let past = vec![(KEY_PLACE.id, Fact::Known(Past::First(Learned::Since(start()))))];
        let facts = Facts { past, ..Facts::NONE.clone() };
        let mut denials = Denials::default();
        let mut weigh = |after: i64, told: bool| {
            let event = denied(KEY, after, "sqs", "ListQueues", "us-east-1");
            denials.add(&event, start() + jiff::SignedDuration::from_hours(100));
            let score = Score::of(&denials, &event, &Context::new(&config).with(&facts));
            if told {
                denials.note_told(true, &std::collections::BTreeSet::new());
            }
            (score.points(), score.is_news())
        };
        assert_eq!(weigh(0, true), (6, true));
        assert_eq!(weigh(HOURS, false), (5, false));
        assert_eq!(weigh(HOURS + 24 * HOUR, false), (5, true));
    }
}
