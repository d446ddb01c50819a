//! Many connections lost at once, and all of them back at once: how long until the last one knows the room again.
//!
//! Connections end without a word, as when a proxy restarts. Everybody returns immediately, without the spread that our
//! client has, so this is worse than it gets. At Tutti a return is a handshake, a token, a room and a resume from a
//! position; at a peer it is a handshake.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tutti_protocol::Position;

use crate::clock;
use crate::figures::{Figures, Latencies, Run, Spread};
use crate::peer::join;
use crate::server::ServerUnderTest;
use crate::target::Target;
use crate::tutti::{Guest, enter};
use crate::websocket::Connection;

/// Handshakes under way at a time: fewer than a listening socket keeps waiting by default.
const AT_ONCE: usize = 1_024;
/// After a refusal.
const RETRY: Duration = Duration::from_millis(100);
/// Then somebody is given up, and the run with them.
const TRIES_MAX: usize = 20;
/// Rooms that fill at a time before the storm.
const ROOMS_AT_ONCE: usize = 8;

/// How many.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Storm {
    /// Connections that are lost.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) connections: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// How many times.
    #[arg(long, default_value_t = 3)]
    pub(crate) times: usize,
}

/// Somebody who comes and comes back.
#[derive(Clone)]
enum Comer {
    Member { guest: Guest, room: String, position: Option<Position> },
    Subscriber { address: SocketAddr, target: Target, room: String },
}

struct Arrived {
    comer: Comer,
    connection: Connection,
    resumed: bool,
    tries: usize,
    took_ns: u64,
}

impl Comer {
    async fn come(mut self, began_ns: u64, turnstile: Arc<Semaphore>) -> anyhow::Result<Arrived> {
        let mut tries = 1;
        loop {
            let _turn = turnstile.acquire().await?;
            match self.try_once().await {
                Ok((connection, resumed)) => {
                    let took_ns = clock::now_ns() - began_ns;
                    return Ok(Arrived { comer: self, connection, resumed, tries, took_ns });
                }
                Err(error) if tries == TRIES_MAX => return Err(error.context("refused again and again")),
                Err(_) => {
                    tries += 1;
                    clock::pass(RETRY).await;
                }
            }
        }
    }

    async fn try_once(&mut self) -> anyhow::Result<(Connection, bool)> {
        match self {
            Self::Member { guest, room, position } => {
                let member = enter(guest, room, *position).await?;
                *position = Some(member.position);
                Ok((member.connection, member.resumed))
            }
            Self::Subscriber { address, target, room } => Ok((join(*address, *target, room).await?, false)),
        }
    }
}

impl Storm {
    /// The name of this shape.
    pub(crate) fn shape(&self) -> String {
        format!("{} back at once", self.connections)
    }

    /// Runs it against a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let mut inside = come(self.comers(server).await?).await?.0;
        // Whoever was in first has not seen the others come: all know the room as it is when the storm breaks.
        if server.target() == Target::Tutti {
            inside = come(lose(inside)?).await?.0;
        }
        let (mut seconds, mut cpu_seconds, mut resumed) = (vec![], vec![], vec![]);
        let (mut refused, mut refused_twice) = (0, 0);
        let mut latencies = Latencies::default();
        for _ in 0..self.times {
            let cpu_before = server.process().cpu_seconds()?;
            let took_seconds;
            (inside, took_seconds) = come(lose(inside)?).await?;
            seconds.push(took_seconds);
            cpu_seconds.push(server.process().cpu_seconds()? - cpu_before);
            resumed.push(inside.iter().filter(|back| back.resumed).count() as f64 / inside.len() as f64);
            for back in &inside {
                latencies.record(back.took_ns);
            }
            refused += inside.iter().filter(|back| back.tries > 1).count();
            refused_twice += inside.iter().filter(|back| back.tries > 2).count();
        }
        let mut figures = Figures::default();
        let median = |values: Vec<f64>| Spread::of(values).map_or(f64::NAN, |spread| spread.median);
        let resumed_share = median(resumed);
        figures.set("all_back_seconds", median(seconds));
        figures.set("cpu_per_return_us", median(cpu_seconds) / self.connections as f64 * 1e6);
        figures.set("refused", refused as f64);
        figures.set("refused_twice", refused_twice as f64);
        figures.set_latencies("back", &latencies);
        let mut doubts = vec![];
        if server.target() == Target::Tutti {
            figures.set("resumed_share", resumed_share);
            if resumed_share < 1.0 {
                doubts.push(format!("{:.1} % got a snapshot instead of a resume", (1.0 - resumed_share) * 100.0));
            }
        }
        Ok(Run::new(self.shape(), server.target(), figures, doubts))
    }

    async fn comers(&self, server: &ServerUnderTest) -> anyhow::Result<Vec<Comer>> {
        let (address, target) = (server.address(), server.target());
        if target != Target::Tutti {
            let subscriber =
                |number| Comer::Subscriber { address, target, room: format!("r{}", number / self.members) };
            return Ok((0..self.connections).map(subscriber).collect());
        }
        let http = &reqwest::Client::new();
        let rooms = futures_util::stream::iter(0..self.connections.div_ceil(self.members)).map(|room| async move {
            let host = Guest::log_in(http, address, &format!("Host {room}")).await?;
            let code = host.open_room().await?;
            let mut comers = vec![Comer::Member { guest: host, room: code.clone(), position: None }];
            for number in 1..self.members.min(self.connections - room * self.members) {
                let guest = Guest::log_in(http, address, &format!("Guest {number}")).await?;
                comers.push(Comer::Member { guest, room: code.clone(), position: None });
            }
            anyhow::Ok(comers)
        });
        rooms.buffer_unordered(ROOMS_AT_ONCE).try_concat().await.context("nobody comes")
    }
}

fn lose(inside: Vec<Arrived>) -> anyhow::Result<Vec<Comer>> {
    inside.into_iter().map(|back| back.connection.lose().map(|()| back.comer)).collect()
}

/// Lets all of them come at once; what it took until the last one was in.
async fn come(comers: Vec<Comer>) -> anyhow::Result<(Vec<Arrived>, f64)> {
    let turnstile = Arc::new(Semaphore::new(AT_ONCE));
    let began_ns = clock::now_ns();
    let mut coming: JoinSet<_> = comers.into_iter().map(|comer| comer.come(began_ns, turnstile.clone())).collect();
    let mut inside = Vec::with_capacity(coming.len());
    while let Some(back) = coming.join_next().await {
        inside.push(back??);
    }
    Ok((inside, clock::seconds_since(began_ns)))
}
