//! What a document lets its holder do: Allow less Deny, with conditions kept as "if".
//!
//! Questions are put about kinds of resources, not single ones: may its holder pass *any* role, or only those that are
//! named? A resource that no document names stands for "any" ([`ANY`]). Names and conditions whose values nobody can
//! know here may match; where that is not certain, the answer is an "if", never a plain yes.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::LazyLock;

use super::actions::{ACTIONS, Action, BESIDES, COMMANDING, Choice, OTHER_KINDS, compare, place};
use super::wildcard::{contains, matches, matches_in_any_case};
use super::{Condition, Document, Effect, Scope, Statement};

/// A name that no document means: a pattern that matches it matches all of its kind.
const ANY: &str = "q7zq7z";
/// Steps of comparing, of about 10 ns, after which a document is too tangled to be judged further. IAM takes documents of
/// up to 10,240 characters; the most tangled of them that anybody means needs a tenth of it.
const WORK: u32 = 300_000;
/// What it takes to compare a pattern with a whole ARN.
const WHOLE_ARN: usize = 40;
/// IAM takes no longer ARN.
const LONGEST_ARN: usize = 2_048;

/// One action that a document allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed<'a> {
    pub action: &'static str,
    /// The statement that allows it.
    pub statement: &'a Statement,
    /// On what, as written.
    pub resource: Cow<'a, str>,
    pub certainty: Certainty,
    /// Conditions that may stand in the way: of the statement, and of denials.
    pub ifs: Vec<&'a Condition>,
}

/// How much a yes is worth, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Only for resources that are named: it depends on how strong these are.
    Named,
    /// Only if a condition holds.
    If,
    Plain,
}

/// The answer about one action on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    No,
    /// It depends on a condition, or on the value of a variable.
    If,
    Yes,
}

/// How far a pattern reaches among the resources of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cover {
    None,
    Some,
    All,
}

/// A document made ready for many questions.
pub(super) struct Reach<'a> {
    allows: Vec<Rule<'a>>,
    denies: Vec<Rule<'a>>,
    /// Older documents have no policy variables: `${aws:username}` is no user's name there.
    variables: bool,
    work: Cell<u32>,
}

/// A statement, and which of [`ACTIONS`] it is about.
struct Rule<'a> {
    statement: &'a Statement,
    actions: Set,
}

/// Some of [`ACTIONS`], by their place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Set([u64; 3]);

impl Set {
    fn add(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    fn has(self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn is_empty(self) -> bool {
        self.0 == [0; 3]
    }

    fn all_others(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

impl Document {
    /// Whether its holder may do `action` on the resource of that ARN. Names are compared as IAM does, conditions are an
    /// "if" whatever they say.
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str) -> Answer {
        let mut answer = Answer::No;
        let mut denied = Answer::No;
        for statement in self.statements.iter().filter(|statement| statement.principals.is_none()) {
            if !is_about(&statement.actions, action) {
                continue;
            }
            let hit = match &statement.resources {
                None => Answer::No,
                Some(Scope::Only(patterns)) => self.hits(patterns, resource),
                Some(Scope::AllBut(patterns)) => match self.hits(patterns, resource) {
                    Answer::No => Answer::Yes,
                    Answer::If => Answer::If,
                    Answer::Yes => Answer::No,
                },
            };
            let hit = if statement.conditions.is_empty() { hit } else { hit.min(Answer::If) };
            match statement.effect {
                Effect::Allow => answer = answer.max(hit),
                Effect::Deny => denied = denied.max(hit),
            }
        }
        match denied {
            Answer::No => answer,
            Answer::If => answer.min(Answer::If),
            Answer::Yes => Answer::No,
        }
    }

    fn hits(&self, patterns: &[String], resource: &str) -> Answer {
        let hit = |pattern: &String| {
            if self.has_variables() && pattern.contains("${") {
                // Whatever its value is, it stands where a wildcard would.
                if matches(&opened(pattern), resource) { Answer::If } else { Answer::No }
            } else if matches(pattern, resource) {
                Answer::Yes
            } else {
                Answer::No
            }
        };
        patterns.iter().map(hit).max().unwrap_or(Answer::No)
    }

    pub(super) fn has_variables(&self) -> bool {
        self.version.as_deref() == Some("2012-10-17")
    }

    pub(super) fn reach(&self) -> Reach<'_> {
        let mut reach =
            Reach { allows: Vec::new(), denies: Vec::new(), variables: self.has_variables(), work: Cell::new(0) };
        for statement in self.statements.iter().filter(|statement| statement.principals.is_none()) {
            let mut actions = Set::default();
            let (Scope::Only(patterns) | Scope::AllBut(patterns)) = &statement.actions;
            for pattern in patterns {
                reach.cover_actions(pattern, &mut actions);
            }
            let actions = match &statement.actions {
                Scope::Only(_) => actions,
                Scope::AllBut(_) => actions.all_others(),
            };
            if actions.is_empty() {
                continue;
            }
            match statement.effect {
                Effect::Allow => reach.allows.push(Rule { statement, actions }),
                Effect::Deny => reach.denies.push(Rule { statement, actions }),
            }
        }
        reach
    }
}

fn is_about(actions: &Scope<String>, action: &str) -> bool {
    let named =
        |patterns: &[String]| patterns.iter().any(|pattern| has_form(pattern) && matches_in_any_case(pattern, action));
    match actions {
        Scope::Only(patterns) => named(patterns),
        Scope::AllBut(patterns) => !named(patterns),
    }
}

/// `service:name`, or wildcards alone: anything else is no action.
fn has_form(pattern: &str) -> bool {
    pattern.contains(':') || only_wildcards(pattern)
}

fn only_wildcards(pattern: &str) -> bool {
    pattern.contains('*') && pattern.bytes().all(|byte| byte == b'*' || byte == b'?')
}

/// The pattern with a `*` in the place of each variable.
fn opened(pattern: &str) -> String {
    let mut open = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, variable)) = rest.split_once("${") {
        open.push_str(before);
        // One that never ends is none.
        let (stands_for, behind) = variable.split_once('}').map_or(("${", variable), |(_, behind)| ("*", behind));
        open.push_str(stands_for);
        rest = behind;
    }
    open + rest
}

