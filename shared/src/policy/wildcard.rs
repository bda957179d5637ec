//! IAM's wildcards: `*` is any number of characters, `?` is one.

/// Whether the whole of `text` matches. Never slower than the product of both lengths, whatever the pattern.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |want, have| want == '?' || want == have)
}

/// As [`matches`], without regard to the case of ASCII letters: how IAM compares actions.
pub(super) fn matches_in_any_case(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |want, have| want == '?' || want.eq_ignore_ascii_case(&have))
}

/// Whether everything that `inner` matches is matched by `pattern` too. A no may be wrong where `inner` has wildcards of
/// an odd form, a yes never is.
pub(super) fn contains(pattern: &str, inner: &str) -> bool {
    matches_by(pattern, inner, |want, have| have != '*' && (want == '?' || want == have))
}

fn matches_by(pattern: &str, text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut wanted, mut rest) = (pattern.chars(), text.chars());
    // Where to go on after a mismatch: behind the last `*`, which then takes one more character.
    let mut retry = None;
    loop {
        let before = rest.clone();
        match (wanted.next(), rest.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                rest = before;
                retry = Some((wanted.clone(), rest.clone()));
            }
            (Some(want), Some(have)) if same(want, have) => {}
            (Some(_), None) => return false,
            (_, Some(_)) => {
                let Some((behind, taken)) = &mut retry else { return false };
                taken.next();
                wanted = behind.clone();
                rest = taken.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// The definition of a wildcard, word by word, as slow as it is plain.
    fn plainly(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|taken| plainly(rest, &text[taken..])),
            Some(('?', rest)) => !text.is_empty() && plainly(rest, &text[1..]),
            Some((want, rest)) => text.first() == Some(want) && plainly(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn the_quick_matcher_agrees_with_the_plain_one(pattern in "[ab*?é]{0,7}", text in "[abé]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(super::matches(&pattern, &text), plainly(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn case_is_all_that_the_other_one_ignores(pattern in "[aB*?]{0,6}", text in "[AbaB]{0,8}") {
            let expected = super::matches(&pattern.to_lowercase(), &text.to_lowercase());
            prop_assert_eq!(super::matches_in_any_case(&pattern, &text), expected);
        }
    }
}
