//! # Function runs a layer of another account
//!
//! A Lambda function was made or configured with a layer that another account publishes.
//!
//! ## Why it matters
//!
//! A layer's code runs inside the function with its role and its secrets, and can stand in for the libraries that the function
//! loads. Whoever owns that account chose what is in it.
//!
//! ## False alarms
//!
//! Vendors of monitoring publish their agents as layers. An account that has a name in the configuration is for the record, as
//! is what CloudFormation deploys; layers of AWS's own known accounts are not told.
//!
//! ## What to do
//!
//! 1. Find out whose account it is: search the vendor's documentation for the layer's ARN.
//! 2. If nobody knows it: take the layer off the function, and give new values to every secret that the function has.
//! 3. List all calls by the function's role since the event, by `sessionContext.sessionIssuer.arn`.
//! 4. Give the account a name in the configuration if it is a vendor's.

use serde_json::Value;

use super::{Context, Detection, Outcome, Page, Technique, for_the_record_by_service};
use crate::event::{Event, is_account};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "function-layer-from-another-account",
    watcher: Watcher::IamChanges,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1648", was: None, name: "Serverless Execution" }],
    covers: &["IAMC-41"],
    calls: &[Calls {
        source: "lambda.amazonaws.com",
        names: &["CreateFunction", "CreateFunction2*", "UpdateFunctionConfiguration*"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("function_layer_from_another_account.rs")),
    detect,
};

/// Accounts from which AWS publishes layers in most regions: Powertools for Python, for TypeScript, Lambda Insights.
const AWS: [&str; 3] = ["017000801446", "094274105915", "580247275435"];

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.actor.is_service_by_itself() {
        return None;
    }
    let layers = event.request_value("layers")?.as_array()?;
    let foreign = |layer: &'_ Value| -> Option<(String, String)> {
        let layer = layer.as_str()?;
        let account = layer.strip_prefix("arn:")?.split(':').nth(3)?;
        let own = account == event.account || AWS.contains(&account);
        (is_account(account) && !own).then(|| (account.to_owned(), layer.to_owned()))
    };
    let foreign: Vec<(String, String)> = layers.iter().filter_map(foreign).collect();
    let named = |account: &str| context.config.account_names.contains_key(account);
    let unknown = foreign.iter().find(|(account, _)| !named(account));
    let (account, _) = unknown.or(foreign.first())?;
    let function = event.target().name;
    let function = function.rsplit(':').next().unwrap_or_default();
    let layers: Vec<&str> = foreign.iter().map(|(_, layer)| layer.as_str()).collect();
    let finding = DETECTION
        .finding(event, format!("gave function {function} a layer of account {}", context.config.account_name(account)))
        .severity(if unknown.is_some() { Severity::Medium } else { Severity::Low })
        .evidence("Layers", layers.join(", "))
        .evidence_if("Runs as", event.response("role").or_else(|| event.request("role")));
    Some(for_the_record_by_service(event, finding))
}