/// Which letters each action's name is made of: rules most patterns out in one step.
static LETTERS: LazyLock<Vec<u32>> = LazyLock::new(|| ACTIONS.iter().map(|action| letters(action.name)).collect());

fn letters(text: &str) -> u32 {
    text.bytes().filter(u8::is_ascii_alphabetic).fold(0, |set, byte| set | 1 << (byte.to_ascii_lowercase() - b'a'))
}

impl<'a> Reach<'a> {
    /// Whether it was too tangled to be judged to the end.
    pub(super) fn is_tangled(&self) -> bool {
        self.work.get() >= WORK
    }

    fn works(&self, steps: usize) -> bool {
        let steps = u32::try_from(steps).unwrap_or(WORK);
        self.work.set(self.work.get().saturating_add(steps).min(WORK));
        !self.is_tangled()
    }

    fn cover_actions(&self, pattern: &str, into: &mut Set) {
        let start = pattern.bytes().position(|byte| byte == b'*' || byte == b'?').unwrap_or(pattern.len());
        let Some((prefix, rest)) = pattern.split_at_checked(start) else { return };
        if rest.is_empty() {
            into_set(place(pattern), into);
            return;
        }
        let literals = rest.bytes().filter(|byte| *byte != b'*').count();
        // Longer than the longest action, or no action at all.
        if literals > 80 || !has_form(pattern) {
            return;
        }
        let wanted = letters(rest);
        let from = ACTIONS.partition_point(|action| compare(action.name, prefix).is_lt());
        for (index, action) in ACTIONS.iter().enumerate().skip(from) {
            let Some((head, tail)) = action.name.split_at_checked(prefix.len()) else { break };
            if !head.eq_ignore_ascii_case(prefix) {
                break;
            }
            let have = LETTERS.get(index).copied().unwrap_or_default();
            if wanted & !have != 0 || literals > tail.len() || into.has(index) {
                continue;
            }
            if !self.works(1 + rest.len().min(tail.len() + 80) / 2) {
                return;
            }
            if matches_in_any_case(rest, tail) {
                into.add(index);
            }
        }
    }

