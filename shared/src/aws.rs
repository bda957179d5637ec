//! How the line reaches AWS.

pub mod baseline;
mod clients;
pub mod containment;
mod dynamodb;
mod exceptions;
mod policies;
mod publish;
pub mod serve;
pub mod signed;

pub use clients::{Clients, OnDemand};
pub use dynamodb::{DynamoLedger, table_of_stack};
pub use exceptions::SsmExceptions;
pub use policies::IamPolicies;
pub use publish::{FindingsBus, Topic};

use aws_sdk_dynamodb::types::AttributeValue;

/// `DynamoDB`'s word for a write whose condition does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// A text in an item of the table.
fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// An SDK error with all its causes, each once: by itself it says no more than "service error".
fn because(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !said.ends_with(&words) {
            said.push_str(": ");
            said.push_str(&words);
        }
        cause = error.source();
    }
    said
}
