//! How often anybody may do what, and how many there may be.

use clap::Args;

/// How often anybody may do what. Every limit is per minute unless it says otherwise, with a burst of the same size.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitsConfig {
    /// Logins tried for one account from one address; from one address in all, six times as many. Nobody is locked out
    /// because somebody elsewhere guesses.
    #[arg(long, env = "TUTTI_LIMIT_LOGINS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_logins: u32,

    /// Accounts registered, per address.
    #[arg(long, env = "TUTTI_LIMIT_REGISTRATIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_registrations: u32,

    /// Guests made, per address.
    #[arg(long, env = "TUTTI_LIMIT_GUESTS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_guests: u32,

    /// Uses of a login cookie (each client makes one in ten minutes), per address.
    #[arg(long, env = "TUTTI_LIMIT_REFRESHES", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_refreshes: u32,

    /// Ways to Spotify's login page and back, counted one by one, per address.
    #[arg(long, env = "TUTTI_LIMIT_SPOTIFY_LOGINS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_spotify_logins: u32,

    /// Requests that may need one to Spotify, per identity.
    #[arg(long, env = "TUTTI_LIMIT_SPOTIFY_REQUESTS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_spotify_requests: u32,

    /// WebSockets opened, per address.
    #[arg(long, env = "TUTTI_LIMIT_JOINS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_joins: u32,

    /// Wrong passcodes and unknown room codes, per address.
    #[arg(long, env = "TUTTI_LIMIT_GUESSES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_guesses: u32,

    /// Wrong passcodes for one room, from all addresses together. Beyond it nobody is locked out: the next tries wait
    /// their turn, a few seconds at most, and only then are told to come back.
    #[arg(long, env = "TUTTI_LIMIT_GUESSES_PER_ROOM", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_guesses_per_room: u32,

    /// Rooms opened, per identity.
    #[arg(long, env = "TUTTI_LIMIT_ROOMS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_rooms: u32,

    /// Searches, per identity.
    #[arg(long, env = "TUTTI_LIMIT_SEARCHES", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_searches: u32,

    /// Commands a second on one connection, with a burst of five times as many.
    #[arg(long, env = "TUTTI_LIMIT_COMMANDS_PER_SECOND", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_commands_per_second: u32,

    /// People on their way into their rooms at a time, in all: what the database answers within a few seconds. Beyond it
    /// they are told to come back in a moment.
    #[arg(long, env = "TUTTI_LIMIT_ADMISSIONS", default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_admissions: u32,

    /// WebSockets open at a time, per address.
    #[arg(long, env = "TUTTI_LIMIT_CONNECTIONS_PER_ADDRESS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_connections_per_address: u32,

    /// WebSockets open at a time, per identity.
    #[arg(long, env = "TUTTI_LIMIT_CONNECTIONS_PER_USER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_connections_per_user: u32,

    /// TCP connections open at a time, in all.
    #[arg(long, env = "TUTTI_LIMIT_CONNECTIONS", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit_connections: u32,
}
