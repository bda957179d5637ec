//! The detections: one file each, and the one list from which docs, EventBridge patterns and tests derive.

mod access_control_attributes_changed;
mod access_key_created;
mod access_key_created_for_another_user;
mod access_key_deleted;
mod access_key_reactivated;
mod access_logs_switched_off;
mod account_added_to_organization;
mod account_assignment_created;
mod account_closed;
mod account_contact_changed;
mod account_region_changed;
mod account_removed_from_organization;
mod account_safeguard_removed;
mod account_sign_in_setting_changed;
mod account_surveyed;
mod administrator_inline_policy_put;
mod administrator_permission_set_policy_put;
mod administrator_policy_attached;
mod administrator_policy_created;
mod administrator_policy_version_created;
mod alarm_deleted_or_muted;
mod all_identities_read;
mod all_parameters_read;
mod api_key_read_in_clear;
mod aws_managed_policy_attached;
mod aws_quarantined_user;
mod break_glass_role_assumed;
mod bucket_set_to_expire_soon;
mod build_overridden;
mod caller_identity_asked_for_the_first_time;
mod calls_denied;
mod central_root_access_changed;
mod cloudshell_used;
mod cluster_access_granted;
mod command_sent_to_instances;
mod config_recording_stopped;
mod config_rule_deleted;
mod console_login_after_failures;
mod console_login_by_break_glass_user;
mod console_login_by_instance_role;
mod console_login_by_workload_role;
mod console_login_failed;
mod console_login_failed_at_mfa;
mod console_login_failed_for_many_users;
mod console_login_from_new_network;
mod console_login_past_the_portal;
mod console_login_with_session_credentials;
mod console_login_without_mfa;
mod console_role_switched;
mod costly_instances_launched;
mod credentials_at_risk_by_aws;
mod customer_managed_policy_attached;
mod data_copied_elsewhere;
mod data_deleted_in_bulk;
mod database_or_cluster_made_public;
mod database_sign_in_changed;
mod denied_across_services;
mod deny_policy_detached;
mod dev_endpoint_key_added;
mod document_shared_outside;
mod domain_control_changed;
mod encrypted_with_another_accounts_key;
mod endpoint_used_by_outsider;
mod event_data_store_weakened;
mod event_rule_stopped;
mod federation_token_issued;
mod findings_archived;
mod findings_no_longer_delivered;
mod findings_suppressed_by_rule;
mod firewall_removed;
mod first_look_around;
mod function_layer_from_another_account;
mod function_stopped;
mod function_url_opened_to_everyone;
mod group_created;
mod guardduty_disabled;
mod guardduty_list_changed;
mod honey_principal_touched;
mod iam_changed_otherwise;
mod identity_center_application_changed;
mod identity_center_bearer_token_created;
mod identity_center_group_member_added;
mod identity_center_instance_changed;
mod identity_center_mfa_changed;
mod identity_center_password_set;
mod identity_center_source_changed;
mod identity_center_user_created;
mod identity_deleted;
mod identity_provider_changed;
mod identity_provider_created;
mod identity_provider_deleted;
mod image_scanning_switched_off;
mod inline_policy_put;
mod instance_metadata_weakened;
mod instance_profile_changed;
mod instance_profile_replaced;
mod job_overridden;
mod key_granted_to_another_account;
mod key_material_changed;
mod key_pair_created;
mod key_policy_changed;
mod key_put_out_of_use;
mod limit_raise_requested;
mod log_bucket_taken_away;
mod log_filter_deleted;
mod login_profile_created;
mod login_profile_updated_for_another_user;
mod login_profile_used_by_its_maker;
mod logs_deleted;
mod mail_sending_explored;
mod managed_policy_detached;
mod mfa_device_deactivated;
mod mfa_device_registered;
mod mfa_device_registered_outside_console;
mod model_access_acquired;
mod model_invocation_logging_stopped;
mod model_invoked_after_exploring;
mod network_joined_to_another_account;
mod network_traffic_mirrored;
mod notebook_startup_script_set;
mod notification_cut_off;
mod organization_delegation_changed;
mod organization_joined;
mod organization_left;
mod organization_policy_attached;
mod organization_policy_lifted;
mod organization_policy_written;
mod organization_tree_changed;
mod own_exceptions_changed;
mod own_role_changed;
mod own_role_misused;
mod own_stack_changed;
mod password_changed_by_its_user;
mod password_policy_changed;
mod permission_set_boundary_changed;
mod permission_set_changed;
mod permission_set_policy_put;
mod permissions_boundary_put;
mod permissions_boundary_removed;
mod permissions_probed;
mod policy_created;
mod policy_default_version_switched;
mod policy_deleted;
mod policy_version_created;
mod port_opened_to_everyone;
mod powerful_policy_attached;
mod principal_tags_changed;
mod principals_guessed;
mod public_access_block_removed;
mod quotas_read_over_regions;
mod recovery_weakened;
mod request_parameters_omitted;
mod resource_opened_to_another_account;
mod resource_opened_to_everyone;
mod resource_policy_unreadable;
mod resource_share_changed;
mod role_assumed_by_service_for_the_first_time;
mod role_assumed_by_unknown_account;
mod role_assumed_for_the_first_time;
mod role_assumed_with_new_mfa_device;
mod role_created;
mod role_opened_to_another_account;
mod role_opened_to_everyone;
mod role_passed;
mod role_updated;
mod roles_anywhere_profile_changed;
mod root_access_key_created;
mod root_api_call;
mod root_console_login;
mod root_console_login_failed;
mod root_console_login_without_mfa;
mod root_email_change_requested;
mod root_email_changed;
mod root_login_profile_created;
mod root_mfa_deactivated;
mod root_password_changed;
mod root_password_recovery_requested;
mod root_session_opened;
mod saml_role_assumed_for_the_first_time;
mod secret_updated;
mod secrets_read;
mod secrets_read_by_filter;
mod security_members_detached;
mod security_service_disabled;
mod sensitive_call_denied;
mod service_specific_credential_changed;
mod session_token_issued;
mod shell_opened;
mod snapshot_shared_outside;
mod ssh_key_or_certificate_uploaded;
mod ssh_key_pushed_to_instance;
mod sso_token_created_elsewhere;
mod stack_created_first_time;
mod task_definition_reads_credentials;
mod temporary_delegation_accepted;
mod traffic_logs_deleted;
mod trail_created;
mod trail_deleted;
mod trail_event_selectors_changed;
mod trail_insights_switched_off;
mod trail_logging_stopped;
mod trail_updated;
mod trust_anchor_changed;
mod trust_policy_changed;
mod trusted_token_issuer_changed;
mod unreadable_event;
mod user_added_to_group;
mod user_created;
mod user_credential_deleted;
mod user_data_changed;
mod user_data_read;
mod user_removed_from_group;
mod user_renamed;
mod vpc_endpoint_changed;
mod windows_password_read;
mod workload_code_changed;
mod workload_role_assumed_in_person;

