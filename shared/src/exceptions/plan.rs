//! The difference between what is written down and what is stored.

use std::fmt;

use super::{Exception, Stored};
use crate::alert::text::clean;

/// What must be done so that what is stored is what is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// How many are as they should be.
    pub kept: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Add(Exception),
    Change(Stored, Exception),
    Remove(Stored),
}

/// Compares what is written down with what is stored. Steps are in the order of their ids.
#[must_use]
pub fn plan(written: &[Exception], stored: &[Stored]) -> Plan {
    let mut steps = Vec::new();
    let mut kept = 0;
    for exception in written {
        match stored.iter().find(|known| known.id == exception.id) {
            None => steps.push(Step::Add(exception.clone())),
            Some(known) if known.text == exception.to_json() => kept += 1,
            Some(known) => steps.push(Step::Change(known.clone(), exception.clone())),
        }
    }
    let gone = stored.iter().filter(|known| written.iter().all(|exception| exception.id != known.id));
    steps.extend(gone.cloned().map(Step::Remove));
    steps.sort_by(|a, b| a.id().cmp(b.id()));
    Plan { steps, kept }
}

impl Step {
    /// The id of the exception that it changes.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Add(exception) => &exception.id,
            Self::Change(stored, _) | Self::Remove(stored) => &stored.id,
        }
    }
}

/// For people: `+` is added, `~` changed, `-` removed.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut added, mut changed, mut removed) = (0, 0, 0);
        for step in &self.steps {
            match step {
                Step::Add(exception) => {
                    added += 1;
                    writeln!(f, "+ {}", exception.id)?;
                    for (field, value) in fields(exception) {
                        writeln!(f, "    {field:<10}  {value}")?;
                    }
                }
                Step::Change(stored, exception) => {
                    changed += 1;
                    writeln!(f, "~ {}", exception.id)?;
                    change(f, stored, exception)?;
                }
                Step::Remove(stored) => {
                    removed += 1;
                    writeln!(f, "- {}", clean(&stored.id))?;
                    for (field, value) in stored.read.iter().flat_map(fields) {
                        writeln!(f, "    {field:<10}  {value}")?;
                    }
                }
            }
        }
        writeln!(f, "{added} to add, {changed} to change, {removed} to remove, {} as they should be", self.kept)
    }
}

fn change(f: &mut fmt::Formatter<'_>, stored: &Stored, exception: &Exception) -> fmt::Result {
    let before = match &stored.read {
        Ok(before) => fields(before),
        Err(why) => {
            writeln!(f, "    what is stored is not used: {}", clean(why))?;
            Vec::new()
        }
    };
    let after = fields(exception);
    let value = |side: &[(&'static str, String)], field: &str| {
        side.iter().find(|(known, _)| *known == field).map(|(_, value)| value.clone())
    };
    for field in ["detections", "actor", "target", "reason", "owner", "expires", "long"] {
        match (value(&before, field), value(&after, field)) {
            (before, after) if before == after => {}
            (before, after) => {
                let shown = |side: Option<String>| side.unwrap_or_else(|| "not said".to_owned());
                writeln!(f, "    {field:<10}  {} -> {}", shown(before), shown(after))?;
            }
        }
    }
    Ok(())
}

/// What an exception says, in the order in which it is read.
fn fields(exception: &Exception) -> Vec<(&'static str, String)> {
    let Exception { detections, actor, target, reason, owner, expires, long, .. } = exception;
    let mut fields = vec![("detections", detections.join(", "))];
    fields.extend(actor.as_ref().map(|actor| ("actor", actor.as_str().to_owned())));
    fields.extend(target.as_ref().map(|target| ("target", target.as_str().to_owned())));
    fields.extend([("reason", reason.clone()), ("owner", owner.clone()), ("expires", expires.to_string())]);
    fields.extend(long.as_ref().map(|long| ("long", long.clone())));
    fields
}
