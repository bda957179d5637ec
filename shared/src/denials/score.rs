//! How much denied calls weigh: not how many they are, but what they are.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Denials, HOUR, MINUTE, name_of};
use crate::circumstance;
use crate::detect::{Context, SENSITIVE, SENSITIVE_LESS};
use crate::event::Event;
use crate::finding::Severity;

/// What denied calls weigh, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    pub parts: Vec<Part>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub points: u32,
    pub words: String,
}

/// From how many points on it is as severe.
const LEVELS: [(u32, Severity); 3] = [(13, Severity::Critical), (6, Severity::High), (3, Severity::Medium)];

/// Services or regions within ten minutes that a program does not need by mistake.
const MANY_FOR_A_KEY: usize = 4;
const MANY: usize = 6;
/// The console's front page asks many services for its user.
const MANY_IN_THE_CONSOLE: usize = 15;
/// Different reading calls within ten minutes that nobody had asked for before.
const MANY_READS: usize = 10;

impl Score {
    /// What the denials weigh now that this event is among them.
    #[must_use]
    pub fn of(denials: &Denials, event: &Event, context: &Context<'_>) -> Self {
        let mut score = Self::default();
        let console = event.is_recorded_as_console();
        let key = event.actor.long_term_key();
        let many = many(event);

        let sensitive = denials.sensitive();
        let (grave, less): (Vec<_>, Vec<_>) = sensitive.into_iter().partition(|(_, grave)| *grave);
        if let [(first, _), others @ ..] = grave.as_slice() {
            let more = u32::try_from(others.len()).unwrap_or(u32::MAX).min(3);
            let words = if others.is_empty() {
                format!("{first}, which nobody asks for by chance")
            } else {
                format!("{first} and {} more that nobody asks for by chance", others.len())
            };
            score.add(6 + 2 * more, words);
        } else if let [(first, _), others @ ..] = less.as_slice() {
            score.add(if others.is_empty() { 3 } else { 4 }, format!("{first}, which is sensitive"));
        }

        let (services, regions) = (denials.services(), denials.regions());
        for (count, what) in [(services, "services"), (regions, "regions")] {
            if count >= many {
                let points = if count >= 2 * many { 5 } else { 3 };
                score.add(points, format!("{count} {what} within ten minutes"));
            }
        }
        let fresh: Vec<&str> = denials.new_within(10 * MINUTE).collect();
        if key && (services >= 3 || regions >= 3 || fresh.len() >= 8) {
            score.add(3, "a long-term key that tries many things".to_owned());
        }
        let reads = fresh.iter().filter(|name| is_a_read(name)).count();
        if reads >= MANY_READS && !console {
            score.add(3, format!("{reads} ways of looking around that are new for it"));
        }
        if let Some(words) = circumstance::taken_out(event, context) {
            score.add(5, format!("use outside AWS: {words}"));
        }
        if !score.parts.is_empty() && denials.since.is_some_and(|since| since > denials.last - HOUR) {
            score.add(1, "nothing was denied to it before".to_owned());
        }
        score
    }

    #[must_use]
    pub fn points(&self) -> u32 {
        self.parts.iter().map(|part| part.points).sum()
    }

    /// How severe that is; nothing, where it is not worth a word by itself.
    #[must_use]
    pub fn severity(&self, event: &Event) -> Option<Severity> {
        let points = self.points();
        let level = LEVELS.into_iter().find(|(from, _)| points >= *from).map(|(_, severity)| severity);
        // A pipeline that lacks its permissions asks for all that it needs, one after the other.
        if event.actor.is_program() { level.map(|level| level.min(Severity::High)) } else { level }
    }

    /// As in `9 (6 for iam CreateUser, 3 for 4 services within ten minutes)`.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let parts: Vec<String> = self.parts.iter().map(|part| format!("{} for {}", part.points, part.words)).collect();
        (!parts.is_empty()).then(|| format!("{} ({})", self.points(), parts.join(", ")))
    }

    fn add(&mut self, points: u32, words: String) {
        self.parts.push(Part { points, words });
    }
}

/// How many services or regions are many, for whoever made the call.
pub(crate) fn many(event: &Event) -> usize {
    match (event.actor.long_term_key(), event.is_recorded_as_console()) {
        (true, _) => MANY_FOR_A_KEY,
        (false, false) => MANY,
        (false, true) => MANY_IN_THE_CONSOLE,
    }
}

/// The sensitive calls by name, and whether each is grave.
static GRAVE: LazyLock<HashMap<String, bool>> = LazyLock::new(|| {
    let named = |source: &'static str, name: &'static str| (name_of(source, name), !SENSITIVE_LESS.contains(&name));
    SENSITIVE.iter().flat_map(|calls| calls.names.iter().map(move |name| named(calls.source, name))).collect()
});

fn is_a_read(name: &str) -> bool {
    let call = name.split_once(' ').map_or("", |(_, call)| call);
    ["Get", "List", "Describe"].iter().any(|verb| call.starts_with(verb))
}

impl Denials {
    /// The sensitive calls of the last hour, and whether each is grave.
    fn sensitive(&self) -> Vec<(&str, bool)> {
        let recent = self.calls.iter().filter(|(_, call)| call.last > self.last - HOUR);
        recent.filter_map(|(name, _)| Some((name.as_str(), *GRAVE.get(name)?))).collect()
    }
}
