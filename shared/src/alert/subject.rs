//! The subject line of an e-mail.

use std::fmt;

use super::text;
use super::words::Words;

/// Characters that a subject has at most: SNS refuses 100, and with the subject the alert.
const LONGEST: usize = 99;
/// What a subject of nothing says: SNS refuses an empty one.
const NAMELESS: &str = "iamwatch alert";

/// A subject that SNS accepts: printable ASCII, no line break, 1 to 99 characters, the first of them no blank. There is no
/// other way to make one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// Makes a subject of any text: what is not printable ASCII becomes `?`, and what is too long is cut.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let subject = text::ascii_to(&text::clean_to(text, 2 * LONGEST), LONGEST);
        Self(if subject.is_empty() { NAMELESS.to_owned() } else { subject })
    }

    /// The subject itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

impl From<&str> for Subject {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq<str> for Subject {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Subject {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// Severity, how often, what was done, and the account's name, which stays when the rest is cut. Who did it is said where
/// nothing else tells: iamwatch itself, or an act on nobody but the actor, such as a sign-in.
pub(super) fn of(words: &Words<'_>) -> Subject {
    let often = words.often().map(|often| format!("{often}: ")).unwrap_or_default();
    let on_others = words.record.is_none() && words.target().is_some() && !words.acts_on_actor();
    let who = if on_others { String::new() } else { format!("{} ", text::ascii_to(&words.who(), 50)) };
    let head = format!("[{}] {often}{who}", words.finding.severity);
    let account = words.account_name().map(|name| format!(" - {}", text::ascii_to(&name, 40))).unwrap_or_default();
    let act = text::ascii_to(&words.act(), LONGEST.saturating_sub(head.len() + account.len()));
    Subject::new(&format!("{head}{act}{account}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_subject_of_nothing_still_says_something() {
        assert_eq!(Subject::new("\r\n\u{200b}"), "iamwatch alert");
    }

    #[test]
    fn letters_that_mail_headers_cannot_hold_become_question_marks() {
        assert_eq!(Subject::new("[HIGH] Zoë\nadded käyttäjä"), "[HIGH] Zo? added k?ytt?j?");
    }

    proptest! {
        #[test]
        fn any_text_makes_a_subject_that_sns_accepts(text in any::<String>()) {
            let subject = Subject::new(&text);
            let bytes = subject.as_str().as_bytes();
            prop_assert!((1..100).contains(&bytes.len()));
            prop_assert!(bytes.iter().all(|byte| (b' '..=b'~').contains(byte)));
            prop_assert!(!bytes.starts_with(b" "));
        }
    }
}
