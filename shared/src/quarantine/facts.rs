//! What IAM says of a user, read just before acting: an event may be forged, and things move on.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::policy::AwsManaged;

/// A user with its credentials and what is attached to it. It is also the snapshot that undo needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The user's ARN, with its path.
    pub arn: String,
    /// The user's unique id, which no other user ever gets.
    #[serde(default)]
    pub id: Option<String>,
    pub keys: Vec<KeyFacts>,
    /// Credentials of other kinds.
    #[serde(default)]
    pub others: Vec<Credential>,
    /// When its password for the console was made, if it has one.
    #[serde(default)]
    pub password: Option<Timestamp>,
    /// ARNs of the policies attached to the user.
    #[serde(default)]
    pub attached: Vec<String>,
    /// ARN of its permissions boundary.
    #[serde(default)]
    pub boundary: Option<String>,
    /// Why our deny policy does not deny everything: somebody rewrote it, or it is gone.
    #[serde(default)]
    pub disarmed: Option<String>,
    /// For a role: whether it has an inline policy of the name of ours.
    #[serde(default)]
    pub revoked: bool,
    /// Before what time the sessions were opened that this policy ends; none where it says anything else.
    #[serde(default)]
    pub ended: Option<Timestamp>,
}

/// What IAM says of one access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    pub id: String,
    pub active: bool,
    pub created: Option<Timestamp>,
}

/// A credential that is no access key. It can be switched off and on again as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub kind: Kind,
    pub id: String,
    pub active: bool,
    #[serde(default)]
    pub created: Option<Timestamp>,
}

/// The kinds of such credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// For `CodeCommit`, Keyspaces or Bedrock.
    ServiceSpecific,
    /// For `CodeCommit` over SSH.
    SshKey,
    SigningCertificate,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceSpecific => "service-specific credential",
            Self::SshKey => "SSH key",
            Self::SigningCertificate => "signing certificate",
        })
    }
}

impl Facts {
    /// Whether AWS itself quarantined the user: nobody but AWS, or who may attach policies to it anyway, can make it so.
    #[must_use]
    pub fn is_quarantined_by_aws(&self) -> bool {
        self.attached.iter().any(|arn| AwsManaged::from_arn(arn).is_some_and(|policy| policy.is_key_quarantine()))
    }

    /// What counts for a record: sessions that were ended earlier, by whomever, are not those that it was to end.
    #[must_use]
    pub(super) fn since(mut self, decided: Timestamp) -> Self {
        // IAM is told whole seconds.
        self.ended = self.ended.filter(|ended| ended.as_second() >= decided.as_second());
        self
    }

    /// Whether the policy bears on the user, attached or as its boundary.
    #[must_use]
    pub fn is_under(&self, policy: &str) -> bool {
        self.boundary.as_deref() == Some(policy) || self.has_attached(policy)
    }

    /// Whether the user is denied everything: our policy bears on it, and says what it must.
    #[must_use]
    pub fn is_denied_by(&self, policy: &str) -> bool {
        self.disarmed.is_none() && self.is_under(policy)
    }

    /// Whether the policy is attached to the user.
    #[must_use]
    pub fn has_attached(&self, policy: &str) -> bool {
        self.attached.iter().any(|arn| arn == policy)
    }
}
