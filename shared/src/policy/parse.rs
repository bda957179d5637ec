//! Reading a document.

use std::fmt;

use serde_json::{Map, Value};

use super::reach::segments;
use super::{Condition, Document, Effect, Principal, PrincipalKind, Scope, Statement};
use crate::event::type_name;

/// What is illegal in a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Illegal {
    /// `the document`, or `statement 2`.
    pub at: String,
    pub what: String,
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

impl std::error::Error for Illegal {}

/// A document inside a JSON string inside a JSON string is nobody's doing; one level is CloudTrail's.
const NESTED_STRINGS: usize = 2;

impl Document {
    /// Reads a document from JSON text, which may be URL-encoded as in IAM's answers.
    ///
    /// # Errors
    ///
    /// The first thing in it that is illegal.
    pub fn parse(text: &str) -> Result<Self, Illegal> {
        Self::from_text(text, NESTED_STRINGS)
    }

    /// Reads a document from a JSON value: an object, or a string that [`Document::parse`] reads.
    ///
    /// # Errors
    ///
    /// The first thing in it that is illegal.
    pub fn from_value(value: &Value) -> Result<Self, Illegal> {
        Self::from_json(value, NESTED_STRINGS)
    }

    fn from_text(text: &str, nested: usize) -> Result<Self, Illegal> {
        let text = text.trim();
        let decoded;
        let json = if text.starts_with('%') {
            decoded = percent_decoded(text).ok_or_else(|| in_document("its URL encoding is no UTF-8"))?;
            decoded.as_str()
        } else {
            text
        };
        let value: Value =
            serde_json::from_str(json).map_err(|error| in_document(&format!("it is no JSON: {error}")))?;
        Self::from_json(&value, nested)
    }

    fn from_json(value: &Value, nested: usize) -> Result<Self, Illegal> {
        let map = match value {
            Value::Object(map) => map,
            Value::String(text) if nested > 0 => return Self::from_text(text, nested - 1),
            other => return Err(in_document(&format!("it is {}, not an object", type_name(other)))),
        };
        let read = Elements { map, at: "the document".to_owned() };
        let statements = match read.element("Statement")? {
            Some(Value::Array(list)) => list.iter().enumerate().map(statement).collect::<Result<_, _>>()?,
            Some(one) => vec![statement((0, one))?],
            None => return Err(read.illegal("it has no `Statement`")),
        };
        Ok(Self { version: read.text("Version")?, id: read.text("Id")?, statements })
    }
}

fn in_document(what: &str) -> Illegal {
    Illegal { at: "the document".to_owned(), what: what.to_owned() }
}

fn statement((index, value): (usize, &Value)) -> Result<Statement, Illegal> {
    let number = index + 1;
    let at = format!("statement {number}");
    let Value::Object(map) = value else {
        return Err(Illegal { at, what: format!("it is {}, not an object", type_name(value)) });
    };
    let read = Elements { map, at };
    let effect = match read.text("Effect")?.as_deref() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(other) => return Err(read.illegal(&format!("`Effect` is `{other}`, not `Allow` or `Deny`"))),
        None => return Err(read.illegal("it has no `Effect`")),
    };
    let actions = read.scope("Action", "NotAction", texts)?;
    Ok(Statement {
        number,
        sid: read.text("Sid")?,
        of: None,
        effect,
        principals: read.scope("Principal", "NotPrincipal", principals)?,
        actions: actions.ok_or_else(|| read.illegal("it has neither `Action` nor `NotAction`"))?,
        resources: read.scope("Resource", "NotResource", resources)?,
        conditions: read.element("Condition")?.map_or(Ok(Vec::new()), |value| conditions(&read, value))?,
    })
}

/// The elements of an object. IAM knows them whatever their case, so no other spelling hides one; an element that is
/// not known here is passed over.
struct Elements<'a> {
    map: &'a Map<String, Value>,
    at: String,
}

impl<'a> Elements<'a> {
    fn illegal(&self, what: &str) -> Illegal {
        Illegal { at: self.at.clone(), what: what.to_owned() }
    }

