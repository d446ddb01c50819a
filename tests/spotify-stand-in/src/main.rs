//! The `tutti-spotify-stand-in` program: parses arguments, starts, and prints its URL.

use std::io::Write as _;
use std::net::SocketAddr;

use clap::Parser;
use tutti_spotify_stand_in::{App, StandIn};

/// A stand-in for Spotify's accounts service and Web API, on this machine only.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Loopback address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:4100")]
    listen: SocketAddr,

    /// Allowed redirect URI; can be repeated. Default: http://127.0.0.1:<port>/api/v1/auth/spotify/callback
    #[arg(long = "redirect-uri")]
    redirect_uris: Vec<String>,

    /// The app's id.
    #[arg(long, default_value_t = App::default().client_id)]
    client_id: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let Arguments { listen, redirect_uris, client_id } = Arguments::parse();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stand_in = StandIn::start_for(App { client_id, redirect_uris, ..App::default() }, listen).await?;
    // The parent process waits for this line on a pipe.
    writeln!(std::io::stdout(), "{}", stand_in.url())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stand_in.stop().await;
    Ok(())
}
