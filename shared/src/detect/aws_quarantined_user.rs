//! # AWS quarantined a user whose key leaked
//!
//! A policy with which AWS quarantines exposed credentials was attached to an IAM user: AWS found one of the user's
//! access keys in public.
//!
//! ## Why it matters
//!
//! The key's secret is known to others, who usually try it within minutes. The policy only blocks what such thieves do
//! most: the key still works.
//!
//! ## False alarms
//!
//! Somebody attached the policy by hand, to test or to contain. The key should still be looked at.
//!
//! ## What to do
//!
//! 1. Set all access keys of the user Inactive, now.
//! 2. List all calls signed by the user's keys in the 7 days before, by `userIdentity.accessKeyId`, and look for new
//!    users, keys, roles and instances.
//! 3. Read the mail or AWS Health event from AWS: it names the key and where it was found.
//! 4. Remove the secret from where it was found, make a new key only if one is needed, then detach the policy.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::event::Event;
use crate::finding::{Confidence, Finding, Severity};
use crate::policy::AwsManaged;
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "aws-quarantined-user",
    watcher: Watcher::IamChanges,
    severity: Severity::Critical,
    confidence: Confidence::High,
    mitre: &[Technique { id: "T1552.001", was: None, name: "Unsecured Credentials: Credentials In Files" }],
    covers: &["CRED-08"],
    calls: &[Calls { source: "iam.amazonaws.com", names: &["AttachUserPolicy", "PutUserPolicy"] }],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("aws_quarantined_user.rs")),
    detect,
};

/// The inline policy that came before them.
const INLINE: &str = "AWSExposedCredentialPolicy_DO_NOT_REMOVE";

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let policy = match event.call() {
        "AttachUserPolicy" => {
            let managed = AwsManaged::from_arn(event.request("policyArn")?)?;
            managed.is_key_quarantine().then_some(managed.name)?
        }
        _ => event.request("policyName").filter(|name| *name == INLINE)?,
    };
    let user = event.request("userName")?;
    Some(DETECTION.finding(event, format!("quarantined user {user} with {policy}")).evidence("Policy", policy))
}
