//! The line with nobody at its end: for tests of what is found, not of who hears of it.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use iamwatch::alert::Alert;
use iamwatch::config::Config;
use iamwatch::detect::Context;
use iamwatch::event::Event;
use iamwatch::exceptions::Exceptions;
use iamwatch::facts::Unread;
use iamwatch::finding::Finding;
use iamwatch::flow::{Line, Machines, Outcome, People, Undelivered};
use iamwatch::ledger::{Memory, Standing};
use iamwatch::watcher::Watcher;
use jiff::Timestamp;

/// Those to whom findings go.
struct Nobody;

impl People for Nobody {
    async fn tell(&self, _: &Alert) -> Result<(), Undelivered> {
        Ok(())
    }
}

impl Machines for Nobody {
    async fn hand_over(&self, _: &Finding, _: &Standing) -> Result<(), Undelivered> {
        Ok(())
    }
}

/// What becomes of one event at one watcher, with what the ledger remembers.
pub(crate) fn watch(watcher: Watcher, event: &Event, config: &Config, ledger: &Memory, now: Timestamp) -> Outcome {
    let line = Line {
        watcher,
        context: Context::new(config),
        ledger,
        people: &Nobody,
        machines: &Nobody,
        policies: &Unread,
        exceptions: &Exceptions::NONE,
    };
    pollster::block_on(line.watch(event, now)).expect("memory is always in reach")
}
