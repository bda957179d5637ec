//! The one sanitiser.
//!
//! Names, user agents, messages and parameters are the caller's words. A reader must see them as one line of plain text:
//! nothing in them may end a line, move a cursor, hide or turn round other text, or be too long to read.

use std::iter::Peekable;
use std::str::Chars;

/// The longest that one field of an event gets, in characters.
pub const FIELD: usize = 200;
/// How wide prose is set, in characters.
pub const WIDTH: usize = 78;
/// What stands where text was cut.
const ELLIPSIS: char = '…';

/// One line of plain text of at most [`FIELD`] characters: control characters, terminal escapes, and characters that are
/// invisible or change the direction of writing are left out, and line breaks and runs of blanks become one space.
#[must_use]
pub fn clean(text: &str) -> String {
    clean_to(text, FIELD)
}

/// The same with a limit of its own, the ellipsis included.
#[must_use]
pub fn clean_to(text: &str, max: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    let mut blank = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if matches!(char, '\u{1b}' | '\u{9b}') {
            skip_escape(char, &mut chars);
        } else if char.is_whitespace() {
            blank = length > 0;
        } else if !is_unseen(char) {
            length += usize::from(blank) + 1;
            if length > max {
                return cut(&shown, max);
            }
            if blank {
                shown.push(' ');
                blank = false;
            }
            shown.push(char);
        }
    }
    shown
}

/// The same as a person may be shown it: addresses of web pages are written so that no mail program or chat makes a link
/// of them.
#[must_use]
pub fn shown(text: &str) -> String {
    clean(text).replace("://", "[:]//").replace("www.", "www[.]")
}

/// `text` if it is clean as it stands: for commands, which are right as a whole or not at all.
#[must_use]
pub fn as_is(text: &str) -> Option<&str> {
    (text.len() <= 2_000 && clean_to(text, 2_000) == text).then_some(text)
}

/// Printable ASCII; whatever else becomes `?`.
#[must_use]
pub fn ascii(text: &str) -> String {
    let printable = |char: char| if matches!(char, ' '..='~') { char } else { '?' };
    text.replace(ELLIPSIS, "...").chars().map(printable).collect()
}

/// ASCII text of at most `max` characters, `...` at its end where it was cut.
#[must_use]
pub fn ascii_to(text: &str, max: usize) -> String {
    let text = ascii(text);
    if text.len() <= max {
        return text;
    }
    let kept: String = text.chars().take(max.saturating_sub(3)).collect();
    let cut = format!("{}...", kept.trim_end().trim_end_matches('.'));
    cut.chars().take(max).collect()
}

/// Prose in lines of at most [`WIDTH`] characters, each after `indent`; a word that is longer has a line of its own.
#[must_use]
pub fn wrap(text: &str, indent: &str) -> Vec<String> {
    hang(text, indent, indent)
}

/// The same, the first line after `first`.
#[must_use]
pub fn hang(text: &str, first: &str, indent: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    if !empty {
        lines.push(line);
    }
    lines
}

/// As many whole lines of `text` as fit into `max` bytes, and a word that there were more.
pub(super) fn first_lines(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut kept = String::new();
    for line in text.lines() {
        if kept.len() + line.len() + 1 > max {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept + "\nCut here: too long for one message. The finding on the bus is whole.\n"
}

fn cut(text: &str, max: usize) -> String {
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    let mut cut = kept.trim_end().to_owned();
    if max > 0 {
        cut.push(ELLIPSIS);
    }
    cut
}

/// Skips what a terminal would take for a command. Of those that carry text (a window's title), the text stays: nothing
/// can be hidden behind one that never ends.
fn skip_escape(introducer: char, chars: &mut Peekable<Chars<'_>>) {
    let sequence = introducer == '\u{9b}' || chars.next_if_eq(&'[').is_some();
    if sequence {
        while chars.next_if(|char| matches!(char, ' '..='?')).is_some() {}
        chars.next_if(|char| matches!(char, '@'..='~'));
    } else {
        while chars.next_if(|char| matches!(char, ' '..='/')).is_some() {}
        chars.next_if(|char| matches!(char, '0'..='~'));
    }
}

/// Whether a character shows nothing, or changes how others are shown.
#[must_use]
pub fn is_unseen(char: char) -> bool {
    let no_character = u32::from(char) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&char);
    char.is_control()
        || no_character
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{180b}'..='\u{180f}'
            // Zero-width characters, marks of direction, embeddings and overrides, isolates, invisible operators.
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Variation selectors, interlinear annotations, tags.
            | '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_cannot_end_its_line() {
        assert_eq!(clean("bob\r\n\r\nSeverity: LOW\u{2028}x\u{85}y\tz"), "bob Severity: LOW x y z");
    }

    #[test]
    fn terminal_escapes_leave_nothing_behind_and_hide_nothing() {
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m \u{9b}1;1Hhome"), "red home");
        assert_eq!(clean("\u{1b}]0;title\u{7}after"), "0;titleafter");
        assert_eq!(clean("\u{1b}(Bascii \u{1b}"), "ascii");
    }

    #[test]
    fn text_that_runs_backwards_or_is_invisible_is_shown_as_it_is_spelt() {
        assert_eq!(clean("nimda\u{202e}admin\u{202c}"), "nimdaadmin");
        assert_eq!(clean("ad\u{200b}m\u{ad}in\u{feff}\u{e0041}"), "admin");
    }

    #[test]
    fn a_long_field_is_cut_with_an_ellipsis() {
        let cut = clean(&"x".repeat(1_000));
        assert_eq!(cut.chars().count(), FIELD);
        assert!(cut.ends_with('…'));
        assert_eq!(clean(&"x".repeat(FIELD)), "x".repeat(FIELD));
    }

    #[test]
    fn no_program_makes_a_link_of_what_an_event_says() {
        assert_eq!(shown("see https://aws.example/login"), "see https[:]//aws.example/login");
    }

    #[test]
    fn a_command_is_whole_or_absent() {
        assert_eq!(as_is("aws iam x --user-name=bob"), Some("aws iam x --user-name=bob"));
        assert_eq!(as_is("aws iam x\nrm -rf ."), None);
    }

    #[test]
    fn prose_is_wrapped_at_words_under_its_indent() {
        let lines = hang(&"word ".repeat(29), "1. ", "   ");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines.iter().skip(1).all(|line| line.starts_with("   word")));
        assert_eq!(lines.len(), 2);
    }

    proptest! {
        #[test]
        fn clean_text_is_one_short_visible_line(text in any::<String>(), max in 0_usize..300) {
            let cleaned = clean_to(&text, max);
            prop_assert!(cleaned.chars().count() <= max);
            prop_assert!(!cleaned.chars().any(|char| is_unseen(char) || (char.is_whitespace() && char != ' ')));
            prop_assert_eq!(cleaned.trim(), &cleaned);
            prop_assert_eq!(clean_to(&cleaned, max), cleaned);
        }

        #[test]
        fn escapes_in_any_place_are_left_out(text in "([\u{1b}\u{9b}\u{90}\\[\\]0-9;m\u{7}\u{202e}\r\na-c]|.){0,80}") {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.chars().any(is_unseen));
            prop_assert_eq!(clean(&cleaned), cleaned);
        }

        #[test]
        fn ascii_text_is_printable_and_as_short_as_asked(text in any::<String>(), max in 0_usize..120) {
            let cut = ascii_to(&text, max);
            prop_assert!(cut.len() <= max);
            prop_assert!(cut.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }

        #[test]
        fn wrapping_loses_no_word(text in any::<String>()) {
            let lines = wrap(&text, "  ");
            let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            prop_assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
        }
    }
}