    fn element(&self, name: &str) -> Result<Option<&'a Value>, Illegal> {
        let mut found = self.map.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let first = found.next().filter(|value| !value.is_null());
        if found.next().is_some() {
            return Err(self.illegal(&format!("`{name}` is there twice")));
        }
        Ok(first)
    }

    fn text(&self, name: &str) -> Result<Option<String>, Illegal> {
        match self.element(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.wrong(name, other, "a string")),
        }
    }

    fn wrong(&self, name: &str, found: &Value, wanted: &str) -> Illegal {
        self.illegal(&format!("`{name}` is {}, not {wanted}", type_name(found)))
    }

    fn scope<T>(
        &self,
        only: &str,
        all_but: &str,
        read: impl Fn(&Self, &str, &Value) -> Result<Vec<T>, Illegal>,
    ) -> Result<Option<Scope<T>>, Illegal> {
        match (self.element(only)?, self.element(all_but)?) {
            (Some(_), Some(_)) => Err(self.illegal(&format!("it has both `{only}` and `{all_but}`"))),
            (Some(value), None) => Ok(Some(Scope::Only(read(self, only, value)?))),
            (None, Some(value)) => Ok(Some(Scope::AllBut(read(self, all_but, value)?))),
            (None, None) => Ok(None),
        }
    }
}

/// One string or a list of strings.
fn texts(read: &Elements<'_>, name: &str, value: &Value) -> Result<Vec<String>, Illegal> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(read.wrong(name, other, "a string or a list of strings")),
    };
    match value {
        Value::Array(list) => list.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

/// Resources, of which IAM completes an ARN that ends too early: `arn:aws:sqs` is `arn:aws:sqs:*:*:*`. One that ends in
/// a `*` reaches as far by itself.
fn resources(read: &Elements<'_>, name: &str, value: &Value) -> Result<Vec<String>, Illegal> {
    let mut resources = texts(read, name, value)?;
    for resource in resources.iter_mut().filter(|resource| resource.starts_with("arn:") && !resource.ends_with('*')) {
        let (_, found) = segments(resource);
        resource.push_str(&":*".repeat(6 - found));
    }
    Ok(resources)
}

/// Strings, numbers or booleans, one or a list: IAM lets their quotation marks be left out.
fn scalars(read: &Elements<'_>, name: &str, value: &Value) -> Result<Vec<String>, Illegal> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(read.wrong(name, other, "a string, a number, a boolean or a list of these")),
    };
    match value {
        Value::Array(list) => list.iter().map(scalar).collect(),
        one => Ok(vec![scalar(one)?]),
    }
}

/// `"*"`, or kinds of principals with one or several each. A bare string or list is read as AWS principals.
fn principals(read: &Elements<'_>, name: &str, value: &Value) -> Result<Vec<Principal>, Illegal> {
    let of = |kind: PrincipalKind, names: Vec<String>| names.into_iter().map(move |name| Principal { kind, name });
    let Value::Object(kinds) = value else {
        return Ok(of(PrincipalKind::Aws, texts(read, name, value)?).collect());
    };
    let mut principals = Vec::new();
    for (kind, names) in kinds {
        principals.extend(of(PrincipalKind::named(kind), scalars(read, name, names)?));
    }
    Ok(principals)
}

impl PrincipalKind {
    fn named(key: &str) -> Self {
        let known = [
            ("AWS", Self::Aws),
            ("Service", Self::Service),
            ("Federated", Self::Federated),
            ("CanonicalUser", Self::CanonicalUser),
        ];
        known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map_or(Self::Other, |(_, kind)| kind)
    }
}

fn conditions(read: &Elements<'_>, value: &Value) -> Result<Vec<Condition>, Illegal> {
    let Value::Object(operators) = value else {
        return Err(read.wrong("Condition", value, "an object"));
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else {
            return Err(read.wrong(operator, keys, "an object"));
        };
        for (key, values) in keys {
            let values = scalars(read, key, values)?;
            conditions.push(Condition { operator: operator.clone(), key: key.clone(), values });
        }
    }
    Ok(conditions)
}

