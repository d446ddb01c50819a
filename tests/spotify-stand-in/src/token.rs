//! `/api/token` of the accounts service: exchanges codes and refresh tokens for access tokens.
//!
//! Clients have no secret. Errors are those of RFC 6749, 5.2, always with 400.

use http::header::CACHE_CONTROL;
use http::{Method, StatusCode};
use serde_json::json;

use crate::grants::{GrantError, GrantNumber};
use crate::http_message::{HttpRequest, HttpResponse, Parameters};
use crate::switches::{RefreshToken, decrement};
use crate::world::World;

pub(crate) fn respond(world: &mut World, req: &HttpRequest) -> HttpResponse {
    if req.method != Method::POST {
        return HttpResponse::empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let form = req.form();
    for name in ["code", "code_verifier", "refresh_token"] {
        world.recorder.secret(form.get(name).unwrap_or_default());
    }
    let about = match form.get("grant_type") {
        Some("authorization_code") => form.get("code").and_then(|code| world.grants.person_of_code(code)),
        _ => form.get("refresh_token").and_then(|token| world.grants.person_of_refresh_token(token)),
    };
    let about = about.cloned();
    let response = granted(world, &form).with(CACHE_CONTROL, "no-store");
    if let Some(person) = about { response.about(&person) } else { response }
}

fn granted(world: &mut World, form: &Parameters) -> HttpResponse {
    if decrement(&mut world.switches.token_server_down) {
        return HttpResponse::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "upstream connect error or disconnect/reset before headers",
        );
    }
    if form.get("client_id") != Some(&world.app.client_id) {
        return refused("invalid_client", "Invalid client");
    }
    let granted = match form.get("grant_type") {
        Some("authorization_code") => exchanged(world, form),
        Some("refresh_token") => refreshed(world, form),
        _ => {
            let supported = "grant_type must be authorization_code or refresh_token";
            return refused("unsupported_grant_type", supported);
        }
    };
    granted.unwrap_or_else(|error| refused("invalid_grant", &error.to_string()))
}

fn exchanged(world: &mut World, form: &Parameters) -> Result<HttpResponse, GrantError> {
    let now_ms = world.clock.now_ms();
    let (Some(code), Some(redirect_uri)) = (form.get("code"), form.get("redirect_uri")) else {
        return Ok(refused("invalid_request", "code and redirect_uri must be supplied"));
    };
    let grant = world.grants.exchange(code, redirect_uri, form.get("code_verifier"), now_ms)?;
    let refresh_token = world.grants.new_refresh_token(grant);
    Ok(tokens(world, grant, Some(&refresh_token)))
}

fn refreshed(world: &mut World, form: &Parameters) -> Result<HttpResponse, GrantError> {
    let Some(token) = form.get("refresh_token") else {
        return Ok(refused("invalid_request", "refresh_token must be supplied"));
    };
    let grant = world.grants.refresh(token, world.clock.now_ms())?;
    Ok(match world.switches.refresh_token {
        RefreshToken::Omitted => tokens(world, grant, None),
        RefreshToken::Empty => tokens(world, grant, Some("")),
        RefreshToken::Rotated => {
            world.grants.forget_refresh_token(token);
            let successor = world.grants.new_refresh_token(grant);
            tokens(world, grant, Some(&successor))
        }
    })
}

fn tokens(world: &mut World, grant: GrantNumber, refresh_token: Option<&str>) -> HttpResponse {
    let lifetime_seconds = world.switches.access_token_lifetime_seconds;
    let access_token = world.grants.new_access_token(grant, lifetime_seconds, world.clock.now_ms());
    world.recorder.secret(&access_token);
    let mut body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": lifetime_seconds,
        "scope": world.grants.get(grant).scopes.join(" "),
    });
    if let Some(refresh_token) = refresh_token {
        world.recorder.secret(refresh_token);
        body["refresh_token"] = refresh_token.into();
    }
    HttpResponse::json(StatusCode::OK, &body)
}

fn refused(error: &str, description: &str) -> HttpResponse {
    HttpResponse::json(StatusCode::BAD_REQUEST, &json!({ "error": error, "error_description": description }))
}
