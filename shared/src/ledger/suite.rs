//! What every ledger must hold, run against the one in memory and the one in `DynamoDB`.
