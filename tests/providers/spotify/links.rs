//! Linked accounts: tokens, refreshing, unlinking.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tutti_spotify_stand_in::{LimitKind, RefreshToken};

use super::Stage;
use crate::http::site::pass;
use crate::http::{Answer, Browser};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

async fn token(browser: &Browser<'_>) -> Answer {
    browser.clone().post("/api/v1/me/spotify/token", json!({})).await
}

/// Advances the time, also of the stand-in, and refreshes the browser's session.
async fn time_passes(browser: &mut Browser<'_>, time: Duration) {
    pass(time).await;
    browser.refresh().await.assert_ok();
}

#[tokio::test]
async fn the_player_gets_an_access_token_and_never_the_refresh_token() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    let answer = token(&ana).await;
    assert_eq!(answer.assert_ok().header("cache-control"), "no-store");
    let fields: Vec<_> = answer.json.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["access_token", "expires_in"]);
    assert!((3_500..=3_600).contains(&answer.json["expires_in"].as_u64().unwrap()));
    stage.browser().post("/api/v1/me/spotify/token", json!({})).await.assert_problem(401, "forbidden");
    let mut ben = stage.browser();
    ben.guest("Ben").await.assert_ok();
    token(&ben).await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn concurrent_token_requests_share_one_refresh() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    time_passes(&mut ana, HOUR).await;
    stage.spotify.switches(|switches| switches.latency_ms = 100);
    let answers = join_all((0..10).map(|_| token(&ana))).await;
    let tokens: std::collections::HashSet<_> = answers.iter().map(|answer| answer.assert_ok().access_token()).collect();
    assert_eq!((tokens.len(), stage.token_requests("refresh_token")), (1, 1));
}

#[tokio::test]
async fn a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    for answer in [RefreshToken::Omitted, RefreshToken::Empty, RefreshToken::Rotated, RefreshToken::Omitted] {
        stage.spotify.switches(|switches| switches.refresh_token = answer);
        time_passes(&mut ana, HOUR).await;
        token(&ana).await.assert_ok();
    }
    assert_eq!(stage.token_requests("refresh_token"), 4);
}

#[tokio::test]
async fn a_revoked_authorization_needs_a_new_login_and_keeps_the_user() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    let id = ana.me().await.json["id"].clone();
    stage.spotify.revoke("ana");
    time_passes(&mut ana, HOUR).await;
    token(&ana).await.assert_problem(409, "needs_login");
    assert_eq!(stage.link(&ana).await["state"], "needs_login");
    let refreshes = stage.token_requests("refresh_token");
    token(&ana).await.assert_problem(409, "needs_login");
    assert_eq!(stage.token_requests("refresh_token"), refreshes, "no second attempt");
    let search = ana.clone().get("/api/v1/search?provider=spotify&q=night").await;
    assert_eq!(search.assert_ok().json["closed"], true, "a search succeeds without results");
    assert_eq!(ana.me().await.json["id"], id, "the user is unchanged");

    assert_eq!(stage.log_in(&mut ana, "").await.outcome, "done");
    ana.refresh().await.assert_ok();
    assert_eq!((stage.link(&ana).await["state"].as_str(), &ana.me().await.json["id"]), (Some("linked"), &id));
    token(&ana).await.assert_ok();
}

#[tokio::test]
async fn an_authorization_ends_after_six_months_with_a_warning_two_weeks_before() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    let authorized_at_ms = stage.link(&ana).await["authorized_at_ms"].as_i64().unwrap();
    for _ in 0..8 {
        assert_eq!(stage.link(&ana).await["expires_soon"], false);
        time_passes(&mut ana, 20 * DAY).await;
    }
    token(&ana).await.assert_ok();
    time_passes(&mut ana, 8 * DAY).await;
    let link = stage.link(&ana).await;
    assert_eq!((link["expires_soon"].as_bool(), link["state"].as_str()), (Some(true), Some("linked")));
    assert_eq!(link["authorized_at_ms"], authorized_at_ms, "refreshing does not extend it");
    stage.spotify.age_grants("ana", 20 * DAY);
    time_passes(&mut ana, HOUR).await;
    token(&ana).await.assert_problem(409, "needs_login");
}

