//! `/authorize` of the accounts service: validates the authorization request and handles the answer to the consent
//! page.
//!
//! An unregistered client or redirect URI ends on an error page without a redirect; every other error is reported to
//! the client (RFC 6749, 4.1.2.1). Codes are issued here and exchanged in `token.rs`.

use http::{Method, StatusCode};
use url::Url;

use crate::consent;
use crate::grants::{AuthorizationRequest, Challenge};
use crate::http_message::{HttpRequest, HttpResponse, Parameters};
use crate::ids::PersonId;
use crate::switches::Consent;
use crate::world::World;

/// Characters in a challenge (RFC 7636, 4.2).
const CHALLENGE_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

pub(crate) fn respond(world: &mut World, req: &HttpRequest) -> HttpResponse {
    match req.method {
        Method::GET => authorize(world, &req.parameters()),
        Method::POST => decide(world, &req.form()),
        _ => HttpResponse::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn authorize(world: &mut World, parameters: &Parameters) -> HttpResponse {
    if parameters.get("client_id") != Some(&world.app.client_id) {
        return consent::error_page("INVALID_CLIENT: Invalid client");
    }
    let redirect_uri = parameters.get("redirect_uri").unwrap_or_default();
    let back = match world.app.redirect(redirect_uri) {
        Ok(back) => back,
        Err(error) => return consent::error_page(&error.to_string()),
    };
    let state = parameters.get("state").map(str::to_owned);
    if parameters.get("response_type") != Some("code") {
        return sent_back(back, &[("error", "unsupported_response_type")], state.as_deref());
    }
    let Some(scopes) = scopes(parameters) else {
        return sent_back(back, &[("error", "invalid_scope")], state.as_deref());
    };
    let Some(challenge) = challenge(parameters) else {
        return sent_back(back, &[("error", "invalid_request")], state.as_deref());
    };
    let request = AuthorizationRequest { redirect_uri: redirect_uri.to_owned(), state, scopes, challenge };
    match world.switches.consent.clone() {
        Consent::Agree(person) => agreed(world, request, person.as_str()),
        Consent::Deny => denied(world, &request),
        Consent::Page => {
            let scopes = request.scopes.clone();
            let ticket = world.grants.add_pending(request);
            consent::page(&world.app, &scopes, world.people.all(), &ticket)
        }
    }
}

/// Handles the consent page's form.
fn decide(world: &mut World, form: &Parameters) -> HttpResponse {
    let Some(request) = world.grants.take_pending(form.get("request").unwrap_or_default()) else {
        return consent::error_page("This page was answered already. Please start again.");
    };
    match form.get("answer") {
        Some("agree") => agreed(world, request, form.get("person").unwrap_or_default()),
        _ => denied(world, &request),
    }
}

fn agreed(world: &mut World, request: AuthorizationRequest, person: &str) -> HttpResponse {
    let Some(person) = world.people.get(person).map(|person| person.id.clone()) else {
        return consent::error_page("There is no such person.");
    };
    let Ok(back) = world.app.redirect(&request.redirect_uri) else {
        return consent::error_page("INVALID_CLIENT: Invalid redirect URI");
    };
    let state = request.state.clone();
    let code = world.grants.code(request, PersonId::clone(&person), world.clock.now_ms());
    world.recorder.secret(&code);
    sent_back(back, &[("code", &code)], state.as_deref()).about(&person)
}

fn denied(world: &World, request: &AuthorizationRequest) -> HttpResponse {
    match world.app.redirect(&request.redirect_uri) {
        Ok(back) => sent_back(back, &[("error", "access_denied")], request.state.as_deref()),
        Err(error) => consent::error_page(&error.to_string()),
    }
}

fn sent_back(mut back: Url, parameters: &[(&str, &str)], state: Option<&str>) -> HttpResponse {
    back.query_pairs_mut().extend_pairs(parameters).extend_pairs(state.map(|state| ("state", state)));
    HttpResponse::redirect(back.as_str())
}

/// The requested scopes; `None` if one is unknown.
fn scopes(parameters: &Parameters) -> Option<Vec<String>> {
    let mut scopes = Vec::new();
    for scope in parameters.get("scope").unwrap_or_default().split_whitespace() {
        consent::meaning(scope)?;
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Some(scopes)
}

/// The PKCE challenge; `None` if it is malformed.
fn challenge(parameters: &Parameters) -> Option<Challenge> {
    // A method without a challenge is ignored, as in a PKCE downgrade that removes only the challenge.
    let Some(challenge) = parameters.get("code_challenge") else { return Some(Challenge::Absent) };
    let is_challenge = CHALLENGE_CHARS.contains(&challenge.len())
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    match parameters.get("code_challenge_method").unwrap_or("plain") {
        _ if !is_challenge => None,
        "plain" => Some(Challenge::Plain(challenge.to_owned())),
        "S256" => Some(Challenge::S256(challenge.to_owned())),
        _ => None,
    }
}
