//! `server`, which clients read before a login; `/healthz` and `/readyz` for supervisors and load balancers.

use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;
use tutti_protocol::http::{ServerDescription, SpotifyServer};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::http::middleware::{client_address, json, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::lan;

/// How long the store may take to answer a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// `GET server`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    warp::path!("server")
        .and(warp::get())
        .and(client_address(context))
        .and(with(context))
        .map(|address, context| describe(address, &context).into_response())
        .boxed()
}

/// `GET /healthz` and `GET /readyz`.
pub fn health(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let alive = warp::path!("healthz").and(warp::get()).map(|| "ok\n".into_response());
    let ready = warp::path!("readyz").and(warp::get()).and(with(context)).then(ready).map(respond);
    alive.or(ready).unify().boxed()
}

fn describe(client: IpAddr, context: &SharedContext) -> impl Reply + use<> {
    let public_url = context.config.listen.public_url.as_ref();
    let tells_addresses = public_url.is_none() && lan::is_local(client);
    json(&ServerDescription {
        version: env!("CARGO_PKG_VERSION").into(),
        public_url: public_url.map(ToString::to_string),
        addresses: if tells_addresses { lan::urls(context.config.listen.scheme(), context.address) } else { vec![] },
        providers: context.catalogue.ids(),
        files: context.catalogue.ids_of_files(),
        browsable: context.catalogue.browsable(),
        spotify: context
            .spotify
            .as_ref()
            .map(|spotify| SpotifyServer { origin: spotify.origin(), sdk_url: spotify.sdk_url().to_string() }),
        switches: context.operators.known_switches(),
    })
}

async fn ready(context: SharedContext) -> Result<impl Reply, ApiError> {
    if context.draining.is_cancelled() {
        return Err(ApiError::unavailable(anyhow::anyhow!("stopping")));
    }
    if context.cluster_clock.as_ref().is_some_and(|clock| clock.borrow().is_astray()) {
        return Err(ApiError::unavailable(anyhow::anyhow!("its clock differs from those of the other servers")));
    }
    tokio::time::timeout(PING_TIMEOUT, context.store.ping()).await.map_err(ApiError::unavailable)??;
    Ok(warp::reply::with_status("ready\n", StatusCode::OK))
}
