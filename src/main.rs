//! The `tutti` program: arguments, start, signals, exit code.

use std::convert::Infallible;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tutti::app::Server;
use tutti::config::ServeConfig;
use tutti::{app, telemetry};

mod cli;

/// Of SQLite, too. A connection comes with a hundred allocations of all sizes, and a room is full of small ones that live
/// side by side for hours: with glibc's a fifth of a return was spent on putting those together again.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A self-hosted real-time hub for shared listening rooms.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves rooms until SIGTERM or SIGINT; reads its keys anew on SIGHUP.
    Serve(Box<ServeConfig>),
    /// Brings the schema of a MySQL database up to date, or prints how.
    Migrate(cli::migrate::MigrateArguments),
    /// Copies the SQLite database into a file, while a server runs or not.
    Backup(cli::backup::BackupArguments),
    /// Puts a copy of the SQLite database back, while no server runs.
    Restore(cli::backup::RestoreArguments),
    /// Shows, exchanges and exports the server's keys.
    Keys(cli::keys::KeysArguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(config) => serve(*config),
        Command::Migrate(arguments) => cli::migrate::run(&arguments),
        Command::Backup(arguments) => cli::backup::back_up(&arguments),
        Command::Restore(arguments) => cli::backup::restore(&arguments),
        Command::Keys(arguments) => cli::keys::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn serve(config: ServeConfig) -> anyhow::Result<()> {
    telemetry::init(&config.telemetry)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        // Before the start, which it would end otherwise.
        let hangup = signal(SignalKind::hangup())?;
        let stop = CancellationToken::new();
        let server = app::start(config, stop.clone()).await?;
        stop_on_signal(&server, hangup).await?;
        tracing::info!("stopping");
        stop.cancel();
        server.stopped().await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Resolves at the first SIGTERM or SIGINT.
async fn stop_on_signal(server: &Server, hangup: Signal) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        never = reload_on_signal(server, hangup) => match never {},
    }
}

async fn reload_on_signal(server: &Server, mut hangup: Signal) -> Infallible {
    loop {
        hangup.recv().await;
        server.reload_keys().await;
    }
}

#[expect(clippy::print_stderr, reason = "when the program cannot do it, its user is told where they look")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("tutti: {error:#}");
    ExitCode::FAILURE
}
