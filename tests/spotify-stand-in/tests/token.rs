//! The token endpoint: codes, refresh tokens and their lifetimes.

use std::time::Duration;

use tutti_spotify_stand_in::{CODE_LIFETIME, GRANT_LIFETIME};

use crate::support::{App, CALLBACK, CHALLENGE, SCOPES, VERIFIER, text};

fn without_challenge() -> Vec<(&'static str, &'static str)> {
    App::request().into_iter().filter(|(name, _)| *name != "code_challenge").collect()
}

#[tokio::test]
async fn the_example_of_rfc_7636_appendix_b_logs_in() {
    let app = App::start().await;
    let code = app.code("ana", &App::request()).await;
    let body = app.exchange(&code, Some(VERIFIER)).await.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scope"], SCOPES);
    assert!(!text(&body, "refresh_token").is_empty());
    let me = app.get(&text(&body, "access_token"), "/v1/me").await.json();
    assert_eq!(me["id"], "ana");
}

#[tokio::test]
async fn the_verifier_is_required_and_checked() {
    let app = App::start().await;
    let code = app.code("ana", &App::request()).await;
    assert_eq!(app.exchange(&code, None).await.refusal(), "400 invalid_grant: code_verifier required");
    for wrong in ["", CHALLENGE, "another-verifier-of-the-right-length-0123456789"] {
        let refusal = app.exchange(&code, Some(wrong)).await.refusal();
        assert_eq!(refusal, "400 invalid_grant: code_verifier was incorrect");
    }
    assert_eq!(app.exchange(&code, Some(VERIFIER)).await.status, 200, "a failed exchange uses no code up");
}

#[tokio::test]
async fn a_plain_challenge_is_its_own_verifier() {
    let app = App::start().await;
    let plain = App::request().into_iter().map(|(name, value)| match name {
        "code_challenge_method" => (name, "plain"),
        _ => (name, value),
    });
    let code = app.code("ana", &plain.collect::<Vec<_>>()).await;
    assert_eq!(app.exchange(&code, Some(VERIFIER)).await.refusal(), "400 invalid_grant: code_verifier was incorrect");
    assert_eq!(app.exchange(&code, Some(CHALLENGE)).await.status, 200);

    let unnamed = App::request().into_iter().filter(|(name, _)| *name != "code_challenge_method");
    let code = app.code("ana", &unnamed.collect::<Vec<_>>()).await;
    assert_eq!(app.exchange(&code, Some(CHALLENGE)).await.status, 200, "plain is the default of RFC 7636");
}

#[tokio::test]
async fn a_pkce_downgrade_is_rejected_when_the_client_sends_a_verifier() {
    let app = App::start().await;
    let code = app.code("ana", &without_challenge()).await;
    let refusal = app.exchange(&code, Some(VERIFIER)).await.refusal();
    assert_eq!(refusal, "400 invalid_grant: code_verifier without a code_challenge");
}

#[tokio::test]
async fn the_flow_without_pkce_still_works() {
    let app = App::start().await;
    let code = app.code("ana", &without_challenge()).await;
    assert_eq!(app.exchange(&code, None).await.status, 200);
}

#[tokio::test]
async fn reuse_of_a_code_revokes_its_tokens() {
    let app = App::start().await;
    let code = app.code("ana", &App::request()).await;
    let body = app.exchange(&code, Some(VERIFIER)).await.json();
    let (access, refresh) = (text(&body, "access_token"), text(&body, "refresh_token"));
    let other = app.login("ana").await;
    assert_eq!(app.get(&access, "/v1/me").await.status, 200);

    let refusal = app.exchange(&code, Some(VERIFIER)).await.refusal();
    assert_eq!(refusal, "400 invalid_grant: Invalid authorization code");
    assert_eq!(app.get(&access, "/v1/me").await.error(), "401 Invalid access token");
    assert_eq!(app.refresh(&refresh).await.refusal(), "400 invalid_grant: Refresh token revoked");
    assert_eq!(app.get(&other.access, "/v1/me").await.status, 200, "another login is not concerned");
}

#[tokio::test]
async fn a_code_expires_after_ten_minutes() {
    let app = App::start().await;
    let (early, late) = (app.code("ana", &App::request()).await, app.code("ana", &App::request()).await);
    let minute = Duration::from_mins(1);
    app.spotify.advance(CODE_LIFETIME.saturating_sub(minute));
    assert_eq!(app.exchange(&early, Some(VERIFIER)).await.status, 200);
    app.spotify.advance(minute);
    let refusal = app.exchange(&late, Some(VERIFIER)).await.refusal();
    assert_eq!(refusal, "400 invalid_grant: Authorization code expired");
}

