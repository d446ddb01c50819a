//! The web client's files and pages.

use http::header;
use rust_embed::RustEmbed;
use tutti::http::base_path::WithBasePath;
use tutti::http::{response, static_client};

use super::{Answer, Site};

/// A small client. Its compressed files are plain text, so that tests can distinguish them.
#[derive(RustEmbed)]
#[folder = "tests/http/client"]
struct TestClient;

async fn site() -> Site {
    use warp::Filter;
    let mut site = Site::in_memory(&[]).await;
    site.routes = response::finish(&site.context, static_client::routes::<TestClient>(&site.context)).boxed();
    site
}

async fn get(site: &Site, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let mut request = warp::test::request().path(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    site.send(request).await
}

#[tokio::test]
async fn pages_serve_the_index_and_are_revalidated() {
    let site = site().await;
    for path in ["/", "/r/K0LT1X", "/join", "/screen/K0LT1X", "/index.html", "/r/%20", "/assetsx"] {
        let page = get(&site, path, &[]).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains("Test client"), "{path}");
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(page.header(header::CACHE_CONTROL), "no-cache");
        let again = get(&site, path, &[("if-none-match", page.header(header::ETAG))]).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    }
    let icon = get(&site, "/icon.svg", &[]).await;
    assert_eq!(icon.header(header::CONTENT_TYPE), "image/svg+xml");
    assert_eq!(icon.header(header::CACHE_CONTROL), "no-cache");
}

#[tokio::test]
async fn pages_and_files_are_served_at_hosts_of_this_server_only() {
    let site = site().await;
    for host in ["127.0.0.1:8080", "192.168.1.5", "[fe80::1]:8080", "living-room:8080", "tutti.local", "localhost"] {
        assert_eq!(get(&site, "/r/K0LT1X", &[("host", host)]).await.status, 200, "{host}");
    }
    for path in ["/", "/assets/app-abc123.js", "/sw.js"] {
        let refused = get(&site, path, &[("host", "evil.example")]).await;
        assert_eq!((refused.status.as_u16(), refused.header(header::CACHE_CONTROL)), (421, "no-store"), "{path}");
        assert!(refused.text.contains("TUTTI_PUBLIC_URL"), "{path}");
    }
}

#[tokio::test]
async fn a_page_below_a_base_path_names_its_files_there() {
    use warp::Filter;
    let mut site = Site::in_memory(&["--public-url=https://home.example/tutti"]).await;
    site.routes = response::finish(&site.context, static_client::routes::<TestClient>(&site.context)).boxed();
    let below = |path: &str| warp::test::request().path(path).extension(WithBasePath { below: None });
    let page = site.send(below("/r/K0LT1X").header("accept-encoding", "br")).await;
    assert!(page.text.contains("<html data-base=\"/tutti\" lang=\"en\">"), "{}", page.text);
    assert!(page.text.contains("src=\"/tutti/assets/app-abc123.js\""), "{}", page.text);
    assert_eq!(page.header(header::CACHE_CONTROL), "no-cache");
    let again = site.send(below("/r/K0LT1X").header("if-none-match", page.header(header::ETAG))).await;
    assert_eq!(again.status, 304);
    assert_eq!(site.send(below("/index.html")).await.text, page.text);
    // A proxy may have removed the path; the local network never has it.
    let public = get(&site, "/", &[("host", "home.example")]).await;
    assert_eq!(public.text, page.text);
    let local = get(&site, "/", &[("host", "192.168.1.5:8080"), ("if-none-match", page.header(header::ETAG))]).await;
    assert_eq!(local.status, 200, "it is another page");
    assert!(
        local.text.contains("src=\"/assets/app-abc123.js\"") && !local.text.contains("data-base"),
        "{}",
        local.text
    );
    // Files are the same everywhere.
    assert_eq!(site.send(below("/assets/app-abc123.js")).await.status, 200);
    assert_eq!(site.send(below("/assets/none.js")).await.status, 404);
    let slash = WithBasePath { below: Some("/tutti/?a=b".into()) };
    let redirect = site.send(warp::test::request().path("/?a=b").extension(slash)).await;
    assert_eq!((redirect.status.as_u16(), redirect.header(header::LOCATION)), (308, "/tutti/?a=b"));
}

#[tokio::test]
async fn the_service_worker_is_revalidated_and_has_the_policy_of_pages() {
    let worker = get(&site().await, "/sw.js?language=de", &[]).await;
    assert_eq!((worker.status.as_u16(), worker.text.trim()), (200, "// worker"));
    assert_eq!(worker.header(header::CACHE_CONTROL), "no-cache");
    assert!(worker.header(header::CONTENT_TYPE).starts_with("text/javascript"));
    // Its scope is the folder it is served from: the whole site, without a `Service-Worker-Allowed`.
    assert!(worker.header(header::CONTENT_SECURITY_POLICY).contains("default-src 'self'"));
}

#[tokio::test]
async fn hashed_assets_are_immutable_in_the_best_encoding() {
    let site = site().await;
    let path = "/assets/app-abc123.js";
    let cases = [
        ("", "", "hello"),
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", "gzip"),
        ("identity", "", "hello"),
    ];
    let mut tags = Vec::new();
    for (accepted, encoding, content) in cases {
        let asset = get(&site, path, &[("accept-encoding", accepted)]).await;
        assert_eq!(asset.status, 200);
        assert_eq!(asset.header(header::CONTENT_ENCODING), encoding, "{accepted}");
        assert!(asset.text.contains(content), "{accepted}");
        assert!(asset.header(header::CONTENT_TYPE).starts_with("text/javascript"));
        assert_eq!(asset.header(header::CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(asset.header(header::VARY), "accept-encoding");
        tags.push(asset.header(header::ETAG).to_owned());
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "each encoding has its own tag");
}

#[tokio::test]
async fn no_other_files_are_served() {
    let site = site().await;
    let tricks = [
        "/assets/none.js",
        "/assets/../../Cargo.toml",
        "/assets/../../../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/..\\..\\Cargo.toml",
        "/assets/./app-abc123.js",
        "/assets//etc/passwd",
        "/../Cargo.toml",
        "/..",
        "/r/../../Cargo.toml",
        "/api/nothing",
        "/ws",
    ];
    for path in tricks {
        let answer = get(&site, path, &[]).await;
        answer.assert_problem(404, "not_found");
        assert!(!answer.text.contains("[workspace]"), "{path}");
    }
    // These paths are pages to the server, never files.
    for path in ["/%2e%2e/Cargo.toml", "//etc/passwd", "/Cargo.toml", "/assets%2fapp-abc123.js.br"] {
        assert!(get(&site, path, &[]).await.text.contains("Test client"), "{path}");
    }
}

#[tokio::test]
async fn only_get_and_head_are_allowed() {
    let site = site().await;
    let head = site.send(warp::test::request().method("HEAD").path("/")).await;
    assert_eq!(head.status, 200);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = site.send(warp::test::request().method(method).path("/")).await;
        answer.assert_problem(405, "invalid");
    }
}

#[tokio::test]
async fn a_missing_client_is_reported() {
    #[derive(RustEmbed)]
    #[folder = "tests/http/no-such-folder"]
    #[allow_missing = true]
    struct NoClient;

    use warp::Filter;
    let mut site = Site::in_memory(&[]).await;
    site.routes = response::finish(&site.context, static_client::routes::<NoClient>(&site.context)).boxed();
    let page = site.get("/").await;
    assert_eq!(page.status, 503);
    assert!(page.text.contains("without the web client"));
    site.get("/assets/app.js").await.assert_problem(404, "not_found");
}
