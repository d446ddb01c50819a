//! Guest login, registration, login, refresh, logout.

use http::header;
use serde_json::json;

use super::site::on_every_store;
use super::{Answer, Browser, Site};

on_every_store! {
    a_guest_login_returns_a_user
    a_returning_browser_is_the_same_guest
    an_account_logs_in_from_another_browser
    registering_keeps_the_guests_user_id
    a_logged_in_account_cannot_register_or_become_a_guest
    usernames_are_unique_regardless_of_case
    a_login_replaces_the_current_session
    logging_out_ends_the_session
    all_wrong_credentials_get_the_same_response
    names_and_passwords_have_length_limits
    users_rename_themselves
    the_cookie_has_its_security_attributes
}

async fn a_guest_login_returns_a_user(site: Site) {
    let mut ana = site.browser();
    let answer = ana.guest("  Ana   B ").await;
    answer.assert_ok();
    assert_eq!(answer.json["expires_in"], 600);
    assert_eq!(answer.json["user"]["kind"], "guest");
    assert_eq!(answer.json["user"]["display_name"], "Ana B");
    assert_eq!(answer.json["user"].get("username"), None);
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    let me = ana.me().await;
    assert_eq!(me.assert_ok().json, answer.json["user"]);
    assert_eq!(me.header(header::CACHE_CONTROL), "no-store");
    site.browser().me().await.assert_problem(401, "forbidden");
}

async fn a_returning_browser_is_the_same_guest(site: Site) {
    let mut ana = site.browser();
    let first = ana.guest("Ana").await;
    let refreshed = ana.refresh().await;
    assert_eq!(refreshed.assert_ok().user_id(), first.user_id());
    assert_ne!(refreshed.cookie(), first.cookie());
    let again = ana.guest("Ana again").await;
    assert_eq!(again.assert_ok().user_id(), first.user_id());
    assert_eq!(again.json["user"]["display_name"], "Ana again");
    assert_ne!(site.browser().guest("Ben").await.user_id(), first.user_id());
}

async fn an_account_logs_in_from_another_browser(site: Site) {
    let registered = site.browser().register("Ana", "correct horse").await;
    assert_eq!(registered.assert_ok().json["user"]["kind"], "user");
    assert_eq!(registered.json["user"]["username"], "Ana");
    let mut phone = site.browser();
    let answer = phone.login(" aNA ", "correct horse").await;
    assert_eq!(answer.assert_ok().user_id(), registered.user_id());
    assert_eq!(phone.me().await.json["username"], "Ana");
}

async fn registering_keeps_the_guests_user_id(site: Site) {
    let mut revoked = site.context.identity.subscribe_revocations();
    let mut ana = site.browser();
    let guest = ana.guest("Ana").await;
    let other_tab = ana.clone();
    let registered = ana.register("ana", "correct horse").await;
    assert_eq!(registered.assert_ok().user_id(), guest.user_id());
    assert_eq!(registered.json["user"]["kind"], "user");
    assert!(revoked.try_recv().is_err(), "sockets of the guest stay open");
    // The guest's tokens are not valid for the account.
    other_tab.me().await.assert_problem(401, "forbidden");
    other_tab.clone().refresh().await.assert_problem(401, "forbidden");
    assert_eq!(ana.refresh().await.assert_ok().user_id(), guest.user_id());

    // A client without cookies is recognized by its access token.
    let mut native = site.browser();
    let guest = native.guest("Native").await;
    native.cookie = None;
    assert_eq!(native.register("native", "correct horse").await.assert_ok().user_id(), guest.user_id());
}

async fn a_logged_in_account_cannot_register_or_become_a_guest(site: Site) {
    let mut ana = site.browser();
    ana.register("ana", "correct horse").await.assert_ok();
    ana.register("ana2", "correct horse").await.assert_problem(409, "conflict");
    ana.guest("Other").await.assert_problem(409, "conflict");
}

async fn usernames_are_unique_regardless_of_case(site: Site) {
    site.browser().register("ana", "correct horse").await.assert_ok();
    for taken in ["ana", "ANA", " Ana ", "ａｎａ"] {
        site.browser().register(taken, "correct horse").await.assert_problem(409, "conflict");
    }
    let mut guest = site.browser();
    guest.guest("Guest").await;
    guest.register("AnA", "correct horse").await.assert_problem(409, "conflict");
    assert_eq!(guest.me().await.json["kind"], "guest");
}

