//! `/stand-in/`: the control API for tests in another process, in JSON.
//!
//! Offers everything that the library does except secrets, which a page must not be able to read.

use std::time::Duration;

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::commands;
use crate::http_message::{HttpRequest, HttpResponse};
use crate::merge::merged;
use crate::player::Device;
use crate::switches::{LATENCY_MS_MAX, Switches};
use crate::web_api::preflight;
use crate::world::World;

/// An unknown resource, or a malformed body.
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

pub(crate) fn respond(world: &mut World, req: &HttpRequest, path: &[&str]) -> HttpResponse {
    if req.method == Method::OPTIONS {
        return preflight();
    }
    let response = match resource(world, req, path) {
        Ok(body) => HttpResponse::json(StatusCode::OK, &body),
        Err(Failure::NotFound) => HttpResponse::json(StatusCode::NOT_FOUND, &json!({ "error": "not found" })),
        Err(Failure::Invalid(error)) => HttpResponse::json(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    };
    // The replacement of the Playback SDK runs in a page of the app.
    response.with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}

fn resource(world: &mut World, req: &HttpRequest, path: &[&str]) -> Result<Value, Failure> {
    match (req.method.as_str(), path) {
        ("GET", ["switches"]) => Ok(json!(world.switches)),
        ("PATCH", ["switches"]) => {
            let changed: Switches = merged(&world.switches, req.json()?)?;
            if changed.latency_ms > LATENCY_MS_MAX {
                return Err(Failure::Invalid(format!("latency_ms is at most {LATENCY_MS_MAX}")));
            }
            world.switches = changed;
            Ok(json!(world.switches))
        }
        ("GET", ["requests"]) => Ok(json!(world.recorder.requests())),
        ("GET", ["clock"]) => Ok(json!({ "now_ms": world.clock.now_ms() })),
        ("POST", ["clock"]) => {
            world.clock.advance(Duration::from_millis(req.json::<Advance>()?.advance_ms));
            Ok(json!({ "now_ms": world.clock.now_ms() }))
        }
        ("GET", ["people"]) => Ok(json!(world.people.all())),
        ("POST", ["people"]) => Ok(json!(world.people.add_json(req.json()?)?)),
        (_, ["people", id, rest @ ..]) => of_person(world, req, id, rest),
        _ => Err(Failure::NotFound),
    }
}

fn of_person(world: &mut World, req: &HttpRequest, id: &str, path: &[&str]) -> Result<Value, Failure> {
    let person = world.people.get(id).ok_or(Failure::NotFound)?;
    match (req.method.as_str(), path) {
        ("GET", []) => Ok(json!(person)),
        ("PATCH", []) => Ok(json!(world.people.patch(id, req.json()?).ok_or(Failure::NotFound)??)),
        ("POST", ["revoke"]) => {
            world.grants.revoke(id);
            Ok(json!({}))
        }
        ("POST", ["age"]) => {
            let Age { days } = req.json()?;
            world.grants.age(id, Duration::from_hours(24 * u64::from(days)));
            Ok(json!({}))
        }
        _ => of_player(world, req, id, path),
    }
}

fn of_player(world: &mut World, req: &HttpRequest, id: &str, path: &[&str]) -> Result<Value, Failure> {
    let now_ms = world.clock.now_ms();
    let player = world.player(id).ok_or(Failure::NotFound)?;
    match (req.method.as_str(), path) {
        ("GET", ["player" | "devices"]) => {}
        ("POST", ["devices"]) => {
            let fields: Value = req.json()?;
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
