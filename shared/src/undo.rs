//! Commands that take an act back, ready to paste.
//!
//! Names come from events, so from attackers: a command is given only where every value in it has the form that its
//! option takes, and none where one has not. Values follow `=`, so that no name is taken for an option. A command's
//! words, and where a region belongs in it, are those of the AWS command line.

mod guardrails;
mod iam;
mod organization;
mod resources;

pub use self::guardrails::*;
pub use self::iam::*;
pub use self::organization::*;
pub use self::resources::*;
use crate::event::is_account;
use crate::policy::Document;

/// The longest document that a command is given with, in characters: what is longer fills an alert.
const LONGEST_DOCUMENT: usize = 1_500;

/// A command as it is put together: nothing, as soon as a value has not the form that its option takes.
struct Command(Option<String>);

/// `aws CALL`, where the call is words of ours: `iam delete-user`.
fn aws(call: &str) -> Command {
    Command(Some(format!("aws {call}")))
}

impl Command {
    /// An option and its value, which is ours or was checked.
    fn with(self, option: &str, value: Option<&str>) -> Self {
        Self(self.0.zip(value).map(|(command, value)| format!("{command} --{option}={value}")))
    }

    /// An option that takes no value.
    fn flag(self, option: &str) -> Self {
        Self(self.0.map(|command| format!("{command} --{option}")))
    }

    fn is(self, option: &str, value: &'static str) -> Self {
        self.with(option, Some(value))
    }

    fn name(self, option: &str, value: &str) -> Self {
        self.with(option, name(value))
    }

    fn arn(self, option: &str, value: &str) -> Self {
        self.with(option, arn(value))
    }

    /// For options that take either.
    fn name_or_arn(self, option: &str, value: &str) -> Self {
        self.with(option, name(value).or_else(|| arn(value)))
    }

    fn unique_id(self, option: &str, value: &str) -> Self {
        self.with(option, unique_id(value))
    }

    fn version(self, version: &str) -> Self {
        self.with("version-id", policy_version(version))
    }

    /// A document between single quotes, none of which its text has, if it is short enough to be pasted.
    fn document(self, document: &Document) -> Self {
        let text = document.to_text();
        let quoted = (text.len() <= LONGEST_DOCUMENT).then(|| format!("'{text}'"));
        self.with("policy-document", quoted.as_deref())
    }

    /// Values with blanks between them, of which none can be taken for an option.
    fn list(self, option: &str, values: &[&str], form: impl Fn(&str) -> Option<&str>) -> Self {
        let form = |value| form(value).filter(|value: &&str| !value.starts_with('-'));
        let values: Option<Vec<&str>> = values.iter().copied().map(form).collect();
        let values = values.filter(|values| !values.is_empty());
        Self(self.0.zip(values).map(|(command, values)| format!("{command} --{option} {}", values.join(" "))))
    }

    /// Accounts with blanks between them.
    fn accounts(self, option: &str, accounts: &[&str]) -> Self {
        self.list(option, accounts, account)
    }

    /// The region, which comes last.
    fn region(self, in_region: &str) -> Self {
        self.with("region", region(in_region))
    }

    fn done(self) -> Option<String> {
        self.0
    }
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

/// `text`, if it has the form of a region's name.
fn region(text: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(allowed))
        .then_some(text)
}

