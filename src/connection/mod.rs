//! One socket's life after the handshake: `hello`, the frames both ways, the close.
//!
//! | module | what |
//! |---|---|
//! | `session` | from `hello` to the close: authenticates, decodes, hands commands to the room |
//! | `lookups` | commands that wait for a provider of music, beside the loop that reads |
//! | `hub` | all connections: caps, ended sessions, the drain |
//! | `report` | what devices say of themselves, held to what can be |
//!
//! A connection knows its room by the handle only. It decides nothing about the room, and nobody waits for its socket.

mod hub;
mod lookups;
mod report;
mod session;

use std::net::IpAddr;
use std::sync::Arc;

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

pub use hub::{AddressPlace, Hub};
pub use session::{codec_config, run};

/// What connections use of the server.
#[derive(Debug)]
pub struct Sockets {
    /// Who they are.
    pub identity: Identity,
    /// Where they go.
    pub rooms: Registry,
    /// The providers of music.
    pub catalogue: Catalogue,
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
    pub passcodes: Limiter<(RoomId, IpAddr)>,
    /// Wrong passcodes, by room over all addresses.
    pub passcodes_of_room: Limiter<RoomId>,
    /// Commands of one connection.
    pub commands: Rate,
    /// All other frames of one connection.
    pub signals: Rate,
}

impl DoorLimits {
    /// As the settings say.
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
