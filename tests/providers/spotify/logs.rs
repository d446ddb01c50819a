//! A login with Spotify logs no secrets, at any level.

use std::time::Duration;

use serde_json::json;
use tutti_spotify_stand_in::Consent;

use super::Stage;
use crate::http::site::pass;
use crate::identity::logs::Captured;

#[tokio::test]
async fn a_login_and_its_refreshes_log_no_secret() {
    let log = Captured::default();
    let _capturing = log.capture();

    let stage = Stage::new("ana").await;
    let mut secrets = Vec::new();
    let mut ana = stage.logged_in().await;
    let authorize = stage.start_login(&mut ana, "return_to=/me").await;
    secrets.extend(authorize.query_pairs().filter(|(name, _)| name == "state").map(|(_, state)| state.into_owned()));
    let callback = stage.consent(authorize).await;
    stage.finish_login(&mut ana, &callback).await;
    stage.finish_login(&mut ana, &callback).await;
    secrets.push(ana.refresh().await.access_token());
    secrets.extend(ana.cookie.clone());
    secrets.extend(ana.jar.values().cloned());
    ana.post("/api/v1/me/spotify/token", json!({})).await.assert_ok();
    ana.refresh().await.assert_ok();
    pass(Duration::from_hours(1)).await;
    ana.refresh().await.assert_ok();
    ana.post("/api/v1/me/spotify/token", json!({})).await.assert_ok();
    ana.refresh().await.assert_ok();
    stage.spotify.switches(|switches| switches.token_server_down = 1);
    stage.log_in(&mut stage.browser(), "").await;
    stage.spotify.switches(|switches| switches.consent = Consent::Deny);
    stage.log_in(&mut stage.browser(), "").await;
    stage.spotify.revoke("ana");
    pass(Duration::from_hours(1)).await;
    ana.refresh().await.assert_ok();
    ana.post("/api/v1/me/spotify/check", json!({})).await.assert_ok();
    ana.post("/api/v1/me/spotify/token", json!({})).await.assert_problem(409, "needs_login");
    secrets.extend(stage.spotify.secrets());
    assert!(secrets.len() > 10, "{} secrets", secrets.len());

    let log = log.text();
    assert!(log.contains("Spotify login failed") && log.contains("TRACE"), "the log is captured at every level");
    assert!(log.contains("Spotify authorization ended"));
    for secret in secrets.iter().filter(|secret| secret.len() > 8) {
        for part in secret.split('.').filter(|part| part.len() > 22).chain([secret.as_str()]) {
            assert!(!log.contains(part), "{part} is in the log");
        }
    }
}
