//! What quarantine did about a finding, in words.

use super::text::shown;
use super::words::clock;
use crate::config::Config;
use crate::quarantine::{Call, Gave, Meddling, Proof, ROUNDS, Record, Refusal, State, Step, Subject, scp};
use crate::undo;

/// Calls and proofs that a mail shows: the last ones.
const SHOWN: usize = 12;

/// Other records that a mail names.
const FIRST: usize = 100;

/// Lines of commands about others.
const LINES: usize = 100;

/// Lines ready to paste, under a heading.
pub(super) struct Commands {
    pub(super) heading: &'static str,
    /// Whether they are for the account that the alert is about.
    pub(super) in_account: bool,
    pub(super) lines: Vec<String>,
}

/// What iamwatch did: the end of a sentence that begins with its name.
pub(super) fn act(record: &Record) -> String {
    let whom = whom(record);
    if let Some(news) = &record.news {
        let contained = match &record.subject {
            Subject::Key { key, .. } if news.gave != Gave::On(key.clone()) => {
                format!("whose access key {} it set Inactive", shown(key))
            }
            Subject::Key { .. } => "which it had set Inactive".to_owned(),
            Subject::Sessions { .. } => "whose sessions it ended".to_owned(),
            _ => "who is contained".to_owned(),
        };
        return format!("sees that {} {} {}, {contained}", shown(&news.by), shown(&news.what), to_whom(news, record));
    }
    if record.state == State::Verified && !record.plan.steps.is_empty() && record.plan.steps == record.found {
        return match &record.subject {
            Subject::Key { key, .. } => format!("found access key {} of {whom} Inactive already", shown(key)),
            Subject::Sessions { .. } => format!("found the open sessions of {whom} ended already"),
            Subject::User { .. } | Subject::Holder { .. } => format!("found {whom} contained already"),
        };
    }
    match &record.subject {
        Subject::Key { key, .. } => {
            let (verb, state) = match record.state {
                State::Applied | State::Verified | State::UndoneByOther => ("set", "Inactive"),
                State::Restored => ("set", "Active again"),
                State::Failed | State::Partial => ("could not set", "Inactive"),
                State::DryRun => ("would set", "Inactive"),
                State::Refused | State::Pending | State::Expired | State::Claimed => ("did not set", "Inactive"),
            };
            format!("{verb} access key {} of {whom} {state}", shown(key))
        }
        Subject::Sessions { .. } => match record.state {
            State::Applied | State::Verified | State::UndoneByOther => format!("ended the open sessions of {whom}"),
            State::Restored => format!("no longer denies older sessions of {whom}"),
            State::Partial | State::Failed => format!("could not end the sessions of {whom}"),
            State::DryRun => format!("would end the open sessions of {whom}"),
            State::Refused | State::Pending | State::Expired | State::Claimed => {
                format!("did not end the sessions of {whom}")
            }
        },
        Subject::User { .. } | Subject::Holder { .. } => match record.state {
            State::Applied | State::Verified | State::UndoneByOther => format!("contained {whom}"),
            State::Restored => format!("gave {whom} back what it took"),
            State::Partial => format!("could contain {whom} in part only"),
            State::Failed => format!("could not contain {whom}"),
            State::DryRun => format!("would contain {whom}"),
            State::Refused | State::Pending | State::Expired | State::Claimed => format!("did not contain {whom}"),
        },
    }
}

fn whom(record: &Record) -> String {
    match (record.user(), &record.subject) {
        (_, Subject::Sessions { role }) => format!("role {}", shown(role)),
        (Some(user), _) => {
            let before = record.former.last().map(|was| format!(" (named {} before)", shown(&was.name)));
            format!("user {}{}", shown(user), before.unwrap_or_default())
        }
        (None, Subject::Holder { key }) => format!("the holder of access key {}", shown(key)),
        (None, _) => "the user".to_owned(),
    }
}

/// The user under the name that it had when somebody did something to it.
fn to_whom(meddling: &Meddling, record: &Record) -> String {
    match meddling.user.strip_prefix("role/") {
        Some(role) => format!("role {}", shown(role)),
        None if meddling.user.is_empty() => whom(record),
        None => format!("user {}", shown(&meddling.user)),
    }
}

