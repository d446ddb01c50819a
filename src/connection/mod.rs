//! One WebSocket connection, from its first frame to its close.
//!
//! | module | what |
//! |---|---|
//! | `hello` | waits for the first frame |
//! | `admission` | decides whether the connection joins its room: token, limits, passcode |
//! | `serve` | serves an admitted connection: frames in both directions, then the close |
//! | `lookups` | looks up the tracks that a command names, beside the read loop |
//! | `status` | bounds what devices report |
//! | `hub` | all connections: caps, ended sessions, draining |
//!
//! A connection knows its room only by the [`RoomHandle`](crate::room::RoomHandle) and makes none of the room's decisions.
//! A slow socket delays no other connection.

mod admission;
mod hello;
mod hub;
mod lookups;
mod serve;
mod status;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::RoomId;

use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::identity::Identity;
use crate::limiter::{Limiter, Rate};
use crate::limits::{CONNECTION_BURST_SECONDS, SIGNALS_PER_SECOND};
use crate::providers::Catalogue;
use crate::room::Registry;
use crate::telemetry::metrics::Metrics;
use crate::transport::listener::Permit;
use crate::transport::{Outbox, Socket};

pub use hello::codec_config;
pub use hub::{AddressGuard, Hub};

/// The parts of the server that connections use.
#[derive(Debug)]
pub struct ConnectionContext {
    /// Verifies access tokens and passcodes.
    pub identity: Identity,
    /// Opens rooms.
    pub rooms: Registry,
    /// The configured providers, which look up tracks.
    pub catalogue: Catalogue,
    /// All connections.
    pub hub: Arc<Hub>,
    /// The server's clock.
    pub clock: Clock,
    /// Counts joins and commands.
    pub metrics: Metrics,
    /// Connections per user and per address.
    pub config: LimitsConfig,
    /// Rate limits.
    pub limits: ConnectionLimits,
    /// One permit per admission in progress. Without a free permit an admission fails and the client retries later.
    pub admissions: Semaphore,
    /// Runs the connections; shutdown waits for it.
    pub tasks: TaskTracker,
    /// Cancelled when the server stops admitting connections.
    pub draining: CancellationToken,
}

/// Rate limits of connections.
#[derive(Debug)]
pub struct ConnectionLimits {
    /// WebSockets opened, by address.
    pub joins: Limiter<IpAddr>,
    /// Unknown room codes, by address.
    pub guesses: Limiter<IpAddr>,
    /// Wrong passcodes, by room and address.
    pub passcodes: Limiter<(RoomId, IpAddr)>,
    /// Wrong passcodes, by room over all addresses.
    pub passcodes_of_room: Limiter<RoomId>,
    /// Commands of one connection.
    pub commands: Rate,
    /// All other frames of one connection.
    pub signals: Rate,
}

impl ConnectionLimits {
    /// The configured limits.
    pub fn new(config: &LimitsConfig, clock: Clock) -> Self {
        Self {
            joins: Limiter::per_minute(config.limit_joins, clock),
            guesses: Limiter::per_minute(config.limit_guesses, clock),
            passcodes: Limiter::per_minute(config.limit_guesses, clock),
            passcodes_of_room: Limiter::per_minute(config.limit_guesses_per_room, clock),
            commands: Rate::per_second(config.limit_commands_per_second, CONNECTION_BURST_SECONDS),
            signals: Rate::per_second(SIGNALS_PER_SECOND, CONNECTION_BURST_SECONDS),
        }
    }
}

/// What an open socket holds until it is closed: its share of the caps per address and of the whole server.
type SocketGuards = (AddressGuard, Option<Permit>);

/// Runs a connection: waits for `hello`, admits the member, and hands the socket to a task that serves it. Admission needs
/// much more memory than serving; its future is freed when the new task starts.
pub async fn run(
    context: Arc<ConnectionContext>,
    stream: TcpStream,
    already_read: Vec<u8>,
    address: AddressGuard,
    permit: Option<Permit>,
) {
    let (read, write) = stream.into_split();
    let outbox = Arc::new(Outbox::new(write));
    let socket = Socket::new(read, outbox.clone(), already_read.len());

    let (hello, socket) = hello::receive(&context, socket, already_read).await;
    let admitted = match hello {
        Ok(hello) => admission::admit(&context, hello, &outbox, address.address()).await,
        Err(code) => Err(code),
    };
    match admitted {
        Ok(connection) => drop(context.tasks.spawn(connection.serve(socket, (address, permit)))),
        Err(code) => {
            outbox.close(code);
            serve::finish_closing(socket, &outbox).await;
        }
    }
}
