//! Short keys for what may be of any length and any text: the same for the same parts in every run and function.

use sha2::{Digest, Sha256};

/// The first `bytes` bytes of a hash over `parts`, as hexadecimal digits. A length goes before each part: no choice of
/// texts makes two lists look like one.
pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a str>, bytes: usize) -> String {
    digits(hash(parts).iter().take(bytes))
}

/// As [`of`], as bytes.
pub(crate) fn bytes<'a, const BYTES: usize>(parts: impl IntoIterator<Item = &'a str>) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes.iter_mut().zip(hash(parts)).for_each(|(byte, hashed)| *byte = hashed);
    bytes
}

/// The SHA-256 of a text alone, as others compute it.
pub(crate) fn sha256(text: &str) -> String {
    digits(Sha256::digest(text.as_bytes()).iter())
}

/// Bytes as hexadecimal digits.
pub(crate) fn digits<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    let digit = |number: u8| char::from_digit(number.into(), 16);
    bytes.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect()
}

fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        assert_ne!(super::of(["ab", "c"], 16), super::of(["a", "bc"], 16));
        assert_ne!(super::of(["ab"], 16), super::of(["ab", ""], 16));
        assert_eq!(super::of(["ab", "c"], 6).len(), 12);
    }

    #[test]
    fn the_hash_of_a_text_is_that_of_other_programs() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256("abc"), abc);
    }
}