/// What the sentence must add: why nothing was done, or what is not certain.
pub(super) fn reason(record: &Record) -> Option<String> {
    if record.news.is_some() {
        return None;
    }
    match record.state {
        State::Applied => Some(match unanswered(record) {
            Some(error) => format!("IAM could not be asked whether it holds: {}", shown(error)),
            None => "IAM does not show it yet".to_owned(),
        }),
        State::UndoneByOther => Some(undone(record)),
        State::Expired => Some(expired(record)),
        State::Failed | State::Partial => record.calls.iter().rev().find_map(|call| call.error.as_deref()).map(shown),
        _ => {
            let refusal = record.plan.refusal.map(|refusal| refusal.to_string());
            let disarmed = record.before.as_ref().and_then(|before| before.disarmed.as_deref()).map(shown);
            let both: Vec<String> = disarmed.into_iter().chain(refusal).collect();
            (!both.is_empty()).then(|| both.join("; "))
        }
    }
}

/// That nobody approved it, nor the others that this mail is about.
fn expired(record: &Record) -> String {
    let others = match record.with.len() {
        0 => String::new(),
        1 => ", nor one other plan of that time so far".to_owned(),
        others => format!(", nor {others} other plans of that time so far"),
    };
    let more = match record.with_more {
        0 => String::new(),
        more => format!("; about {more} more waited with them"),
    };
    format!("nobody approved it in four hours{others}{more}")
}

/// Why the last look got no answer from IAM, if it got none.
fn unanswered(record: &Record) -> Option<&str> {
    record.proofs.last()?.error.as_deref()
}

/// Who undoes it, as far as events have said so.
fn undone(record: &Record) -> String {
    match record.undone_by() {
        Some(meddling @ Meddling { by, what, .. }) => {
            format!("containment is being undone by {}, who {} {}", shown(by), shown(what), to_whom(meddling, record))
        }
        None => "containment is being undone by somebody; no event has said yet by whom, CloudTrail will".to_owned(),
    }
}

/// What the state means, for a reader who does not know the word.
pub(super) fn state(record: &Record) -> String {
    let key = record.subject.is_one_key();
    let means = match record.state {
        State::Verified => "IAM was asked again and says so",
        State::Applied => "done, not proven yet",
        State::UndoneByOther => "done four times, and IAM does not show it",
        State::Partial => "some of it was not done",
        State::Failed if key => "the key may still work",
        State::Failed => "the user may still act",
        State::Refused | State::Expired => "nothing was changed, and nothing will be",
        State::Pending => "nothing was changed: a person decides",
        State::DryRun => "nothing was changed",
        State::Claimed => "under way",
        State::Restored => "taken back",
    };
    let again = if !matches!(record.state, State::Partial | State::Failed) {
        ""
    } else if record.round < ROUNDS.len() {
        "; iamwatch tries again for five minutes"
    } else {
        "; iamwatch does not try again"
    };
    format!("{}, {means}{again}", record.state)
}

/// Steps that were done before somebody said yes to them.
pub(super) fn found(record: &Record) -> Vec<String> {
    last(record.found.iter().map(|step| shown(&step.words())).collect())
}

/// What is in force and what is not, as IAM showed it last, where that is not all or not known.
pub(super) fn standing(record: &Record) -> [Vec<String>; 2] {
    let told = matches!(record.state, State::Partial | State::Failed | State::UndoneByOther) && record.news.is_none();
    let Some(proof) = record.proofs.last().filter(|proof| told && proof.error.is_none()) else {
        return [Vec::new(), Vec::new()];
    };
    let (not, is): (Vec<_>, Vec<_>) = record.left().map(Step::words).partition(|words| proof.missing.contains(words));
    [is, not].map(|words| last(words.iter().map(|words| shown(words)).collect()))
}

/// Other records that this mail is about, too: nobody approved them either.
pub(super) fn with(record: &Record) -> Vec<String> {
    let one = |other: &Record| format!("{} {} of {}", shown(&other.id), what(other), whom(other));
    let mut lines: Vec<String> = record.with.iter().take(FIRST).map(one).collect();
    let more = record.with.len() - lines.len() + record.with_more;
    if more > 0 {
        lines.push(format!("(and {more} more: `iamwatch quarantine list` names them)"));
    }
    lines
}

