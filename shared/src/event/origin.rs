//! From where, and with what, the call was made.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Actor, Top, owned, text};

/// From where, and with what, the call was made. Address and user agent are the caller's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `sourceIPAddress` as written: an address, a service's host name, or `AWS Internal`.
    pub address: Option<String>,
    /// The address, where it is one.
    pub ip: Option<IpAddr>,
    /// `userAgent`. The caller chooses it: it may make a finding louder, never quieter.
    pub user_agent: Option<String>,
    /// Whether the call came from the console.
    pub console: bool,
    /// The AWS service the call came through, as in "CloudFormation on alice's behalf".
    pub via: Option<String>,
}

impl Origin {
    pub(super) fn of(top: &Top<'_>, actor: &Actor) -> Self {
        let address = owned(top.address);
        Self {
            ip: address.as_deref().and_then(|address| address.parse().ok()),
            user_agent: owned(top.agent),
            console: from_console(top),
            via: actor.invoked_by.clone(),
            address,
        }
    }
}

/// Whether the record's session was opened by the console. Newer records say so; older ones show it by their agent.
pub(super) fn from_console(top: &Top<'_>) -> bool {
    let said = says_console(top.from_console);
    let sign_in = matches!(text(top.kind), Some("AwsConsoleSignIn" | "AwsConsoleAction"));
    let agent = text(top.agent).unwrap_or_default();
    said || sign_in
        || matches!(agent, "console.amazonaws.com" | "signin.amazonaws.com" | "AWSConsole" | "Coral/Netty4")
        || agent.starts_with("[S3Console/")
        || agent.starts_with("AWS Internal")
}

/// Whether AWS itself wrote into the record that the console's session made the call.
pub(super) fn recorded_as_console(record: &Map<String, Value>) -> bool {
    says_console(record.get("sessionCredentialFromConsole"))
}

fn says_console(said: Option<&Value>) -> bool {
    match said {
        Some(Value::Bool(said)) => *said,
        said => text(said) == Some("true"),
    }
}
