//! The text message: severity, who did what, where.

use super::text::{ascii, ascii_to};
use super::words::Words;

/// One message of GSM 7-bit characters.
const LONGEST: usize = 160;

/// At most 160 characters, each of which takes one place in GSM 7-bit. The account's name stays when the rest is cut.
pub(super) fn of(words: &Words<'_>) -> String {
    let often = words.often().map(|often| format!(", {often}")).unwrap_or_default();
    let place = words.account_name().map(|name| format!(" in {}", ascii_to(&name, 40))).unwrap_or_default();
    let head = format!("{}: ", words.finding.severity);
    let room = LONGEST.saturating_sub(head.len() + place.len() + often.len());
    let act = words.act();
    // A long name must not push what was done out of the message.
    let who = ascii_to(&words.who(), (room / 2).max(room.saturating_sub(ascii(&act).len() + 1)));
    let act = ascii_to(&act, room.saturating_sub(who.len() + 1));
    gsm(&format!("{head}{who} {act}{place}{often}"))
}

/// ASCII without what GSM 7-bit lacks, or spells with two places.
pub(super) fn gsm(text: &str) -> String {
    let alike = |char: char| match char {
        '[' | '{' => '(',
        ']' | '}' => ')',
        '`' => '\'',
        '\\' | '|' => '/',
        '~' | '^' => '-',
        other => other,
    };
    ascii_to(text, LONGEST).chars().map(alike).collect()
}
