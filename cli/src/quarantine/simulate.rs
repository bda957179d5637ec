//! `iamwatch quarantine simulate`: the plan for any principal, by what IAM says now.

use std::fmt::Write as _;

use iamwatch::arn;
use iamwatch::aws::containment::AwsIam;
use iamwatch::aws::{Clients, signed};
use iamwatch::config::{Config, Quarantine};
use iamwatch::quarantine::{Facts, Iam as _, Plan, Principal, Refusal, Subject, simulate as plan_for};

use crate::terminal::clean;

/// What would be done about a principal.
pub(super) async fn simulate(
    clients: &Clients,
    stack: &str,
    principal: &str,
    exempt: &[String],
) -> Result<String, String> {
    let config = config(clients, stack, exempt).await?;
    let account = arn::account(principal).unwrap_or_default();
    let who = Principal::read(principal, account);
    let iam = AwsIam { users: clients.iam(), deny: config.quarantine.deny_policy.clone(), roles: Some(clients.iam()) };
    let subjects = match &who {
        Principal::User(user) => vec![Subject::User { user: user.clone() }],
        Principal::Role(role) => vec![Subject::Sessions { role: role.clone() }],
        Principal::Key(key) => match iam.holder(key).await? {
            Some(user) => vec![Subject::Key { user, key: key.clone() }, Subject::Holder { key: key.clone() }],
            None => {
                return Ok(format!(
                    "{key}: IAM names no user of this account with that key, to you; nothing would be done\n"
                ));
            }
        },
        _ => return Ok(format!("{}: nothing would be done: {}\n", clean(principal), who.advice())),
    };
    let user = subjects.iter().find_map(Subject::user).unwrap_or_default();
    let facts = match &who {
        Principal::Role(role) => iam.role(role).await?.ok_or(Refusal::NoSuchRole),
        _ => iam.facts(user).await?.ok_or(Refusal::NoSuchUser),
    };
    let facts = match facts {
        Ok(facts) => facts,
        Err(refusal) => {
            let named = arn::account(principal).is_none() && matches!(who, Principal::User(_));
            let hint = if named { "; of a role, write the whole ARN" } else { "" };
            return Ok(format!("{}: {refusal}; nothing would be done{hint}\n", clean(principal)));
        }
    };
    if !account.is_empty() && arn::account(&facts.arn) != Some(account) {
        return Ok(format!("{}: nothing would be done: {}\n", clean(principal), Principal::AnotherAccount.advice()));
    }
    let mut text = now(&facts);
    for subject in &subjects {
        let Quarantine { mode, leaked, actors, .. } = config.quarantine;
        let about = match subject {
            Subject::Key { key, .. } => {
                format!("If somebody else made access key {key} (QuarantineMode: {mode}), that key alone")
            }
            Subject::User { .. } | Subject::Holder { .. } => format!(
                "If AWS said that a key of user {user} leaked (QuarantineLeakedMode: {leaked}), or the user did something \
                 CRITICAL (QuarantineActorMode: {actors})"
            ),
            Subject::Sessions { role } => {
                format!("If a session of role {role} did something CRITICAL (QuarantineActorMode: {actors})")
            }
        };
        text.push_str(&told(&about, subject, &plan_for(subject, &facts, &config)));
    }
    if let Principal::Role(_) = who {
        let _ = write!(text, "\nNote: {}.\n", who.advice());
    }
    text.push_str(MODES);
    text.push_str("\nNothing was changed.\n");
    Ok(text)
}

const MODES: &str = "\noff: nothing is planned. dry-run: it is shown. approve: a person is asked. enforce: it is done at once, \
                     but for what always waits for a person (see README.md, Quarantine).\n";

/// What the stack was told. Without it nothing is known of its deny policy, nor of who is exempt: a plan would be a guess.
async fn config(clients: &Clients, stack: &str, exempt: &[String]) -> Result<Config, String> {
    let said = signed::environment(clients, stack).await?;
    let read = Config::from_env(|variable| said.get(variable).cloned());
    let mut config = read.map_err(|mistakes| mistakes.to_string())?.0;
    for text in exempt {
        config.quarantine.exempt.push(text.parse()?);
    }
    Ok(config)
}

fn now(facts: &Facts) -> String {
    let mut text = format!("{}\n", clean(&facts.arn));
    let state = |active: bool| if active { "Active" } else { "Inactive" };
    let mut line = |what: String| {
        let _ = writeln!(text, "  {}", clean(&what));
    };
    for key in &facts.keys {
        line(format!("access key {} {}", key.id, state(key.active)));
    }
    for other in &facts.others {
        line(format!("{} {} {}", other.kind, other.id, state(other.active)));
    }
    for policy in &facts.attached {
        line(format!("policy {policy}"));
    }
    if let Some(boundary) = &facts.boundary {
        line(format!("boundary {boundary}"));
    }
    if let Some(why) = &facts.disarmed {
        line(format!("{why}: it would be put on nobody"));
    }
    text
}

fn told(about: &str, subject: &Subject, plan: &Plan) -> String {
    let mut text = format!("\n{about}:\n");
    match (plan.refusal, subject) {
        (Some(Refusal::Exempt), Subject::Sessions { .. }) => text.push_str(
            "  nothing would be done: it is exempt by configuration, or a role of AWS's or of iamwatch itself\n",
        ),
        (Some(refusal), _) => {
            let _ = writeln!(text, "  nothing would be done: {refusal}");
        }
        (None, _) => {}
    }
    for (nth, step) in (1..).zip(&plan.steps) {
        let _ = writeln!(text, "  {nth}. {}", clean(&step.words()));
        if let Some(command) = step.command() {
            let _ = writeln!(text, "     {command}");
        }
        let _ = writeln!(text, "     undo: {}", clean(&step.undo_words()));
    }
    text
}
