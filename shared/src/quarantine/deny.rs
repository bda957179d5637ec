//! What our deny policy says. Whoever can write a new version of it can make it allow everything: it is read before it is used,
//! and with every proof.

use crate::policy::Document;

/// What the stack's deny policy says, and nothing else.
pub const DENY_EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Everything","Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// How each reason begins why it does not deny everything.
pub(crate) const DISARMED: &str = "our deny policy";

/// What stands in the policy instead of our document, for the reader; `None` where it says what it must.
#[must_use]
pub fn rewritten(document: &str) -> Option<String> {
    match (Document::parse(document), Document::parse(DENY_EVERYTHING)) {
        (Ok(said), Ok(ours)) if said == ours => None,
        (Ok(said), _) => Some(format!("{DISARMED} was rewritten and says: {}", said.in_words())),
        (Err(why), _) => Some(format!("{DISARMED} was rewritten and cannot be read ({why})")),
    }
}

#[cfg(test)]
mod tests {
    use super::{DENY_EVERYTHING, rewritten};

    #[test]
    fn nothing_but_our_document_is_our_document() {
        assert_eq!(rewritten(DENY_EVERYTHING), None);
        let spaced = DENY_EVERYTHING.replace(',', " ,\n ");
        assert_eq!(rewritten(&spaced), None);
        assert_eq!(rewritten(&spaced.replace('{', "%7B").replace('}', "%7D")), None, "as IAM sends it");
        for (ours, theirs) in [
            ("Deny", "Allow"),
            (r#""Action":"*""#, r#""NotAction":"*""#),
            (r#""Action":"*""#, r#""Action":"s3:*""#),
            (r#""Resource":"*""#, r#""Resource":"arn:aws:s3:::b""#),
            (r#""Resource":"*""#, r#""Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#),
            (r#""Statement":["#, r#""Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},"#),
            ("Everything", "Nothing"),
            ("Statement", "Nothing"),
        ] {
            let said = rewritten(&DENY_EVERYTHING.replace(ours, theirs));
            assert!(said.is_some_and(|said| said.contains("rewritten")), "{theirs}");
        }
        assert!(rewritten("").is_some());
    }
}