use serde_json::Value;

use crate::circumstance;
use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use sensitive_call_denied::{CALLS as SENSITIVE, LESS as SENSITIVE_LESS};

use crate::config::Config;
use crate::denials::{Denials, Score};
use crate::event::{Denial, Event, is_account};
use crate::facts::Facts;
use crate::facts::past::{Pair, Remembering, What};
use crate::finding::{Confidence, Finding, Severity};
use crate::quarantine::actor_ask;
use crate::watcher::{Calls, Watcher};
use crate::workload;

/// Every detection, in the order of the alphabet.
pub static ALL: &[&Detection] = &[
    &access_control_attributes_changed::DETECTION,
    &access_key_created::DETECTION,
    &access_key_created_for_another_user::DETECTION,
    &access_key_deleted::DETECTION,
    &access_key_reactivated::DETECTION,
    &access_logs_switched_off::DETECTION,
    &account_added_to_organization::DETECTION,
    &account_assignment_created::DETECTION,
    &account_closed::DETECTION,
    &account_contact_changed::DETECTION,
    &account_region_changed::DETECTION,
    &account_removed_from_organization::DETECTION,
    &account_safeguard_removed::DETECTION,
    &account_sign_in_setting_changed::DETECTION,
    &account_surveyed::DETECTION,
    &administrator_inline_policy_put::DETECTION,
    &administrator_permission_set_policy_put::DETECTION,
    &administrator_policy_attached::DETECTION,
    &administrator_policy_created::DETECTION,
    &administrator_policy_version_created::DETECTION,
    &alarm_deleted_or_muted::DETECTION,
    &all_identities_read::DETECTION,
    &all_parameters_read::DETECTION,
    &api_key_read_in_clear::DETECTION,
    &aws_managed_policy_attached::DETECTION,
    &aws_quarantined_user::DETECTION,
    &break_glass_role_assumed::DETECTION,
    &bucket_set_to_expire_soon::DETECTION,
    &build_overridden::DETECTION,
    &caller_identity_asked_for_the_first_time::DETECTION,
    &calls_denied::DETECTION,
    &central_root_access_changed::DETECTION,
    &cloudshell_used::DETECTION,
    &cluster_access_granted::DETECTION,
    &command_sent_to_instances::DETECTION,
    &config_recording_stopped::DETECTION,
    &config_rule_deleted::DETECTION,
    &console_login_after_failures::DETECTION,
    &console_login_by_break_glass_user::DETECTION,
    &console_login_by_instance_role::DETECTION,
    &console_login_by_workload_role::DETECTION,
    &console_login_failed::DETECTION,
    &console_login_failed_at_mfa::DETECTION,
    &console_login_failed_for_many_users::DETECTION,
    &console_login_from_new_network::DETECTION,
    &console_login_past_the_portal::DETECTION,
    &console_login_with_session_credentials::DETECTION,
    &console_login_without_mfa::DETECTION,
    &console_role_switched::DETECTION,
    &costly_instances_launched::DETECTION,
    &credentials_at_risk_by_aws::DETECTION,
    &customer_managed_policy_attached::DETECTION,
    &data_copied_elsewhere::DETECTION,
    &data_deleted_in_bulk::DETECTION,
    &database_or_cluster_made_public::DETECTION,
    &database_sign_in_changed::DETECTION,
    &denied_across_services::DETECTION,
    &deny_policy_detached::DETECTION,
    &dev_endpoint_key_added::DETECTION,
    &document_shared_outside::DETECTION,
    &domain_control_changed::DETECTION,
    &encrypted_with_another_accounts_key::DETECTION,
    &endpoint_used_by_outsider::DETECTION,
    &event_data_store_weakened::DETECTION,
    &event_rule_stopped::DETECTION,
    &federation_token_issued::DETECTION,
    &findings_archived::DETECTION,
    &findings_no_longer_delivered::DETECTION,
    &findings_suppressed_by_rule::DETECTION,
    &firewall_removed::DETECTION,
    &first_look_around::DETECTION,
    &function_layer_from_another_account::DETECTION,
    &function_stopped::DETECTION,
    &function_url_opened_to_everyone::DETECTION,
    &group_created::DETECTION,
    &guardduty_disabled::DETECTION,
    &guardduty_list_changed::DETECTION,
    &honey_principal_touched::DETECTION,
    &iam_changed_otherwise::DETECTION,
    &identity_center_application_changed::DETECTION,
    &identity_center_bearer_token_created::DETECTION,
    &identity_center_group_member_added::DETECTION,
    &identity_center_instance_changed::DETECTION,
    &identity_center_mfa_changed::DETECTION,
    &identity_center_password_set::DETECTION,
    &identity_center_source_changed::DETECTION,
    &identity_center_user_created::DETECTION,
    &identity_deleted::DETECTION,
    &identity_provider_changed::DETECTION,
    &identity_provider_created::DETECTION,
    &identity_provider_deleted::DETECTION,
    &image_scanning_switched_off::DETECTION,
    &inline_policy_put::DETECTION,
    &instance_metadata_weakened::DETECTION,
    &instance_profile_changed::DETECTION,
    &instance_profile_replaced::DETECTION,
    &job_overridden::DETECTION,
    &key_granted_to_another_account::DETECTION,
    &key_material_changed::DETECTION,
    &key_pair_created::DETECTION,
    &key_policy_changed::DETECTION,
    &key_put_out_of_use::DETECTION,
    &limit_raise_requested::DETECTION,
    &log_bucket_taken_away::DETECTION,
    &log_filter_deleted::DETECTION,
    &login_profile_created::DETECTION,
    &login_profile_updated_for_another_user::DETECTION,
    &login_profile_used_by_its_maker::DETECTION,
    &logs_deleted::DETECTION,
    &mail_sending_explored::DETECTION,
    &managed_policy_detached::DETECTION,
    &mfa_device_deactivated::DETECTION,
    &mfa_device_registered::DETECTION,
    &mfa_device_registered_outside_console::DETECTION,
    &model_access_acquired::DETECTION,
    &model_invocation_logging_stopped::DETECTION,
    &model_invoked_after_exploring::DETECTION,
    &network_joined_to_another_account::DETECTION,
    &network_traffic_mirrored::DETECTION,
    &notebook_startup_script_set::DETECTION,
    &notification_cut_off::DETECTION,
    &organization_delegation_changed::DETECTION,
    &organization_joined::DETECTION,
    &organization_left::DETECTION,
    &organization_policy_attached::DETECTION,
    &organization_policy_lifted::DETECTION,
    &organization_policy_written::DETECTION,
    &organization_tree_changed::DETECTION,
    &own_exceptions_changed::DETECTION,
    &own_role_changed::DETECTION,
    &own_role_misused::DETECTION,
    &own_stack_changed::DETECTION,
    &password_changed_by_its_user::DETECTION,
    &password_policy_changed::DETECTION,
    &permission_set_boundary_changed::DETECTION,
    &permission_set_changed::DETECTION,
    &permission_set_policy_put::DETECTION,
    &permissions_boundary_put::DETECTION,
    &permissions_boundary_removed::DETECTION,
    &permissions_probed::DETECTION,
    &policy_created::DETECTION,
    &policy_default_version_switched::DETECTION,
    &policy_deleted::DETECTION,
    &policy_version_created::DETECTION,
    &port_opened_to_everyone::DETECTION,
    &powerful_policy_attached::DETECTION,
    &principal_tags_changed::DETECTION,
    &principals_guessed::DETECTION,
    &public_access_block_removed::DETECTION,
    &quotas_read_over_regions::DETECTION,
    &recovery_weakened::DETECTION,
    &request_parameters_omitted::DETECTION,
    &resource_opened_to_another_account::DETECTION,
    &resource_opened_to_everyone::DETECTION,
    &resource_policy_unreadable::DETECTION,
    &resource_share_changed::DETECTION,
    &role_assumed_by_service_for_the_first_time::DETECTION,
    &role_assumed_by_unknown_account::DETECTION,
    &role_assumed_for_the_first_time::DETECTION,
    &role_assumed_with_new_mfa_device::DETECTION,
    &role_created::DETECTION,
    &role_opened_to_another_account::DETECTION,
    &role_opened_to_everyone::DETECTION,
    &role_passed::DETECTION,
    &role_updated::DETECTION,
    &roles_anywhere_profile_changed::DETECTION,
    &root_access_key_created::DETECTION,
    &root_api_call::DETECTION,
    &root_console_login::DETECTION,
    &root_console_login_failed::DETECTION,
    &root_console_login_without_mfa::DETECTION,
    &root_email_change_requested::DETECTION,
    &root_email_changed::DETECTION,
    &root_login_profile_created::DETECTION,
    &root_mfa_deactivated::DETECTION,
    &root_password_changed::DETECTION,
    &root_password_recovery_requested::DETECTION,
    &root_session_opened::DETECTION,
    &saml_role_assumed_for_the_first_time::DETECTION,
    &secret_updated::DETECTION,
    &secrets_read::DETECTION,
    &secrets_read_by_filter::DETECTION,
    &security_members_detached::DETECTION,
    &security_service_disabled::DETECTION,
    &sensitive_call_denied::DETECTION,
    &service_specific_credential_changed::DETECTION,
    &session_token_issued::DETECTION,
    &shell_opened::DETECTION,
    &snapshot_shared_outside::DETECTION,
    &ssh_key_or_certificate_uploaded::DETECTION,
    &ssh_key_pushed_to_instance::DETECTION,
    &sso_token_created_elsewhere::DETECTION,
    &stack_created_first_time::DETECTION,
    &task_definition_reads_credentials::DETECTION,
    &temporary_delegation_accepted::DETECTION,
    &traffic_logs_deleted::DETECTION,
    &trail_created::DETECTION,
    &trail_deleted::DETECTION,
    &trail_event_selectors_changed::DETECTION,
    &trail_insights_switched_off::DETECTION,
    &trail_logging_stopped::DETECTION,
    &trail_updated::DETECTION,
    &trust_anchor_changed::DETECTION,
    &trust_policy_changed::DETECTION,
    &trusted_token_issuer_changed::DETECTION,
    &unreadable_event::DETECTION,
    &user_added_to_group::DETECTION,
    &user_created::DETECTION,
    &user_credential_deleted::DETECTION,
    &user_data_changed::DETECTION,
    &user_data_read::DETECTION,
    &user_removed_from_group::DETECTION,
    &user_renamed::DETECTION,
    &vpc_endpoint_changed::DETECTION,
    &windows_password_read::DETECTION,
    &workload_code_changed::DETECTION,
    &workload_role_assumed_in_person::DETECTION,
];

