//! Text for a terminal. Much of it is the words of whoever is being watched.

use std::io::{self, Write};

use iamwatch::alert::text::is_unseen;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// The standard output. A reader that goes away, such as `head`, is an error like any other, and ends the program quietly.
pub(crate) fn out() -> io::StdoutLock<'static> {
    io::stdout().lock()
}

/// Says what went wrong. Nobody may be listening: that is no reason to stop.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "iamwatch: {}", clean(text));
}

/// One line without anything that moves the cursor, changes colours or hides text.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_unseen(c) { '\u{fffd}' } else { c }).collect()
}

/// One line of JSON, in which what [`clean`] would take out is escaped.
pub(crate) fn json(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaping)).map_err(io::Error::from)
}

/// A number that can be read.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if is_unseen(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{c}")?;
            }
        }
        Ok(())
    }
}
