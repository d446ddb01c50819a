//! `screens` and `rooms/{code}/screens`: devices of no user that show a room.

use std::net::IpAddr;

use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;
use tutti_protocol::Action;
use tutti_protocol::http::{NewScreen, NewScreenRequest, ScreenCode};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::rooms::{find_room, no_such_room, open_room, refused};
use crate::http::middleware::{bearer, with};
use crate::http::{ApiError, SharedContext, authenticated, client_address, json, json_body, respond};
use crate::identity::{AccessClaims, DEVICE_CODE_LIFETIME, IdentityError};
use crate::limits::DEVICE_NAME_CHARS_MAX;
use crate::room::RoomError;
use crate::text;

/// `POST screens`, `POST screens/status` and `POST rooms/{code}/screens`.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let request = || warp::post().and(client_address(context)).and(with(context));
    let make = warp::path!("screens").and(request()).and(json_body()).then(make).map(respond);
    let show = warp::path!("screens" / "status")
        .and(request())
        .and(warp::header::headers_cloned())
        .and(json_body())
        .then(show)
        .map(respond);
    let approve = warp::path!("rooms" / String / "screens")
        .and(authenticated(context))
        .and(request())
        .and(json_body())
        .then(approve)
        .map(respond);
    make.or(show).unify().or(approve).unify().boxed()
}

async fn make(address: IpAddr, context: SharedContext, request: NewScreenRequest) -> Result<impl Reply, ApiError> {
    context.limits.screens_made.check(address)?;
    let name = text::clean(&request.name, DEVICE_NAME_CHARS_MAX);
    let name = name.ok_or_else(|| ApiError::invalid("A screen has a name of 1 to 80 characters on one line."))?;
    let (id, token, code) = context.identity.make_screen(&name).await?;
    let expires_in = DEVICE_CODE_LIFETIME.as_secs();
    let body = NewScreen { id, token: token.expose_secret().into(), code: code.shown().into(), expires_in };
    Ok(warp::reply::with_status(json(&body), StatusCode::CREATED))
}

async fn show(
    address: IpAddr,
    context: SharedContext,
    headers: HeaderMap,
    request: ScreenCode,
) -> Result<impl Reply, ApiError> {
    context.limits.screen_looks.check(address)?;
    let screen = bearer(&headers).and_then(|token| context.identity.authenticate_screen(token));
    let screen = screen.ok_or(IdentityError::Unauthenticated)?;
    let status = context.identity.screen_status(screen, &request.code).await?;
    status.map(|status| json(&status)).ok_or_else(|| ApiError::not_found("This screen does not show this code."))
}

/// The answer says that the room has the screen: it comes once that is stored.
async fn approve(
    code: String,
    access: AccessClaims,
    address: IpAddr,
    context: SharedContext,
    request: ScreenCode,
) -> Result<impl Reply, ApiError> {
    context.limits.device_codes.check(address)?;
    let (stored, is_member) = find_room(&context, &code, Some(access.user), address).await?;
    if !is_member {
        return Err(no_such_room());
    }
    let room = open_room(&context, stored.code).await?;
    room.require(access.user, Action::ManageScreens).await.map_err(refused)?;
    let screen = context.identity.claim_screen(&request.code, stored.code).await?;
    if let Err(error) = room.add_screen(access.user, screen.id, screen.name.clone()).await {
        if matches!(error, RoomError::Refused(_)) {
            context.identity.release_screen(&screen).await?;
        }
        return Err(refused(error));
    }
    context.identity.approve_screen(&screen).await?;
    Ok(StatusCode::NO_CONTENT)
}
