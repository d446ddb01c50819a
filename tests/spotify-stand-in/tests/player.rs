//! Players: commands, the passing of time, and rejections.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tutti_spotify_stand_in::catalogue::{EXPLICIT, RELINKED, RELINKED_TO, SHORT, UNPLAYABLE};
use tutti_spotify_stand_in::{Device, Person};

use crate::support::{App, VERIFIER, text};

/// Ana with two inactive devices, a kitchen and a phone.
async fn ana() -> (App, String) {
    let app = App::start().await;
    app.spotify.add_device("ana", Device::new("kitchen"));
    app.spotify.add_device("ana", Device { supports_volume: false, ..Device::new("phone") });
    let access = app.login("ana").await.access;
    (app, access)
}

fn uris(ids: &[&str], position_ms: i64) -> String {
    let uris: Vec<_> = ids.iter().map(|id| format!("spotify:track:{id}")).collect();
    json!({ "uris": uris, "position_ms": position_ms }).to_string()
}

/// `kitchen: playing <id> at 1000` from `GET /v1/me/player`. In whole seconds, since the clock runs.
async fn state(app: &App, access: &str) -> String {
    let told = app.get(access, "/v1/me/player").await;
    if told.status == 204 {
        return "nothing".to_owned();
    }
    let body = told.json();
    let how = if body["is_playing"] == true { "playing" } else { "paused" };
    let what = body["item"]["id"].as_str().unwrap_or("nothing");
    let seconds = body["progress_ms"].as_u64().unwrap_or(0) / 1000;
    format!("{}: {how} {what} at {seconds} s", text(&body["device"], "name"))
}

#[tokio::test]
async fn play_starts_a_track_at_a_position_on_a_device() {
    let (app, access) = ana().await;
    assert_eq!(state(&app, &access).await, "nothing");
    let play = "/v1/me/player/play?device_id=kitchen";
    assert_eq!(app.put(&access, play, &uris(&[EXPLICIT, SHORT], 60_000)).await.status, 204);
    assert_eq!(state(&app, &access).await, format!("kitchen: playing {EXPLICIT} at 60 s"));
    app.spotify.advance(Duration::from_secs(100));
    assert_eq!(state(&app, &access).await, format!("kitchen: playing {EXPLICIT} at 160 s"));
    app.spotify.advance(Duration::from_secs(50));
    assert_eq!(state(&app, &access).await, format!("kitchen: playing {SHORT} at 8 s"));
    app.spotify.advance(Duration::from_mins(1));
    assert_eq!(state(&app, &access).await, format!("kitchen: paused {SHORT} at 0 s"));
}

#[tokio::test]
async fn playback_can_be_paused_sought_and_resumed() {
    let (app, access) = ana().await;
    app.put(&access, "/v1/me/player/play?device_id=kitchen", &uris(&[EXPLICIT], 0)).await;
    assert_eq!(app.put(&access, "/v1/me/player/seek?position_ms=30000", "").await.status, 204);
    assert_eq!(app.put(&access, "/v1/me/player/pause", "").await.status, 204);
    app.spotify.advance(Duration::from_mins(1));
    assert_eq!(state(&app, &access).await, format!("kitchen: paused {EXPLICIT} at 30 s"));
    assert_eq!(app.put(&access, "/v1/me/player/pause", "").await.error(), "403 ALREADY_PAUSED");
    assert_eq!(app.put(&access, "/v1/me/player/play", "").await.status, 204);
    assert_eq!(app.put(&access, "/v1/me/player/play", "").await.error(), "403 NOT_PAUSED");
    app.spotify.advance(Duration::from_secs(5));
    assert_eq!(state(&app, &access).await, format!("kitchen: playing {EXPLICIT} at 35 s"));
}

