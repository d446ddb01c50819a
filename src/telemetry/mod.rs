//! Logging to standard error, [`metrics`] and those of the [`process`].

mod panics;
mod throttle;

pub mod metrics;
pub mod process;

pub use throttle::Throttle;

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::TelemetryConfig;

/// Initializes logging, and counts panics. Call it once per process.
pub fn init(config: &TelemetryConfig) -> anyhow::Result<()> {
    panics::start_counting();
    let filter = EnvFilter::try_new(&config.log).with_context(|| format!("TUTTI_LOG: {}", config.log))?;
    // What NATS's client says, the bus says once.
    let names_nats = config.log.contains("async_nats");
    let filter = if names_nats { filter } else { filter.add_directive("async_nats=off".parse()?) };
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    if config.log_json { lines.json().try_init() } else { lines.try_init() }
        .map_err(|error| anyhow::anyhow!("logging: {error}"))
}