async fn a_login_replaces_the_current_session(site: Site) {
    site.browser().register("ana", "correct horse").await.assert_ok();
    let mut revoked = site.context.identity.subscribe_revocations();
    let mut browser = site.browser();
    browser.guest("Guest").await.assert_ok();
    let guest = browser.clone();
    browser.login("ana", "correct horse").await.assert_ok();
    revoked.try_recv().expect("the guest's sockets are closed");
    guest.me().await.assert_problem(401, "forbidden");
    guest.clone().refresh().await.assert_problem(401, "forbidden");
    assert_eq!(browser.me().await.json["username"], "ana");

    // Logging in as the same user keeps the sockets.
    browser.login("ana", "correct horse").await.assert_ok();
    assert!(revoked.try_recv().is_err());
}

async fn logging_out_ends_the_session(site: Site) {
    let mut revoked = site.context.identity.subscribe_revocations();
    let mut ana = site.browser();
    ana.guest("Ana").await.assert_ok();
    let session = site.context.identity.authenticate(ana.access_token.as_ref().unwrap()).unwrap().session;
    let before = ana.clone();
    let answer = ana.logout().await;
    assert_eq!(answer.status, 204);
    assert!(answer.header(header::SET_COOKIE).contains("Max-Age=0"));
    assert_eq!(revoked.try_recv().unwrap(), session);
    assert!(site.context.identity.is_revoked(session));
    before.me().await.assert_problem(401, "forbidden");
    before.clone().refresh().await.assert_problem(401, "forbidden");

    assert_eq!(site.browser().logout().await.status, 204, "a logout without a login succeeds");
    let mut native = site.browser();
    native.guest("Native").await;
    native.cookie = None;
    assert_eq!(native.logout().await.status, 204);
    native.me().await.assert_problem(401, "forbidden");
}

