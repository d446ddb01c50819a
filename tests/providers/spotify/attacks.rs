//! Attacks on logins with Spotify.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Stage;

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn callback_parameter(callback: &str, name: &str) -> String {
    parameter(&Url::parse("http://own.invalid").unwrap().join(callback).unwrap(), name)
}

#[tokio::test]
async fn every_login_uses_pkce_with_s256_and_its_own_state() {
    let stage = Stage::new("ana").await;
    let mut browser = stage.browser();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        let url = stage.start_login(&mut browser, "").await;
        assert_eq!(parameter(&url, "code_challenge_method"), "S256");
        assert_eq!(parameter(&url, "response_type"), "code");
        assert_eq!(parameter(&url, "code_challenge").len(), 43, "SHA-256 in base64url");
        assert!(parameter(&url, "state").len() >= 43, "256 bits");
        assert!(seen.insert(parameter(&url, "code_challenge")) && seen.insert(parameter(&url, "state")));
        assert!(!url.as_str().contains("secret") && !url.as_str().contains("verifier"));
    }
}

/// PKCE downgrade: the attacker's code, obtained without a challenge or with a plain one, in the victim's callback.
#[tokio::test]
async fn a_code_obtained_without_pkce_is_rejected() {
    let stage = Stage::new("ben").await;
    for method in [None, Some("plain")] {
        let mut victim = stage.browser();
        let honest = stage.start_login(&mut victim, "return_to=/me").await;
        let mut downgraded = honest.clone();
        let kept = |name: &str| name != "code_challenge" && name != "code_challenge_method";
        let pairs: Vec<_> = honest.query_pairs().into_owned().filter(|(name, _)| kept(name)).collect();
        downgraded.query_pairs_mut().clear().extend_pairs(pairs);
        if let Some(method) = method {
            let plain = "a-plain-verifier-that-the-attacker-knows-well-enough";
            downgraded
                .query_pairs_mut()
                .append_pair("code_challenge", plain)
                .append_pair("code_challenge_method", method);
        }
        let code = callback_parameter(&stage.consent(downgraded).await, "code");
        let callback = format!("/api/v1/auth/spotify/callback?code={code}&state={}", parameter(&honest, "state"));
        assert_eq!(stage.finish_login(&mut victim, &callback).await.outcome, "failed", "{method:?}");
        victim.refresh().await.assert_problem(401, "forbidden");
    }
}

/// Code injection: the code of the attacker's login with the victim's state.
#[tokio::test]
async fn a_code_from_another_login_is_rejected() {
    let stage = Stage::new("ben").await;
    let (mut attacker, mut victim) = (stage.browser(), stage.browser());
    let stolen = stage.start_login(&mut attacker, "").await;
    let code = callback_parameter(&stage.consent(stolen).await, "code");
    let honest = stage.start_login(&mut victim, "").await;
    let callback = format!("/api/v1/auth/spotify/callback?code={code}&state={}", parameter(&honest, "state"));
    assert_eq!(stage.finish_login(&mut victim, &callback).await.outcome, "failed");
}

#[tokio::test]
async fn a_callback_works_once() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    let authorize = stage.start_login(&mut ana, "return_to=/me").await;
    let callback = stage.consent(authorize).await;
    assert_eq!(stage.finish_login(&mut ana, &callback).await.outcome, "done");
    let exchanges = stage.token_requests("authorization_code");
    assert_eq!(stage.finish_login(&mut ana, &callback).await.outcome, "expired", "state and code again");
    assert_eq!(stage.token_requests("authorization_code"), exchanges, "no request to Spotify");
    ana.refresh().await.assert_ok();

    let fresh = stage.start_login(&mut ana, "").await;
    let replayed = format!(
        "/api/v1/auth/spotify/callback?code={}&state={}",
        callback_parameter(&callback, "code"),
        parameter(&fresh, "state")
    );
    assert_eq!(stage.finish_login(&mut ana, &replayed).await.outcome, "failed", "an old code with a fresh state");
}

/// Login CSRF: the victim opens the callback of a login that the attacker started.
#[tokio::test]
async fn a_state_from_another_browser_is_rejected() {
    let stage = Stage::new("ben").await;
    let (mut attacker, mut victim) = (stage.browser(), stage.browser());
    let authorize = stage.start_login(&mut attacker, "return_to=/me").await;
    let callback = stage.consent(authorize).await;
    assert_eq!(
        stage.finish_login(&mut victim, &callback).await.outcome,
        "expired",
        "without a login in the victim's browser"
    );
    victim.refresh().await.assert_problem(401, "forbidden");

    let authorize = stage.start_login(&mut attacker, "").await;
    let callback = stage.consent(authorize).await;
    stage.start_login(&mut victim, "").await;
    assert_eq!(
        stage.finish_login(&mut victim, &callback).await.outcome,
        "expired",
        "during a login in the victim's browser"
    );
    assert_eq!(
        stage.finish_login(&mut attacker, &callback).await.outcome,
        "expired",
        "the attempt also invalidates it for the attacker"
    );
}

