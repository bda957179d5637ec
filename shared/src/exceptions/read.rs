//! What was said, checked: from a file or a parameter to exceptions, with all mistakes at once.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{Exception, LONGEST_DAYS, LONGEST_JSON, Scope, is_own};
use crate::alert::text::is_unseen;
use crate::detect;
use crate::event::{is_account, type_name};
use crate::finding::Severity;
use crate::watcher::Watcher;

/// Characters of an id: it is the last part of a parameter's name, and stands in alerts.
const LONGEST_ID: usize = 64;

const FIELDS: [&str; 8] = ["id", "detections", "actor", "target", "reason", "owner", "expires", "long"];

/// An ARN as it is to be written.
const SAMPLE: &str = "`arn:aws:iam::111122223333:role/ci/deploy`";

/// What others match on, and whoever is to be watched chooses.
const CHOSEN_BY_THE_CALLER: [&str; 11] = [
    "address",
    "ip",
    "name",
    "principal_name",
    "role_name",
    "session",
    "session_name",
    "source_identity",
    "source_ip",
    "tags",
    "user_agent",
];

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub place: Place,
    /// What is wrong and what to write instead.
    pub what: String,
}

/// A place in an exception as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The exception as a whole.
    Whole,
    /// One field.
    Field(String),
    /// One item of a field, counted from 0.
    Item(&'static str, usize),
}

/// Reads all exceptions of a file. Each mistake comes with the number of its exception, counted from 0.
///
/// # Errors
///
/// All mistakes.
pub fn read_all(said: &[Map<String, Value>], today: Date) -> Result<Vec<Exception>, Vec<(usize, Mistake)>> {
    let (mut exceptions, mut mistakes, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (number, said) in said.iter().enumerate() {
        match read(said, today) {
            Ok(exception) => exceptions.push(exception),
            Err(found) => mistakes.extend(found.into_iter().map(|mistake| (number, mistake))),
        }
        if let Some(id) = said.get("id").and_then(Value::as_str)
            && !ids.insert(id)
        {
            let what = format!("`{id}` stands twice; give each exception a name of its own");
            mistakes.push((number, Mistake { place: Place::Field("id".to_owned()), what }));
        }
    }
    if mistakes.is_empty() { Ok(exceptions) } else { Err(mistakes) }
}

/// Reads one exception. One that has expired is read: findings that it would have suppressed say so.
///
/// # Errors
///
/// All mistakes.
pub fn read(said: &Map<String, Value>, today: Date) -> Result<Exception, Vec<Mistake>> {
    let mut reader = Reader { said, mistakes: Vec::new() };
    reader.unknown_fields();
    let id = reader.id();
    let detections = reader.detections();
    let (actor, target) = (reader.scope("actor", actor), reader.scope("target", target));
    if !said.contains_key("actor") && !said.contains_key("target") {
        reader.say(
            Place::Whole,
            "it names neither `actor` nor `target`, and would hold for everything; name one".to_owned(),
        );
    }
    let (reason, owner) = (reader.required("reason"), reader.required("owner"));
    let long = if said.contains_key("long") { reader.required("long") } else { None };
    let expires = reader.expires(today, long.is_some());
    if let (true, Some(id), Some(detections), Some(reason), Some(owner), Some(expires)) =
        (reader.mistakes.is_empty(), id, detections, reason, owner, expires)
    {
        let exception = Exception { id, detections, actor, target, reason, owner, expires, long };
        let length = exception.to_json().len();
        if length <= LONGEST_JSON {
            return Ok(exception);
        }
        reader.say(
            Place::Whole,
            format!(
                "it has {length} bytes as JSON, and a parameter holds {LONGEST_JSON}; divide it or shorten its texts"
            ),
        );
    }
    Err(reader.mistakes)
}

struct Reader<'a> {
    said: &'a Map<String, Value>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn say(&mut self, place: Place, what: String) {
        self.mistakes.push(Mistake { place, what });
    }

    fn wrong(&mut self, field: &str, what: String) {
        self.say(Place::Field(field.to_owned()), what);
    }

    fn unknown_fields(&mut self) {
        for field in self.said.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
            let known = field.replace('-', "_");
            let what = if CHOSEN_BY_THE_CALLER.contains(&known.as_str()) {
                format!(
                    "`{field}` is not matched on: whoever acts can choose it; name the whole ARN in `actor` or `target`"
                )
            } else {
                format!("`{}` is no field of an exception; there are `{}`", visible(field), FIELDS.join("`, `"))
            };
            self.mistakes.push(Mistake { place: Place::Field(field.clone()), what });
        }
    }

    /// A text that says something, on one line.
    fn text(&mut self, field: &str) -> Option<String> {
        let text = match self.said.get(field)? {
            Value::String(text) => text.trim(),
            other => {
                self.wrong(field, format!("`{field}` is {}; write a text", type_name(other)));
                return None;
            }
        };
        let fault = if text.is_empty() {
            "is empty"
        } else if text.chars().any(|c| is_unseen(c) || c.is_control()) {
            "has characters that are not seen, or line breaks; write it on one line"
        } else if text.contains("{{") || text.contains("}}") {
            "has doubled braces, which Parameter Store refuses; leave them out"
        } else {
            return Some(text.to_owned());
        };
        self.wrong(field, format!("`{field}` {fault}"));
        None
    }

    fn required(&mut self, field: &str) -> Option<String> {
        if !self.said.contains_key(field) {
            self.say(Place::Whole, format!("it has no `{field}`"));
        }
        self.text(field)
    }

    fn id(&mut self) -> Option<String> {
        let id = self.required("id")?;
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if id.len() <= LONGEST_ID && id.split('-').all(word) {
            return Some(id);
        }
        self.wrong(
            "id",
            format!("`{id}` is no id; write small letters, digits and hyphens, at most {LONGEST_ID}: `ci-makes-keys`"),
        );
        None
    }

    fn detections(&mut self) -> Option<Vec<String>> {
        let Some(said) = self.said.get("detections") else {
            self.say(Place::Whole, "it has no `detections`; `iamwatch detections` lists them".to_owned());
            return None;
        };
        let Some(said) = said.as_array().filter(|list| !list.is_empty()) else {
            self.wrong("detections", "`detections` is no list of ids; write `[\"access-key-created\"]`".to_owned());
            return None;
        };
        let mut detections: Vec<String> = Vec::new();
        for (place, said) in said.iter().enumerate() {
            let place = Place::Item("detections", place);
            match said.as_str() {
                None => self.say(place, format!("a detection is {}; write its id", type_name(said))),
                Some(id) => match detection(id) {
                    Err(what) => self.say(place, what),
                    Ok(()) if detections.iter().any(|known| known == id) => {
                        self.say(place, format!("`{id}` stands twice"));
                    }
                    Ok(()) => detections.push(id.to_owned()),
                },
            }
        }
        Some(detections)
    }

    fn scope(&mut self, field: &str, check: fn(&str) -> Result<(), String>) -> Option<Scope> {
        let text = self.text(field)?;
        match general(&text).and_then(|()| check(&text)) {
            Ok(()) => Some(Scope(text)),
            Err(why) => {
                self.wrong(field, format!("`{text}` {why}"));
                None
            }
        }
    }

    fn expires(&mut self, today: Date, long: bool) -> Option<Date> {
        let text = self.required("expires")?;
        // jiff takes times behind a date too.
        let Some(date) = text.parse::<Date>().ok().filter(|_| text.len() == "2027-01-31".len()) else {
            self.wrong("expires", format!("`{text}` is no date; write it as `2027-01-31`"));
            return None;
        };
        let latest = today.checked_add(LONGEST_DAYS.days()).unwrap_or(today);
        if date > latest && !long {
            self.wrong(
                "expires",
                format!(
                    "{date} is more than {LONGEST_DAYS} days ahead; write {latest} or earlier, or say why in `long`"
                ),
            );
            return None;
        }
        Some(date)
    }
}

