//! Quarantine's order and guards, where time must be bent or a process must die between two steps. What IAM itself
//! does is tested on the local AWS.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod quarantine {
    pub(crate) mod world;

    mod actor;
    mod approval;
    mod claim;
    mod key;
    mod killed;
    mod proof;
    mod renamed;
    mod rewritten;
    mod spelling;
    mod user;
    mod watch;
}
