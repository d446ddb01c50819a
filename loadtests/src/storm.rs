//! Many connections are lost and reconnect at once: the time until the last one is up to date.
//!
//! Connections are reset, as when a proxy restarts. All clients reconnect at once, without the jitter of the real
//! client, so this is worse than reality. On Tutti a reconnect is a handshake, a token, a room and a resume; on a peer
//! it is a handshake.

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

/// Concurrent handshakes: fewer than the default backlog of a listening socket.
const AT_ONCE: usize = 1_024;
/// Wait after a refusal.
const RETRY: Duration = Duration::from_millis(100);
/// Attempts of a client before the run fails.
const TRIES_MAX: usize = 20;
/// Rooms that fill at a time before the storm.
const ROOMS_AT_ONCE: usize = 8;

/// Options of `storm`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Storm {
    /// Connections that are lost.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) connections: usize,

    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    pub(crate) members: usize,

    /// Storms.
    #[arg(long, default_value_t = 3)]
    pub(crate) times: usize,
}

/// A client that reconnects.
#[derive(Clone)]
enum ReconnectingClient {
    Member { guest: Guest, room: String, position: Option<Position> },
    Subscriber { address: SocketAddr, target: Target, room: String },
}

struct Connected {
    client: ReconnectingClient,
    connection: Connection,
    resumed: bool,
    tries: usize,
    took_ns: u64,
}

impl ReconnectingClient {
    async fn connect(mut self, began_ns: u64, permits: Arc<Semaphore>) -> anyhow::Result<Connected> {
        let mut tries = 1;
        loop {
            let _permit = permits.acquire().await?;
            match self.try_once().await {
                Ok((connection, resumed)) => {
                    let took_ns = clock::now_ns() - began_ns;
                    return Ok(Connected { client: self, connection, resumed, tries, took_ns });
                }
                Err(error) if tries == TRIES_MAX => return Err(error.context("refused too often")),
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
    /// The name of this shape in tables.
    pub(crate) fn shape(&self) -> String {
        format!("{} back at once", self.connections)
    }

    /// Runs the scenario on a server that was just started.
    pub(crate) async fn run(&self, server: &ServerUnderTest) -> anyhow::Result<Run> {
        let mut connected = connect(self.clients(server).await?).await?.0;
        // The first members have not read the joins of the others: reconnecting once brings all up to date.
        if server.target() == Target::Tutti {
            connected = connect(reset_all(connected)?).await?.0;
        }
        let (mut seconds, mut cpu_seconds, mut resumed) = (vec![], vec![], vec![]);
        let (mut refused, mut refused_twice) = (0, 0);
        let mut latencies = Latencies::default();
        for _ in 0..self.times {
            let cpu_before = server.processes().cpu_seconds()?;
            let took_seconds;
            (connected, took_seconds) = connect(reset_all(connected)?).await?;
            seconds.push(took_seconds);
            cpu_seconds.push(server.processes().cpu_seconds()? - cpu_before);
            resumed.push(connected.iter().filter(|arrival| arrival.resumed).count() as f64 / connected.len() as f64);
            for arrival in &connected {
                latencies.record(arrival.took_ns);
            }
            refused += connected.iter().filter(|arrival| arrival.tries > 1).count();
            refused_twice += connected.iter().filter(|arrival| arrival.tries > 2).count();
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

    async fn clients(&self, server: &ServerUnderTest) -> anyhow::Result<Vec<ReconnectingClient>> {
        let (address, target) = (server.address(), server.target());
        if target != Target::Tutti {
            let subscriber = |number| ReconnectingClient::Subscriber {
                address,
                target,
                room: format!("r{}", number / self.members),
            };
            return Ok((0..self.connections).map(subscriber).collect());
        }
        let http = &reqwest::Client::new();
        let rooms = futures_util::stream::iter(0..self.connections.div_ceil(self.members)).map(|room| async move {
            let host = Guest::log_in(http, address, &format!("Host {room}")).await?;
            let code = host.open_room().await?;
            let mut clients = vec![ReconnectingClient::Member { guest: host, room: code.clone(), position: None }];
            for number in 1..self.members.min(self.connections - room * self.members) {
                let guest = Guest::log_in(http, address, &format!("Guest {number}")).await?;
                clients.push(ReconnectingClient::Member { guest, room: code.clone(), position: None });
            }
            anyhow::Ok(clients)
        });
        rooms.buffer_unordered(ROOMS_AT_ONCE).try_concat().await.context("the rooms cannot be filled")
    }
}

fn reset_all(connected: Vec<Connected>) -> anyhow::Result<Vec<ReconnectingClient>> {
    connected.into_iter().map(|arrival| arrival.connection.reset().map(|()| arrival.client)).collect()
}

/// Connects all clients at once; returns the seconds until the last one was connected.
async fn connect(clients: Vec<ReconnectingClient>) -> anyhow::Result<(Vec<Connected>, f64)> {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let began_ns = clock::now_ns();
    let mut connecting: JoinSet<_> =
        clients.into_iter().map(|client| client.connect(began_ns, permits.clone())).collect();
    let mut connected = Vec::with_capacity(connecting.len());
    while let Some(arrival) = connecting.join_next().await {
        connected.push(arrival??);
    }
    Ok((connected, clock::seconds_since(began_ns)))
}
