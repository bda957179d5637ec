//! Places in which documents stand, and what calls put there.

use super::{Holder, HolderKind};
use crate::event::{Event, Target};
use crate::ledger::MemoryKey;
use crate::opening::Opening;

/// A place in which a document stands, one after the other. IAM keeps the document before only for managed policies: of the
/// other places the ledger remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Inline {
        account: String,
        holder: Holder,
        name: String,
    },
    /// The default version of a managed policy of the account.
    Managed {
        arn: String,
    },
    /// Who may assume a role.
    Trust {
        account: String,
        role: String,
    },
    /// A boundary: what stands there is the ARN of a policy.
    Boundary {
        account: String,
        holder: Holder,
    },
    /// The one policy that something has: a resource, a permission set, a control policy of an organization.
    Only {
        of: String,
        id: String,
    },
}

/// What a call leaves in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left<'a> {
    /// A document, or the ARN of a boundary, as text.
    Text(std::borrow::Cow<'a, str>),
    Nothing,
    /// A document that the event only names.
    Named,
}

impl Place {
    /// The place that a call writes to, and what it leaves there. A call that failed writes nowhere.
    #[must_use]
    pub fn written_by(event: &Event) -> Option<(Self, Left<'_>)> {
        if !event.succeeded() {
            return None;
        }
        match event.source.as_str() {
            "iam.amazonaws.com" => Self::of_iam(event),
            "organizations.amazonaws.com" => {
                let id = event.request("policyId").or_else(|| event.response("policy.policySummary.id"))?;
                let place = Self::Only { of: "organization policy".to_owned(), id: id.to_owned() };
                match event.name.as_str() {
                    // Where it is left out, only the name was changed.
                    "CreatePolicy" | "UpdatePolicy" => Some((place, Left::Text(event.request("content")?.into()))),
                    "DeletePolicy" => Some((place, Left::Nothing)),
                    _ => None,
                }
            }
            "sso.amazonaws.com" => {
                let id = event.request("permissionSetArn")?.to_owned();
                let place = Self::Only { of: "permission set".to_owned(), id };
                match event.name.as_str() {
                    "PutInlinePolicyToPermissionSet" => Some((place, document(event, "inlinePolicy"))),
                    "DeleteInlinePolicyFromPermissionSet" => Some((place, Left::Nothing)),
                    _ => None,
                }
            }
            _ => {
                let Opening { resource, policy: Ok(policy), is_a_document: true } = Opening::of(event)? else {
                    return None;
                };
                let id = format!("{} {} {}", event.account, event.region, resource.name);
                Some((Self::Only { of: resource.kind, id }, Left::Text(policy.to_text().into())))
            }
        }
    }

    /// The place that a call writes to beside that one: whoever is made with a boundary, or without one.
    #[must_use]
    pub fn also_written_by(event: &Event) -> Option<(Self, Left<'_>)> {
        if !event.is("iam.amazonaws.com", &["CreateUser", "CreateRole"]) || !event.succeeded() {
            return None;
        }
        let left = event.request("permissionsBoundary").map_or(Left::Nothing, |arn| Left::Text(arn.into()));
        Some((Self::boundary(event)?, left))
    }

    /// Whose place it is, if it may get another name with its holder: roles keep theirs.
    pub(super) fn renamable(&self) -> Option<(&str, &Holder)> {
        match self {
            Self::Inline { account, holder, .. } | Self::Boundary { account, holder }
                if holder.kind != HolderKind::Role =>
            {
                Some((account, holder))
            }
            _ => None,
        }
    }

    /// The same place of a holder of that name.
    pub(super) fn under_name(&self, other: &str) -> Self {
        let mut place = self.clone();
        if let Self::Inline { holder, .. } | Self::Boundary { holder, .. } = &mut place {
            other.clone_into(&mut holder.name);
        }
        place
    }

