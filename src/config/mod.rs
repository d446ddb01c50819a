//! All settings: each has a flag, a `TUTTI_` variable, a default and a help text. One struct a concern.
//!
//! A value is checked when it is parsed, and settings against each other by [`ServeConfig::check`]: a server does not start
//! with settings that cannot work.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

mod address;
mod contradictions;
mod limits;
mod nats;
mod providers;
pub mod variables;

use address::socket_address;

pub use address::{AddressError, Network, Networks, PageOrigin, PublicUrl};
pub use contradictions::Contradiction;
pub use limits::LimitsConfig;
pub use nats::{NatsLogin, NatsPrefix, NatsPrefixError, NatsServers, NatsServersError};
pub use providers::{AudioAccess, LibraryConfig, ScriptedConfig, SpotifyConfig};

/// The settings of `tutti serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeConfig {
    /// Addresses and origins.
    #[command(flatten)]
    pub listen: ListenConfig,
    /// Data directory and database.
    #[command(flatten)]
    pub storage: StorageConfig,
    /// Keys and passwords.
    #[command(flatten)]
    pub identity: IdentityConfig,
    /// The Spotify integration.
    #[command(flatten)]
    pub spotify: SpotifyConfig,
    /// The server's own music.
    #[command(flatten)]
    pub library: LibraryConfig,
    /// A provider for tests.
    #[command(flatten)]
    pub scripted: ScriptedConfig,
    /// Rate limits and quotas.
    #[command(flatten)]
    pub limits: LimitsConfig,
    /// Logs and metrics.
    #[command(flatten)]
    pub telemetry: TelemetryConfig,
}

/// Addresses and origins.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listening")]
pub struct ListenConfig {
    /// Address and port to listen on; port 0 picks a free one. The default lets the devices of the local network in;
    /// 127.0.0.1:8080 only this machine.
    #[arg(long, env = "TUTTI_LISTEN", default_value = "0.0.0.0:8080", value_parser = socket_address)]
    pub listen: SocketAddr,

    /// Public URL of this server, such as `https://tutti.example`, `https://home.example/tutti` or `http://192.168.1.5:8080`:
    /// the base of shared links and QR codes, and an allowed origin. Needed behind a proxy with a public name: requests for host names other
    /// than this one, allowed origins, addresses and names of local networks are refused. Default: the address at which a
    /// page was opened.
    #[arg(long, env = "TUTTI_PUBLIC_URL")]
    pub public_url: Option<PublicUrl>,

    /// Name by which devices of the local network find this server, as in `http://tutti.local:8080`. Empty: it is not
    /// announced. It is announced only without a public URL, and when it listens for other machines.
    #[arg(long, env = "TUTTI_MDNS_NAME", default_value = "tutti", value_parser = mdns_name)]
    pub mdns_name: String,

    /// Additional origins whose pages may use this server, such as `https://friends.example`, separated by commas.
    #[arg(long, env = "TUTTI_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<PageOrigin>,

    /// Addresses and networks (`172.16.0.0/12`) of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` headers are
    /// trusted, separated by commas.
    #[arg(long, env = "TUTTI_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// File with the certificate of this server, and those that signed it, as PEM. With it the server speaks https itself,
    /// and answers http on the same port with a redirect. It is read again when it changes, and on SIGHUP.
    #[arg(long, env = "TUTTI_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,

    /// File with the private key of the certificate, as PEM.
    #[arg(long, env = "TUTTI_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
}

impl ListenConfig {
    /// The proxies whose headers are trusted.
    pub fn proxies(&self) -> Networks {
        self.trusted_proxies.iter().copied().collect()
    }

    /// The scheme that this server speaks.
    pub fn scheme(&self) -> &'static str {
        if self.tls_cert.is_some() { "https" } else { "http" }
    }
}

/// Data directory and database.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Storage")]
pub struct StorageConfig {
    /// Folder for the database, the keys and the library's index; created if missing.
    #[arg(long, env = "TUTTI_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,

    /// Database to use: `sqlite:///var/lib/tutti/tutti.db`, or `mysql://user:password@host/database` for MySQL and
    /// PlanetScale, which `tutti migrate` prepares. Default: `tutti.db` in the data directory. If it contains a
    /// password, set the variable, not the flag: other users of the machine can see a program's arguments.
    #[arg(long, env = "TUTTI_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// Name of this server among those on its MySQL database: in logs, in `tutti nodes`, and for a server that does not
    /// start because this one runs. Default: the host name.
    #[arg(long, env = "TUTTI_NODE_ID", value_parser = node_id)]
    pub node_id: Option<String>,

    /// NATS servers, separated by commas, such as `nats://10.0.0.5:4222` or `tls://user:password@nats.example`: with them,
    /// several servers share one MySQL database and its rooms. Default: one server uses the database. If they contain a
    /// password, set the variable, not the flag: other users of the machine can see a program's arguments.
    #[arg(long, env = "TUTTI_NATS_URL", hide_env_values = true)]
    pub nats_url: Option<NatsServers>,

    /// Begins the names of all NATS subjects, so that several databases can use the same NATS servers.
    #[arg(long, env = "TUTTI_NATS_PREFIX", default_value = "tutti")]
    pub nats_prefix: NatsPrefix,
}

/// Bytes of [`StorageConfig::node_id`].
pub const NODE_ID_BYTES_MAX: usize = 64;

/// Keys and passwords.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Identity")]
pub struct IdentityConfig {
    /// All keys of this server in one line, as printed by `tutti keys export`; key files are then neither read nor
    /// written. Default: the folder `keys` in the data directory. Set the variable, not the flag: other users of the
    /// machine can see a program's arguments.
    #[arg(long, env = "TUTTI_KEYS", hide_env_values = true)]
    pub keys: Option<SecretString>,

    /// Cost of password hashing: the binary logarithm of bcrypt's rounds. Lower it for tests only.
    #[arg(long, env = "TUTTI_BCRYPT_COST", default_value_t = 12, hide = true, value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,
}

/// Logs and metrics.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryConfig {
    /// Log filter: a level, or directives such as `info,tutti::room=debug`.
    #[arg(long, env = "TUTTI_LOG", default_value = "info", value_parser = log_filter)]
    pub log: String,

    /// Writes log lines as JSON.
    #[arg(long, env = "TUTTI_LOG_JSON")]
    pub log_json: bool,

    /// Address and port that serve `/metrics` in Prometheus' text format, such as 127.0.0.1:9090. Without it nothing is
    /// counted. There is no authentication: expose it to operators only.
    #[arg(long, env = "TUTTI_METRICS_LISTEN", value_parser = socket_address)]
    pub metrics_listen: Option<SocketAddr>,
}

fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            Err(format!("{error}; write a level, such as info, or directives, such as info,tutti::room=debug"))
        }
    }
}

fn node_id(text: &str) -> Result<String, &'static str> {
    let is_name = (1..=NODE_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| text.to_owned()).ok_or("letters, digits and punctuation, 64 at most")
}

/// A label of a host name (RFC 1123), or nothing.
fn mdns_name(text: &str) -> Result<String, &'static str> {
    let is_label = text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    is_label.then(|| text.to_ascii_lowercase()).ok_or("letters, digits and hyphens, 63 at most")
}
