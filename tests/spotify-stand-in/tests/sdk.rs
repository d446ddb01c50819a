//! The endpoints of the browser player, without a browser.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tutti_spotify_stand_in::{Person, catalogue};

use crate::support::{App, TestResponse};

async fn connect(app: &App, access: &str) -> TestResponse {
    app.call(Method::POST, access, "/sdk/connect", r#"{"id":"sdk1","name":"Firefox"}"#).await
}

async fn state(app: &App, access: &str) -> Value {
    app.call(Method::GET, access, "/sdk/state?id=sdk1", "").await.json()
}

#[tokio::test]
async fn the_script_is_served_to_any_origin() {
    let app = App::start().await;
    let script = app.call(Method::GET, "", "/sdk/spotify-player.js", "").await;
    assert_eq!(script.status, 200);
    assert!(script.text.contains("onSpotifyWebPlaybackSDKReady"));
}

#[tokio::test]
async fn a_page_registers_as_a_device_and_reports_its_playback() {
    let app = App::start().await;
    let ana = app.login("ana").await.access;
    assert_eq!(connect(&app, &ana).await.status, 200);
    assert_eq!(state(&app, &ana).await, Value::Null, "the account plays elsewhere, or nothing");
    let body = format!(r#"{{"uris":["spotify:track:{}"],"position_ms":4000}}"#, catalogue::RELINKED);
    assert_eq!(app.call(Method::PUT, &ana, "/v1/me/player/play?device_id=sdk1", &body).await.status, 204);
    let playing = state(&app, &ana).await;
    assert_eq!(playing["track"]["id"], catalogue::RELINKED_TO);
    assert_eq!(playing["track"]["linked_from"], Value::Null);
    assert!(playing["position_ms"].as_u64().unwrap() >= 4000);
    app.call(Method::POST, &ana, "/sdk/pause", r#"{"id":"sdk1"}"#).await;
    assert_eq!(state(&app, &ana).await["is_playing"], false);
    app.call(Method::POST, &ana, "/sdk/seek", r#"{"id":"sdk1","position_ms":90000}"#).await;
    assert_eq!(state(&app, &ana).await["position_ms"], 90_000);
    app.call(Method::POST, &ana, "/sdk/disconnect", r#"{"id":"sdk1"}"#).await;
    assert!(app.spotify.devices("ana").is_empty());
    assert!(app.spotify.requests().iter().all(|request| !request.path.starts_with("/sdk/")));
}

#[tokio::test]
async fn the_player_rejects_the_accounts_that_the_real_one_rejects() {
    let app = App::start().await;
    assert_eq!(connect(&app, "nonsense").await.status, 401);
    let cleo = app.login("cleo").await.access;
    assert_eq!(connect(&app, &cleo).await.status, 403);
    app.spotify.add_person(Person::new("cleo"));
    app.set(|switches| switches.false_account_error = 1);
    assert_eq!([connect(&app, &cleo).await.status, connect(&app, &cleo).await.status], [403, 200]);
}

#[tokio::test]
async fn with_autoplay_spotify_continues_after_the_last_track() {
    let app = App::start().await;
    let ana = app.login("ana").await.access;
    app.set(|switches| switches.autoplay = true);
    connect(&app, &ana).await;
    let body = format!(r#"{{"uris":["spotify:track:{}"]}}"#, catalogue::SHORT);
    app.call(Method::PUT, &ana, "/v1/me/player/play?device_id=sdk1", &body).await;
    app.spotify.advance(Duration::from_secs(31));
    let playing = state(&app, &ana).await;
    assert_eq!((&playing["track"]["id"], &playing["is_playing"]), (&catalogue::AUTOPLAYED.into(), &true.into()));
}
