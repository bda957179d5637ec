//! Who may assume a role: the trust policy that a call writes, beside the one before.

use super::given::loosened;
use crate::detect::Context;
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::policy::{Document, Flaw, Illegal, Trusted};
use crate::undo;

/// A role's trust policy as a call leaves it.
pub(crate) struct Door<'a> {
    pub(crate) document: Document,
    before: Option<&'a Document>,
    unseen: Option<&'a str>,
    account: &'a str,
}

impl<'a> Door<'a> {
    /// The trust policy that the call writes: each of the two calls names it otherwise.
    ///
    /// # Errors
    ///
    /// What is illegal in it.
    pub(crate) fn of(event: &'a Event, context: &Context<'a>) -> Result<Self, Illegal> {
        let parameter = if event.call() == "CreateRole" { "assumeRolePolicyDocument" } else { "policyDocument" };
        let before = &context.facts.before;
        Ok(Self {
            document: super::document(event, parameter)?,
            before: before.known().and_then(Option::as_ref),
            unseen: before.unseen(),
            account: &event.account,
        })
    }

    /// Whether the same stood there before.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.before.is_some_and(|before| self.document.says_the_same_as(before))
    }

    /// Whether somebody is let in who was not before, or who had to show more before.
    pub(crate) fn is_news(&self, trusted: &Trusted<'_>) -> bool {
        let Some(before) = self.before else { return true };
        let known = before.trusted(self.account).into_iter().filter(|old| old.who == trusted.who);
        !known.into_iter().any(|old| trusted.statement.asks_as_much_as(old.statement))
    }

    /// The command that writes it as it was before, if that is known and was no open door itself: whoever opens it in two
    /// steps is not to get the first of them back.
    pub(crate) fn undo(&self, role: &str) -> Option<String> {
        let weak = |before: &&Document| {
            let flaws = before.weaknesses(self.account, Some(role), |_| false);
            flaws.iter().any(|weak| weak.flaw.severity() >= Severity::High)
        };
        undo::update_trust(role, self.before.filter(|before| !weak(before))?)
    }

    /// Says what is weak about it. Everyone and other accounts have detections of their own.
    pub(crate) fn described(&self, mut finding: Finding, event: &Event, context: &Context<'_>) -> Finding {
        let known = |account: &str| context.config.account_names.contains_key(account);
        for weak in self.document.weaknesses(self.account, event.request("roleName"), known) {
            let to_whom = match weak.flaw {
                Flaw::Public | Flaw::PublicIf | Flaw::PublicBound | Flaw::Account | Flaw::AccountWithoutExternalId => {
                    continue;
                }
                Flaw::PublicProviderWithoutSubject => ", open to anybody who gets a token there",
                Flaw::ProviderWithoutSubject => ", open to all that its provider knows",
                Flaw::CognitoWithoutPool => ", open to every identity pool",
                Flaw::CognitoGuests => ", open to guests",
                Flaw::SamlWithoutAudience | Flaw::ServiceWithoutSource | Flaw::Itself => "",
            };
            let severity = if self.is_news(&weak.trusted) { weak.flaw.severity() } else { Severity::Low };
            if severity > finding.severity && !to_whom.is_empty() {
                finding.act.push_str(to_whom);
            }
            // A service in a trust policy is what most roles are for.
            if severity > Severity::Low {
                finding.severity = finding.severity.max(severity);
            }
            finding = finding.evidence(
                "Weak",
                format!("{}, {}, by {}", weak.trusted.who, weak.flaw.words(), weak.trusted.statement),
            );
        }
        if let Some(before) = self.before {
            finding = loosened(finding, &self.document.looser_than(before));
        }
        finding.evidence_if("Not seen", self.unseen.map(|why| format!("who could assume it before: {why}")))
    }
}
