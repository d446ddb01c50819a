//! HTTP over services that know nothing of it.
//!
//! | module | what |
//! |---|---|
//! | [`resources`] | routes of `/api/v1`, one file a resource |
//! | [`websocket`] | the door to [`crate::connection`] |
//! | [`static_client`] | the web client and its pages |
//! | [`middleware`] | what requests pass before a resource: origin, body, bearer, address |
//! | [`frame`] | what every answer gets on its way out: problem documents and security headers |
//! | [`origin`] | which pages may use this server; for the WebSocket handshake too |
//! | [`cookie`] | the refresh token's cookie |
//! | [`limits`] | how often anybody may do what |
//! | [`error`] | failed requests |
//! | [`metrics`] | `GET /metrics`, on a listener of its own |

use std::convert::Infallible;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use warp::Filter;
use warp::reply::Response;

pub mod cookie;
pub mod error;
pub mod frame;
pub mod limits;
pub mod metrics;
pub mod middleware;
pub mod origin;
pub mod resources;
pub mod static_client;
pub mod websocket;

pub use error::ApiError;
pub use middleware::{authenticated, client_address, json, json_body, maybe_authenticated, respond};

use crate::clock::Clock;
use crate::config::ServeConfig;
use crate::connection::Sockets;
use crate::identity::Identity;
use crate::providers::Catalogue;
use crate::providers::spotify::Spotify;
use crate::room::Registry;
use crate::store::SharedStore;
use cookie::Cookies;
use limits::RequestLimits;
use origin::Origins;

/// Everything that routes need.
pub struct Services {
    /// Who is here.
    pub identity: Identity,
    /// Asked whether it answers.
    pub store: SharedStore,
    /// Every setting.
    pub config: ServeConfig,
    /// The server's time.
    pub clock: Clock,
    /// Which pages may use this server.
    pub origins: Origins,
    /// Where refresh tokens are kept.
    pub cookies: Cookies,
    /// How often anybody may do what.
    pub limits: RequestLimits,
    /// The way to Spotify, where it is set up.
    pub spotify: Option<Spotify>,
    /// Where people meet.
    pub rooms: Registry,
    /// The providers of music.
    pub catalogue: Catalogue,
    /// Where their sockets go.
    pub sockets: Arc<Sockets>,
    /// Cancelled when the server begins to stop: it is alive then, but not ready.
    pub draining: CancellationToken,
}

/// The same services for all routes.
pub type SharedServices = Arc<Services>;

/// Everything this server answers over HTTP.
pub fn routes(services: &SharedServices) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    // The door first: after a restart everybody comes through it at once, and each route that says no costs.
    let routes = websocket::route(services)
        .or(resources::routes(services))
        .unify()
        .or(resources::server::health(services))
        .unify()
        .or(static_client::routes::<static_client::Client>(services.spotify.clone()))
        .unify();
    frame::frame(services, routes.boxed())
}
