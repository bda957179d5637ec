use std::process::ExitCode;

use iamwatch::aws::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    serve::watch_denied().await
}
