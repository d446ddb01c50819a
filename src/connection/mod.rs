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

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::{CloseCode, RoomCode, RoomId, UserId};

use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::identity::Identity;
use crate::limiter::{Limiter, NetworkCounts, NetworkLimiter, NetworkShare, Rate};
use crate::limits::{
    CHAT_BURST_SECONDS, CHAT_PER_SECOND, CONNECTION_BURST_SECONDS, REFUSALS_BURST_SECONDS, REFUSALS_PER_SECOND,
    SIGNALS_PER_SECOND,
};
use crate::providers::Catalogue;
use crate::room::Registry;
use crate::telemetry::Throttle;
use crate::telemetry::metrics::Metrics;
use crate::transport::listener::Permit;
use crate::transport::{ClientSocket, Outbox, Socket};

pub use hello::codec_config;
pub use hub::Hub;

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
    /// Open sockets, by network.
    pub sockets: Arc<NetworkCounts>,
    /// Bounds the log lines about refused connections.
    pub refusals: Throttle,
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
    /// WebSockets opened.
    pub joins: NetworkLimiter,
    /// Unknown room codes, by network.
    pub guesses: NetworkLimiter,
    /// Unknown room codes of one user behind a network that has used up its own.
    pub guesses_of_user: Limiter<UserId>,
    /// Wrong passcodes, by room and address.
    pub passcodes: Limiter<(RoomId, IpAddr)>,
    /// Wrong passcodes, by room over all addresses.
    pub passcodes_of_room: Limiter<RoomId>,
    /// Commands of one user on all connections.
    pub commands: Limiter<UserId>,
    /// Chat messages and reactions of one user.
    pub chat: Limiter<UserId>,
    /// Refused commands of one connection.
    pub refusals: Rate,
    /// All other frames of one connection.
    pub signals: Rate,
}

impl ConnectionLimits {
    /// The configured limits.
    pub fn new(config: &LimitsConfig, clock: Clock) -> Self {
        Self {
            joins: NetworkLimiter::per_minute(config.limit_joins, clock),
            guesses: NetworkLimiter::per_minute(config.limit_guesses, clock),
            guesses_of_user: Limiter::per_minute(GUESSES_OF_USER, clock),
            passcodes: Limiter::per_minute(config.limit_guesses, clock),
            passcodes_of_room: Limiter::per_minute(config.limit_guesses_per_room, clock),
            commands: Limiter::new(Rate::per_second(config.limit_commands_per_second, CONNECTION_BURST_SECONDS), clock),
            chat: Limiter::new(Rate::per_second(CHAT_PER_SECOND, CHAT_BURST_SECONDS), clock),
            refusals: Rate::per_second(REFUSALS_PER_SECOND, REFUSALS_BURST_SECONDS),
            signals: Rate::per_second(SIGNALS_PER_SECOND, CONNECTION_BURST_SECONDS),
        }
    }

    /// Whether another room code may be tried: by the network, or else by the user.
    pub fn may_guess(&self, user: Option<UserId>, address: IpAddr) -> bool {
        self.guesses.peek(address).is_ok() || user.is_some_and(|user| self.guesses_of_user.peek(&user).is_ok())
    }

    /// Counts an unknown room code.
    pub fn guessed_wrong(&self, user: Option<UserId>, address: IpAddr) {
        if self.guesses.check(address).is_err()
            && let Some(user) = user
        {
            let _ = self.guesses_of_user.check(&user);
        }
    }
}

/// Unknown room codes a minute that a user may try after the network has used up its limit, so that an attacker's guesses
/// do not lock out guests with the right code.
const GUESSES_OF_USER: u32 = 2;

/// What an open socket holds until it is closed: its share of the caps per network and of the whole server.
type SocketGuards = (NetworkShare, Option<Permit>);

/// Runs a connection: waits for `hello`, admits the member, and hands the socket to a task that serves it. Admission needs
/// much more memory than serving; its future is freed when the new task starts.
pub async fn run(
    context: Arc<ConnectionContext>,
    socket: ClientSocket,
    already_read: Vec<u8>,
    share: NetworkShare,
    permit: Option<Permit>,
) {
    let (read, write) = socket.into_split();
    let outbox = Arc::new(Outbox::new(write));
    let socket = Socket::new(read, outbox.clone(), already_read.len());

    let (hello, socket) = hello::receive(&context, socket, already_read).await;
    let address = share.address();
    let mut room = None;
    let admitted = match hello {
        Ok(hello) => {
            room = RoomCode::parse(&hello.room);
            admission::admit(&context, hello, &outbox, address).await
        }
        Err(code) => Err(code),
    };
    match admitted {
        Ok(connection) => drop(context.tasks.spawn(connection.serve(socket, (share, permit)))),
        Err(code) => {
            log_refusal(&context, code, address, room);
            context.metrics.close(Some(code));
            outbox.close(code);
            serve::finish_closing(socket, &outbox).await;
        }
    }
}

/// Closes a socket with a code instead of waiting for `hello`. Browsers hide the status of a refused handshake from pages,
/// but not the code.
pub async fn refuse(
    context: &ConnectionContext,
    socket: ClientSocket,
    already_read: Vec<u8>,
    address: IpAddr,
    code: CloseCode,
) {
    log_refusal(context, code, address, None);
    context.metrics.close(Some(code));
    let (read, write) = socket.into_split();
    let outbox = Arc::new(Outbox::new(write));
    let socket = Socket::new(read, outbox.clone(), already_read.len());
    let socket = hello::codec(socket, already_read).await;
    outbox.close(code);
    serve::finish_closing(socket, &outbox).await;
}

/// Answers "why could my guest not join". Clients cause these lines, so they are throttled; what every client meets in the
/// course of a day is left out.
fn log_refusal(context: &ConnectionContext, code: CloseCode, address: IpAddr, room: Option<RoomCode>) {
    if matches!(code, CloseCode::GoingAway | CloseCode::TokenExpired | CloseCode::Waiting) {
        return;
    }
    context.refusals.log(|suppressed| {
        let room = room.map(tracing::field::display);
        tracing::info!(code = code.code(), reason = code.reason(), %address, room, suppressed, "connection refused");
    });
}
