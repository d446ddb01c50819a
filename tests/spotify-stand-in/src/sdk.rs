//! `/sdk/`: the script that stands for the Web Playback SDK, and what it asks: to be a device, and what that plays.
//!
//! The real one talks to Spotify by ways of its own, without the Web API's limits; so does this. Not in it: what a page
//! does with it.

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::exchange::{Answer, Ask};
use crate::ids::{DeviceId, PersonId};
use crate::people::Product;
use crate::player::{Device, Player};
use crate::switches::take_one;
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

pub(crate) fn answer(world: &mut World, ask: &Ask, path: &[&str]) -> Answer {
    if ask.method == Method::OPTIONS {
        return preflight();
    }
    let answer = match (ask.method.as_str(), path) {
        ("GET", ["spotify-player.js"]) => Answer::bytes(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT),
        _ => match person(world, ask) {
            Some(person) => of_person(world, ask, path, &person).unwrap_or_else(Answer::empty),
            None => Answer::empty(StatusCode::UNAUTHORIZED),
        },
    };
    answer.with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}

fn person(world: &mut World, ask: &Ask) -> Option<PersonId> {
    let token = ask.authorization()?.strip_prefix("Bearer ")?;
    let grant = world.grants.access(token, world.clock.now_ms()).ok()?;
    grant.scopes.iter().any(|scope| scope == "streaming").then(|| grant.person.clone())
}

fn of_person(world: &mut World, ask: &Ask, path: &[&str], person: &PersonId) -> Result<Answer, StatusCode> {
    let bad = |_| StatusCode::BAD_REQUEST;
    let now_ms = world.clock.now_ms();
    if path == ["connect"] {
        let is_refused = take_one(&mut world.switches.false_account_error);
        let product = world.people.get(person.as_str()).map(|person| person.product);
        if is_refused || product != Some(Product::Premium) {
            return Err(StatusCode::FORBIDDEN);
        }
    }
    let player = world.player(person.as_str()).ok_or(StatusCode::NOT_FOUND)?;
    match (ask.method.as_str(), path) {
        ("POST", ["connect"]) => {
            let Connect { id, name } = ask.json().map_err(bad)?;
            player.put_device(Device { name, kind: "Computer".to_owned(), ..Device::with_id(id) });
        }
        ("POST", ["disconnect"]) => {
            player.remove_device(ask.json::<Command>().map_err(bad)?.id.as_str(), now_ms);
        }
        ("POST", ["pause"]) => {
            let _ = player.pause(Some(ask.json::<Command>().map_err(bad)?.id.as_str()), now_ms);
        }
        ("POST", ["seek"]) => {
            let Command { id, position_ms } = ask.json().map_err(bad)?;
            let _ = player.seek(Some(id.as_str()), position_ms, now_ms);
        }
        ("GET", ["state"]) => {
            let is_active =
                player.active().is_some_and(|device| ask.parameters().get("id") == Some(device.id.as_str()));
            let state = if is_active { state(player, now_ms) } else { Value::Null };
            return Ok(Answer::json(StatusCode::OK, &state));
        }
        _ => return Err(StatusCode::NOT_FOUND),
    }
    Ok(Answer::json(StatusCode::OK, &json!({})))
}

fn state(player: &Player, now_ms: i64) -> Value {
    // What was relinked does not say so here, as the real one mostly does not.
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
