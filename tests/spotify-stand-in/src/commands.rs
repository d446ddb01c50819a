//! `/v1/me/player`: the player's HTTP API and its access control.
//!
//! Reading needs one scope; commands need another one, and Premium.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::catalogue::{self, Track};
use crate::http_message::{HttpRequest, HttpResponse, Parameters};
use crate::people::Product;
use crate::player::{Device, Player, PlayerError};
use crate::switches::{CommandStatus, decrement};
use crate::tracks;
use crate::web_api::Caller;
use crate::world::World;

pub(crate) fn respond(
    world: &mut World,
    req: &HttpRequest,
    path: &[&str],
    caller: &Caller,
) -> Result<HttpResponse, ApiError> {
    if decrement(&mut world.switches.false_premium_required) {
        return Err(premium_required());
    }
    let scope = if req.method == Method::GET { "user-read-playback-state" } else { "user-modify-playback-state" };
    if !caller.may(scope) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "Insufficient client scope"));
    }
    match (&req.method, path) {
        (&Method::GET, []) => state(world, caller, &req.parameters()),
        (&Method::GET, ["devices"]) => Ok(devices(world, caller)),
        (&Method::PUT, [] | ["play" | "pause" | "seek" | "volume"]) => {
            if caller.person.product != Product::Premium {
                return Err(premium_required());
            }
            command(world, req, path, caller)?;
            Ok(done(world.switches.command_status))
        }
        _ => Err(ApiError::no_such_service()),
    }
}

fn state(world: &mut World, caller: &Caller, parameters: &Parameters) -> Result<HttpResponse, ApiError> {
    let market = caller.market(parameters.get("market"))?;
    let now_ms = world.clock.now_ms();
    let nothing = || Ok(HttpResponse::empty(StatusCode::NO_CONTENT));
    let Some(player) = world.player(caller.person.id.as_str()) else { return nothing() };
    let Some(device) = player.active() else { return nothing() };
    let mut body = json!({
        "device": shown(player, device),
        "repeat_state": "off",
        "shuffle_state": false,
        "context": null,
        "timestamp": player.changed_at_ms,
        "progress_ms": player.track().map(|_| player.position_ms(now_ms)),
        "is_playing": player.is_playing(),
        "item": null,
        "currently_playing_type": if player.track().is_some() { "track" } else { "unknown" },
        "actions": { "disallows": { if player.is_playing() { "resuming" } else { "pausing" }: true } },
    });
    if let Some(track) = player.track() {
        body["item"] = tracks::shown(world, catalogue::in_market(track, &market));
    }
    Ok(HttpResponse::json(StatusCode::OK, &body))
}

fn devices(world: &mut World, caller: &Caller) -> HttpResponse {
    let devices: Vec<_> = world
        .player(caller.person.id.as_str())
        .map(|player| player.devices().iter().map(|device| shown(player, device)).collect())
        .unwrap_or_default();
    HttpResponse::json(StatusCode::OK, &json!({ "devices": devices }))
}

/// A device as the Web API shows it.
pub(crate) fn shown(player: &Player, device: &Device) -> Value {
    let mut value = json!(device);
    value["is_active"] = json!(player.active() == Some(device));
    if !device.supports_volume {
        value["volume_percent"] = Value::Null;
    }
    value
}

/// The body of a transfer.
#[derive(Deserialize)]
struct Transfer {
    device_ids: Vec<String>,
    #[serde(default)]
    play: bool,
}

/// The body of `play`; all of it may be missing.
#[derive(Default, Deserialize)]
struct Play {
    uris: Option<Vec<String>>,
    context_uri: Option<String>,
    position_ms: Option<i64>,
}

