//! How to cut the actor off: what the steps of many detections ask for, ready to paste.

use jiff::Timestamp;

use crate::event::{Actor, Kind};
use crate::finding::{Finding, Severity};
use crate::undo;

/// What to say, and the command, if there is one.
pub(super) struct CutOff {
    pub(super) how: &'static str,
    pub(super) command: Option<String>,
}

/// How to cut off the actor of a finding that is HIGH or worse. Root, services and other accounts are cut off otherwise, and
/// so is who bears a name that IAM does not allow.
pub(super) fn of(finding: &Finding, now: Timestamp) -> Option<CutOff> {
    let actor = &finding.actor;
    let foreign = actor.account.as_deref().is_some_and(|account| account != finding.account);
    if finding.severity < Severity::High || !actor.is_in_person() || foreign {
        return None;
    }
    match actor.kind {
        Kind::IamUser if actor.long_term_key() => Some(CutOff {
            how: "This switches off the key that signed the call. Sessions opened with it go on.",
            command: Some(undo::disable_access_key(&actor.name, actor.access_key.as_deref()?)?),
        }),
        Kind::IamUser => Some(CutOff {
            how: "This denies the user everything, in open sessions too.",
            command: Some(deny_user(&actor.name)?),
        }),
        Kind::Role => Some(CutOff {
            how: "This ends every session of the role opened before this mail, workloads included. They can assume it again.",
            command: Some(revoke_sessions(actor, now)?),
        }),
        Kind::SsoUser => {
            Some(CutOff { how: "In Identity Center, disable the user and end their sessions.", command: None })
        }
        _ => None,
    }
}

fn deny_user(user: &str) -> Option<String> {
    let document = r#"'{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'"#;
    let user = undo::name(user)?;
    Some(format!("aws iam put-user-policy --user-name={user} --policy-name=cut-off --policy-document={document}"))
}

/// What the IAM console does under "Revoke active sessions".
fn revoke_sessions(actor: &Actor, now: Timestamp) -> Option<String> {
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    undo::end_sessions(&actor.name, &time.to_string(), "cut-off")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;
    use crate::detect::{Context, look};
    use crate::event::Event;
    use crate::watcher::Watcher;

    fn command_for(identity: &Value) -> Option<String> {
        let event = Event::decode(json!({
            "eventID": "e", "eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com",
            "recipientAccountId": "111122223333", "userIdentity": identity,
            "requestParameters": {"userName": "deploy-bot"},
            "responseElements": {"accessKey": {"userName": "deploy-bot", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}},
        }));
        let finding = look(Watcher::AccessKeys, &event, &Context::new(&Config::default())).unwrap();
        of(&finding, Timestamp::UNIX_EPOCH).and_then(|cut_off| cut_off.command)
    }

    #[test]
    fn a_session_of_a_user_is_cut_off_by_denying_the_user() {
        let identity = json!({"type": "IAMUser", "userName": "bob", "accessKeyId": "ASIAIOSFODNN7EXAMPLE"});
        assert!(command_for(&identity).unwrap().starts_with("aws iam put-user-policy --user-name=bob "));
    }

    #[test]
    fn nobody_is_cut_off_whom_the_command_would_not_reach() {
        let nobody = [
            json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}),
            json!({"type": "IAMUser", "userName": "bob", "accountId": "123456789012"}),
            json!({"type": "IAMUser", "userName": "bob", "invokedBy": "cloudformation.amazonaws.com"}),
            json!({"type": "IAMUser", "userName": "bob; rm -rf ~"}),
            json!({"type": "AssumedRole",
                "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice"}),
        ];
        for identity in nobody {
            assert_eq!(command_for(&identity), None, "{identity}");
        }
    }
}
