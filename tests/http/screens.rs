//! A screen gets a code, and a member approves it.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::site::{on_every_store, pass};
use super::{Answer, Browser, Site};

on_every_store! {
    a_member_who_may_approves_the_code_and_the_screen_is_told
    a_code_works_once_and_for_one_room
    a_code_expires
    a_screen_sees_its_own_code_only
}

/// A screen that waits for a room.
async fn screen(site: &Site) -> (Browser<'_>, String) {
    let mut screen = site.browser();
    let answer = screen.post("/api/v1/screens", json!({ "name": " Chrome on\u{202e} Linux " })).await;
    assert_eq!((answer.status.as_u16(), &answer.json["expires_in"]), (201, &json!(300)), "{}", answer.text);
    assert_eq!(answer.cookie(), None, "it is no user");
    screen.access_token = answer.json["token"].as_str().map(Into::into);
    (screen, answer.json["code"].as_str().expect("a code").to_owned())
}

async fn status(screen: &mut Browser<'_>, code: &str) -> Value {
    screen.post("/api/v1/screens/status", json!({ "code": code })).await.assert_ok().json.clone()
}

async fn room(host: &mut Browser<'_>) -> String {
    let answer = host.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await;
    answer.assert_ok().json["code"].as_str().expect("a code").to_owned()
}

async fn approve(member: &mut Browser<'_>, room: &str, code: &str) -> Answer {
    member.post(&format!("/api/v1/rooms/{room}/screens"), json!({ "code": code })).await
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, reason: &str) {
    assert_eq!((answer.status.as_u16(), answer.json["reason"].as_str()), (status, Some(reason)), "{}", answer.text);
}

async fn a_member_who_may_approves_the_code_and_the_screen_is_told(site: Site) {
    let (mut ana, mut stranger) = (site.browser(), site.browser());
    ana.guest("Ana").await.assert_ok();
    stranger.guest("Eve").await.assert_ok();
    let kitchen = room(&mut ana).await;
    let (mut tv, code) = screen(&site).await;
    assert_eq!(status(&mut tv, &code).await, json!({ "state": "waiting" }));
    assert_refused(&approve(&mut stranger, &kitchen, &code).await, 404, "no_such_room");
    site.browser()
        .post(&format!("/api/v1/rooms/{kitchen}/screens"), json!({ "code": code }))
        .await
        .assert_problem(401, "forbidden");

    // Typed on a phone: in small letters, without the dash, `O` for `0`.
    let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
    assert_eq!(approve(&mut ana, &kitchen, &typed).await.status, 204);
    assert_eq!(status(&mut tv, &code).await, json!({ "state": "approved", "room": kitchen }));
    pass(Duration::from_mins(6)).await;
    assert_eq!(status(&mut tv, &code).await["state"], "approved");
    // The token opens nothing else.
    tv.get("/api/v1/me").await.assert_problem(401, "forbidden");
    tv.get(&format!("/api/v1/rooms/{kitchen}")).await.assert_problem(401, "forbidden");
}

async fn a_code_works_once_and_for_one_room(site: Site) {
    let mut hosts: Vec<Browser<'_>> = (0..4).map(|_| site.browser()).collect();
    let mut rooms = vec![];
    for host in &mut hosts {
        host.guest("Ana").await.assert_ok();
        rooms.push(room(host).await);
    }
    let (mut tv, code) = screen(&site).await;
    let approvals = hosts.iter_mut().zip(&rooms).map(|(host, room)| approve(host, room, &code));
    let answers = join_all(approvals).await;
    let won: Vec<usize> = (0..4).filter(|number| answers[*number].status == 204).collect();
    let [winner] = won[..] else { panic!("{won:?}") };
    for other in answers.iter().filter(|answer| answer.status != 204) {
        assert_refused(other, 410, "device_code_used");
    }
    assert_eq!(status(&mut tv, &code).await["room"], json!(rooms[winner]));
    assert_refused(&approve(&mut hosts[winner], &rooms[winner], &code).await, 410, "device_code_used");
    for unknown in ["", "K7Q2", "0000-0000"] {
        assert_refused(&approve(&mut hosts[0], &rooms[0], unknown).await, 404, "no_such_device_code");
    }
}

async fn a_code_expires(site: Site) {
    let mut ana = site.browser();
    ana.guest("Ana").await.assert_ok();
    let kitchen = room(&mut ana).await;
    let (mut tv, code) = screen(&site).await;
    pass(Duration::from_mins(5)).await;
    assert_eq!(status(&mut tv, &code).await, json!({ "state": "expired" }));
    assert_refused(&approve(&mut ana, &kitchen, &code).await, 410, "device_code_expired");
}

async fn a_screen_sees_its_own_code_only(site: Site) {
    let ((mut tv, code), (mut other, _)) = (screen(&site).await, screen(&site).await);
    other.post("/api/v1/screens/status", json!({ "code": code })).await.assert_problem(404, "not_found");
    for token in ["screen", "screen.", "screen.AA.AA", &tv.access_token.clone().expect("a token")[..60]] {
        other.access_token = Some(token.into());
        other.post("/api/v1/screens/status", json!({ "code": code })).await.assert_problem(401, "forbidden");
    }
    tv.post("/api/v1/screens", json!({ "name": " " })).await.assert_problem(400, "invalid");
    tv.post("/api/v1/screens/status", json!({ "code": "0000-0000" })).await.assert_problem(404, "not_found");
}

#[tokio::test]
async fn guesses_and_codes_are_limited_by_network() {
    let site = Site::in_memory(&["--limit-guesses", "3", "--limit-guests", "4"]).await;
    let (_, code) = screen(&site).await;
    let mut mallory = site.browser().at("203.0.113.5");
    mallory.guest("Mallory").await.assert_ok();
    let attic = room(&mut mallory).await;
    for guess in ["00000000", "00000001", "00000002"] {
        assert_refused(&approve(&mut mallory, &attic, guess).await, 404, "no_such_device_code");
    }
    approve(&mut mallory, &attic, &code).await.assert_problem(429, "rate_limited");
    let mut maker = site.browser().at("203.0.113.6");
    for _ in 0..4 {
        assert_eq!(maker.post("/api/v1/screens", json!({ "name": "TV" })).await.status, 201);
    }
    maker.post("/api/v1/screens", json!({ "name": "TV" })).await.assert_problem(429, "rate_limited");
}
