//! `me/spotify/devices`, `me/spotify/play` and `rooms/{code}/spotify-output`: playing on one's own devices; and `search`
//! for what Spotify has.
//!
//! Starting a track on the browser's player goes by here and not straight to Spotify, so that the app as a whole holds still
//! when Spotify wants it to, and a refusal is weighed like any other.

use http::StatusCode;
use tutti_protocol::http::{
    ChooseSpotifyOutput, SearchResponse, SpotifyDevices, SpotifyOutputStatus, SpotifyPlayRequest,
};
use tutti_protocol::{RoomCode, UserId};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::spotify::available;
use crate::http::middleware::{authenticated, json, json_body, respond, searching, with};
use crate::http::{ApiError, Services, SharedServices};
use crate::identity::Access;
use crate::providers::spotify::SpotifyError;
use crate::room::{OpenError, RoomHandle};

/// `search` for one provider, devices, and what follows a room.
pub fn routes(services: &SharedServices) -> BoxedFilter<(Response,)> {
    let search = warp::path!("search")
        .and(warp::get())
        .and(warp::query::<Vec<(String, String)>>())
        // The library has its own.
        .and_then(|query| std::future::ready(Question::read(query).ok_or_else(warp::reject::not_found)))
        .and(searching(services))
        .and(with(services))
        .then(search)
        .map(respond);
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
    search.or(devices).unify().or(play).unify().or(show).unify().or(end).unify().or(choose).unify().boxed()
}

/// A search at Spotify.
#[derive(Default)]
struct Question {
    text: String,
    cursor: Option<String>,
    /// The room that it is for, by whose host's link it may be asked.
    room: Option<String>,
}

impl Question {
    fn read(query: Vec<(String, String)>) -> Option<Self> {
        let mut question = Self::default();
        let mut is_ours = false;
        for (name, value) in query {
            match name.as_str() {
                "provider" => is_ours = value == "spotify",
                "q" => question.text = value,
                "cursor" => question.cursor = Some(value).filter(|cursor| !cursor.is_empty()),
                "room" => question.room = Some(value),
                _ => {}
            }
        }
        is_ours.then_some(question)
    }
}

async fn search(question: Question, access: Access, services: SharedServices) -> Result<impl Reply, ApiError> {
    let spotify = available(&services)?;
    let host = match &question.room {
        Some(code) => member_of(&services, code, access.user).await?.1.view().borrow().host,
        None => None,
    };
    let askers: Vec<_> = [access.user].into_iter().chain(host).collect();
    let found = spotify.search(&askers, &question.text, question.cursor.as_deref()).await;
    Ok(json(&match found {
        Ok(page) => SearchResponse { tracks: page.tracks, next_cursor: page.next_cursor, closed: false },
        // No mistake of theirs: most people never link anything, and whose link has ended reads so where links are looked
        // after.
        Err(SpotifyError::NotLinked | SpotifyError::NeedsLogin) => {
            SearchResponse { tracks: vec![], next_cursor: None, closed: true }
        }
        Err(error) => return Err(error.into()),
    }))
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
    let (code, room) = member_of(&services, &code, access.user).await?;
    let output = spotify.follow(access.user, code, room, &choice.device_id, choice.device).await?;
    Ok(json(&SpotifyOutputStatus { output: Some(output) }))
}

/// A room that somebody belongs to. For whoever does not, there is none.
async fn member_of(services: &Services, code: &str, user: UserId) -> Result<(RoomCode, RoomHandle), ApiError> {
    let no_such_room = || ApiError::not_found("There is no room of yours with this code.");
    let code = RoomCode::parse(code).ok_or_else(no_such_room)?;
    let room = services.rooms.open(code).await.map_err(|error| match error {
        OpenError::NotFound | OpenError::Closed => no_such_room(),
        OpenError::Store(error) => ApiError::unavailable(error),
    })?;
    let is_member = room.view().borrow().members.contains(&user);
    if is_member { Ok((code, room)) } else { Err(no_such_room()) }
}
