//! Commands that take an act back, ready to paste.
//!
//! Names come from events, so from attackers: a command is given only where every name in it has the form that IAM
//! allows, and none where one has not. Values follow `=`, so that no name is taken for an option.

/// `aws iam update-access-key … Inactive`.
#[must_use]
pub fn disable_access_key(user: &str, key: &str) -> Option<String> {
    Some(format!(
        "aws iam update-access-key --user-name={} --access-key-id={} --status=Inactive",
        name(user)?,
        access_key(key)?
    ))
}

/// `aws iam update-access-key … Active`.
#[must_use]
pub fn enable_access_key(user: &str, key: &str) -> Option<String> {
    Some(format!(
        "aws iam update-access-key --user-name={} --access-key-id={} --status=Active",
        name(user)?,
        access_key(key)?
    ))
}

/// `text`, if it has the form of an IAM user, role, group or policy name: letters, digits and `_+=,.@-`, at most 128.
#[must_use]
pub fn name(text: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (!text.is_empty() && text.len() <= 128 && text.bytes().all(allowed)).then_some(text)
}

/// `text`, if it has the form of an access key id: `AKIA` or `ASIA` and upper-case letters and digits, 16 to 128 in all.
#[must_use]
pub fn access_key(text: &str) -> Option<&str> {
    let form = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let known = text.starts_with("AKIA") || text.starts_with("ASIA");
    (known && form && (16..=128).contains(&text.len())).then_some(text)
}

/// `text`, if it has the form of an ARN that is safe to paste: no blank, quote, or character that a shell reads.
#[must_use]
pub fn arn(text: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-:/".contains(&byte);
    (text.starts_with("arn:") && text.len() <= 512 && text.bytes().all(allowed)).then_some(text)
}
