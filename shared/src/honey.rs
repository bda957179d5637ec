//! Users and roles that nobody uses, laid out to be found: whoever touches one is where they should not be.

use crate::arn;
use crate::config::Config;
use crate::event::{Event, Target};

/// How an event touches one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Touch<'a> {
    /// It acts.
    By(&'a str),
    /// Somebody acts on it, or asks for it.
    Of(&'a str),
}

impl<'a> Touch<'a> {
    /// The principal that is laid out.
    pub(crate) fn arn(&self) -> &'a str {
        match self {
            Self::By(arn) | Self::Of(arn) => arn,
        }
    }
}

/// Whether the event touches one of the configured principals, whatever came of it. What AWS services look at on their own
/// is no touch of one.
pub(crate) fn touched<'a>(event: &Event, config: &'a Config) -> Option<Touch<'a>> {
    let one = |arn: &str| config.honey_principals.iter().find(|honey| honey.eq_ignore_ascii_case(arn));
    if let Some(honey) = one(&event.actor.principal) {
        return Some(Touch::By(honey));
    }
    if !event.actor.is_in_person() {
        return None;
    }
    let target = event.target();
    let denial = event.denial();
    let refused = denial.as_ref().and_then(|denial| denial.resource.as_deref());
    let named = [event.request("roleArn"), target.arn.as_deref(), refused].into_iter().flatten().find_map(one);
    // IAM's calls name a user or role without its ARN.
    let by_name = || {
        let here = |honey: &&String| arn::account(honey) == Some(event.account.as_str());
        let same = |honey: &&String| {
            let honey = Target::from_arn(honey);
            honey.kind == target.kind && honey.name.eq_ignore_ascii_case(&target.name)
        };
        let iam = event.source == "iam.amazonaws.com";
        config.honey_principals.iter().filter(|_| iam).filter(here).find(same)
    };
    named.or_else(by_name).map(|honey| Touch::Of(honey))
}
