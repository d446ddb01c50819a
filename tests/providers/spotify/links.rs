//! The link that lasts: tokens, refreshing, unlinking.

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

/// Time passes, for the stand-in too, and the browser keeps its own session alive.
async fn time_passes(browser: &mut Browser<'_>, time: Duration) {
    pass(time).await;
    browser.refresh().await.assert_ok();
}

#[tokio::test]
async fn the_player_gets_an_access_token_and_never_the_refresh_token() {
    let stage = Stage::new("ana").await;
    let ana = stage.in_by_spotify().await;
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
async fn however_many_ask_one_refresh_is_made() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
    time_passes(&mut ana, HOUR).await;
    stage.spotify.switches(|switches| switches.latency_ms = 100);
    let answers = join_all((0..10).map(|_| token(&ana))).await;
    let tokens: std::collections::HashSet<_> = answers.iter().map(|answer| answer.assert_ok().access_token()).collect();
    assert_eq!((tokens.len(), stage.token_requests("refresh_token")), (1, 1));
}

#[tokio::test]
async fn a_refresh_that_brings_no_refresh_token_keeps_the_old_one() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
    for answer in [RefreshToken::Omitted, RefreshToken::Empty, RefreshToken::Rotated, RefreshToken::Omitted] {
        stage.spotify.switches(|switches| switches.refresh_token = answer);
        time_passes(&mut ana, HOUR).await;
        token(&ana).await.assert_ok();
    }
    assert_eq!(stage.token_requests("refresh_token"), 4);
}

#[tokio::test]
async fn a_revoked_agreement_asks_for_a_new_login_and_takes_nothing_else() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
    let id = ana.me().await.json["id"].clone();
    stage.spotify.revoke("ana");
    time_passes(&mut ana, HOUR).await;
    token(&ana).await.assert_problem(409, "needs_login");
    assert_eq!(stage.link(&ana).await["state"], "needs_login");
    let asked = stage.token_requests("refresh_token");
    token(&ana).await.assert_problem(409, "needs_login");
    assert_eq!(stage.token_requests("refresh_token"), asked, "it is not tried again");
    let search = ana.clone().get("/api/v1/search?provider=spotify&q=night").await;
    assert_eq!(search.assert_ok().json["closed"], true, "a search adds nothing, and is no mistake");
    assert_eq!(ana.me().await.json["id"], id, "they are who they were");

    assert_eq!(stage.log_in(&mut ana, "").await.outcome, "done");
    ana.refresh().await.assert_ok();
    assert_eq!((stage.link(&ana).await["state"].as_str(), &ana.me().await.json["id"]), (Some("linked"), &id));
    token(&ana).await.assert_ok();
}

#[tokio::test]
async fn an_agreement_ends_after_six_months_and_a_warning_comes_two_weeks_before() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
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
async fn an_answer_about_an_old_agreement_does_not_touch_a_new_one() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
    time_passes(&mut ana, HOUR).await;
    stage.spotify.revoke("ana");
    // The refusal of the old agreement is under way for a second, the new login is done long before.
    stage.spotify.switches(|switches| switches.latency_ms = 1_000);
    let refused = token(&ana);
    let log_in_meanwhile = async {
        let mut browser = ana.clone();
        let authorize = stage.start(&mut browser, "").await;
        stage.spotify.switches(|switches| switches.latency_ms = 0);
        let back = stage.consent(authorize).await;
        (stage.come_back(&mut browser, &back).await.outcome, browser)
    };
    let (refused, (outcome, mut browser)) = futures_util::future::join(refused, log_in_meanwhile).await;
    assert_eq!(outcome, "done");
    refused.assert_problem(409, "needs_login");
    browser.refresh().await.assert_ok();
    assert_eq!(stage.link(&browser).await["state"], "linked");
    token(&browser).await.assert_ok();
}

#[tokio::test]
async fn a_broken_accounts_service_is_no_reason_to_log_in_again() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
    time_passes(&mut ana, HOUR).await;
    stage.spotify.switches(|switches| switches.token_server_down = 1);
    token(&ana).await.assert_problem(503, "unavailable");
    assert_eq!(stage.link(&ana).await["state"], "linked");
    token(&ana).await.assert_ok();
}

#[tokio::test]
async fn when_spotify_wants_to_be_left_alone_nobody_asks_and_everybody_is_told() {
    let stage = Stage::new("ana").await;
    let ana = stage.in_by_spotify().await;
    stage.agrees("ben");
    let ben = stage.in_by_spotify().await;
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
async fn unlinking_erases_all_of_it() {
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
async fn who_has_no_password_is_a_guest_after_unlinking_and_can_register() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
    let id = ana.me().await.json["id"].clone();
    ana.delete("/api/v1/me/spotify").await.assert_ok();
    assert_eq!((&ana.me().await.json["id"], ana.me().await.json["kind"].as_str()), (&id, Some("guest")));
    assert_eq!(ana.register("ana", "correct horse").await.assert_ok().json["user"]["id"], id);
}

#[tokio::test]
async fn who_came_by_spotify_gets_a_password_and_keeps_both() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.in_by_spotify().await;
    let id = ana.me().await.json["id"].clone();
    let registered = ana.register("ana", "correct horse").await;
    assert_eq!(registered.assert_ok().json["user"]["id"], id);
    assert_eq!(registered.json["user"]["spotify"], true);
    assert_eq!(stage.browser().login("ana", "correct horse").await.assert_ok().json["user"]["id"], id);
}
