//! Denied calls that are known to mean nothing: they are counted, and nobody is told.

use crate::event::Event;

/// A call that is denied in the course of ordinary work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benign {
    /// `eventSource`.
    pub source: &'static str,
    /// `eventName`.
    pub name: &'static str,
    /// Why a denial of it says nothing.
    pub reason: &'static str,
}

/// All of them. A call stands here only if it tells its caller nothing about the account's secrets, data or permissions
/// that would be worth an attack: what is here an attacker may try unheard.
pub static BENIGN: &[Benign] = &[
    of("account.amazonaws.com", "GetAccountInformation", "the console's account menu asks for the account's name"),
    of("account.amazonaws.com", "ListRegions", "the console's region menu asks which regions are on"),
    of("ce.amazonaws.com", "GetCostAndUsage", "the console's home page shows costs to whoever opens it"),
    of("ce.amazonaws.com", "GetCostForecast", "the console's home page shows costs to whoever opens it"),
    of("compute-optimizer.amazonaws.com", "GetEnrollmentStatus", "consoles ask whether to show advice on sizes"),
    of(
        "cost-optimization-hub.amazonaws.com",
        "ListEnrollmentStatuses",
        "the console's home page asks whether to show advice on costs",
    ),
    of(
        "freetier.amazonaws.com",
        "GetAccountPlanState",
        "the console asks whether to show what is left of the free tier",
    ),
    of("freetier.amazonaws.com", "GetFreeTierUsage", "the console asks whether to show what is left of the free tier"),
    of(
        "health.amazonaws.com",
        "DescribeEventAggregates",
        "the bell in the console's header counts events on every page",
    ),
    of(
        "logs.amazonaws.com",
        "CreateLogGroup",
        "functions and agents try to make their log group at each start, and need no right to when it is there",
    ),
    of(
        "notifications.amazonaws.com",
        "ListManagedNotificationEvents",
        "the bell in the console's header lists events on every page",
    ),
    of(
        "notifications.amazonaws.com",
        "ListNotificationEvents",
        "the bell in the console's header lists events on every page",
    ),
    of(
        "notifications.amazonaws.com",
        "ListNotificationHubs",
        "the bell in the console's header asks where events are kept",
    ),
    of(
        "ssm.amazonaws.com",
        "ListInstanceAssociations",
        "the agent on an instance without a role for it asks every few minutes",
    ),
    of("ssm.amazonaws.com", "PutInventory", "the agent on an instance without a role for it reports every half hour"),
    of(
        "ssm.amazonaws.com",
        "UpdateInstanceInformation",
        "the agent on an instance without a role for it reports every five minutes",
    ),
    of("trustedadvisor.amazonaws.com", "ListRecommendations", "the console's home page asks whether to show advice"),
];

const fn of(source: &'static str, name: &'static str, reason: &'static str) -> Benign {
    Benign { source, name, reason }
}

/// Why a denied call means nothing, if it is one of these.
#[must_use]
pub fn benign(event: &Event) -> Option<&'static Benign> {
    BENIGN.iter().find(|benign| event.is(benign.source, &[benign.name]))
}

#[cfg(test)]
mod tests {
    use super::BENIGN;
    use crate::detect::SENSITIVE;

    #[test]
    fn nothing_sensitive_is_benign_and_each_says_why() {
        for benign in BENIGN {
            assert!(!SENSITIVE.iter().any(|calls| calls.contain(benign.source, benign.name)), "{}", benign.name);
            assert!(benign.reason.len() > 20 && !benign.reason.ends_with('.'), "{}", benign.name);
        }
        assert!(BENIGN.is_sorted_by_key(|benign| (benign.source, benign.name)));
    }
}
