//! The HTTP server: routes, middleware and responses. Services know nothing of HTTP.
//!
//! | module | what |
//! |---|---|
//! | [`resources`] | routes of `/api/v1`, one file a resource |
//! | [`websocket`] | `GET /ws`: the WebSocket handshake |
//! | [`static_client`] | the web client and its pages |
//! | [`middleware`] | request filters: origin check, body, bearer token, client address |
//! | [`response`] | response wrapper: problem documents and security headers |
//! | [`base_path`] | the part of a site's path that is this server's |
//! | [`origin`] | allowed origins, for requests and for the WebSocket handshake |
//! | [`recent_listeners`] | users who were given audio a short time ago |
//! | [`cookie`] | the refresh token's cookie |
//! | [`limits`] | rate limits |
//! | [`error`] | failed requests |
//! | [`metrics`] | `GET /metrics`, on a listener of its own |

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use warp::Filter;
use warp::path::FullPath;
use warp::reply::Response;

pub mod base_path;
pub mod cookie;
pub mod error;
pub mod limits;
pub mod metrics;
pub mod middleware;
pub mod origin;
pub mod recent_listeners;
pub mod resources;
pub mod response;
pub mod static_client;
pub mod websocket;

pub use error::ApiError;
pub use middleware::{authenticated, client_address, json, json_body, maybe_authenticated, operating, respond};

use crate::clock::Clock;
use crate::cluster::clock::Standing;
use crate::config::ServeConfig;
use crate::connection::ConnectionContext;
use crate::identity::Identity;
use crate::limiter::NetworkCounts;
use crate::operator::Operators;
use crate::providers::Catalogue;
use crate::providers::library::Library;
use crate::providers::spotify::Spotify;
use crate::room::Registry;
use crate::segments::Preparer;
use crate::store::SharedStore;
use crate::telemetry::Throttle;
use crate::telemetry::metrics::RouteClass;
use limits::RequestLimits;
use origin::Origins;
use recent_listeners::RecentListeners;

/// What routes use of the server.
pub struct HttpContext {
    /// Users, sessions and tokens.
    pub identity: Identity,
    /// How good this server's clock is, when it shares rooms with others.
    pub cluster_clock: Option<watch::Receiver<Standing>>,
    /// Who may enter, and what operators do.
    pub operators: Operators,
    /// Pinged by `/readyz`, and read for pictures.
    pub store: SharedStore,
    /// The settings.
    pub config: ServeConfig,
    /// The address that the server listens on.
    pub address: SocketAddr,
    /// The server's clock.
    pub clock: Clock,
    /// The allowed origins.
    pub origins: Origins,
    /// Rate limits.
    pub limits: RequestLimits,
    /// Accounts, devices and players of Spotify, if it is configured.
    pub spotify: Option<Spotify>,
    /// The rooms.
    pub rooms: Registry,
    /// The providers of music.
    pub catalogue: Catalogue,
    /// The server's own music.
    pub library: Library,
    /// Makes the segments of tracks.
    pub preparer: Preparer,
    /// Bytes of covers that further responses may hold, out of
    /// [`COVER_BYTES_UNSENT_MAX`](crate::limits::COVER_BYTES_UNSENT_MAX).
    pub cover_bytes: Arc<Semaphore>,
    /// The same by network, out of
    /// [`COVER_BYTES_UNSENT_PER_NETWORK_MAX`](crate::limits::COVER_BYTES_UNSENT_PER_NETWORK_MAX).
    pub cover_bytes_of_networks: Arc<NetworkCounts>,
    /// What WebSocket connections use of the server.
    pub connection: Arc<ConnectionContext>,
    /// Users who were given audio a short time ago.
    pub listeners: RecentListeners,
    /// Bounds the log lines about logins and new rooms, which clients cause.
    pub arrivals: Throttle,
    /// Cancelled when the server starts to drain: it is alive then, but not ready.
    pub draining: CancellationToken,
}

/// The one context of all routes.
pub type SharedContext = Arc<HttpContext>;

/// All routes of the server.
pub fn routes(context: &SharedContext) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    // `/ws` first: after a restart every client reconnects at once, and each route that rejects a request costs time.
    let routes = websocket::route(context)
        .or(resources::routes(context))
        .unify()
        .or(resources::server::health(context))
        .unify()
        .or(static_client::routes::<static_client::Client>(context))
        .unify();
    let finished = response::finish(context, routes.boxed());
    let (clock, metrics) = (context.clock, context.connection.metrics.clone());
    let began = warp::any().map(move || clock.now_ms_f64());
    began.and(warp::path::full()).and(finished).map(move |began_ms, path: FullPath, response: Response| {
        metrics.http(class_of(path.as_str()), response.status().as_u16(), clock.now_ms_f64() - began_ms);
        response
    })
}

/// The class in which a request is counted.
fn class_of(path: &str) -> RouteClass {
    let Some(resource) = path.strip_prefix("/api/v1/") else {
        return match path {
            "/ws" => RouteClass::Socket,
            "/healthz" | "/readyz" => RouteClass::Health,
            _ if path.starts_with("/api/") => RouteClass::Api,
            _ => RouteClass::Page,
        };
    };
    let parts: Vec<_> = resource.splitn(5, '/').collect();
    match parts[..] {
        ["auth", ..] => RouteClass::Auth,
        [_, "tracks", _, "segments" | "audio", ..] => RouteClass::Audio,
        [_, "tracks", _, "art", ..] => RouteClass::Cover,
        _ => RouteClass::Api,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_what_they_are_for() {
        for (path, class) in [
            ("/ws", RouteClass::Socket),
            ("/readyz", RouteClass::Health),
            ("/", RouteClass::Page),
            ("/r/7KM2QX", RouteClass::Page),
            ("/assets/app.js", RouteClass::Page),
            ("/api/v2/x", RouteClass::Api),
            ("/api/v1/server", RouteClass::Api),
            ("/api/v1/rooms/7KM2QX", RouteClass::Api),
            ("/api/v1/auth/guest", RouteClass::Auth),
            ("/api/v1/auth/spotify/callback", RouteClass::Auth),
            ("/api/v1/library/tracks/a/segments/opus/3", RouteClass::Audio),
            ("/api/v1/library/tracks/a/audio", RouteClass::Audio),
            ("/api/v1/library/tracks/a/art/b", RouteClass::Cover),
            ("/api/v1/library/tracks/a", RouteClass::Api),
        ] {
            assert_eq!(class_of(path), class, "{path}");
        }
    }
}
