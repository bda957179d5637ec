//! What was denied, and which layer said no.

use serde::{Deserialize, Serialize};

use super::Event;

/// A call that permissions refused. Everything but the code comes from a message that may be missing, encoded, or hold
/// text of the caller's choice: it is shown, never trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The action that was refused, for example `iam:CreateUser`. From the message, else from the event's name.
    pub action: String,
    /// The resource it was refused on, as the message has it: an ARN, or IAM's `user bob`.
    pub resource: Option<String>,
    /// Which layer refused, where the message says so.
    pub layer: Option<Layer>,
}

/// The kind of policy that refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    IdentityPolicy,
    ResourcePolicy,
    PermissionsBoundary,
    SessionPolicy,
    ServiceControlPolicy,
    ResourceControlPolicy,
    VpcEndpointPolicy,
}

impl Layer {
    /// The words AWS's messages use for it.
    const WORDS: [(&str, Self); 7] = [
        ("service control policy", Self::ServiceControlPolicy),
        ("resource control policy", Self::ResourceControlPolicy),
        ("permissions boundary", Self::PermissionsBoundary),
        ("session policy", Self::SessionPolicy),
        ("VPC endpoint policy", Self::VpcEndpointPolicy),
        ("resource-based policy", Self::ResourcePolicy),
        ("identity-based policy", Self::IdentityPolicy),
    ];

    /// Its name in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        Self::WORDS.iter().find(|(_, layer)| *layer == self).map_or("a policy", |(words, _)| words)
    }
}

impl Denial {
    pub(super) fn of(event: &Event) -> Option<Self> {
        if !is_denied(event.error_code.as_deref()?) {
            return None;
        }
        let message = event.error_message.as_deref().unwrap_or_default();
        let after = |marker: &str| {
            let (_, rest) = message.split_once(marker)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        let service = event.source.split('.').next().unwrap_or_default();
        Some(Self {
            action: after("not authorized to perform: ").unwrap_or_else(|| format!("{service}:{}", event.call())),
            resource: refused_on(message),
            layer: Layer::WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, layer)| *layer),
        })
    }
}

/// The word after `on resource:`, two of them where IAM writes `user bob`.
fn refused_on(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" on resource: ")?;
    let mut words = rest.split_whitespace();
    let first = words.next()?;
    Some(match first {
        "user" | "role" | "group" | "policy" => format!("{first} {}", words.next()?),
        _ => first.to_owned(),
    })
}

/// Codes that mean "you may not", by their beginning. `AccessDenied` alone has a longer form in 258 services.
pub const DENIED_PREFIXES: [&str; 3] = ["AccessDenied", "KMSAccessDenied", "VpceAccessDenied"];
/// Codes that mean "you may not", by their end: `Client.UnauthorizedOperation` is EC2's.
pub const DENIED_SUFFIXES: [&str; 1] = ["UnauthorizedOperation"];
/// Codes that mean "you may not", exactly. `NotAuthorizedException` is left out: it is Cognito's word for an application
/// user's wrong password. `Client.DryRunOperation` means that the call would have been allowed.
pub const DENIED_EXACTLY: [&str; 3] = ["UnauthorizedException", "ForbiddenException", "AuthorizationError"];

/// Whether an error code says that permissions refused the call.
#[must_use]
pub fn is_denied(code: &str) -> bool {
    DENIED_PREFIXES.iter().any(|prefix| code.starts_with(prefix))
        || DENIED_SUFFIXES.iter().any(|suffix| code.ends_with(suffix))
        || DENIED_EXACTLY.contains(&code)
}

/// How the codes begin that refuse a policy document: `MalformedPolicyDocument…` of IAM and KMS, `MalformedPolicy` of S3.
pub const MALFORMED_POLICY: &str = "MalformedPolicy";

/// Whether an error code says that a policy document was refused.
#[must_use]
pub fn is_malformed_policy(code: &str) -> bool {
    code.starts_with(MALFORMED_POLICY)
}