/// Whether a detection may be excepted.
fn detection(id: &str) -> Result<(), String> {
    let Some(detection) = detect::by_id(id) else {
        return Err(format!("`{}` is no detection; `iamwatch detections` lists all", visible(id)));
    };
    if is_own(id) {
        return Err(format!(
            "`{id}` tells of changes to iamwatch itself: whoever wants to silence it would begin there, so it is always \
             told"
        ));
    }
    if detection.watcher == Watcher::RootUsage && detection.severity == Severity::Critical {
        return Err(format!("`{id}` is CRITICAL about root: nobody can stop root, so somebody must always hear of it"));
    }
    Ok(())
}

/// What is wrong with an ARN or path whatever it is for, in words that follow it.
fn general(text: &str) -> Result<(), String> {
    if text.contains(['*', '?']) {
        return Err(
            "has a wildcard, which also matches names that somebody else will make; write the whole ARN, or an IAM \
                    path that ends in `/`"
                .to_owned(),
        );
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else {
        return Err(format!("is no ARN: a part of a name is borne by whoever likes to; write the whole, as {SAMPLE}"));
    };
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let whole = *arn == "arn"
        && partition.starts_with("aws")
        && [partition, service, region].into_iter().all(|part| plain(part))
        && !service.is_empty()
        && (account.is_empty() || is_account(account) || *account == "aws")
        && !resource.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !whole {
        return Err(format!("has not the form of an ARN; write it as {SAMPLE}"));
    }
    if *service == "sts" {
        return Err(format!(
            "is a session, whose name whoever opens it chooses; write the ARN of its role or user, with its path, as \
             {SAMPLE}"
        ));
    }
    if text.ends_with('/') {
        let path = ["user/", "role/", "group/", "policy/"].iter().find_map(|kind| resource.strip_prefix(kind));
        if *service != "iam" || path.is_none_or(|path| path.trim_matches('/').is_empty()) || text.contains("//") {
            return Err(
                "is no IAM path; write one with a name in it, as `arn:aws:iam::111122223333:role/ci/`".to_owned()
            );
        }
    }
    Ok(())
}

fn actor(text: &str) -> Result<(), String> {
    let mut parts = text.splitn(6, ':').skip(2);
    let (service, account, resource) = (parts.next(), parts.nth(1), parts.next().unwrap_or_default());
    let named = ["user/", "role/"].iter().any(|kind| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty()));
    if service == Some("iam") && account.is_some_and(is_account) && (named || resource == "root") {
        Ok(())
    } else {
        Err(format!("acts nowhere; write the ARN or path of an IAM user or role, as {SAMPLE}"))
    }
}

fn target(_: &str) -> Result<(), String> {
    Ok(())
}

/// Text of a file as it may be shown.
fn visible(text: &str) -> String {
    crate::alert::text::clean(text)
}