/// Detections of calls that services make all day for their own work, and that only mean something where anybody else makes
/// them: these calls are looked at only there.
pub(crate) static BY_PEOPLE: &[&Detection] = &[
    &account_surveyed::DETECTION,
    &all_parameters_read::DETECTION,
    &break_glass_role_assumed::DETECTION,
    &caller_identity_asked_for_the_first_time::DETECTION,
    &first_look_around::DETECTION,
    &job_overridden::DETECTION,
    &mail_sending_explored::DETECTION,
    &quotas_read_over_regions::DETECTION,
    &role_assumed_by_unknown_account::DETECTION,
    &role_assumed_for_the_first_time::DETECTION,
    &role_assumed_with_new_mfa_device::DETECTION,
    &saml_role_assumed_for_the_first_time::DETECTION,
    &secrets_read::DETECTION,
    &user_data_read::DETECTION,
];

/// Detections of calls that programs with roles make all day, and that only mean something where an IAM user makes them.
pub(crate) static BY_USERS: &[&Detection] = &[&model_invoked_after_exploring::DETECTION];

/// Detections of calls that also services make which run things: see [`crate::watcher::COMPUTE`].
pub(crate) static BY_COMPUTE: &[&Detection] = &[&role_assumed_by_service_for_the_first_time::DETECTION];

