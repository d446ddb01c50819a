//! The `tutti-spotify-stand-in` program: arguments, start, and the line that says where it is.

use std::io::Write as _;
use std::net::SocketAddr;

use clap::Parser;
use tutti_spotify_stand_in::{App, StandIn};

/// A stand-in for Spotify's accounts service and Web API, on this machine only.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen: a loopback address; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4100")]
    listen: SocketAddr,

    /// Where people may be sent back to; can be repeated. Without any: http://127.0.0.1:<port>/api/v1/auth/spotify/callback
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
    // Whoever started this waits for the line, and reads it from a pipe.
    writeln!(std::io::stdout(), "{}", stand_in.url())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stand_in.stop().await;
    Ok(())
}
