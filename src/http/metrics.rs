//! `GET /metrics`, on a listener of its own so that it is not exposed with the public address. There is no
//! authentication.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use http::header;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::Filter as _;

use crate::clock::Clock;
use crate::config::Networks;
use crate::connection::Hub;
use crate::limits::{METRICS_CONNECTIONS_MAX, METRICS_TIDY_EVERY};
use crate::providers::library::{Library, ScanReport, ScanState};
use crate::room::Registry;
use crate::segments::Preparer;
use crate::telemetry::metrics::{LibraryFiles, MetricsRenderer, Observed, Scans};
use crate::transport::listener::{self, Caps};

/// Prometheus' text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The endpoint's data sources.
#[derive(Debug)]
pub struct Exposition {
    /// The counters and histograms.
    pub renderer: MetricsRenderer,
    /// All connections.
    pub hub: Arc<Hub>,
    /// All rooms.
    pub rooms: Registry,
    /// The library.
    pub library: Library,
    /// The segments of tracks.
    pub preparer: Preparer,
    /// The SQLite database, if that is the store.
    pub database: Option<PathBuf>,
    /// When the server started, in Unix milliseconds.
    pub started_at_ms: i64,
}

impl Exposition {
    /// Listens until `stop`; returns the bound address.
    pub async fn serve(
        self,
        address: SocketAddr,
        clock: Clock,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> anyhow::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        tasks.spawn(run_upkeep(self.renderer.clone(), stop.clone()));
        let exposition = Arc::new(self);
        let routes = warp::path!("metrics").and(warp::get()).map(move || {
            let text = exposition.renderer.render(&exposition.observe());
            warp::reply::with_header(text, header::CONTENT_TYPE, CONTENT_TYPE)
        });
        let service = warp::service(routes);
        let connections_max = METRICS_CONNECTIONS_MAX;
        let caps = Caps { connections_max, connections_per_network_max: connections_max, proxies: Networks::default() };
        tasks.spawn(listener::accept(listener, None, service, caps, clock, tasks.clone(), stop));
        tracing::info!("metrics at http://{address}/metrics");
        Ok(address)
    }

    fn observe(&self) -> Observed {
        let ScanState { scans, failed, last, took_ms, ended_at_ms } = self.library.scan_state();
        let ScanReport { tracks, unreadable, odd_tags, missing, unplayable, .. } = last;
        Observed {
            started_at_ms: self.started_at_ms,
            connections: self.hub.len(),
            rooms: self.rooms.len(),
            journal_queue: self.rooms.journal_queue(),
            database_bytes: self.database.as_deref().map_or(0, database_bytes),
            decoders_busy: self.preparer.decoders_busy(),
            library: LibraryFiles { tracks, unreadable, odd_tags, missing, unplayable },
            scans: Scans { finished: scans, failed, last_took_ms: took_ms, last_ended_at_ms: ended_at_ms },
        }
    }
}

/// The size of a database with its write-ahead log.
fn database_bytes(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path, Path::new(&log)].into_iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum()
}

async fn run_upkeep(renderer: MetricsRenderer, stop: CancellationToken) {
    let mut due = tokio::time::interval(METRICS_TIDY_EVERY);
    loop {
        tokio::select! {
            _ = due.tick() => renderer.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}
