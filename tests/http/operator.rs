//! What operators see and do, and what everyone else is refused.

use std::time::Duration;

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tutti::cleanup::ACTS_KEPT;
use tutti::identity::PASSWORD_LINK_LIFETIME;
use tutti::operator::{CLAIM_LIFETIME, INVITATION_LIFETIME, roles};

use super::cleanup::cleanup;
use super::site::pass;
use super::{Answer, Browser, Site};

/// Runs each test on every store, with limits that no test meets.
macro_rules! with_raised_limits {
    ($($test:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Site::in_memory(super::RAISED).await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Site::on_sqlite(super::RAISED).await).await;
            })*
        }
    };
}

const RAISED: &[&str] =
    &["--limit-guesses=1000", "--limit-registrations=1000", "--limit-guests=1000", "--limit-logins=1000"];

with_raised_limits! {
    every_route_is_for_operators_only
    the_first_operator_claims_the_role_by_a_link_once
    a_claim_needs_an_account_and_expires
    a_role_that_was_taken_away_is_gone_at_once
    people_are_found_by_any_spelling_of_their_names
    a_forgotten_password_is_replaced_by_a_link_once
    a_password_link_dies_with_another_change_and_with_time
    a_ban_ends_sessions_and_keeps_the_person_and_the_device_out
    operators_are_protected_from_one_another
    a_deleted_person_leaves_no_name_behind
    rooms_are_listed_handed_over_and_closed
    registration_is_open_by_invitation_or_closed
    an_invitation_is_used_if_and_only_if_its_account_is_created
    guests_are_on_or_off
    rooms_are_opened_by_whom_the_switch_allows
    the_report_and_the_scan
    the_log_says_who_did_what_on_whom
}

const PASSWORD: &str = "correct horse";

async fn send(browser: &Browser<'_>, method: &str, path: &str, body: &Value) -> Answer {
    let request = browser.request(method, &format!("/api/v1/{path}"));
    let request = if body.is_null() { request } else { request.json(body) };
    browser.site.send(request).await
}

/// An operator who is logged in.
async fn operator(site: &Site) -> Browser<'_> {
    let mut root = site.browser();
    root.register("root", PASSWORD).await.assert_ok();
    assert!(roles::add(&*site.context.store, "root", site.context.clock.now_ms()).await.unwrap());
    root
}

async fn set(root: &Browser<'_>, change: Value) {
    send(root, "PATCH", "operator/switches", &change).await.assert_ok();
}