    /// Whether and how the action is allowed. `services` are those that a passed role may go to, any of which will do.
    pub(super) fn allowed(&self, name: &str, services: &[&str]) -> Option<Allowed<'a>> {
        self.allowed_at(place(name)?, services)
    }

    /// As [`Reach::allowed`], by the action's place in the table.
    pub(super) fn allowed_at(&self, index: usize, services: &[&str]) -> Option<Allowed<'a>> {
        let action = ACTIONS.get(index)?;
        let mut best = self.allowed_on(action, index, services);
        for other in OTHER_KINDS.iter().filter(|other| other.name == action.name) {
            best = stronger(best, self.allowed_on(other, index, services));
        }
        let mut best = best?;
        for besides in BESIDES.iter().filter(|besides| besides.name == action.name) {
            let besides = self.allowed_on(besides, index, services)?;
            if besides.certainty < best.certainty {
                best = besides;
            } else {
                best.ifs.extend(besides.ifs);
            }
        }
        Some(best)
    }

    /// As [`Reach::allowed`], on one kind of resource.
    fn allowed_on(&self, action: &'static Action, index: usize, services: &[&str]) -> Option<Allowed<'a>> {
        let mut best: Option<Allowed<'a>> = None;
        for rule in self.allows.iter().filter(|rule| rule.actions.has(index)) {
            let Some(found) = self.allowed_by(rule.statement, action, index, services) else { continue };
            let plain = found.certainty == Certainty::Plain;
            best = stronger(best, Some(found));
            if plain {
                break;
            }
        }
        best
    }

    fn allowed_by(
        &self,
        statement: &'a Statement,
        action: &'static Action,
        index: usize,
        services: &[&str],
    ) -> Option<Allowed<'a>> {
        let question = Question { action, services, effect: Effect::Allow };
        let mut ifs = Vec::new();
        for condition in &statement.conditions {
            match question.holds(condition) {
                Truth::No => return None,
                Truth::Maybe => ifs.push(condition),
                Truth::Yes => {}
            }
        }
        let mut best: Option<Allowed<'a>> = None;
        let mut consider = |pattern: &str, shown: Cow<'a, str>, cover: Cover| {
            let Some((cover, unless)) = self.less(pattern, cover, action, index, services) else { return };
            let certainty = match (cover, ifs.is_empty() && unless.is_empty()) {
                (Cover::All, true) => Certainty::Plain,
                (Cover::All, false) => Certainty::If,
                _ => Certainty::Named,
            };
            if best.as_ref().is_none_or(|best| best.certainty < certainty) {
                let ifs = ifs.iter().copied().chain(unless).collect();
                best = Some(Allowed { action: action.name, statement, resource: shown, certainty, ifs });
            }
        };
        match statement.resources.as_ref()? {
            Scope::Only(patterns) => {
                for pattern in patterns {
                    match self.cover(pattern, action) {
                        Cover::None => {}
                        cover => consider(pattern, Cow::Borrowed(pattern), cover),
                    }
                    if self.is_tangled() {
                        break;
                    }
                }
            }
            Scope::AllBut(spared) => {
                if !spared.iter().any(|pattern| self.cover_strictly(pattern, action) == Cover::All) {
                    let shown = format!("all but {}", super::some(spared, 2, ", ", String::clone));
                    consider("*", Cow::Owned(shown), Cover::All);
                }
            }
        }
        best
    }

    /// How far the pattern reaches, where it makes a difference.
    fn cover(&self, pattern: &str, action: &Action) -> Cover {
        match self.cover_strictly(pattern, action) {
            Cover::Some if is_own_user(pattern) => match action.choice {
                _ if !self.variables => Cover::None,
                Choice::OwnUser => Cover::All,
                Choice::OtherUser => Cover::None,
                Choice::Free | Choice::Named | Choice::Document => Cover::Some,
            },
            Cover::Some if action.choice == Choice::Document && names_a_commanding_document(pattern) => Cover::All,
            Cover::Some if action.choice == Choice::Free => Cover::All,
            cover => cover,
        }
    }

    fn cover_strictly(&self, pattern: &str, action: &Action) -> Cover {
        if only_wildcards(pattern) {
            return Cover::All;
        }
        if pattern.len() > LONGEST_ARN || !self.works(4 + pattern.len() / 32) {
            return Cover::Some;
        }
        if !may_name(pattern, action) {
            return Cover::None;
        }
        let all = may_name_any(pattern, action)
            && self.works(WHOLE_ARN + pattern.len() / 4)
            && matches(pattern, &any_of(action, &[pattern]));
        if all { Cover::All } else { Cover::Some }
    }

    /// What denials leave of it, and the conditions under which they take it.
    fn less(
        &self,
        pattern: &str,
        cover: Cover,
        action: &'static Action,
        index: usize,
        services: &[&str],
    ) -> Option<(Cover, Vec<&'a Condition>)> {
        if !self.denies.iter().any(|rule| rule.actions.has(index)) {
            return Some((cover, Vec::new()));
        }
        let whole = self.cover_strictly(pattern, action) == Cover::All;
        let mut left = cover;
        let mut unless = Vec::new();
        let question = Question { action, services, effect: Effect::Deny };
        for rule in self.denies.iter().filter(|rule| rule.actions.has(index)) {
            let truths: Vec<(Truth, &Condition)> =
                rule.statement.conditions.iter().map(|condition| (question.holds(condition), condition)).collect();
            if truths.iter().any(|(truth, _)| *truth == Truth::No) {
                continue;
            }
            let covers = |denied: &String| {
                if only_wildcards(denied) {
                    return true;
                }
                if denied.len() > LONGEST_ARN || !self.works(4 + denied.len() / 32) {
                    return false;
                }
                if whole {
                    may_name_any(denied, action)
                        && self.works(WHOLE_ARN + denied.len() / 4)
                        && matches(denied, &any_of(action, &[pattern, denied]))
                } else {
                    self.works((denied.len() + pattern.len()) / 16) && contains(denied, pattern)
                }
            };
            let after = match rule.statement.resources.as_ref() {
                None => continue,
                Some(Scope::Only(denied)) if !denied.iter().any(covers) => continue,
                Some(Scope::Only(_)) => Cover::None,
                Some(Scope::AllBut(spared)) if spared.iter().any(covers) => continue,
                Some(Scope::AllBut(spared)) => {
                    let rest = spared.iter().map(|spared| self.cover(spared, action)).max().unwrap_or(Cover::None);
                    match whole {
                        true => rest,
                        false if spared.iter().any(|spared| may_meet(spared, pattern)) => rest.min(Cover::Some),
                        false => Cover::None,
                    }
                }
            };
            let maybe: Vec<&'a Condition> =
                truths.iter().filter(|(truth, _)| *truth == Truth::Maybe).map(|(_, condition)| *condition).collect();
            if maybe.is_empty() {
                left = left.min(after);
            } else {
                unless.extend(maybe);
            }
        }
        (left != Cover::None).then_some((left, unless))
    }
}