/// What is remembered from one event to the next: by detections, and by circumstances.
pub static REMEMBERING: &[&Remembering] = &[
    &account_surveyed::ASKED_BEFORE,
    &account_surveyed::REMEMBERS,
    &caller_identity_asked_for_the_first_time::REMEMBERS,
    &circumstance::AGENT_NETWORK,
    &circumstance::INSTANCE_NETWORK,
    &circumstance::KEY_MADE,
    &circumstance::KEY_PLACE,
    &circumstance::KEY_USED,
    &circumstance::NETWORK,
    &circumstance::POLICY_MADE,
    &circumstance::PRINCIPAL_MADE,
    &circumstance::REGION,
    &circumstance::RIGHTS_GIVEN,
    &circumstance::SESSION_NETWORK,
    &circumstance::TRUST_WRITTEN,
    &command_sent_to_instances::REMEMBERS,
    &command_sent_to_instances::SCRIPTS,
    &command_sent_to_instances::SENT_BEFORE,
    &console_login_after_failures::REMEMBERS,
    &console_login_failed_for_many_users::REMEMBERS,
    &console_login_from_new_network::REMEMBERS,
    &costly_instances_launched::REMEMBERS,
    &data_copied_elsewhere::REMEMBERS,
    &data_deleted_in_bulk::DELETES,
    &data_deleted_in_bulk::REMEMBERS,
    &endpoint_used_by_outsider::REMEMBERS,
    &federation_token_issued::REMEMBERS,
    &first_look_around::REMEMBERS,
    &job_overridden::REMEMBERS,
    &login_profile_used_by_its_maker::REMEMBERS,
    &mail_sending_explored::ASKED_BEFORE,
    &mail_sending_explored::REMEMBERS,
    &model_invoked_after_exploring::INVOKED_BEFORE,
    &model_invoked_after_exploring::REMEMBERS,
    &port_opened_to_everyone::REMEMBERS,
    &quotas_read_over_regions::ASKED_BEFORE,
    &quotas_read_over_regions::REMEMBERS,
    &recovery_weakened::REMEMBERS,
    &role_assumed_by_service_for_the_first_time::REMEMBERS,
    &role_assumed_by_unknown_account::REMEMBERS,
    &role_assumed_for_the_first_time::REMEMBERS,
    &role_assumed_with_new_mfa_device::REMEMBERS,
    &role_passed::REMEMBERS,
    &saml_role_assumed_for_the_first_time::REMEMBERS,
    &secrets_read::READER,
    &secrets_read::READ_BEFORE,
    &secrets_read::REMEMBERS,
    &session_token_issued::REMEMBERS,
    &shell_opened::OPENED_BEFORE,
    &shell_opened::REMEMBERS,
    &sso_token_created_elsewhere::REMEMBERS,
    &sso_token_created_elsewhere::SIGNED_IN,
    &stack_created_first_time::REMEMBERS,
    &user_data_read::READER,
    &user_data_read::READ_BEFORE,
    &user_data_read::REMEMBERS,
    &windows_password_read::REMEMBERS,
    &TAKES_DOWN,
    &workload::SERVED,
    &workload::USED,
    &workload::USED_BY,
    &workload_code_changed::REMEMBERS,
];

