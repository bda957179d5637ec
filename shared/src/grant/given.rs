//! A policy that somebody gets, beside the one that stood in its place and beside all else that they hold.

use crate::detect::Context;
use crate::event::Event;
use crate::facts::{Fact, Holdings};
use crate::finding::{Finding, Severity};
use crate::policy::{Certainty, Document, Exposed, Exposure, Grant, Illegal, Loosening, Privilege, Way};

/// Whether somebody holds a policy now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Now,
    NotYet,
}

/// A policy that somebody gets. Only what it adds to what stood there before is weighed, together with all else that its
/// holder holds; where what stood there is not known, all of it is taken as new. What else the holder has excuses nothing:
/// IAM is read after the call, and two policies given at once would hide each other.
#[derive(Debug)]
pub(crate) struct Given {
    document: Result<Document, Illegal>,
    before: Option<Document>,
    /// The document with all that its holder holds besides.
    whole: Document,
    /// The document before with all that its holder holds besides.
    base: Document,
    bound: Option<Bound>,
    held: Held,
    /// What could not be seen.
    unseen: Vec<String>,
}

/// What a boundary leaves of what it bounds.
#[derive(Debug)]
struct Bound {
    privilege: Option<Privilege>,
    paths: Vec<&'static str>,
}

impl Given {
    /// The document under a request parameter. `id` is what its holder's other policies are told from it by: the name of
    /// an inline policy, the ARN of a managed one.
    pub(crate) fn written(event: &Event, context: &Context<'_>, parameter: &str, id: &str, held: Held) -> Self {
        Self::new(super::document(event, parameter), context, id, held)
    }

    /// A managed policy of the account that the event only names, if it could be read.
    pub(crate) fn named(context: &Context<'_>, arn: &str, held: Held) -> Option<Self> {
        context.facts.document.known().map(|document| Self::new(Ok(document.clone()), context, arn, held))
    }

    fn new(document: Result<Document, Illegal>, context: &Context<'_>, id: &str, held: Held) -> Self {
        let facts = context.facts;
        let before = facts.before.known().cloned().flatten();
        let besides = facts.target.known().map(|holdings| holdings.without(id)).unwrap_or_default();
        let whole = Document::joined(document.iter().chain([&besides]));
        let base = Document::joined(before.iter().chain([&besides]));
        let bound = facts.target.known().and_then(|holdings| holdings.boundary.as_ref()).map(Bound::of);
        let mut unseen: Vec<String> =
            facts.before.unseen().into_iter().map(|why| format!("what stood there before: {why}")).collect();
        unseen.extend(not_seen(&facts.target));
        Self { document, before, whole, base, bound, held, unseen }
    }

    /// Whether the same stood there before: infrastructure code puts its policies again at every run.
    pub(crate) fn is_unchanged(&self) -> bool {
        match (&self.before, &self.document) {
            (Some(before), Ok(document)) => document.says_the_same_as(before),
            _ => false,
        }
    }

    /// What stood there before, if that is known and was something.
    pub(crate) fn before(&self) -> Option<&Document> {
        self.before.as_ref()
    }

    /// Whether nobody could see what stood there before.
    pub(crate) fn is_before_unseen(&self) -> bool {
        !self.unseen.is_empty() && self.before.is_none()
    }

    /// The privilege that it adds, if it adds one.
    pub(crate) fn privilege(&self) -> Option<Grant<'_>> {
        let had = self.base.own_privilege().map(|grant| grant.privilege);
        let grant = self.whole.own_privilege()?;
        let privilege = match &self.bound {
            Some(bound) => bound.privilege?.min(grant.privilege),
            None => grant.privilege,
        };
        (had < Some(privilege)).then_some(Grant { privilege, ..grant })
    }

    /// Says what it adds. What nobody could read, and what is allowed only under a condition, is worth a look; an
    /// escalation path that nothing stands in the way of is worth one today.
    pub(crate) fn described(&self, finding: Finding) -> Finding {
        let document = match &self.document {
            Err(illegal) => return worth_a_look(finding).evidence("Unreadable", illegal.to_string()),
            Ok(document) => document,
        };
        let finding = match self.privilege() {
            Some(grant) => finding.evidence("Allows", grant.words()),
            None => self.short_of_privilege(finding, document),
        };
        let finding =
            self.before.iter().fold(finding, |finding, before| loosened(finding, &document.looser_than(before)));
        self.unseen.iter().fold(finding, |finding, unseen| finding.evidence("Not seen", unseen.as_str()))
    }

    fn short_of_privilege(&self, mut finding: Finding, document: &Document) -> Finding {
        if let Some(grant) = document.privilege() {
            // Its holder had as much from the one before, or is bound to less.
            finding = worth_a_look(finding).evidence("Allows", grant.words());
        }
        let of = |grant: Option<Grant<'_>>| grant.map(|grant| grant.privilege);
        let had_if = of(self.base.own_privilege_if()).max(of(self.base.own_privilege()));
        if let Some(grant) = self.whole.own_privilege_if().filter(|grant| had_if < Some(grant.privilege)) {
            return worth_a_look(finding).evidence("Allows", grant.words());
        }
        let (had, opens) = (self.base.opens(), self.whole.opens());
        // What others of the holder's policies open by themselves is not this one's doing.
        let is_by = |way: &Way<'_>| way.statements().iter().any(|statement| statement.of.is_none());
        let is_new = |way: &Way<'_>| {
            let known = |old: &Way<'_>| {
                old.path.reference == way.path.reference && old.certainty() >= way.certainty() && is_by(old)
            };
            is_by(way) && !had.ways.iter().any(known) && self.bound.as_ref().is_none_or(|bound| bound.leaves(way))
        };
        let ways: Vec<&Way<'_>> = opens.ways.iter().filter(|way| is_new(way)).collect();
        if let Some((worst, others)) = ways.split_first() {
            finding = escalating(finding, worst, others, self.held);
        }
        if opens.tangled {
            let severity = finding.severity.max(Severity::High);
            finding = finding.severity(severity).evidence("Not judged", "it has more wildcards than anybody needs");
        }
        let exposes = |old: &Exposed<'_>, new: &Exposed<'_>| {
            old.what == new.what
                && old.certainty >= new.certainty
                && (old.what != Exposure::WholeService || old.action == new.action)
        };
        let news: Vec<&Exposed<'_>> = opens
            .exposed
            .iter()
            .filter(|new| new.by.of.is_none())
            .filter(|new| !had.exposed.iter().any(|old| exposes(old, new)))
            .collect();
        let quiet = ways.is_empty() && news.is_empty() && !opens.tangled;
        finding = exposing(finding, &news).evidence("Says", document.in_words());
        match &self.before {
            Some(before) if quiet && document.adds_nothing_to(before) => {
                finding.severity(Severity::Low).evidence("New", "nothing: it allows no more than the one before")
            }
            Some(_) if quiet => {
                finding.evidence("New", "nothing that is known to be risky, compared with the one before")
            }
            Some(_) => finding.evidence("Compared", "with the one before: only what is new is weighed"),
            None => finding,
        }
    }
}

