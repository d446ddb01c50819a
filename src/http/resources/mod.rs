//! Routes of `/api/v1`, one file a resource.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub mod accounts;
pub mod auth;
pub mod me;
pub mod rooms;
pub mod search;
pub mod server;
pub mod sessions;
pub mod spotify;
pub mod spotify_player;
pub mod tracks;

use crate::http::SharedServices;
use crate::http::middleware::own_origin;

/// `/api/v1`. Further resources join by `.or(…).unify()`; all of them are behind the origin check.
pub fn routes(services: &SharedServices) -> BoxedFilter<(Response,)> {
    let resources = auth::routes(services)
        .or(spotify::routes(services))
        .unify()
        .or(spotify_player::routes(services))
        .unify()
        .or(me::routes(services))
        .unify()
        .or(sessions::routes(services))
        .unify()
        .or(accounts::routes(services))
        .unify()
        .or(rooms::routes(services))
        .unify()
        .or(search::routes(services))
        .unify()
        .or(tracks::routes(services))
        .unify()
        .or(server::routes(services))
        .unify();
    warp::path!("api" / "v1" / ..).and(own_origin(services)).and(resources).boxed()
}
