//! Secrets never leave the record they came in: they are removed before anything is stored, logged or sent.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// What the key of a secret has in it, by its first two letters in lower case.
const WORDS: [([u8; 2], &[&str]); 12] = [
    (*b"ac", &["accesstoken"]),
    (*b"ap", &["apikeyvalue"]),
    (*b"au", &["authorizationtoken", "authtoken"]),
    (*b"be", &["bearertoken"]),
    (*b"id", &["identitytoken"]),
    (*b"pa", &["passphrase", "password"]),
    (*b"pr", &["privatekey"]),
    (*b"re", &["refreshtoken"]),
    (*b"sa", &["samlassertion"]),
    (*b"se", &["secret", "sessiontoken"]),
    (*b"si", &["signintoken"]),
    (*b"to", &["tokencode"]),
];

/// Those that begin with these letters.
fn secrets_from(letters: [u8; 2]) -> &'static [&'static str] {
    WORDS.iter().find(|(known, _)| *known == letters).map_or(&[], |(_, words)| words)
}

/// For each first letter of these words, a bit for each second one: at most places of most keys none can begin.
const SECONDS: [u32; 32] = {
    let mut seconds = [0; 32];
    let mut rest = WORDS.as_slice();
    while let [([one, two], _), others @ ..] = rest {
        if let Some(bits) = seconds.split_at_mut(in_alphabet(*one)).1.first_mut() {
            *bits |= 1 << in_alphabet(*two);
        }
        rest = others;
    }
    seconds
};

/// The same for a capital letter. Other bytes have the place of some letter, too.
const fn in_alphabet(letter: u8) -> usize {
    (letter & 0x1f) as usize
}

/// Whether one of these words may begin with that.
fn may_begin(one: u8, two: u8) -> bool {
    SECONDS.get(in_alphabet(one)).is_some_and(|bits| bits >> in_alphabet(two) & 1 == 1)
}

/// Bytes of the shortest of these words.
const SHORTEST: usize = "secret".len();

/// The bit that makes a letter of ASCII a small one. What it makes of other bytes is no letter.
const LOWER: u8 = 0x20;

/// Keys that name a secret without holding it.
const NAMES_A_SECRET: [&str; 8] = [
    "secretid",
    "secretarn",
    "secretname",
    "secretidlist",
    "secretversionid",
    "secretkmskeyid",
    "passwordlastused",
    "passwordpolicy",
];

/// Bytes of what is kept of a record.
const KEPT: usize = 8_192;
/// Bytes of one text of it, tried in turn until all is short enough.
const LONGEST: [usize; 3] = [256, 64, 16];
/// Members of one list or object of it.
const MEMBERS: usize = 40;
/// How deep it is.
const DEPTH: usize = 8;
/// What is kept of a record of which nothing else is short enough.
const AT_LEAST: [&str; 10] = [
    "awsRegion",
    "errorCode",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "recipientAccountId",
    "requestID",
    "sourceIPAddress",
    "userIdentity",
];

/// What is kept of a record from which [`secrets`] were removed: no policies, no long texts, no more than [`KEPT`] bytes.
pub(super) fn kept(record: &Map<String, Value>) -> Value {
    let short = |record: Map<String, Value>, longest| {
        let mut record = Value::Object(record);
        shorten(&mut record, longest, DEPTH);
        Some(record).filter(|record| record.to_string().len() <= KEPT)
    };
    let least = || {
        let known = AT_LEAST.iter().filter_map(|key| Some(((*key).to_owned(), record.get(*key)?.clone())));
        let mut least: Map<String, Value> = known.collect();
        // Whoever chose names without end in it chose not to be seen.
        if let Some(Value::Object(identity)) = least.get_mut("userIdentity") {
            identity.retain(|_, value| value.is_string());
        }
        short(least, 128)
    };
    LONGEST.iter().find_map(|longest| short(record.clone(), *longest)).or_else(least).unwrap_or(Value::Null)
}

