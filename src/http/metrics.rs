//! Where metrics are read: `GET /metrics` on a listener of its own, so that it is never open to those whom the server is open
//! to. Nobody is asked who they are there.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use http::header;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::Filter as _;

use crate::connection::Hub;
use crate::limits::{METRICS_CONNECTIONS_MAX, METRICS_TIDY_EVERY};
use crate::room::Registry;
use crate::telemetry::metrics::Reading;
use crate::transport::listener;

/// Prometheus' text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is read.
#[derive(Debug)]
pub struct Exposition {
    /// What was counted.
    pub reading: Reading,
    /// All connections.
    pub hub: Arc<Hub>,
    /// All rooms.
    pub rooms: Registry,
}

impl Exposition {
    /// Listens until `stop`, and says where.
    pub async fn serve(
        self,
        address: SocketAddr,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> anyhow::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        tasks.spawn(tidy(self.reading.clone(), stop.clone()));
        let exposition = Arc::new(self);
        let routes = warp::path!("metrics").and(warp::get()).map(move || {
            let text = exposition.reading.text(exposition.hub.len(), exposition.rooms.len());
            warp::reply::with_header(text, header::CONTENT_TYPE, CONTENT_TYPE)
        });
        let service = warp::service(routes);
        tasks.spawn(listener::accept(listener, service, METRICS_CONNECTIONS_MAX, tasks.clone(), stop));
        tracing::info!("metrics at http://{address}/metrics");
        Ok(address)
    }
}

async fn tidy(reading: Reading, stop: CancellationToken) {
    let mut due = tokio::time::interval(METRICS_TIDY_EVERY);
    loop {
        tokio::select! {
            _ = due.tick() => reading.tidy(),
            () = stop.cancelled() => return,
        }
    }
}
