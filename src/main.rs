//! The `tutti` program: arguments, start, exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;
use tutti::config::ServeConfig;
use tutti::{app, telemetry};

/// A self-hosted real-time hub for shared listening rooms.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves rooms until SIGTERM or SIGINT.
    Serve(Box<ServeConfig>),
}

fn main() -> ExitCode {
    let Command::Serve(config) = Arguments::parse().command;
    if let Err(error) = telemetry::init(&config.telemetry) {
        return fail(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(serve(*config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let server = app::start(config, stop.clone()).await?;
    stop_on_signal().await?;
    tracing::info!("stopping");
    stop.cancel();
    server.stopped().await;
    tracing::info!("stopped");
    Ok(())
}

/// Resolves at the first SIGTERM or SIGINT.
async fn stop_on_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "when the program cannot start, its user is told where they look")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("tutti: {error:#}");
    ExitCode::FAILURE
}
