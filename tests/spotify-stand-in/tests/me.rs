//! `GET /v1/me`: its fields and which of them can be missing.

use reqwest::Method;
use serde_json::{Value, json};
use tutti_spotify_stand_in::{Person, Product};

use crate::support::{App, VERIFIER, text};

#[tokio::test]
async fn development_mode_has_few_fields() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let me = app.get(&tokens.access, "/v1/me").await.json();
    let url = app.spotify.url();
    let expected = json!({
        "account_id": "account-ana",
        "display_name": "Ana",
        "external_urls": { "spotify": "https://open.spotify.com/user/ana" },
        "href": format!("{url}/v1/users/ana"),
        "id": "ana",
        "images": [
            { "url": format!("{url}/image/ana/300.png"), "height": 300, "width": 300 },
            { "url": format!("{url}/image/ana/64.png"), "height": 64, "width": 64 },
        ],
        "type": "user",
        "uri": "spotify:user:ana",
    });
    assert_eq!(me, expected);
}

#[tokio::test]
async fn extended_quota_adds_fields_where_the_scopes_allow_it() {
    let app = App::start().await;
    app.set(|switches| switches.product = true);
    let cleo = app.login("cleo").await;
    let me = app.get(&cleo.access, "/v1/me").await.json();
    assert_eq!((&me["product"], &me["country"]), (&json!("free"), &json!("DE")));
    assert_eq!(me["email"], "cleo@people.invalid");

    let narrow = App::request().into_iter().map(|(name, value)| match name {
        "scope" => (name, "user-read-email"),
        _ => (name, value),
    });
    let code = app.code("cleo", &narrow.collect::<Vec<_>>()).await;
    let access = text(&app.exchange(&code, Some(VERIFIER)).await.json(), "access_token");
    let me = app.get(&access, "/v1/me").await.json();
    assert_eq!((me.get("product"), me.get("country")), (None, None));
    assert_eq!(me["email"], "cleo@people.invalid");
}

#[tokio::test]
async fn account_id_and_pictures_can_be_missing() {
    let app = App::start().await;
    app.set(|switches| (switches.account_id, switches.images) = (false, false));
    let tokens = app.login("ana").await;
    let me = app.get(&tokens.access, "/v1/me").await.json();
    assert_eq!(me.get("account_id"), None);
    assert_eq!(me["images"], json!([]));
}

#[tokio::test]
async fn pictures_are_served_without_authentication() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let me = app.get(&tokens.access, "/v1/me").await.json();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for image in me["images"].as_array().unwrap() {
        let answer = client.get(text(image, "url")).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "image/png");
        let png = answer.bytes().await.unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        let width_px = u32::from_be_bytes(png[16..20].try_into().unwrap());
        assert_eq!(u64::from(width_px), image["width"].as_u64().unwrap());
    }
}

#[tokio::test]
async fn a_renamed_account_keeps_its_account_id() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    app.spotify.add_person(Person { user_id: "ana2026".to_owned(), display_name: None, ..Person::new("ana") });
    let me = app.get(&tokens.access, "/v1/me").await.json();
    assert_eq!((&me["id"], &me["account_id"]), (&json!("ana2026"), &json!("account-ana")));
    assert_eq!(me["display_name"], Value::Null);
    assert_eq!(app.spotify.people().len(), 3);
    assert_eq!(app.spotify.people()[2].product, Product::Free);
}

#[tokio::test]
async fn an_unregistered_user_can_log_in_and_is_rejected_everywhere() {
    let app = App::start().await;
    app.spotify.add_person(Person { registered: false, ..Person::new("frank") });
    let tokens = app.login("frank").await;
    for path in ["/v1/me", "/v1/me/player", "/v1/search?q=a&type=track"] {
        let told = app.get(&tokens.access, path).await;
        assert_eq!(told.status, 403);
        assert!(told.text.contains("may not be registered"), "not even JSON: {}", told.text);
    }
}

#[tokio::test]
async fn invalid_tokens_are_rejected_in_the_web_apis_format() {
    let app = App::start().await;
    assert_eq!(app.get("nonsense", "/v1/me").await.error(), "401 Invalid access token");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/me", app.spotify.api_url());
    let anonymous = client.get(&url).send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    let body: Value = anonymous.json().await.unwrap();
    assert_eq!(body, json!({ "error": { "status": 401, "message": "No token provided" } }));
    let basic = client.get(&url).header("authorization", "Basic YTpi").send().await.unwrap();
    assert_eq!(basic.status(), 400);
}

#[tokio::test]
async fn web_pages_can_call_the_web_api() {
    let app = App::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/me/player/play", app.spotify.api_url());
    let asked = client.request(Method::OPTIONS, &url).send().await.unwrap();
    assert_eq!(asked.status(), 204);
    assert_eq!(asked.headers()["access-control-allow-origin"], "*");
    let told = client.get(&url).send().await.unwrap();
    assert_eq!(told.headers()["access-control-allow-origin"], "*");
}