fn shorten(value: &mut Value, longest: usize, depth: usize) {
    match value {
        Value::String(text) if text.len() > longest => {
            let bytes = text.len();
            text.truncate(text.floor_char_boundary(longest));
            *text += format!("[cut: {bytes} bytes]").as_str();
        }
        Value::Array(_) | Value::Object(_) if depth == 0 => *value = Value::from("[cut: too deep]"),
        Value::Array(list) => {
            let more = list.len().saturating_sub(MEMBERS);
            list.truncate(MEMBERS);
            for value in list.iter_mut() {
                shorten(value, longest, depth - 1);
            }
            if more > 0 {
                list.push(Value::from(format!("[cut: {more} more]")));
            }
        }
        Value::Object(map) => {
            let more = map.len().saturating_sub(MEMBERS);
            let members = std::mem::take(map).into_iter().take(MEMBERS);
            map.extend(members.map(|(mut key, mut value)| {
                if is_policy(&key, &value) {
                    value = Value::from(format!("[cut: a policy of {} bytes]", text_of(&value).len()));
                }
                shorten(&mut value, longest, depth - 1);
                key.truncate(key.floor_char_boundary(longest));
                (key, value)
            }));
            if more > 0 {
                map.insert("[cut]".to_owned(), Value::from(format!("{more} more")));
            }
        }
        _ => {}
    }
}

/// Whether it is the text of a policy: as JSON, or as IAM writes it in URLs.
fn is_policy(key: &str, value: &Value) -> bool {
    let key = key.to_ascii_lowercase();
    let named = key.contains("policy") || key.contains("document");
    named
        && (value.is_object() || ["{", "%7B", "%7b"].iter().any(|begin| text_of(value).trim_start().starts_with(begin)))
}

fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// Replaces the text under every key that speaks of a session token, a secret or a password, at any depth.
///
/// Flags such as `passwordResetRequired` stay: only text can be a secret.
pub(super) fn secrets(record: &mut Map<String, Value>) {
    for (key, value) in record.iter_mut() {
        if holds_a_secret(key) {
            blank(value);
        } else {
            descend(value);
        }
    }
}

fn descend(value: &mut Value) {
    match value {
        Value::Object(map) => secrets(map),
        Value::Array(list) => list.iter_mut().for_each(descend),
        _ => {}
    }
}

/// Replaces all text at and below a key that holds a secret: some services nest it one level deeper.
fn blank(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_empty() => REDACTED.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(blank),
        Value::Object(map) => {
            map.iter_mut().filter(|(key, _)| !names_a_secret(key)).for_each(|(_, value)| blank(value));
        }
        _ => {}
    }
}

fn names_a_secret(key: &str) -> bool {
    NAMES_A_SECRET.contains(&key.to_ascii_lowercase().as_str())
}

fn holds_a_secret(key: &str) -> bool {
    if !names_one(key.as_bytes()) {
        return false;
    }
    // `responseElements.PasswordUpdated` and the like answer "Success": an outcome, not a password.
    let outcome = ["Updated", "Requested", "Completed"].iter().any(|end| key.ends_with(end));
    !outcome && !names_a_secret(key)
}

