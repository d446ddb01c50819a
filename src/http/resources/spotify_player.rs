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
use crate::http::{ApiError, SharedServices};
use crate::identity::Access;

/// Devices, and which of them follows a room.
pub fn routes(services: &SharedServices) -> BoxedFilter<(Response,)> {
    let asked = || authenticated(services).and(with(services));
    let devices = warp::path!("me" / "spotify" / "devices").and(warp::get()).and(asked()).then(devices).map(respond);
    let play = warp::path!("me" / "spotify" / "play")
        .and(warp::post())
        .and(asked())
        .and(json_body::<SpotifyPlayRequest>())
        .then(play)
        .map(respond);
    let output = || warp::path!("rooms" / String / "spotify-output");
    let show = output().and(warp::get()).and(asked()).then(show).map(respond);
    let end = output().and(warp::delete()).and(asked()).then(end).map(respond);
    let choose =
        output().and(warp::put()).and(asked()).and(json_body::<ChooseSpotifyOutput>()).then(choose).map(respond);
    devices.or(play).unify().or(show).unify().or(end).unify().or(choose).unify().boxed()
}

async fn devices(access: Access, services: SharedServices) -> Result<impl Reply, ApiError> {
    services.limits.spotify_requests.check(&access.user)?;
    let devices = available(&services)?.devices(access.user).await?;
    Ok(json(&SpotifyDevices { devices }))
}

async fn play(access: Access, services: SharedServices, start: SpotifyPlayRequest) -> Result<impl Reply, ApiError> {
    services.limits.spotify_plays.check(&access.user)?;
    let SpotifyPlayRequest { device_id, track, position_ms } = start;
    available(&services)?.play(access.user, &device_id, &track, position_ms).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(code: String, access: Access, services: SharedServices) -> Result<impl Reply, ApiError> {
    let spotify = available(&services)?;
    let output = RoomCode::parse(&code).and_then(|code| spotify.output(access.user, code));
    Ok(json(&SpotifyOutputStatus { output }))
}

async fn end(code: String, access: Access, services: SharedServices) -> Result<impl Reply, ApiError> {
    let spotify = available(&services)?;
    if let Some(code) = RoomCode::parse(&code) {
        spotify.unfollow(access.user, Some(code)).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn choose(
    code: String,
    access: Access,
    services: SharedServices,
    choice: ChooseSpotifyOutput,
) -> Result<impl Reply, ApiError> {
    services.limits.spotify_requests.check(&access.user)?;
    let spotify = available(&services)?;
    let (code, room) = room_of_member(&services, &code, access.user).await?;
    let output = spotify.follow(access.user, code, room, &choice.device_id, choice.device).await?;
    Ok(json(&SpotifyOutputStatus { output: Some(output) }))
}
