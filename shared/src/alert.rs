//! One finding as words: e-mail, chat, SMS, and what machines read.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::detect::Context;
use crate::finding::Finding;
use crate::ledger::{Due, Standing};

/// One alert, ready to publish, in every form it may be read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Printable ASCII, no line break, under 100 characters.
    pub subject: String,
    /// Plain text for e-mail, and for every protocol without a form of its own.
    pub email: String,
    /// Amazon Q's custom schema, as JSON.
    pub chat: String,
    pub sms: String,
    /// The finding as OCSF 1.6 Detection Finding, as JSON.
    pub machine: String,
    /// What SNS filter policies match on.
    pub attributes: BTreeMap<&'static str, String>,
}

/// The alert of a finding that speaks. `now` is the time of the alert.
#[must_use]
pub fn of_finding(finding: &Finding, standing: &Standing, context: &Context<'_>, now: Timestamp) -> Alert {
    let _ = (finding, standing, context, now);
    Alert {
        subject: String::new(),
        email: String::new(),
        chat: String::new(),
        sms: String::new(),
        machine: String::new(),
        attributes: BTreeMap::new(),
    }
}

/// The alert of an incident that grew since it was told: "x37 in 15 min".
#[must_use]
pub fn of_due(due: &Due, context: &Context<'_>, now: Timestamp) -> Alert {
    let standing = Standing { incident: due.incident.clone(), count: due.count, speaks: true, unclaimed: false };
    of_finding(&due.finding, &standing, context, now)
}