/// Whether the word for a secret is part of a key, in any case. Every key of every record is asked: it makes no copy.
fn names_one(key: &[u8]) -> bool {
    let is_at = |place: usize, word: &str| {
        key.get(place..place + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    key.windows(SHORTEST).enumerate().any(|(place, part)| {
        let Some(letters @ [one, two]) = part.first_chunk::<2>() else { return false };
        may_begin(*one, *two)
            && secrets_from(letters.map(|letter| letter | LOWER)).iter().any(|word| is_at(place, word))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn every_word_for_a_secret_stands_under_its_letters_and_is_found_in_any_case() {
        let pairs = (b'a'..=b'z').flat_map(|one| (b'a'..=b'z').map(move |two| [one, two]));
        let words: Vec<_> =
            pairs.flat_map(|letters| super::secrets_from(letters).iter().map(move |w| (letters, w))).collect();
        assert_eq!(words.len(), 15);
        for (letters, word) in words {
            assert_eq!(word.as_bytes()[..2], letters);
            assert!(word.len() >= super::SHORTEST);
            assert!(super::names_one(format!("my{}", word.to_ascii_uppercase()).as_bytes()), "{word}");
            assert!(super::names_one(word.as_bytes()), "{word}");
        }
        assert!(!super::names_one(b"subnetPasswor"));
        assert!(!super::names_one(b"s"));
    }

    #[test]
    fn secrets_are_blanked_at_any_depth_and_flags_and_names_stay() {
        let mut record = json!({
            "responseElements": {
                "credentials": {"sessionToken": "FwoG", "accessKeyId": "ASIAIOSFODNN7EXAMPLE", "secretAccessKey": "x"},
                "PasswordUpdated": "Success",
                "serviceSpecificCredential": {"servicePassword": "y", "serviceCredentialSecret": "z"},
            },
            "requestParameters": {
                "masterUserPassword": {"value": "hunter2"},
                "masterUserSecret": {"secretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:db", "value": "v"},
                "webIdentityToken": "eyJ",
                "passwordResetRequired": false,
                "secretId": "prod/db",
                "list": [{"Password": "p"}],
            },
        });
        super::secrets(record.as_object_mut().unwrap());
        assert_eq!(
            record,
            json!({
                "responseElements": {
                    "credentials": {
                        "sessionToken": "[redacted]",
                        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
                        "secretAccessKey": "[redacted]",
                    },
                    "PasswordUpdated": "Success",
                    "serviceSpecificCredential": {
                        "servicePassword": "[redacted]",
                        "serviceCredentialSecret": "[redacted]",
                    },
                },
                "requestParameters": {
                    "masterUserPassword": {"value": "[redacted]"},
                    "masterUserSecret": {
                        "secretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:db",
                        "value": "[redacted]",
                    },
                    "webIdentityToken": "[redacted]",
                    "passwordResetRequired": false,
                    "secretId": "prod/db",
                    "list": [{"Password": "[redacted]"}],
                },
            })
        );
    }

    #[test]
    fn what_is_kept_of_an_event_has_no_policy_and_is_short_whatever_was_sent() {
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let mut sent = json!({
            "eventID": "e", "eventName": "PutUserPolicy",
            "userIdentity": {"arn": "arn:aws:iam::111122223333:user/ann", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
            "requestParameters": {"userName": "bob", "policyDocument": document, "policyName": "p",
                "bucketPolicy": {"Statement": [{"Effect": "Allow"}]}, "password": "hunter2"},
            "responseElements": {"assumeRolePolicyDocument": "%7B%22Version%22%3A1%7D"},
            "userAgent": "x".repeat(1_000),
        });
        super::secrets(sent.as_object_mut().unwrap());
        let kept = super::kept(sent.as_object().unwrap());
        assert_eq!(
            kept["requestParameters"],
            json!({"userName": "bob", "policyDocument": format!("[cut: a policy of {} bytes]", document.len()),
                "policyName": "p", "bucketPolicy": "[cut: a policy of 34 bytes]", "password": "[redacted]"})
        );
        assert_eq!(kept["responseElements"]["assumeRolePolicyDocument"], "[cut: a policy of 23 bytes]");
        assert_eq!(kept["userAgent"], format!("{}[cut: 1000 bytes]", "x".repeat(256)));
        assert_eq!(kept["userIdentity"], sent["userIdentity"]);

        let long = "é\"".repeat(500);
        let many: serde_json::Map<_, _> =
            (0..100).map(|n| (format!("{n}{long}"), json!(vec![long.clone(); 100]))).collect();
        let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
        for parameters in [json!(many), json!(vec![json!(many); 100]), deep, json!(long)] {
            sent["requestParameters"] = parameters.clone();
            sent["userIdentity"]["sessionContext"] = parameters;
            let kept = super::kept(sent.as_object().unwrap());
            assert!(kept.to_string().len() <= super::KEPT);
            assert_eq!(kept["eventID"], "e");
            assert_eq!(kept["userIdentity"]["arn"], "arn:aws:iam::111122223333:user/ann");
        }
    }
}
