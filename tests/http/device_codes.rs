//! A user moves to another device by a code.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::site::{on_every_store, pass};
use super::{Answer, Browser, Site};

on_every_store! {
    another_device_becomes_the_user_and_the_first_is_told
    the_new_session_is_listed_and_can_be_ended
    a_code_works_once_whoever_comes_first
    a_code_expires_is_replaced_and_is_taken_back
    a_code_dies_with_the_session_or_the_user_that_made_it
    nobody_on_the_device_is_replaced
    one_device_cannot_see_the_code_of_another
}

const CODE: &str = "/api/v1/me/device-code";

/// Makes a code.
async fn code(browser: &mut Browser<'_>) -> String {
    let answer = browser.post(CODE, json!({})).await;
    assert_eq!((answer.status.as_u16(), &answer.json["expires_in"]), (201, &json!(300)), "{}", answer.text);
    answer.json["code"].as_str().unwrap().to_owned()
}

async fn redeem(browser: &mut Browser<'_>, code: &str) -> Answer {
    browser.post("/api/v1/auth/device", json!({ "code": code })).await
}

async fn state(browser: &Browser<'_>) -> Value {
    browser.get(CODE).await.assert_ok().json["state"].clone()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, reason: &str) {
    answer.assert_problem(status, "not_found");
    assert_eq!((answer.json["reason"].as_str(), answer.cookie()), (Some(reason), None));
}

async fn another_device_becomes_the_user_and_the_first_is_told(site: Site) {
    let (mut laptop, mut phone) = (site.browser(), site.browser());
    let host = laptop.guest("Ana").await.user_id().to_owned();
    laptop.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await.assert_ok();
    laptop.get(CODE).await.assert_problem(404, "not_found");
    let code = code(&mut laptop).await;
    assert_eq!(laptop.get(CODE).await.json, json!({ "state": "waiting" }));

    // Typed on a phone: in small letters, without the dash, `O` for `0`.
    let typed = code.to_lowercase().replace('-', "").replace('0', "o");
    let answer = redeem(&mut phone, &typed).await;
    assert_eq!((answer.assert_ok().user_id(), &answer.json["slot"]), (&*host, &json!(0)));
    assert_eq!(phone.me().await.assert_ok().json["display_name"], "Ana");
    assert_eq!(phone.get("/api/v1/me/rooms").await.json["rooms"][0]["host_name"], "Ana");
    phone.refresh().await.assert_ok();
    laptop.refresh().await.assert_ok();
    assert_eq!(laptop.get(CODE).await.json, json!({ "state": "used", "user_agent": "Test/1" }));
}

async fn the_new_session_is_listed_and_can_be_ended(site: Site) {
    let (mut laptop, mut phone) = (site.browser(), site.browser());
    laptop.register("ana", "correct horse").await.assert_ok();
    redeem(&mut phone, &code(&mut laptop).await).await.assert_ok();
    let listed = laptop.get("/api/v1/me/sessions").await.json["sessions"].clone();
    let other = listed.as_array().unwrap().iter().find(|session| session["current"] == false).expect("the phone");
    laptop.delete(&format!("/api/v1/me/sessions/{}", other["id"].as_str().unwrap())).await.assert_ok();
    phone.me().await.assert_problem(401, "forbidden");
    phone.refresh().await.assert_problem(401, "forbidden");
    laptop.me().await.assert_ok();
}