/// The one that is worth more, of equals the first.
fn stronger<'a>(a: Option<Allowed<'a>>, b: Option<Allowed<'a>>) -> Option<Allowed<'a>> {
    match (&a, &b) {
        (Some(first), Some(second)) if first.certainty < second.certainty => b,
        (None, _) => b,
        _ => a,
    }
}

/// AWS's own documents belong to no account.
fn names_a_commanding_document(pattern: &str) -> bool {
    let (parts, _) = segments(pattern);
    let said = |place: usize, otherwise| {
        parts.get(place).copied().filter(|part: &&str| !part.contains(['*', '?'])).unwrap_or(otherwise)
    };
    let (partition, region) = (said(1, "aws"), said(3, ANY));
    COMMANDING.iter().any(|name| matches(pattern, &format!("arn:{partition}:ssm:{region}::document/{name}")))
}

fn into_set(place: Option<usize>, set: &mut Set) {
    if let Some(place) = place {
        set.add(place);
    }
}

/// Whether something may match both. A yes may be wrong, a no never is.
pub(super) fn may_meet(a: &str, b: &str) -> bool {
    let (start, other) = (literal_prefix(a), literal_prefix(b));
    match (start.len() < a.len(), other.len() < b.len()) {
        (false, false) => a == b,
        (true, true) => start.starts_with(other) || other.starts_with(start),
        _ if a.contains("${") || b.contains("${") => start.starts_with(other) || other.starts_with(start),
        (true, false) => matches(a, b),
        (false, true) => matches(b, a),
    }
}

/// Whether it names the user who asks, and nobody else.
fn is_own_user(pattern: &str) -> bool {
    pattern.strip_suffix("${aws:username}").is_some_and(|before| before.ends_with('/'))
}

/// The first five segments of an ARN and the rest; colons inside variables divide nothing.
pub(super) fn segments(pattern: &str) -> ([&str; 6], usize) {
    let mut parts = [""; 6];
    let (mut found, mut start, mut inside) = (0, 0, false);
    for (at, byte) in pattern.bytes().enumerate() {
        match byte {
            b'$' => inside |= pattern.as_bytes().get(at + 1) == Some(&b'{'),
            b'}' => inside = false,
            b':' if !inside => {
                if let Some(slot) = parts.get_mut(found) {
                    *slot = pattern.get(start..at).unwrap_or_default();
                }
                (found, start) = (found + 1, at + 1);
                if found == 5 {
                    break;
                }
            }
            _ => {}
        }
    }
    if let Some(slot) = parts.get_mut(found) {
        *slot = pattern.get(start..).unwrap_or_default();
    }
    (parts, found + 1)
}