fn command(world: &mut World, req: &HttpRequest, path: &[&str], caller: &Caller) -> Result<(), ApiError> {
    let now_ms = world.clock.now_ms();
    let parameters = req.parameters();
    let device = parameters.get("device_id");
    let player = world.player(caller.person.id.as_str()).ok_or_else(ApiError::no_such_service)?;
    let done = match path {
        ["play"] => {
            let Play { uris, context_uri, position_ms } =
                if req.body.is_empty() { Play::default() } else { json_body(req)? };
            if context_uri.is_some() {
                return Err(ApiError::invalid("Unsupported context uri"));
            }
            let position_ms = position_ms.map(position).transpose()?;
            match uris {
                Some(uris) => {
                    let tracks = playable(&uris, &caller.person.country)?;
                    player.play(device, tracks, position_ms.unwrap_or(0), now_ms)
                }
                None => player.resume(device, position_ms, now_ms),
            }
        }
        ["pause"] => player.pause(device, now_ms),
        ["seek"] => {
            let position_ms = parameters.get("position_ms").and_then(|text| text.parse().ok());
            let missing = || ApiError::invalid("Missing required field: position_ms");
            player.seek(device, position(position_ms.ok_or_else(missing)?)?, now_ms)
        }
        ["volume"] => {
            let percent = parameters.get("volume_percent").and_then(|text| text.parse().ok());
            let invalid = || ApiError::invalid("volume_percent must be in the range 0 to 100");
            player.set_volume(device, percent.filter(|percent| *percent <= 100).ok_or_else(invalid)?)
        }
        _ => {
            let Transfer { device_ids, play } = json_body(req)?;
            let [device] = device_ids.as_slice() else {
                return Err(ApiError::invalid("Exactly one device_id must be supplied"));
            };
            player.transfer(device, play, now_ms)
        }
    };
    done.map_err(refused)
}

/// The tracks that play in `market` for these URIs. Unavailable ones are silently skipped.
fn playable(uris: &[String], market: &str) -> Result<Vec<&'static Track>, ApiError> {
    let mut tracks = Vec::new();
    for uri in uris {
        let known = uri.strip_prefix("spotify:track:").and_then(catalogue::track);
        let track = known.ok_or_else(|| ApiError::invalid(format!("Invalid track uri: {uri}")))?;
        let here = catalogue::in_market(track, market);
        tracks.extend(here.is_playable.then_some(here.track));
    }
    Ok(tracks)
}

fn done(status: CommandStatus) -> HttpResponse {
    match status {
        // As the real service does: a body that is not JSON, which breaks clients that parse it.
        CommandStatus::Ok => {
            HttpResponse::bytes(StatusCode::OK, "application/json; charset=utf-8", "AAAAAStandInCommand")
        }
        CommandStatus::Accepted => HttpResponse::empty(StatusCode::ACCEPTED),
        CommandStatus::NoContent => HttpResponse::empty(StatusCode::NO_CONTENT),
    }
}

fn premium_required() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "Player command failed: Premium required").because("PREMIUM_REQUIRED")
}

fn refused(refused: PlayerError) -> ApiError {
    let (status, sentence, reason) = match refused {
        PlayerError::DeviceNotFound => return ApiError::new(StatusCode::NOT_FOUND, "Device not found"),
        PlayerError::NoActiveDevice => (StatusCode::NOT_FOUND, "No active device found", "NO_ACTIVE_DEVICE"),
        PlayerError::DeviceRestricted => (StatusCode::FORBIDDEN, "Restricted device", "DEVICE_NOT_CONTROLLABLE"),
        PlayerError::AlreadyPaused => (StatusCode::FORBIDDEN, "Restriction violated", "ALREADY_PAUSED"),
        PlayerError::NotPaused => (StatusCode::FORBIDDEN, "Restriction violated", "NOT_PAUSED"),
        PlayerError::NothingLoaded => (StatusCode::FORBIDDEN, "Restriction violated", "NO_SPECIFIC_TRACK"),
        PlayerError::NoVolume => (StatusCode::FORBIDDEN, "Cannot control device volume", "VOLUME_CONTROL_DISALLOW"),
    };
    ApiError::new(status, format!("Player command failed: {sentence}")).because(reason)
}

fn json_body<'request, T: Deserialize<'request>>(req: &'request HttpRequest) -> Result<T, ApiError> {
    serde_json::from_slice(&req.body).map_err(|_| ApiError::invalid("Malformed json"))
}

fn position(position_ms: i64) -> Result<u64, ApiError> {
    u64::try_from(position_ms).map_err(|_| ApiError::invalid("position_ms must be positive"))
}
