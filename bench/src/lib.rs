//! Measures iamwatch: replay, the start of its Lambdas, their packages.

pub mod corpus;
pub mod init;
pub mod policy;
pub mod replay;
pub mod runtime_api;

use std::time::Duration;

/// The middle one.
#[must_use]
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
