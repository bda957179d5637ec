//! # Encrypted with a key of another account
//!
//! From now on a bucket, a table, a secret or all new volumes of a region are encrypted with a KMS key of another account.
//!
//! ## Why it matters
//!
//! Whoever owns the key decides who reads the data. It is how data is held to ransom without a copy of it: the key is taken
//! away, and nobody here can give it back.
//!
//! ## False alarms
//!
//! Organizations that keep all keys in one account. Give it a name in `AccountNames`: its keys are for the record.
//!
//! ## What to do
//!
//! 1. Find out whose account it is. If nobody knows: set a key of your own again, and cut off the credentials of whoever is
//!    named under Who.
//! 2. List what was written since the event: for a bucket its objects by date, for volumes those made since. Encrypt it again with
//!    your own key while the other one can still be used.
//! 3. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`.

use super::{Context, Detection, Outcome, Page, Technique, anywhere};
use crate::arn;
use crate::blinding;
use crate::event::{Event, Target, is_account};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "encrypted-with-another-accounts-key",
    watcher: Watcher::Guardrails,
    severity: Severity::High,
    confidence: Confidence::Medium,
    mitre: &[Technique { id: "T1486", was: None, name: "Data Encrypted for Impact" }],
    covers: &[],
    calls: &[
        Calls { source: "dynamodb.amazonaws.com", names: &["UpdateTable"] },
        Calls { source: "ec2.amazonaws.com", names: &["ModifyEbsDefaultKmsKeyId"] },
        Calls { source: "s3.amazonaws.com", names: &["PutBucketEncryption"] },
        Calls { source: "secretsmanager.amazonaws.com", names: &["UpdateSecret"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("encrypted_with_another_accounts_key.rs")),
    detect,
};

fn detect(event: &Event, context: &Context<'_>) -> Option<Finding> {
    let key = ["kmsMasterKeyId", "kmsKeyId"].iter().find_map(|name| anywhere(event, name))?;
    let account = arn::account(key).filter(|account| is_account(account) && *account != event.account)?;
    let named = context.config.account_names.contains_key(account);
    let target = match event.call() {
        "ModifyEbsDefaultKmsKeyId" => {
            Target { kind: "all new volumes".to_owned(), name: format!("in {}", event.region), arn: None }
        }
        _ => event.target(),
    };
    let finding = DETECTION
        .finding(event, format!("encrypted {target} with a key of account {}", context.config.account_name(account)))
        .severity(if named { Severity::Low } else { Severity::High })
        .target(target)
        .evidence("Key", key);
    blinding::weigh(event, finding)
}
