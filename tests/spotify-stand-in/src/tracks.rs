//! `GET /v1/search` and `GET /v1/tracks/{id}`: the catalogue in Spotify's format.
//!
//! Without the fields that development mode removed (`available_markets`, `popularity`, …).

use http::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::api_error::ApiError;
use crate::catalogue::{self, InMarket, Track};
use crate::http_message::{HttpRequest, HttpResponse};
use crate::me::images;
use crate::picture::SIZES_PX;
use crate::web_api::Caller;
use crate::world::World;

/// Results in a page: maximum and default.
const LIMIT_MAX: usize = 10;
const LIMIT_DEFAULT: usize = 5;

/// Largest offset of a page.
const OFFSET_MAX: usize = 1000;

/// Accepted types; only tracks are ever found.
const TYPES: [&str; 7] = ["album", "artist", "playlist", "track", "show", "episode", "audiobook"];

pub(crate) fn one(world: &World, req: &HttpRequest, id: &str, caller: &Caller) -> Result<HttpResponse, ApiError> {
    let market = caller.market(req.parameters().get("market"))?;
    if id.len() != 22 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ApiError::invalid("Invalid base62 id"));
    }
    let track = catalogue::track(id).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Resource not found"))?;
    Ok(HttpResponse::json(StatusCode::OK, &shown(world, catalogue::in_market(track, &market))))
}

pub(crate) fn search(world: &World, req: &HttpRequest, caller: &Caller) -> Result<HttpResponse, ApiError> {
    let parameters = req.parameters();
    let query = parameters.get("q").filter(|query| !query.trim().is_empty());
    let query = query.ok_or_else(|| ApiError::invalid("No search query"))?;
    let kinds = parameters.get("type").filter(|kinds| !kinds.is_empty());
    let kinds: Vec<_> = kinds.ok_or_else(|| ApiError::invalid("Missing parameter type"))?.split(',').collect();
    if let Some(unknown) = kinds.iter().find(|kind| !TYPES.contains(kind)) {
        return Err(ApiError::invalid(format!("Bad search type field {unknown}")));
    }
    let limit = number(parameters.get("limit"), LIMIT_DEFAULT).filter(|limit| (1..=LIMIT_MAX).contains(limit));
    let limit = limit.ok_or_else(|| ApiError::invalid("Invalid limit"))?;
    let offset = number(parameters.get("offset"), 0).filter(|offset| *offset <= OFFSET_MAX);
    let offset = offset.ok_or_else(|| ApiError::invalid("Invalid offset"))?;
    let market = caller.market(parameters.get("market"))?;

    let mut body = json!({});
    for kind in kinds {
        let tracks = if kind == "track" { catalogue::search(query) } else { Vec::new() };
        let page = |offset: usize| page_url(&world.url, query, kind, parameters.get("market"), offset, limit);
        let items = tracks.iter().skip(offset).take(limit);
        body[format!("{kind}s")] = json!({
            "href": page(offset),
            "items": items.map(|track| shown(world, catalogue::in_market(track, &market))).collect::<Vec<_>>(),
            "limit": limit,
            "next": (offset + limit < tracks.len()).then(|| page(offset + limit)),
            "offset": offset,
            "previous": (offset > 0).then(|| page(offset.saturating_sub(limit))),
            "total": tracks.len(),
        });
    }
    Ok(HttpResponse::json(StatusCode::OK, &body))
}

/// A track in one market.
pub(crate) fn shown(world: &World, here: InMarket) -> Value {
    let Track { id, name, artists, album, release_date, track_number, duration_ms, explicit, isrc, .. } = here.track;
    let artists: Value = artists.iter().map(|name| artist(&world.url, name)).collect();
    let mut track = json!({
        "album": {
            "album_type": "album",
            "artists": artists,
            "external_urls": { "spotify": format!("https://open.spotify.com/album/{}", derived_id(album)) },
            "href": format!("{}/v1/albums/{}", world.url, derived_id(album)),
            "id": derived_id(album),
            "images": images(&world.url, &derived_id(album), &SIZES_PX),
            "name": album,
            "release_date": release_date,
            "release_date_precision": "day",
            "total_tracks": 10,
            "type": "album",
            "uri": format!("spotify:album:{}", derived_id(album)),
        },
        "artists": artists,
        "disc_number": 1,
        "duration_ms": duration_ms,
        "explicit": explicit,
        "external_ids": { "isrc": isrc },
        "is_local": false,
        "is_playable": here.is_playable,
        "name": name,
        "preview_url": null,
        "track_number": track_number,
    });
    merge(&mut track, link(&world.url, id));
    if let Some(asked_for) = here.asked_for.filter(|_| world.switches.linked_from) {
        track["linked_from"] = link(&world.url, asked_for.id);
    }
    if !here.is_playable {
        track["restrictions"] = json!({ "reason": "market" });
    }
    track
}

/// The identifying fields of a track.
fn link(url: &str, id: &str) -> Value {
    json!({
        "external_urls": { "spotify": format!("https://open.spotify.com/track/{id}") },
        "href": format!("{url}/v1/tracks/{id}"),
        "id": id,
        "type": "track",
        "uri": format!("spotify:track:{id}"),
    })
}

fn artist(url: &str, name: &str) -> Value {
    let id = derived_id(name);
    json!({
        "external_urls": { "spotify": format!("https://open.spotify.com/artist/{id}") },
        "href": format!("{url}/v1/artists/{id}"),
        "id": id,
        "name": name,
        "type": "artist",
        "uri": format!("spotify:artist:{id}"),
    })
}

/// A 22-character id derived from a name.
fn derived_id(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).chain(std::iter::repeat('0')).take(22).collect()
}

fn merge(target: &mut Value, fields: Value) {
    if let (Value::Object(target), Value::Object(fields)) = (target, fields) {
        target.extend(fields);
    }
}

fn page_url(url: &str, query: &str, kind: &str, market: Option<&str>, offset: usize, limit: usize) -> String {
    let mut parameters = form_urlencoded::Serializer::new(String::new());
    parameters.append_pair("q", query).append_pair("type", kind);
    if let Some(market) = market {
        parameters.append_pair("market", market);
    }
    parameters.append_pair("offset", &offset.to_string()).append_pair("limit", &limit.to_string());
    format!("{url}/v1/search?{}", parameters.finish())
}

/// A numeric parameter or its default; `None` if it is malformed.
fn number(text: Option<&str>, default: usize) -> Option<usize> {
    text.map_or(Some(default), |text| text.parse().ok())
}
