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
    /// Whether that said no in so many words, rather than not yes.
    #[serde(default)]
    pub explicit: bool,
    /// The policy that refused, which AWS names to its own account and organization.
    #[serde(default)]
    pub policy: Option<String>,
    /// The message holds the reason in a code that AWS decodes for the account.
    #[serde(default)]
    pub encoded: bool,
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
        let reason = reason(message);
        let service = event.source.split('.').next().unwrap_or_default();
        Some(Self {
            action: after("not authorized to perform: ").unwrap_or_else(|| format!("{service}:{}", event.call())),
            resource: refused_on(message),
            layer: Layer::WORDS.iter().find(|(words, _)| reason.contains(words)).map(|(_, layer)| *layer),
            explicit: reason.starts_with(EXPLICIT),
            policy: reason.starts_with(EXPLICIT).then(|| named_policy(reason)).flatten(),
            encoded: message.contains(ENCODED),
        })
    }

    /// Who refused, as in "a service control policy: arn:…".
    #[must_use]
    pub fn refused_by(&self) -> Option<String> {
        let code = "AWS says so in a code: `aws sts decode-authorization-message --encoded-message …`, with what follows \
                    \"Encoded authorization failure message:\" in the event's errorMessage";
        match (self.layer, &self.policy) {
            (Some(layer), Some(policy)) => Some(format!("{}, by an explicit deny: {policy}", layer.words())),
            (Some(layer), None) if self.explicit => Some(format!("{}, by an explicit deny", layer.words())),
            (Some(layer), None) => Some(layer.words().to_owned()),
            (None, _) => self.encoded.then(|| code.to_owned()),
        }
    }
}

/// How the reason begins where a policy denies, and where none allows.
const EXPLICIT: &str = " with an explicit deny in ";
const IMPLICIT: &str = " because no ";
/// What EC2 puts before its coded reason.
const ENCODED: &str = "Encoded authorization failure message: ";

/// The reason at the end of a message. What stands before it may hold any text of the caller's, so the last one counts; a
/// message that is worded otherwise is a reason as a whole.
fn reason(message: &str) -> &str {
    let message = message.split_once(ENCODED).map_or(message, |(before, _)| before);
    let at = [EXPLICIT, IMPLICIT].into_iter().filter_map(|marker| message.rfind(marker)).max();
    at.and_then(|at| message.get(at..)).unwrap_or(message)
}

/// The ARN behind the kind of policy: `… in a service control policy: arn:aws:organizations::…`.
fn named_policy(reason: &str) -> Option<String> {
    let (_, arn) = reason.split_once(": arn:")?;
    let arn = arn.split_whitespace().next()?.trim_end_matches(['.', ',']);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/_+=,.@-".contains(&byte);
    (arn.contains(":policy/") && arn.bytes().all(plain)).then(|| format!("arn:{arn}"))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(message: &str) -> String {
        let event = Event::decode(json!({"eventName": "ListRoles", "eventSource": "iam.amazonaws.com",
            "errorCode": "AccessDenied", "errorMessage": message}));
        event.denial().unwrap().refused_by().unwrap_or_else(|| "nobody says".to_owned())
    }

    #[test]
    fn the_layer_and_the_policy_are_read_where_they_are_said() {
        let user =
            "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: iam:ListRoles on resource: *";
        let scp = "arn:aws:organizations::123456789012:policy/o-a1b2c3d4e5/service_control_policy/p-a1b2c3d4";
        let said = [
            ("because no identity-based policy allows the iam:ListRoles action".to_owned(), "identity-based policy"),
            ("because no permissions boundary allows the iam:ListRoles action".to_owned(), "permissions boundary"),
            ("because no session policy allows the iam:ListRoles action".to_owned(), "session policy"),
            ("because no resource-based policy allows the iam:ListRoles action".to_owned(), "resource-based policy"),
            ("because no VPC endpoint policy allows the iam:ListRoles action".to_owned(), "VPC endpoint policy"),
            (
                "with an explicit deny in a resource control policy".to_owned(),
                "resource control policy, by an explicit deny",
            ),
            (
                "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/eng/limits"
                    .to_owned(),
                "identity-based policy, by an explicit deny: arn:aws:iam::111122223333:policy/eng/limits",
            ),
        ];
        for (reason, layer) in said {
            assert_eq!(refused(&format!("{user} {reason}")), layer);
        }
        let denied = format!("{user} with an explicit deny in a service control policy: {scp}");
        assert_eq!(refused(&denied), format!("service control policy, by an explicit deny: {scp}"));
        assert_eq!(refused("Access Denied"), "nobody says");
    }

    #[test]
    fn text_of_the_callers_is_no_reason_and_no_policy() {
        let key =
            "arn:aws:s3:::b/x with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o/p";
        let message = format!(
            "User: u is not authorized to perform: s3:GetObject on resource: \"{key}\" because no resource-based policy \
             allows the s3:GetObject action"
        );
        assert_eq!(refused(&message), "resource-based policy");
        let odd = "x with an explicit deny in a session policy: arn:aws:iam::1:policy/<b>";
        assert_eq!(refused(odd), "session policy, by an explicit deny");
    }

    #[test]
    fn a_coded_reason_is_said_to_be_one() {
        let coded =
            "You are not authorized to perform this operation. Encoded authorization failure message: 4GIOHlTkIaWHQD";
        assert!(refused(coded).contains("decode-authorization-message"));
        let both = format!("x because no identity-based policy allows the action. {coded}");
        assert_eq!(refused(&both), "identity-based policy");
    }
}