fn what(record: &Record) -> String {
    match &record.subject {
        Subject::Key { key, .. } => format!("access key {}", shown(key)),
        Subject::User { .. } | Subject::Holder { .. } => "all credentials".to_owned(),
        Subject::Sessions { .. } => "the open sessions".to_owned(),
    }
}

/// Who said yes, and when.
pub(super) fn approved(record: &Record) -> String {
    let approval = record.approval.as_ref();
    approval.map(|approval| format!("{} by {}", clock(approval.at), shown(&approval.by))).unwrap_or_default()
}

/// Every call, and how it ended.
pub(super) fn calls(record: &Record) -> Vec<String> {
    let call = |call: &Call| {
        let end = call.error.as_deref().map_or_else(|| "done".to_owned(), |error| format!("failed: {}", shown(error)));
        let request = call.request.as_deref().map(|id| format!(" (request {})", shown(id))).unwrap_or_default();
        format!("{} {}: {end}{request}", clock(call.at), shown(&call.what))
    };
    last(record.calls.iter().map(call).collect())
}

/// Every time that IAM was asked whether it holds.
pub(super) fn proofs(record: &Record) -> Vec<String> {
    let proof = |proof: &Proof| {
        let said = match (&proof.error, proof.missing.as_slice()) {
            (Some(error), _) => format!("could not be asked: {}", shown(error)),
            (None, []) => "it holds".to_owned(),
            (None, missing) => format!("not in force: {}", shown(&missing.join("; "))),
        };
        format!("{} {said}", clock(proof.at))
    };
    last(record.proofs.iter().map(proof).collect())
}

/// What others did to what is contained.
pub(super) fn meddled(record: &Record) -> Vec<String> {
    let news = record.news.iter();
    let all = record.meddling.iter().chain(news).map(|meddling| {
        let at = meddling.at.map(|at| format!("{} ", clock(at))).unwrap_or_default();
        format!("{at}{} {} {}", shown(&meddling.by), shown(&meddling.what), to_whom(meddling, record))
    });
    last(all.collect())
}

fn last(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.drain(..more);
        lines.insert(0, format!("({more} before)"));
    }
    lines
}

/// What IAM said before anything was done.
pub(super) fn before(record: &Record) -> Vec<String> {
    let Some(facts) = &record.before else { return Vec::new() };
    let active = |active: bool| if active { "Active" } else { "Inactive" };
    let keys = facts.keys.iter().map(|key| {
        let made = key.created.map(|time| format!(", made {}", clock(time))).unwrap_or_default();
        format!("{} {}{made}", shown(&key.id), active(key.active))
    });
    let others = facts.others.iter().map(|one| format!("{} {} {}", one.kind, shown(&one.id), active(one.active)));
    let attached = facts.attached.iter().map(|arn| format!("policy {}", shown(arn)));
    let boundary = facts.boundary.iter().map(|arn| format!("boundary {}", shown(arn)));
    let password = facts.password.iter().map(|made| format!("password, made {}", clock(*made)));
    let credentials = keys.chain(others).chain(password);
    std::iter::once(shown(&facts.arn)).chain(credentials).chain(attached).chain(boundary).collect()
}

/// What the reader is to do about the outcome. Times and names are those of the mail.
pub(super) fn steps(record: &Record) -> Vec<String> {
    let key = record.subject.is_one_key();
    let steps = match (record.state, record.plan.refusal) {
        _ if record.news.is_some() => after_meddling(key),
        (State::Partial | State::Failed, _) if record.is_disarmed() => while_disarmed(),
        (State::Applied, _) if unanswered(record).is_some() => while_nobody_knows(),
        (State::UndoneByOther, _) if key => while_a_key_is_undone(),
        (State::UndoneByOther, _) => while_undone(),
        (State::Pending, _) => waiting(),
        _ if key => about_a_key(record),
        _ if matches!(record.subject, Subject::Sessions { .. }) => about_a_role(record),
        _ => about_a_user(record),
    };
    steps.iter().map(|step| (*step).to_owned()).collect()
}

