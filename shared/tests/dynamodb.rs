//! The ledger in `DynamoDB` holds what every ledger must hold. Needs a local AWS at `AWS_ENDPOINT_URL` with the table
//! `IAMWATCH_TABLE`: `make test` provides both.

use futures_util::future::join_all;
use iamwatch::aws::{Clients, DynamoLedger};
use iamwatch::cap::{Admission, Message};
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
    let all = join_all((0..40).map(|_| ledger.admit(Message::Alert, now))).await;
    assert_eq!(all.iter().filter(|answer| **answer == Ok(Admission::Admitted)).count(), 5, "{all:?}");
    let all = join_all((0..5).map(|_| ledger.admit(Message::Critical, now))).await;
    assert!(all.iter().all(|answer| *answer == Ok(Admission::Admitted)), "{all:?}");
}
