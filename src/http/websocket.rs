//! `GET /ws`: the door to [`crate::connection`].

use http::HeaderMap;
use hyper::upgrade::OnUpgrade;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::middleware::with;
use super::{SharedServices, client_address, respond};
use crate::connection::upgrade;
use crate::listener::Permit;

/// `GET /ws`.
pub fn route(services: &SharedServices) -> BoxedFilter<(Response,)> {
    warp::path!("ws")
        .and(warp::get())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(client_address(services))
        .and(warp::ext::optional::<Permit>())
        .and(with(services))
        .map(|headers: HeaderMap, on_upgrade, address, permit, services: SharedServices| {
            respond(upgrade(&services.sockets, &headers, on_upgrade, address, permit))
        })
        .boxed()
}
