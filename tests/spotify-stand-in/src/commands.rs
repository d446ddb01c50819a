//! `/v1/me/player`: what is asked of a player over HTTP, and who may ask it.
//!
//! Reading takes a scope; commands take another one, and Premium.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::catalogue::{self, Track};
use crate::exchange::{Answer, Ask, Parameters};
use crate::people::Product;
use crate::player::{Device, Player, Refused};
use crate::switches::{CommandStatus, take_one};
use crate::tracks;
use crate::web_api::Caller;
use crate::world::World;

pub(crate) fn answer(world: &mut World, ask: &Ask, path: &[&str], caller: &Caller) -> Result<Answer, ApiError> {
    if take_one(&mut world.switches.false_premium_required) {
        return Err(premium_required());
    }
    let scope = if ask.method == Method::GET { "user-read-playback-state" } else { "user-modify-playback-state" };
    if !caller.may(scope) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "Insufficient client scope"));
    }
    match (&ask.method, path) {
        (&Method::GET, []) => state(world, caller, &ask.parameters()),
        (&Method::GET, ["devices"]) => Ok(devices(world, caller)),
        (&Method::PUT, [] | ["play" | "pause" | "seek" | "volume"]) => {
            if caller.person.product != Product::Premium {
                return Err(premium_required());
            }
            command(world, ask, path, caller)?;
            Ok(done(world.switches.command_status))
        }
        _ => Err(ApiError::no_such_service()),
    }
}

fn state(world: &mut World, caller: &Caller, parameters: &Parameters) -> Result<Answer, ApiError> {
    let market = caller.market(parameters.get("market"))?;
    let now_ms = world.clock.now_ms();
    let nothing = || Ok(Answer::empty(StatusCode::NO_CONTENT));
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
    Ok(Answer::json(StatusCode::OK, &body))
}

fn devices(world: &mut World, caller: &Caller) -> Answer {
    let devices: Vec<_> = world
        .player(caller.person.id.as_str())
        .map(|player| player.devices().iter().map(|device| shown(player, device)).collect())
        .unwrap_or_default();
    Answer::json(StatusCode::OK, &json!({ "devices": devices }))
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

fn command(world: &mut World, ask: &Ask, path: &[&str], caller: &Caller) -> Result<(), ApiError> {
    let now_ms = world.clock.now_ms();
    let parameters = ask.parameters();
    let device = parameters.get("device_id");
    let player = world.player(caller.person.id.as_str()).ok_or_else(ApiError::no_such_service)?;
    let done = match path {
        ["play"] => {
            let Play { uris, context_uri, position_ms } =
                if ask.body.is_empty() { Play::default() } else { json_body(ask)? };
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
            let Transfer { device_ids, play } = json_body(ask)?;
            let [device] = device_ids.as_slice() else {
                return Err(ApiError::invalid("Exactly one device_id must be supplied"));
            };
            player.transfer(device, play, now_ms)
        }
    };
    done.map_err(refused)
}

/// What plays in `market` when these are asked for. What does not is passed over, and nobody is told.
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

fn done(status: CommandStatus) -> Answer {
    match status {
        // The real one does this: a body that is no JSON, which breaks clients that read it.
        CommandStatus::Ok => Answer::bytes(StatusCode::OK, "application/json; charset=utf-8", "AAAAAStandInCommand"),
        CommandStatus::Accepted => Answer::empty(StatusCode::ACCEPTED),
        CommandStatus::NoContent => Answer::empty(StatusCode::NO_CONTENT),
    }
}

fn premium_required() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "Player command failed: Premium required").because("PREMIUM_REQUIRED")
}

fn refused(refused: Refused) -> ApiError {
    let (status, sentence, reason) = match refused {
        Refused::DeviceNotFound => return ApiError::new(StatusCode::NOT_FOUND, "Device not found"),
        Refused::NoActiveDevice => (StatusCode::NOT_FOUND, "No active device found", "NO_ACTIVE_DEVICE"),
        Refused::DeviceRestricted => (StatusCode::FORBIDDEN, "Restricted device", "DEVICE_NOT_CONTROLLABLE"),
        Refused::AlreadyPaused => (StatusCode::FORBIDDEN, "Restriction violated", "ALREADY_PAUSED"),
        Refused::NotPaused => (StatusCode::FORBIDDEN, "Restriction violated", "NOT_PAUSED"),
        Refused::NothingLoaded => (StatusCode::FORBIDDEN, "Restriction violated", "NO_SPECIFIC_TRACK"),
        Refused::NoVolume => (StatusCode::FORBIDDEN, "Cannot control device volume", "VOLUME_CONTROL_DISALLOW"),
    };
    ApiError::new(status, format!("Player command failed: {sentence}")).because(reason)
}

fn json_body<'ask, T: Deserialize<'ask>>(ask: &'ask Ask) -> Result<T, ApiError> {
    serde_json::from_slice(&ask.body).map_err(|_| ApiError::invalid("Malformed json"))
}

fn position(position_ms: i64) -> Result<u64, ApiError> {
    u64::try_from(position_ms).map_err(|_| ApiError::invalid("position_ms must be positive"))
}
