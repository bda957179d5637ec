//! # Access to models acquired
//!
//! Somebody accepted the terms of a foundation model of Amazon Bedrock for the account, or said what it is to be used for.
//!
//! ## Why it matters
//!
//! Intruders use models at another's cost, or sell their use: up to tens of thousands of dollars a day. This is the step before,
//! where the account has not used the model yet.
//!
//! ## False alarms
//!
//! A team that begins with a model. It happens once for each model and account.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the model is for. If nobody knows: cut off their credentials.
//! 2. List `InvokeModel`, `Converse` and their streams since the event, by `requestParameters.modelId`, in every region.
//! 3. See whether model invocations are logged: `aws bedrock get-model-invocation-logging-configuration`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "model-access-acquired",
    watcher: Watcher::AccessKeys,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1496.004", was: None, name: "Resource Hijacking: Cloud Service Hijacking" }],
    covers: &[],
    calls: &[Calls {
        source: "bedrock.amazonaws.com",
        names: &["CreateFoundationModelAgreement", "PutFoundationModelEntitlement", "PutUseCaseForModelAccess"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("model_access_acquired.rs")),
    detect,
};

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let model = event.request("modelId");
    let act = match event.call() {
        "PutUseCaseForModelAccess" => "told Bedrock what models are to be used for".to_owned(),
        _ => format!("acquired access to model {}", model.unwrap_or("of unknown id")),
    };
    Some(
        DETECTION
            .finding(event, act)
            // All of a provider's models are often acquired at once.
            .target(Target { kind: "models".to_owned(), name: "of Bedrock".to_owned(), arn: None })
            .evidence_if("Model", model),
    )
}
