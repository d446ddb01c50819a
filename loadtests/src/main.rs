//! Load scenarios against Tutti, and the same load against other servers.
//!
//! | scenario | what it measures |
//! |---|---|
//! | `idle` | resident memory of the server for each connection that is authenticated, joined and quiet |
//! | `fanout`, `big-room` | CPU for each delivery, time until the last member has heard, nothing missing or twice |
//! | `party` | people who queue, vote, seek, lose their connection and return, every frame checked |
//! | `storm` | many connections lost and returning at once |
//! | `churn` | memory after many connections came and went |
//! | `commands` | acknowledged commands a second, against bare insertions of the same rows |
//! | `start` | time until the program serves |
//! | `queue` | one more track in a room where thousands wait |
//!
//! `bench` runs all of them against all servers in rounds and writes the results; `page` makes the page in `docs/` of
//! them. CPU and memory of a server are read from the operating system. Every run is bounded in time and goes to
//! loopback only. How a server is extrapolated to machines that are not here is not in this program.
#![expect(clippy::cast_precision_loss, reason = "counts of what one machine does are far from 2^53")]

mod child;
mod churn;
mod clock;
mod commands;
mod dialect;
mod fanout;
mod figures;
mod idle;
mod page;
mod party;
mod peer;
mod plot;
mod process;
mod queue;
mod report;
mod results;
mod server;
mod start;
mod storm;
mod suite;
mod target;
mod tutti;
mod websocket;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::server::Source;
use crate::suite::{Scenario, Suite};
use crate::target::Target;

/// Load scenarios against Tutti and other servers.
#[derive(Parser)]
struct Arguments {
    /// The server's program.
    #[arg(long, default_value = "target/release/tutti", global = true)]
    server: PathBuf,

    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs one scenario once.
    Run(RunArguments),
    /// Runs all scenarios against all servers.
    Bench(Suite),
    /// Writes the page about the results of a `bench`.
    Page(page::Page),
}

#[derive(Args)]
struct RunArguments {
    /// What is put under load.
    #[arg(long, default_value = "tutti")]
    target: Target,

    /// Where a Tutti runs already, on this machine; its limits are to be lifted, or they are what is measured.
    #[arg(long, requires = "pid")]
    address: Option<SocketAddr>,

    /// Its process, of which CPU and memory are read.
    #[arg(long, requires = "address", conflicts_with = "target")]
    pid: Option<u32>,

    #[command(subcommand)]
    scenario: Scenario,
}

// One thread for all sockets: how busy it is says whether the generator is the limit, and the rest of the machine is the
// server's.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    rustls::crypto::ring::default_provider().install_default().ok();
    tokio::select! {
        done = work(arguments) => done,
        // Servers end with us.
        interrupted = stopped() => interrupted,
    }
}

async fn work(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.task {
        Task::Run(RunArguments { target, address, pid, scenario }) => {
            let source = match address.zip(pid) {
                Some((address, pid)) => Source::Running(address, pid),
                None => Source::Program(&arguments.server),
            };
            let run = scenario.run(target, &source).await?;
            report::say(&run);
            scenario.judge(&run)
        }
        Task::Bench(suite) => suite.run(&arguments.server).await,
        Task::Page(page) => page.write(),
    }
}

/// Resolves at SIGTERM or SIGINT, with an error.
async fn stopped() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    bail!("stopped before the end")
}
