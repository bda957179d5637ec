//! # First stack of a principal
//!
//! A principal deployed a CloudFormation stack or stack set for the first time that iamwatch knows of.
//!
//! ## Why it matters
//!
//! A stack makes anything, roles and functions too, and CloudFormation's name then stands in the records. Who has stolen
//! the credentials of a program that never deployed anything makes one.
//!
//! ## False alarms
//!
//! Every new pipeline, and every person who deploys for the first time. It is for the record.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the stack is for.
//! 2. If they do not know of it: read what it made, `aws cloudformation describe-stack-resources --stack-name` with the
//!    name under Stack, then delete it and cut off their credentials.
//! 3. List all calls with `invokedBy` `cloudformation.amazonaws.com` by that ARN in the hour after the event, by
//!    `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "stack-created-first-time",
    watcher: Watcher::IamChanges,
    severity: Severity::Low,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1648", was: None, name: "Serverless Execution" }],
    covers: &["IAMC-38"],
    calls: &[Calls {
        source: "cloudformation.amazonaws.com",
        names: &["CreateChangeSet", "CreateStack", "CreateStackInstances", "CreateStackSet"],
    }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("stack_created_first_time.rs")),
    detect,
};

/// A principal that deploys stacks. A change set deploys as well, whether the stack exists or not.
pub(super) static REMEMBERS: Remembering =
    Remembering { id: "stack-created-first-time", asked_by: &[&DETECTION], what: What::Habit(deployer) };

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let since = context.facts.first_since(REMEMBERS.id)?;
    let set = event.request("stackSetName");
    let name = event.request("stackName").or(set)?;
    let what = if set.is_some() { "stack set" } else { "stack" };
    Some(
        DETECTION
            .finding(
                event,
                format!("deployed {what} {name}{}", if since.is_again() { ", new to stacks" } else { ", its first" }),
            )
            .evidence("Stack", name)
            .evidence_if("Template", event.request("templateURL"))
            .evidence("First", format!("it deployed none since {since}")),
    )
}

fn deployer(event: &Event) -> Option<Pair> {
    Pair::of_caller(event, &[])
}
