//! What sees: trails, logs, rules, detectors, alarms.

use super::{aws, name};

/// `aws cloudtrail start-logging …`. `trail` is a name or an ARN.
#[must_use]
pub fn start_logging(trail: &str, in_region: &str) -> Option<String> {
    aws("cloudtrail start-logging").name_or_arn("name", trail).region(in_region).done()
}

/// `aws cloudtrail delete-trail …`. What the trail delivered so far stays in its bucket.
#[must_use]
pub fn delete_trail(trail: &str, in_region: &str) -> Option<String> {
    aws("cloudtrail delete-trail").name_or_arn("name", trail).region(in_region).done()
}

/// `aws cloudtrail restore-event-data-store …`: possible for seven days after it was deleted.
#[must_use]
pub fn restore_event_data_store(store: &str, in_region: &str) -> Option<String> {
    aws("cloudtrail restore-event-data-store").name_or_arn("event-data-store", store).region(in_region).done()
}

/// `aws cloudtrail start-event-data-store-ingestion …`.
#[must_use]
pub fn start_ingestion(store: &str, in_region: &str) -> Option<String> {
    aws("cloudtrail start-event-data-store-ingestion").name_or_arn("event-data-store", store).region(in_region).done()
}

/// `aws events enable-rule …`.
#[must_use]
pub fn enable_rule(rule: &str, bus: Option<&str>, in_region: &str) -> Option<String> {
    let bus = bus.unwrap_or("default");
    aws("events enable-rule").name("name", rule).name_or_arn("event-bus-name", bus).region(in_region).done()
}

/// `aws lambda delete-function-concurrency …`: a function limited to no invocations runs again.
#[must_use]
pub fn unlimit_function(function: &str, in_region: &str) -> Option<String> {
    aws("lambda delete-function-concurrency").name_or_arn("function-name", function).region(in_region).done()
}

/// `aws guardduty update-detector … --enable`.
#[must_use]
pub fn enable_detector(detector: &str, in_region: &str) -> Option<String> {
    aws("guardduty update-detector").name("detector-id", detector).flag("enable").region(in_region).done()
}

/// `aws guardduty delete-ip-set …`: a list of trusted addresses.
#[must_use]
pub fn delete_trusted_addresses(detector: &str, list: &str, in_region: &str) -> Option<String> {
    aws("guardduty delete-ip-set").name("detector-id", detector).name("ip-set-id", list).region(in_region).done()
}

/// `aws guardduty delete-filter …`.
#[must_use]
pub fn delete_finding_filter(detector: &str, filter: &str, in_region: &str) -> Option<String> {
    aws("guardduty delete-filter").name("detector-id", detector).name("filter-name", filter).region(in_region).done()
}

/// `aws accessanalyzer delete-archive-rule …`. What the rule archived stays archived.
#[must_use]
pub fn delete_archive_rule(analyzer: &str, rule: &str, in_region: &str) -> Option<String> {
    aws("accessanalyzer delete-archive-rule")
        .name("analyzer-name", analyzer)
        .name("rule-name", rule)
        .region(in_region)
        .done()
}

/// `aws configservice start-configuration-recorder …`.
#[must_use]
pub fn start_recorder(recorder: &str, in_region: &str) -> Option<String> {
    aws("configservice start-configuration-recorder")
        .name("configuration-recorder-name", recorder)
        .region(in_region)
        .done()
}

/// `aws securityhub enable-security-hub …`. The standards that were on have to be switched on again.
#[must_use]
pub fn enable_security_hub(in_region: &str) -> Option<String> {
    aws("securityhub enable-security-hub").region(in_region).done()
}

/// `aws macie2 enable-macie …`.
#[must_use]
pub fn enable_macie(in_region: &str) -> Option<String> {
    aws("macie2 enable-macie").region(in_region).done()
}

/// `aws macie2 update-macie-session --status=ENABLED …`.
#[must_use]
pub fn resume_macie(in_region: &str) -> Option<String> {
    aws("macie2 update-macie-session").is("status", "ENABLED").region(in_region).done()
}

/// `aws cloudwatch enable-alarm-actions …`. An alarm with a blank in its name has to be put in by hand.
#[must_use]
pub fn enable_alarms(alarms: &[&str], in_region: &str) -> Option<String> {
    aws("cloudwatch enable-alarm-actions").list("alarm-names", alarms, name).region(in_region).done()
}
