//! `/stand-in/`: the control API for tests in another process.

use reqwest::Method;
use serde_json::{Value, json};
use tutti_spotify_stand_in::catalogue::EXPLICIT;
use tutti_spotify_stand_in::{Consent, Product, Switches};

use crate::support::{App, TestResponse};

async fn call(app: &App, method: Method, path: &str, body: &Value) -> TestResponse {
    app.call(method, "", &format!("/stand-in/{path}"), &body.to_string()).await
}

async fn patch(app: &App, path: &str, body: &Value) -> TestResponse {
    call(app, Method::PATCH, path, body).await
}

async fn post(app: &App, path: &str, body: &Value) -> TestResponse {
    call(app, Method::POST, path, body).await
}

#[tokio::test]
async fn a_patch_changes_single_switches_and_null_resets_to_the_default() {
    let app = App::start().await;
    let changed = patch(&app, "switches", &json!({ "product": true, "consent": { "agree": "ben" } })).await.json();
    assert_eq!((&changed["product"], &changed["consent"]["agree"]), (&json!(true), &json!("ben")));
    assert_eq!(changed["account_id"], true, "what a patch does not name stays");
    patch(&app, "switches", &json!({ "consent": { "agree": "ana" }, "limit_kind": "QUOTA_EXCEEDED" })).await;
    assert_eq!(app.spotify.switches(|switches| switches.consent.clone()), Consent::agree("ana"));
    patch(&app, "switches", &json!({ "consent": "deny", "product": null, "limit_kind": null })).await;
    let expected = Switches { consent: Consent::Deny, ..Switches::default() };
    assert_eq!(app.spotify.switches(|switches| switches.clone()), expected);
    let read = app.get("", "/stand-in/switches").await.json();
    assert_eq!(read, serde_json::to_value(expected).unwrap());
}

#[tokio::test]
async fn an_invalid_patch_changes_nothing() {
    let app = App::start().await;
    for wrong in [
        json!({ "produkt": true }),
        json!({ "latency_ms": 1001 }),
        json!({ "command_status": 500 }),
        json!({ "consent": { "agree": "<ana>" } }),
        json!([1]),
    ] {
        let told = patch(&app, "switches", &wrong).await;
        assert_eq!(told.status, 400, "{wrong}");
        assert!(told.json()["error"].is_string());
    }
    assert_eq!(app.spotify.switches(|switches| switches.clone()), Switches::default());
}

#[tokio::test]
async fn people_can_be_added_and_changed() {
    let app = App::start().await;
    let dora = post(&app, "people", &json!({ "id": "dora", "product": "free" })).await.json();
    assert_eq!((&dora["display_name"], &dora["product"]), (&json!("Dora"), &json!("free")));
    assert_eq!(patch(&app, "people/dora", &json!({ "product": "premium", "id": "eve" })).await.status, 200);
    let people = app.get("", "/stand-in/people").await.json();
    assert_eq!(people.as_array().unwrap().len(), 4);
    assert_eq!(app.spotify.people()[3].product, Product::Premium);
    assert_eq!(app.spotify.people()[3].id.as_str(), "dora", "an id stays");
    assert_eq!(post(&app, "people", &json!({ "id": "not an id" })).await.status, 400);
    assert_eq!(post(&app, "people", &json!({})).await.status, 400);
    assert_eq!(patch(&app, "people/nobody", &json!({})).await.status, 404);
}

#[tokio::test]
async fn grants_can_be_revoked_and_aged() {
    let app = App::start().await;
    let (ana, ben) = (app.login("ana").await, app.login("ben").await);
    assert_eq!(post(&app, "people/ana/age", &json!({ "days": 181 })).await.status, 200);
    assert_eq!(app.refresh(&ana.refresh).await.status, 200);
    assert_eq!(post(&app, "people/ana/age", &json!({ "days": 1 })).await.status, 200);
    assert_eq!(app.refresh(&ana.refresh).await.refusal(), "400 invalid_grant: Refresh token revoked");
    assert_eq!(app.refresh(&ben.refresh).await.status, 200);
    assert_eq!(post(&app, "people/ben/revoke", &json!({})).await.status, 200);
    assert_eq!(app.refresh(&ben.refresh).await.refusal(), "400 invalid_grant: Refresh token revoked");
}

#[tokio::test]
async fn a_device_can_be_added_activated_and_removed() {
    let app = App::start().await;
    let access = app.login("ana").await.access;
    let added = post(&app, "people/ana/devices", &json!({ "id": "page", "name": "Ana's browser" })).await.json();
    assert_eq!(added["devices"][0]["is_active"], false);
    let activated = post(&app, "people/ana/devices/page/activate", &json!({})).await.json();
    assert_eq!(activated["devices"][0]["is_active"], true);
    let body = json!({ "uris": [format!("spotify:track:{EXPLICIT}")], "position_ms": 5_000 }).to_string();
    assert_eq!(app.put(&access, "/v1/me/player/play", &body).await.status, 204);
    post(&app, "clock", &json!({ "advance_ms": 60_000 })).await;
    let player = app.get("", "/stand-in/people/ana/player").await.json();
    assert_eq!((&player["track"], &player["is_playing"]), (&json!(EXPLICIT), &json!(true)));
    assert_eq!(player["position_ms"].as_u64().unwrap() / 1000, 65);
    assert_eq!(call(&app, Method::DELETE, "people/ana/devices/page", &json!({})).await.status, 200);
    assert_eq!(call(&app, Method::DELETE, "people/ana/devices/page", &json!({})).await.status, 404);
    assert_eq!(app.get(&access, "/v1/me/player").await.status, 204);
}

#[tokio::test]
async fn control_requests_are_not_recorded() {
    let app = App::start().await;
    app.get("nonsense", "/v1/me").await;
    app.get("", "/stand-in/people").await;
    let seen = app.get("", "/stand-in/requests").await.json();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!((&seen[0]["path"], &seen[0]["status"]), (&json!("/v1/me"), &json!(401)));
    assert_eq!(app.get("", "/stand-in/secrets").await.status, 404);
}
