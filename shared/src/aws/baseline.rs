//! What stands in all places of an account: learned once, so that the first change of each is compared with something.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::EntityType::{Group, LocalManagedPolicy, Role, User};
use aws_sdk_iam::types::{AttachedPermissionsBoundary, PolicyDetail};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::because;
use crate::arn;
use crate::facts::{Holder, HolderKind, Place, remembered_as};
use crate::ledger::Ledger;
use crate::policy::Document;

/// How many places are written at once.
const AT_ONCE: usize = 25;

/// Remembers every inline policy, trust policy, boundary and default version of the account, unless something newer is
/// known. Answers how many.
///
/// # Errors
///
/// What could not be read or written, and why. To be tried again as a whole.
pub async fn learn(iam: &Client, ledger: &impl Ledger, now: Timestamp) -> Result<usize, String> {
    let mut learned = 0;
    let wanted = [User, Group, Role, LocalManagedPolicy];
    let mut pages = iam.get_account_authorization_details().set_filter(Some(wanted.into())).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| format!("`iam:GetAccountAuthorizationDetails` failed: {}", because(&error)))?;
        let mut found: Vec<(Place, String)> = Vec::new();
        for user in page.user_detail_list() {
            let holder = Holder { kind: HolderKind::User, name: user.user_name().unwrap_or_default().to_owned() };
            found.extend(inline(user.arn(), &holder, user.user_policy_list()));
            found.extend(bounded(user.arn(), &holder, user.permissions_boundary()));
        }
        for group in page.group_detail_list() {
            let holder = Holder { kind: HolderKind::Group, name: group.group_name().unwrap_or_default().to_owned() };
            found.extend(inline(group.arn(), &holder, group.group_policy_list()));
        }
        for role in page.role_detail_list() {
            let holder = Holder { kind: HolderKind::Role, name: role.role_name().unwrap_or_default().to_owned() };
            found.extend(inline(role.arn(), &holder, role.role_policy_list()));
            found.extend(bounded(role.arn(), &holder, role.permissions_boundary()));
            let door = Place::Trust { account: account(role.arn()), role: holder.name };
            found.extend(role.assume_role_policy_document().map(|document| (door, document.to_owned())));
        }
        for policy in page.policies() {
            let Some(arn) = policy.arn() else { continue };
            let default = policy.policy_version_list().iter().find(|version| version.is_default_version());
            let document = default.and_then(|version| version.document());
            found.extend(document.map(|document| (Place::Managed { arn: arn.to_owned() }, document.to_owned())));
        }
        learned += found.len();
        for some in found.chunks(AT_ONCE) {
            let written = some.iter().map(async |(place, text)| {
                // URL-encoded as IAM gives it, it may be too long for an item of the table.
                let text = Document::parse(text).map_or_else(|_| text.clone(), |document| document.to_text());
                ledger.remember(&place.key(), &remembered_as(text, now, now), now).await
            });
            try_join_all(written).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(learned)
}

fn inline<'a>(
    arn: Option<&str>,
    holder: &'a Holder,
    policies: &'a [PolicyDetail],
) -> impl Iterator<Item = (Place, String)> + use<'a> {
    let account = account(arn);
    policies.iter().filter_map(move |policy| {
        let name = policy.policy_name()?.to_owned();
        let place = Place::Inline { account: account.clone(), holder: holder.clone(), name };
        Some((place, policy.policy_document()?.to_owned()))
    })
}

fn bounded(
    arn: Option<&str>,
    holder: &Holder,
    boundary: Option<&AttachedPermissionsBoundary>,
) -> Option<(Place, String)> {
    let boundary = boundary?.permissions_boundary_arn()?.to_owned();
    Some((Place::Boundary { account: account(arn), holder: holder.clone() }, boundary))
}

fn account(arn: Option<&str>) -> String {
    arn.and_then(arn::account).unwrap_or_default().to_owned()
}
