//! `me/spotify/devices`, `me/spotify/play` and `rooms/{code}/spotify-output`: playing on a user's own devices.
//!
//! The browser's player starts tracks through this server rather than directly, so that the server's pause after a 429
//! applies, and a refusal counts as evidence about Premium like any other.

use http::StatusCode;
use tutti_protocol::RoomCode;
use tutti_protocol::http::{ChooseSpotifyOutput, SpotifyDevices, SpotifyOutputStatus, SpotifyPlayRequest};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::rooms::room_of_member;
use super::spotify::available;
use crate::http::middleware::{authenticated, json, json_body, respond, with};
use crate::http::{ApiError, SharedContext};
use crate::identity::AccessClaims;

/// Devices, and which of them follows a room.
pub fn routes(context: &SharedContext) -> BoxedFilter<(Response,)> {
    let user_request = || authenticated(context).and(with(context));
    let devices =
        warp::path!("me" / "spotify" / "devices").and(warp::get()).and(user_request()).then(devices).map(respond);
    let play = warp::path!("me" / "spotify" / "play")
        .and(warp::post())
        .and(user_request())
        .and(json_body::<SpotifyPlayRequest>())
        .then(play)
        .map(respond);
    let output = || warp::path!("rooms" / String / "spotify-output");
    let show = output().and(warp::get()).and(user_request()).then(show).map(respond);
    let end = output().and(warp::delete()).and(user_request()).then(end).map(respond);
    let choose =
        output().and(warp::put()).and(user_request()).and(json_body::<ChooseSpotifyOutput>()).then(choose).map(respond);
    devices.or(play).unify().or(show).unify().or(end).unify().or(choose).unify().boxed()
}

async fn devices(access: AccessClaims, context: SharedContext) -> Result<impl Reply, ApiError> {
    context.limits.spotify_requests.check(&access.user)?;
    let devices = available(&context)?.devices(access.user).await?;
    Ok(json(&SpotifyDevices { devices }))
}

async fn play(access: AccessClaims, context: SharedContext, start: SpotifyPlayRequest) -> Result<impl Reply, ApiError> {
    context.limits.spotify_plays.check(&access.user)?;
    let SpotifyPlayRequest { device_id, track, position_ms } = start;
    available(&context)?.play(access.user, &device_id, &track, position_ms).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(code: String, access: AccessClaims, context: SharedContext) -> Result<impl Reply, ApiError> {
    let spotify = available(&context)?;
    let output = RoomCode::parse(&code).and_then(|code| spotify.output(access.user, code));
    Ok(json(&SpotifyOutputStatus { output }))
}

async fn end(code: String, access: AccessClaims, context: SharedContext) -> Result<impl Reply, ApiError> {
    let spotify = available(&context)?;
    if let Some(code) = RoomCode::parse(&code) {
        spotify.unfollow(access.user, Some(code)).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn choose(
    code: String,
    access: AccessClaims,
    context: SharedContext,
    choice: ChooseSpotifyOutput,
) -> Result<impl Reply, ApiError> {
    context.limits.spotify_requests.check(&access.user)?;
    let spotify = available(&context)?;
    let (code, room) = room_of_member(&context, &code, access.user).await?;
    let output = spotify.follow(access.user, code, room, &choice.device_id, choice.device).await?;
    Ok(json(&SpotifyOutputStatus { output: Some(output) }))
}
