//! The ledger in `DynamoDB` holds what every ledger must hold. Needs a local AWS at `AWS_ENDPOINT_URL` with the table
//! `IAMWATCH_TABLE`: `make test` provides both.

use futures_util::future::join_all;
use iamwatch::aws::{Clients, DynamoLedger};
use iamwatch::cap::{Admission, Message, TURN};
use iamwatch::ledger::{Ledger, suite};
use jiff::{SignedDuration, Timestamp};

#[tokio::test]
async fn the_ledger_in_dynamodb_passes_the_suite() {
    #[expect(clippy::disallowed_methods, reason = "the table is made by whoever starts the local AWS")]
    let environment = |variable: &str| std::env::var(variable).ok();
    let table = environment("IAMWATCH_TABLE").expect("`IAMWATCH_TABLE` names the table; run `make test`");
    let ledger = DynamoLedger { client: Clients::of_function(environment).dynamodb(), table };
    Box::pin(suite::run(&ledger)).await;
    however_many_ask_at_once_the_cap_holds(&ledger).await;
}

async fn however_many_ask_at_once_the_cap_holds(ledger: &DynamoLedger) {
    // Later than all that the suite does.
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000);
    let turns = async |message, askers: i32| {
        let all = join_all((0..askers).map(|_| ledger.admit(message, now, now))).await;
        let mut turns: Vec<Timestamp> = all
            .into_iter()
            .filter_map(|answer| match answer {
                Ok(Admission::Turn(turn)) => Some(turn),
                Ok(Admission::HeldBack) | Err(_) => None,
            })
            .collect();
        turns.sort_unstable();
        turns
    };
    let five: Vec<Timestamp> = (0..5).map(|turn| now + TURN * turn).collect();
    assert_eq!(turns(Message::Alert, 40).await, five);
    assert_eq!(turns(Message::Critical, 5).await, five);
}
