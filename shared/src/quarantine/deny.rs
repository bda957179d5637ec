//! What our policies say. Whoever can write them can make them allow everything, and a name proves nothing: the deny policy is
//! read before it is used, and both are with every proof.

use jiff::Timestamp;

use crate::policy::{Document, Statement};
use crate::undo;

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

/// Before what time a role's sessions were opened that are denied everything by the policy with which we end them; `None` where
/// it says anything else.
#[must_use]
pub fn ended_before(document: &str) -> Option<Timestamp> {
    let said = Document::parse(document).ok()?;
    let time = said.statements.first().and_then(|Statement { conditions, .. }| conditions.first()?.values.first())?;
    let ours = Document::parse(&undo::sessions_ended(time)).ok()?;
    if said == ours { time.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{DENY_EVERYTHING, ended_before, rewritten};
    use crate::undo::sessions_ended;

    #[test]
    fn only_the_document_that_ends_sessions_ends_them() {
        let document = sessions_ended("2026-03-01T03:00:00Z");
        assert_eq!(ended_before(&document), "2026-03-01T03:00:00Z".parse().ok());
        for (ours, theirs) in [
            ("Deny", "Allow"),
            (r#""Action":"*""#, r#""Action":"s3:*""#),
            ("DateLessThan", "DateGreaterThan"),
            ("aws:TokenIssueTime", "aws:CurrentTime"),
            ("2026-03-01T03:00:00Z", "never"),
            ("2026-03-01T03:00:00Z", "\",\"x"),
            (r#""Statement":["#, r#""Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},"#),
        ] {
            assert!(document.contains(ours));
            assert_eq!(ended_before(&document.replace(ours, theirs)), None, "{theirs}");
        }
        assert_eq!(ended_before(DENY_EVERYTHING), None);
        assert_eq!(ended_before(""), None);
    }

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