#[tokio::test]
async fn commands_need_an_active_device_until_one_is_named() {
    let (app, access) = ana().await;
    for command in ["play", "pause", "seek?position_ms=1", "volume?volume_percent=1"] {
        let told = app.put(&access, &format!("/v1/me/player/{command}"), "").await;
        assert_eq!(told.error(), "404 NO_ACTIVE_DEVICE", "{command}");
    }
    assert_eq!(app.put(&access, "/v1/me/player", r#"{"device_ids":["kitchen"]}"#).await.status, 204);
    assert_eq!(app.put(&access, "/v1/me/player/play", &uris(&[EXPLICIT], 0)).await.status, 204);
    assert_eq!(app.put(&access, "/v1/me/player", r#"{"device_ids":["phone"],"play":true}"#).await.status, 204);
    assert_eq!(state(&app, &access).await, format!("phone: playing {EXPLICIT} at 0 s"));

    app.spotify.remove_device("ana", "phone");
    assert_eq!(state(&app, &access).await, "nothing");
    assert_eq!(app.put(&access, "/v1/me/player/play", "").await.error(), "404 NO_ACTIVE_DEVICE");
    let gone = app.put(&access, "/v1/me/player/play?device_id=phone", "").await;
    assert_eq!(gone.error(), "404 Device not found");
}

#[tokio::test]
async fn devices_are_listed_with_the_active_one_marked() {
    let (app, access) = ana().await;
    app.spotify.activate_device("ana", "kitchen");
    assert_eq!(app.put(&access, "/v1/me/player/volume?volume_percent=7", "").await.status, 204);
    let listed = app.get(&access, "/v1/me/player/devices").await.json();
    let kitchen = json!({
        "id": "kitchen", "name": "kitchen", "type": "Computer", "volume_percent": 7, "supports_volume": true,
        "is_active": true, "is_restricted": false, "is_private_session": false,
    });
    assert_eq!(listed["devices"][0], kitchen);
    assert_eq!(listed["devices"][1]["is_active"], false);
    assert_eq!(listed["devices"][1]["volume_percent"], Value::Null);
    let phone = app.put(&access, "/v1/me/player/volume?volume_percent=7&device_id=phone", "").await;
    assert_eq!(phone.error(), "403 VOLUME_CONTROL_DISALLOW");
    assert_eq!(app.spotify.devices("ana")[0].volume_percent, 7);
    assert_eq!(app.spotify.active_device("ana").unwrap().name, "kitchen");
    let ben = app.login("ben").await;
    assert_eq!(app.get(&ben.access, "/v1/me/player/devices").await.json(), json!({ "devices": [] }));
}

#[tokio::test]
async fn a_restricted_device_rejects_commands() {
    let (app, access) = ana().await;
    app.spotify.add_device("ana", Device { is_restricted: true, ..Device::new("car") });
    let told = app.put(&access, "/v1/me/player/play?device_id=car", &uris(&[EXPLICIT], 0)).await;
    assert_eq!(told.error(), "403 DEVICE_NOT_CONTROLLABLE");
}

#[tokio::test]
async fn without_premium_reading_works_and_commands_are_rejected() {
    let app = App::start().await;
    app.spotify.add_device("cleo", Device::new("kitchen"));
    app.spotify.activate_device("cleo", "kitchen");
    let access = app.login("cleo").await.access;
    assert_eq!(app.get(&access, "/v1/me/player").await.status, 200);
    let play = "/v1/me/player/play";
    assert_eq!(app.put(&access, play, &uris(&[EXPLICIT], 0)).await.error(), "403 PREMIUM_REQUIRED");
    app.spotify.add_person(Person::new("cleo"));
    assert_eq!(app.put(&access, play, &uris(&[EXPLICIT], 0)).await.status, 204, "Cleo has subscribed");
}

#[tokio::test]
async fn tracks_are_relinked_for_the_accounts_country() {
    let (app, access) = ana().await;
    let play = "/v1/me/player/play?device_id=kitchen";
    app.put(&access, play, &uris(&[RELINKED], 0)).await;
    assert_eq!(app.spotify.playback("ana").unwrap().track, RELINKED_TO);
    assert_eq!(state(&app, &access).await, format!("kitchen: playing {RELINKED_TO} at 0 s"));
    assert_eq!(app.put(&access, play, &uris(&[UNPLAYABLE], 0)).await.status, 204, "without an error");
    assert_eq!(state(&app, &access).await, "kitchen: paused nothing at 0 s");
}

#[tokio::test]
async fn malformed_commands_are_rejected() {
    let (app, access) = ana().await;
    app.spotify.activate_device("ana", "kitchen");
    let error = async |path: &str, body: &str| app.put(&access, &format!("/v1/me/player{path}"), body).await.error();
    assert_eq!(error("/play", "").await, "403 NO_SPECIFIC_TRACK");
    assert_eq!(error("/play", "{").await, "400 Malformed json");
    assert_eq!(error("/play", r#"{"uris":["spotify:album:1"]}"#).await, "400 Invalid track uri: spotify:album:1");
    assert_eq!(error("/play", r#"{"context_uri":"spotify:album:1"}"#).await, "400 Unsupported context uri");
    assert_eq!(error("/play", &uris(&[EXPLICIT], -1)).await, "400 position_ms must be positive");
    assert_eq!(error("/seek", "").await, "400 Missing required field: position_ms");
    assert_eq!(error("/volume?volume_percent=101", "").await, "400 volume_percent must be in the range 0 to 100");
    let both = r#"{"device_ids":["kitchen","phone"]}"#;
    assert_eq!(error("", both).await, "400 Exactly one device_id must be supplied");
    assert_eq!(app.call(Method::POST, &access, "/v1/me/player/play", "").await.error(), "404 Service not found");
}

#[tokio::test]
async fn commands_need_their_own_scope() {
    let (app, _) = ana().await;
    let narrow = App::request().into_iter().map(|(name, value)| match name {
        "scope" => (name, "user-read-playback-state"),
        _ => (name, value),
    });
    let code = app.code("ana", &narrow.collect::<Vec<_>>()).await;
    let access = text(&app.exchange(&code, Some(VERIFIER)).await.json(), "access_token");
    assert_eq!(app.get(&access, "/v1/me/player").await.status, 204);
    let told = app.put(&access, "/v1/me/player/pause?device_id=kitchen", "").await;
    assert_eq!(told.error(), "403 Insufficient client scope");
}

#[tokio::test]
async fn a_put_without_a_content_length_is_rejected() {
    let (app, access) = ana().await;
    let mut stream = TcpStream::connect(app.spotify.address()).await.unwrap();
    let request = format!(
        "PUT /v1/me/player/pause HTTP/1.1\r\nHost: spotify\r\nAuthorization: Bearer {access}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 411 "), "{answer}");
    assert!(answer.contains("text/html"), "not JSON: {answer}");
    let seen = app.spotify.requests();
    assert_eq!(seen.last().map(|seen| (seen.method.as_str(), seen.status)), Some(("PUT", 411)));
}
