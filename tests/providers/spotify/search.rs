//! Searching Spotify: with which linked account, with how many requests, and which results can be queued.

use std::time::Duration;

use serde_json::{Value, json};
use tutti_protocol::RoomCode;
use tutti_spotify_stand_in::{Person, catalogue};

use super::Stage;
use crate::http::{Answer, Browser, site::pass};

async fn search(browser: &Browser<'_>, query: &str) -> Answer {
    browser.get(&format!("/api/v1/search?provider=spotify&q={query}")).await
}

fn titles(answer: &Answer) -> Vec<String> {
    let tracks = answer.assert_ok().json["tracks"].as_array().unwrap().clone();
    tracks.iter().map(|track| track["title"].as_str().unwrap().to_owned()).collect()
}

/// Neither the caller nor the host has a linked account.
fn is_closed(answer: &Answer) -> bool {
    answer.assert_ok().json["closed"] == true && titles(answer).is_empty()
}

/// Requests for `path` that reached Spotify.
fn request_count(stage: &Stage, path: &str) -> usize {
    stage.spotify.requests().iter().filter(|request| request.path.starts_with(path)).count()
}

async fn room_of(browser: &Browser<'_>) -> String {
    let answer = browser.clone().post("/api/v1/rooms", json!({ "name": "Party" })).await;
    answer.assert_ok().json["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn results_are_tracks_that_can_be_queued() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    let answer = search(&ana, "late+shift").await;
    let track = &answer.assert_ok().json["tracks"][0];
    assert_eq!(track["provider"], "spotify");
    assert_eq!(track["id"], catalogue::EXPLICIT);
    assert_eq!(track["artists"], json!(["Mara Vint"]));
    assert_eq!(track["duration_ms"], 201_500);
    assert_eq!(track["explicit"], true);
    assert!(track["art_url"].as_str().unwrap().contains("/image/"));
    let requests = stage.spotify.requests();
    let query = &requests.iter().find(|request| request.path == "/v1/search").unwrap().query;
    assert!(query.contains("limit=10") && query.contains("market=from_token"), "{query}");
}

#[tokio::test]
async fn results_play_in_the_users_country_and_relinked_tracks_keep_their_id() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    assert_eq!(titles(&search(&ana, "orchard").await), ["Monday on the Stairs"], "not the one of another country");
    let ids: Vec<_> = search(&ana, "harbour").await.json["tracks"].as_array().unwrap().clone();
    assert_eq!(ids[0]["id"], catalogue::RELINKED);
}

#[tokio::test]
async fn equal_searches_share_one_request() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    stage.spotify.switches(|switches| switches.latency_ms = 50);
    let answers = futures_util::future::join_all((0..8).map(|_| search(&ana, "night"))).await;
    assert!(answers.iter().all(|answer| !titles(answer).is_empty()));
    search(&ana, "%20night%20").await.assert_ok();
    assert_eq!(request_count(&stage, "/v1/search"), 1);
    pass(Duration::from_mins(9)).await;
    search(&ana, "night").await.assert_ok();
    assert_eq!(request_count(&stage, "/v1/search"), 1);
}

#[tokio::test]
async fn a_cursor_leads_to_the_next_page() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    // A dozen playable tracks have an `e` in their title.
    let first = search(&ana, "e").await;
    let cursor = first.assert_ok().json["next_cursor"].as_str().unwrap().to_owned();
    let next = search(&ana, &format!("e&cursor={cursor}")).await;
    assert_eq!(next.assert_ok().json["next_cursor"], Value::Null);
    let shown: Vec<_> = [titles(&first), titles(&next)].concat();
    assert!(shown.len() > 10, "{shown:?}");
    for cursor in ["-1", "x", "100000"] {
        search(&ana, &format!("e&cursor={cursor}")).await.assert_problem(400, "invalid");
    }
    search(&ana, &"x".repeat(201)).await.assert_problem(400, "invalid");
    assert_eq!(titles(&search(&ana, "").await), [""; 0]);
}

#[tokio::test]
async fn a_guest_searches_with_the_hosts_account_in_the_hosts_room_only() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    let code = room_of(&ana).await;
    let mut ben = stage.browser();
    ben.guest("Ben").await.assert_ok();
    assert!(is_closed(&search(&ben, "night").await));
    search(&ben, &format!("night&room={code}")).await.assert_problem(404, "not_found");

    let room = stage.site.context.rooms.open(RoomCode::parse(&code).unwrap()).await.unwrap();
    super::follow::join_room(&stage, &room, &ben).await;
    assert!(!titles(&search(&ben, &format!("night&room={code}")).await).is_empty());
    assert!(is_closed(&search(&ben, "night").await));
    ana.clone().delete("/api/v1/me/spotify").await.assert_ok();
    assert!(is_closed(&search(&ben, &format!("other&room={code}")).await));
}

#[tokio::test]
async fn search_results_need_no_lookup_and_other_tracks_are_looked_up_once() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    let me = ana.me().await.json["id"].as_str().unwrap().parse().unwrap();
    let lookup = async |id: &str| stage.track(me, id).await;
    search(&ana, "doorbell").await.assert_ok();
    assert_eq!(lookup(catalogue::SHORT).await.unwrap().unwrap().duration_ms, 30_000);
    assert_eq!(request_count(&stage, "/v1/tracks"), 0);
    for _ in 0..3 {
        assert_eq!(lookup(catalogue::EXPLICIT).await.unwrap().unwrap().title, "Late Shift (Raw)");
    }
    assert_eq!(request_count(&stage, "/v1/tracks"), 1);
    assert_eq!(lookup("0000000000000000000000").await.unwrap(), None);
    for nonsense in ["", "x", "../me", "5DoorbellInterlude000/"] {
        assert_eq!(lookup(nonsense).await.unwrap(), None, "{nonsense}");
    }
    assert_eq!(request_count(&stage, "/v1/tracks"), 2, "malformed ids cause no request");
    assert!(lookup(catalogue::UNPLAYABLE).await.unwrap_err().to_string().contains("does not play"));
    assert_eq!(lookup(catalogue::RELINKED).await.unwrap().unwrap().id, catalogue::RELINKED);
}

#[tokio::test]
async fn a_429_is_passed_on_with_its_wait_and_stops_further_requests() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    stage.spotify.switches(|switches| (switches.too_many_requests, switches.retry_after_seconds) = (1, 19_000));
    let refused = search(&ana, "night").await;
    refused.assert_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "19000");
    assert!(refused.json["detail"].as_str().unwrap().contains("6 hours"));
    let before = stage.spotify.requests().len();
    search(&ana, "other").await.assert_problem(429, "rate_limited");
    assert_eq!(stage.spotify.requests().len(), before);
}

#[tokio::test]
async fn one_user_cannot_use_up_the_quota_of_all() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    // The limiter refills meanwhile, so a few more than the limit pass.
    let mut answered = 0;
    while search(&ana, &format!("a{answered}")).await.status == 200 {
        answered += 1;
    }
    assert!((60..120).contains(&answered), "{answered}");
    search(&ana, "one-more").await.assert_problem(429, "rate_limited");
    search(&ana, "a1").await.assert_ok();
}

#[tokio::test]
async fn an_account_off_the_allowlist_is_forbidden() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    stage.spotify.add_person(Person { registered: false, ..Person::new("ana") });
    search(&ana, "night").await.assert_problem(403, "forbidden");
}