    fn of_iam(event: &Event) -> Option<(Self, Left<'_>)> {
        let account = || event.account.clone();
        let document = |parameter: &str| document(event, parameter);
        match event.name.as_str() {
            "PutUserPolicy" | "PutRolePolicy" | "PutGroupPolicy" => {
                Some((Self::inline(event)?, document("policyDocument")))
            }
            "DeleteUserPolicy" | "DeleteRolePolicy" | "DeleteGroupPolicy" => {
                Some((Self::inline(event)?, Left::Nothing))
            }
            "CreatePolicy" => {
                Some((Self::Managed { arn: event.response("policy.arn")?.to_owned() }, document("policyDocument")))
            }
            "CreatePolicyVersion" if crate::grant::is_set_as_default(event) => {
                Some((Self::Managed { arn: event.request("policyArn")?.to_owned() }, document("policyDocument")))
            }
            "SetDefaultPolicyVersion" => {
                Some((Self::Managed { arn: event.request("policyArn")?.to_owned() }, Left::Named))
            }
            "DeletePolicy" => Some((Self::Managed { arn: event.request("policyArn")?.to_owned() }, Left::Nothing)),
            "CreateRole" => {
                let role = event.request("roleName")?.to_owned();
                Some((Self::Trust { account: account(), role }, document("assumeRolePolicyDocument")))
            }
            "UpdateAssumeRolePolicy" => {
                let role = event.request("roleName")?.to_owned();
                Some((Self::Trust { account: account(), role }, document("policyDocument")))
            }
            "DeleteRole" => {
                let role = event.request("roleName")?.to_owned();
                Some((Self::Trust { account: account(), role }, Left::Nothing))
            }
            "PutUserPermissionsBoundary" | "PutRolePermissionsBoundary" => {
                let arn = event.request("permissionsBoundary")?;
                Some((Self::boundary(event)?, Left::Text(arn.into())))
            }
            "DeleteUserPermissionsBoundary" | "DeleteRolePermissionsBoundary" => {
                Some((Self::boundary(event)?, Left::Nothing))
            }
            _ => None,
        }
    }

    fn inline(event: &Event) -> Option<Self> {
        let name = event.request("policyName")?.to_owned();
        Some(Self::Inline { account: event.account.clone(), holder: holder(event)?, name })
    }

    fn boundary(event: &Event) -> Option<Self> {
        Some(Self::Boundary { account: event.account.clone(), holder: holder(event)? })
    }

    /// Under which key the ledger remembers what stands there.
    #[must_use]
    pub fn key(&self) -> MemoryKey {
        // IAM's names differ by more than case.
        let name = |name: &str| name.to_ascii_lowercase();
        let principal = |holder: &Holder| (holder.kind.to_string(), name(&holder.name));
        match self {
            Self::Inline { account, holder, name: policy } => {
                let (kind, holder) = principal(holder);
                MemoryKey::of("inline", &[account, &kind, &holder, &name(policy)])
            }
            Self::Managed { arn } => MemoryKey::of("managed", &[&name(arn)]),
            Self::Trust { account, role } => MemoryKey::of("trust", &[account, &name(role)]),
            Self::Boundary { account, holder } => {
                let (kind, holder) = principal(holder);
                MemoryKey::of("boundary", &[account, &kind, &holder])
            }
            Self::Only { of, id } => MemoryKey::of("only", &[of, id]),
        }
    }
}

/// A user or group that got another name: what stands in its places went with it, and whoever gets the old name is
/// somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renamed {
    account: String,
    from: Holder,
    to: Holder,
}

impl Renamed {
    pub(super) fn by(event: &Event) -> Option<Self> {
        let (kind, old, new) = match event.call() {
            "UpdateUser" => (HolderKind::User, "userName", "newUserName"),
            "UpdateGroup" => (HolderKind::Group, "groupName", "newGroupName"),
            _ => return None,
        };
        let known = event.source == "iam.amazonaws.com" && event.succeeded();
        let (old, new) = (event.request(old)?, event.request(new)?);
        let holder = |name: &str| Holder { kind, name: name.to_owned() };
        let other = known && !old.eq_ignore_ascii_case(new);
        other.then(|| Self { account: event.account.clone(), from: holder(old), to: holder(new) })
    }

    /// Under which key it is remembered that nobody has the old name, and under which one who got the new name.
    pub(super) fn keys(&self) -> (MemoryKey, MemoryKey) {
        (Self::gave_up(&self.account, &self.from), Self::got(&self.account, &self.to))
    }

    pub(super) fn old_name(&self) -> &str {
        &self.from.name
    }

    pub(super) fn gave_up(account: &str, holder: &Holder) -> MemoryKey {
        Self::key("gave-up-name", account, holder)
    }

    pub(super) fn got(account: &str, holder: &Holder) -> MemoryKey {
        Self::key("got-name", account, holder)
    }

    fn key(what: &'static str, account: &str, holder: &Holder) -> MemoryKey {
        MemoryKey::of(what, &[account, &holder.kind.to_string(), &holder.name.to_ascii_lowercase()])
    }
}

fn document<'a>(event: &'a Event, parameter: &str) -> Left<'a> {
    match event.request_value(parameter) {
        Some(serde_json::Value::String(text)) => Left::Text(text.as_str().into()),
        Some(value) => Left::Text(value.to_string().into()),
        None => Left::Named,
    }
}

fn holder(event: &Event) -> Option<Holder> {
    let named = [("userName", "user"), ("roleName", "role"), ("groupName", "group")];
    let (kind, name) = named.into_iter().find_map(|(key, kind)| Some((kind, event.request(key)?)))?;
    Holder::of(&Target { kind: kind.to_owned(), name: name.to_owned(), arn: None })
}