/// Says what a document allows that stands alone.
pub(crate) fn described(finding: Finding, document: &Result<Document, Illegal>, held: Held) -> Finding {
    let alone = Given {
        document: document.clone(),
        before: None,
        whole: Document::joined(document),
        base: Document::default(),
        bound: None,
        held,
        unseen: Vec::new(),
    };
    alone.described(finding)
}

/// Why what a principal holds is not known in full.
pub(super) fn not_seen(holdings: &Fact<Holdings>) -> Vec<String> {
    match holdings {
        Fact::Unasked => Vec::new(),
        Fact::Unseen(why) => vec![why.clone()],
        Fact::Known(holdings) => holdings.unseen.clone(),
    }
}

/// Says what no longer holds anybody back.
pub(crate) fn loosened(mut finding: Finding, loosened: &[Loosening<'_>]) -> Finding {
    for loosening in loosened.iter().take(3) {
        finding.severity = finding.severity.max(loosening.severity());
        finding = finding.evidence("Weaker", loosening.to_string());
    }
    match loosened.len().saturating_sub(3) {
        0 => finding,
        more => finding.evidence("Weaker", format!("and in {more} more places")),
    }
}

fn worth_a_look(finding: Finding) -> Finding {
    let severity = finding.severity.max(Severity::Medium);
    finding.severity(severity)
}

/// Names the worst escalation path that a document opens, and the others by their reference.
fn escalating(mut finding: Finding, worst: &Way<'_>, others: &[&Way<'_>], held: Held) -> Finding {
    let path = worst.path;
    let severity = match (worst.certainty(), held) {
        (Certainty::Plain, Held::Now) => Severity::High,
        (Certainty::Plain, Held::NotYet) | (Certainty::If, _) => Severity::Medium,
        (Certainty::Named, _) => Severity::Low,
    };
    finding.severity = finding.severity.max(severity);
    if worst.certainty() == Certainty::Plain {
        finding.act.push_str(", which opens escalation path ");
        finding.act.push_str(path.reference);
    }
    let grants = match worst.certainty() {
        Certainty::Plain | Certainty::If => "its holder can",
        Certainty::Named => "if the named ones are strong, its holder can",
    };
    // Those that are worth less are in the reach of half of all policies: they would bury the others.
    let also: Vec<&str> = others
        .iter()
        .filter(|way| way.certainty() > Certainty::Named || way.certainty() == worst.certainty())
        .map(|way| way.path.reference)
        .collect();
    finding
        .evidence("Escalation", format!("{grants} {} (path {}): {}", path.name, path.reference, worst.words()))
        .evidence_if("Other paths", (!also.is_empty()).then(|| listed(&also)))
}

/// At most ten of a list.
pub(super) fn listed(list: &[&str]) -> String {
    let first: Vec<&str> = list.iter().copied().take(10).collect();
    match list.len().saturating_sub(10) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Says what a document lets its holder read everywhere.
fn exposing(mut finding: Finding, exposed: &[&Exposed<'_>]) -> Finding {
    let (services, reading): (Vec<&Exposed<'_>>, Vec<_>) =
        exposed.iter().partition(|exposed| exposed.what == Exposure::WholeService);
    for exposed in reading {
        let condition = if exposed.certainty == Certainty::If { ", under a condition" } else { "" };
        // By itself the right to decrypt reads nothing, and half of all policies give it on every key.
        if exposed.certainty == Certainty::Plain && exposed.what != Exposure::Decryption {
            finding.severity = finding.severity.max(Severity::Medium);
        }
        let words =
            format!("its holder can {}: {}, by {}{condition}", exposed.what.words(), exposed.action, exposed.by);
        finding = finding.evidence("Exposes", words);
    }
    let services: Vec<&str> = services.iter().map(|exposed| exposed.action.as_str()).collect();
    if !services.is_empty() {
        finding = finding.evidence("Whole services", listed(&services));
    }
    finding
}

impl Bound {
    fn of(boundary: &Document) -> Self {
        let of = |grant: Option<Grant<'_>>| grant.map(|grant| grant.privilege);
        let privilege = of(boundary.privilege()).max(of(boundary.privilege_if()));
        Self { privilege, paths: boundary.opens().ways.iter().map(|way| way.path.reference).collect() }
    }

    fn leaves(&self, way: &Way<'_>) -> bool {
        self.privilege >= Some(Privilege::Iam) || self.paths.contains(&way.path.reference)
    }
}
