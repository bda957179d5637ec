//! `iamwatch quarantine`: what was done to users and keys, what waits for a yes, and how to take it back.

#[cfg(feature = "aws")]
mod live;
#[cfg(feature = "aws")]
mod simulate;

use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::stack::Stack;
#[cfg(not(feature = "aws"))]
use crate::stack::without_aws;

/// See what quarantine did, approve what it would do, and take it back.
#[derive(Debug, Args)]
pub(crate) struct Quarantine {
    #[command(flatten)]
    stack: Stack,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what quarantine planned and did.
    List,
    /// Print one record: what was found, each step, its proof and its undo.
    Show {
        /// The record, as `list` and the alert name it.
        id: String,
    },
    /// Say yes to a plan that waits: it is shown once more, then carried out.
    Approve {
        /// The record, as `list` and the alert name it.
        id: String,
        /// Do not ask: for scripts.
        #[arg(long)]
        yes: bool,
        /// The URL of the approval function, where the account may not read it: the stack's output `ApprovalUrl`.
        #[arg(long, env = "IAMWATCH_APPROVAL_URL")]
        url: Option<String>,
    },
    /// Take the steps of one record back: credentials first, the deny last.
    Restore {
        /// The record, as `list` and the alert name it.
        id: String,
        /// Do not ask: for scripts.
        #[arg(long)]
        yes: bool,
        /// Give keys back too that leaked, and end the deny that holds their sessions for 36 hours.
        #[arg(long)]
        leaked: bool,
        /// End the deny though the user got credentials meanwhile that iamwatch did not give back: whoever has them may use them.
        #[arg(long)]
        made_meanwhile: bool,
    },
    /// Show what would be done about a user, a key or any other principal, by what IAM says now. Nothing is changed.
    Simulate {
        /// An ARN, an access key id, or a user's name.
        principal: String,
        /// A user's ARN or a path, as if the stack exempted it too.
        #[arg(long)]
        exempt: Vec<String>,
    },
    /// After a storm: let quarantine act by itself again.
    Reset {
        /// Do not ask: for scripts.
        #[arg(long)]
        yes: bool,
    },
}

impl Quarantine {
    #[cfg(feature = "aws")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        live::run(self)
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "as with AWS")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        without_aws()
    }
}
