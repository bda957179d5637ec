//! Contain, prove, undo: what is done about a finding that asks for it.
//!
//! First a [`Plan`], made by a pure function from the finding, from what IAM says now, and from the configuration. A
//! dry-run shows it, a person approves it by its fingerprint, enforcing carries it out, the record keeps it, and undo reads it
//! backwards.

mod approval;
mod budget;
mod contain;
mod deny;
mod facts;
mod guards;
mod plan;
mod principal;
mod proof;
mod record;
mod renamed;
mod restore;
mod scp;
mod watch;
mod writing;

use jiff::SignedDuration;

pub use approval::{Approval, LONGEST_WAIT, Unapproved, approve};
pub use budget::{Budget, Exhausted};
pub use contain::{Containment, Failure, Iam, Later, Outcome, Records};
#[cfg(feature = "aws")]
pub(crate) use deny::DISARMED;
pub use deny::{DENY_EVERYTHING, ended_before, rewritten};
pub use facts::{Credential, Facts, KeyFacts, Kind as CredentialKind};
pub use guards::Refusal;
pub use plan::{Answer, Fault, Plan, SESSIONS_ENDED, Step, plan, simulate};
pub(crate) use principal::actor_ask;
pub use principal::{Principal, Subject, subjects};
pub use proof::{Proof, REAPPLIED_AT_MOST, ROUNDS};
pub use record::{Call, Meddling, Moved, Record, State};
pub use renamed::Former;
pub use restore::{Restore, restore};
pub use scp::scp;
pub use watch::{Gave, WATCHED, meddling};

/// An event older than this is not acted on without a person.
pub const STALE: SignedDuration = SignedDuration::from_mins(15);
/// How far a key's age may differ from what the event says of it: clocks differ by seconds, forgeries by more.
pub const AGE_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