/// The text with its `%7B` decoded; what is no escape stays as it is.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let escape = (byte == b'%').then(|| Some(hex(ahead.next()?)? * 16 + hex(ahead.next()?)?)).flatten();
        match escape {
            Some(escaped) => {
                decoded.push(escaped);
                bytes = ahead;
            }
            None => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).ok()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn illegal(value: &Value) -> String {
        Document::from_value(value).unwrap_err().to_string()
    }

    fn with(element: &str, value: &Value) -> Value {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        statement[element] = value.clone();
        json!({"Statement": [statement]})
    }

    #[test]
    fn an_arn_that_ends_too_early_is_completed() {
        for (written, read) in [
            ("arn:aws:iam", "arn:aws:iam:*:*:*"),
            ("arn:aws:iam::111122223333", "arn:aws:iam::111122223333:*"),
            ("arn:aws:iam::${aws:PrincipalAccount}", "arn:aws:iam::${aws:PrincipalAccount}:*"),
            ("arn:aws:iam::*", "arn:aws:iam::*"),
            ("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/${aws:username}"),
            (
                "arn:aws:sns:eu-west-1:111122223333:topic:subscription",
                "arn:aws:sns:eu-west-1:111122223333:topic:subscription",
            ),
            ("*", "*"),
        ] {
            let document = Document::from_value(&with("Resource", &json!(written))).unwrap();
            assert_eq!(document.statements[0].resources, Some(Scope::Only(vec![read.to_owned()])), "{written}");
        }
    }

    #[test]
    fn one_statement_and_a_list_of_one_are_the_same() {
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        let one = Document::from_value(&json!({"Statement": statement})).unwrap();
        let list = Document::from_value(&json!({"Statement": [statement]})).unwrap();
        assert_eq!(one, list);
    }

    #[test]
    fn text_url_encoded_text_and_a_string_in_json_are_the_same() {
        let plain = r#"{"Statement":{"Effect":"Deny","NotAction":["iam:*"],"NotResource":"a"}}"#;
        let encoded: String = plain
            .bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect();
        let expected = Document::parse(plain).unwrap();
        assert_eq!(Document::parse(&encoded), Ok(expected.clone()));
        assert_eq!(Document::from_value(&json!(plain)), Ok(expected.clone()));
        assert_eq!(Document::from_value(&json!(format!("\n {encoded}\t"))), Ok(expected.clone()));
        assert_eq!(expected.statements[0].actions, Scope::AllBut(vec!["iam:*".to_owned()]));
        assert_eq!(expected.statements[0].resources, Some(Scope::AllBut(vec!["a".to_owned()])));
    }

    #[test]
    fn a_percent_sign_that_escapes_nothing_stays() {
        assert_eq!(percent_decoded("%7Ba%2%zz%"), Some("{a%2%zz%".to_owned()));
    }

    #[test]
    fn elements_are_known_whatever_their_case() {
        let document = Document::from_value(&json!({"statement": {"EFFECT": "Allow", "action": "*", "resource": "*"}}));
        assert_eq!(document.unwrap().statements[0].actions, Scope::Only(vec!["*".to_owned()]));
    }

    #[test]
    fn principals_of_every_form_are_read() {
        let read = |value: &Value| {
            let document = Document::from_value(&with("Principal", value)).unwrap();
            let Some(Scope::Only(principals)) = document.statements[0].principals.clone() else {
                panic!("no principals")
            };
            principals
                .into_iter()
                .map(|Principal { kind, name }| format!("{kind:?} {name}"))
                .collect::<Vec<_>>()
                .join("; ")
        };
        assert_eq!(read(&json!("*")), "Aws *");
        assert_eq!(read(&json!({"AWS": "*"})), "Aws *");
        assert_eq!(read(&json!({"aws": ["111122223333", 123_456_789_012_u64]})), "Aws 111122223333; Aws 123456789012");
        let several =
            json!({"Service": "ec2.amazonaws.com", "Federated": ["a", "b"], "CanonicalUser": "c", "New": "d"});
        let text = read(&several);
        for one in ["Service ec2.amazonaws.com", "Federated a", "Federated b", "CanonicalUser c", "Other d"] {
            assert!(text.contains(one), "{one} is not in {text}");
        }
    }

    #[test]
    fn condition_values_of_every_type_are_text() {
        let condition = json!({
            "Bool": {"aws:MultiFactorAuthPresent": true},
            "NumericLessThan": {"aws:MultiFactorAuthAge": [3600, 1.5]},
            "StringEquals": {},
        });
        let document = Document::from_value(&with("Condition", &condition)).unwrap();
        let values: Vec<&String> = document.statements[0].conditions.iter().flat_map(|c| &c.values).collect();
        assert_eq!(values, ["true", "3600", "1.5"]);
        assert_eq!(Document::from_value(&with("Condition", &json!({}))).unwrap().statements[0].conditions, []);
    }

    #[test]
    fn what_is_illegal_is_said_with_its_place() {
        insta::assert_snapshot!(
            [
                illegal(&json!([])),
                illegal(&json!("")),
                illegal(&json!("\"\\\"1\\\"\"")),
                illegal(&json!("%7B%22%FF%22%7D")),
                illegal(&json!({"Version": "2012-10-17"})),
                illegal(&json!({"Version": 2012, "Statement": []})),
                illegal(&json!({"Statement": "all"})),
                illegal(&json!({"Statement": [{"Action": "*"}]})),
                illegal(&with("Effect", &json!("allow"))),
                illegal(&with("Action", &json!(7))),
                illegal(&with("action", &json!("*"))),
                illegal(&with("NotAction", &json!("*"))),
                illegal(&with("Resource", &json!(["*", null]))),
                illegal(&with("Principal", &json!({"AWS": {"all": true}}))),
                illegal(&with("Condition", &json!("never"))),
                illegal(&with("Condition", &json!({"Bool": true}))),
                illegal(&with("Condition", &json!({"Bool": {"aws:SecureTransport": null}}))),
                illegal(&json!({"Statement": [with("Sid", &json!("A"))["Statement"][0], {"Effect": "Deny"}]})),
            ]
            .join("\n"),
            @r"
            the document: it is a list, not an object
            the document: it is no JSON: EOF while parsing a value at line 1 column 0
            the document: it is a string, not an object
            the document: its URL encoding is no UTF-8
            the document: it has no `Statement`
            the document: `Version` is a number, not a string
            statement 1: it is a string, not an object
            statement 1: it has no `Effect`
            statement 1: `Effect` is `allow`, not `Allow` or `Deny`
            statement 1: `Action` is a number, not a string or a list of strings
            statement 1: `Action` is there twice
            statement 1: it has both `Action` and `NotAction`
            statement 1: `Resource` is null, not a string or a list of strings
            statement 1: `Principal` is an object, not a string, a number, a boolean or a list of these
            statement 1: `Condition` is a string, not an object
            statement 1: `Bool` is a boolean, not an object
            statement 1: `aws:SecureTransport` is null, not a string, a number, a boolean or a list of these
            statement 2: it has neither `Action` nor `NotAction`
            "
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key = prop_oneof![
            prop::sample::select(vec![
                "Version",
                "Statement",
                "statement",
                "Sid",
                "Effect",
                "Principal",
                "NotPrincipal",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
                "AWS",
                "StringEquals",
            ])
            .prop_map(str::to_owned),
            ".{0,4}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
            prop::sample::select(vec!["Allow", "Deny", "*", "iam:*", "*:*", "sts:AssumeRole", "111122223333"])
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn judge(document: Result<Document, Illegal>) {
        let Ok(document) = document else { return };
        let _ = (document.privilege(), document.privilege_if(), document.trusted("111122223333"), document.in_words());
        let _ = document.judge("111122223333", Some("deploy"), &crate::config::Config::default());
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(value in any_json()) {
            judge(Document::from_value(&value));
            judge(Document::parse(&value.to_string()));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            judge(Document::parse(&String::from_utf8_lossy(&bytes)));
        }

        #[test]
        fn no_escapes_make_it_panic(text in "%[%7BbDd2:\"x]{0,40}") {
            judge(Document::parse(&text));
        }
    }
}
