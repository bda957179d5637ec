//! `iamwatch quarantine` with AWS: reads, approves and undoes the records of a stack.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write};
use std::process::ExitCode;

use iamwatch::alert;
use iamwatch::aws::containment::{AwsIam, DynamoRecords};
use iamwatch::aws::serve::now;
use iamwatch::aws::{Clients, signed};
use iamwatch::config::Config;
use iamwatch::detect::Context;
use iamwatch::quarantine::{Moved, Record, Records as _, Restore, State, restore};

use super::{Command, Quarantine, simulate};
use crate::stack::said;
use crate::terminal;

/// Runs one command against the account that the environment's credentials belong to.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(asked: &Quarantine) -> io::Result<ExitCode> {
    // On the heap: the SDK's futures nest deeper than the compiler follows.
    said(Box::pin(answer(asked)).await)
}

async fn answer(asked: &Quarantine) -> Result<String, String> {
    let clients = Clients::of_person().await;
    let stack = &asked.stack;
    if let Command::Simulate { principal, exempt } = &asked.command {
        return simulate::simulate(&clients, &stack.name, principal, exempt).await;
    }
    let records = stack.records(&clients).await?;
    match &asked.command {
        Command::List => Ok(listed(&records.list().await?)),
        Command::Show { id } => {
            let record = find(&records, id).await?;
            Ok(format!("{}{}", whole(&record, &stack.name), event_of(&record)))
        }
        Command::Approve { id, yes, url } => {
            let record = find(&records, id).await?;
            if record.state == State::Pending && record.approval.is_none() {
                confirm(*yes, &whole(&record, &stack.name), "Carry this plan out?")?;
            }
            let url = match url {
                Some(url) => url.clone(),
                None => signed::approval_url(&clients, &stack.name).await?,
            };
            // What was shown is what is approved: of another plan the function hears nothing good.
            signed::approve(&clients, &url, id, &record.fingerprint()).await?;
            Ok(format!("approved: it is carried out now; `iamwatch quarantine show {id}` says how far it is\n"))
        }
        Command::Restore { id, yes, leaked, made_meanwhile } => {
            let record = find(&records, id).await?;
            let how = Restore { leaked: *leaked, made_meanwhile: *made_meanwhile };
            confirm(*yes, &to_take_back(&record, how), "Take this back?")?;
            let iam = AwsIam { users: clients.iam(), deny: None, roles: Some(clients.iam()) };
            let restored = Box::pin(restore(record, how, &iam, &records, now())).await;
            restored
                .map(|record| format!("{}{}", left_over(&record), whole(&record, &stack.name)))
                .map_err(|failure| failure.to_string())
        }
        Command::Reset { yes } => {
            let (mut budget, version) = records.budget().await?;
            let Some(storm) = budget.storm() else {
                return Ok("there was no storm: quarantine acts as its mode says\n".to_owned());
            };
            let users: Vec<&str> = budget.users().into_iter().collect();
            let about = format!(
                "Too many users were to be contained at {storm}. Contained by themselves in the day before: {}.\n",
                terminal::clean(&users.join(", "))
            );
            confirm(*yes, &about, "Let quarantine act by itself again?")?;
            budget.reset();
            match records.put_budget(&budget, version).await? {
                Moved::Yes => Ok("done: quarantine acts as its mode says\n".to_owned()),
                Moved::No => Err("the budget was changed meanwhile; run it again".to_owned()),
            }
        }
        Command::Simulate { .. } => Ok(String::new()),
    }
}

/// Asks the person at the terminal.
fn confirm(yes: bool, about: &str, question: &str) -> Result<(), String> {
    if yes {
        return Ok(());
    }
    let mut err = io::stderr().lock();
    let asked = write!(err, "{about}\n{question} Write `yes`: ").and_then(|()| err.flush());
    let mut said = String::new();
    let heard = asked.and_then(|()| io::stdin().lock().read_line(&mut said));
    match heard {
        Ok(_) if said.trim() == "yes" => Ok(()),
        Ok(_) => Err("nothing was changed: the answer was not `yes`".to_owned()),
        Err(error) => Err(format!("nothing was changed: nobody could be asked ({error}); `--yes` does not ask")),
    }
}

/// What a restore would do.
fn to_take_back(record: &Record, how: Restore) -> String {
    let step = |step: &iamwatch::quarantine::Step| {
        let kept = record.kept_back(step, how, None, now());
        let kept = kept.map(|why| format!(" (not done: {why})")).unwrap_or_default();
        format!("  {}{kept}\n", terminal::clean(&step.undo_words()))
    };
    record.left().collect::<Vec<_>>().into_iter().rev().map(step).collect()
}

/// What a restore left as it is.
fn left_over(record: &Record) -> String {
    if record.state == State::Restored {
        return String::new();
    }
    let step = |step: &iamwatch::quarantine::Step| format!("  {}\n", terminal::clean(&step.undo_words()));
    let steps: String = record.left().map(step).collect();
    format!(
        "Not all was taken back; the calls below say why. Left, and to be taken back by another restore:\n{steps}\n"
    )
}

async fn find(records: &DynamoRecords, id: &str) -> Result<Record, String> {
    let found = records.get(id).await?;
    found.ok_or_else(|| format!("there is no record `{id}`; `iamwatch quarantine list` names them all"))
}

/// One line a record, the latest first, and how many are in which state.
fn listed(records: &[Record]) -> String {
    if records.is_empty() {
        return "quarantine has no records: no finding asked for it yet\n".to_owned();
    }
    let mut states = BTreeMap::<String, usize>::new();
    let head = format!("{:<14}  {:<15}  {:<20}  {:<12}  WHAT\n", "RECORD", "STATE", "RECEIVED", "ACCOUNT");
    let mut row = |record: &Record| {
        let Record { id, finding, .. } = record;
        // Its message may still wait.
        let over = record.state == State::Pending && record.approval.is_none() && record.expires() <= now();
        let state = if over { State::Expired } else { record.state };
        let received = record.received.strftime("%Y-%m-%dT%H:%M:%SZ");
        let what = terminal::clean(&format!("{}: {}", finding.target, finding.act));
        *states.entry(state.to_string()).or_default() += 1;
        format!("{id:<14}  {state:<15}  {received}  {:<12}  {what}\n", finding.account)
    };
    let rows: String = records.iter().map(&mut row).collect();
    let counts: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    format!("{head}{rows}\n{}\n", counts.join(", "))
}

/// The event that began it, as it is kept.
fn event_of(record: &Record) -> String {
    let Some(event) = &record.finding.event.redacted else { return String::new() };
    let lines = serde_json::to_string_pretty(event).unwrap_or_default();
    let lines = lines.lines().map(|line| format!("  {}\n", terminal::clean(line)));
    std::iter::once("\nEvent, without secrets and policies\n".to_owned()).chain(lines).collect()
}

/// The record in the words of its mail.
fn whole(record: &Record, stack: &str) -> String {
    let config = Config { stack: stack.to_owned(), ..Config::default() };
    alert::of_containment(record, &Context::new(&config)).email
}
