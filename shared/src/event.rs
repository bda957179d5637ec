//! A CloudTrail record as AWS really sends it.
//!
//! Almost any field may be missing, null, empty, the string `"null"`, or of another type than documented. So nothing
//! here fails: an [`Event`] is read from any JSON value, and what could not be read is said by [`Event::fault`], which
//! becomes a finding of its own.

mod actor;
mod denial;
mod health;
mod origin;
mod passed;
mod redact;
mod target;

use std::fmt;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::fingerprint;
use crate::watcher::THROUGH_ENDPOINT;

pub(crate) use actor::is_account;
pub use actor::{Actor, Human, Kind, ToldBy};
pub use denial::{
    DENIED_EXACTLY, DENIED_PREFIXES, DENIED_SUFFIXES, Denial, Layer, MALFORMED_POLICY, is_denied, is_malformed_policy,
};
pub use health::HEALTH;
pub use origin::Origin;
pub use passed::{BUSY_RECEIVERS, Passed, PassedKind, RECEIVERS, Receiver};
pub use target::{Owner, Target};

/// Bytes of an event's id: a UUID has 36, and it becomes part of a key of at most 2,048.
const LONGEST_ID: usize = 128;

/// One CloudTrail record, secrets removed.
#[derive(Debug, Clone)]
pub struct Event {
    /// `eventID`, a UUID; for a record without one, the envelope's id, else a fingerprint of the record.
    pub id: String,
    /// `eventName`, for example `CreateAccessKey`. Empty when the record has none.
    pub name: String,
    /// `eventSource`, for example `iam.amazonaws.com`. Empty when the record has none.
    pub source: String,
    /// `eventTime`: when the call was made.
    pub time: Option<Timestamp>,
    /// `awsRegion`.
    pub region: String,
    /// The account the call acted on: `recipientAccountId`, else the envelope's account, else the actor's.
    pub account: String,
    /// Who acted.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// `errorCode` of a call that failed.
    pub error_code: Option<String>,
    /// `errorMessage`. A failed console sign-in has this and no `error_code`.
    pub error_message: Option<String>,
    record: Map<String, Value>,
    fault: Option<String>,
    succeeded: bool,
    vpc_endpoint: Option<String>,
    /// Several detections ask for both, of one event.
    target: OnceLock<Target>,
    denial: OnceLock<Option<Denial>>,
    received: Option<Box<Received>>,
}

/// The text by which the event came, secrets and all: nobody gets it, only its hash, which is made where it is asked for.
#[derive(Clone)]
struct Received(Box<str>, OnceLock<String>);

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Received")
    }
}

/// What the EventBridge envelope adds to the record inside it.
#[derive(Debug, Clone, Default)]
pub struct Delivered {
    /// The account whose bus delivered the event.
    pub account: Option<String>,
    /// The region of that bus.
    pub region: Option<String>,
    /// The envelope's own id, for a record without `eventID`.
    pub id: Option<String>,
}

impl Event {
    /// Reads an EventBridge envelope, or a bare CloudTrail record. Never fails: see [`Event::fault`].
    #[must_use]
    pub fn decode(value: Value) -> Self {
        match value {
            Value::Object(mut map) if map.contains_key("detail-type") && map.contains_key("detail") => {
                let take = |key: &str| owned(map.get(key));
                let delivered = Delivered { account: take("account"), region: take("region"), id: take("id") };
                Self::from_detail(map.remove("detail").unwrap_or_default(), delivered)
            }
            record => Self::from_detail(record, Delivered::default()),
        }
    }

    /// Reads the `detail` of an envelope that was taken apart already.
    #[must_use]
    pub fn from_detail(detail: Value, delivered: Delivered) -> Self {
        let detail = health::as_record(detail, &delivered);
        let given = owned(detail.get("eventID")).or(delivered.id).filter(|id| id.len() <= LONGEST_ID);
        let id = given.unwrap_or_else(|| own_id(&detail));
        let (mut record, not_a_record) = match detail {
            Value::Object(map) => (map, None),
            other => (Map::new(), Some(format!("the record is {}, not an object", type_name(&other)))),
        };
        redact::secrets(&mut record);
        let top = Top::of(&record);
        let fault = not_a_record.or_else(|| top.fault());
        let actor = Actor::from_identity(&top);
        let account = owned(top.account).or(delivered.account).or_else(|| actor.account.clone()).unwrap_or_default();
        let name = owned(top.name).unwrap_or_default();
        let (error_code, error_message) = (owned(top.error_code), owned(top.error_message));
        let answer = text(top.response.and_then(|answers| answers.get(&name)));
        let succeeded = error_code.is_none() && error_message.is_none() && answer != Some("Failure");
        Self {
            id,
            name,
            source: owned(top.source).unwrap_or_default(),
            time: text(top.time).and_then(|time| time.parse().ok()),
            region: owned(top.region).or(delivered.region).unwrap_or_default(),
            account,
            origin: Origin::of(&top, &actor),
            actor,
            error_code,
            error_message,
            vpc_endpoint: owned(top.vpc_endpoint),
            record,
            fault,
            succeeded,
            target: OnceLock::new(),
            denial: OnceLock::new(),
            received: None,
        }
    }

