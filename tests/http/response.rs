//! Security headers, problem documents, body limits, health checks.

use http::header;
use serde_json::json;

use super::{Answer, Site};

const HEADERS: [&str; 6] = [
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cache-control",
];

fn assert_security_headers(answer: &Answer, response: &str) {
    for name in HEADERS {
        assert!(!answer.header(name).is_empty(), "{response} has no {name}");
    }
    let policy = answer.header("content-security-policy");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let site = Site::in_memory(&[]).await;
    let mut ana = site.browser();
    assert_security_headers(&ana.guest("Ana").await, "a guest");
    assert_security_headers(&ana.logout().await, "a logout");
    let requests = [
        ("GET", "/"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/api/v1/server"),
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/nothing"),
        ("DELETE", "/api/v1/auth/guest"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/"),
        ("GET", "/assets/none.js"),
        ("GET", "/../etc/passwd"),
        ("OPTIONS", "/api/v1/me"),
    ];
    for (method, path) in requests {
        let answer = site.send(warp::test::request().method(method).path(path)).await;
        assert_security_headers(&answer, path);
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
    }
    let secure = Site::in_memory(&["--public-url", "https://tutti.example"]).await;
    for path in ["/healthz", "/api/v1/nothing"] {
        assert_eq!(secure.get(path).await.header("strict-transport-security"), "max-age=31536000");
    }
}

#[tokio::test]
async fn errors_are_problem_documents() {
    let site = Site::in_memory(&[]).await;
    let browser = site.browser();
    let send = |method: &'static str, path: &'static str| site.send(browser.request(method, path));
    send("GET", "/api/v1/nothing").await.assert_problem(404, "not_found");
    send("POST", "/api/v1/nothing").await.assert_problem(404, "not_found");
    send("GET", "/api").await.assert_problem(404, "not_found");
    send("GET", "/api/v2/me").await.assert_problem(404, "not_found");
    send("GET", "/assets/none.js").await.assert_problem(404, "not_found");
    send("GET", "/api/v1/auth/guest").await.assert_problem(405, "invalid");
    send("DELETE", "/api/v1/server").await.assert_problem(405, "invalid");
    send("POST", "/").await.assert_problem(405, "invalid");
    send("GET", "/api/v1/me").await.assert_problem(401, "forbidden");
    for authorization in ["Basic YTpi", "Bearer", "Bearer ", "Bearer a.b.c", "bearer é"] {
        let request = browser.request("GET", "/api/v1/me").header("authorization", authorization);
        site.send(request).await.assert_problem(401, "forbidden");
    }
}

#[tokio::test]
async fn bodies_must_be_json_within_the_size_limit() {
    let site = Site::in_memory(&[]).await;
    let browser = site.browser();
    let post = |content_type: &'static str, body: Vec<u8>| {
        let request = browser.request("POST", "/api/v1/auth/guest").body(body);
        site.send(if content_type.is_empty() { request } else { request.header("content-type", content_type) })
    };
    let padded = |bytes: usize| {
        let body = json!({ "display_name": "Ana", "padding": "" }).to_string();
        body.replace("\"\"", &format!("\"{}\"", "x".repeat(bytes - body.len()))).into_bytes()
    };
    post("application/json", padded(16 * 1024)).await.assert_ok();
    post("application/json; charset=utf-8", padded(100)).await.assert_ok();
    post("application/json", padded(16 * 1024 + 1)).await.assert_problem(413, "too_large");
    post("application/json", padded(1024 * 1024)).await.assert_problem(413, "too_large");
    for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        post(content_type, padded(100)).await.assert_problem(400, "invalid");
    }
    for body in ["", "{", "[]", "null", "{}", "{\"display_name\":7}", "display_name=Ana", "\u{0}"] {
        post("application/json", body.into()).await.assert_problem(400, "invalid");
    }
    post("application/json", vec![0xff, 0xfe]).await.assert_problem(400, "invalid");
}

#[tokio::test]
async fn an_error_does_not_quote_the_body() {
    let site = Site::in_memory(&[]).await;
    let body = json!({ "username": "ana", "password": ["correct horse"], "display_name": "Ana" });
    let answer = site.browser().post("/api/v1/auth/register", body).await;
    answer.assert_problem(400, "invalid");
    assert!(!answer.text.contains("horse"), "{}", answer.text);
}

#[tokio::test]
async fn readiness_follows_the_store_and_the_drain() {
    let site = Site::on_sqlite(&[]).await;
    assert_eq!(site.get("/healthz").await.text, "ok\n");
    assert_eq!(site.get("/readyz").await.text, "ready\n");
    site.context.store.close().await;
    let answer = site.get("/readyz").await;
    answer.assert_problem(503, "unavailable");
    assert_eq!(answer.header(header::RETRY_AFTER), "2");
    site.get("/healthz").await.assert_ok();
    site.browser().guest("Ana").await.assert_problem(503, "unavailable");

    let site = Site::in_memory(&[]).await;
    site.context.draining.cancel();
    site.get("/readyz").await.assert_problem(503, "unavailable");
    site.get("/healthz").await.assert_ok();
}
