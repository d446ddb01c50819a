//! A server that has a part of a site, as a proxy in front of it asks.

use http::header::{COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use serde_json::json;

use crate::support::TestServer;

const PUBLIC: &str = "https://home.example/tutti";

#[tokio::test]
async fn requests_are_served_with_and_without_the_base_path() {
    let mut server = TestServer::start_with(&["--public-url", PUBLIC]).await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    // With the path, as proxies pass it on; without, from one that removes it or from the local network.
    for path in ["/tutti/api/v1/server", "/api/v1/server", "/tutti/readyz", "/readyz", "/tutti/healthz"] {
        let answer = http.get(server.url(path)).header(HOST, "home.example").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let described: serde_json::Value =
        http.get(server.url("/tutti/api/v1/server")).send().await.unwrap().json().await.unwrap();
    assert_eq!(described["public_url"], PUBLIC, "invitations lead there");
    for path in ["/tuttifrutti/api/v1/server", "/tutti/tutti/api/v1/server", "/x/tutti/api/v1/server"] {
        let answer = http.get(server.url(path)).send().await.unwrap();
        assert_ne!(answer.headers()["content-type"], "application/json", "{path}");
    }
    let slash = http.get(server.url("/tutti?a=b")).send().await.unwrap();
    assert_eq!((slash.status().as_u16(), slash.headers()[LOCATION].as_bytes()), (308, &b"/tutti/?a=b"[..]));
    server.stop().await;
}

#[tokio::test]
async fn cookies_are_not_sent_to_the_rest_of_the_site() {
    let mut server = TestServer::start_with(&["--public-url", PUBLIC]).await;
    let http = reqwest::Client::new();
    let lan = server.address.to_string();
    let post = |path: &str, host: &str, origin: &str| {
        http.post(server.url(path)).header(HOST, host).header(ORIGIN, origin).json(&json!({ "display_name": "Ana" }))
    };
    let mut tokens = vec![];
    for (path, host, origin, name, attribute) in [
        ("/tutti/api/v1/auth/guest", "home.example", "https://home.example", "__Secure-tutti_0=", "Path=/tutti"),
        ("/api/v1/auth/guest", "home.example", "https://home.example", "__Secure-tutti_0=", "Path=/tutti"),
        ("/api/v1/auth/guest", lan.as_str(), &format!("http://{lan}"), "tutti_0=", "Path=/"),
    ] {
        let answer = post(path, host, origin).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path} at {host}");
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.starts_with(name), "{cookie}");
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
        tokens.push(cookie.split(';').next().unwrap().to_owned());
    }
    let refresh = post("/tutti/api/v1/auth/refresh", "home.example", "https://home.example");
    let refreshed = refresh.header(COOKIE, &tokens[0]).send().await.unwrap();
    assert_eq!(refreshed.status(), 200);
    assert!(refreshed.headers()[SET_COOKIE].to_str().unwrap().contains("Path=/tutti"), "it stays there");
    server.stop().await;
}