const FOLLOW: &str = "Follow the steps of the alert itself: the maker of the key may hold other credentials.";
const FORGED: &str = "If forged: list who changed iamwatch in the 24 hours before this mail and, where a trail records data events, who \
                      called `Invoke` in the 15 minutes before.";
const FOLLOW_LEAK: &str = "Follow the steps of the alert itself: whoever has the secret may have made other ways in.";

fn after_meddling(key: bool) -> &'static [&'static str] {
    if key {
        return &[
            "Ask whoever is named in the first line whether they did it, over a channel that is not their mail.",
            "If not: take it back with the command below, then cut that principal off, and list all its calls in the 24 hours \
             before, by `userIdentity.arn`.",
            "If yes, and the key was made for good reason, too: give it back with a command under Undo.",
        ];
    }
    &[
        "Ask whoever is named in the first line whether they did it, over a channel that is not their mail.",
        "If it was meant as an undo: take the rest back with the command under Undo, which leaves nothing half done.",
        "If not: take it back with the command below, cut that principal off too, and list all its calls in the 24 hours before, \
         by `userIdentity.arn`.",
    ]
}

fn while_disarmed() -> &'static [&'static str] {
    &[
        "Run the commands under To do it yourself, now. They deny the user everything by a policy of AWS's own, which nobody in the \
         account can rewrite, and switch off whatever may still work. If IAM answers LimitExceeded: give the user that policy as \
         permissions boundary, with `aws iam put-user-permissions-boundary`.",
        "Put iamwatch's deny policy right with the first command under To put the deny policy right. Until then it gives what was \
         written into it to everybody whom the second command lists. If it is refused since the policy has five versions: the third \
         lists them, delete one that is not the default.",
        "In CloudTrail, list CreatePolicyVersion, SetDefaultPolicyVersion and DeletePolicy with the ARN of that policy in the 24 hours \
         before this mail, and cut off whoever called them.",
        FOLLOW_LEAK,
    ]
}

fn while_nobody_knows() -> &'static [&'static str] {
    &[
        "Look in IAM yourself, now: is everything as the calls below left it? What is not, do again by hand.",
        "If the function may no longer ask, list who changed its role in the 24 hours before this mail; if IAM answers nobody, see \
         AWS Health.",
        FOLLOW_LEAK,
    ]
}

fn while_undone() -> &'static [&'static str] {
    &[
        "In the organization's management account, attach the service control policy below to this account, now. It reaches \
         every account of an organization but the management account itself.",
        "In CloudTrail, list who called IAM with this user's name in the 15 minutes before this mail, and cut them off: \
         somebody with rights in IAM works against you.",
        "Then contain the user again by hand, with the commands below.",
    ]
}

fn while_a_key_is_undone() -> &'static [&'static str] {
    &[
        "Set the key Inactive with the command below, first: the policy keeps everybody from it, but for the one principal that it \
         names.",
        "At once after it, in the organization's management account, attach the service control policy below to this account. It \
         reaches every account of an organization but the management account itself.",
        "Look at the key once more. If somebody was quicker, set it Inactive as the principal that the policy names.",
        "In CloudTrail, list who called IAM with this user's name in the 15 minutes before this mail, and cut them off: \
         somebody with rights in IAM works against you.",
    ]
}

fn waiting() -> &'static [&'static str] {
    &[
        "Read the calls below, and what IAM said before. Whom would they stop from working?",
        "If it may be: run the command under To approve, within four hours. The plan is shown again before you say yes.",
        "If it may not: do nothing. The plan ends by itself.",
    ]
}

fn about_a_key(record: &Record) -> &'static [&'static str] {
    match (record.state, record.plan.refusal) {
        (State::Applied, _) => &[
            "In 5 minutes, look at the key in the console: is it Inactive?",
            "If it is not, somebody undoes it: deny the user everything with a policy of your own.",
            FOLLOW,
        ],
        (State::Failed | State::Partial, _) => &["Set the key Inactive yourself with the command below, now.", FOLLOW],
        (State::Refused, Some(Refusal::AnotherAge | Refusal::NoSuchUser | Refusal::NoSuchKey)) => &[
            "In CloudTrail, look the event up by the event id below. If it is not there, the event was forged.",
            FORGED,
            "If it is there, list who changed the user and its keys since.",
        ],
        (State::Refused, Some(Refusal::AlreadyInactive)) => &[FOLLOW],
        (State::Refused | State::Expired | State::DryRun | State::Claimed, _) => {
            &["Decide whether the key may stay. If not, set it Inactive yourself with the command below.", FOLLOW]
        }
        (State::Verified, _) => &[
            "Nothing is needed for this key. If it was made for good reason, give it back with a command under Undo.",
            FOLLOW,
        ],
        (State::Restored | State::Pending | State::UndoneByOther, _) => &[],
    }
}

