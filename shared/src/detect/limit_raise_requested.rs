//! # Higher limit requested
//!
//! Somebody asked AWS for a higher limit on what costs money or reaches people: machines, models, mail or text messages.
//!
//! ## Why it matters
//!
//! New limits are low. Whoever wants to mine, to use models at another's cost, or to send spam has them raised first, often in
//! many regions.
//!
//! ## False alarms
//!
//! A team that grows. It asks once, for the regions that it works in. Limits on other services are silent.
//!
//! ## What to do
//!
//! 1. Ask whoever is named under Who what the limit is for. If nobody knows: cut off their credentials, and tell AWS Support to
//!    refuse it.
//! 2. List all calls by that ARN in the 24 hours around, by `userIdentity.arn`, in every region that is switched on.
//! 3. Look at the bill of the last days by service and region in Cost Explorer.

use super::{Context, Detection, Outcome, Page, Technique};
use crate::blinding::{self, flag, member, parameter, text};
use crate::event::{Event, Target};
use crate::finding::{Confidence, Finding, Severity};
use crate::watcher::{Calls, Watcher};

pub(super) static DETECTION: Detection = Detection {
    id: "limit-raise-requested",
    watcher: Watcher::Guardrails,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    mitre: &[Technique { id: "T1496", was: None, name: "Resource Hijacking" }],
    covers: &[],
    calls: &[
        Calls { source: "servicequotas.amazonaws.com", names: &["RequestServiceQuotaIncrease"] },
        Calls { source: "ses.amazonaws.com", names: &["PutAccountDetails"] },
        Calls { source: "sns.amazonaws.com", names: &["SetSMSAttributes"] },
    ],
    outcome: Outcome::Succeeded,
    page: Page::of(include_str!("limit_raise_requested.rs")),
    detect,
};

/// Services, as Service Quotas calls them, that intruders use at another's cost.
const COSTLY: [(&str, &str); 10] = [
    ("batch", "AWS Batch"),
    ("bedrock", "Bedrock"),
    ("ec2", "EC2"),
    ("ecs", "ECS"),
    ("fargate", "Fargate"),
    ("lightsail", "Lightsail"),
    ("sagemaker", "SageMaker"),
    ("ses", "SES"),
    ("sms-voice", "text messages"),
    ("sns", "SNS"),
];

fn detect(event: &Event, _: &Context<'_>) -> Option<Finding> {
    let quota = text(event, "quotaCode");
    let to = parameter(event, "desiredValue").map(ToString::to_string);
    let (of, act) = match event.call() {
        "PutAccountDetails" if flag(event, "productionAccessEnabled") == Some(true) => {
            ("SES", "asked to send mail to anybody with SES".to_owned())
        }
        "SetSMSAttributes" => {
            let attributes = parameter(event, "attributes")?;
            let limit = member(attributes, "monthlySpendLimit")?;
            let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
            ("text messages", format!("set what text messages may cost a month to {limit} USD"))
        }
        "RequestServiceQuotaIncrease" => {
            let code = text(event, "serviceCode")?;
            let (_, service) = COSTLY.iter().find(|(known, _)| *known == code)?;
            (*service, format!("asked for a higher limit on {service} in {}", event.region))
        }
        _ => return None,
    };
    let finding = DETECTION
        .finding(event, act)
        .target(Target { kind: "limit on".to_owned(), name: of.to_owned(), arn: None })
        .evidence_if("Limit", event.response("requestedQuota.quotaName").or(quota))
        .evidence_if("Wanted", to);
    blinding::weigh(event, finding)
}