/// A kind of event worth telling, and the pure function that recognises it.
pub struct Detection {
    /// What happened, in kebab-case: also the name of its file, its events' folder and its anchor in the docs.
    pub id: &'static str,
    /// The watcher it belongs to. A call that starts another one is shown to it there. [`unreadable_event`] is asked by every
    /// watcher.
    pub watcher: Watcher,
    /// How much it usually matters; a finding may say otherwise.
    pub severity: Severity,
    /// How likely it then is that whoever did it should not have.
    pub confidence: Confidence,
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
    pub facts: &'a Facts,
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

/// The detections by the names of their calls and the services that have them, so that one more costs nothing but to the events
/// that it looks at.
static BY_NAME: LazyLock<HashMap<&'static str, Vec<(&'static str, &'static Detection)>>> = LazyLock::new(|| {
    let mut by_name: HashMap<&'static str, Vec<(&'static str, &'static Detection)>> = HashMap::new();
    for detection in ALL.iter().copied().filter(|detection| detection.is_told_by_name()) {
        for (source, name) in detection.named() {
            let named = by_name.entry(name).or_default();
            if !named.iter().any(|(known, other)| *known == source && other.id == detection.id) {
                named.push((source, detection));
            }
        }
    }
    by_name
});

/// Those that look at any call, or at some whose names end in an API date.
static BY_OTHER_MEANS: LazyLock<Vec<&'static Detection>> =
    LazyLock::new(|| ALL.iter().copied().filter(|detection| !detection.is_told_by_name()).collect());

