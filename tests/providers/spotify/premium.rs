//! The verdict on a subscription, and what it permits.

use std::time::Duration;

use serde_json::{Value, json};
use tutti_spotify_stand_in::Person;

use super::Stage;
use crate::http::Browser;
use crate::http::site::pass;

/// Longer than a result is fresh and than a burst lasts.
const BETWEEN_CHECKS: Duration = Duration::from_secs(4);

async fn check(browser: &Browser<'_>) -> Value {
    pass(BETWEEN_CHECKS).await;
    browser.clone().post("/api/v1/me/spotify/check", json!({})).await.assert_ok().json["link"]["premium"].clone()
}

async fn report(browser: &Browser<'_>, event: &str) -> Value {
    pass(BETWEEN_CHECKS).await;
    let answer = browser.clone().post("/api/v1/me/spotify/evidence", json!({ "event": event })).await;
    answer.assert_ok().json["link"]["premium"].clone()
}

async fn verdict(stage: &Stage, browser: &Browser<'_>) -> (Value, Value) {
    let premium = stage.link(browser).await["premium"].clone();
    (premium["verdict"].clone(), premium["evidence"].clone())
}

#[tokio::test]
async fn without_a_product_in_the_profile_the_verdict_is_unknown_until_the_player_reports() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    assert_eq!(verdict(&stage, &ana).await, (json!("unknown"), Value::Null));
    ana.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_ok();
    assert_eq!(report(&ana, "ready").await["verdict"], "premium");
    assert_eq!(verdict(&stage, &ana).await, (json!("premium"), json!("player")));
    assert_eq!(check(&ana).await["verdict"], "premium", "a profile without a product changes nothing");
}

#[tokio::test]
async fn a_product_in_the_profile_decides_at_once() {
    let stage = Stage::new("cleo").await;
    stage.spotify.switches(|switches| switches.product = true);
    let cleo = stage.logged_in().await;
    assert_eq!(verdict(&stage, &cleo).await, (json!("not_premium"), json!("profile")));
    let refused = cleo.clone().post("/api/v1/me/spotify/token", json!({})).await;
    refused.assert_problem(403, "premium_required");
    cleo.clone().post("/api/v1/rooms", json!({ "name": "Party" })).await.assert_ok();
    stage.spotify.add_person(Person::new("cleo"));
    assert_eq!(check(&cleo).await["verdict"], "premium", "they subscribed");
    cleo.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_ok();
}

#[tokio::test]
async fn a_later_product_in_the_profile_decides() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    assert_eq!(check(&ana).await["verdict"], "unknown");
    stage.spotify.switches(|switches| switches.product = true);
    assert_eq!(check(&ana).await["verdict"], "premium");
}

#[tokio::test]
async fn three_separate_account_errors_make_the_verdict_not_premium() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    report(&ana, "ready").await;
    assert_eq!(report(&ana, "account_error").await["verdict"], "premium");
    assert_eq!(report(&ana, "account_error").await["verdict"], "premium");
    assert_eq!(report(&ana, "account_error").await["verdict"], "not_premium");
    ana.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_problem(403, "premium_required");
}

/// A single false denial does not count: the profile is requested three times over some seconds.
#[tokio::test]
async fn an_ended_subscription_is_confirmed_by_three_requests() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.product = true);
    let ana = stage.logged_in().await;
    stage.spotify.add_person(Person::new("ana").free());
    let profiles = || stage.spotify.requests().iter().filter(|request| request.path == "/v1/me").count();
    let before = profiles();
    assert_eq!(check(&ana).await["verdict"], "not_premium");
    assert_eq!(profiles() - before, 3);
}

#[tokio::test]
async fn a_false_401_is_retried_with_a_new_token() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.product = true);
    let ana = stage.logged_in().await;
    stage.spotify.switches(|switches| switches.false_unauthorized = 1);
    assert_eq!(check(&ana).await["verdict"], "premium");
    assert_eq!(stage.token_requests("refresh_token"), 1);
    stage.spotify.switches(|switches| switches.false_unauthorized = 2);
    assert_eq!(check(&ana).await["verdict"], "premium");
    assert_eq!(stage.link(&ana).await["state"], "linked");
}

#[tokio::test]
async fn concurrent_checks_share_one_request() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    pass(BETWEEN_CHECKS).await;
    let before = stage.spotify.requests().len();
    let ask = || async { ana.clone().post("/api/v1/me/spotify/check", json!({})).await.assert_ok().json.clone() };
    let answers = futures_util::future::join_all((0..5).map(|_| ask())).await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(stage.spotify.requests().len() - before, 1);
}

#[tokio::test]
async fn a_background_task_repeats_checks_daily() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    let spotify = stage.site.context.spotify.as_ref().unwrap();
    stage.spotify.switches(|switches| switches.product = true);
    assert_eq!(spotify.check_stale(10).await.unwrap(), 0);
    pass(Duration::from_hours(25)).await;
    assert_eq!(spotify.check_stale(10).await.unwrap(), 1);
    let mut ana = ana;
    ana.refresh().await.assert_ok();
    assert_eq!(verdict(&stage, &ana).await, (json!("premium"), json!("profile")));
    assert_eq!(spotify.check_stale(10).await.unwrap(), 0);
}

#[tokio::test]
async fn checks_are_rate_limited() {
    let stage = Stage::with("ana", &["--limit-spotify-requests=2"]).await;
    let ana = stage.logged_in().await;
    for _ in 0..2 {
        ana.clone().post("/api/v1/me/spotify/check", json!({})).await.assert_ok();
    }
    let refused = ana.clone().post("/api/v1/me/spotify/check", json!({})).await;
    refused.assert_problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
}
