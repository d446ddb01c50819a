//! Rate limits and quotas.

use clap::Args;

/// Rate limits and quotas. Limits are per minute unless stated otherwise, with a burst of the same size. An address is an
/// IPv4 address or an IPv6 /64; a /56 has four times as much, and a /48 sixteen times.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitsConfig {
    /// Login attempts per account and address; six times as many per address in total. Attempts from other addresses
    /// do not lock an account's owner out. Also the codes for another device that a user asks for.
    #[arg(long, env = "TUTTI_LIMIT_LOGINS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_logins: u32,

    /// Accounts registered, per address.
    #[arg(long, env = "TUTTI_LIMIT_REGISTRATIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_registrations: u32,

    /// Guests created, per address, and as many codes for screens to show.
    #[arg(long, env = "TUTTI_LIMIT_GUESTS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_guests: u32,

    /// Token refreshes (each client makes one in ten minutes), per address.
    #[arg(long, env = "TUTTI_LIMIT_REFRESHES", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_refreshes: u32,

    /// Redirects to Spotify's login page and back, each counted, per address.
    #[arg(long, env = "TUTTI_LIMIT_SPOTIFY_LOGINS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_spotify_logins: u32,

    /// Requests that may cause a request to Spotify, per user.
    #[arg(long, env = "TUTTI_LIMIT_SPOTIFY_REQUESTS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_spotify_requests: u32,

    /// WebSockets opened, per address.
    #[arg(long, env = "TUTTI_LIMIT_JOINS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_joins: u32,

    /// Wrong passcodes and unknown room codes, per address. Members of a room are not affected by the codes, and a newcomer
    /// has two more of their own. Also codes of another device or of a screen, and links to choose a password, right or wrong.
    #[arg(long, env = "TUTTI_LIMIT_GUESSES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_guesses: u32,

    /// Wrong passcodes per room, from all addresses. Further attempts are delayed by a few seconds at most before they
    /// are rejected, so a guessing attack does not lock guests out.
    #[arg(long, env = "TUTTI_LIMIT_GUESSES_PER_ROOM", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_guesses_per_room: u32,

    /// Rooms created, per user, and as many passcodes changed.
    #[arg(long, env = "TUTTI_LIMIT_ROOMS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_rooms: u32,

    /// Rooms created in a day, per address.
    #[arg(long, env = "TUTTI_LIMIT_ROOMS_PER_ADDRESS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_rooms_per_address: u32,

    /// Searches, per user.
    #[arg(long, env = "TUTTI_LIMIT_SEARCHES", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_searches: u32,

    /// Commands a second per user on all of their connections, with a burst of five times as many.
    #[arg(long, env = "TUTTI_LIMIT_COMMANDS_PER_SECOND", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_commands_per_second: u32,

    /// Concurrent joins, in total: as many as the database serves within a few seconds. More are rejected and retry.
    #[arg(long, env = "TUTTI_LIMIT_ADMISSIONS", default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_admissions: u32,

    /// Open WebSockets, per address; three times as many TCP connections, but for trusted proxies.
    #[arg(long, env = "TUTTI_LIMIT_CONNECTIONS_PER_ADDRESS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_connections_per_address: u32,

    /// Open WebSockets, per user.
    #[arg(long, env = "TUTTI_LIMIT_CONNECTIONS_PER_USER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_connections_per_user: u32,

    /// Open TCP connections, in total. Lowered if the limit of open files is lower.
    #[arg(long, env = "TUTTI_LIMIT_CONNECTIONS", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_connections: u32,
}