#[tokio::test]
async fn an_unknown_state_is_rejected() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    stage.start_login(&mut ana, "").await;
    for query in ["", "code=x", "state=", "state=x&code=y", "error=access_denied", "state=%00&code=%00"] {
        let landing = stage.finish_login(&mut ana, &format!("/api/v1/auth/spotify/callback?{query}")).await;
        assert_eq!((landing.outcome.as_str(), landing.path.as_str()), ("expired", "/"), "{query}");
    }
    assert_eq!(stage.token_requests("authorization_code"), 0);
}

#[tokio::test]
async fn a_callback_from_another_issuer_is_rejected() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    let authorize = stage.start_login(&mut ana, "").await;
    let callback = format!("{}&iss=https%3A%2F%2Fevil.example", stage.consent(authorize).await);
    assert_eq!(stage.finish_login(&mut ana, &callback).await.outcome, "failed");
    assert_eq!(stage.token_requests("authorization_code"), 0, "the code is not redeemed");
}

#[tokio::test]
async fn a_login_never_redirects_to_another_origin() {
    let stage = Stage::new("ana").await;
    for evil in
        ["https://evil.example", "//evil.example", "/%5Cevil.example", "/..//evil.example", "%09//evil.example", ""]
    {
        let landing = stage.log_in(&mut stage.browser(), &format!("return_to={evil}")).await;
        assert_eq!((landing.path.as_str(), landing.outcome.as_str()), ("/", "done"), "{evil}");
    }
}

#[tokio::test]
async fn another_site_cannot_start_a_login() {
    let stage = Stage::new("ana").await;
    for site in ["cross-site", "same-site"] {
        let answer = stage.browser().open("/api/v1/auth/spotify/start?return_to=/me", site).await;
        answer.assert_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn an_invalid_slot_is_rejected() {
    let stage = Stage::new("ana").await;
    for slot in ["8", "-1", "x", "00"] {
        let path = format!("/api/v1/auth/spotify/start?slot={slot}");
        stage.browser().open(&path, "same-origin").await.assert_problem(400, "invalid");
    }
}

/// Session fixation: a session from before the login ends with it.
#[tokio::test]
async fn a_login_creates_a_new_session() {
    let stage = Stage::new("ana").await;
    let mut browser = stage.browser();
    browser.guest("Planted").await.assert_ok();
    let planted = browser.clone();
    stage.log_in(&mut browser, "").await;
    assert_ne!(browser.cookie, planted.cookie);
    planted.clone().refresh().await.assert_problem(401, "forbidden");
    let answer = browser.refresh().await;
    let session = |token: &str| stage.site.context.identity.authenticate(token).unwrap().session;
    let before = stage.site.context.identity.authenticate(planted.access_token.as_ref().unwrap());
    assert!(before.is_err() || before.unwrap().session != session(&answer.access_token()));
}

#[tokio::test]
async fn encrypted_tokens_copied_to_another_user_cannot_be_decrypted() {
    let stage = Stage::new("ana").await;
    let ana = stage.logged_in().await;
    stage.consent_as("ben");
    let ben = stage.logged_in().await;
    let id = |answer: serde_json::Value| answer["id"].as_str().unwrap().parse().unwrap();
    let (ana_id, ben_id) = (id(ana.me().await.json), id(ben.me().await.json));
    let store = &stage.site.context.store;
    let stolen = store.spotify_link(ana_id).await.unwrap().unwrap();
    let mut own = store.spotify_link(ben_id).await.unwrap().unwrap();
    (own.access_token, own.refresh_token) = (stolen.access_token, stolen.refresh_token);
    assert!(store.update_spotify_link(&own).await.unwrap());
    let before = stage.spotify.requests().len();
    ben.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_problem(409, "needs_login");
    ben.clone().post("/api/v1/me/spotify/check", json!({})).await;
    assert_eq!(stage.spotify.requests().len(), before, "Ana's tokens are not sent to Spotify");
    ana.clone().post("/api/v1/me/spotify/token", json!({})).await.assert_ok();
}

#[tokio::test]
async fn the_database_contains_neither_state_nor_verifier_in_plain_text() {
    let stage = Stage::new("ana").await;
    let mut ana = stage.browser();
    let authorize = stage.start_login(&mut ana, "").await;
    let state = parameter(&authorize, "state");
    let hash = tutti::store::TokenHash(Sha256::digest(&state).into());
    let transaction = stage.site.context.store.take_login_transaction(hash).await.unwrap().expect("by its hash");
    let challenge = parameter(&authorize, "code_challenge");
    let is_verifier = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)) == challenge;
    let stored = &transaction.verifier.0;
    assert!(stored.len() > 43 && !stored.windows(43).any(is_verifier), "it is encrypted");
}

#[tokio::test]
async fn logins_from_one_address_are_rate_limited() {
    let stage = Stage::with("ana", &["--limit-spotify-logins=2"]).await;
    let mut ana = stage.browser();
    assert_eq!(stage.log_in(&mut ana, "return_to=/me").await.outcome, "done");
    let answer = ana.open("/api/v1/auth/spotify/start?return_to=/me", "same-origin").await;
    assert_eq!(answer.header("location"), "/?spotify=busy");
    let mut elsewhere = stage.browser().at("198.51.100.9");
    assert_eq!(stage.log_in(&mut elsewhere, "").await.outcome, "done");
}
