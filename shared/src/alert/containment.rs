//! What quarantine did about a finding, in words.

use super::text::shown;
use super::words::clock;
use crate::finding::Ask;
use crate::quarantine::{Record, Refusal, State};
use crate::undo;

/// What iamwatch did: the end of a sentence that begins with its name.
pub(super) fn act(record: &Record) -> String {
    let Some(Ask::DisableAccessKey { user, key }) = &record.finding.asks else { return "did nothing".to_owned() };
    let (verb, state) = match record.state {
        State::Applied | State::Verified => ("set", "Inactive"),
        State::Restored => ("set", "Active again"),
        State::Failed => ("could not set", "Inactive"),
        State::DryRun => ("would set", "Inactive"),
        State::Refused | State::Pending | State::Claimed => ("did not set", "Inactive"),
    };
    format!("{verb} access key {} of user {} {state}", shown(key), shown(user))
}

/// What the sentence must add: why nothing was done, or what is not certain.
pub(super) fn reason(record: &Record) -> Option<String> {
    match record.state {
        State::Applied => Some("IAM does not show it yet".to_owned()),
        State::Failed => record.calls.iter().rev().find_map(|call| call.error.as_deref()).map(shown),
        _ => record.plan.refusal.map(|refusal| refusal.to_string()),
    }
}

/// What the state means, for a reader who does not know the word.
pub(super) fn state(record: &Record) -> String {
    let means = match record.state {
        State::Verified => "IAM was asked again and says so",
        State::Applied => "done, not proven yet",
        State::Failed => "the key may still work",
        State::Refused => "nothing was changed, and nothing will be",
        State::Pending => "nothing was changed: a person decides",
        State::DryRun => "nothing was changed",
        State::Claimed => "under way",
        State::Restored => "taken back",
    };
    format!("{}, {means}", record.state)
}

/// Every call, and how it ended.
pub(super) fn calls(record: &Record) -> Vec<String> {
    let call = |call: &crate::quarantine::Call| {
        let end = call.error.as_deref().map_or_else(|| "done".to_owned(), |error| format!("failed: {}", shown(error)));
        format!("{} {}: {end}", clock(call.at), shown(&call.what))
    };
    record.calls.iter().map(call).collect()
}

/// What IAM said before anything was done.
pub(super) fn before(record: &Record) -> Vec<String> {
    let Some(facts) = &record.before else { return Vec::new() };
    let key = |key: &crate::quarantine::KeyFacts| {
        let active = if key.active { "Active" } else { "Inactive" };
        let made = key.created.map(|time| format!(", made {}", clock(time))).unwrap_or_default();
        format!("{} {active}{made}", shown(&key.id))
    };
    std::iter::once(shown(&facts.arn)).chain(facts.keys.iter().map(key)).collect()
}

/// What the reader is to do about the outcome. Times and names are those of the mail.
pub(super) fn steps(record: &Record) -> Vec<String> {
    let follow = "Follow the steps of the alert itself: the maker of the key may hold other credentials.";
    let steps: &[&str] = match (record.state, record.plan.refusal) {
        (State::Applied, _) => &[
            "In 5 minutes, look at the key in the console: is it Inactive?",
            "If it is not, somebody undoes it: deny the user everything with a policy of your own.",
            follow,
        ],
        (State::Failed, _) => &["Set the key Inactive yourself with the command below, now.", follow],
        (State::Refused, Some(Refusal::AnotherAge | Refusal::NoSuchUser | Refusal::NoSuchKey)) => &[
            "In CloudTrail, look the event up by the event id below. If it is not there, the event was forged.",
            "If forged: list who called `Invoke` and `PutEvents` in the 15 minutes before this mail.",
            "If it is there, list who changed the user and its keys since.",
        ],
        (State::Refused, Some(Refusal::AlreadyInactive)) => &[follow],
        (State::Refused | State::Pending | State::DryRun | State::Claimed, _) => {
            &["Decide whether the key may stay. If not, set it Inactive yourself with the command below.", follow]
        }
        (State::Verified, _) => &[
            "Nothing is needed for this key. If it was made for good reason, give it back with a command under Undo.",
            follow,
        ],
        (State::Restored, _) => &[],
    };
    steps.iter().map(|step| (*step).to_owned()).collect()
}

/// Commands to take back what was done, or to do what was not; each is ready to paste.
pub(super) fn commands(record: &Record, stack: &str) -> Option<(&'static str, Vec<String>)> {
    let Some(Ask::DisableAccessKey { user, key }) = &record.finding.asks else { return None };
    if record.state.can_be_restored() && record.state != State::Failed {
        // Record ids are ours: hexadecimal digits.
        let restore = match stack {
            "" | "iamwatch" => format!("iamwatch quarantine restore {}", shown(&record.id)),
            other => format!("iamwatch quarantine restore {} --stack {}", shown(&record.id), shown(other)),
        };
        return Some(("Undo", [Some(restore), undo::enable_access_key(user, key)].into_iter().flatten().collect()));
    }
    let left =
        !matches!(record.plan.refusal, Some(Refusal::AlreadyInactive | Refusal::NoSuchUser | Refusal::NoSuchKey));
    let command = undo::disable_access_key(user, key).filter(|_| left && record.state != State::Restored)?;
    Some(("To set it Inactive yourself", vec![command]))
}
