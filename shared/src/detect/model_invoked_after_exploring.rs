//! # Model invoked after exploring
//!
//! An IAM user, with a long-term key or a key for Bedrock, looked which models Amazon Bedrock has here, and invoked one, or
//! deleted some of what belongs to them, within 15 minutes. Needs calls that only read.
//!
//! ## Why it matters
//!
//! Stolen keys are sold by which models they reach. What others then ask of these models is on your bill, thousands a
//! day, and done in your name.
//!
//! ## False alarms
//!
//! A developer who tries Bedrock out, or a program that lists the models each time it starts. HIGH, if the user was not seen
//! to invoke models before, or with a key that came from another network than the user's or that somebody else just made;
//! LOW, if they do it for more than a day.
//!
//! ## What to do
//!
//! 1. Ask the user's owner whether they work with Bedrock.
//! 2. If not: set the key Inactive, and deny the user `bedrock:*` with an inline policy.
//! 3. List all calls of `bedrock.amazonaws.com` by that user in the 24 hours before and after, by `userIdentity.arn`, in every
//!    region.
//! 4. Look whether the logging of invocations still runs, and at the bill of the service since.

use jiff::SignedDuration;

use super::{Context, Detection, Outcome, Page, Technique};
use crate::circumstance::ago;
use crate::event::{Event, Kind, Target};
use crate::facts::past::{Key, Pair, Remembering, Trace, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "model-invoked-after-exploring",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::High,
    mitre: &[
        Technique { id: "T1078.004", was: None, name: "Valid Accounts: Cloud Accounts" },
        Technique { id: "T1496.004", was: None, name: "Resource Hijacking: Cloud Service Hijacking" },
    ],
    covers: &["CRED-17"],
    calls: &[
        Calls { source: BEDROCK, names: EXPLORE },
        Calls { source: BEDROCK, names: INVOKE },
        Calls { source: BEDROCK, names: DELETE },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("model_invoked_after_exploring.rs")),
    detect,
};

const BEDROCK: &str = "bedrock.amazonaws.com";

const EXPLORE: &[&str] = &[
    "GetFoundationModelAvailability",
    "GetUseCaseForModelAccess",
    "ListCustomModels",
    "ListFoundationModelAgreementOffers",
    "ListFoundationModels",
    "ListImportedModels",
    "ListInferenceProfiles",
    "ListProvisionedModelThroughputs",
];

const INVOKE: &[&str] = &["Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"];

const DELETE: &[&str] = &[
    "DeleteCustomModel",
    "DeleteFoundationModelAgreement",
    "DeleteGuardrail",
    "DeleteImportedModel",
    "DeleteInferenceProfile",
    "DeleteProvisionedModelThroughput",
];

/// A user, and what they looked at.
pub(super) static REMEMBERS: Remembering = Remembering {
    id: "model-invoked-after-exploring",
    asked_by: &[&DETECTION],
    what: What::Trace { leaves: explored, asks: used, lasts: SignedDuration::from_mins(15) },
};

/// Users that invoke models.
pub(super) static INVOKED_BEFORE: Remembering =
    Remembering { id: "model-invoked", asked_by: &[&DETECTION], what: What::Habit(invoked) };

/// A key for Bedrock signs no call: there is no id of it.
fn user(event: &Event) -> Option<Key> {
    let actor = &event.actor;
    let temporary = actor.access_key.as_deref().is_some_and(|key| key.starts_with("ASIA"));
    let user = actor.kind == Kind::IamUser && actor.is_in_person() && !temporary && event.succeeded();
    user.then(|| vec![actor.principal.clone()])
}

fn explored(event: &Event) -> Option<Trace> {
    let explores = event.is(BEDROCK, EXPLORE);
    explores.then(|| Some(Trace { under: user(event)?, text: event.call().to_owned() }))?
}

fn used(event: &Event) -> Option<Key> {
    let uses = event.is(BEDROCK, INVOKE) || event.is(BEDROCK, DELETE);
    uses.then(|| user(event))?
}

fn invoked(event: &Event) -> Option<Pair> {
    event.is(BEDROCK, INVOKE).then(|| user(event))?.map(Pair)
}

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let user = &event.actor.name;
    let explored = context.facts.left(REMEMBERS.id)?;
    let model = event.request("modelId").or_else(|| event.request("modelIdentifier"));
    let deletes = event.is(BEDROCK, DELETE);
    let since = context.facts.first_since(INVOKED_BEFORE.id);
    let first = since.is_some_and(|since| !since.is_again());
    let usual = !deletes && since.is_none() && context.facts.was_seen(INVOKED_BEFORE.id);
    let severity = match (first, usual) {
        (true, _) => Severity::High,
        (false, true) => Severity::Low,
        (false, false) => Severity::Medium,
    };
    let act = if deletes {
        format!("called {} after exploring models", event.call())
    } else {
        "invoked a model after exploring which there are".to_owned()
    };
    Some(
        DETECTION
            .finding(event, act)
            .target(Target::user(user))
            .severity(severity)
            .if_key_is_in_doubt(Severity::High)
            .evidence("Explored", format!("{} {}", explored.text, ago(explored.at, event.time)))
            .evidence_if("Model", model)
            .evidence_if(
                "First",
                since.map(|since| format!("the user was not seen to invoke models before, since {since}")),
            ),
    )
}