/// The detections that want an event, each once.
fn wanting(event: &Event) -> impl Iterator<Item = &'static Detection> {
    let named = BY_NAME.get(event.name.as_str()).into_iter().flatten();
    let named = named.filter(|(source, detection)| *source == event.source && detection.wants_outcome(event));
    let others = BY_OTHER_MEANS.iter().filter(|detection| detection.wants(event));
    named.map(|(_, detection)| *detection).chain(others.copied())
}

/// What a watcher says of an event, where all that may be known beside it is in the context.
#[must_use]
pub fn look(watcher: Watcher, event: &Event, context: &Context<'_>) -> Option<Finding> {
    speak(find(watcher, event, context), event, context)
}

/// What the detections find that a watcher asks, before it is weighed what is true beside it.
#[must_use]
pub fn find(watcher: Watcher, event: &Event, context: &Context<'_>) -> Vec<Finding> {
    if let Some(fault) = event.fault() {
        return vec![unreadable_event::finding(event, fault)];
    }
    // What an endpoint saw is told by the call's own record, too: only that it came through there is looked at.
    let by_endpoint = event.is_seen_by_endpoint();
    let looks = |detection: &Detection| {
        let at_endpoints = detection.id == endpoint_used_by_outsider::DETECTION.id;
        at_endpoints == by_endpoint || by_endpoint && detection.watcher == Watcher::AccessDenied
    };
    let asked = wanting(event).filter(|detection| looks(detection) && watcher.asks(detection));
    let mut found: Vec<Finding> = asked.filter_map(|detection| (detection.detect)(event, context)).collect();
    // The same order whichever way each was come by.
    found.sort_by(|one, other| one.detection.cmp(&other.detection));
    found
}

