//! The `tutti` program: arguments, start, signals, exit code.

use std::convert::Infallible;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use secrecy::ExposeSecret as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tutti::app::Server;
use tutti::config::{PublicUrl, ServeConfig, variables};
use tutti::{app, lan, private_files, telemetry};

mod cli;

/// Used by SQLite, too. Opening a connection makes a hundred allocations of all sizes, and a room holds many small ones
/// for hours. With glibc's allocator a fifth of the time of a reconnect was spent on merging free chunks.
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
    /// Serves rooms until SIGTERM or SIGINT; reloads its keys and its certificate on SIGHUP.
    Serve(Box<ServeConfig>),
    /// Asks the running server whether it is ready: prints one line, and fails if it is not.
    Health(cli::health::HealthArguments),
    /// Migrates the schema of a MySQL database, or prints the statements.
    Migrate(cli::migrate::MigrateArguments),
    /// Lists the servers that use a MySQL database, and how many rooms each of them owns.
    Nodes(cli::nodes::NodesArguments),
    /// Backs the SQLite database up into a file, while a server runs or not.
    Backup(cli::backup::BackupArguments),
    /// Restores a backup of the SQLite database, while no server runs.
    Restore(cli::backup::RestoreArguments),
    /// Copies the database from SQLite to MySQL or back, while no server runs, and compares both.
    Copy(cli::copy::CopyArguments),
    /// Makes the running server scan its library, and forget files that are missing.
    Rescan(cli::rescan::RescanArguments),
    /// Says who is an operator, shows what operators did, and resets passwords.
    Operator(cli::operator::OperatorArguments),
    /// Lists, rotates and exports the server's keys.
    Keys(cli::keys::KeysArguments),
}

impl Arguments {
    /// Reads the arguments and the environment. Ends the process with usage or help where the arguments ask for that.
    fn read() -> anyhow::Result<Self> {
        let command = Self::command();
        let set = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        variables::check(&command, set)?;
        let matches = variables::without_empty(command.clone()).try_get_matches();
        let arguments = matches.and_then(|mut matches| Self::from_arg_matches_mut(&mut matches));
        arguments.map_err(|error| variables::explain(error, &command).exit())
    }
}

fn main() -> ExitCode {
    private_files::restrict_new_files();
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => return fail(&error),
    };
    let done = match arguments.command {
        Command::Serve(config) => serve(*config),
        Command::Health(arguments) => cli::health::run(&arguments),
        Command::Migrate(arguments) => cli::migrate::run(&arguments),
        Command::Nodes(arguments) => cli::nodes::run(&arguments),
        Command::Backup(arguments) => cli::backup::back_up(&arguments),
        Command::Restore(arguments) => cli::backup::restore(&arguments),
        Command::Copy(arguments) => cli::copy::run(&arguments),
        Command::Rescan(arguments) => cli::rescan::run(&arguments),
        Command::Operator(arguments) => cli::operator::run(&arguments),
        Command::Keys(arguments) => cli::keys::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn serve(config: ServeConfig) -> anyhow::Result<()> {
    telemetry::init(&config.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run(config));
    // A thread that reads from a file system that hangs is left behind.
    runtime.shutdown_background();
    done
}

async fn run(config: ServeConfig) -> anyhow::Result<()> {
    // Registered before the start: a signal without a handler ends the process at once.
    let hangup = signal(SignalKind::hangup())?;
    let mut stop_signals = StopSignals::register()?;
    let stop = CancellationToken::new();
    let (scheme, public_url) = (config.listen.scheme(), config.listen.public_url.clone());
    let server = tokio::select! {
        server = app::start(config, stop.clone()) => server?,
        () = stop_signals.received() => {
            tracing::info!("stopped during the start");
            return Ok(());
        }
    };
    announce(scheme, server.address(), public_url.as_ref());
    announce_claim(&server, scheme, public_url.as_ref()).await;
    let was_replaced = tokio::select! {
        () = stop_signals.received() => false,
        () = server.replaced() => true,
        never = reload_on_signal(&server, hangup) => match never {},
    };
    tracing::info!("stopping");
    stop.cancel();
    server.stopped().await;
    tracing::info!("stopped");
    anyhow::ensure!(!was_replaced, "another server has replaced this one on the database");
    Ok(())
}

/// Says how phones reach the server, in a terminal with a code to scan.
#[expect(clippy::print_stderr, reason = "a picture in a terminal is no log line")]
fn announce(scheme: &str, address: SocketAddr, public_url: Option<&PublicUrl>) {
    let urls = public_url.map_or_else(|| lan::urls(scheme, address), |url| vec![url.to_string()]);
    let Some(url) = urls.first() else {
        let port = address.port();
        tracing::info!("only this machine reaches it; --listen 0.0.0.0:{port} lets phones in");
        return;
    };
    tracing::info!("phones reach it at {}", urls.join(" or "));
    if std::io::stderr().is_terminal()
        && let Ok(code) = QrCode::new(url)
    {
        let picture = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        eprintln!("\n{picture}\n");
    }
}

/// Says how the first operator gets the role. The link is shown in a terminal only: its secret must not be in a log.
#[expect(clippy::print_stderr, reason = "a secret must not be in a log")]
async fn announce_claim(server: &Server, scheme: &str, public_url: Option<&PublicUrl>) {
    let Some(token) = server.operator_claim().await else { return };
    if !std::io::stderr().is_terminal() {
        tracing::info!("there is no operator; `tutti operator add <user name>` makes an account one");
        return;
    }
    let address = server.address();
    let url = public_url.map(ToString::to_string);
    let url = url.or_else(|| lan::urls(scheme, address).into_iter().next());
    let url = url.unwrap_or_else(|| format!("{scheme}://{address}"));
    eprintln!(
        "There is no operator yet. To become it, open this link within an hour; it works once:\n\n    \
         {url}/operator#{}\n",
        token.expose_secret()
    );
}

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn register() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn reload_on_signal(server: &Server, mut hangup: Signal) -> Infallible {
    loop {
        hangup.recv().await;
        server.reload_keys().await;
        server.reload_certificate().await;
    }
}

#[expect(clippy::print_stderr, reason = "errors of a command go to standard error")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("tutti: {error:#}");
    ExitCode::FAILURE
}