/// `text`, if it has the form of an id that IAM gives: letters and digits, 16 to 128 in all.
fn unique_id(text: &str) -> Option<&str> {
    ((16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(text)
}

/// `text`, if it has the form of a policy version: `v12`.
fn policy_version(text: &str) -> Option<&str> {
    let number = text.strip_prefix('v')?;
    (!number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn account(text: &str) -> Option<&str> {
    is_account(text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Command, aws};

    /// Puts an option with that value into a command.
    type Takes = fn(Command, &str) -> Command;

    /// Each form that a value can have, with one that has it.
    const FORMS: [(&str, Takes, &str); 8] = [
        ("name", |command, value| command.name("name", value), "deploy-bot"),
        ("arn", |command, value| command.arn("arn", value), "arn:aws:iam::111122223333:role/ci/deploy"),
        ("name or arn", |command, value| command.name_or_arn("name", value), "main"),
        ("unique id", |command, value| command.unique_id("id", value), "APKAIOSFODNN7EXAMPLE"),
        ("access key", |command, value| command.with("key", super::access_key(value)), "AKIAIOSFODNN7EXAMPLE"),
        ("version", Command::version, "v12"),
        ("region", Command::region, "us-east-1"),
        ("accounts", |command, value| command.accounts("ids", &["111122223333", value]), "123456789012"),
    ];

    #[test]
    fn no_command_is_given_with_a_value_that_a_shell_would_read() {
        for (form, takes, good) in FORMS {
            assert!(takes(aws("x"), good).done().is_some(), "{form}");
            for bad in [";reboot", " bob", "$(id)", "`id`", "\n", "'", "\"", " --profile x", "\u{f6}", "*", "&"] {
                assert_eq!(takes(aws("x"), bad).done(), None, "{form}: {bad}");
                assert_eq!(takes(aws("x"), &format!("{good}{bad}")).done(), None, "{form}: {good}{bad}");
                assert_eq!(takes(aws("x"), &format!("{bad}{good}")).done(), None, "{form}: {bad}{good}");
            }
            assert_eq!(takes(aws("x"), "").done(), None, "{form}: nothing");
        }
    }

    #[test]
    fn a_value_that_is_refused_is_not_made_up_for_by_those_after_it() {
        assert_eq!(aws("x").name("user-name", "b c").flag("enable").is("status", "Active").region("us-east-1").0, None);
    }

    #[test]
    fn a_document_never_leaves_its_quotes() {
        let text =
            r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::it's; reboot"}}"#;
        let document = crate::policy::Document::parse(text).unwrap();
        let command = aws("x").document(&document).done().unwrap();
        assert_eq!(command.matches('\'').count(), 2, "{command}");
        assert!(command.ends_with('\''), "{command}");
    }

    #[test]
    fn a_name_never_becomes_an_option() {
        let command = super::delete_login_profile("--debug");
        assert_eq!(command.as_deref(), Some("aws iam delete-login-profile --user-name=--debug"));
    }

    #[test]
    fn an_alarm_is_no_option_either_though_it_follows_a_blank() {
        assert_eq!(super::enable_alarms(&["--debug"], "us-east-1"), None);
        assert_eq!(super::enable_alarms(&["cpu", "two words"], "us-east-1"), None);
        assert_eq!(super::enable_alarms(&[], "us-east-1"), None);
        let command = super::enable_alarms(&["cpu", "root-use"], "us-east-1");
        let expected = "aws cloudwatch enable-alarm-actions --alarm-names cpu root-use --region=us-east-1";
        assert_eq!(command.as_deref(), Some(expected));
    }

    #[test]
    fn a_disk_is_unshared_only_by_an_id_that_says_what_it_is() {
        assert_eq!(super::unshare_disk("vol-0a1b2c3d", &["all"], "us-east-1"), None);
        assert_eq!(super::unshare_disk("snap-0a1b2c3d", &["everybody"], "us-east-1"), None);
        let command = super::unshare_disk("snap-0a1b2c3d", &["111122223333"], "us-east-1");
        assert!(command.is_some_and(|command| command.contains("--user-ids 111122223333 ")));
    }

    #[test]
    fn a_disabled_rule_is_enabled_on_the_bus_it_was_on() {
        let command = super::enable_rule("calls", None, "eu-west-1");
        let expected = "aws events enable-rule --name=calls --event-bus-name=default --region=eu-west-1";
        assert_eq!(command.as_deref(), Some(expected));
    }
}
