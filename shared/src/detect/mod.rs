//! The detections: one file each, and the one list from which docs, EventBridge patterns and tests derive.

mod access_key_created;
mod access_key_created_for_another_user;
mod access_key_deleted;
mod access_key_reactivated;
mod administrator_inline_policy_put;
mod administrator_policy_attached;
mod administrator_policy_created;
mod administrator_policy_version_created;
mod aws_managed_policy_attached;
mod aws_quarantined_user;
mod calls_denied;
mod console_login_by_instance_role;
mod console_login_failed;
mod console_login_without_mfa;
mod customer_managed_policy_attached;
mod database_sign_in_changed;
mod deny_policy_detached;
mod document_shared_outside;
mod federation_token_issued;
mod function_url_opened_to_everyone;
mod image_scanning_switched_off;
mod inline_policy_put;
mod key_granted_to_another_account;
mod key_material_changed;
mod key_policy_changed;
mod key_put_out_of_use;
mod login_profile_created;
mod login_profile_updated_for_another_user;
mod managed_policy_detached;
mod mfa_device_deactivated;
mod mfa_device_registered;
mod own_role_changed;
mod own_stack_changed;
mod permissions_boundary_put;
mod permissions_boundary_removed;
mod policy_created;
mod policy_default_version_switched;
mod policy_deleted;
mod policy_version_created;
mod powerful_policy_attached;
mod public_access_block_removed;
mod request_parameters_omitted;
mod resource_opened_to_another_account;
mod resource_opened_to_everyone;
mod resource_policy_unreadable;
mod resource_share_changed;
mod role_created;
mod role_opened_to_another_account;
mod role_opened_to_everyone;
mod root_access_key_created;
mod root_api_call;
mod root_console_login;
mod root_console_login_failed;
mod root_console_login_without_mfa;
mod root_email_changed;
mod root_login_profile_created;
mod root_mfa_deactivated;
mod root_password_changed;
mod root_password_recovery_requested;
mod root_session_opened;
mod secret_updated;
mod sensitive_call_denied;
mod service_specific_credential_changed;
mod snapshot_shared_outside;
mod ssh_key_or_certificate_uploaded;
mod trail_deleted;
mod trail_event_selectors_changed;
mod trail_logging_stopped;
mod trail_updated;
mod trust_policy_changed;
mod unreadable_event;
mod user_added_to_group;
mod user_created;
mod vpc_endpoint_changed;

use crate::config::Config;
use crate::event::{Denial, Event};
use crate::finding::{Finding, Severity};
use crate::watcher::{Calls, Watcher};