/// What is said of what was found in an event. One act is one alert: where several detections see it, the strongest speaks
/// and names the others. That it was root who acted is said by whatever else is found, and makes it no less severe: as a
/// finding of its own it would hide each act of root behind the first.
#[must_use]
pub fn speak(mut found: Vec<Finding>, event: &Event, context: &Context<'_>) -> Option<Finding> {
    if event.fault().is_some() {
        return found.pop().map(Finding::capped);
    }
    // Of two that circumstances make as strong, the one that was stronger without them.
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut found: Vec<Finding> =
        found.into_iter().map(|finding| circumstance::weigh(event, context, finding)).collect();
    if let Some(general) = found.iter().position(|finding| finding.detection == root_api_call::DETECTION.id)
        && found.len() > 1
    {
        let general = found.remove(general);
        for finding in &mut found {
            finding.severity = finding.severity.max(general.severity);
        }
        found.push(general.severity(Severity::Low));
    }
    // Of two that are as strong, the one that need not be counted first, and what was denied before that it was.
    found.sort_by_key(|finding| {
        let general = finding.detection == calls_denied::DETECTION.id;
        (std::cmp::Reverse(finding.severity), finding.speaks_at, general)
    });
    let also: Vec<String> = found.iter().skip(1).map(|finding| finding.detection.clone()).collect();
    let asks = found.iter().find_map(|finding| finding.asks.clone());
    let strongest = found.into_iter().next()?;
    let asks = asks.or_else(|| actor_ask(event, &strongest, context.config));
    // Quarantine acts in the account of the stack, and nowhere else.
    let asks = asks.filter(|_| !context.config.is_elsewhere(&event.account));
    let unread = context.facts.unread.then(|| {
        let account = context.config.account(&event.account);
        format!("IAM of account {account}: this is judged by what the event holds and what is remembered")
    });
    let mut finding = Finding { asks, also, ..strongest }.evidence_if("Not read", unread);
    finding.event.redacted = finding.asks.is_some().then(|| event.redacted());
    Some(finding.capped())
}

/// What follows the call in a sentence about one that may have failed.
fn if_refused(event: &Event) -> &'static str {
    if event.succeeded() { "" } else { ", which was refused" }
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

/// Adds what was denied, by whom, and what else was denied to the same principal.
fn with_denials(finding: Finding, denial: &Denial, denials: &Denials, score: &Score) -> Finding {
    let calls = denials.calls();
    let others = calls.iter().take(OTHER_CALLS).map(|(name, count)| format!("{name} x{count}"));
    let others = others.collect::<Vec<_>>().join(", ");
    let more = calls.len().saturating_sub(OTHER_CALLS);
    let others = if more > 0 { format!("{others}, and {more} more") } else { others };
    finding
        .evidence("Denied", denial.action.as_str())
        .evidence_if("On", denial.resource.as_deref())
        .evidence_if("Refused by", denial.refused_by())
        .evidence_if("Score", score.words())
        .evidence_if("Within an hour", (calls.len() > 1).then_some(others))
}

/// How many of a principal's denied calls are named.
const OTHER_CALLS: usize = 5;

/// Adds to a sign-in what came before it. Several detections see it there, and the one that speaks has to tell all of it.
fn with_what_came_before(event: &Event, context: &Context<'_>, finding: Finding) -> Finding {
    finding
        .evidence_if("Failed before", console_login_after_failures::failed_before(event, context))
        .evidence_if("Password set", login_profile_used_by_its_maker::set_by(event, context))
        .evidence_if("Network", console_login_from_new_network::first_from(event, context))
}

/// The severity of a change to the stack: what `CloudFormation` does for somebody is their own deployment, unless it blinds.
/// Nobody else can write its name there.
fn unless_deployed(event: &Event, severity: Severity) -> Severity {
    let deployed = event.actor.is_deployment();
    match severity {
        Severity::Critical if deployed => Severity::High,
        Severity::High if deployed => Severity::Low,
        severity => severity,
    }
}

/// Who takes down which kind of thing that may tell of an attack, or keep one out.
pub(super) static TAKES_DOWN: Remembering = Remembering {
    id: "takes-down",
    asked_by: &[
        &alarm_deleted_or_muted::DETECTION,
        &event_rule_stopped::DETECTION,
        &firewall_removed::DETECTION,
        &log_filter_deleted::DETECTION,
        &logs_deleted::DETECTION,
        &public_access_block_removed::DETECTION,
    ],
    what: What::Habit(who_and_call),
};