    /// The same event, which came as this text.
    #[must_use]
    pub fn received_as(self, payload: &str) -> Self {
        Self { received: Some(Box::new(Received(payload.into(), OnceLock::new()))), ..self }
    }

    /// SHA-256 of the text by which it came, in hexadecimal digits, where that is known.
    #[must_use]
    pub fn sha256(&self) -> Option<String> {
        let Received(text, hash) = self.received.as_deref()?;
        Some(hash.get_or_init(|| fingerprint::sha256(text)).clone())
    }

    /// A payload that is no event at all; `fault` says why.
    #[must_use]
    pub fn unreadable(payload: &Value, fault: String) -> Self {
        let delivered = Delivered { id: Some(own_id(payload)), ..Delivered::default() };
        Self { fault: Some(fault), ..Self::from_detail(Value::Object(Map::new()), delivered) }
    }

    /// Why this record could not be read, if it could not. Only what no detection can do without is a fault: the
    /// record is an object, says which call of which service it is, and its identity is an object.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Whether the call did what it asked for. A console sign-in answers in `responseElements`.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.succeeded
    }

    /// Whether this is one of `names` of `source`. API dates at the end of a name are ignored, as in
    /// `UpdateFunctionCode20150331v2`.
    #[must_use]
    pub fn is(&self, source: &str, names: &[&str]) -> bool {
        self.source == source && names.contains(&self.call())
    }

    /// The call's name without its API date: `UpdateFunctionCode20150331v2` is `UpdateFunctionCode`.
    #[must_use]
    pub fn call(&self) -> &str {
        without_api_date(&self.name)
    }

    /// Text at a dotted path under `requestParameters`, for example `accessKey.userName`.
    #[must_use]
    pub fn request(&self, path: &str) -> Option<&str> {
        text(self.at("requestParameters", path))
    }

    /// Text at a dotted path under `responseElements`.
    #[must_use]
    pub fn response(&self, path: &str) -> Option<&str> {
        text(self.at("responseElements", path))
    }

    /// The value at a dotted path under `requestParameters`, for booleans, lists and objects.
    #[must_use]
    pub fn request_value(&self, path: &str) -> Option<&Value> {
        self.at("requestParameters", path)
    }

    /// Whether CloudTrail left the parameters out because they were too large. Choosing such parameters is a way to
    /// keep a document out of the log.
    #[must_use]
    pub fn parameters_omitted(&self) -> bool {
        match self.at("requestParameters", "omitted") {
            Some(Value::Bool(omitted)) => *omitted,
            omitted => text(omitted) == Some("true"),
        }
    }

    /// What the call acted on.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target.get_or_init(|| Target::of(self)).clone()
    }

    /// Whose credentials the call changes, for calls of IAM that change a user's. `None` where the record does not say.
    #[must_use]
    pub fn owner(&self) -> Option<Owner<'_>> {
        Owner::of(self)
    }

    /// What was denied and by which layer, if the call was denied.
    #[must_use]
    pub fn denial(&self) -> Option<Denial> {
        self.denial.get_or_init(|| Denial::of(self)).clone()
    }

    /// `eventType`, for example `AwsApiCall` or `AwsServiceEvent`.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        text(self.record.get("eventType"))
    }

    /// `requestID`: AWS's id of the request, which whoever made the call was told, too.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        text(self.record.get("requestID"))
    }

    /// The unique id of the IAM user whose credentials signed the call, whatever the user is called by now; of a federated session
    /// that of the user who opened it.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        match self.actor.kind {
            Kind::IamUser => self.actor.principal_id.as_deref(),
            Kind::FederatedUser => text(self.at("userIdentity", "sessionContext.sessionIssuer.principalId")),
            _ => None,
        }
    }

    /// Whether the owner of an endpoint in a VPC had the call recorded as one that came through it. The call has a record
    /// of its own, in the account of whoever made it.
    #[must_use]
    pub fn is_seen_by_endpoint(&self) -> bool {
        self.event_type().is_some_and(|kind| THROUGH_ENDPOINT.contains(&kind))
    }

    /// The endpoint in a VPC that the call came through: AWS writes it.
    #[must_use]
    pub fn vpc_endpoint(&self) -> Option<&str> {
        self.vpc_endpoint.as_deref()
    }

    /// Whether the call only read. Older records say so as a string or not at all.
    #[must_use]
    pub fn read_only(&self) -> bool {
        match self.record.get("readOnly") {
            Some(Value::Bool(read_only)) => *read_only,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => ["Get", "List", "Describe"].iter().any(|prefix| self.name.starts_with(prefix)),
        }
    }

    /// Whether AWS recorded that the console's session made the call. [`Origin::console`] goes by the user agent too, which is the
    /// caller's choice: whatever makes a finding quieter asks for this.
    #[must_use]
    pub fn is_recorded_as_console(&self) -> bool {
        origin::recorded_as_console(&self.record)
    }

    /// The record without secrets and policies, long texts cut: a few kilobytes at most.
    #[must_use]
    pub fn redacted(&self) -> Value {
        redact::kept(&self.record)
    }

    /// The record itself, secrets removed.
    #[must_use]
    pub fn record(&self) -> &Map<String, Value> {
        &self.record
    }

    fn at(&self, root: &str, path: &str) -> Option<&Value> {
        let mut value = self.record.get(root)?;
        for key in path.split('.') {
            value = value.get(key)?;
        }
        Some(value)
    }
}

