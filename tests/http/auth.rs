//! Guest login, registration, login, refresh, logout.

use http::header;
use serde_json::json;

use super::site::on_every_store;
use super::{Answer, Site};

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
    let cookie = secure.browser().guest("Ana").await.header(header::SET_COOKIE).to_owned();
    assert!(cookie.starts_with("__Host-tutti_0="), "{cookie}");
    assert!(cookie.split("; ").any(|part| part == "Secure"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}
