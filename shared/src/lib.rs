//! What iamwatch sees, judges and says.
//!
//! Without features this crate is pure: no clock, no environment, no network. Everything it needs is passed in, so the
//! Lambdas and `iamwatch replay` run the very same line. The feature `aws` adds the adapters that reach AWS.

pub mod alert;
pub mod arn;
#[cfg(feature = "aws")]
pub mod aws;
mod blinding;
pub mod cap;
pub mod circumstance;
pub mod config;
pub mod denials;
pub mod detect;
pub mod event;
pub mod exceptions;
pub mod facts;
pub mod finding;
mod fingerprint;
pub mod flow;
mod grant;
mod honey;
mod identity_center;
pub mod ledger;
mod opening;
mod organization;
pub mod policy;
pub mod quarantine;
mod script;
pub mod undo;
pub mod watcher;
mod workload;