/// The name of a call without the API date that some services append: eight digits, then at most `vN`.
#[must_use]
pub fn without_api_date(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'v' || c == '_');
    let suffix = name.strip_prefix(bare).unwrap_or_default();
    let digits = suffix.bytes().filter(u8::is_ascii_digit).count();
    if digits >= 8 && suffix.starts_with(|c: char| c.is_ascii_digit()) { bare } else { name }
}

/// The members of a record that say what happened, who did it and from where. They are found in one pass over it: to look
/// each up takes several times as long, and every event is asked for all of them.
#[derive(Debug, Default)]
struct Top<'a> {
    account: Option<&'a Value>,
    additional: Option<&'a Value>,
    address: Option<&'a Value>,
    agent: Option<&'a Value>,
    error_code: Option<&'a Value>,
    error_message: Option<&'a Value>,
    from_console: Option<&'a Value>,
    identity: Option<&'a Value>,
    insight: bool,
    kind: Option<&'a Value>,
    name: Option<&'a Value>,
    region: Option<&'a Value>,
    response: Option<&'a Value>,
    source: Option<&'a Value>,
    time: Option<&'a Value>,
    vpc_endpoint: Option<&'a Value>,
}

impl<'a> Top<'a> {
    fn of(record: &'a Map<String, Value>) -> Self {
        let mut top = Self::default();
        for (key, value) in record {
            let member = match key.as_str() {
                "additionalEventData" => &mut top.additional,
                "awsRegion" => &mut top.region,
                "errorCode" => &mut top.error_code,
                "errorMessage" => &mut top.error_message,
                "eventName" => &mut top.name,
                "eventSource" => &mut top.source,
                "eventTime" => &mut top.time,
                "eventType" => &mut top.kind,
                "recipientAccountId" => &mut top.account,
                "responseElements" => &mut top.response,
                "sessionCredentialFromConsole" => &mut top.from_console,
                "sourceIPAddress" => &mut top.address,
                "userAgent" => &mut top.agent,
                "userIdentity" => &mut top.identity,
                "vpcEndpointId" => &mut top.vpc_endpoint,
                // CloudTrail Insights events describe a rate, not a call.
                "insightDetails" => {
                    top.insight = true;
                    continue;
                }
                _ => continue,
            };
            *member = Some(value);
        }
        top
    }

    fn fault(&self) -> Option<String> {
        if let Some(identity) = self.identity
            && !matches!(identity, Value::Object(_) | Value::Null)
        {
            return Some(format!("`userIdentity` is {}, not an object", type_name(identity)));
        }
        if self.insight {
            return None;
        }
        [("eventName", self.name), ("eventSource", self.source)].into_iter().find_map(|(key, value)| match value {
            Some(Value::String(name)) if !name.is_empty() => None,
            None | Some(Value::Null | Value::String(_)) => Some(format!("the record has no `{key}`")),
            Some(other) => Some(format!("`{key}` is {}, not a string", type_name(other))),
        })
    }
}

/// The members of a value, if it is an object.
fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> + use<'_> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Text that says something: CloudTrail writes `""` and `"null"` where it means nothing.
fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !text.is_empty() && *text != "null")
}

fn owned(value: Option<&Value>) -> Option<String> {
    text(value).map(str::to_owned)
}

/// The id of what has none: the same for the same value, so that even what cannot be read is told once.
fn own_id(value: &Value) -> String {
    format!("no-id-{}", fingerprint::of([value.to_string().as_str()], 16))
}

/// What kind of JSON value it is, for an error message.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