#[tokio::test]
async fn an_exchange_with_other_parameters_is_rejected() {
    let app = App::start().await;
    let code = app.code("ana", &App::request()).await;
    let form = |client, redirect| {
        vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("redirect_uri", redirect),
            ("code", code.as_str()),
            ("code_verifier", VERIFIER),
        ]
    };
    let elsewhere = "http://127.0.0.1:9090/api/v1/auth/spotify/callback";
    let refusal = app.token(&form("tutti-test-client", elsewhere)).await.refusal();
    assert_eq!(refusal, "400 invalid_grant: Invalid redirect URI");
    assert_eq!(app.token(&form("another", CALLBACK)).await.refusal(), "400 invalid_client: Invalid client");
    let password = [("grant_type", "password"), ("client_id", "tutti-test-client")];
    assert!(app.token(&password).await.refusal().starts_with("400 unsupported_grant_type"));
    let empty = [("grant_type", "refresh_token"), ("client_id", "tutti-test-client")];
    assert!(app.token(&empty).await.refusal().starts_with("400 invalid_request"));
    assert_eq!(app.refresh("invented").await.refusal(), "400 invalid_grant: Invalid refresh token");
    assert_eq!(app.exchange("invented", None).await.refusal(), "400 invalid_grant: Invalid authorization code");
}

#[tokio::test]
async fn a_refresh_returns_no_refresh_token_and_the_old_one_stays_valid() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    for _ in 0..2 {
        let body = app.refresh(&tokens.refresh).await.json();
        assert_eq!(body.get("refresh_token"), None);
        assert_eq!(body["scope"], SCOPES);
        assert_eq!(app.get(&text(&body, "access_token"), "/v1/me").await.status, 200);
    }
}

#[tokio::test]
async fn an_access_token_expires_after_an_hour() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    app.spotify.advance(Duration::from_secs(3599));
    assert_eq!(app.get(&tokens.access, "/v1/me").await.status, 200);
    app.spotify.advance(Duration::from_secs(1));
    assert_eq!(app.get(&tokens.access, "/v1/me").await.error(), "401 The access token expired");
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn revoking_a_grant_affects_its_person_only() {
    let app = App::start().await;
    let (ana, ben) = (app.login("ana").await, app.login("ben").await);
    app.spotify.revoke("ana");
    assert_eq!(app.refresh(&ana.refresh).await.refusal(), "400 invalid_grant: Refresh token revoked");
    assert_eq!(app.get(&ana.access, "/v1/me").await.error(), "401 Invalid access token");
    assert_eq!(app.refresh(&ben.refresh).await.status, 200);
    let again = app.login("ana").await;
    assert_eq!(app.refresh(&again.refresh).await.status, 200, "a new consent works");
}

#[tokio::test]
async fn a_grant_expires_after_six_months_despite_refreshes() {
    let app = App::start().await;
    let tokens = app.login("ana").await;
    let day = Duration::from_hours(24);
    app.spotify.age_grants("ana", GRANT_LIFETIME.saturating_sub(day));
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
    app.spotify.age_grants("ana", day);
    assert_eq!(app.refresh(&tokens.refresh).await.refusal(), "400 invalid_grant: Refresh token revoked");
    let again = app.login("ana").await;
    assert_eq!(app.refresh(&again.refresh).await.status, 200);
}

#[tokio::test]
async fn every_secret_is_recorded_and_no_recorded_request_contains_one() {
    let app = App::start().await;
    let code = app.code("ana", &App::request()).await;
    let body = app.exchange(&code, Some(VERIFIER)).await.json();
    app.get("an-unknown-token", "/v1/me").await;
    let secrets = app.spotify.secrets();
    let (access, refresh) = (text(&body, "access_token"), text(&body, "refresh_token"));
    for secret in [code.as_str(), VERIFIER, &access, &refresh, "an-unknown-token"] {
        assert!(secrets.iter().any(|known| known == secret), "{secret}");
    }
    let requests = format!("{:?}", app.spotify.requests());
    assert!(secrets.iter().all(|secret| !requests.contains(secret.as_str())), "{requests}");
}

#[tokio::test]
async fn recorded_requests_name_their_person() {
    let app = App::start().await;
    let ben = app.login("ben").await;
    app.refresh(&ben.refresh).await;
    app.get(&ben.access, "/v1/me").await;
    app.get("nonsense", "/v1/tracks/x?market=DE").await;
    let seen: Vec<_> = app
        .spotify
        .requests()
        .into_iter()
        .map(|seen| {
            let person = seen.person.map(String::from).unwrap_or_default();
            let grant_type = seen.grant_type.unwrap_or_default();
            format!("{} {} {} {grant_type} {} {person}", seen.method, seen.path, seen.query, seen.status)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "GET /authorize   303 ben",
            "POST /api/token  authorization_code 200 ben",
            "POST /api/token  refresh_token 200 ben",
            "GET /v1/me   200 ben",
            "GET /v1/tracks/x market=DE  401 ",
        ]
    );
}