async fn all_wrong_credentials_get_the_same_response(site: Site) {
    site.browser().register("ana", "correct horse").await.assert_ok();
    let tries = [
        ("ana", "wrong horse"),
        ("unknown", "correct horse"),
        ("no such name!", "correct horse"),
        ("ana", "short"),
        ("ana", &"a".repeat(73)),
        ("", ""),
    ];
    let mut seen = Vec::new();
    for (username, password) in tries {
        let answer = site.browser().login(username, password).await;
        answer.assert_problem(401, "forbidden");
        assert_eq!(answer.cookie(), None);
        seen.push(answer.json["detail"].clone());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

async fn names_and_passwords_have_length_limits(site: Site) {
    let fits = |answer: Answer| {
        if answer.status == 200 {
            true
        } else {
            answer.assert_problem(400, "invalid");
            false
        }
    };
    let long = format!("{}tuba-4x9", "b".repeat(64));
    let passwords = [("1234567", false), ("tuba-4x9", true), (&*long, true), (&*format!("{long}c"), false)];
    for (n, (password, ok)) in passwords.into_iter().enumerate() {
        assert_eq!(fits(site.browser().register(&format!("user{n}"), password).await), ok, "{password}");
    }
    site.browser().login("user2", &long).await.assert_ok();
    site.browser().login("user2", &long[..71]).await.assert_problem(401, "forbidden");
    for username in ["ab", "has space", "кот", &"a".repeat(33)] {
        assert!(!fits(site.browser().register(username, "correct horse").await), "{username}");
    }
    for name in ["", "   ", "a\u{202e}b", &"a".repeat(41)] {
        assert!(!fits(site.browser().guest(name).await), "{name:?}");
    }
}

async fn users_rename_themselves(site: Site) {
    let mut ana = site.browser();
    ana.guest("Ana").await;
    let patch = |name| site.send(ana.request("PATCH", "/api/v1/me").json(&json!({ "display_name": name })));
    assert_eq!(patch("  Anna ").await.assert_ok().json["display_name"], "Anna");
    assert_eq!(ana.me().await.json["display_name"], "Anna");
    patch("\u{7}").await.assert_problem(400, "invalid");
    assert_eq!(ana.me().await.json["display_name"], "Anna");
    let logged_out = site.browser().request("PATCH", "/api/v1/me").json(&json!({ "display_name": "X" }));
    site.send(logged_out).await.assert_problem(401, "forbidden");
}

async fn the_cookie_has_its_security_attributes(site: Site) {
    let cookie = site.browser().guest("Ana").await.header(header::SET_COOKIE).to_owned();
    assert!(cookie.starts_with("tutti_0="), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");

    let secure = Site::in_memory(&["--public-url", "https://tutti.example"]).await;
    let mut ana = secure.browser();
    ana.origin = "https://tutti.example";
    let cookie = ana.guest("Ana").await.header(header::SET_COOKIE).to_owned();
    assert!(cookie.starts_with("__Host-tutti_0="), "{cookie}");
    assert!(cookie.split("; ").any(|part| part == "Secure"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}

const PROXY: &str = "10.0.0.1";
const TRUSTED: &str = "--trusted-proxies=10.0.0.1";
const PUBLIC: &str = "--public-url=https://tutti.example";

#[tokio::test]
async fn cookies_are_secure_by_how_the_request_came() {
    // Settings, page, peer, what the proxy says; whether the cookies are secure.
    type Case = (&'static [&'static str], &'static str, &'static str, Option<&'static str>, bool);
    let cases: [Case; 12] = [
        (&[], "http://192.168.1.5:8080", "192.168.1.9", None, false),
        (&[], "https://tutti.lan", PROXY, Some("https"), false),
        (&[TRUSTED], "https://tutti.lan", PROXY, Some("https"), true),
        (&[TRUSTED], "https://tutti.lan", PROXY, Some("http, HTTPS"), true),
        (&[TRUSTED], "http://tutti.lan", PROXY, Some("http"), false),
        (&[TRUSTED], "http://tutti.lan", PROXY, Some("https,http"), false),
        (&[TRUSTED], "http://tutti.lan", PROXY, None, false),
        (&[TRUSTED], "http://192.168.1.5:8080", "192.168.1.9", Some("https"), false),
        (&[PUBLIC], "https://tutti.example", PROXY, None, true),
        (&[PUBLIC, TRUSTED], "https://tutti.example", PROXY, Some("http"), true),
        (&[PUBLIC, TRUSTED], "http://192.168.1.5:8080", "192.168.1.9", None, false),
        (&[PUBLIC, TRUSTED], "http://tutti.local:8080", "192.168.1.9", Some("https"), false),
    ];
    for (settings, page, peer, forwarded_proto, secure) in cases {
        let site = Site::in_memory(settings).await;
        let mut ana = Browser { origin: page, forwarded_proto, ..site.browser() }.at(peer);
        let answer = ana.guest("Ana").await;
        let cookie = answer.assert_ok().header(header::SET_COOKIE).to_owned();
        assert_eq!(cookie.contains("; Secure"), secure, "{settings:?} {page} {peer} {forwarded_proto:?}: {cookie}");
        assert_eq!(cookie.starts_with("__Host-tutti_0="), secure, "{cookie}");
        if secure == page.starts_with("https") {
            assert_eq!(ana.refresh().await.assert_ok().user_id(), answer.user_id(), "a reload keeps the user");
            assert_eq!(ana.get("/api/v1/me/accounts").await.json["accounts"].as_array().unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_user_who_comes_by_another_way_is_another_one_on_each() {
    let site = Site::in_memory(&[PUBLIC]).await;
    let mut outside = Browser { origin: "https://tutti.example", ..site.browser() };
    let mut at_home = Browser { origin: "http://192.168.1.5:8080", ..site.browser() };
    let (ana, guest) = (outside.guest("Ana").await, at_home.guest("Ana").await);
    assert_eq!(outside.refresh().await.assert_ok().user_id(), ana.user_id());
    assert_eq!(at_home.refresh().await.assert_ok().user_id(), guest.user_id());
    // The prefix keeps sibling hosts from planting a cookie.
    outside.jar.insert("tutti_0".into(), at_home.cookie.clone().unwrap());
    outside.cookie = None;
    outside.access_token = None;
    outside.refresh().await.assert_problem(401, "forbidden");
}

#[tokio::test]
async fn plain_cookies_from_before_are_taken_over_by_https() {
    let site = Site::in_memory(&[TRUSTED]).await;
    let mut before = Browser { origin: "http://tutti.lan", ..site.browser() }.at(PROXY);
    let ana = before.guest("Ana").await;
    let jar = [("tutti_0".to_owned(), before.cookie.unwrap())].into();
    let mut now =
        Browser { origin: "https://tutti.lan", forwarded_proto: Some("https"), jar, ..site.browser() }.at(PROXY);
    assert_eq!(now.refresh().await.assert_ok().user_id(), ana.user_id());
    assert!(now.cookie.is_some(), "from now on it is a secure one");
    assert_eq!(now.refresh().await.assert_ok().user_id(), ana.user_id());
    now.logout().await;
    assert_eq!((now.cookie, now.jar), (None, [].into()), "neither is left");
}

#[tokio::test]
async fn secure_cookies_stay_secure_behind_a_proxy_that_says_nothing() {
    let site = Site::in_memory(&[PUBLIC]).await;
    let mut ana = Browser { origin: "https://tutti.example", ..site.browser() };
    let user = ana.guest("Ana").await.user_id().to_owned();
    // It puts the address of the server for Host.
    let request = warp::test::request()
        .method("POST")
        .path("/api/v1/auth/refresh")
        .header("host", "127.0.0.1:8080")
        .header("origin", "https://tutti.example")
        .header("cookie", format!("__Host-tutti_0={}", ana.cookie.unwrap()));
    let answer = site.send(request).await;
    assert_eq!(answer.assert_ok().user_id(), user);
    assert!(answer.header(header::SET_COOKIE).contains("; Secure"));
}
