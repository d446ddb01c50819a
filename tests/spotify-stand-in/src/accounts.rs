//! `/authorize` of the accounts service: who asks, what for, and what the person says.
//!
//! A client or redirect URI that is not registered ends on a page, and nobody is sent anywhere; every other mistake is
//! told to the client (RFC 6749, 4.1.2.1). Codes are made here and exchanged in `token.rs`.

use http::{Method, StatusCode};
use url::Url;

use crate::consent;
use crate::exchange::{Answer, Ask, Parameters};
use crate::grants::{Challenge, Request};
use crate::ids::PersonId;
use crate::switches::Consent;
use crate::world::World;

/// Characters in a challenge (RFC 7636, 4.2).
const CHALLENGE_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

pub(crate) fn answer(world: &mut World, ask: &Ask) -> Answer {
    match ask.method {
        Method::GET => authorize(world, &ask.parameters()),
        Method::POST => decide(world, &ask.form()),
        _ => Answer::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn authorize(world: &mut World, parameters: &Parameters) -> Answer {
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
    let request = Request { redirect_uri: redirect_uri.to_owned(), state, scopes, challenge };
    match world.switches.consent.clone() {
        Consent::Agree(person) => agreed(world, request, person.as_str()),
        Consent::Deny => denied(world, &request),
        Consent::Page => {
            let scopes = request.scopes.clone();
            let ticket = world.grants.ask(request);
            consent::page(&world.app, &scopes, world.people.all(), &ticket)
        }
    }
}

/// What the form of the consent page sends.
fn decide(world: &mut World, form: &Parameters) -> Answer {
    let Some(request) = world.grants.answered(form.get("request").unwrap_or_default()) else {
        return consent::error_page("This page was answered already. Please start again.");
    };
    match form.get("answer") {
        Some("agree") => agreed(world, request, form.get("person").unwrap_or_default()),
        _ => denied(world, &request),
    }
}

fn agreed(world: &mut World, request: Request, person: &str) -> Answer {
    let Some(person) = world.people.get(person).map(|person| person.id.clone()) else {
        return consent::error_page("There is no such person.");
    };
    let Ok(back) = world.app.redirect(&request.redirect_uri) else {
        return consent::error_page("INVALID_CLIENT: Invalid redirect URI");
    };
    let state = request.state.clone();
    let code = world.grants.code(request, PersonId::clone(&person), world.clock.now_ms());
    world.seen.secret(&code);
    sent_back(back, &[("code", &code)], state.as_deref()).about(&person)
}

fn denied(world: &World, request: &Request) -> Answer {
    match world.app.redirect(&request.redirect_uri) {
        Ok(back) => sent_back(back, &[("error", "access_denied")], request.state.as_deref()),
        Err(error) => consent::error_page(&error.to_string()),
    }
}

fn sent_back(mut back: Url, parameters: &[(&str, &str)], state: Option<&str>) -> Answer {
    back.query_pairs_mut().extend_pairs(parameters).extend_pairs(state.map(|state| ("state", state)));
    Answer::redirect(back.as_str())
}

/// What is asked for; none if Spotify has no such scope.
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

/// What has to be proven later; none if that cannot be.
fn challenge(parameters: &Parameters) -> Option<Challenge> {
    // Without a challenge its method says nothing: so it is when only the challenge was taken out on the way.
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
