//! Load scenarios against Tutti, and the same load against other servers.
//!
//! | scenario | what it measures |
//! |---|---|
//! | `idle` | resident memory of the server per connection that is authenticated, joined and idle |
//! | `fanout`, `big-room` | CPU per delivery, latency to the last member, missing and repeated deliveries |
//! | `party` | members who queue, vote, seek, lose their connection and reconnect, with every frame checked |
//! | `storm` | many connections that are lost and reconnect at once |
//! | `churn` | memory after many connections were opened and closed |
//! | `commands` | acknowledged commands per second, compared with bare insertions of the same rows |
//! | `start` | time until the program serves |
//! | `queue` | adding a track to a queue of thousands |
//! | `nodes` | what rooms cost that several servers share |
//!
//! `bench` runs all of them against all servers in rounds and writes the results; `page` turns them into the page in
//! `docs/`. `preparation` measures what tracks cost before and while they are served, beside `ffmpeg`.
//!
//! CPU and memory of a server are read from the operating system. Every run is limited in time and uses
//! loopback only.
#![expect(clippy::cast_precision_loss, reason = "counts on one machine are far from 2^53")]

mod child;
mod churn;
mod clock;
mod commands;
mod dialect;
mod fanout;
mod figures;
mod idle;
mod nodes;
mod page;
mod party;
mod peer;
mod placed;
mod plot;
mod preparation;
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
    /// Path of the Tutti server.
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
    /// Writes a page about the results of `bench`.
    Page(page::Page),
    /// Measures what preparing tracks costs, and what devices wait for their segments.
    Preparation(preparation::Preparation),
}

#[derive(Args)]
struct RunArguments {
    /// The server to put under load.
    #[arg(long, default_value = "tutti")]
    target: Target,

    /// Address of a Tutti that runs already on this machine. Its limits must be raised, or they are measured.
    #[arg(long, requires = "pid")]
    address: Option<SocketAddr>,

    /// Process id of that server, to read its CPU time and memory.
    #[arg(long, requires = "address", conflicts_with = "target")]
    pid: Option<u32>,

    #[command(subcommand)]
    scenario: Scenario,
}

// One thread for all sockets: its CPU time shows whether the generator is the limit, and the other cores are the
// server's.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    rustls::crypto::ring::default_provider().install_default().ok();
    tokio::select! {
        done = work(arguments) => done,
        // Dropping the work kills the servers.
        interrupted = interrupted() => interrupted,
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
            report::print_run(&run);
            scenario.check_bounds(&run)
        }
        Task::Bench(suite) => suite.run(&arguments.server).await,
        Task::Page(page) => page.write(),
        Task::Preparation(preparation) => preparation.run(&arguments.server).await,
    }
}

/// Returns an error on SIGTERM or SIGINT.
async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    bail!("interrupted")
}