async fn a_code_works_once_whoever_comes_first(site: Site) {
    let mut laptop = site.browser();
    laptop.guest("Ana").await.assert_ok();
    let code = code(&mut laptop).await;
    let devices = (0..8).map(|_| async {
        let mut device = site.browser();
        redeem(&mut device, &code).await
    });
    let answers = join_all(devices).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    for answer in &lost {
        assert_refused(answer, 410, "device_code_used");
    }
    assert_refused(&redeem(&mut laptop, &code).await, 410, "device_code_used");
    let sessions = laptop.get("/api/v1/me/sessions").await.json["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 2, "the losers left no session behind");
}

async fn a_code_expires_is_replaced_and_is_taken_back(site: Site) {
    let (mut laptop, mut phone) = (site.browser(), site.browser());
    laptop.guest("Ana").await.assert_ok();
    let first = code(&mut laptop).await;
    let second = code(&mut laptop).await;
    assert_refused(&redeem(&mut phone, &first).await, 404, "no_such_device_code");
    pass(Duration::from_mins(5)).await;
    assert_eq!(state(&laptop).await, "expired");
    assert_refused(&redeem(&mut phone, &second).await, 410, "device_code_expired");
    let third = code(&mut laptop).await;
    laptop.delete(CODE).await.assert_ok();
    laptop.get(CODE).await.assert_problem(404, "not_found");
    assert_refused(&redeem(&mut phone, &third).await, 404, "no_such_device_code");
    for malformed in ["", "K7Q2", "K7Q2-M9XU", &format!("{third}0"), &"0".repeat(4_000)] {
        assert_refused(&redeem(&mut phone, malformed).await, 404, "no_such_device_code");
    }
    phone.me().await.assert_problem(401, "forbidden");
}

async fn a_code_dies_with_the_session_or_the_user_that_made_it(site: Site) {
    let (mut laptop, mut stolen, mut phone) = (site.browser(), site.browser(), site.browser());
    laptop.register("ana", "correct horse").await.assert_ok();
    stolen.login("ana", "correct horse").await.assert_ok();
    let of_stolen = code(&mut stolen).await;
    laptop.delete("/api/v1/me/sessions").await.assert_ok();
    assert_eq!(redeem(&mut phone, &of_stolen).await.status, 404);

    stolen.login("ana", "correct horse").await.assert_ok();
    let of_stolen = code(&mut stolen).await;
    stolen.logout().await.assert_ok();
    assert_refused(&redeem(&mut phone, &of_stolen).await, 410, "device_code_expired");

    let of_erased = code(&mut laptop).await;
    laptop.delete("/api/v1/me").await.assert_ok();
    assert_refused(&redeem(&mut phone, &of_erased).await, 404, "no_such_device_code");
    site.browser().post(CODE, json!({})).await.assert_problem(401, "forbidden");
}

async fn nobody_on_the_device_is_replaced(site: Site) {
    let (mut laptop, mut tablet) = (site.browser(), site.browser());
    laptop.guest("Ana").await.assert_ok();
    tablet.guest("Ben").await.assert_ok();
    let names = async |tablet: &Browser<'_>| {
        let list = tablet.get("/api/v1/me/accounts").await.json["accounts"].clone();
        list.as_array().unwrap().iter().map(|one| one["user"]["display_name"].clone()).collect::<Vec<_>>()
    };
    // The slot of Ben is named, and not taken.
    let answer = redeem(&mut tablet, &code(&mut laptop).await).await;
    assert_eq!(answer.assert_ok().json["slot"], 1);
    assert_eq!(names(&tablet).await, ["Ben", "Ana"]);
    // Ana again: her slot is used again, and her session there is replaced.
    let answer = redeem(&mut tablet, &code(&mut laptop).await).await;
    assert_eq!(answer.assert_ok().json["slot"], 1);
    assert_eq!(names(&tablet).await, ["Ben", "Ana"]);
    assert_eq!(laptop.get("/api/v1/me/sessions").await.json["sessions"].as_array().unwrap().len(), 2);

    tablet.slot = Some("new");
    for number in 0..6 {
        tablet.guest(&format!("Guest {number}")).await.assert_ok();
    }
    let mut cleo = site.browser();
    cleo.guest("Cleo").await.assert_ok();
    let code = code(&mut cleo).await;
    redeem(&mut tablet, &code).await.assert_problem(409, "limit_reached");
    assert_eq!(state(&cleo).await, "waiting", "a device without a free slot does not use the code up");
}

async fn one_device_cannot_see_the_code_of_another(site: Site) {
    let (mut laptop, mut phone) = (site.browser(), site.browser());
    laptop.guest("Ana").await.assert_ok();
    redeem(&mut phone, &code(&mut laptop).await).await.assert_ok();
    let of_laptop = code(&mut laptop).await;
    phone.get(CODE).await.assert_problem(404, "not_found");
    phone.delete(CODE).await.assert_ok();
    assert_eq!(state(&laptop).await, "waiting");
    let of_phone = code(&mut phone).await;
    assert_ne!(of_phone, of_laptop);
    redeem(&mut site.browser(), &of_laptop).await.assert_ok();
    assert_eq!((state(&laptop).await, state(&phone).await), (json!("used"), json!("waiting")));
}

#[tokio::test]
async fn guesses_are_limited_by_network_and_codes_by_user() {
    let site = Site::in_memory(&["--limit-guesses", "3", "--limit-logins", "5"]).await;
    let mut laptop = site.browser().at("192.0.2.9");
    laptop.guest("Ana").await.assert_ok();
    let code = code(&mut laptop).await;
    let attacker = || site.browser().at("203.0.113.5");
    for guess in ["00000000", "00000001", "00000002"] {
        assert_refused(&redeem(&mut attacker(), guess).await, 404, "no_such_device_code");
    }
    redeem(&mut attacker(), &code).await.assert_problem(429, "rate_limited");
    redeem(&mut site.browser().at("192.0.2.10"), &code).await.assert_ok();
    for _ in 1..5 {
        self::code(&mut laptop).await;
    }
    laptop.post(CODE, json!({})).await.assert_problem(429, "rate_limited");
}
