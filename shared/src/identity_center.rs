//! IAM Identity Center: what its calls name.

use crate::event::{Event, Target};

/// The permission set that a call is about. Its name is not in most events.
pub(crate) fn permission_set(event: &Event) -> Option<Target> {
    let created = || event.response("permissionSet.permissionSetArn");
    event.request("permissionSetArn").or_else(created).map(Target::from_arn)
}

/// A user of the directory, by its id: names are not in the events.
pub(crate) fn user(id: &str) -> Target {
    Target { kind: "Identity Center user".to_owned(), name: id.to_owned(), arn: None }
}

/// The directory as a whole, or the instance of Identity Center.
pub(crate) fn itself(event: &Event) -> Target {
    let named = ["directoryId", "identityStoreId", "instanceArn"].into_iter().find_map(|key| event.request(key));
    let name = named.map_or("Identity Center", last);
    Target { kind: "directory".to_owned(), name: name.to_owned(), arn: None }
}

/// Whether the actor is the user of that id.
pub(crate) fn is_actor(event: &Event, id: &str) -> bool {
    let on_behalf_of = || event.record().get("userIdentity")?.get("onBehalfOf")?.get("userId")?.as_str();
    on_behalf_of() == Some(id)
}

/// The last part of an ARN or id.
pub(crate) fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
