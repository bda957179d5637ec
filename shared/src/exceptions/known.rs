//! What a process knows of the exceptions, and how long it may believe it.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Exception, Exceptions, read};

/// How old it may be.
const MAX_AGE: SignedDuration = SignedDuration::from_secs(60);

/// A parameter as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    pub text: String,
    /// The exception in it, or why it is not used.
    pub read: Result<Exception, String>,
}

/// The exceptions as they were read last. Before that there are none: an alert too many is better than one too few.
#[derive(Debug, Default)]
pub struct Known {
    /// When they were last asked for, with or without an answer: whoever does not answer is not asked for each event.
    asked: Option<Timestamp>,
    answered: bool,
    exceptions: Exceptions,
}

impl Stored {
    /// Reads a parameter. Whoever may write parameters is held to the same rules as the file.
    #[must_use]
    pub fn of(id: &str, text: &str, today: Date) -> Self {
        Self { id: id.to_owned(), text: text.to_owned(), read: understood(id, text, today) }
    }
}

fn understood(id: &str, text: &str, today: Date) -> Result<Exception, String> {
    let said: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("it is no JSON object: {error}"))?;
    let exception = read(&said, today).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.into_iter().map(|mistake| mistake.what).collect();
        mistakes.join("; ")
    })?;
    if exception.id == id { Ok(exception) } else { Err(format!("it says that it is `{}`", exception.id)) }
}

impl Known {
    /// Whether they must be read again.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.asked.is_none_or(|asked| now.duration_since(asked).abs() >= MAX_AGE)
    }

    /// Takes an answer, or why there is none. Says what the operators should know.
    pub fn learn(&mut self, answer: Result<Vec<Stored>, String>, now: Timestamp) -> Vec<String> {
        self.asked = Some(now);
        match answer {
            Ok(stored) => {
                self.answered = true;
                let unused = |stored: &Stored| {
                    let why = stored.read.as_ref().err()?;
                    Some(format!("exception `{}` suppresses nothing: {why}", stored.id))
                };
                let said = stored.iter().filter_map(unused).collect();
                self.exceptions = stored.into_iter().filter_map(|stored| stored.read.ok()).collect();
                said
            }
            Err(why) if self.answered => {
                vec![format!("the exceptions were not read again, those read before stay in use: {why}")]
            }
            Err(why) => vec![format!("the exceptions were not read, and nothing is suppressed until they are: {why}")],
        }
    }

    /// Whether they were read, and there are none.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.answered && self.exceptions.0.is_empty()
    }

    /// Those to go by.
    #[must_use]
    pub fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }
}
