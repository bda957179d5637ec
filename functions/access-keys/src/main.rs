use std::process::ExitCode;

use iamwatch::aws::serve;
use iamwatch::watcher::Watcher;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    serve::watch(Watcher::AccessKeys).await
}