fn about_a_role(record: &Record) -> &'static [&'static str] {
    const ASSUME: &str = "Find out how the sessions were opened: all AssumeRole calls for this role in the 24 hours before. Whoever may, \
                          the attacker too, can assume it again: take that away first.";
    match record.state {
        State::Applied | State::Verified => &[
            ASSUME,
            "Workloads get new sessions by themselves within minutes; restart what does not.",
            "When the way in is closed, take the policy off again with the command under Undo.",
        ],
        State::Restored | State::Pending | State::UndoneByOther => &[],
        _ => {
            &["Decide whether the role's sessions may go on. If not, end them yourself with the command below.", ASSUME]
        }
    }
}

fn about_a_user(record: &Record) -> &'static [&'static str] {
    match (record.state, record.plan.refusal) {
        (State::Applied | State::Verified, _) => &[
            "Find out what stops working: list the user's calls in the 7 days before, by `userIdentity.arn`.",
            FOLLOW_LEAK,
            "Make new credentials where they are needed, then give the rest back with the command under Undo. Keys that leaked \
             stay off, and the user stays denied for 36 hours while their sessions may live, unless you say `--leaked`.",
        ],
        (State::Failed | State::Partial, _) => {
            &["Do yourself what was not done, with the commands below, now.", FOLLOW_LEAK]
        }
        (State::Refused, Some(Refusal::NoSuchHolder)) => &[
            "Look the key up in every account of yours: `aws iam get-access-key-last-used --access-key-id=…`. Where it is, set it \
             Inactive and follow the steps of the alert itself.",
            "If no account has it, it was deleted: list what it signed in the 90 days before, by `userIdentity.accessKeyId`.",
            "In AWS Health or CloudTrail, look the event up by the event id below. If it is not there, it was forged.",
        ],
        (State::Refused, Some(Refusal::NoSuchUser | Refusal::NoSuchKey)) => &[
            "In AWS Health or CloudTrail, look the event up by the event id below. If it is not there, it was forged.",
            FORGED,
        ],
        (State::Refused, Some(Refusal::Exempt)) => {
            &["This user is never touched by iamwatch: decide at once who replaces its credentials.", FOLLOW_LEAK]
        }
        (State::Refused | State::Expired | State::DryRun | State::Claimed, _) => {
            &["Decide whether the user may go on. If not, contain it yourself with the commands below.", FOLLOW_LEAK]
        }
        (State::Restored | State::Pending | State::UndoneByOther, _) => &[],
    }
}

/// Commands to take back what was done, or to do what was not; each is ready to paste.
pub(super) fn commands(record: &Record, config: &Config) -> Vec<Commands> {
    let own = |command: &str| {
        // Record ids are ours: hexadecimal digits.
        let command = format!("iamwatch quarantine {command} {}", shown(&record.id));
        let stack = config.stack.as_str();
        if matches!(stack, "" | "iamwatch") { command } else { format!("{command} --stack {}", shown(stack)) }
    };
    let restorer = config.quarantine.restore_role.as_deref();
    let mut all = Vec::new();
    let mut add = |heading, in_account, lines: Vec<String>| {
        if !lines.is_empty() {
            all.push(Commands { heading, in_account, lines });
        }
    };
    let news = record.news.as_ref().and_then(|news| taken_back(record, news));
    add("To take back what was done", true, news.into_iter().collect());
    if record.state == State::Pending && record.approval.is_none() {
        add("To approve", true, vec![own("approve")]);
    }
    if record.state == State::UndoneByOther {
        let lines = scp(record, restorer).map(|json| json.lines().map(str::to_owned).collect()).unwrap_or_default();
        add("Service control policy, to attach in the management account", false, lines);
    }
    if record.state.can_be_restored() {
        let by_hand = match &record.subject {
            Subject::Key { user, key } if record.state != State::Failed => undo::enable_access_key(user, key),
            _ => None,
        };
        if record.state != State::Failed || !record.subject.is_one_key() {
            add("Undo", true, std::iter::once(own("restore")).chain(by_hand).collect());
        }
    }
    if !matches!(record.state, State::Applied | State::Verified | State::Restored) && record.news.is_none() {
        let heading = match (&record.subject, record.state) {
            (Subject::Key { .. }, _) => "To set it Inactive yourself",
            (_, State::DryRun | State::Pending) => "The calls it would make",
            _ => "To do it yourself",
        };
        add(heading, true, by_hand(record));
    }
    add("To do the same with the others", true, by_hand_of_others(record));
    if record.is_disarmed() && !matches!(record.state, State::Verified | State::Restored) {
        add("To put the deny policy right", true, undo::repair_policy(deny_policy(record, config)));
    }
    all
}