async fn link(root: &Browser<'_>, path: &str) -> String {
    let answer = send(root, "POST", path, &Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"), "{}", answer.text);
    answer.json["token"].as_str().expect("a token").to_owned()
}

async fn log(root: &Browser<'_>) -> Vec<Value> {
    send(root, "GET", "operator/log", &Value::Null).await.assert_ok().json["acts"].as_array().unwrap().clone()
}

async fn logged(root: &Browser<'_>) -> Vec<String> {
    log(root).await.iter().rev().map(|act| act["act"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, reason: &str) {
    assert_eq!((answer.status.as_u16(), answer.json["reason"].as_str()), (status, Some(reason)), "{}", answer.text);
}

async fn every_route_is_for_operators_only(site: Site) {
    let root = operator(&site).await;
    let [stranger, mut guest, mut member] = [(); 3].map(|()| site.browser());
    guest.guest("Gus").await.assert_ok();
    let victim = member.register("mia", PASSWORD).await.user_id().to_owned();
    let room = member.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await;
    let room = room.assert_ok().json["code"].as_str().unwrap().to_owned();
    // In an order in which each is possible for an operator.
    let routes = [
        ("GET", "operator/report".to_owned(), Value::Null),
        ("POST", "operator/library/scan".to_owned(), Value::Null),
        ("GET", "operator/log".to_owned(), Value::Null),
        ("GET", "operator/switches".to_owned(), Value::Null),
        ("PATCH", "operator/switches".to_owned(), json!({})),
        ("POST", "operator/invitations".to_owned(), Value::Null),
        ("DELETE", "operator/invitations".to_owned(), Value::Null),
        ("GET", "operator/rooms".to_owned(), Value::Null),
        ("GET", format!("operator/rooms/{room}"), Value::Null),
        ("PUT", format!("operator/rooms/{room}/host"), json!({ "member": victim })),
        ("DELETE", format!("operator/rooms/{room}"), Value::Null),
        ("GET", "operator/people".to_owned(), Value::Null),
        ("POST", format!("operator/people/{victim}/password-link"), Value::Null),
        ("PUT", format!("operator/people/{victim}/ban"), Value::Null),
        ("DELETE", format!("operator/people/{victim}/ban"), Value::Null),
        ("DELETE", format!("operator/people/{victim}"), Value::Null),
    ];
    for (method, path, body) in &routes {
        assert_eq!(send(&stranger, method, path, body).await.status, 401, "{method} {path}");
        for other in [&guest, &member] {
            assert_refused(&send(other, method, path, body).await, 403, "not_an_operator");
        }
    }
    let before = logged(&root).await;
    assert_eq!(before, ["operator_added"], "a refused act is none");
    for (method, path, body) in routes.iter().filter(|(method, ..)| *method != "GET") {
        let request = root.request(method, &format!("/api/v1/{path}")).header("origin", "http://evil.example");
        let answer = site.send(if body.is_null() { request } else { request.json(body) }).await;
        assert_refused(&answer, 403, "foreign_page");
    }
    for (method, path, body) in &routes {
        send(&root, method, path, body).await.assert_ok();
    }
    for unknown in ["operator", "operator/people/x/y", "operator/reports"] {
        assert_eq!(send(&root, "GET", unknown, &Value::Null).await.status, 404, "{unknown}");
    }
}

async fn the_first_operator_claims_the_role_by_a_link_once(site: Site) {
    let token = site.context.operators.make_claim().await.unwrap().expect("there is no operator");
    let claim = json!({ "token": token.expose_secret() });
    let (mut ana, mut ben) = (site.browser(), site.browser());
    ana.register("ana", PASSWORD).await.assert_ok();
    ben.register("ben", PASSWORD).await.assert_ok();
    assert_refused(&send(&ana, "POST", "operator/claim", &json!({ "token": "guess" })).await, 410, "link_void");
    assert_eq!(ana.me().await.json.get("operator"), None);
    send(&ana, "POST", "operator/claim", &claim).await.assert_ok();
    assert_eq!(ana.me().await.json["operator"], true);
    assert_refused(&send(&ben, "POST", "operator/claim", &claim).await, 410, "link_void");
    assert!(site.context.operators.make_claim().await.unwrap().is_none(), "there is an operator");
    let acts = log(&ana).await;
    assert_eq!((&acts[0]["act"], &acts[0]["by"]["name"]), (&json!("operator_claimed"), &json!("ana")));
}

async fn a_claim_needs_an_account_and_expires(site: Site) {
    let claim = async || {
        let token = site.context.operators.make_claim().await.unwrap().expect("there is no operator");
        json!({ "token": token.expose_secret() })
    };
    let mut ana = site.browser();
    let first = claim().await;
    assert_eq!(send(&ana, "POST", "operator/claim", &first).await.status, 401);
    ana.guest("Ana").await.assert_ok();
    assert_refused(&send(&ana, "POST", "operator/claim", &first).await, 409, "no_password");
    ana.register("ana", PASSWORD).await.assert_ok();
    let second = claim().await;
    assert_refused(&send(&ana, "POST", "operator/claim", &first).await, 410, "link_void");
    pass(CLAIM_LIFETIME).await;
    ana.refresh().await.assert_ok();
    assert_refused(&send(&ana, "POST", "operator/claim", &second).await, 410, "link_void");

    // An operator who was added meanwhile.
    let third = claim().await;
    roles::add(&*site.context.store, "ana", site.context.clock.now_ms()).await.unwrap();
    assert_refused(&send(&ana, "POST", "operator/claim", &third).await, 410, "link_void");
}

async fn a_role_that_was_taken_away_is_gone_at_once(site: Site) {
    let (root, store) = (operator(&site).await, &*site.context.store);
    let now_ms = site.context.clock.now_ms();
    assert!(!roles::add(store, " ROOT ", now_ms).await.unwrap(), "any spelling of the user name");
    send(&root, "GET", "operator/report", &Value::Null).await.assert_ok();
    assert!(roles::remove(store, "root", now_ms).await.unwrap());
    assert_refused(&send(&root, "GET", "operator/report", &Value::Null).await, 403, "not_an_operator");
    assert!(!roles::remove(store, "root", now_ms).await.unwrap());
    for unknown in ["ana", "no user name", ""] {
        assert!(roles::add(store, unknown, now_ms).await.is_err(), "{unknown:?}");
    }
}

async fn people_are_found_by_any_spelling_of_their_names(site: Site) {
    let root = operator(&site).await;
    site.browser().guest("Łukasz Żółć").await.assert_ok();
    site.browser().register("mia", PASSWORD).await.assert_ok();
    let found = async |query: &str| {
        let answer = send(&root, "GET", &format!("operator/people?q={query}"), &Value::Null).await;
        let people = answer.assert_ok().json["people"].as_array().unwrap().clone();
        people.iter().map(|person| person["display_name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("lukasz%20z").await, ["Łukasz Żółć"]);
    assert_eq!(found("MI").await, ["mia"]);
    let mut everyone = found("").await;
    everyone.sort();
    assert_eq!(everyone, ["mia", "root", "Łukasz Żółć"]);
    assert_eq!(found("zoe").await, [""; 0]);
    let bad = send(&root, "GET", "operator/people?cursor=x", &Value::Null).await;
    bad.assert_problem(400, "invalid");

    // Ids of one millisecond have no order.
    pass(Duration::from_secs(1)).await;
    site.browser().guest("Guest 0").await.assert_ok();
    pass(Duration::from_secs(1)).await;
    for number in 1..60 {
        site.browser().guest(&format!("Guest {number}")).await.assert_ok();
    }
    let first = send(&root, "GET", "operator/people?q=guest", &Value::Null).await.json;
    let next = first["next_cursor"].as_str().expect("another page");
    let second = send(&root, "GET", &format!("operator/people?q=guest&cursor={next}"), &Value::Null).await.json;
    let names = [&first, &second].map(|page| page["people"].as_array().unwrap().len());
    assert_eq!((names, &second["next_cursor"]), ([50, 10], &Value::Null));
    assert_eq!(second["people"][9]["display_name"], "Guest 0", "newest first");
}

async fn choose(browser: &mut Browser<'_>, token: &str, password: &str) -> Answer {
    browser.post("/api/v1/auth/password", json!({ "token": token, "password": password })).await
}

async fn a_forgotten_password_is_replaced_by_a_link_once(site: Site) {
    let root = operator(&site).await;
    let (mut laptop, mut phone) = (site.browser(), site.browser());
    let ana = laptop.register("ana", PASSWORD).await.user_id().to_owned();
    let token = link(&root, &format!("operator/people/{ana}/password-link")).await;
    let other = link(&root, &format!("operator/people/{ana}/password-link")).await;
    assert_refused(&choose(&mut phone, &token, "password").await, 400, "weak_password");
    assert_refused(&choose(&mut phone, &token, "short").await, 400, "bad_password");
    let chosen = choose(&mut phone, &token, "tuba quiche 91").await;
    assert_eq!(chosen.assert_ok().user_id(), ana);
    phone.me().await.assert_ok();
    phone.refresh().await.assert_ok();
    laptop.me().await.assert_problem(401, "forbidden");
    laptop.refresh().await.assert_problem(401, "forbidden");
    for used in [&token, &other] {
        assert_refused(&choose(&mut site.browser(), used, "another tuba 92").await, 410, "link_void");
    }
    site.browser().login("ana", PASSWORD).await.assert_problem(401, "forbidden");
    site.browser().login("ana", "tuba quiche 91").await.assert_ok();
    assert_eq!(logged(&root).await[1..], ["password_link_made", "password_link_made", "password_reset"]);

    let guest = site.browser().guest("Gus").await.user_id().to_owned();
    let none = send(&root, "POST", &format!("operator/people/{guest}/password-link"), &Value::Null).await;
    assert_refused(&none, 409, "no_password");
}

async fn a_password_link_dies_with_another_change_and_with_time(site: Site) {
    let root = operator(&site).await;
    let mut ana = site.browser();
    let id = ana.register("ana", PASSWORD).await.user_id().to_owned();
    let path = format!("operator/people/{id}/password-link");
    let changed = link(&root, &path).await;
    let change = json!({ "password": { "current": PASSWORD, "new": "tuba quiche 91" } });
    send(&ana, "PATCH", "me", &change).await.assert_ok();
    assert_refused(&choose(&mut site.browser(), &changed, "another tuba 92").await, 410, "link_void");

    // An operator's link does not act on an operator.
    let promoted = link(&root, &path).await;
    let now_ms = site.context.clock.now_ms();
    assert!(roles::add(&*site.context.store, "ana", now_ms).await.unwrap());
    assert_refused(&choose(&mut site.browser(), &promoted, "another tuba 92").await, 410, "link_void");
    assert!(roles::remove(&*site.context.store, "ana", now_ms).await.unwrap());

    let raced = link(&root, &path).await;
    let (site, raced) = (&site, &raced);
    let answers = join_all((0..4).map(|number| async move {
        choose(&mut site.browser(), raced, &format!("racing tuba {number}")).await.status.is_success()
    }));
    assert_eq!(answers.await.into_iter().filter(|won| *won).count(), 1);

    let late = link(&root, &path).await;
    let forged = format!("{}A", &late[..late.len() - 1]);
    let cut = &late[..late.len() - 4];
    for bad in ["", "x", cut, if forged == late { "" } else { &forged }, &"A".repeat(4_000)] {
        assert_refused(&choose(&mut site.browser(), bad, "another tuba 92").await, 410, "link_void");
    }
    pass(PASSWORD_LINK_LIFETIME).await;
    assert_refused(&choose(&mut site.browser(), &late, "another tuba 92").await, 410, "link_void");
}

async fn a_ban_ends_sessions_and_keeps_the_person_and_the_device_out(site: Site) {
    let root = operator(&site).await;
    let (mut guest, mut account) = (site.browser(), site.browser());
    let gus = guest.guest("Gus").await.user_id().to_owned();
    let mia = account.register("mia", PASSWORD).await.user_id().to_owned();
    let code = account.post("/api/v1/me/device-code", json!({})).await.json["code"].clone();
    let token = link(&root, &format!("operator/people/{mia}/password-link")).await;
    for id in [&gus, &mia] {
        for _ in 0..2 {
            send(&root, "PUT", &format!("operator/people/{id}/ban"), &Value::Null).await.assert_ok();
        }
    }
    let banned = send(&root, "GET", "operator/people?banned=true", &Value::Null).await.json["people"].clone();
    assert_eq!(banned.as_array().unwrap().len(), 2);
    for browser in [&mut guest, &mut account] {
        browser.me().await.assert_problem(401, "forbidden");
        assert_refused(&browser.refresh().await, 401, "banned_from_server");
        browser.access_token = None;
        assert_refused(&browser.guest("Gus the second").await, 403, "banned_from_server");
        assert_refused(&browser.register("other", PASSWORD).await, 403, "banned_from_server");
    }
    // From another device, which is not banned itself.
    assert_refused(&site.browser().login("mia", PASSWORD).await, 403, "banned_from_server");
    assert_eq!(site.browser().login("mia", "wrong horse").await.json["reason"], "wrong_credentials");
    assert_refused(&choose(&mut site.browser(), &token, "tuba quiche 91").await, 403, "banned_from_server");
    let by_code = site.browser().post("/api/v1/auth/device", json!({ "code": code })).await;
    assert!(!by_code.status.is_success(), "{}", by_code.text);
    // A person who has nothing to do with it shares the device.
    let mut shared = guest.clone();
    shared.register("zoe", PASSWORD).await.assert_problem(403, "forbidden");
    site.browser().register("zoe", PASSWORD).await.assert_ok();
    shared.login("zoe", PASSWORD).await.assert_ok();

    // The ban holds when the ended session is long forgotten, and while the guest would have been erased.
    pass(Duration::from_hours(50)).await;
    cleanup(&site).remove_expired().await.unwrap();
    let mut root = root;
    root.login("root", PASSWORD).await.assert_ok();
    assert_refused(&guest.guest("Gus the second").await, 403, "banned_from_server");
    for id in [&gus, &mia] {
        send(&root, "DELETE", &format!("operator/people/{id}/ban"), &Value::Null).await.assert_ok();
    }
    site.browser().login("mia", PASSWORD).await.assert_ok();
    guest.guest("Gus again").await.assert_ok();
    let acts = logged(&root).await;
    assert_eq!(acts.iter().filter(|act| *act == "person_banned").count(), 2, "a repetition is no further act");
    assert_eq!(acts.iter().filter(|act| *act == "person_unbanned").count(), 2);
}

async fn operators_are_protected_from_one_another(site: Site) {
    let root = operator(&site).await;
    let other = site.browser().register("other", PASSWORD).await.user_id().to_owned();
    roles::add(&*site.context.store, "other", site.context.clock.now_ms()).await.unwrap();
    let me = root.me().await.json["id"].as_str().unwrap().to_owned();
    for id in [&other, &me] {
        let path = format!("operator/people/{id}");
        for (method, path) in
            [("DELETE", path.clone()), ("PUT", format!("{path}/ban")), ("POST", format!("{path}/password-link"))]
        {
            assert_refused(&send(&root, method, &path, &Value::Null).await, 409, "operator_protected");
        }
    }
    for unknown in ["00000000-0000-7000-8000-000000000000", "x"] {
        let gone = send(&root, "DELETE", &format!("operator/people/{unknown}"), &Value::Null).await;
        assert_refused(&gone, 404, "no_such_person");
    }
}

async fn a_deleted_person_leaves_no_name_behind(site: Site) {
    let root = operator(&site).await;
    let mut mia = site.browser();
    let id = mia.register("mia", PASSWORD).await.user_id().to_owned();
    let room = mia.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await;
    let room = room.assert_ok().json["code"].as_str().unwrap().to_owned();
    link(&root, &format!("operator/people/{id}/password-link")).await;
    send(&root, "DELETE", &format!("operator/people/{id}"), &Value::Null).await.assert_ok();
    mia.me().await.assert_problem(401, "forbidden");
    mia.login("mia", PASSWORD).await.assert_problem(401, "forbidden");
    assert_eq!(root.get(&format!("/api/v1/rooms/{room}")).await.status, 404, "no one was left in the room");
    let text = send(&root, "GET", "operator/log", &Value::Null).await.text;
    assert!(!text.contains("mia"), "{text}");
    let acts = log(&root).await;
    assert_eq!((&acts[0]["act"], &acts[0]["person"]["name"]), (&json!("person_deleted"), &json!("")));
    assert_eq!(acts[0]["person"]["id"], *id);
}

async fn rooms_are_listed_handed_over_and_closed(site: Site) {
    let root = operator(&site).await;
    let mut mia = site.browser();
    let host = mia.register("mia", PASSWORD).await.user_id().to_owned();
    let mut codes = Vec::new();
    for name in ["Küche", "Cellar"] {
        let room = mia.post("/api/v1/rooms", json!({ "name": name })).await;
        codes.push(room.assert_ok().json["code"].as_str().unwrap().to_owned());
    }
    let listed = send(&root, "GET", "operator/rooms?q=kuche", &Value::Null).await.json;
    let kitchen = &listed["rooms"][0];
    assert_eq!((&kitchen["code"], &kitchen["name"]), (&json!(codes[0]), &json!("Küche")));
    assert_eq!((&kitchen["host"]["name"], &kitchen["members"]), (&json!("mia"), &json!(1)));
    assert_eq!((&kitchen["connections"], &listed["next_cursor"]), (&json!(0), &Value::Null));
    assert!(kitchen["last_used_at_ms"].as_i64() >= kitchen["created_at_ms"].as_i64());
    let by_code = send(&root, "GET", &format!("operator/rooms?q={}", codes[1].to_lowercase()), &Value::Null).await;
    assert_eq!(by_code.json["rooms"][0]["name"], "Cellar");

    let path = format!("operator/rooms/{}", codes[0]);
    let people = send(&root, "GET", &path, &Value::Null).await.json;
    assert_eq!(people, json!({ "host": { "id": host, "name": "mia" }, "members": [] }));
    let stranger = root.me().await.json["id"].clone();
    let given = send(&root, "PUT", &format!("{path}/host"), &json!({ "member": stranger })).await;
    assert_refused(&given, 404, "no_such_member");

    send(&root, "DELETE", &path, &Value::Null).await.assert_ok();
    assert_eq!(mia.get(&format!("/api/v1/rooms/{}", codes[0])).await.status, 404);
    assert_refused(&send(&root, "DELETE", &path, &Value::Null).await, 404, "no_such_room");
    assert_refused(&send(&root, "GET", "operator/rooms/x", &Value::Null).await, 404, "no_such_room");
    let rooms = send(&root, "GET", "operator/rooms", &Value::Null).await.json["rooms"].clone();
    assert_eq!(rooms.as_array().unwrap().len(), 1);
    assert_eq!(log(&root).await[0]["room"], *codes[0]);
}

async fn register(site: &Site, name: &str, invitation: Option<&str>) -> Answer {
    let mut body = json!({ "username": name, "password": PASSWORD, "display_name": name });
    if let Some(token) = invitation {
        body["invitation"] = json!(token);
    }
    site.browser().post("/api/v1/auth/register", body).await
}

async fn told(site: &Site) -> Value {
    site.get("/api/v1/server").await.json["switches"].clone()
}

async fn registration_is_open_by_invitation_or_closed(site: Site) {
    let root = operator(&site).await;
    assert_eq!(told(&site).await, json!({ "registration": "open", "guests": true, "rooms": "everyone" }));
    set(&root, json!({ "registration": "closed" })).await;
    assert_refused(&register(&site, "ben", None).await, 403, "registration_closed");
    let mut guest = site.browser();
    guest.guest("Gus").await.assert_ok();
    assert_refused(&guest.register("gus", PASSWORD).await, 403, "registration_closed");
    guest.me().await.assert_ok();

    set(&root, json!({ "registration": "invited" })).await;
    assert_eq!(told(&site).await["registration"], "invited");
    assert_refused(&register(&site, "ben", None).await, 403, "invitation_needed");
    assert_refused(&register(&site, "ben", Some("guess")).await, 410, "invitation_void");
    let token = link(&root, "operator/invitations").await;
    let status = send(&root, "GET", "operator/switches", &Value::Null).await.json;
    assert_eq!(status["invitations_open"], 1);
    let guests: Vec<_> = (0..4).map(|number| format!("ben{number}")).collect();
    let answers = join_all(guests.iter().map(|name| register(&site, name, Some(&token)))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert_refused(answer, 410, "invitation_void");
    }
    let used = log(&root).await.into_iter().find(|act| act["act"] == "invitation_used").expect("it is in the log");
    assert_eq!(used["by"], used["person"]);

    let late = link(&root, "operator/invitations").await;
    let withdrawn = link(&root, "operator/invitations").await;
    let status = send(&root, "DELETE", "operator/invitations", &Value::Null).await.json;
    assert_eq!(status["invitations_open"], 0);
    assert_refused(&register(&site, "cleo", Some(&withdrawn)).await, 410, "invitation_void");
    assert_refused(&register(&site, "cleo", Some(&late)).await, 410, "invitation_void");
    let late = link(&root, "operator/invitations").await;
    pass(INVITATION_LIFETIME).await;
    assert_refused(&register(&site, "cleo", Some(&late)).await, 410, "invitation_void");
}

async fn an_invitation_is_used_if_and_only_if_its_account_is_created(site: Site) {
    let root = operator(&site).await;
    set(&root, json!({ "registration": "invited" })).await;
    let token = link(&root, "operator/invitations").await;
    assert_refused(&register(&site, "root", Some(&token)).await, 409, "username_taken");
    assert_refused(&register(&site, "x", Some(&token)).await, 400, "bad_username");
    register(&site, "ben", Some(&token)).await.assert_ok();
    // A client hangs up while its password is hashed: the account that the invitation was used for is created.
    let (operators, store) = (&site.context.operators, &site.context.store);
    let token = link(&root, "operator/invitations").await;
    let mut request = Box::pin(register(&site, "abe", Some(&token)));
    while operators.open_invitations().await.unwrap() > 0 {
        assert!(futures_util::poll!(&mut request).is_pending());
        tokio::task::yield_now().await;
    }
    drop(request);
    let created = async {
        while store.user_by_username("abe").await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), created).await.expect("it goes on");
    // Where none is needed, none is used up.
    let token = link(&root, "operator/invitations").await;
    set(&root, json!({ "registration": "open" })).await;
    register(&site, "cleo", Some(&token)).await.assert_ok();
    set(&root, json!({ "registration": "invited" })).await;
    register(&site, "dan", Some(&token)).await.assert_ok();
}

async fn guests_are_on_or_off(site: Site) {
    let root = operator(&site).await;
    let mut early = site.browser();
    early.guest("Early").await.assert_ok();
    set(&root, json!({ "guests": false })).await;
    assert_refused(&site.browser().guest("Late").await, 403, "guests_off");
    early.guest("Early bird").await.assert_ok();
    early.post("/api/v1/rooms", json!({ "name": "Kitchen" })).await.assert_ok();
    site.browser().register("ben", PASSWORD).await.assert_ok();
    set(&root, json!({ "guests": true })).await;
    site.browser().guest("Late").await.assert_ok();
}

async fn rooms_are_opened_by_whom_the_switch_allows(site: Site) {
    let mut root = operator(&site).await;
    let (mut guest, mut member) = (site.browser(), site.browser());
    guest.guest("Gus").await.assert_ok();
    member.register("mia", PASSWORD).await.assert_ok();
    let (path, room) = ("/api/v1/rooms", json!({ "name": "Kitchen" }));
    set(&root, json!({ "rooms": "accounts" })).await;
    assert_refused(&guest.post(path, room.clone()).await, 403, "rooms_for_accounts");
    member.post(path, room.clone()).await.assert_ok();
    set(&root, json!({ "rooms": "operators" })).await;
    assert_refused(&guest.post(path, room.clone()).await, 403, "rooms_for_operators");
    assert_refused(&member.post(path, room.clone()).await, 403, "rooms_for_operators");
    root.post(path, room).await.assert_ok();
    for bad in [json!({ "rooms": "guests" }), json!({ "guests": "off" }), json!("open")] {
        send(&root, "PATCH", "operator/switches", &bad).await.assert_problem(400, "invalid");
    }
    let acts = log(&root).await;
    let values: Vec<_> = acts.iter().map(|act| act["value"].as_str().unwrap_or_default()).collect();
    assert_eq!(values, ["operators", "accounts", ""], "what did not change is not logged");
}

async fn the_report_and_the_scan(site: Site) {
    let root = operator(&site).await;
    site.browser().guest("Gus").await.assert_ok();
    let music = site.dir.path().join("music");
    std::fs::write(music.join("noise.mp3"), b"this is no music").unwrap();
    let before = send(&root, "GET", "operator/report", &Value::Null).await.json;
    assert_eq!(before["library"]["scanned_at_ms"], Value::Null);
    let scan = send(&root, "POST", "operator/library/scan", &Value::Null).await;
    assert_eq!(scan.status, 202, "{}", scan.text);
    // As the library does when it is started.
    site.context.library.rescan().await.unwrap();
    let report = send(&root, "GET", "operator/report", &Value::Null).await.json;
    assert_eq!((&report["accounts"], &report["guests"], &report["banned"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["library"]["unreadable_files"], json!(["noise.mp3"]));
    assert_eq!(report["library"]["unreadable"], 1);
    assert!(report["library"]["scanned_at_ms"].is_i64() && report["database"].is_string());
    assert_eq!(logged(&root).await.last().unwrap(), "library_rescanned");
}

async fn the_log_says_who_did_what_on_whom(site: Site) {
    let root = operator(&site).await;
    let gus = site.browser().guest("Gus").await.user_id().to_owned();
    for _ in 0..30 {
        send(&root, "PUT", &format!("operator/people/{gus}/ban"), &Value::Null).await.assert_ok();
        send(&root, "DELETE", &format!("operator/people/{gus}/ban"), &Value::Null).await.assert_ok();
    }
    let first = send(&root, "GET", "operator/log", &Value::Null).await.json;
    let latest = &first["acts"][0];
    assert_eq!((&latest["act"], &latest["by"]["name"]), (&json!("person_unbanned"), &json!("root")));
    assert_eq!((&latest["person"]["name"], &latest["person"]["id"]), (&json!("Gus"), &json!(gus)));
    let next = first["next_cursor"].as_str().expect("another page");
    let second = send(&root, "GET", &format!("operator/log?cursor={next}"), &Value::Null).await.json;
    let counts = [&first, &second].map(|page| page["acts"].as_array().unwrap().len());
    assert_eq!((counts, &second["next_cursor"]), ([50, 11], &Value::Null));
    let oldest = &second["acts"][10];
    assert_eq!((&oldest["act"], &oldest["by"]), (&json!("operator_added"), &Value::Null), "the command line");

    pass(ACTS_KEPT / 2).await;
    cleanup(&site).remove_expired().await.unwrap();
    assert_eq!(site.context.store.acts_before(None, 100).await.unwrap().len(), 61);
    pass(ACTS_KEPT / 2 + Duration::from_secs(1)).await;
    cleanup(&site).remove_expired().await.unwrap();
    assert_eq!(site.context.store.acts_before(None, 100).await.unwrap(), []);
}