/// The pattern up to what is open in it.
fn literal_prefix(pattern: &str) -> &str {
    let bytes = pattern.as_bytes();
    let is_open = |(at, byte): (usize, &u8)| match byte {
        b'*' | b'?' => true,
        b'$' => bytes.get(at + 1) == Some(&b'{'),
        _ => false,
    };
    let end = bytes.iter().enumerate().position(is_open).unwrap_or(pattern.len());
    pattern.get(..end).unwrap_or(pattern)
}

/// Whether the pattern may name a resource that the action works on. A yes may be wrong in odd forms, a no never is.
fn may_name(pattern: &str, action: &Action) -> bool {
    let (parts, found) = segments(pattern);
    let [arn, _, service, _, _, resource] = parts;
    let open = |part: &str| literal_prefix(part).len() < part.len();
    let fits = |part: &str, whole: &str| {
        if part.contains("${") { whole.starts_with(literal_prefix(part)) } else { matches(part, whole) }
    };
    let begins = |part: &str| {
        let prefix = literal_prefix(part);
        prefix.starts_with(action.resource) || open(part) && action.resource.starts_with(prefix)
    };
    if found == 6 {
        return fits(arn, "arn") && fits(service, action.service) && begins(resource);
    }
    // Fewer segments than an ARN has: the last one must be open to hold the others.
    let last = literal_prefix(parts.get(found - 1).copied().unwrap_or_default());
    open(pattern)
        && (found == 1 && "arn:".starts_with(last) || fits(arn, "arn"))
        && match found {
            1 | 2 => true,
            3 => action.service.starts_with(last),
            _ => fits(service, action.service),
        }
}

/// Whether the pattern can match [`ANY`] resource of the action's kind: whatever it begins with names none.
fn may_name_any(pattern: &str, action: &Action) -> bool {
    let (parts, found) = segments(pattern);
    let [.., resource] = parts;
    found < 6 || action.resource.starts_with(literal_prefix(resource))
}

/// An ARN of the action's kind that nobody names, in the partition, region and account that the patterns speak of.
fn any_of(action: &Action, patterns: &[&str]) -> String {
    let said = |place: usize| {
        patterns.iter().find_map(|pattern| {
            let (parts, found) = segments(pattern);
            let part = parts.get(place).filter(|_| found == 6)?;
            (!part.contains(['*', '?'])).then_some(*part)
        })
    };
    let global = matches!(action.service, "iam" | "s3" | "sso");
    let homeless = matches!(action.service, "s3" | "sso");
    let partition = said(1).unwrap_or("aws");
    let region = said(3).unwrap_or(if global { "" } else { ANY });
    let account = said(4).unwrap_or(if homeless { "" } else { "000000000000" });
    let (service, resource) = (action.service, action.resource);
    let deeper = deeper(action);
    format!("arn:{partition}:{service}:{region}:{account}:{resource}{ANY}{deeper}")
}

/// What follows a resource's first name: a key, an id, a revision. `task/*/*` is any task, `role/*/*` is not any role.
fn deeper(action: &Action) -> &'static str {
    match (action.service, action.resource) {
        ("s3", _)
        | ("apprunner", "service/")
        | ("cloudformation", "stack/")
        | ("codedeploy", "deploymentgroup:")
        | ("ecs", "task/")
        | ("sso", "permissionSet/") => "/q7zq7z",
        ("batch", "job-definition/") | ("cloudformation", "stackset/") => ":q7zq7z",
        _ => "",
    }
}

/// Whether a condition holds for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    No,
    Maybe,
    Yes,
}

/// What is asked, as far as conditions look at it.
struct Question<'q> {
    action: &'q Action,
    services: &'q [&'q str],
    effect: Effect,
}

/// How an operator compares text.
#[derive(Clone, Copy)]
struct Comparison {
    wanted: bool,
    like: bool,
    any_case: bool,
}