/// Calls that can only take something away: what writes anew does so for many reasons.
fn who_and_call(event: &Event) -> Option<Pair> {
    let takes_away = ["Delete", "Disable", "Disassociate", "Remove"].iter().any(|verb| event.name.starts_with(verb));
    takes_away.then(|| Pair::of_caller(event, &[&event.source, event.call()]))?
}

/// Lowers what nothing shows to serve security, by whoever did the same before: systems are taken down every day, and it was told
/// the first time.
fn for_the_record_if_done_before(context: &Context<'_>, finding: Finding) -> Finding {
    if finding.severity == Severity::Medium && context.facts.was_seen(TAKES_DOWN.id) {
        return finding.severity(Severity::Low).evidence("Before", "they did the same before");
    }
    finding
}

/// Lowers what a service did because somebody told it to, as `CloudFormation` deploys. Nobody else can write its name there.
fn for_the_record_by_service(event: &Event, finding: Finding) -> Finding {
    if event.actor.invoked_by.is_some() { finding.severity(Severity::Low) } else { finding }
}

/// The text under a key at any depth of the parameters, else of the answer. EC2 logs the parameters of its newer calls below
/// the name of the call, with keys in other letters.
fn anywhere<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    ["requestParameters", "responseElements"].into_iter().find_map(|root| below(event.record().get(root)?, key))
}

fn below<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    match value {
        Value::Array(list) => list.iter().find_map(|value| below(value, key)),
        Value::Object(map) => {
            let named = map.iter().filter(|(known, _)| known.eq_ignore_ascii_case(key));
            let text = named.filter_map(|(_, value)| value.as_str()).find(|text| !text.is_empty());
            text.or_else(|| map.values().find_map(|value| below(value, key)))
        }
        _ => None,
    }
}

/// The account of an ARN that is neither this one nor named in the configuration.
fn unknown_account<'a>(arn: &'a str, event: &Event, context: &Context<'_>) -> Option<&'a str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    let known = account == event.account || context.config.account_names.contains_key(account);
    (is_account(account) && !known).then_some(account)
}

/// The account of a container image in ECR that is neither this one nor named in the configuration.
fn unknown_registry<'a>(image: &'a str, event: &Event, context: &Context<'_>) -> Option<&'a str> {
    let (account, rest) = image.split_once(".dkr.ecr")?;
    let known = account == event.account || context.config.account_names.contains_key(account);
    (is_account(account) && rest.starts_with(['.', '-']) && !known).then_some(account)
}

/// The part of a name, ARN or URL that names a resource of the stack: `CloudFormation` begins each with the stack's name
/// and a hyphen. An empty stack name, as replay has it, owns nothing.
fn own_name<'a>(text: &'a str, stack: &str) -> Option<&'a str> {
    let own = |part: &str| part.strip_prefix(stack).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if stack.is_empty() { None } else { text.split(['/', ':']).find(|part| own(part)) }
}

impl<'a> Context<'a> {
    /// Nothing but the event and the configuration.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        Self { config, facts: Facts::NONE }
    }

    /// The same with facts beside the event.
    #[must_use]
    pub fn with(self, facts: &'a Facts) -> Self {
        Self { facts, ..self }
    }
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

    /// Whether whole names tell its calls: it looks at some only, and at none with an API date at the end of its name.
    pub(crate) fn is_told_by_name(&self) -> bool {
        let mut names = self.calls.iter().flat_map(|calls| calls.names);
        !self.calls.is_empty() && !names.any(|name| name.ends_with('*'))
    }

    /// Its calls: the service and the name of each.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.calls.iter().flat_map(|calls| calls.names.iter().map(|name| (calls.source, *name)))
    }

    /// Whether it is to be asked about the event: its call and its outcome are those that it looks at.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        self.wants_outcome(event) && (self.calls.is_empty() || self.sees(&event.source, &event.name))
    }

    /// Whether it is to be asked about events of that outcome.
    pub(crate) fn wants_outcome(&self, event: &Event) -> bool {
        match self.outcome {
            Outcome::Succeeded => event.succeeded(),
            Outcome::Failed => !event.succeeded(),
            Outcome::Any => true,
        }
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
