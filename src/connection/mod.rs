//! One socket's life after the handshake: `hello`, the frames both ways, the close.
//!
//! | module | what |
//! |---|---|
//! | `session` | from `hello` to the close: authenticates, decodes, hands commands to the room |
//! | `hub` | all connections: caps, ended sessions, the drain |
//! | `report` | what devices say of themselves, held to what can be |
//! | `turnstile` | how often passcodes are tried |
//!
//! A connection knows its room by the handle only. It decides nothing about the room, and nobody waits for its socket.

mod bucket;
mod hub;
mod report;
mod session;
mod turnstile;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_protocol::RoomId;

use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::identity::Identity;
use crate::limiter::Limiter;
use crate::providers::Music;
use crate::providers::spotify::Spotify;
use crate::room::Registry;
use crate::telemetry::metrics::Metrics;

pub use hub::{AddressPlace, Hub};
pub use session::{codec_config, run};
pub use turnstile::Turnstile;

/// What connections use of the server.
#[derive(Debug)]
pub struct Sockets {
    /// Who they are.
    pub identity: Identity,
    /// Where they go.
    pub rooms: Registry,
    /// What they play.
    pub music: Music,
    /// The way to Spotify, where it is set up.
    pub spotify: Option<Spotify>,
    /// All of them.
    pub hub: Arc<Hub>,
    /// The server's clock.
    pub clock: Clock,
    /// What is counted of them.
    pub metrics: Metrics,
    /// How much they may do.
    pub config: LimitsConfig,
    /// How often they may come.
    pub limits: DoorLimits,
    /// Taken while somebody is on their way in. When there is none left nobody waits for one: they come back.
    pub admissions: Semaphore,
    /// What waits for them at shutdown.
    pub tasks: TaskTracker,
    /// Cancelled when nobody new is let in.
    pub draining: CancellationToken,
}

/// How often anybody may knock.
#[derive(Debug)]
pub struct DoorLimits {
    /// WebSockets opened, by address.
    pub joins: Limiter<IpAddr>,
    /// Unknown room codes, by address.
    pub guesses: Limiter<IpAddr>,
    /// Wrong passcodes, by room and address.
    pub passcodes: Turnstile<(RoomId, IpAddr)>,
    /// Wrong passcodes, by room over all addresses.
    pub passcodes_of_room: Turnstile<RoomId>,
}

impl DoorLimits {
    /// As the settings say.
    pub fn new(config: &LimitsConfig, clock: Clock) -> Self {
        Self {
            joins: Limiter::per_minute(config.limit_joins, clock),
            guesses: Limiter::per_minute(config.limit_guesses, clock),
            passcodes: Turnstile::per_minute(config.limit_guesses, clock),
            passcodes_of_room: Turnstile::per_minute(config.limit_guesses_per_room, clock),
        }
    }
}
