//! A Lambda that does nothing: what any function needs to start.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: LambdaEvent<serde_json::Value>| Ok::<(), Error>(()))).await
}