#[tokio::test]
async fn a_response_about_an_old_authorization_does_not_affect_a_new_one() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    time_passes(&mut ana, HOUR).await;
    stage.spotify.revoke("ana");
    // The rejection of the old authorization arrives a second later; the new login is complete long before.
    stage.spotify.switches(|switches| switches.latency_ms = 1_000);
    let refused = token(&ana);
    let log_in_meanwhile = async {
        let mut browser = ana.clone();
        let authorize = stage.start_login(&mut browser, "").await;
        stage.spotify.switches(|switches| switches.latency_ms = 0);
        let callback = stage.consent(authorize).await;
        (stage.finish_login(&mut browser, &callback).await.outcome, browser)
    };
    let (refused, (outcome, mut browser)) = futures_util::future::join(refused, log_in_meanwhile).await;
    assert_eq!(outcome, "done");
    refused.assert_problem(409, "needs_login");
    browser.refresh().await.assert_ok();
    assert_eq!(stage.link(&browser).await["state"], "linked");
    token(&browser).await.assert_ok();
}

#[tokio::test]
async fn a_failing_accounts_service_does_not_require_a_new_login() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    time_passes(&mut ana, HOUR).await;
    stage.spotify.switches(|switches| switches.token_server_down = 1);
    token(&ana).await.assert_problem(503, "unavailable");
    assert_eq!(stage.link(&ana).await["state"], "linked");
    token(&ana).await.assert_ok();
}

#[tokio::test]
async fn a_429_from_spotify_stops_the_requests_of_all_users_until_retry_after() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    stage.consent_as("ben");
    let ben = stage.logged_in().await;
    pass(Duration::from_secs(5)).await;
    stage.spotify.switches(|switches| {
        (switches.too_many_requests, switches.retry_after_seconds) = (1, 19_000);
        switches.limit_kind = LimitKind::QuotaExceeded;
    });
    let refused = ana.clone().post("/api/v1/me/spotify/check", json!({})).await;
    refused.assert_problem(429, "rate_limited");
    assert!(refused.json["detail"].as_str().unwrap().contains("6 hours"), "{}", refused.text);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 18_000);
    let before = stage.spotify.requests().len();
    ben.clone().post("/api/v1/me/spotify/check", json!({})).await.assert_problem(429, "rate_limited");
    assert_eq!(stage.spotify.requests().len(), before, "one limit for the whole app");
    token(&ben).await.assert_ok();
    pass(Duration::from_secs(19_001)).await;
    ben.clone().refresh().await;
}

#[tokio::test]
async fn unlinking_erases_the_link_and_its_data() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    let id = ana.register("ana", "correct horse").await.user_id().to_owned();
    stage.log_in(&mut ana, "").await;
    let user = ana.refresh().await.json["user"].clone();
    let picture = user["picture"].as_str().unwrap().to_owned();
    ana.delete("/api/v1/me/spotify").await.assert_ok();
    assert_eq!(stage.link(&ana).await, serde_json::Value::Null);
    stage.site.get(&picture).await.assert_problem(404, "not_found");
    token(&ana).await.assert_problem(404, "not_found");
    let me = ana.me().await.json;
    assert_eq!((me["kind"].as_str(), me["spotify"].as_bool(), me.get("picture")), (Some("user"), Some(false), None));
    let store = &stage.site.context.store;
    assert_eq!(store.spotify_link(id.parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_user_without_a_password_is_a_guest_after_unlinking_and_can_register() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    let id = ana.me().await.json["id"].clone();
    ana.delete("/api/v1/me/spotify").await.assert_ok();
    assert_eq!((&ana.me().await.json["id"], ana.me().await.json["kind"].as_str()), (&id, Some("guest")));
    assert_eq!(ana.register("ana", "correct horse").await.assert_ok().json["user"]["id"], id);
}

#[tokio::test]
async fn a_spotify_user_can_add_a_password_and_log_in_either_way() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.logged_in().await;
    let id = ana.me().await.json["id"].clone();
    let registered = ana.register("ana", "correct horse").await;
    assert_eq!(registered.assert_ok().json["user"]["id"], id);
    assert_eq!(registered.json["user"]["spotify"], true);
    assert_eq!(stage.browser().login("ana", "correct horse").await.assert_ok().json["user"]["id"], id);
}
