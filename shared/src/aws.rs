//! How the line reaches AWS.

mod clients;
pub mod containment;
mod dynamodb;
mod publish;
pub mod serve;

pub use clients::Clients;
pub use dynamodb::DynamoLedger;
pub use publish::{FindingsBus, Topic};

use aws_smithy_types::error::display::DisplayErrorContext;

/// An SDK error with all its causes: by itself it says no more than "service error".
fn because(error: &(dyn std::error::Error + 'static)) -> String {
    DisplayErrorContext(error).to_string()
}