impl Comparison {
    fn of(operator: &str) -> Option<Self> {
        let bare = operator.rsplit(':').next().unwrap_or(operator).to_ascii_lowercase();
        let bare = bare.strip_suffix("ifexists").unwrap_or(&bare);
        let (wanted, like, any_case) = match bare {
            "stringequals" => (true, false, false),
            "stringequalsignorecase" => (true, false, true),
            "stringlike" | "arnlike" | "arnequals" => (true, true, false),
            "stringnotequals" => (false, false, false),
            "stringnotequalsignorecase" => (false, false, true),
            "stringnotlike" | "arnnotlike" | "arnnotequals" => (false, true, false),
            _ => return None,
        };
        Some(Self { wanted, like, any_case })
    }

    fn same(self, value: &str, have: &str) -> bool {
        match self {
            Self { like: true, .. } => matches(value, have),
            Self { any_case: true, .. } => value.eq_ignore_ascii_case(have),
            Self { .. } => value == have,
        }
    }
}

/// Policies worth attaching: a condition that lets one of them through binds nobody.
const WORTH_ATTACHING: [&str; 2] =
    ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/IAMFullAccess"];

impl Question<'_> {
    fn holds(&self, condition: &Condition) -> Truth {
        let key = condition.key.to_ascii_lowercase();
        let comparison = Comparison::of(&condition.operator);
        let allow = self.effect == Effect::Allow;
        // Only PassRole has this key: others pass just where its absence does.
        if key == "iam:passedtoservice" && self.action.name != "iam:PassRole" {
            let operator = condition.operator.to_ascii_lowercase();
            let absent_passes = operator.ends_with("ifexists")
                || operator.starts_with("forallvalues:")
                || comparison.is_some_and(|comparison| !comparison.wanted);
            return if absent_passes { Truth::Yes } else { Truth::No };
        }
        // The resources of one's own account, or organization, are what is asked about.
        let is_own = |key: &str, value: &str| {
            let own =
                [("aws:resourceaccount", "${aws:PrincipalAccount}"), ("aws:resourceorgid", "${aws:PrincipalOrgID}")];
            own.iter().any(|(own, principals)| key == *own && value.eq_ignore_ascii_case(principals))
        };
        if let (Some(comparison), [value]) = (comparison, condition.values.as_slice())
            && is_own(&key, value)
        {
            return if comparison.wanted { Truth::Yes } else { Truth::No };
        }
        // A value that nobody knows here.
        if condition.values.iter().any(|value| value.contains("${")) {
            return Truth::Maybe;
        }
        let some_value =
            |comparison: Comparison, have: &str| condition.values.iter().any(|value| comparison.same(value, have));
        match (key.as_str(), comparison) {
            ("iam:passedtoservice", Some(comparison)) => {
                if self.services.is_empty() {
                    return Truth::Maybe;
                }
                let holds = |service: &&str| {
                    let named = some_value(comparison, service) || some_value(comparison, &format!("{service}.cn"));
                    named == comparison.wanted
                };
                // Whoever passes the role chooses the service: one that is let through is enough.
                let holds = if allow { self.services.iter().any(holds) } else { self.services.iter().all(holds) };
                if holds { Truth::Yes } else { Truth::No }
            }
            ("iam:policyarn", Some(comparison)) if allow && comparison.wanted => {
                if WORTH_ATTACHING.iter().any(|policy| some_value(comparison, policy)) {
                    Truth::Yes
                } else {
                    Truth::Maybe
                }
            }
            // Nobody calls AWS over anything else.
            ("aws:securetransport", None) => match condition.values.as_slice() {
                [value] if value.eq_ignore_ascii_case("true") => Truth::Yes,
                [value] if value.eq_ignore_ascii_case("false") => Truth::No,
                _ => Truth::Maybe,
            },
            ("aws:sourceip", None) if condition.values.iter().any(|value| value == "0.0.0.0/0") => {
                if condition.operator.to_ascii_lowercase().contains("notip") { Truth::No } else { Truth::Yes }
            }
            // The caller says these, and says what is asked for.
            ("aws:useragent" | "aws:referer", Some(_)) => {
                if allow {
                    Truth::Yes
                } else {
                    Truth::No
                }
            }
            ("aws:requestedregion", Some(_)) if !matches!(self.action.service, "iam" | "sso") => {
                if allow {
                    Truth::Yes
                } else {
                    Truth::No
                }
            }
            // Every caller has these: `*` lets each of them through.
            ("aws:principalarn" | "aws:principalaccount" | "aws:userid" | "aws:principaltype", Some(comparison))
                if comparison.like && condition.values.iter().any(|value| only_wildcards(value)) =>
            {
                if comparison.wanted { Truth::Yes } else { Truth::No }
            }
            _ => Truth::Maybe,
        }
    }
}