/// Every detection, in the order of the alphabet.
pub static ALL: &[&Detection] = &[
    &access_key_created::DETECTION,
    &access_key_created_for_another_user::DETECTION,
    &access_key_deleted::DETECTION,
    &access_key_reactivated::DETECTION,
    &administrator_inline_policy_put::DETECTION,
    &administrator_policy_attached::DETECTION,
    &administrator_policy_created::DETECTION,
    &administrator_policy_version_created::DETECTION,
    &aws_managed_policy_attached::DETECTION,
    &aws_quarantined_user::DETECTION,
    &calls_denied::DETECTION,
    &console_login_by_instance_role::DETECTION,
    &console_login_failed::DETECTION,
    &console_login_without_mfa::DETECTION,
    &customer_managed_policy_attached::DETECTION,
    &database_sign_in_changed::DETECTION,
    &deny_policy_detached::DETECTION,
    &document_shared_outside::DETECTION,
    &federation_token_issued::DETECTION,
    &function_url_opened_to_everyone::DETECTION,
    &image_scanning_switched_off::DETECTION,
    &inline_policy_put::DETECTION,
    &key_granted_to_another_account::DETECTION,
    &key_material_changed::DETECTION,
    &key_policy_changed::DETECTION,
    &key_put_out_of_use::DETECTION,
    &login_profile_created::DETECTION,
    &login_profile_updated_for_another_user::DETECTION,
    &managed_policy_detached::DETECTION,
    &mfa_device_deactivated::DETECTION,
    &mfa_device_registered::DETECTION,
    &own_role_changed::DETECTION,
    &own_stack_changed::DETECTION,
    &permissions_boundary_put::DETECTION,
    &permissions_boundary_removed::DETECTION,
    &policy_created::DETECTION,
    &policy_default_version_switched::DETECTION,
    &policy_deleted::DETECTION,
    &policy_version_created::DETECTION,
    &powerful_policy_attached::DETECTION,
    &public_access_block_removed::DETECTION,
    &request_parameters_omitted::DETECTION,
    &resource_opened_to_another_account::DETECTION,
    &resource_opened_to_everyone::DETECTION,
    &resource_policy_unreadable::DETECTION,
    &resource_share_changed::DETECTION,
    &role_created::DETECTION,
    &role_opened_to_another_account::DETECTION,
    &role_opened_to_everyone::DETECTION,
    &root_access_key_created::DETECTION,
    &root_api_call::DETECTION,
    &root_console_login::DETECTION,
    &root_console_login_failed::DETECTION,
    &root_console_login_without_mfa::DETECTION,
    &root_email_changed::DETECTION,
    &root_login_profile_created::DETECTION,
    &root_mfa_deactivated::DETECTION,
    &root_password_changed::DETECTION,
    &root_password_recovery_requested::DETECTION,
    &root_session_opened::DETECTION,
    &secret_updated::DETECTION,
    &sensitive_call_denied::DETECTION,
    &service_specific_credential_changed::DETECTION,
    &snapshot_shared_outside::DETECTION,
    &ssh_key_or_certificate_uploaded::DETECTION,
    &trail_deleted::DETECTION,
    &trail_event_selectors_changed::DETECTION,
    &trail_logging_stopped::DETECTION,
    &trail_updated::DETECTION,
    &trust_policy_changed::DETECTION,
    &unreadable_event::DETECTION,
    &user_added_to_group::DETECTION,
    &user_created::DETECTION,
    &vpc_endpoint_changed::DETECTION,
];

/// A kind of event worth telling, and the pure function that recognises it.
pub struct Detection {
    /// What happened, in kebab-case: also the name of its file, its events' folder and its anchor in the docs.
    pub id: &'static str,
    /// The watcher it belongs to. [`unreadable_event`] is asked by every watcher.
    pub watcher: Watcher,
    /// How much it usually matters; a finding may say otherwise.
    pub severity: Severity,
    /// MITRE ATT&CK techniques.
    pub mitre: &'static [Technique],
    /// Known detections of the field that it covers, by their reference.
    pub covers: &'static [&'static str],
    /// The calls it looks at; none means every call of its watcher.
    pub calls: &'static [Calls],
    /// The outcome it looks for; checked before `detect` is asked.
    pub outcome: Outcome,
    /// Its page: the text at the head of its file.
    pub page: Page,
    /// Recognises it.
    pub detect: fn(&Event, &Context<'_>) -> Option<Finding>,
}

/// Whether the call must have worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Failed,
    Any,
}

/// What a detection may know beside the event.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub config: &'a Config,
}

/// A MITRE ATT&CK technique. Some were renumbered: both numbers are kept, since tools know either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Technique {
    pub id: &'static str,
    pub was: Option<&'static str>,
    pub name: &'static str,
}

/// The documentation at the head of a detection's file: what the product says about it everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Page(&'static str);

/// The detection of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Detection> {
    ALL.iter().copied().find(|detection| detection.id == id)
}

/// What a watcher says of an event. One act is one alert: where several detections see it, the strongest speaks and
/// names the others. That it was root who acted is said by whatever else is found, and makes it no less severe: as a
/// finding of its own it would hide each act of root behind the first.
#[must_use]
pub fn look(watcher: Watcher, event: &Event, context: &Context<'_>) -> Option<Finding> {
    if let Some(fault) = event.fault() {
        return Some(unreadable_event::finding(event, fault).capped());
    }
    let asked = ALL.iter().filter(|detection| watcher.asks(detection) && detection.wants(event));
    let mut found: Vec<Finding> = asked.filter_map(|detection| (detection.detect)(event, context)).collect();
    if let Some(general) = found.iter().position(|finding| finding.detection == root_api_call::DETECTION.id)
        && found.len() > 1
    {
        let general = found.remove(general);
        for finding in &mut found {
            finding.severity = finding.severity.max(general.severity);
        }
        found.push(general.severity(Severity::Low));
    }
    // Of two that are as strong, the one that need not be counted first.
    found.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.speaks_at));
    let also: Vec<String> = found.iter().skip(1).map(|finding| finding.detection.clone()).collect();
    let asks = found.iter().find_map(|finding| finding.asks.clone());
    let strongest = found.into_iter().next()?;
    Some(Finding { asks, also, ..strongest }.capped())
}

