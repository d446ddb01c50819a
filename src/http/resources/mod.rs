//! Routes of `/api/v1`, one file a resource.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub mod accounts;
pub mod auth;
pub mod browse;
pub mod device_code;
pub mod me;
pub mod operator;
pub mod passcode;
pub mod rooms;
pub mod screens;
pub mod search;
pub mod segments;
pub mod server;
pub mod sessions;
pub mod spotify;
pub mod spotify_player;
pub mod tracks;

use crate::http::SharedContext;
use crate::http::middleware::{known_host, own_origin};

/// `/api/v1`. Further resources join by `.or(…).unify()`; all of them are behind the checks of host and origin.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let resources = auth::routes(context)
        .or(spotify::routes(context))
        .unify()
        .or(spotify_player::routes(context))
        .unify()
        .or(me::routes(context))
        .unify()
        .or(sessions::routes(context))
        .unify()
        .or(device_code::routes(context))
        .unify()
        .or(accounts::routes(context))
        .unify()
        .or(rooms::routes(context))
        .unify()
        .or(passcode::routes(context))
        .unify()
        .or(screens::routes(context))
        .unify()
        .or(search::routes(context))
        .unify()
        .or(browse::routes(context))
        .unify()
        .or(tracks::routes(context))
        .unify()
        .or(segments::routes(context))
        .unify()
        .or(operator::routes(context))
        .unify()
        .or(server::routes(context))
        .unify();
    warp::path!("api" / "v1" / ..).and(known_host(context)).and(own_origin(context)).and(resources).boxed()
}
