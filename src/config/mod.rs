//! Every setting: a flag, a `TUTTI_` variable, a default and a sentence each; one struct a concern.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

mod limits;

pub use limits::LimitsConfig;

/// Everything `tutti serve` can be told.
#[derive(Args, Clone, Debug)]
pub struct ServeConfig {
    /// Where it listens and how it is reached.
    #[command(flatten)]
    pub listen: ListenConfig,
    /// Where it keeps things.
    #[command(flatten)]
    pub storage: StorageConfig,
    /// How people prove who they are.
    #[command(flatten)]
    pub identity: IdentityConfig,
    /// Logging in with Spotify.
    #[command(flatten)]
    pub spotify: SpotifyConfig,
    /// Its own music.
    #[command(flatten)]
    pub library: LibraryConfig,
    /// How often anybody may do what.
    #[command(flatten)]
    pub limits: LimitsConfig,
    /// What it says about itself.
    #[command(flatten)]
    pub telemetry: TelemetryConfig,
}

/// Where the server listens and how it is reached.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listening")]
pub struct ListenConfig {
    /// Address and port to listen on; port 0 takes a free one. Listen on 0.0.0.0 to let phones in.
    #[arg(long, env = "TUTTI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where people reach this server, such as `https://tutti.example` or `http://192.168.1.5:8080`: the start of
    /// shared links and QR codes, and an allowed origin. Without it, whatever address a page was opened at.
    #[arg(long, env = "TUTTI_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Further origins whose pages may use this server, separated by commas.
    #[arg(long, env = "TUTTI_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<String>,

    /// Proxies whose `X-Forwarded-For` is believed, separated by commas.
    #[arg(long, env = "TUTTI_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpAddr>,
}

/// Where the server keeps things.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Storage")]
pub struct StorageConfig {
    /// Folder for the database, the keys and the library's index; made if missing.
    #[arg(long, env = "TUTTI_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,

    /// Database to use: `sqlite:///var/lib/tutti/tutti.db`, or `mysql://user:password@host/database` for MySQL and
    /// PlanetScale, which `tutti migrate` prepares. Without it, `tutti.db` in the data directory. Set the variable, not the
    /// flag, when there is a password in it: others on a machine can see how a program was called.
    #[arg(long, env = "TUTTI_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
}

/// How people prove who they are.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Identity")]
pub struct IdentityConfig {
    /// Every key of this server in one line, as `tutti keys export` prints it; no key file is read or made then. Without
    /// it, the folder `keys` in the data directory. Set the variable, not the flag: others on a machine can see how a
    /// program was called.
    #[arg(long, env = "TUTTI_KEYS", hide_env_values = true)]
    pub keys: Option<SecretString>,

    /// Work that goes into a password's hash, as the binary logarithm of bcrypt's rounds. Lower it for tests only.
    #[arg(long, env = "TUTTI_BCRYPT_COST", default_value_t = 12, hide = true, value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,
}

/// Logging in with Spotify. Without a client id, Spotify is not offered and everything else works.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Spotify")]
pub struct SpotifyConfig {
    /// Client id of the app that was registered at Spotify. It is no secret: logins use PKCE.
    #[arg(long, env = "TUTTI_SPOTIFY_CLIENT_ID")]
    pub spotify_client_id: Option<String>,

    /// Where Spotify sends people back to; must be registered there in the same spelling, and be https or on 127.0.0.1.
    /// Without it, `/api/v1/auth/spotify/callback` below the public URL.
    #[arg(long, env = "TUTTI_SPOTIFY_REDIRECT_URL")]
    pub spotify_redirect_url: Option<String>,

    /// Spotify's accounts service: `/authorize` and `/api/token` below it.
    #[arg(long, env = "TUTTI_SPOTIFY_ACCOUNTS_URL", default_value = "https://accounts.spotify.com")]
    pub spotify_accounts_url: String,

    /// Spotify's Web API: `/v1/me` below it.
    #[arg(long, env = "TUTTI_SPOTIFY_API_URL", default_value = "https://api.spotify.com")]
    pub spotify_api_url: String,

    /// Script of Spotify's Web Playback SDK, which browsers load to play.
    #[arg(long, env = "TUTTI_SPOTIFY_SDK_URL", default_value = "https://sdk.scdn.co/spotify-player.js")]
    pub spotify_sdk_url: String,
}

/// The server's own music.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Library")]
pub struct LibraryConfig {
    /// Folder with music files (mp3, m4a, flac, ogg, opus, wav). Without it, the demo library that is built in.
    #[arg(long, env = "TUTTI_LIBRARY_DIR")]
    pub library_dir: Option<PathBuf>,

    /// Seconds between two looks for changed files.
    #[arg(long, env = "TUTTI_LIBRARY_RESCAN_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub library_rescan_seconds: u64,
}

/// What the server says about itself.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryConfig {
    /// What is logged: a level, or directives such as `info,tutti::room=debug`.
    #[arg(long, env = "TUTTI_LOG", default_value = "info")]
    pub log: String,

    /// Log lines as JSON.
    #[arg(long, env = "TUTTI_LOG_JSON")]
    pub log_json: bool,

    /// Address and port at which metrics can be read, at `/metrics` in Prometheus' text format; such as 127.0.0.1:9090.
    /// Without it nothing is counted. Whoever reaches it can read it.
    #[arg(long, env = "TUTTI_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
}
