//! `tutti rescan`: asks the running server to scan its library.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tutti::config::StorageConfig;
use tutti::providers::library::request_path;

use super::print;

/// How long the server has to take the request; it looks every second.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
/// How often that is checked.
const POLL: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(crate) struct RescanArguments {
    #[command(flatten)]
    storage: StorageConfig,
}

/// Creates the request, and waits until the server removes it.
pub(crate) fn run(arguments: &RescanArguments) -> anyhow::Result<()> {
    let request = request_path(&arguments.storage.data_dir);
    std::fs::write(&request, b"").with_context(|| format!("cannot create {}", request.display()))?;
    for _ in 0..TAKEN_WITHIN.as_millis() / POLL.as_millis() {
        std::thread::sleep(POLL);
        if !request.exists() {
            return print("The server scans its library.\n");
        }
    }
    print("No running server has taken the request; it is done when a server starts.\n")
}
