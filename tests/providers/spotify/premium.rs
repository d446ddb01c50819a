//! What is known of a subscription, and what it opens and closes.

use std::time::Duration;

use serde_json::{Value, json};
use tutti_spotify_stand_in::Person;

use super::Stage;
use crate::http::Browser;
use crate::http::site::pass;

/// Longer than an answer is fresh and than a burst lasts.
const A_MOMENT: Duration = Duration::from_secs(4);

async fn check(browser: &Browser<'_>) -> Value {
    pass(A_MOMENT).await;
    browser.clone().post("/api/v1/me/spotify/check", json!({})).await.assert_ok().json["link"]["premium"].clone()
}

async fn saw(browser: &Browser<'_>, event: &str) -> Value {
    pass(A_MOMENT).await;
    let answer = browser.clone().post("/api/v1/me/spotify/evidence", json!({ "event": event })).await;
    answer.assert_ok().json["link"]["premium"].clone()
}

async fn verdict(stage: &Stage, browser: &Browser<'_>) -> (Value, Value) {
    let premium = stage.link(browser).await["premium"].clone();
    (premium["verdict"].clone(), premium["evidence"].clone())
}

#[tokio::test]
async fn where_the_profile_says_nothing_it_is_unknown_until_something_is_seen() {
    let stage = Stage::new("ana").await;
    let ana = stage.in_by_spotify().await;
    assert_eq!(verdict(&stage, &ana).await, (json!("unknown"), Value::Null));
    ana.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_ok();
    assert_eq!(saw(&ana, "ready").await["verdict"], "premium");
    assert_eq!(verdict(&stage, &ana).await, (json!("premium"), json!("player")));
    assert_eq!(check(&ana).await["verdict"], "premium", "a profile that says nothing changes nothing");
}

#[tokio::test]
async fn where_the_profile_says_it_it_is_known_at_once() {
    let stage = Stage::new("cleo").await;
    stage.spotify.switches(|switches| switches.product = true);
    let cleo = stage.in_by_spotify().await;
    assert_eq!(verdict(&stage, &cleo).await, (json!("not_premium"), json!("profile")));
    let refused = cleo.clone().post("/api/v1/me/spotify/token", json!({})).await;
    refused.assert_problem(403, "premium_required");
    cleo.clone().post("/api/v1/rooms", json!({ "name": "Party" })).await.assert_ok();
    stage.spotify.add_person(Person::new("cleo"));
    assert_eq!(check(&cleo).await["verdict"], "premium", "they subscribed");
    cleo.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_ok();
}

#[tokio::test]
async fn unknown_becomes_known_when_spotify_begins_to_say_it() {
    let stage = Stage::new("ana").await;
    let ana = stage.in_by_spotify().await;
    assert_eq!(check(&ana).await["verdict"], "unknown");
    stage.spotify.switches(|switches| switches.product = true);
    assert_eq!(check(&ana).await["verdict"], "premium");
}

#[tokio::test]
async fn one_refusal_is_not_believed_and_three_apart_are() {
    let stage = Stage::new("ana").await;
    let ana = stage.in_by_spotify().await;
    saw(&ana, "ready").await;
    assert_eq!(saw(&ana, "account_error").await["verdict"], "premium");
    assert_eq!(saw(&ana, "account_error").await["verdict"], "premium");
    assert_eq!(saw(&ana, "account_error").await["verdict"], "not_premium");
    ana.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_problem(403, "premium_required");
}

/// Spotify is asked three times over some seconds; what it says wrongly once is set right.
#[tokio::test]
async fn an_ended_subscription_is_asked_about_three_times() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.product = true);
    let ana = stage.in_by_spotify().await;
    stage.spotify.add_person(Person::new("ana").free());
    let profiles = || stage.spotify.requests().iter().filter(|request| request.path == "/v1/me").count();
    let before = profiles();
    assert_eq!(check(&ana).await["verdict"], "not_premium");
    assert_eq!(profiles() - before, 3);
}

#[tokio::test]
async fn a_false_401_is_answered_with_a_new_token_and_patience() {
    let stage = Stage::new("ana").await;
    stage.spotify.switches(|switches| switches.product = true);
    let ana = stage.in_by_spotify().await;
    stage.spotify.switches(|switches| switches.false_unauthorized = 1);
    assert_eq!(check(&ana).await["verdict"], "premium");
    assert_eq!(stage.token_requests("refresh_token"), 1);
    stage.spotify.switches(|switches| switches.false_unauthorized = 2);
    assert_eq!(check(&ana).await["verdict"], "premium");
    assert_eq!(stage.link(&ana).await["state"], "linked");
}

#[tokio::test]
async fn those_who_ask_at_once_share_one_answer() {
    let stage = Stage::new("ana").await;
    let ana = stage.in_by_spotify().await;
    pass(A_MOMENT).await;
    let before = stage.spotify.requests().len();
    let ask = || async { ana.clone().post("/api/v1/me/spotify/check", json!({})).await.assert_ok().json.clone() };
    let answers = futures_util::future::join_all((0..5).map(|_| ask())).await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(stage.spotify.requests().len() - before, 1);
}

#[tokio::test]
async fn once_a_day_it_is_asked_again_by_itself() {
    let stage = Stage::new("ana").await;
    let ana = stage.in_by_spotify().await;
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
async fn too_many_questions_are_told_to_wait() {
    let stage = Stage::with("ana", &["--limit-spotify-requests=2"]).await;
    let ana = stage.in_by_spotify().await;
    for _ in 0..2 {
        ana.clone().post("/api/v1/me/spotify/check", json!({})).await.assert_ok();
    }
    let refused = ana.clone().post("/api/v1/me/spotify/check", json!({})).await;
    refused.assert_problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
}
