//! Load scenarios against a Tutti server that is started for the purpose.
//!
//! | scenario | what it measures |
//! |---|---|
//! | `idle` | resident memory of the server for each connection that is authenticated, joined and quiet |
//!
//! Every run is bounded in time and goes to loopback only.

mod idle;
mod member;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Load scenarios against a Tutti server.
#[derive(Parser)]
struct Arguments {
    /// The server's program.
    #[arg(long, default_value = "target/release/tutti")]
    server: PathBuf,

    /// A run that takes longer has failed.
    #[arg(long, default_value_t = 300)]
    timeout_seconds: u64,

    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// Many members who do nothing.
    Idle(idle::Idle),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    rustls::crypto::ring::default_provider().install_default().ok();
    let Scenario::Idle(idle) = &arguments.scenario;
    tokio::time::timeout(Duration::from_secs(arguments.timeout_seconds), idle.run(&arguments.server))
        .await
        .context("the run took too long")?
}