/// What takes back what somebody did to what is contained, where a command can.
fn taken_back(record: &Record, news: &Meddling) -> Option<String> {
    let user = record.user()?;
    if let Some(step) = record.left().find(|step| news.gave.undoes(step)) {
        return command(record, step);
    }
    match &news.gave {
        Gave::On(key) | Gave::New(Some(key)) => undo::disable_access_key(user, key),
        Gave::Name(name) => undo::rename_user(name, &news.user),
        Gave::Unknown | Gave::DenyOff | Gave::BoundaryOff | Gave::SessionsOn | Gave::New(None) | Gave::Password => None,
    }
}

/// A step as a person would carry it out.
fn command(record: &Record, step: &Step) -> Option<String> {
    match step {
        // Nobody in the account can rewrite AWS's own.
        Step::DenyUser { user, policy } if record.is_disarmed() => undo::attach_user_policy(user, &deny_all(policy)?),
        Step::BindUser { user, policy, .. } if record.is_disarmed() => {
            undo::put_user_boundary(user, &deny_all(policy)?)
        }
        step => step.command(),
    }
}

/// Our deny policy: where the plan names none, the user had it already.
fn deny_policy<'a>(record: &'a Record, config: &'a Config) -> Option<&'a str> {
    let planned = record.plan.steps.iter().find_map(|step| match step {
        Step::DenyUser { policy, .. } | Step::BindUser { policy, .. } => Some(policy.as_str()),
        _ => None,
    });
    planned.or(config.quarantine.deny_policy.as_deref())
}

/// AWS's own policy that denies everything, in the partition of ours.
fn deny_all(policy: &str) -> Option<String> {
    Some(format!("arn:{}:iam::aws:policy/AWSDenyAll", policy.split(':').nth(1)?))
}

/// The plan as a person would carry it out; for a key also where a guard made no plan, but only if there is such a key to switch
/// off.
fn by_hand(record: &Record) -> Vec<String> {
    let gone = matches!(
        record.plan.refusal,
        Some(
            Refusal::AlreadyInactive
                | Refusal::AlreadyContained
                | Refusal::NoSuchUser
                | Refusal::NoSuchKey
                | Refusal::NoSuchHolder
                | Refusal::NoSuchRole
        )
    );
    match &record.subject {
        _ if gone => Vec::new(),
        Subject::Key { user, key } => undo::disable_access_key(user, key).into_iter().collect(),
        Subject::Sessions { role } => Step::EndSessions { role: role.clone() }.command().into_iter().collect(),
        Subject::User { .. } | Subject::Holder { .. } => {
            record.plan.steps.iter().filter_map(|step| command(record, step)).collect()
        }
    }
}

/// What a person would do about the others, as many as fit, none of them in part. All of it may be pasted into a shell.
fn by_hand_of_others(record: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    let mut others = record.with.iter().map(by_hand).filter(|lines| !lines.is_empty()).peekable();
    while let Some(more) = others.next_if(|more| lines.len() + more.len() <= LINES) {
        lines.extend(more);
    }
    let left = others.count() + record.with_more;
    if left > 0 {
        lines.push(format!(
            "# {left} more: iamwatch quarantine list names them, iamwatch quarantine show has their commands"
        ));
    }
    lines
}
