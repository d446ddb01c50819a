//! Requests that pages of other origins make a browser send.

use super::site::NOON_MS;
use super::{Answer, Browser, Site};

fn from(browser: &Browser<'_>, path: &str, headers: &[(&'static str, &'static str)]) -> warp::test::RequestBuilder {
    let mut request = warp::test::request().method("POST").path(path).header("host", "tutti.lan:8080");
    if let Some(cookie) = &browser.cookie {
        request = request.header("cookie", format!("tutti_0={cookie}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
}

#[tokio::test]
async fn cross_origin_requests_change_nothing() {
    let site = Site::in_memory(&[]).await;
    let mut ana = site.browser();
    ana.guest("Ana").await.assert_ok();
    let refused: [&[(&str, &str)]; 7] = [
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://tutti.lan:9090")],
        &[("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        // No current browser sends neither header; then the cookie is not enough.
        &[],
    ];
    for path in ["guest", "register", "login", "refresh", "logout"].map(|name| format!("/api/v1/auth/{name}")) {
        for headers in refused {
            let answer = site.send(from(&ana, &path, headers)).await;
            answer.assert_problem(403, "forbidden");
            assert_eq!(answer.cookie(), None);
        }
    }
    for method in ["PATCH", "DELETE", "PUT"] {
        let request = ana.request(method, "/api/v1/me").header("origin", "http://evil.example");
        site.send(request).await.assert_problem(403, "forbidden");
    }
    ana.refresh().await.assert_ok();
}

#[tokio::test]
async fn same_origin_pages_and_native_clients_are_allowed() {
    let site =
        Site::in_memory(&["--public-url", "http://party.example", "--allowed-origins", "http://a.example"]).await;
    let allowed: [&[(&'static str, &'static str)]; 6] = [
        &[("origin", "http://tutti.lan:8080")],
        &[("origin", "http://party.example")],
        &[("origin", "http://a.example")],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("authorization", "Bearer run.out.token")],
    ];
    for headers in allowed {
        let mut ana = site.browser();
        ana.guest("Ana").await.assert_ok();
        site.send(from(&ana, "/api/v1/auth/refresh", headers)).await.assert_ok();
    }
    let native = from(&site.browser(), "/api/v1/auth/guest", &[]).json(&serde_json::json!({ "display_name": "N" }));
    site.send(native).await.assert_ok();
}

#[tokio::test]
async fn cross_site_links_may_read() {
    let site = Site::in_memory(&[]).await;
    let link = warp::test::request().path("/api/v1/server").header("sec-fetch-site", "cross-site");
    let answer: Answer = site.send(link).await;
    assert_eq!(answer.assert_ok().json["providers"][0], "library");
    assert!(site.context.clock.now_ms_f64() >= NOON_MS);
}
