//! `iamwatch baseline`: what stands in the account's policies today.

#[cfg(feature = "aws")]
mod live;

use std::io;
use std::process::ExitCode;

use clap::Args;

use crate::stack::Stack;
#[cfg(not(feature = "aws"))]
use crate::stack::without_aws;

/// Let a stack learn what the account's policies say today, so that it can tell what the first change of each adds.
///
/// Reads all inline policies, trust policies, boundaries and customer managed policies with
/// `iam:GetAccountAuthorizationDetails` and writes them into the stack's table. To be run once after deploying; running it
/// again does no harm. Without it, the first change of each policy is judged as if all of it were new.
#[derive(Debug, Args)]
pub(crate) struct Baseline {
    #[command(flatten)]
    stack: Stack,
}

impl Baseline {
    #[cfg(feature = "aws")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        live::run(&self.stack)
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "as with AWS")]
    pub(crate) fn run(&self) -> io::Result<ExitCode> {
        without_aws()
    }
}
