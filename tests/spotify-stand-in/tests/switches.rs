//! The switches, except those of `/v1/me` (see `me.rs`).

use std::time::Duration;

use tutti_spotify_stand_in::{CommandStatus, Device, LimitKind, RefreshToken, StandIn};

use crate::support::{App, SCOPES, Tokens, text};

/// The statuses of the next responses to `GET /v1/me`.
async fn next(app: &App, tokens: &Tokens, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(app.get(&tokens.access, "/v1/me").await.status);
    }
    statuses
}

#[tokio::test]
async fn a_refresh_can_return_an_empty_or_a_rotated_token() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    app.set(|switches| switches.refresh_token = RefreshToken::Empty);
    assert_eq!(app.refresh(&tokens.refresh).await.json()["refresh_token"], "");

    app.set(|switches| switches.refresh_token = RefreshToken::Rotated);
    let rotated = text(&app.refresh(&tokens.refresh).await.json(), "refresh_token");
    assert_ne!(rotated, tokens.refresh);
    assert_eq!(app.refresh(&tokens.refresh).await.refusal(), "400 invalid_grant: Invalid refresh token");
    assert_eq!(app.refresh(&rotated).await.json()["scope"], SCOPES);
}

#[tokio::test]
async fn false_401s_are_injected_and_end() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    app.set(|switches| switches.false_unauthorized = 2);
    assert_eq!(next(&app, &tokens, 3).await, [401, 401, 200]);
    assert_eq!(app.spotify.switches(|switches| switches.false_unauthorized), 0);
}

#[tokio::test]
async fn false_premium_required_errors_affect_the_player_only_and_end() {
    let app = App::start().await;
    app.spotify.add_device("ana", Device::new("kitchen"));
    app.spotify.activate_device("ana", "kitchen");
    let tokens = app.login("ana").await;
    app.set(|switches| switches.false_premium_required = 2);
    assert_eq!(next(&app, &tokens, 1).await, [200]);
    let volume = "/v1/me/player/volume?volume_percent=20";
    assert_eq!(app.put(&tokens.access, volume, "").await.error(), "403 PREMIUM_REQUIRED");
    assert_eq!(app.get(&tokens.access, "/v1/me/player").await.error(), "403 PREMIUM_REQUIRED");
    assert_eq!(app.put(&tokens.access, volume, "").await.status, 204);
}

#[tokio::test]
async fn rate_limits_have_a_retry_after_and_a_kind() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    app.set(|switches| (switches.too_many_requests, switches.retry_after_seconds) = (1, 19_000));
    let told = app.get(&tokens.access, "/v1/me").await;
    assert_eq!(told.error(), "429 API rate limit exceeded");
    assert_eq!(told.retry_after.as_deref(), Some("19000"));

    app.set(|switches| (switches.too_many_requests, switches.limit_kind) = (1, LimitKind::QuotaExceeded));
    assert_eq!(app.get(&tokens.access, "/v1/me").await.error(), "429 QUOTA_EXCEEDED");
    assert_eq!(next(&app, &tokens, 1).await, [200]);
}

#[tokio::test]
async fn the_token_server_can_be_down() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    app.set(|switches| switches.token_server_down = 2);
    let down = app.refresh(&tokens.refresh).await;
    assert_eq!(down.status, 503);
    assert!(serde_json::from_str::<serde_json::Value>(&down.text).is_err(), "a proxy answers, and not in JSON");
    assert_eq!(app.refresh(&tokens.refresh).await.status, 503);
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn a_successful_command_can_have_three_statuses() {
    let app = App::start().await;
    app.spotify.add_device("ana", Device::new("kitchen"));
    app.spotify.activate_device("ana", "kitchen");
    let tokens = app.login("ana").await;
    for (status, expected, has_body) in
        [(CommandStatus::Ok, 200, true), (CommandStatus::Accepted, 202, false), (CommandStatus::NoContent, 204, false)]
    {
        app.set(|switches| switches.command_status = status);
        let told = app.put(&tokens.access, "/v1/me/player/volume?volume_percent=20", "").await;
        assert_eq!((told.status, !told.text.is_empty()), (expected, has_body));
        assert!(serde_json::from_str::<serde_json::Value>(&told.text).is_err());
    }
}

#[tokio::test]
async fn access_tokens_can_be_short_lived() {
    let app = App::start().await;
    app.set(|switches| switches.access_token_lifetime_seconds = 5);
    let tokens = app.login("ana").await;
    assert_eq!(app.refresh(&tokens.refresh).await.json()["expires_in"], 5);
    app.spotify.advance(Duration::from_secs(5));
    assert_eq!(next(&app, &tokens, 1).await, [401]);
}

#[tokio::test(start_paused = true)]
async fn latency_can_be_added() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    app.set(|switches| switches.latency_ms = 5_000);
    assert_eq!(app.spotify.switches(|switches| switches.latency_ms), 1_000, "a second at most");

    app.set(|switches| switches.latency_ms = 200);
    let clock = app.call(reqwest::Method::GET, "", "/stand-in/clock", "").await.json();
    let two = tokio::join!(app.refresh(&tokens.refresh), app.refresh(&tokens.refresh));
    assert_eq!((two.0.status, two.1.status), (200, 200));
    let seen = app.spotify.requests();
    let [.., first, second] = seen.as_slice() else { panic!("two refreshes at least") };
    let earliest_ms = clock["now_ms"].as_i64().unwrap() + 100;
    assert!(first.took_effect_at_ms >= earliest_ms, "after half of it");
    let in_flight = first.in_flight.max(second.in_flight);
    assert_eq!(in_flight, 2, "two refreshes in flight can be seen");
}

#[tokio::test]
async fn two_stand_ins_are_independent() {
    let (here, there) = (App::start().await, App::with(StandIn::start_on_free_port().await.unwrap()));
    let tokens = here.login("ana").await;
    assert_eq!(there.get(&tokens.access, "/v1/me").await.error(), "401 Invalid access token");
    let url = here.spotify.url();
    here.spotify.stop().await;
    assert!(reqwest::get(url).await.is_err(), "the stopped stand-in no longer listens");
    assert!(!there.login("ben").await.refresh.is_empty());
}
