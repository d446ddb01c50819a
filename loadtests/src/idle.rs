//! What a quiet member costs: the growth of the server's resident memory over a warmed-up server, by connection.
//!
//! The first members warm it up (thread stacks, allocator arenas, caches) and are not counted. Every connection is
//! authenticated as a guest of its own, has joined a room, and is shown to be alive by a heartbeat before the second
//! look at the memory.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use futures_util::StreamExt as _;
use futures_util::stream::{self, TryStreamExt as _};

use crate::member::{Guest, Member};
use crate::server::Server;

/// Handshakes at a time.
const AT_ONCE: usize = 16;

#[derive(Args)]
pub(crate) struct Idle {
    /// Connections that are counted.
    #[arg(long, default_value_t = 5_000)]
    connections: usize,

    /// Connections that warm the server up first.
    #[arg(long, default_value_t = 500)]
    warm_up: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    members: usize,

    /// Fails when a connection costs more than so many KiB.
    #[arg(long)]
    kib_max: Option<f64>,
}

impl Idle {
    #[expect(clippy::print_stdout, reason = "the report is what the program is for")]
    #[expect(clippy::cast_precision_loss, reason = "KiB of one machine")]
    pub(crate) async fn run(&self, program: &Path) -> anyhow::Result<()> {
        let server = Server::start(program).await?;
        let http = reqwest::Client::new();
        let mut kept = self.join(&server, &http, self.warm_up).await.context("warm-up")?;
        beat(&mut kept).await?;
        let before_kib = server.resident_kib()?;

        let mut counted = self.join(&server, &http, self.connections).await?;
        beat(&mut counted).await?;
        let after_kib = server.resident_kib()?;

        let each_kib = after_kib.saturating_sub(before_kib) as f64 / counted.len() as f64;
        println!("resident before {before_kib} KiB, after {after_kib} KiB, with {} more connections", counted.len());
        println!("{each_kib:.2} KiB for each joined, idle connection");
        match self.kib_max {
            Some(max) if each_kib > max => anyhow::bail!("that is more than {max} KiB"),
            _ => Ok(()),
        }
    }

    async fn join(&self, server: &Server, http: &reqwest::Client, count: usize) -> anyhow::Result<Vec<Member>> {
        let rooms = stream::iter(0..count.div_ceil(self.members))
            .map(|room| async move {
                let host = Guest::new(http, &server.address, &format!("Host {room}")).await?;
                let code = host.open_room(http).await?;
                let mut members = vec![host.enter(&code).await?];
                for number in 1..self.members.min(count - room * self.members) {
                    let guest = Guest::new(http, &server.address, &format!("Guest {number}")).await?;
                    members.push(guest.enter(&code).await?);
                }
                anyhow::Ok(members)
            })
            .buffer_unordered(AT_ONCE);
        rooms.try_concat().await
    }
}

/// Waits until every one of them has heard a heartbeat.
async fn beat(members: &mut [Member]) -> anyhow::Result<()> {
    let beats = members.iter_mut().map(Member::heartbeat);
    futures_util::future::try_join_all(beats).await?;
    Ok(())
}