/// As in "was denied iam:CreateUser on user bob". A resource that is everything is left out.
fn denied(event: &Event, denial: &Denial) -> String {
    let target = event.target();
    let everything = matches!(target.kind.as_str(), "resource" | "account") || target.name == "*";
    if everything {
        format!("was denied {}", denial.action)
    } else {
        format!("was denied {} on {target}", denial.action)
    }
}

/// The severity of a change to the stack: what `CloudFormation` does for somebody is their own deployment, unless it blinds.
/// Nobody else can write its name there.
fn unless_deployed(event: &Event, severity: Severity) -> Severity {
    let deployed = event.actor.invoked_by.as_deref() == Some("cloudformation.amazonaws.com");
    match severity {
        Severity::Critical if deployed => Severity::High,
        Severity::High if deployed => Severity::Low,
        severity => severity,
    }
}

/// The part of a name, ARN or URL that names a resource of the stack: `CloudFormation` begins each with the stack's name
/// and a hyphen. An empty stack name, as replay has it, owns nothing.
fn own_name<'a>(text: &'a str, stack: &str) -> Option<&'a str> {
    let own = |part: &str| part.strip_prefix(stack).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if stack.is_empty() { None } else { text.split(['/', ':']).find(|part| own(part)) }
}

impl Detection {
    /// A finding of this detection with its usual severity.
    #[must_use]
    pub fn finding(&self, event: &Event, act: impl Into<String>) -> Finding {
        Finding::new(self, event, act)
    }

    /// The headline of its page.
    #[must_use]
    pub fn title(&self) -> String {
        self.page.headline()
    }

    /// Whether one of its calls has this source and name. A detection without calls sees none by name: its watcher's
    /// rules decide.
    #[must_use]
    pub fn sees(&self, source: &str, name: &str) -> bool {
        self.calls.iter().any(|calls| calls.contain(source, name))
    }

    fn wants(&self, event: &Event) -> bool {
        let outcome = match self.outcome {
            Outcome::Succeeded => event.succeeded(),
            Outcome::Failed => !event.succeeded(),
            Outcome::Any => true,
        };
        outcome && (self.calls.is_empty() || self.sees(&event.source, &event.name))
    }
}

impl Page {
    /// The page at the head of a source file: `Page::of(include_str!("this_file.rs"))`.
    #[must_use]
    pub const fn of(source: &'static str) -> Self {
        Self(source)
    }

    /// The page as Markdown: a headline, what it sees, then the sections of [`Page::section`].
    #[must_use]
    pub fn markdown(&self) -> String {
        let lines = self.0.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).fold(String::new(), |page, line| page + line + "\n")
    }

    /// The first line, without the mark of a heading.
    #[must_use]
    pub fn headline(&self) -> String {
        self.markdown().lines().next().unwrap_or_default().trim_start_matches("# ").to_owned()
    }

    /// What it sees: the text between the headline and the first section.
    #[must_use]
    pub fn summary(&self) -> String {
        let page = self.markdown();
        let (_, rest) = page.split_once('\n').unwrap_or_default();
        rest.split("\n## ").next().unwrap_or_default().trim().to_owned()
    }

    /// The text under `## name`: every page has `Why it matters`, `False alarms` and `What to do`.
    #[must_use]
    pub fn section(&self, name: &str) -> String {
        let page = self.markdown();
        let mut sections = page.split("\n## ").skip(1);
        let body = sections.find_map(|section| section.strip_prefix(name)?.strip_prefix('\n'));
        body.unwrap_or_default().trim().to_owned()
    }

    /// The numbered steps under `What to do`, one a line.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let mut steps: Vec<String> = Vec::new();
        for line in self.section("What to do").lines() {
            match line.split_once(". ") {
                Some((number, step)) if number.bytes().all(|byte| byte.is_ascii_digit()) => steps.push(step.to_owned()),
                _ => {
                    if let Some(step) = steps.last_mut() {
                        step.push(' ');
                        step.push_str(line.trim());
                    }
                }
            }
        }
        steps
    }
}
