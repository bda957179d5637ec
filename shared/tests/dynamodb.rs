//! The ledger in `DynamoDB` holds what every ledger must hold. Needs a local AWS at `AWS_ENDPOINT_URL` with the table
//! `IAMWATCH_TABLE`: `make test` provides both.

use iamwatch::aws::{Clients, DynamoLedger, Roots};
use iamwatch::ledger::suite;

#[tokio::test]
async fn the_ledger_in_dynamodb_passes_the_suite() {
    #[expect(clippy::disallowed_methods, reason = "the table is made by whoever starts the local AWS")]
    let table = std::env::var("IAMWATCH_TABLE").expect("`IAMWATCH_TABLE` names the table; run `make test`");
    suite::run(&DynamoLedger { client: Clients::from_env(Roots::BuiltIn).await.dynamodb(), table }).await;
}
