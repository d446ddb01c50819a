//! `/sdk/`: the replacement of the Web Playback SDK, and its endpoints: registering a device and polling its state.
//!
//! Like the real SDK it bypasses the Web API and its rate limits.

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http_message::{HttpRequest, HttpResponse};
use crate::ids::{DeviceId, PersonId};
use crate::people::Product;
use crate::player::{Device, Player};
use crate::switches::decrement;
use crate::web_api::preflight;
use crate::world::World;

const SCRIPT: &str = include_str!("sdk.js");

#[derive(Deserialize)]
struct Connect {
    id: DeviceId,
    name: String,
}

#[derive(Deserialize)]
struct Command {
    id: DeviceId,
    #[serde(default)]
    position_ms: u64,
}

pub(crate) fn respond(world: &mut World, req: &HttpRequest, path: &[&str]) -> HttpResponse {
    if req.method == Method::OPTIONS {
        return preflight();
    }
    let response = match (req.method.as_str(), path) {
        ("GET", ["spotify-player.js"]) => HttpResponse::bytes(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT),
        _ => match person(world, req) {
            Some(person) => of_person(world, req, path, &person).unwrap_or_else(HttpResponse::empty),
            None => HttpResponse::empty(StatusCode::UNAUTHORIZED),
        },
    };
    response.with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}

fn person(world: &mut World, req: &HttpRequest) -> Option<PersonId> {
    let token = req.authorization()?.strip_prefix("Bearer ")?;
    let grant = world.grants.access(token, world.clock.now_ms()).ok()?;
    grant.scopes.iter().any(|scope| scope == "streaming").then(|| grant.person.clone())
}

fn of_person(
    world: &mut World,
    req: &HttpRequest,
    path: &[&str],
    person: &PersonId,
) -> Result<HttpResponse, StatusCode> {
    let bad = |_| StatusCode::BAD_REQUEST;
    let now_ms = world.clock.now_ms();
    if path == ["connect"] {
        let is_refused = decrement(&mut world.switches.false_account_error);
        let product = world.people.get(person.as_str()).map(|person| person.product);
        if is_refused || product != Some(Product::Premium) {
            return Err(StatusCode::FORBIDDEN);
        }
    }
    let player = world.player(person.as_str()).ok_or(StatusCode::NOT_FOUND)?;
    match (req.method.as_str(), path) {
        ("POST", ["connect"]) => {
            let Connect { id, name } = req.json().map_err(bad)?;
            player.put_device(Device { name, kind: "Computer".to_owned(), ..Device::with_id(id) });
        }
        ("POST", ["disconnect"]) => {
            player.remove_device(req.json::<Command>().map_err(bad)?.id.as_str(), now_ms);
        }
        ("POST", ["pause"]) => {
            let _ = player.pause(Some(req.json::<Command>().map_err(bad)?.id.as_str()), now_ms);
        }
        ("POST", ["seek"]) => {
            let Command { id, position_ms } = req.json().map_err(bad)?;
            let _ = player.seek(Some(id.as_str()), position_ms, now_ms);
        }
        ("GET", ["state"]) => {
            let is_active =
                player.active().is_some_and(|device| req.parameters().get("id") == Some(device.id.as_str()));
            let state = if is_active { state(player, now_ms) } else { Value::Null };
            return Ok(HttpResponse::json(StatusCode::OK, &state));
        }
        _ => return Err(StatusCode::NOT_FOUND),
    }
    Ok(HttpResponse::json(StatusCode::OK, &json!({})))
}

fn state(player: &Player, now_ms: i64) -> Value {
    // Without `linked_from`, as mostly in the real SDK.
    let track = player.track().map(|track| {
        json!({ "id": track.id, "uri": format!("spotify:track:{}", track.id), "duration_ms": track.duration_ms })
    });
    json!({
        "track": track,
        "position_ms": player.position_ms(now_ms),
        "is_playing": player.is_playing(),
        "changed_at_ms": player.changed_at_ms,
    })
}
