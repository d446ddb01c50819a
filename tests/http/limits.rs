//! Rate limits.

use std::time::Duration;

use http::header;

use super::Site;
use super::site::pass;

#[tokio::test]
async fn password_guesses_are_limited() {
    let site = Site::in_memory(&["--limit-logins", "3"]).await;
    site.browser().at("192.0.2.9").register("ana", "correct horse").await.assert_ok();
    let attacker = || site.browser().at("203.0.113.5");
    for _ in 0..3 {
        attacker().login("ana", "wrong horse").await.assert_problem(401, "forbidden");
    }
    let refused = attacker().login("ANA", "correct horse").await;
    refused.assert_problem(429, "rate_limited");
    let wait: u64 = refused.header(header::RETRY_AFTER).parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");

    // Neither the owner at another address nor other usernames at the attacker's are locked out.
    site.browser().at("192.0.2.9").login("ana", "correct horse").await.assert_ok();
    attacker().login("ben", "wrong horse").await.assert_problem(401, "forbidden");

    pass(Duration::from_secs(wait + 1)).await;
    attacker().login("ana", "correct horse").await.assert_ok();
}

#[tokio::test]
async fn password_spraying_is_limited() {
    let site = Site::in_memory(&["--limit-logins", "2"]).await;
    for n in 0..12 {
        site.browser().login(&format!("user{n}"), "wrong horse").await.assert_problem(401, "forbidden");
    }
    site.browser().login("user12", "wrong horse").await.assert_problem(429, "rate_limited");
    site.browser().at("192.0.2.2").login("user12", "wrong horse").await.assert_problem(401, "forbidden");
}

#[tokio::test]
async fn registrations_and_guest_logins_are_limited() {
    let site = Site::in_memory(&["--limit-registrations", "1", "--limit-guests", "2"]).await;
    site.browser().register("ana", "correct horse").await.assert_ok();
    site.browser().register("ben", "correct horse").await.assert_problem(429, "rate_limited");
    site.browser().guest("A").await.assert_ok();
    site.browser().guest("B").await.assert_ok();
    site.browser().guest("C").await.assert_problem(429, "rate_limited");
    site.browser().at("192.0.2.2").guest("D").await.assert_ok();
}

#[tokio::test]
async fn limits_use_the_client_address_from_a_trusted_proxy() {
    let settings = ["--limit-guests", "1", "--trusted-proxies", "10.0.0.1"];
    let site = Site::in_memory(&settings).await;
    let guest = |proxy: &str, client: &'static str| {
        let request = site.browser().at(proxy).request("POST", "/api/v1/auth/guest");
        site.send(request.header("x-forwarded-for", client).json(&serde_json::json!({ "display_name": "A" })))
    };
    guest("10.0.0.1", "192.0.2.1").await.assert_ok();
    guest("10.0.0.1", "192.0.2.2").await.assert_ok();
    guest("10.0.0.1", "192.0.2.2").await.assert_problem(429, "rate_limited");
    guest("10.0.0.1", "8.8.8.8, 192.0.2.2").await.assert_problem(429, "rate_limited");
    guest("10.0.0.9", "192.0.2.3").await.assert_ok();
    guest("10.0.0.9", "192.0.2.4").await.assert_problem(429, "rate_limited");
}
