//! `/stand-in/`: what a test in another process turns and reads. JSON both ways.
//!
//! It can do what the library can, but for secrets: those are not given to whatever page asks.

use std::time::Duration;

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::commands;
use crate::exchange::{Answer, Ask};
use crate::merge::merged;
use crate::player::Device;
use crate::switches::{LATENCY_MS_MAX, Switches};
use crate::web_api::preflight;
use crate::world::World;

/// Who is not there, or what is wrong with the body.
enum Failure {
    NotFound,
    Invalid(String),
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Invalid(error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Age {
    days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

pub(crate) fn answer(world: &mut World, ask: &Ask, path: &[&str]) -> Answer {
    if ask.method == Method::OPTIONS {
        return preflight();
    }
    let answer = match resource(world, ask, path) {
        Ok(body) => Answer::json(StatusCode::OK, &body),
        Err(Failure::NotFound) => Answer::json(StatusCode::NOT_FOUND, &json!({ "error": "there is no such thing" })),
        Err(Failure::Invalid(error)) => Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    };
    // A stand-in for the Playback SDK runs in a page of the app.
    answer.with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}

fn resource(world: &mut World, ask: &Ask, path: &[&str]) -> Result<Value, Failure> {
    match (ask.method.as_str(), path) {
        ("GET", ["switches"]) => Ok(json!(world.switches)),
        ("PATCH", ["switches"]) => {
            let changed: Switches = merged(&world.switches, ask.json()?)?;
            if changed.latency_ms > LATENCY_MS_MAX {
                return Err(Failure::Invalid(format!("latency_ms is at most {LATENCY_MS_MAX}")));
            }
            world.switches = changed;
            Ok(json!(world.switches))
        }
        ("GET", ["requests"]) => Ok(json!(world.seen.requests())),
        ("GET", ["clock"]) => Ok(json!({ "now_ms": world.clock.now_ms() })),
        ("POST", ["clock"]) => {
            world.clock.advance(Duration::from_millis(ask.json::<Advance>()?.advance_ms));
            Ok(json!({ "now_ms": world.clock.now_ms() }))
        }
        ("GET", ["people"]) => Ok(json!(world.people.all())),
        ("POST", ["people"]) => Ok(json!(world.people.add_json(ask.json()?)?)),
        (_, ["people", id, rest @ ..]) => of_person(world, ask, id, rest),
        _ => Err(Failure::NotFound),
    }
}

fn of_person(world: &mut World, ask: &Ask, id: &str, path: &[&str]) -> Result<Value, Failure> {
    let person = world.people.get(id).ok_or(Failure::NotFound)?;
    match (ask.method.as_str(), path) {
        ("GET", []) => Ok(json!(person)),
        ("PATCH", []) => Ok(json!(world.people.patch(id, ask.json()?).ok_or(Failure::NotFound)??)),
        ("POST", ["revoke"]) => {
            world.grants.revoke(id);
            Ok(json!({}))
        }
        ("POST", ["age"]) => {
            let Age { days } = ask.json()?;
            world.grants.age(id, Duration::from_hours(24 * u64::from(days)));
            Ok(json!({}))
        }
        _ => of_player(world, ask, id, path),
    }
}

fn of_player(world: &mut World, ask: &Ask, id: &str, path: &[&str]) -> Result<Value, Failure> {
    let now_ms = world.clock.now_ms();
    let player = world.player(id).ok_or(Failure::NotFound)?;
    match (ask.method.as_str(), path) {
        ("GET", ["player" | "devices"]) => {}
        ("POST", ["devices"]) => {
            let fields: Value = ask.json()?;
            let device_id = serde_json::from_value(fields.get("id").cloned().unwrap_or_default())?;
            player.put_device(merged(&Device::with_id(device_id), fields)?);
        }
        ("DELETE", ["devices", device]) => {
            if !player.remove_device(device, now_ms) {
                return Err(Failure::NotFound);
            }
        }
        ("POST", ["devices", device, "activate"]) => {
            player.activate(device, now_ms).map_err(|_| Failure::NotFound)?;
        }
        _ => return Err(Failure::NotFound),
    }
    let devices: Vec<_> = player.devices().iter().map(|device| commands::shown(player, device)).collect();
    Ok(json!({
        "devices": devices,
        "track": player.track().map(|track| track.id),
        "position_ms": player.position_ms(now_ms),
        "is_playing": player.is_playing(),
        "changed_at_ms": player.changed_at_ms,
        "now_ms": now_ms,
    }))
}
