//! Sessions listed and revoked, passwords changed, users erased.

use std::time::Duration;

use serde_json::{Value, json};
use tutti_protocol::RoomCode;

use super::site::{on_every_store, pass};
use super::{Browser, Site};

on_every_store! {
    sessions_are_listed_with_the_current_one_marked
    one_session_is_revoked
    all_other_sessions_are_revoked
    logging_out_everywhere_revokes_every_session
    another_users_session_cannot_be_revoked
    a_password_change_ends_the_other_sessions
    a_password_change_needs_the_password
    erasing_a_user_ends_their_session_and_frees_the_username
    erasing_a_guest_keeps_the_account_it_merged_into
    cross_origin_requests_change_nothing
}

/// A phone and a laptop of the same account.
async fn two_devices(site: &Site) -> (Browser<'_>, Browser<'_>) {
    let (mut laptop, mut phone) = (site.browser(), site.browser());
    laptop.register("ana", "correct horse").await.assert_ok();
    phone.login("ana", "correct horse").await.assert_ok();
    (laptop, phone)
}

async fn sessions(browser: &Browser<'_>) -> Vec<Value> {
    browser.get("/api/v1/me/sessions").await.assert_ok().json["sessions"].as_array().unwrap().clone()
}

async fn sessions_are_listed_with_the_current_one_marked(site: Site) {
    let (laptop, mut phone) = two_devices(&site).await;
    pass(Duration::from_mins(5)).await;
    phone.refresh().await.assert_ok();
    let listed = sessions(&laptop).await;
    let current: Vec<_> = listed.iter().map(|session| session["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, true], "the phone was used last");
    assert_eq!(listed[0]["user_agent"], "Test/1");
    let time = |session: &Value, field: &str| session[field].as_i64().unwrap();
    assert!(time(&listed[0], "last_used_at_ms") - time(&listed[0], "created_at_ms") >= 300_000);
}

async fn one_session_is_revoked(site: Site) {
    let mut revoked = site.context.identity.subscribe_revocations();
    let (mut laptop, mut phone) = two_devices(&site).await;
    let other = sessions(&laptop).await.into_iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/v1/me/sessions/{}", other["id"].as_str().unwrap());
    laptop.delete(&path).await.assert_ok();
    let ended = revoked.try_recv().expect("its sockets are closed");
    assert_eq!(ended.to_string(), other["id"].as_str().unwrap());
    phone.me().await.assert_problem(401, "forbidden");
    phone.refresh().await.assert_problem(401, "forbidden");
    laptop.me().await.assert_ok();
    laptop.delete(&path).await.assert_problem(404, "not_found");
    assert_eq!(sessions(&laptop).await.len(), 1);
}

async fn all_other_sessions_are_revoked(site: Site) {
    let (mut laptop, phone) = two_devices(&site).await;
    site.browser().login("ana", "correct horse").await.assert_ok();
    laptop.delete("/api/v1/me/sessions").await.assert_ok();
    phone.me().await.assert_problem(401, "forbidden");
    let left = sessions(&laptop).await;
    assert_eq!((left.len(), &left[0]["current"]), (1, &json!(true)));
    laptop.refresh().await.assert_ok();
}

async fn logging_out_everywhere_revokes_every_session(site: Site) {
    let (mut laptop, mut phone) = two_devices(&site).await;
    laptop.post("/api/v1/auth/logout?everywhere=true", json!({})).await.assert_ok();
    assert_eq!(laptop.cookie, None);
    phone.refresh().await.assert_problem(401, "forbidden");
    phone.me().await.assert_problem(401, "forbidden");
    site.browser().post("/api/v1/auth/logout?everywhere=true", json!({})).await.assert_problem(401, "forbidden");
}

async fn another_users_session_cannot_be_revoked(site: Site) {
    let (laptop, _) = two_devices(&site).await;
    let mut eve = site.browser();
    eve.guest("Eve").await.assert_ok();
    for session in sessions(&laptop).await {
        let path = format!("/api/v1/me/sessions/{}", session["id"].as_str().unwrap());
        eve.delete(&path).await.assert_problem(404, "not_found");
    }
    eve.delete("/api/v1/me/sessions/not-an-id").await.assert_problem(404, "not_found");
    assert_eq!(sessions(&laptop).await.len(), 2);
    site.browser().get("/api/v1/me/sessions").await.assert_problem(401, "forbidden");
}

fn change(current: &str, new: &str) -> Value {
    json!({ "password": { "current": current, "new": new } })
}

async fn patch(browser: &Browser<'_>, body: Value) -> super::Answer {
    browser.site.send(browser.request("PATCH", "/api/v1/me").json(&body)).await
}

async fn a_password_change_ends_the_other_sessions(site: Site) {
    let (mut laptop, phone) = two_devices(&site).await;
    patch(&laptop, change("correct horse", "battery staple")).await.assert_ok();
    phone.me().await.assert_problem(401, "forbidden");
    laptop.refresh().await.assert_ok();
    site.browser().login("ana", "correct horse").await.assert_problem(401, "forbidden");
    site.browser().login("ana", "battery staple").await.assert_ok();
}

async fn a_password_change_needs_the_password(site: Site) {
    let (laptop, phone) = two_devices(&site).await;
    patch(&laptop, change("wrong horse", "battery staple")).await.assert_problem(403, "forbidden");
    patch(&laptop, change("correct horse", "short")).await.assert_problem(400, "invalid");
    patch(&laptop, change("correct horse", &"x".repeat(73))).await.assert_problem(400, "invalid");
    phone.me().await.assert_ok();
    let mut guest = site.browser();
    guest.guest("Guest").await.assert_ok();
    patch(&guest, change("correct horse", "battery staple")).await.assert_problem(403, "forbidden");
    patch(&laptop, json!({})).await.assert_ok();
}

async fn erasing_a_user_ends_their_session_and_frees_the_username(site: Site) {
    let (mut laptop, mut phone) = two_devices(&site).await;
    let code = laptop.post("/api/v1/rooms", json!({ "name": "Ana's" })).await.json["code"].clone();
    let erased = laptop.delete("/api/v1/me").await;
    assert_eq!(erased.assert_ok().cookie().as_deref(), Some(""), "the cookie holds the user id");
    laptop.me().await.assert_problem(401, "forbidden");
    phone.refresh().await.assert_problem(401, "forbidden");
    phone.me().await.assert_problem(401, "forbidden");
    site.browser().login("ana", "correct horse").await.assert_problem(401, "forbidden");
    let code = RoomCode::parse(code.as_str().unwrap()).unwrap();
    let room = site.context.store.room_by_code(code).await.unwrap().unwrap();
    assert!(room.closed_at_ms.is_some(), "the room had no other member");
    assert_eq!(room.name, "");
    assert_eq!(site.context.store.load_journal(room.id).await.unwrap(), tutti::store::StoredJournal::default());
    let mut again = site.browser();
    again.register("ana", "correct horse").await.assert_ok();
}

async fn erasing_a_guest_keeps_the_account_it_merged_into(site: Site) {
    let mut ana = site.browser();
    let id: tutti_protocol::UserId = ana.guest("Ana").await.user_id().parse().unwrap();
    let code = ana.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await.json["code"].clone();
    let room = site.context.rooms.open(RoomCode::parse(code.as_str().unwrap()).unwrap()).await.unwrap();
    let mut ben = site.browser();
    let bens: tutti_protocol::UserId = ben.register("ben", "correct horse").await.user_id().parse().unwrap();
    // The guest logs in to Ben's account.
    let account = site.context.identity.user(bens).await.unwrap().unwrap();
    room.merge(id, account.into()).await.unwrap();
    assert_eq!(room.role_of(bens).await, Some(tutti_protocol::Role::Host));
    ana.delete("/api/v1/me").await.assert_ok();
    assert_eq!(room.role_of(bens).await, Some(tutti_protocol::Role::Host));
    assert_eq!(room.role_of(id).await, None);
}

/// CSRF: every route that changes data, from a page of another origin, with the victim's cookie.
async fn cross_origin_requests_change_nothing(site: Site) {
    let routes = [
        ("POST", "auth/guest"),
        ("POST", "auth/register"),
        ("POST", "auth/login"),
        ("POST", "auth/device"),
        ("POST", "auth/refresh"),
        ("POST", "auth/logout"),
        ("POST", "auth/logout?everywhere=true"),
        ("PATCH", "me"),
        ("DELETE", "me"),
        ("DELETE", "me/sessions"),
        ("DELETE", "me/sessions/00000000-0000-0000-0000-000000000000"),
        ("POST", "me/device-code"),
        ("DELETE", "me/device-code"),
        ("POST", "me/accounts/0/activate"),
        ("DELETE", "me/accounts/0"),
        ("POST", "me/spotify/check"),
        ("POST", "me/spotify/evidence"),
        ("POST", "me/spotify/token"),
        ("DELETE", "me/spotify"),
        ("POST", "rooms"),
        ("DELETE", "rooms/K0LT1X"),
    ];
    let mut ana = site.browser();
    ana.register("ana", "correct horse").await.assert_ok();
    for (method, path) in routes {
        for (header, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let request = warp::test::request()
                .method(method)
                .path(&format!("/api/v1/{path}"))
                .header("host", "tutti.lan:8080")
                .header("cookie", format!("tutti_0={}", ana.cookie.as_ref().unwrap()))
                .header(header, value)
                .json(&json!({ "display_name": "Evil", "username": "evil", "password": "evil evil", "name": "Evil", "code": "" }));
            let answer = site.send(request).await;
            answer.assert_problem(403, "forbidden");
            assert_eq!(answer.cookies(), [], "{method} {path} {header}: {value}");
        }
    }
    assert_eq!(ana.me().await.json["display_name"], "ana");
    ana.refresh().await.assert_ok();
}
